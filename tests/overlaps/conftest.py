"""Small areas drawn by hand on the National Grid."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import pytest
from shapely import MultiPolygon, box

Box = tuple[float, float, float, float]


@pytest.fixture
def areas() -> pd.DataFrame:
    """Return the two small areas reported on, of the three that have a boundary."""
    return pd.DataFrame({"small_area_code": ["E01000001", "E01000002"]})


@pytest.fixture
def drawn() -> Callable[[dict[str, Box]], gpd.GeoDataFrame]:
    """Return what draws a box for each code, in the order given."""

    def draw(boxes: dict[str, Box]) -> gpd.GeoDataFrame:
        shapes = [MultiPolygon([box(*corners)]) for corners in boxes.values()]
        names = [f"Area {code}" for code in boxes]
        content = {"small_area_code": list(boxes), "small_area_name": names}
        return gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:27700")

    return draw
