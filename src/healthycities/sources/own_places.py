"""Places of one's own: a list of the small areas or districts of each, or their outlines.

A set of places, such as integrated care boards or travel-to-work areas, is a source that has no
publisher of its own; `healthycities.overlaps.places` says which areas each place is made of.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import PLACE_LISTS
from healthycities.errors import SchemaError
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.io.vector import UK_BOX_M, Published, joined, polygons, read_published
from healthycities.sources import codes
from healthycities.sources.raw import Raw

_CODE = exactly(fields.PLACE_CODE)
_NAME = exactly(fields.PLACE_NAME, required=False)
_OUTLINES = {
    fields.PLACE_CODE: Published(fields.PLACE_CODE, fields.PLACE_CODE),
    fields.PLACE_NAME: Published(fields.PLACE_NAME, fields.PLACE_NAME, optional=True),
}


def read(raw: Raw) -> pd.DataFrame | gpd.GeoDataFrame:
    """Read a set of places; one without a name is called by its code.

    Returns
    -------
    `tables.PLACE_LIST`, by code of the part: small areas, or districts in codes of the date asked
    for. Or `tables.PLACE_OUTLINES`, by code of the place: valid MultiPolygons in EPSG:27700.

    Raises
    ------
    HealthycitiesError : as the readers of files raise it; a code is unknown, or stands twice; a
        place has two names; or some of the districts that became one are in a place and others are
        not.
    """
    if raw.paths[0].name.lower().endswith(PLACE_LISTS):
        return _list(raw)
    parts = {path: _outlines(path, raw) for path in raw.paths}
    frame = joined(parts, fields.PLACE_CODE)
    return frame.sort_values(fields.PLACE_CODE, ignore_index=True)


def _outlines(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    frame = read_published(path, _OUTLINES, columns=raw.columns, crs=raw.crs, layer=raw.layer)
    names = frame[fields.PLACE_NAME].fillna(frame[fields.PLACE_CODE])
    shaped = polygons(
        frame.assign(**{fields.PLACE_NAME: names}), fields.PLACE_CODE, box=UK_BOX_M, file=path
    )
    return tables.checked(shaped, tables.PLACE_OUTLINES, file=path)


def _list(raw: Raw) -> pd.DataFrame:
    layouts = [(part, _CODE, _NAME) for part in _parts(raw)]
    found = read_csv(raw.paths, *layouts, renamed=raw.columns)
    of_small_areas = found.has(fields.SMALL_AREA_CODE)
    table = codes.english_small_areas(found) if of_small_areas else codes.english_districts(found)
    part = fields.SMALL_AREA_CODE if of_small_areas else fields.DISTRICT_CODE
    table.require(table.rows[fields.PLACE_CODE] != "", fields.PLACE_CODE, "the code of a place")
    table.require_unique([part])
    _require_one_name(table)
    members = table.rows[part] if of_small_areas else codes.summed_districts(table, raw)
    frame = pd.DataFrame(
        {
            fields.PLACE_CODE: table.rows[fields.PLACE_CODE],
            fields.PLACE_NAME: _names(table),
            fields.PART_CODE: members,
        }
    ).drop_duplicates()
    _require_one_place(frame, table)
    frame = frame.sort_values(fields.PART_CODE, ignore_index=True)
    return tables.checked(frame, tables.PLACE_LIST, file=table.files)


def _parts(raw: Raw) -> tuple[Column, ...]:
    """Return the columns that parts may stand in: the one that is named in the configuration."""
    both = (codes.SMALL_AREA, codes.DISTRICT)
    named = [part for part in both if any(map(part.is_published_as, raw.columns))]
    return tuple(named) or both


def _names(table: Table) -> pd.Series:
    own = table.rows[fields.PLACE_CODE]
    if not table.has(fields.PLACE_NAME):
        return own
    return table.rows[fields.PLACE_NAME].where(table.rows[fields.PLACE_NAME] != "", own)


def _require_one_name(table: Table) -> None:
    names = _names(table)
    first = names.groupby(table.rows[fields.PLACE_CODE]).transform("first")
    if table.has(fields.PLACE_NAME):
        table.require(names == first, fields.PLACE_NAME, "one name for each place, as above")


def _require_one_place(frame: pd.DataFrame, table: Table) -> None:
    """Refuse a district of today whose former districts are in two places."""
    again = frame[frame.duplicated(fields.PART_CODE, keep=False)]
    if len(again):
        code = again[fields.PART_CODE].iloc[0]
        places = again.loc[again[fields.PART_CODE] == code, fields.PLACE_CODE]
        raise SchemaError(
            f"expected {code} in one place, found what became it in {' and '.join(places)}",
            file=table.files,
            mend="List the small areas of the places, or draw them as outlines.",
        )
