from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import pytest

from healthycities.given import Given
from healthycities.overlaps.small_area_cells import build
from healthycities.sources.air_quality import GRID

# Column 400 is 400 to 401 km east; row 799 is 500 to 501 km north, counted from 1,300 km down.
FIRST_CELL = 799 * 700 + 400


@pytest.fixture
def shapes(drawn: Callable[..., gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return boundaries in another order than the areas, one of them not reported on."""
    return drawn(
        {
            "E01000003": (410_000, 500_000, 411_000, 501_000),
            "E01000002": (401_500, 500_000, 402_000, 500_500),
            "E01000001": (400_000, 500_000, 401_500, 501_000),
        }
    )


def test_cells_are_weighed_by_the_part_of_them_that_is_covered(
    areas: pd.DataFrame, shapes: gpd.GeoDataFrame
):
    """A box of 1.5 km by 1 km has one whole cell and half of the next; 500 m square a quarter."""
    weights = build(Given({"areas": areas, "small_areas": shapes}))
    first, second = weights.matrix[[0], :].tocoo(), weights.matrix[[1], :].tocoo()
    assert dict(zip(first.col.tolist(), first.data, strict=True)) == pytest.approx(
        {FIRST_CELL: 1.0, FIRST_CELL + 1: 0.5}
    )
    assert dict(zip(second.col.tolist(), second.data, strict=True)) == pytest.approx(
        {FIRST_CELL + 1: 0.25}
    )
    assert weights.grid == GRID


def test_rows_are_the_small_areas_reported_on_in_their_order(
    areas: pd.DataFrame, shapes: gpd.GeoDataFrame
):
    """The order is that of the areas and not of the file; others have no row."""
    weights = build(Given({"areas": areas, "small_areas": shapes}))
    assert weights.rows.tolist() == ["E01000001", "E01000002"]
    assert weights.row_total.tolist() == pytest.approx([1.5, 0.25])


def test_where_the_work_runs_changes_nothing(areas: pd.DataFrame, shapes: gpd.GeoDataFrame):
    """Threads and one after the other give the same matrix to the last bit."""
    given = {"areas": areas, "small_areas": shapes}
    alone = build(Given(given, scheduler="synchronous"))
    threads = build(Given(given, scheduler="threads", workers=2))
    assert (alone.matrix != threads.matrix).nnz == 0
