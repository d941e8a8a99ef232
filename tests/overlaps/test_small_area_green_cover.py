from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st
from shapely import box

from healthycities import tables
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.blocks import block_raster
from healthycities.io.raster_file import YearlyRaster
from healthycities.overlaps.small_area_green_cover import build

TREES, GRASS, BUILT, NOTHING = 10, 30, 50, 0
WEST, NORTH = 400_000, 500_040
CLASSES = np.array(
    [
        [TREES, TREES, BUILT, BUILT],
        [TREES, GRASS, BUILT, NOTHING],
        [BUILT, BUILT, GRASS, NOTHING],
        [NOTHING, NOTHING, BUILT, BUILT],
    ],
    dtype=np.uint8,
)


def raster(path: Path, values: np.ndarray, **profile: object) -> YearlyRaster:
    """Write cells of 10 m from 400 km east and 500.04 km north, in blocks of 16 cells."""
    given = {
        "driver": "GTiff", "dtype": values.dtype, "crs": "EPSG:27700", "nodata": NOTHING,
        "transform": rasterio.Affine(10, 0, WEST, 0, -10, NORTH), "tiled": True, "blockxsize": 16,
        "blockysize": 16,
    } | profile  # fmt: skip
    height, width = values.shape
    with rasterio.open(path, "w", count=1, height=height, width=width, **given) as out:
        out.write(values, 1)
    return YearlyRaster(block_raster(path), 2021)


def cover(
    areas: pd.DataFrame,
    shapes: gpd.GeoDataFrame,
    land_cover: YearlyRaster,
    *,
    classes: list[int] | None = None,
    ndvi: float | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the table of the overlap, once it is known to keep its schema."""
    keys = {"green_cover.green_classes": classes, "green_cover.ndvi_threshold": ndvi}
    inputs = {"areas": areas, "small_areas": shapes, "land_cover": land_cover}
    found = build(Given(inputs, keys, workers=workers))
    assert found["small_area_code"].tolist() == areas["small_area_code"].tolist()
    return tables.checked(found, tables.SMALL_AREA_GREEN_COVER)


def columns(found: pd.DataFrame) -> list[list[float]]:
    """Return whole area, area with data and green area in m2, of each small area."""
    return found.drop(columns="small_area_code").to_numpy().tolist()


@pytest.fixture
def shapes(drawn: Callable[..., gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return two small areas: the north-west, and one that reaches over half cells and an edge."""
    return drawn(
        {
            "E01000009": (300_000, 300_000, 300_010, 300_010),
            "E01000002": (WEST + 15, NORTH - 40, WEST + 50, NORTH - 10),
            "E01000001": (WEST, NORTH - 20, WEST + 20, NORTH),
        }
    )


def test_green_cells_by_hand(areas: pd.DataFrame, shapes: gpd.GeoDataFrame, tmp_path: Path):
    """All 400 m² of the north-west are trees or grass, and 150 of 1,050 m² of the other area.

    Of these, 300 m² lie off the raster, 250 have no value, and one and a half cells are grass.
    """
    found = cover(areas, shapes, raster(tmp_path / "a.tif", CLASSES), classes=[TREES, GRASS])
    assert columns(found) == [[400, 400, 400], [1050, 500, 150]]


def test_only_the_named_classes_are_green(
    areas: pd.DataFrame, shapes: gpd.GeoDataFrame, tmp_path: Path
):
    """Without grass there are three cells of trees in the north-west, and none in the other."""
    found = cover(areas, shapes, raster(tmp_path / "a.tif", CLASSES), classes=[TREES])
    assert columns(found) == [[400, 400, 300], [1050, 500, 0]]


def test_a_small_area_without_data_is_null_and_not_0(
    areas: pd.DataFrame, drawn: Callable[..., gpd.GeoDataFrame], tmp_path: Path
):
    """One that lies off the raster and one that has only nodata have no green area at all."""
    off = drawn({"E01000001": (0, 0, 10, 10), "E01000002": (WEST, NORTH - 30, WEST + 10, NORTH)})
    found = cover(areas, off, raster(tmp_path / "a.tif", CLASSES), classes=[TREES])
    assert found["green_area_m2"].isna().tolist() == [True, False]
    assert found["with_data_area_m2"].tolist() == [0, 300]
    off = drawn(
        {
            "E01000001": (WEST, NORTH - 40, WEST + 20, NORTH - 30),
            "E01000002": (WEST, NORTH - 30, WEST + 10, NORTH),
        }
    )
    found = cover(areas, off, raster(tmp_path / "a.tif", CLASSES), classes=[TREES])
    assert found["green_area_m2"].isna().tolist() == [True, False]


NDVI = np.array([[0.9, 0.4, 0.1, -9], [0.5, -0.2, 0.41, 0.7]], np.float32)


def test_ndvi_above_the_threshold_is_green(
    areas: pd.DataFrame, drawn: Callable[..., gpd.GeoDataFrame], tmp_path: Path
):
    """Above 0.4, and not at it, are two cells of four in the west; in the east two of three."""
    halves = drawn(
        {
            "E01000001": (WEST, NORTH - 20, WEST + 20, NORTH),
            "E01000002": (WEST + 20, NORTH - 20, WEST + 40, NORTH),
        }
    )
    land = raster(tmp_path / "a.tif", NDVI, nodata=-9)
    threshold = float(np.float32(0.4))
    assert columns(cover(areas, halves, land, ndvi=threshold)) == [[400, 400, 200], [400, 300, 200]]
    stored = np.where(NDVI == -9, -9, np.rint(NDVI * 100)).astype(np.int16)
    land = raster(tmp_path / "b.tif", stored, nodata=-9)
    with rasterio.open(tmp_path / "b.tif", "r+") as out:
        out.scales = (0.01,)
    land = YearlyRaster(block_raster(tmp_path / "b.tif"), None)
    assert columns(cover(areas, halves, land, ndvi=0.405)) == [[400, 400, 200], [400, 300, 200]]


@pytest.mark.parametrize(
    ("values", "said", "problem"),
    [
        (CLASSES, {"ndvi": 0.4}, "expected NDVI from -1 to 1, found whole numbers without a scale"),
        (NDVI * 100, {"ndvi": 0.4}, r"expected NDVI from -1 to 1, found 90\. Say in the file"),
        (NDVI - 2, {"ndvi": 0.4}, "expected NDVI from -1 to 1, found -2.2"),
        (NDVI, {"classes": [1]}, "expected classes as whole numbers, found numbers with fractions"),
        (CLASSES, {"classes": [1, 2]}, r"nothing green in any of the 2 small areas.*\[1, 2\]"),
        (NDVI, {"ndvi": 0.95}, r"nothing green in any of the 2 small areas: .* 0\.95\. Take"),
        (CLASSES * 0, {"classes": [1]}, "no data in any of the 2 small areas"),
    ],
)
def test_a_raster_of_another_legend_is_refused(
    areas: pd.DataFrame,
    shapes: gpd.GeoDataFrame,
    tmp_path: Path,
    values: np.ndarray,
    said: dict[str, object],
    problem: str,
):
    """Classes for NDVI and the other way round, another scale, another place, unknown classes."""
    land = raster(tmp_path / "a.tif", values, nodata=0 if values.dtype == np.uint8 else -9)
    with pytest.raises(SchemaError, match=rf"a\.tif: .*{problem}"):
        cover(areas, shapes, land, **said)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=20)
