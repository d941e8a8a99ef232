"""Annual mean PM2.5 of each district, as published by Defra or in the Health Index of the ONS."""

from __future__ import annotations

import re

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SourceError
from healthycities.geography.districts import named
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.sources import codes
from healthycities.sources.raw import Raw
from healthycities.sources.years import rows_of_year

CARD = SourceCard(
    title="PM2.5 of districts, annual mean",
    publisher="Department for Environment, Food and Rural Affairs",
    product="PM2.5 of UK local authorities by PCM, annual mean weighted by population",
    licence="Open Government Licence v3.0",
    attribution=(
        "© Crown copyright [year] Defra via uk-air.defra.gov.uk, licensed under the Open "
        "Government Licence."
    ),
    offers=(
        Offer(
            name="popwmpm25{year}byUKlocalauthority.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/"
            "popwmpm25{year}byUKlocalauthority.csv",
            size_mb=0.02,
            first_year=2023,
        ),
    ),
    renewed="each year, about a year after its end",
    fresh_days=400,
    layout=(
        "CSV of Defra, one a year: two lines of title, then LA code, PM2.5 2023 (total) in µg/m³, "
        "which is the column read, and Local Authority; files whose LA code is a number of old "
        "cannot be read. Or a table with a row for each district and year: LADyyCD (or "
        "ltlayy_code), year and value, and where it holds several indicators, as the Health Index "
        "of the ONS does, indicator, of which Air pollution is read; its path takes no {year}. "
        "Empty and MISSING are missing. Rows outside England are left out; districts of older "
        "years are carried to those of the date reported on."
    ),
    kind="table",
    by=("year",),
    optional=True,
    tells_years=True,
)

_YEAR, _INDICATOR, _VALUE = "year", "indicator", "value"
_AIR_POLLUTION = "Air pollution"
"""The indicator of the Health Index that is the annual mean of PM2.5."""

_LAYOUT = (
    codes.DISTRICT._replace(published=rf"{codes.DISTRICT.published}|LA code|ltla\d\d_code"),
    Column(_VALUE, r"value|PM2\.5 \d{4} \(total\)", "PM2.5 2023 (total)"),
    exactly(_YEAR, required=False),
    exactly(_INDICATOR, required=False),
)
_MISSING = ("", "MISSING")

_HIGHEST_UGM3 = 100.0
"""No district of England has come near it; a number above is of another unit."""

_LOWEST_MEDIAN_UGM3 = 1.0
"""Seas of clean air are above it; districts most of which are below are of another unit."""


def read(raw: Raw) -> pd.DataFrame:
    """Read the annual mean of each English district, with its code at the date reported on.

    Returns
    -------
    Table of `tables.DISTRICT_PM25`, by published code; µg/m³, NaN where the file has no value.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or the file lacks the year, is of another, or does
        not say which; or it has indicators and none of them is PM2.5; or a district stands twice,
        or lacks a part that merged into it; or values are of another unit than µg/m³, or none.
    RegisterError : a district is unknown.
    """
    found = _only_pm25(read_csv(raw.paths, _LAYOUT, renamed=raw.columns))
    table = codes.english_districts(rows_of_year(found, raw, _YEAR, _named_year(found)))
    table.require_unique([fields.DISTRICT_CODE])
    frame = pd.DataFrame(
        {
            fields.DISTRICT_CODE: codes.summed_districts(table, raw),
            fields.PUBLISHED_DISTRICT_CODE: table.rows[fields.DISTRICT_CODE],
            fields.YEAR: raw.data_year,
            fields.PM25_UGM3: _concentrations(table),
        }
    ).sort_values(fields.PUBLISHED_DISTRICT_CODE, ignore_index=True)
    return tables.checked(frame, tables.DISTRICT_PM25, file=table.files)


def _only_pm25(table: Table) -> Table:
    """Leave out other indicators, where the table says which each row is of."""
    if not table.has(_INDICATOR):
        return table
    indicators = table.rows[_INDICATOR]
    kept = indicators.str.lower() == _AIR_POLLUTION.lower()
    if not kept.any():
        raise SourceError(
            f"expected rows of the indicator {_AIR_POLLUTION}, found"
            f" {named(sorted(indicators.unique()))}",
            file=table.files,
            mend=f"Take the file that holds it, or name the indicator {_AIR_POLLUTION} in yours.",
        )
    return table.where(kept)


def _named_year(table: Table) -> int | None:
    """Return the year in the name of the column, such as PM2.5 2023 (total)."""
    found = re.search(r" (\d{4}) ", table.own_names[_VALUE])
    return None if found is None else int(found[1])


# --- Values ---


def _concentrations(table: Table) -> pd.Series:
    """Return µg/m³, NaN where missing."""
    ugm3 = table.numbers(_VALUE, at_least=0, missing=_MISSING)
    sound = ugm3.isna() | (ugm3 <= _HIGHEST_UGM3)
    table.require(sound, _VALUE, f"an annual mean of at most {_HIGHEST_UGM3:g} µg/m³")
    if ugm3.isna().all():
        raise SourceError("no district has a value", file=table.files, mend="Get the file again.")
    if ugm3.median() < _LOWEST_MEDIAN_UGM3:
        raise SourceError(
            f"expected annual means in µg/m³, found a median of {ugm3.median():g}: another unit",
            file=table.files,
            place=f"column {table.own_names[_VALUE]}",
            mend="Take the annual means in µg/m³, or say under `columns` which column has them.",
        )
    return ugm3
