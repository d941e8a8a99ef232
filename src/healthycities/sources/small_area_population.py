"""People of each small area, of both sexes and all ages."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SourceError
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.sources import codes, nomis
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Population of small areas",
    publisher="Office for National Statistics, through Nomis",
    product="Mid-year population estimates of small areas (NM_2014_1)",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="small_area_population_{year}.csv",
            protocol="nomis",
            address="https://www.nomisweb.co.uk/api/v01/dataset/NM_2014_1.data.csv"
            "?geography=TYPE151&date={year}&gender=0&c_age=200&measures=20100",
            size_mb=3,
            first_year=2011,
            fields=("DATE", "GEOGRAPHY_CODE", "GENDER", "C_AGE", "OBS_VALUE", "RECORD_COUNT"),
        ),
    ),
    renewed="each year, in autumn; earlier years are revised after a census",
    fresh_days=400,
    layout=(
        "CSV of Nomis: DATE, GEOGRAPHY_CODE, GENDER 0, C_AGE 200, OBS_VALUE, RECORD_COUNT, in one "
        "or more pages; or one row for each small area: LSOAyyCD and All Ages. Rows outside "
        "England are left out."
    ),
    kind="table",
    by=("year",),
)

_NOMIS = nomis.layout(fields.SMALL_AREA_CODE, exactly(nomis.C_AGE))
_WIDE = (codes.SMALL_AREA, Column(nomis.VALUE, r"All Ages|Total", "All Ages"))


def read(raw: Raw) -> pd.DataFrame:
    """Read the people of each English small area, and the year that they are of.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or the answer of Nomis is cut short or lacks the
        year; or a number is negative; or a small area stands twice.
    """
    found = read_csv(raw.paths, _NOMIS, _WIDE, renamed=raw.columns)
    is_nomis = found.has(nomis.DATE)
    table, year = _all_persons(found, raw) if is_nomis else (found, nomis.require_year(raw))
    table = codes.english_small_areas(table)
    table.require_unique([fields.SMALL_AREA_CODE])
    frame = pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: table.rows[fields.SMALL_AREA_CODE],
            fields.YEAR: year,
            fields.PEOPLE: table.numbers(nomis.VALUE, at_least=0),
        }
    ).sort_values(fields.SMALL_AREA_CODE, ignore_index=True)
    return tables.checked(frame, tables.SMALL_AREA_POPULATION, file=table.files)


def _all_persons(found: Table, raw: Raw) -> tuple[Table, int]:
    table, year = nomis.counts_of_year(found, raw)
    all_persons = (table.whole_numbers(nomis.GENDER) == nomis.ALL_SEXES) & (
        table.whole_numbers(nomis.C_AGE) == nomis.ALL_AGES
    )
    if not all_persons.any():
        raise SourceError(
            "there is no row of all persons of all ages (GENDER 0, C_AGE 200)",
            file=found.files,
            mend="Ask Nomis for gender=0 and c_age=200.",
        )
    return table.where(all_persons), year