@drawn_from(st.integers(0, 2**32 - 1), st.floats(1, 899), st.floats(1, 899))
def test_parts_add_up_to_the_whole(
    tmp_path_factory: pytest.TempPathFactory, seed: int, east_m: float, south_m: float
):
    """However a square is cut into four, green area and area with data of the parts add up."""
    rng = np.random.default_rng(seed)
    values = rng.choice(np.array([TREES, GRASS, BUILT, NOTHING], np.uint8), (90, 90))
    land = raster(tmp_path_factory.mktemp("parts") / "a.tif", values)
    left, top, right, bottom = WEST, NORTH, WEST + 900, NORTH - 900
    x, y = left + east_m, top - south_m
    parts = [
        box(left, y, x, top), box(x, y, right, top),
        box(left, bottom, x, y), box(x, bottom, right, y),
    ]  # fmt: skip
    codes = [f"E0100000{n}" for n in range(5)]
    squares = [*parts, box(left, bottom, right, top)]
    frame = gpd.GeoDataFrame({"small_area_code": codes}, geometry=squares, crs=27700)
    areas = pd.DataFrame({"small_area_code": codes})
    found = cover(areas, frame, land, classes=[TREES, GRASS], workers=2)
    numbers = found.drop(columns="small_area_code").to_numpy()
    np.testing.assert_allclose(np.nansum(numbers[:4], axis=0), numbers[4], rtol=1e-9)
    assert numbers[4, 1] == pytest.approx(100 * (values != NOTHING).sum())
    assert numbers[4, 2] == pytest.approx(100 * np.isin(values, [TREES, GRASS]).sum())
