from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st
from tests.overlaps.test_small_area_green_cover import raster

from healthycities import tables
from healthycities.errors import AlignmentError, SchemaError
from healthycities.given import Given
from healthycities.io.blocks import block_raster
from healthycities.io.raster_file import YearlyRaster
from healthycities.overlaps.small_area_ndvi import build

WEST, NORTH, SIDE = 400_000, 500_040, 200
"""The raster reaches 2 km to the east and to the south."""
HOMES = {"E01000001": (401_000.0, 499_040.0), "E01000002": (401_300.0, 499_340.0)}
NO_DATA = -9.0


def around(
    land: YearlyRaster, homes: dict[str, tuple[float, float]] = HOMES, buffer_m: float = 500
) -> pd.DataFrame:
    """Return the table of the overlap, once it is known to keep its schema."""
    codes = ["E01000001", "E01000002"]
    columns = dict(zip(("easting_m", "northing_m"), zip(*homes.values(), strict=True), strict=True))
    inputs = {
        "areas": pd.DataFrame({"small_area_code": codes}),
        "centroids": pd.DataFrame({"small_area_code": list(homes), **columns}).iloc[::-1],
        "land_cover": land,
    }
    found = build(Given(inputs, {"green_cover.ndvi_buffer_m": buffer_m}, workers=2))
    assert found["small_area_code"].tolist() == codes
    return tables.checked(found, tables.SMALL_AREA_NDVI)


def halves(west: float, east: float) -> np.ndarray:
    """Return NDVI of the two halves, which meet 1 km from the western edge."""
    values = np.full((SIDE, SIDE), east, np.float32)
    values[:, : SIDE // 2] = west
    return values


def test_a_home_between_two_halves_has_their_mean(tmp_path: Path):
    """On the line between 0.2 and 0.6 it is 0.4 green; 300 m east of it by the circle's segment.

    The segment beyond a chord at 0.6 radii is (acos 0.6 - 0.6 x 0.8) / pi of the circle.
    """
    found = around(raster(tmp_path / "a.tif", halves(0.2, 0.6), nodata=NO_DATA))
    beyond = (np.arccos(0.6) - 0.48) / np.pi
    expected = [0.4, 0.6 - 0.4 * beyond]
    assert found["ndvi"].tolist() == pytest.approx(expected, abs=1e-5)
    assert found["zone_area_m2"].tolist() == pytest.approx([np.pi * 500**2] * 2)
    assert found["with_data_area_m2"].tolist() == pytest.approx([np.pi * 500**2] * 2)


def test_the_radius_is_the_one_that_is_asked_for(tmp_path: Path):
    """Within 250 m of a home 300 m into the east there is nothing of the west."""
    land = raster(tmp_path / "a.tif", halves(0.2, 0.6), nodata=NO_DATA)
    found = around(land, buffer_m=250)
    assert found["ndvi"].tolist() == pytest.approx([0.4, 0.6], abs=1e-6)
    assert found["zone_area_m2"].tolist() == pytest.approx([np.pi * 250**2] * 2)


@pytest.mark.parametrize("left_out", [-0.3, -1.0, NO_DATA, np.nan])
def test_water_and_cells_without_data_are_left_out(tmp_path: Path, left_out: float):
    """Half a lake, or half without a value: the mean is of the other half, and half has data."""
    found = around(raster(tmp_path / "a.tif", halves(left_out, 0.6), nodata=NO_DATA))
    assert found["ndvi"].tolist() == pytest.approx([0.6, 0.6], abs=1e-6)
    share = (found["with_data_area_m2"] / found["zone_area_m2"]).tolist()
    assert share == pytest.approx([0.5, 1 - (np.arccos(0.6) - 0.48) / np.pi], abs=1e-4)


def test_bare_ground_is_land(tmp_path: Path):
    """An NDVI of exactly 0 counts."""
    found = around(raster(tmp_path / "a.tif", halves(0.0, 0.6), nodata=NO_DATA))
    assert found["ndvi"][0] == pytest.approx(0.3, abs=1e-6)


def test_a_home_off_the_raster_is_null_and_not_0(tmp_path: Path):
    """Nothing is known around one of two homes; half off, the other half tells."""
    land = raster(tmp_path / "a.tif", halves(0.2, 0.6), nodata=NO_DATA)
    far = {"E01000001": (300_000.0, 300_000.0), "E01000002": (402_000.0, 499_040.0)}
    found = around(land, far)
    assert found["ndvi"].isna().tolist() == [True, False]
    assert found["with_data_area_m2"][0] == 0
    assert found["with_data_area_m2"][1] == pytest.approx(np.pi * 500**2 / 2, rel=1e-6)
    assert found["ndvi"][1] == pytest.approx(0.6, abs=1e-6)


def test_numbers_with_a_scale_are_read_as_they_are_meant(tmp_path: Path):
    """NDVI stored as whole numbers of 0.01 gives what the fractions give, water and all."""
    values = halves(-0.3, 0.6)
    stored = np.rint(values * 100).astype(np.int16)
    raster(tmp_path / "b.tif", stored, nodata=-900)
    with rasterio.open(tmp_path / "b.tif", "r+") as out:
        out.scales = (0.01,)
    found = around(YearlyRaster(block_raster(tmp_path / "b.tif"), None))
    expected = around(raster(tmp_path / "a.tif", values, nodata=NO_DATA))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6)


