"""How deprived each small area is, among all of England's."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.tabular import Column, Table, read_csv
from healthycities.sources import codes
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="English Indices of Deprivation",
    publisher="Ministry of Housing, Communities and Local Government",
    product="Indices of Deprivation 2025, File 7: ranks, scores, deciles and denominators",
    licence="Open Government Licence v3.0",
    attribution=(
        "Contains public sector information licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="deprivation_2025.csv",
            protocol="file",
            address="https://assets.publishing.service.gov.uk/media/691ded56d140bbbaa59a2a7d/"
            "File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv",
            size_mb=12,
            vintage=2025,
        ),
        Offer(
            name="deprivation_2019.csv",
            protocol="file",
            address="https://assets.publishing.service.gov.uk/media/5d8b364740f0b604d9a168d3/"
            "File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_Population_Denominators_3.csv",
            size_mb=10,
            vintage=2019,
            product="Indices of Deprivation 2019, File 7: ranks, scores, deciles and denominators",
        ),
    ),
    renewed="every four to six years",
    layout=(
        "CSV, one row for each small area: LSOA code (2021), Index of Multiple Deprivation (IMD) "
        "Rank (where 1 is most deprived), Index of Multiple Deprivation (IMD) Decile (where 1 is "
        "most deprived 10% of LSOAs). The files of 2019 are read as well; their small areas are "
        "those of 2011."
    ),
    kind="table",
    optional=True,
)

_INDEX = r"Index of Multiple Deprivation \(IMD\)"
_RANK = Column(
    fields.DEPRIVATION_RANK,
    rf"{_INDEX} Rank( \(where 1 is most deprived\))?",
    "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
)
_DECILE = Column(
    fields.DEPRIVATION_DECILE,
    rf"{_INDEX} Decile( \(where 1 is most deprived 10% of LSOAs\))?",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
)


def read(raw: Raw) -> pd.DataFrame:
    """Read the rank and decile of each English small area; 1 is the most deprived.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a small area stands twice; or deciles do not
        rise with ranks.
    """
    found = read_csv(raw.paths, (codes.SMALL_AREA, _RANK, _DECILE), renamed=raw.columns)
    table = codes.english_small_areas(found)
    table.require_unique([fields.SMALL_AREA_CODE])
    numbers = {column.name: table.whole_numbers(column.name) for column in (_RANK, _DECILE)}
    frame = table.rows.assign(**numbers)
    _require_deciles_of_ranks(frame, table)
    frame = frame.sort_values(fields.SMALL_AREA_CODE, ignore_index=True)
    return tables.checked(frame, tables.DEPRIVATION, file=table.files)


def _require_deciles_of_ranks(frame: pd.DataFrame, table: Table) -> None:
    """Hold that the two columns are of one index, and that both count from the most deprived."""
    keys = [fields.DEPRIVATION_RANK, fields.DEPRIVATION_DECILE]
    deciles = frame.sort_values(keys)[fields.DEPRIVATION_DECILE]
    sound = deciles >= deciles.cummax()
    table.require(sound, fields.DEPRIVATION_DECILE, "a decile that rises with the rank")
