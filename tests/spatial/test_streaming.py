from __future__ import annotations

from dataclasses import fields
from functools import partial

import geopandas
import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from healthycities.errors import AlignmentError, ConfigError, GeometryError
from healthycities.spatial.grid import Grid
from healthycities.spatial.spans import Window
from healthycities.spatial.streaming import Block, class_areas, statistics
from healthycities.spatial.weights import Weights

BNG = "EPSG:27700"
THREE = Grid(0.0, 3.0, 1.0, 3, 3)
NINE = np.arange(1, 10).reshape(3, 3)
FOUR = Grid(0.0, 20.0, 10.0, 2, 2)
HUNDREDS = Grid(1000.0, 5000.0, 100.0, 30, 40)


def cut(grid, n_rows, n_columns):
    """Return windows of a size, row by row, that cover a grid."""
    return [
        Window(row, column, min(n_rows, grid.n_rows - row), min(n_columns, grid.n_columns - column))
        for row in range(0, grid.n_rows, n_rows)
        for column in range(0, grid.n_columns, n_columns)
    ]


def decode(windows, values, missing=None):
    """Yield blocks of an array that stands for a raster."""
    for row, column, n_rows, n_columns in windows:
        block = values[row : row + n_rows, column : column + n_columns]
        yield Block(block, None if missing is None else block != missing)


def reader(values, missing=None):
    """Return a function that decodes an array."""
    return partial(decode, values=values, missing=missing)


def whole(grid):
    """Return the one window that is the grid."""
    return cut(grid, *grid.shape)


def wheels(n, seed):
    """Return irregular polygons here and there, some of them partly off the grid."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    spokes = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    radius = draw.uniform(20, 900, (n, 1)) * draw.uniform(0.5, 1, (n, 24))
    centre = draw.uniform((1000, 2000), (5000, 5000), (n, 2))
    return shapely.polygons(centre[:, None] + radius[..., None] * spokes)


def bits(result):
    """Return all numbers of a result as bytes."""
    return [np.asarray(getattr(result, field.name)).tobytes() for field in fields(result)]


# --- Classes ---


def test_classes_of_four_cells():
    """A zone over half of four cells of 100 m2: 50 m2 of each, one of them of another class."""
    values = np.array([[1, 2], [2, 7]], dtype=np.uint8)
    found = class_areas([box(5, 0, 15, 20)], FOUR, whole(FOUR), reader(values), [2, 1, 9])
    assert found.codes.tolist() == [2, 1, 9]
    assert found.area_m2.tolist() == [[100, 50, 0]]
    assert found.with_data_m2.tolist() == found.zone_area_m2.tolist() == [200]
    assert found.share.tolist() == [[0.5, 0.25, 0]]
    assert found.covered_share.tolist() == [1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.int64])
def test_missing_cells_are_in_no_class(dtype):
    """A cell without a value is no class and no data, and shares are of what is left."""
    values = np.array([[0, 2], [2, 7]], dtype=dtype)
    zones = [box(5, 0, 15, 20), box(0, 10, 10, 20), box(15, 5, 40, 15)]
    found = class_areas(zones, FOUR, whole(FOUR), reader(values, 0), [2, -3, 300, 7, 0])
    expected = [[100, 0, 0, 50, 0], [0, 0, 0, 0, 0], [25, 0, 0, 25, 0]]
    assert found.area_m2.tolist() == expected
    assert found.with_data_m2.tolist() == [150, 0, 50]
    assert found.covered_share.tolist() == [0.75, 0, 0.2]
    np.testing.assert_array_equal(found.share[1], np.nan)
    np.testing.assert_allclose(found.share[0], [2 / 3, 0, 0, 1 / 3, 0])


def test_what_is_in_no_window_has_no_data():
    """Where the windows leave out the lower row, a zone over both is half covered."""
    values = np.array([[1, 1], [1, 1]], dtype=np.uint8)
    found = class_areas([box(0, 0, 20, 20)], FOUR, [Window(0, 0, 1, 2)], reader(values), [1])
    assert (found.area_m2.tolist(), found.covered_share.tolist()) == ([[200]], [0.5])


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 40), st.booleans())
def test_class_areas_are_those_of_weights(seed, n_rows, n_columns, wide):
    """Whatever the windows, the areas are the weights of each class's cells added up."""
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 5, HUNDREDS.shape, dtype=np.int16 if wide else np.uint8)
    zones = wheels(8, seed)
    windows = cut(HUNDREDS, n_rows, n_columns)
    found = class_areas(zones, HUNDREDS, windows, reader(values, 4), [3, 0, 1])
    codes = [f"Z{number}" for number in range(8)]
    matrix = Weights.from_grid(geopandas.GeoSeries(zones, codes, crs=BNG), HUNDREDS).matrix
    for position, code in enumerate((3, 0, 1)):
        expected = matrix @ (values.ravel() == code) * 1e4
        np.testing.assert_allclose(found.area_m2[:, position], expected, atol=1e-6)
    np.testing.assert_allclose(found.with_data_m2, matrix @ (values.ravel() != 4) * 1e4, atol=1e-6)


