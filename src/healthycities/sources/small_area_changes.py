"""What the small areas of one census became at the next."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.tabular import Column, read_csv
from healthycities.sources import codes
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Small areas of 2011 to small areas of 2021",
    publisher="Office for National Statistics",
    product="LSOA (2011) to LSOA (2021) to Local Authority District (2022) exact fit lookup",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="small_area_changes_2011_2021.csv",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "LSOA11_LSOA21_LAD22_EW_LU_v5/FeatureServer/0",
            size_mb=3,
            fields=("LSOA11CD", "LSOA21CD"),
            where="LSOA21CD LIKE 'E%'",
        ),
    ),
    renewed="after each census",
    layout=(
        "CSV, one row for each small area of 2011 and each of 2021 that has ground of it: LSOA11CD "
        "and LSOA21CD. With it, people of small areas of either census are carried to those that "
        "are reported on, in whichever order: summed where areas merged, divided where they were "
        "split. Rows outside England are left out."
    ),
    kind="table",
    optional=True,
)

_OF_2011 = Column(fields.SMALL_AREA_CODE, r"LSOA11CD|LSOA code \(2011\)|lsoa11_code", "LSOA11CD")
_OF_2021 = Column(
    fields.LATER_SMALL_AREA_CODE, r"LSOA21CD|LSOA code \(2021\)|lsoa21_code", "LSOA21CD"
)


def read(raw: Raw) -> pd.DataFrame:
    """Read each pair of an English small area of 2011 and one of 2021 that share ground.

    Returns
    -------
    Table of `tables.SMALL_AREA_CHANGES`, by code.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a pair stands twice.
    """
    found = read_csv(raw.paths, (_OF_2011, _OF_2021), renamed=raw.columns)
    table = codes.english_small_areas(found)
    table.require_unique([fields.SMALL_AREA_CODE, fields.LATER_SMALL_AREA_CODE])
    keys = [fields.SMALL_AREA_CODE, fields.LATER_SMALL_AREA_CODE]
    frame = table.rows[keys].sort_values(keys, ignore_index=True)
    return tables.checked(frame, tables.SMALL_AREA_CHANGES, file=table.files)
