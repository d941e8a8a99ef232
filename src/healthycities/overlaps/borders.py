"""Where the boundaries of districts, and of small areas, overlap or leave gaps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import GeometryError
from healthycities.given import Given
from healthycities.level_names import DISTRICT, SMALL_AREA
from healthycities.spatial.borders import Fault, gaps, overlaps
from healthycities.spatial.grid import ObjectArray

CARD = OverlapCard(
    title="Overlaps and gaps along borders",
    needs=("districts",),
    may_use=("small_areas",),
)

MOST_SHARED = 0.01
"""Largest part of an area that may lie in another one too.

In the published districts of 2016 to 2025 no two share more than 1.5e-5 of the smaller one. A
hundredth of an area that counts twice, with its people and its ground, is an error of the file:
shapes of two vintages in one, or areas of two levels.
"""


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.BORDERS`: overlaps, then gaps, the largest first, of each level.

    Raises
    ------
    GeometryError : two areas share more than `MOST_SHARED` of the smaller one.
    """
    levels = {
        DISTRICT: ("districts", fields.DISTRICT_CODE),
        SMALL_AREA: ("small_areas", fields.SMALL_AREA_CODE),
    }
    found = [
        _of_level(level, given.inputs[source], code, source)
        for level, (source, code) in levels.items()
        if source in given.inputs
    ]
    return pd.concat(found, ignore_index=True)


def _of_level(level: str, areas: gpd.GeoDataFrame, code: str, source: str) -> pd.DataFrame:
    shapes, codes = areas.geometry.to_numpy(), areas[code].to_numpy(dtype=object)
    shared = overlaps(shapes)
    _require_slight(shared, shapes, codes, source)
    faults = {"overlap": shared, "gap": gaps(shapes)}
    return pd.concat(
        [_rows(level, kind, of_kind, codes) for kind, of_kind in faults.items()],
        ignore_index=True,
    )


def _rows(level: str, kind: str, faults: list[Fault], codes: ObjectArray) -> pd.DataFrame:
    points = [shapely.get_coordinates(shapely.point_on_surface(one.shape)) for one in faults]
    easting_m, northing_m = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return pd.DataFrame(
        {
            fields.LEVEL: pd.Series([level] * len(faults), dtype="str"),
            fields.FAULT: pd.Series([kind] * len(faults), dtype="str"),
            fields.AREA_CODE: pd.Series([codes[one.first] for one in faults], dtype="str"),
            fields.OTHER_AREA_CODE: pd.Series([codes[one.second] for one in faults], dtype="str"),
            fields.FAULT_AREA_M2: np.array([one.area_m2 for one in faults], dtype=np.float64),
            fields.EASTING_M: easting_m,
            fields.NORTHING_M: northing_m,
        }
    )


def _require_slight(
    shared: list[Fault], shapes: ObjectArray, codes: ObjectArray, source: str
) -> None:
    """Refuse areas that share much: their people and their ground would count twice."""
    for one in shared:
        part = one.area_m2 / min(shapely.area(shapes[[one.first, one.second]]))
        if part > MOST_SHARED:
            raise GeometryError(
                f"{codes[one.first]} and {codes[one.second]} overlap by {part:.1%} of the smaller"
                f" one, more than {MOST_SHARED:.0%}",
                place=source,
                mend="Take boundaries of one vintage and of one level, each area once.",
            )
