"""The district that each small area lies in."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SchemaError
from healthycities.io.tabular import Table, read_csv
from healthycities.sources import codes
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Small areas to districts",
    publisher="Office for National Statistics",
    product="Lower layer Super Output Area (2021) to Ward to Local Authority District lookup",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
        "Contains OS data © Crown copyright and database right [year]."
    ),
    offers=(
        Offer(
            name="small_area_lookup_2021.csv",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "LSOA21_WD25_LAD25_EW_LU_v2/FeatureServer/0",
            size_mb=3,
            vintage=2021,
            fields=("LSOA21CD", "LAD25CD"),
            where="LSOA21CD LIKE 'E%'",
        ),
    ),
    renewed="each year, with the wards",
    fresh_days=400,
    layout=(
        "CSV, one row for each small area, or for each part of one: LSOAyyCD and LADyyCD, of any "
        "years. Rows outside England are left out; districts of older years are carried to the "
        "date reported on. Of two columns that may be meant, `columns` says which."
    ),
    kind="table",
)


def read(raw: Raw) -> pd.DataFrame:
    """Read the district of each English small area, in codes of the date reported on.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a small area is in two districts.
    RegisterError : a district is unknown.
    """
    found = read_csv(raw.paths, (codes.SMALL_AREA, codes.DISTRICT), renamed=raw.columns)
    table = codes.english_small_areas(found)
    carried = table.rows.assign(**{fields.DISTRICT_CODE: codes.carried_districts(table, raw.as_at)})
    frame = carried.drop_duplicates().sort_values(fields.SMALL_AREA_CODE, ignore_index=True)
    _require_one_district(frame, table)
    return tables.checked(frame, tables.SMALL_AREA_LOOKUP, file=table.files)


def _require_one_district(frame: pd.DataFrame, table: Table) -> None:
    again = frame[frame.duplicated(fields.SMALL_AREA_CODE, keep=False)]
    if len(again):
        code = again[fields.SMALL_AREA_CODE].iloc[0]
        districts = again.loc[again[fields.SMALL_AREA_CODE] == code, fields.DISTRICT_CODE]
        row = int(table.rows.index[table.rows[fields.SMALL_AREA_CODE] == code][-1])
        file, line = table.place(row)
        raise SchemaError(
            f"expected {code} in one district, found it in {' and '.join(sorted(districts))}",
            file=file,
            place=f"line {line}",
            mend="Keep the district that most of its people live in.",
        )
