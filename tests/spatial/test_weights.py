import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from shapely import box

from healthycities.errors import (
    AlignmentError,
    ConfigError,
    CrsError,
    GeometryError,
)
from healthycities.io.weights import write_weights
from healthycities.spatial.grid import Grid
from healthycities.spatial.weights import Weights

BNG = "EPSG:27700"
THREE = Grid(0.0, 3.0, 1.0, 3, 3)
NINE = np.arange(1.0, 10.0)
LEFT_COLUMN = np.array([1, 0, 0, 1, 0, 0, 1, 0, 0], dtype=float)


def series(**zones):
    """Return zones by code."""
    return geopandas.GeoSeries(pd.Series(zones, dtype=object), crs=BNG)


def patchwork(n=200, seed=3):
    """Return Voronoi zones over a square of 1,000 m and the ground about it."""
    points = np.random.default_rng(seed).uniform(-100, 1100, (n, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    return geopandas.GeoSeries(cells, index=[f"E{i:08d}" for i in range(len(cells))], crs=BNG)


def stored(weights, path):
    """Write weights and return the bytes of the file."""
    write_weights(path, weights)
    return path.read_bytes()


@pytest.fixture
def box_weights():
    """Return the weights of the box from 0.5 to 2.5 over nine cells."""
    return Weights.from_grid(series(A=box(0.5, 0.5, 2.5, 2.5)), THREE)


# --- From a grid ---


def test_box_over_nine_cells(box_weights):
    """The box from 0.5 to 2.5 over cells of 1 to 9 holds 4 cells, with mean 5 and sum 20."""
    assert box_weights.row_total.tolist() == [4]
    assert box_weights.aggregate(NINE).value.tolist() == [5]
    assert box_weights.aggregate(NINE).covered_share.tolist() == [1]
    assert box_weights.aggregate(NINE, "sum").value.tolist() == [20]


def test_weights_on_the_bottom_row(box_weights):
    """Weighed by the bottom row alone, the mean is 8 and the sum of the values there is 8."""
    bottom = [0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert box_weights.aggregate(NINE, by=bottom).value.tolist() == [8]
    assert box_weights.aggregate(NINE, "sum", by=bottom).value.tolist() == [8]


def test_rows_keep_the_order_of_the_zones():
    """Rows, columns and totals are those of the zones given and of the grid."""
    zones = series(Z=box(2, 0, 3, 1), A=box(0, 2, 1, 3), M=box(-1, 0, 1, 2))
    weights = Weights.from_grid(zones, THREE, block_size=1)
    assert weights.rows.tolist() == ["Z", "A", "M"]
    assert weights.columns.tolist() == list(range(9))
    assert weights.matrix.toarray().argmax(axis=1).tolist() == [8, 0, 3]
    assert weights.row_total.tolist() == [1, 1, 4]
    assert weights.grid == THREE


def test_zone_half_off_the_grid_is_half_covered():
    """A zone's whole area counts, so that the part off the grid shows as not covered."""
    zones = series(HALF=box(-1, 0, 1, 3), OFF=box(7, 7, 8, 8))
    found = Weights.from_grid(zones, THREE).aggregate(NINE)
    np.testing.assert_array_equal(found.value, [4, np.nan])
    assert found.covered_share.tolist() == [0.5, 0]


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
@pytest.mark.parametrize("block_size", [1, 7, 64, 10_000])
def test_blocks_change_nothing(scheduler, block_size, tmp_path):
    """The weights are the same to the byte, however the zones are cut and wherever they run."""
    zones, grid = patchwork(), Grid(0.0, 1000.0, 25.0, 40, 40)
    whole = Weights.from_grid(zones, grid, scheduler="synchronous")
    cut = Weights.from_grid(zones, grid, scheduler=scheduler, workers=2, block_size=block_size)
    assert stored(cut, tmp_path / "cut.npz") == stored(whole, tmp_path / "whole.npz")


def test_a_partition_loses_nothing():
    """Zones that fill the grid cover each cell by 1, and keep the total of a count grid."""
    weights = Weights.from_grid(patchwork(), Grid(0.0, 1000.0, 25.0, 40, 40))
    counts = np.random.default_rng(1).poisson(9.0, 1600).astype(float)
    np.testing.assert_allclose(weights.matrix.sum(axis=0), 1.0, atol=1e-9)
    sums = weights.aggregate(counts, "sum").value
    assert np.nansum(sums) == pytest.approx(counts.sum(), rel=1e-9)
    assert (np.isnan(sums) == (weights.matrix.sum(axis=1) == 0)).all()


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:3857"])
def test_another_coordinate_reference_system_is_refused(crs):
    """Zones that are not in the grid's coordinate reference system are an error."""
    zones = geopandas.GeoSeries([box(0, 0, 1, 1)], index=["A"], crs=crs)
    with pytest.raises(CrsError, match="EPSG:27700"):
        Weights.from_grid(zones, THREE)


def test_bad_zones_are_refused():
    """A repeated code, a code that is no text and a missing shape are errors that name it."""
    square = box(0, 0, 1, 1)
    with pytest.raises(AlignmentError, match="repeats, the first of them B"):
        Weights.from_grid(geopandas.GeoSeries([square] * 3, ["A", "B", "B"], crs=BNG), THREE)
    with pytest.raises(AlignmentError, match="as text"):
        Weights.from_grid(geopandas.GeoSeries([square], [7], crs=BNG), THREE)
    with pytest.raises(GeometryError, match="zone B: expected a polygon"):
        Weights.from_grid(geopandas.GeoSeries([square, None], ["A", "B"], crs=BNG), THREE)


def test_no_zones():
    """No zones give weights without rows."""
    empty = geopandas.GeoSeries([], index=pd.Index([], dtype=str), crs=BNG)
    weights = Weights.from_grid(empty, THREE)
    assert weights.matrix.shape == (0, 9)
    assert weights.aggregate(NINE).value.shape == (0,)


# --- Aggregation ---


def test_missing_values_do_not_pull_the_mean(box_weights):
    """Without the middle cell, 3 of 4 cells have data, and their mean is (20 - 5) / 3 = 5."""
    values = np.where(NINE == 5, np.nan, NINE)
    found = box_weights.aggregate(values)
    assert (found.value.tolist(), found.covered_share.tolist()) == ([5], [0.75])


def test_a_sum_with_a_gap_is_missing(box_weights):
    """A sum over a missing cell is NaN, with the share that had data; one elsewhere is no harm."""
    found = box_weights.aggregate(np.where(NINE == 1, np.nan, NINE), "sum")
    assert np.isnan(found.value).all()
    assert found.covered_share.tolist() == [0.9375]
    corner = Weights.from_grid(series(A=box(2, 0, 3, 1)), THREE)
    assert corner.aggregate(np.where(NINE == 1, np.nan, NINE), "sum").value.tolist() == [9]


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_without_any_value_nothing_is_known(box_weights, how):
    """All missing gives NaN and nothing covered, not 0."""
    found = box_weights.aggregate(np.full(9, np.nan), how)
    assert np.isnan(found.value).all()
    assert found.covered_share.tolist() == [0]


def test_mean_by_people():
    """30 people at 10 and 10 at 20 have a mean of 12.5; the 60 without a value are not covered."""
    weights = Weights.membership(["a", "b", "c"], ["X", "X", "X"])
    found = weights.aggregate([10, 20, np.nan], by=[30, 10, 60])
    assert (found.value.tolist(), found.covered_share.tolist()) == ([12.5], [0.4])


def test_sum_by_people():
    """30 people at a rate of 0.1 and 10 at 0.2 make 5 cases; a gap without people does no harm."""
    weights = Weights.membership(["a", "b", "c", "d"], ["X", "X", "X", "Y"])
    found = weights.aggregate([0.1, 0.2, np.nan, 0.5], "sum", by=[30, 10, 0, 0])
    np.testing.assert_allclose(found.value, [5, 0])
    assert found.covered_share.tolist() == [1, 0]


def test_mean_where_nobody_lives():
    """A row without people has no mean by people."""
    found = Weights.membership(["a"], ["X"]).aggregate([3.0], by=[0])
    assert np.isnan(found.value).all()
    assert found.covered_share.tolist() == [0]


@pytest.mark.parametrize("how", ["mean", "sum"])
@pytest.mark.parametrize("by", [None, LEFT_COLUMN])
def test_layers_are_aggregated_one_by_one(how, by):
    """Many layers at once give what each gives alone, with gaps alike or not."""
    zones = series(A=box(0.5, 0.5, 2.5, 2.5), B=box(-1, 0, 1, 1), C=box(5, 5, 6, 6))
    weights = Weights.from_grid(zones, THREE)
    gap = np.where(NINE == 7, np.nan, NINE)
    for layers in (np.column_stack([NINE, gap, NINE * 2]), np.column_stack([gap, gap + 1])):
        found = weights.aggregate(layers, how, by)
        for layer in range(layers.shape[1]):
            alone = weights.aggregate(layers[:, layer], how, by)
            np.testing.assert_array_equal(found.value[:, layer], alone.value)
            np.testing.assert_array_equal(found.covered_share[:, layer], alone.covered_share)


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_threads_and_memory_change_nothing(how):
    """Many layers give the same on two threads, and whichever way they lie in memory."""
    weights = Weights.from_grid(patchwork(1500), Grid(0.0, 1000.0, 25.0, 40, 40))
    draw = np.random.default_rng(6)
    layers = draw.normal(size=(1600, 5))
    layers[draw.random(layers.shape) < 0.1] = np.nan
    expected = weights.aggregate(layers, how)
    for found in (
        weights.aggregate(layers, how, workers=2),
        weights.aggregate(np.asfortranarray(layers), how),
    ):
        np.testing.assert_array_equal(found.value, expected.value)
        np.testing.assert_array_equal(found.covered_share, expected.covered_share)


@given(arrays(np.float64, 9, elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_a_mean_lies_among_its_values(values):
    """A mean is within the range of the values, and the share within 0 to 1."""
    weights = Weights.from_grid(series(A=box(0.5, 0.5, 2.5, 2.5)), THREE, scheduler="synchronous")
    found = weights.aggregate(values)
    assert 0 <= found.covered_share[0] <= 1
    if np.isfinite(values).any():
        assert np.nanmin(values) - 1e-6 <= found.value[0] <= np.nanmax(values) + 1e-6
    else:
        assert np.isnan(found.value[0])


@pytest.mark.parametrize(
    "by", [[1] * 8, [1] * 8 + [np.nan], [1] * 8 + [-1], [1] * 8 + [np.inf], np.full((9, 2), np.nan)]
)
def test_bad_numbers_to_weigh_by_are_refused(box_weights, by):
    """One finite number of 0 or more is needed for each column."""
    with pytest.raises(AlignmentError, match=r"`by`|weigh by"):
        box_weights.aggregate(NINE, by=by)


def test_rows_without_columns_have_no_value():
    """With no columns at all, every row is missing and not covered."""
    weights = Weights(csr_array((2, 0)), np.array(["X", "Y"]), np.array([], dtype=str), [1, 0])
    for how in ("mean", "sum"):
        found = weights.aggregate([], how)
        assert np.isnan(found.value).all()
        assert found.covered_share.tolist() == [0, 0]


def test_too_few_values_are_refused(box_weights):
    """One value is needed for each column."""
    with pytest.raises(AlignmentError, match="each of 9 columns"):
        box_weights.aggregate(NINE[:8])


def test_unknown_aggregation_is_refused(box_weights):
    """There are means and sums."""
    with pytest.raises(ConfigError, match="'median'"):
        box_weights.aggregate(NINE, "median")


# --- Membership, composition, alignment ---


def test_membership():
    """Children are 1 in their parent; one without a parent is in none; parents are sorted."""
    weights = Weights.membership(["c", "a", "b", "d"], ["Y", "X", "Y", None])
    assert weights.rows.tolist() == ["X", "Y"]
    assert weights.columns.tolist() == ["c", "a", "b", "d"]
    assert weights.matrix.toarray().tolist() == [[0, 1, 0, 0], [1, 0, 1, 0]]
    assert weights.row_total.tolist() == [1, 2]


def test_membership_from_a_table():
    """Columns of a table with missing parents serve as they are."""
    table = pd.DataFrame({"district": ["a", "b", "c"], "authority": ["X", None, "X"]})
    weights = Weights.membership(table["district"], table["authority"])
    assert weights.aggregate([1, 2, 4], "sum").value.tolist() == [5]


def test_membership_of_nothing():
    """Children that all lack a parent make no rows."""
    assert Weights.membership(["a", "b"], [None, np.nan]).matrix.shape == (0, 2)


def test_bad_membership_is_refused():
    """A child twice, a child without an id, or a parent too few is an error."""
    with pytest.raises(AlignmentError, match="first of them a"):
        Weights.membership(["a", "b", "a"], ["X", "X", "Y"])
    with pytest.raises(AlignmentError, match="child 1"):
        Weights.membership(["a", np.nan], ["X", "X"])
    with pytest.raises(AlignmentError, match="each of 2 children, found 1"):
        Weights.membership(["a", "b"], ["X"])


def test_composing_equals_building_directly():
    """Districts to cells, then authorities to districts, is authorities to cells."""
    zones, grid = patchwork(60), Grid(0.0, 1000.0, 50.0, 20, 20)
    parents = np.array(["X", "Y", "Z"])[np.arange(len(zones)) % 3]
    composed = Weights.membership(zones.index, parents) @ Weights.from_grid(zones, grid)
    joined = zones.groupby(parents).apply(lambda part: part.union_all())
    direct = Weights.from_grid(geopandas.GeoSeries(joined, crs=BNG), grid)
    assert composed.rows.tolist() == direct.rows.tolist() == ["X", "Y", "Z"]
    np.testing.assert_allclose(composed.matrix.toarray(), direct.matrix.toarray(), atol=1e-9)
    np.testing.assert_allclose(composed.row_total, direct.row_total)
    assert composed.grid == grid


def test_composing_keeps_what_is_off_the_grid():
    """A zone half off a grid stays half covered when its cells are made of smaller ones."""
    fine = Grid(0.0, 3.0, 0.5, 6, 6)
    coarse = Weights.from_grid(series(HALF=box(-1, 0, 1, 3)), THREE)
    row, column = np.divmod(np.arange(36), 6)
    entries = (np.ones(36), ((row // 2) * 3 + column // 2, np.arange(36)))
    refine = Weights(csr_array(entries), np.arange(9), np.arange(36), np.full(9, 4.0), fine)
    found = coarse.then(refine)
    assert found.row_total.tolist() == [24]
    assert found.aggregate(np.ones(36)).covered_share.tolist() == [0.5]


def test_misaligned_weights_do_not_compose():
    """Composing needs the same ids in the same order; the error counts and names the first."""
    upper = Weights.membership(["a", "b", "c"], ["X", "X", "Y"])
    lower = Weights.membership(["1", "2", "3"], ["a", "c", "b"])
    with pytest.raises(AlignmentError, match="2 differ, the first being 'c' against 'b'"):
        Weights.membership(["a", "c", "b"], ["X", "X", "Y"]) @ lower
    assert (upper @ lower).matrix.toarray().tolist() == [[1, 0, 1], [0, 1, 0]]


def test_misaligned_values_are_found(box_weights):
    """Ids of values must be the columns, in their order and number."""
    weights = Weights.membership(["a", "b", "c"], ["X", "X", "Y"])
    assert weights.aligned(pd.Index(["a", "b", "c"])) is weights
    assert box_weights.aligned(range(9)) is box_weights
    with pytest.raises(AlignmentError, match="2 differ, the first being 'b' against 'c'"):
        weights.aligned(["a", "c", "b"])
    with pytest.raises(AlignmentError, match="1 differ, the first being 'c' against none"):
        weights.aligned(["a", "b"])
    with pytest.raises(AlignmentError, match="3 differ, the first being 'a' against 0"):
        weights.aligned([0, 1, 2])


def test_transposing_twice_changes_nothing():
    """Rows and columns change places, and back."""
    weights = Weights.membership(["a", "b", "c"], ["X", "X", "Y"])
    once, twice = weights.transpose(), weights.transpose().transpose()
    assert once.rows.tolist() == ["a", "b", "c"]
    assert once.row_total.tolist() == [1, 1, 1]
    assert (twice.matrix.toarray() == weights.matrix.toarray()).all()
    assert twice.row_total.tolist() == weights.row_total.tolist()


def test_transposed_cells_have_the_size_of_a_cell(box_weights):
    """The share of each cell that the zones cover is its covered fraction."""
    found = box_weights.transpose().aggregate([1.0])
    assert found.covered_share.reshape(3, 3)[0].tolist() == [0.25, 0.5, 0.25]


def test_ids_must_fit_the_matrix():
    """Weights with an id too few are refused."""
    with pytest.raises(AlignmentError, match="expected weights of 1 rows and 2 columns"):
        Weights(csr_array(np.ones((1, 3))), np.array(["X"]), np.array(["a", "b"]), np.ones(1))