@settings(deadline=None, max_examples=15)
@drawn_from(st.integers(0, 2**32 - 1), st.floats(-400, 400), st.floats(-400, 400))
def test_the_mean_is_that_of_many_small_cells(
    tmp_path_factory: pytest.TempPathFactory, seed: int, east_m: float, south_m: float
):
    """The middles of cells of 2 m that lie in the circle have the same mean, to a thousandth."""
    values = np.random.default_rng(seed).uniform(-0.2, 0.9, (SIDE, SIDE)).astype(np.float32)
    land = raster(tmp_path_factory.mktemp("any") / "a.tif", values, nodata=NO_DATA)
    home = (401_000 + east_m, 499_040 - south_m)
    found = around(land, dict.fromkeys(HOMES, home))["ndvi"][0]
    fine = np.kron(values, np.ones((5, 5), np.float32)).astype(np.float64)
    middles_m = 2 * np.arange(5 * SIDE) + 1
    x_m, y_m = np.meshgrid(WEST + middles_m, NORTH - middles_m)
    inside = (np.hypot(x_m - home[0], y_m - home[1]) < 500) & (fine >= 0)
    assert found == pytest.approx(fine[inside].mean(), abs=1e-3)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (halves(1, 2).astype(np.uint8), "NDVI from -1 to 1, found whole numbers without a scale"),
        (halves(20, 60), "expected NDVI from -1 to 1, found 60"),
        (halves(-2, 0.5), "expected NDVI from -1 to 1, found -2"),
        (halves(-0.5, -0.1), "no data on land around the homes of any of the 2 small areas"),
    ],
)
def test_a_raster_of_anything_else_is_refused(tmp_path: Path, values: np.ndarray, problem: str):
    """Classes, another scale, a number for no value that is not named, and open sea."""
    land = raster(tmp_path / "a.tif", values, nodata=0 if values.dtype == np.uint8 else NO_DATA)
    with pytest.raises(SchemaError, match=rf"a\.tif: .*{problem}"):
        around(land)


def test_a_small_area_without_a_centroid_stops(tmp_path: Path):
    """Its people live nowhere: they are not dropped in silence."""
    land = raster(tmp_path / "a.tif", halves(0.2, 0.6), nodata=NO_DATA)
    with pytest.raises(AlignmentError, match="centroid"):
        around(land, {"E01000001": HOMES["E01000001"]})
