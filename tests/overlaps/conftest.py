"""Small areas, homes and greenspace drawn by hand on the National Grid."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import MultiPolygon, Point, box

Box = tuple[float, float, float, float]
PARK, GOLF = "Public Park Or Garden", "Golf Course"
KEYS = {"greenspace.public_functions": [PARK]}


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


@pytest.fixture
def centroids() -> pd.DataFrame:
    """Return two homes 1 km apart, in another order than the areas, and one of another place."""
    return pd.DataFrame(
        {
            "small_area_code": ["E01000009", "E01000002", "E01000001"],
            "easting_m": [300_000.0, 401_000.0, 400_000.0],
            "northing_m": [300_000.0, 500_000.0, 500_000.0],
        }
    )


def points(*places: tuple[str | None, float, float]) -> gpd.GeoDataFrame:
    """Return access points: the site each leads to, and metres east and north of the first home."""
    content = {
        "access_point_id": [f"point {n}" for n in range(len(places))],
        "site_id": [site for site, *_ in places],
    }
    shapes = [Point(400_000 + east, 500_000 + north) for _, east, north in places]
    return gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:27700")


def gates(*places: tuple[float, float, float]) -> pd.DataFrame:
    """Return public access points: hectares of the site, metres east and north of the first home.

    Hectares are NaN where the sites are not given.
    """
    area_ha, east, north = (np.array(column, dtype=float) for column in zip(*places, strict=True))
    columns = {"easting_m": 400_000 + east, "northing_m": 500_000 + north}
    return pd.DataFrame({**columns, "site_area_m2": area_ha * 10_000})


def sites(**found: tuple[str, float]) -> pd.DataFrame:
    """Return function and area in hectares of sites by name."""
    return pd.DataFrame(
        {
            "site_id": list(found),
            "site_function": [function for function, _ in found.values()],
            "site_area_m2": [area_ha * 10_000 for _, area_ha in found.values()],
        }
    )
