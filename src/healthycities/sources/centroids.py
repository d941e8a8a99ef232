"""Where the people of each small area live, as one point."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.tabular import Column, read_csv
from healthycities.sources import codes
from healthycities.sources.national_grid import (
    ENGLAND_M,
    require_england,
    require_national_grid,
)
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Population-weighted centroids of small areas",
    publisher="Office for National Statistics",
    product="Lower layer Super Output Areas (2021) population-weighted centroids",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
        "Contains OS data © Crown copyright and database right [year]."
    ),
    offers=(
        Offer(
            name="centroids_2021.csv",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "LSOA_PopCentroids_EW_2021_V4/FeatureServer/0",
            size_mb=4,
            vintage=2021,
            fields=("LSOA21CD",),
            where="LSOA21CD LIKE 'E%'",
        ),
    ),
    renewed="after each census",
    layout=(
        "CSV, one row for each small area: LSOAyyCD, x and y, metres in EPSG:27700 (download with "
        "spatialRefId=27700). Rows outside England are left out."
    ),
    kind="table",
)

_X = Column(fields.EASTING_M, "x", "x")
_Y = Column(fields.NORTHING_M, "y", "y")
_MEND = "Download the table in EPSG:27700 (spatialRefId=27700), or correct the line."


def read(raw: Raw) -> pd.DataFrame:
    """Read the centroid of each English small area, in metres of EPSG:27700.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a small area stands twice.
    CrsError : coordinates outside England, or in another system: nothing is reprojected here.
    """
    require_national_grid(raw)
    found = read_csv(raw.paths, (codes.SMALL_AREA, _X, _Y), renamed=raw.columns)
    table = codes.english_small_areas(found)
    table.require_unique([fields.SMALL_AREA_CODE])
    metres = {name: table.numbers(name) for name in ENGLAND_M}
    frame = table.rows.assign(**metres)
    require_england(frame, table, mend=_MEND)
    frame = frame.sort_values(fields.SMALL_AREA_CODE, ignore_index=True)
    return tables.checked(frame, tables.CENTROIDS, file=table.files)