def test_exactextract_gives_the_same_shares():
    """exactextract, which keeps float32, finds the same shares of classes, to 1e-6."""
    values = np.random.default_rng(3).integers(1, 6, HUNDREDS.shape, dtype=np.uint8)
    zones = wheels(100, 7)
    features = geopandas.GeoDataFrame(geometry=zones, crs=BNG)
    source = NumPyRasterSource(values, 1000, 2000, 5000, 5000, srs_wkt=features.crs.to_wkt())
    peer = exact_extract(source, features, ["unique", "frac"], output="pandas")
    expected = np.zeros((100, 5))
    for zone, (codes, shares) in enumerate(zip(peer.unique, peer.frac, strict=True)):
        expected[zone, np.asarray(codes, dtype=int) - 1] = shares
    found = class_areas(zones, HUNDREDS, cut(HUNDREDS, 7, 16), reader(values), range(1, 6))
    np.testing.assert_allclose(found.share, expected, rtol=0, atol=1e-6)


# --- Statistics ---


def test_box_over_nine_cells():
    """The box from 0.5 to 2.5 over 1 to 9: 4 cells of mean 5, of which 1.5 above 6, 2 below 5."""
    zone = [box(0.5, 0.5, 2.5, 2.5)]
    found = statistics(zone, THREE, cut(THREE, 1, 2), reader(NINE), threshold=6)
    assert (found.total.tolist(), found.mean.tolist()) == ([20], [5])
    assert (found.lowest.tolist(), found.highest.tolist()) == ([1], [9])
    assert found.share_above.tolist() == [(0.25 + 0.5 + 0.25) / 4]
    assert found.share_below.tolist() == [(0.25 + 0.5 + 0.25 + 0.5 + 1) / 4]
    assert found.with_data_m2.tolist() == [4]


def test_missing_cells_pull_nothing():
    """The middle cell and a NaN left out, the mean is of the rest, and the share says so."""
    values = NINE.astype(np.float32)
    values[0, 0] = np.nan
    zones = [box(0, 0, 3, 3), box(1, 1, 2, 2), box(8, 8, 9, 9)]
    found = statistics(zones, THREE, whole(THREE), reader(values, 5))
    np.testing.assert_array_equal(found.total, [39, np.nan, np.nan])
    np.testing.assert_allclose(found.mean, [39 / 7, np.nan, np.nan])
    np.testing.assert_array_equal(found.lowest, [2, np.nan, np.nan])
    np.testing.assert_array_equal(found.share_above, [0, np.nan, np.nan])
    np.testing.assert_allclose(found.covered_share, [7 / 9, 0, 0])


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 40))
def test_means_and_sums_are_those_of_weights(seed, n_rows, n_columns):
    """Whatever the windows, mean, sum and covered share are what the weights give."""
    values = np.random.default_rng(seed).normal(10, 5, HUNDREDS.shape)
    values[values > 15] = np.nan
    zones = wheels(8, seed)
    found = statistics(zones, HUNDREDS, cut(HUNDREDS, n_rows, n_columns), reader(values))
    codes = [f"Z{number}" for number in range(8)]
    weights = Weights.from_grid(geopandas.GeoSeries(zones, codes, crs=BNG), HUNDREDS)
    mean = weights.aggregate(values.ravel())
    np.testing.assert_allclose(found.mean, mean.value, rtol=1e-9)
    np.testing.assert_allclose(found.covered_share, mean.covered_share, rtol=1e-9)
    known = np.nan_to_num(values.ravel())
    np.testing.assert_allclose(np.nan_to_num(found.total), weights.matrix @ known, rtol=1e-9)


