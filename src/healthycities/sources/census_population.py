"""People of each small area at a census, to divide by what is published for larger areas."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.tabular import Column, read_csv
from healthycities.sources import codes
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Population of small areas at the census",
    publisher="Office for National Statistics, through Nomis",
    product="Census 2021, TS001: number of usual residents",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="census_population_2021.csv",
            protocol="file",
            address="https://www.nomisweb.co.uk/output/census/2021/census2021-ts001.zip",
            size_mb=6,
            vintage=2021,
            member="census2021-ts001-lsoa.csv",
        ),
    ),
    renewed="after each census",
    layout=(
        "CSV, one row for each small area that is reported on: geography code and Residence type: "
        "Total; measures: Value, as in census2021-ts001-lsoa.csv of the zip; or LSOAyyCD and All "
        "Ages. It is used only where values of other districts or small areas than those reported "
        "on have to be divided among these; docs/geography.md says when. Rows outside England are "
        "left out."
    ),
    kind="table",
    optional=True,
)

_TS001 = (
    Column(fields.SMALL_AREA_CODE, "geography code", "geography code"),
    Column(
        fields.PEOPLE,
        "Residence type: Total; measures: Value",
        "Residence type: Total; measures: Value",
    ),
)
_WIDE = (codes.SMALL_AREA, Column(fields.PEOPLE, r"All Ages|Total", "All Ages"))


def read(raw: Raw) -> pd.DataFrame:
    """Read the people of each English small area at the census.

    Returns
    -------
    Table of `tables.CENSUS_POPULATION`, by code.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a number is negative; or a small area stands
        twice.
    """
    table = codes.english_small_areas(read_csv(raw.paths, _TS001, _WIDE, renamed=raw.columns))
    table.require_unique([fields.SMALL_AREA_CODE])
    frame = pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: table.rows[fields.SMALL_AREA_CODE],
            fields.PEOPLE: table.numbers(fields.PEOPLE, at_least=0),
        }
    ).sort_values(fields.SMALL_AREA_CODE, ignore_index=True)
    return tables.checked(frame, tables.CENSUS_POPULATION, file=table.files)
