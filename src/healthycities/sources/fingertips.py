"""Results that the Office for Health Improvement and Disparities publishes, to compare with.

The layout is that of a file seen, of 2019, which has these columns and more; the address is as
public code has it (verify).
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SchemaError, SourceError
from healthycities.geography.districts import named, recoded
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Published results of public health",
    publisher="Office for Health Improvement and Disparities",
    product="Fingertips, public health data: all data of an indicator",
    licence="Open Government Licence v3.0",
    attribution=(
        "Contains public sector information from the Office for Health Improvement and "
        "Disparities, Fingertips, licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="fingertips_districts.csv",
            protocol="file",
            address="https://fingertips.phe.org.uk/api/all_data/csv/by_indicator_id"
            "?indicator_ids=90366,93861,93867&area_type_id=501",
            size_mb=20,
            standing="501 is taken for the districts since April 2023 (verify)",
        ),
    ),
    renewed="as each indicator is, most of them each year",
    fresh_days=400,
    layout=(
        "CSV of Fingertips, of one indicator or several: Indicator ID, Indicator Name, Area Code, "
        "Area Type, Sex, Age, Category Type, Time period, Value, Lower CI 95.0 limit, Upper CI "
        "95.0 limit and Value note; its path takes no {year}. Say which area type is wanted in the "
        "address: there is no default, and the file says it in each row. Rows of categories, such "
        "as deciles of deprivation, of areas that are no district, authority or region of England "
        "and not England, and of periods that are not whole calendar years are left out; so are "
        "districts that merged into others since. Files with a * in their path are read as one."
    ),
    kind="table",
    optional=True,
)

_ID, _NAME, _CODE, _TYPE = "indicator_id", "indicator_name", "area_code", "area_type"
_SEX, _AGE, _CATEGORY, _PERIOD = "sex", "age", "category_type", "time_period"
_VALUE, _LOWER, _UPPER, _NOTE = "value", "lower", "upper", "value_note"


def _column(name: str, published: str, *, required: bool = True) -> Column:
    return exactly(published, required=required)._replace(name=name)


_LAYOUT = (
    _column(_ID, "Indicator ID"),
    _column(_NAME, "Indicator Name"),
    _column(_CODE, "Area Code"),
    _column(_TYPE, "Area Type"),
    _column(_SEX, "Sex"),
    _column(_AGE, "Age"),
    _column(_CATEGORY, "Category Type"),
    _column(_PERIOD, "Time period"),
    _column(_VALUE, "Value"),
    _column(_LOWER, "Lower CI 95.0 limit"),
    _column(_UPPER, "Upper CI 95.0 limit"),
    _column(_NOTE, "Value note", required=False),
)
_DISTRICT = r"E0[6-9]\d{6}"
_LARGER = r"E(12|47|61)\d{6}|E92000001"
"""Codes of regions, combined authorities, the Greater London Authority, and England."""

_YEARS = r"(?P<first>\d{4})(?: ?- ?(?P<last>\d{2}|\d{4}))?"
"""A calendar year, or several such as 2015 - 17; years to March are written 2017/18."""

_KEYS = tables.FINGERTIPS.unique

_log = logging.getLogger(__name__)


def read(raw: Raw) -> pd.DataFrame:
    """Read the published results of English areas, in districts of the date reported on.

    Returns
    -------
    Table of `tables.FINGERTIPS`, by area, indicator, sex, age and years.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a number is none, or limits do not hold their
        value; or a result stands twice with different values; or nothing is left that can be
        compared.
    RegisterError : the districts of the date are not known.
    """
    table = read_csv(raw.paths, _LAYOUT, renamed=raw.columns)
    kept = _of_whole_years(_of_known_areas(_without_categories(table)))
    districts = kept.rows[_CODE].str.fullmatch(_DISTRICT)
    now = recoded(kept.rows.loc[districts, _CODE], raw.as_at)
    code = kept.rows[_CODE].where(~districts, kept.rows[_CODE].map(now))
    _tell_left_out(
        kept, kept.rows.loc[code.isna(), _CODE], "of districts that merged, or are unknown"
    )
    kept, code = kept.where(code.notna()), code[code.notna()]
    if not len(kept):
        raise SourceError(
            "there is no result of an English district, authority or region, or of England, for"
            " whole calendar years",
            file=table.files,
            mend="Ask for another area type, with area_type_id in the address.",
        )
    frame = _single(_frame(kept, code), kept).sort_values(_KEYS, ignore_index=True)
    return tables.checked(frame, tables.FINGERTIPS, file=table.files)


# --- The rows that can be compared ---


def _tell_left_out(table: Table, left: pd.Series, why: str) -> None:
    if len(left):
        told = named(sorted(left.unique()))
        _log.info("%s: left out %d rows %s: %s", table.files, len(left), why, told)


def _kept(table: Table, sound: pd.Series, column: str, why: str) -> Table:
    """Return the sound rows; how many others were left out goes to the log."""
    _tell_left_out(table, table.rows.loc[~sound, column], why)
    return table.where(sound)


def _without_categories(table: Table) -> Table:
    return _kept(table, table.rows[_CATEGORY] == "", _CATEGORY, "of categories")


def _of_known_areas(table: Table) -> Table:
    ours = table.rows[_CODE].str.fullmatch(f"{_DISTRICT}|{_LARGER}")
    return _kept(table, ours, _CODE, "of other areas")


def _of_whole_years(table: Table) -> Table:
    whole = table.rows[_PERIOD].str.fullmatch(_YEARS)
    return _kept(table, whole, _PERIOD, "of periods that are not whole calendar years")


# --- Their numbers ---


def _frame(table: Table, code: pd.Series) -> pd.DataFrame:
    first, last = _first_and_last(table)
    value, lower, upper = (table.numbers(one, missing=("",)) for one in (_VALUE, _LOWER, _UPPER))
    table.require(~(lower > value), _LOWER, "a lower limit that is not above the value")
    table.require(~(upper < value), _UPPER, "an upper limit that is not below the value")
    rows = table.rows
    notes = rows[_NOTE].replace("", np.nan) if table.has(_NOTE) else np.nan
    return pd.DataFrame(
        {
            fields.AREA_CODE: code,
            fields.PUBLISHED_AREA_CODE: rows[_CODE],
            fields.PUBLISHED_AREA_TYPE: rows[_TYPE],
            fields.INDICATOR_ID: table.whole_numbers(_ID),
            fields.INDICATOR_NAME: rows[_NAME],
            fields.PUBLISHED_SEX: rows[_SEX],
            fields.PUBLISHED_AGE: rows[_AGE],
            fields.FIRST_YEAR: first,
            fields.YEAR: last,
            fields.PUBLISHED_VALUE: value,
            fields.PUBLISHED_LOWER: lower,
            fields.PUBLISHED_UPPER: upper,
            fields.PUBLISHED_NOTE: pd.Series(notes, index=rows.index, dtype="str"),
        }
    )


def _first_and_last(table: Table) -> tuple[pd.Series, pd.Series]:
    """Return the first and last year of each row; 1999 - 01 ends in the next century."""
    found = table.rows[_PERIOD].str.extract(f"^{_YEARS}$")
    first = found["first"].astype("int64")
    last = found["last"].fillna(found["first"]).astype("int64")
    last = last.where(last >= 100, first // 100 * 100 + last)
    last = last.where(last >= first, last + 100)
    table.require(last - first < 10, _PERIOD, "a year, or a few years such as 2015 - 17")
    return first, last


def _single(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return each result once: an area of two types, or of an old and a new code, has the same."""
    numbers = [fields.PUBLISHED_VALUE, fields.PUBLISHED_LOWER, fields.PUBLISHED_UPPER]
    single = frame.drop_duplicates([*_KEYS, *numbers])
    again = single.duplicated(_KEYS)
    if again.any():
        row = int(single.index[again][0])
        file, line = table.place(row)
        raise SchemaError(
            f"{' '.join(table.rows.loc[row, [_NAME, _CODE, _SEX, _AGE, _PERIOD]])}: another value"
            " stands above",
            file=file,
            place=f"line {line}",
            mend="Take one release of each indicator.",
        )
    return single