def test_exactextract_gives_the_same_statistics():
    """Exactextract finds the same means, to float32, and the same extremes."""
    values = np.random.default_rng(4).normal(0, 1, HUNDREDS.shape)
    zones = wheels(100, 8)
    features = geopandas.GeoDataFrame(geometry=zones, crs=BNG)
    source = NumPyRasterSource(values, 1000, 2000, 5000, 5000, srs_wkt=features.crs.to_wkt())
    peer = exact_extract(source, features, ["mean", "min", "max"], output="pandas")
    found = statistics(zones, HUNDREDS, cut(HUNDREDS, 8, 8), reader(values))
    np.testing.assert_allclose(found.mean, peer["mean"], atol=1e-6)
    np.testing.assert_array_equal(found.lowest, peer["min"])
    np.testing.assert_array_equal(found.highest, peer["max"])


# --- Where it runs ---


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers_change_no_bit(workers):
    """Any number of threads gives the bytes of one after the other."""
    values = np.random.default_rng(5).integers(1, 6, HUNDREDS.shape, dtype=np.uint8)
    given_ = (wheels(50, 9), HUNDREDS, cut(HUNDREDS, 3, 16), reader(values))
    one = class_areas(*given_, [1, 2, 3], scheduler="synchronous")
    other = class_areas(*given_, [1, 2, 3], workers=workers)
    assert bits(other) == bits(one)
    one, other = statistics(*given_, scheduler="synchronous"), statistics(*given_, workers=workers)
    assert bits(other) == bits(one)


def test_each_window_is_decoded_once_and_only_where_zones_are():
    """However many zones lie in a window it is decoded once, and never where there is none."""
    seen = []

    def counting(windows):
        for window in windows:
            seen.append(window)
            yield from decode([window], NINE)

    statistics([box(0, 0, 1, 3)] * 5, THREE, cut(THREE, 1, 1), counting, scheduler="synchronous")
    assert sorted(seen) == [Window(0, 0, 1, 1), Window(1, 0, 1, 1), Window(2, 0, 1, 1)]


def test_no_zones():
    """No zones give no rows."""
    found = class_areas([], THREE, whole(THREE), reader(NINE), [1])
    assert (found.area_m2.shape, found.share.shape) == ((0, 1), (0, 1))


@pytest.mark.parametrize(
    ("windows", "problem"),
    [
        ([Window(0, 0, 2, 3), Window(1, 0, 2, 3)], "bands of rows from the north"),
        ([Window(0, 0, 3, 2), Window(0, 1, 3, 2)], "windows from the west"),
    ],
)
def test_windows_that_overlap_are_refused(windows, problem):
    """A cell is never counted twice."""
    with pytest.raises(AlignmentError, match=problem):
        statistics([box(0, 0, 1, 1)], THREE, windows, reader(NINE))


def test_what_cannot_be_counted_is_refused():
    """Repeated or no codes, classes that are fractions, wrong blocks and shapes are told."""
    zone, windows = [box(0, 0, 1, 1)], whole(THREE)
    for codes in ([1, 1], []):
        with pytest.raises(ConfigError, match="codes, each once"):
            class_areas(zone, THREE, windows, reader(NINE), codes)
    with pytest.raises(ConfigError, match="classes as whole numbers, found values of float64"):
        class_areas(zone, THREE, windows, reader(NINE / 2), [1])
    with pytest.raises(AlignmentError, match=r"shape of its window, found \(3, 2\)"):
        statistics(zone, THREE, windows, reader(NINE[:, :2]))
    with pytest.raises(GeometryError, match="zone 0: expected a polygon"):
        statistics([shapely.Point(1, 1)], THREE, windows, reader(NINE))
