from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from healthycities import tables
from healthycities.given import Given
from healthycities.overlaps.small_area_greenspace import build

PARK, FIELD, GOLF = "Public Park Or Garden", "Playing Field", "Golf Course"
KEYS = {"greenspace.public_functions": [PARK, FIELD]}


@pytest.fixture
def shapes(drawn: Callable[..., gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return two squares of 100 m side by side, after one that is not reported on."""
    return drawn(
        {
            "E01000003": (400_000, 500_100, 400_100, 500_200),
            "E01000002": (400_100, 500_000, 400_200, 500_100),
            "E01000001": (400_000, 500_000, 400_100, 500_100),
        }
    )


def sites(*drawn: tuple[str, float, float, float, float]) -> gpd.GeoDataFrame:
    """Return a site of a function for each box, from 400 km east and 500 km north."""
    east, north = 400_000, 500_000
    boxes = [box(east + a, north + b, east + c, north + d) for _, a, b, c, d in drawn]
    content = {
        "site_id": [str(n) for n in range(len(drawn))],
        "site_function": [function for function, *_ in drawn],
    }
    return gpd.GeoDataFrame(content, geometry=boxes, crs="EPSG:27700")


def green_m2(areas: pd.DataFrame, shapes: gpd.GeoDataFrame, found: gpd.GeoDataFrame) -> list[float]:
    """Return the green area of each small area, once the table is known to keep its schema."""
    inputs = {"areas": areas, "small_areas": shapes, "greenspace_sites": found}
    table = tables.checked(build(Given(inputs, KEYS)), tables.SMALL_AREA_GREENSPACE)
    assert table["small_area_code"].tolist() == areas["small_area_code"].tolist()
    assert table["zone_area_m2"].tolist() == pytest.approx([10_000.0, 10_000.0])
    return table["greenspace_area_m2"].tolist()


def test_only_public_functions_count(areas: pd.DataFrame, shapes: gpd.GeoDataFrame):
    """A park of 20 m by 10 m counts, a golf course beside it does not."""
    found = sites((PARK, 0, 0, 20, 10), (GOLF, 50, 50, 90, 90))
    assert green_m2(areas, shapes, found) == pytest.approx([200.0, 0.0])


def test_what_overlaps_counts_once(areas: pd.DataFrame, shapes: gpd.GeoDataFrame):
    """A playing field of 400 m2, of which 100 m2 lie in a park of 400 m2, leaves 700 m2."""
    found = sites((PARK, 0, 0, 20, 20), (FIELD, 10, 10, 30, 30))
    assert green_m2(areas, shapes, found) == pytest.approx([700.0, 0.0])


def test_a_site_on_a_border_is_shared_out(areas: pd.DataFrame, shapes: gpd.GeoDataFrame):
    """A park of 40 m by 10 m, three quarters west of the border, adds up to its area."""
    found = sites((PARK, 70, 0, 110, 10))
    assert green_m2(areas, shapes, found) == pytest.approx([300.0, 100.0])


def test_what_lies_outside_every_small_area_is_in_none(
    areas: pd.DataFrame, shapes: gpd.GeoDataFrame
):
    """A park that reaches beyond the small areas counts as far as it lies in them."""
    found = sites((PARK, -50, 0, 10, 10), (PARK, 900, 900, 950, 950))
    assert green_m2(areas, shapes, found) == pytest.approx([100.0, 0.0])


def test_no_public_site_at_all_is_an_area_of_0(areas: pd.DataFrame, shapes: gpd.GeoDataFrame):
    """Where the file holds no public greenspace, there is none: 0, and not missing."""
    assert green_m2(areas, shapes, sites((GOLF, 0, 0, 20, 20))) == [0.0, 0.0]
