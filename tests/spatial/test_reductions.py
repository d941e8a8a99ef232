import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from shapely import MultiPolygon, box

from healthycities.errors import AlignmentError, ConfigError
from healthycities.spatial.grid import Grid
from healthycities.spatial.reductions import (
    class_fractions,
    maximum,
    minimum,
    quantiles,
    share_above,
)
from healthycities.spatial.weights import Weights

BNG = "EPSG:27700"
GAP = np.nan
LAND = Grid(0.0, 1000.0, 25.0, 40, 40)
VALUES = np.array([1.0, 2.0, 3.0, 4.0])

numbers = st.integers(-5, 5).map(float) | st.floats(-1e6, 1e6)
layers = arrays(np.float64, 12, elements=numbers | st.just(GAP))
some_weights = arrays(np.float64, 12, elements=st.floats(0.01, 1.0))


def quarters():
    """Return a zone that covers 1/4, 2/4, 3/4 and 2/4 of four cells: 2 cells; and one off them."""
    parts = [box(0, 1.5, 0.5, 2), box(1, 1.5, 2, 2), box(0, 0, 0.75, 1), box(1, 0, 1.5, 1)]
    zones = geopandas.GeoSeries([MultiPolygon(parts), box(7, 7, 8, 8)], ["A", "OFF"], crs=BNG)
    return Weights.from_grid(zones, Grid(0.0, 2.0, 1.0, 2, 2), scheduler="synchronous")


def one_row(data):
    """Return weights of one row."""
    columns = np.arange(len(data))
    return Weights(csr_array([data]), np.array(["A"]), columns, np.array([np.sum(data)]))


def patchwork(n=150, seed=3):
    """Return Voronoi zones over a square of 1,000 m and the ground about it."""
    points = np.random.default_rng(seed).uniform(0, 1000, (n, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    inside = shapely.intersection(cells, box(0, 0, 1000, 1000))
    return geopandas.GeoSeries(inside, index=[f"E{i:08d}" for i in range(n)], crs=BNG)


def by_exactextract(zones, values, *operations):
    """Return what exactextract finds for each zone."""
    source = NumPyRasterSource(
        values.reshape(LAND.shape), 0, 0, 1000, 1000, srs_wkt=zones.crs.to_wkt()
    )
    features = geopandas.GeoDataFrame(geometry=zones)
    return exact_extract(source, features, list(operations), output="pandas")


# --- By hand, on four cells ---


def test_lowest_and_highest():
    """Of 1 to 4 the lowest is 1 and the highest 4; without the first, 2 of a covered 7/8."""
    assert minimum(quarters(), VALUES).value[0] == 1
    assert maximum(quarters(), VALUES).value[0] == 4
    found = minimum(quarters(), [GAP, 2, 3, 4])
    assert (found.value[0], found.covered_share[0]) == (2, 0.875)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 1), (0.1, 1), (0.125, 1), (0.126, 2), (0.375, 2), (0.5, 3), (0.75, 3), (0.76, 4), (1, 4)],
)
def test_quantiles(share, expected):
    """The running shares of 1/4, 2/4, 3/4 and 2/4 are 0.125, 0.375, 0.75 and 1."""
    assert quantiles(quarters(), VALUES, share).value[0] == expected


def test_quantiles_pass_over_what_is_missing():
    """Without the 3, half of 5/4 is reached by the 2; 5/8 of the zone is covered."""
    found = quantiles(quarters(), [1, 2, GAP, 4], 0.5)
    assert (found.value[0], found.covered_share[0]) == (2, 0.625)


def test_quantiles_by_people():
    """8 people a cell at 1 and 2 at 4, by area 2 and 1: the median is 1, and 7 in 10 reach 4."""
    found = quantiles(quarters(), VALUES, [0.5, 0.7], by=[8, 0, 0, 2])
    assert found.value[0].tolist() == [1, 4]
    assert found.covered_share[0] == 1


def test_share_above():
    """3/4 and 2/4 of 2 cells lie above 2; without the 3, 2/4 of 5/4; a value of 2 is not above."""
    assert share_above(quarters(), VALUES, 2).value[0] == 0.625
    found = share_above(quarters(), [1, 2, GAP, 4], 2)
    assert found.value[0] == pytest.approx(0.4)
    assert found.covered_share[0] == 0.625
    assert share_above(quarters(), VALUES, 2, by=[8, 0, 0, 2]).value[0] == pytest.approx(1 / 3)


def test_class_fractions():
    """With 255 for no data, half of what is known is of class 7 and half of 9; none is of 8."""
    found = class_fractions(quarters(), np.array([7, 7, 9, 255], "uint8"), [9, 8, 7], missing=[255])
    assert found.value[0].tolist() == pytest.approx([0.5, 0, 0.5])
    assert found.covered_share[0] == 0.75


def test_classes_that_are_not_asked_for_still_count():
    """Ground of another class is in what the shares are of."""
    classes = np.array([7, 7, 9, 9])
    assert class_fractions(quarters(), classes, [7]).value[0].tolist() == [0.375]
    by = [8, 0, 0, 2]
    assert class_fractions(quarters(), classes, [7], by=by).value[0] == pytest.approx([2 / 3])
    assert class_fractions(quarters(), classes, []).value.shape == (2, 0)
    assert class_fractions(quarters(), classes.astype("uint8"), [7, 300]).value[0, 1] == 0


def test_a_row_without_values_is_missing():
    """Where a zone has no cell, or none with a value, nothing is known and nothing is covered."""
    weights = quarters()
    every = (
        minimum(weights, VALUES),
        maximum(weights, VALUES),
        quantiles(weights, VALUES, 0.5),
        share_above(weights, VALUES, 2),
        class_fractions(weights, [1, 1, 1, 1], [1]),
    )
    for found in every:
        assert np.isnan(found.value[1]).all()
        assert found.covered_share.tolist() == [1, 0]
    assert np.isnan(maximum(weights, [GAP] * 4).value).all()
    assert np.isnan(class_fractions(weights, [1] * 4, [1], missing=[1]).value).all()


def test_what_has_no_weight_does_not_count():
    """A column of weight 0, or without people, is neither lowest nor highest nor between."""
    weights = one_row([0.0, 1.0, 1.0])
    assert minimum(weights, [-9, 1, 2]).value.tolist() == [1]
    assert quantiles(weights, [-9, 1, 2], 0).value.tolist() == [1]
    assert quantiles(weights, [-9, 1, 2], 0, by=[1, 0, 1]).value.tolist() == [2]


def test_layers_lack_what_they_lack():
    """Layers with gaps of their own give what each gives alone."""
    weights = Weights.from_grid(patchwork(30), LAND)
    draw = np.random.default_rng(5)
    many = draw.normal(size=(LAND.size, 3))
    many[draw.random(many.shape) < 0.3] = GAP
    for found, alone in (
        (minimum(weights, many), lambda one: minimum(weights, one)),
        (maximum(weights, many), lambda one: maximum(weights, one)),
        (quantiles(weights, many, [0.1, 0.5]), lambda one: quantiles(weights, one, [0.1, 0.5])),
        (share_above(weights, many, 0), lambda one: share_above(weights, one, 0)),
    ):
        assert not np.array_equal(found.covered_share[:, 0], found.covered_share[:, 1])
        for layer in range(3):
            expected = alone(many[:, layer])
            np.testing.assert_array_equal(found.value[:, layer], expected.value)
            np.testing.assert_array_equal(found.covered_share[:, layer], expected.covered_share)


# --- Properties ---


@given(layers, some_weights)
def test_what_lies_between(values, data):
    """Lowest, tenth, median, ninetieth and highest rise, and the mean lies between the ends."""
    weights = one_row(data)
    low, high = minimum(weights, values).value[0], maximum(weights, values).value[0]
    ranks = quantiles(weights, values, [0, 0.1, 0.5, 0.9, 1]).value[0]
    if np.isnan(values).all():
        assert np.isnan([low, high, *ranks]).all()
    else:
        assert (np.diff(ranks) >= 0).all()
        assert (ranks[0], ranks[-1]) == (low, high)
        assert low - 1e-6 <= weights.aggregate(values).value[0] <= high + 1e-6


@given(layers, some_weights, st.permutations(range(12)), st.sampled_from([0.1, 0.37, 0.5, 0.9]))
def test_order_of_columns_changes_nothing(values, data, order, share):
    """Columns in another order give the same."""
    one, other = one_row(data), one_row(data[order])
    for reduce in (minimum, maximum, lambda w, v: quantiles(w, v, share)):
        expected = reduce(one, values).value
        np.testing.assert_array_equal(reduce(other, values[order]).value, expected)
    expected = share_above(one, values, 0.5).value
    np.testing.assert_allclose(share_above(other, values[order], 0.5).value, expected)


@given(some_weights, st.floats(-1e6, 1e6), st.floats(0, 1))
def test_quantile_of_a_constant(data, value, share):
    """Every quantile of one value is that value."""
    assert quantiles(one_row(data), np.full(12, value), share).value.tolist() == [value]


@given(layers, some_weights, st.floats(0.01, 0.99))
def test_cutting_a_column_in_two_changes_nothing(values, data, part):
    """A column in two pieces, with the same value in both, counts as it did whole."""
    pieces = one_row(np.concatenate([data * part, data * (1 - part)]))
    twice = np.concatenate([values, values])
    shares = [0.0, 0.234, 0.5, 0.789, 1.0]
    expected = quantiles(one_row(data), values, shares).value
    np.testing.assert_array_equal(quantiles(pieces, twice, shares).value, expected)


@given(arrays(np.int64, 12, elements=st.integers(0, 5)), some_weights)
def test_fractions_of_all_classes_add_up(classes, data):
    """The shares of all classes that are known add up to 1, and each is the mean of its mask."""
    weights = one_row(data)
    found = class_fractions(weights, classes, range(1, 6), missing=[0]).value[0]
    if (classes == 0).all():
        assert np.isnan(found).all()
    else:
        assert found.sum() == pytest.approx(1)
        mask = np.where(classes == 0, GAP, classes == 3)
        assert found[2] == pytest.approx(weights.aggregate(mask).value[0])


# --- exactextract as an oracle ---


def test_exactextract_finds_the_same_ends():
    """The lowest and highest value are those of exactextract, to the bit."""
    zones, values = patchwork(), np.random.default_rng(4).normal(size=LAND.size)
    weights = Weights.from_grid(zones, LAND)
    peer = by_exactextract(zones, values, "min", "max")
    np.testing.assert_array_equal(minimum(weights, values).value, peer["min"])
    np.testing.assert_array_equal(maximum(weights, values).value, peer["max"])


def test_exactextract_finds_quantiles_between_the_same_neighbours():
    """Its quantile lies between ours of a share one cell lower and one cell higher.

    It interpolates between neighbouring values, at places that depend on the number of cells (the
    weighted form of definition 7 of Hyndman and Fan); ours is always one of the values.
    """
    zones, values = patchwork(40), np.random.default_rng(4).normal(size=LAND.size)
    weights = Weights.from_grid(zones, LAND)
    shares = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    operations = [f"quantile(q={share})" for share in shares]
    peer = by_exactextract(zones, values, *operations).to_numpy()
    for row in range(len(zones)):
        alone = Weights(
            weights.matrix[[row]], weights.rows[[row]], weights.columns, weights.row_total[[row]]
        )
        cell = weights.matrix[[row]].max() / weights.row_total[row] * (1 + 1e-6)
        low = quantiles(alone, values, np.clip(shares - cell, 0, 1)).value[0]
        high = quantiles(alone, values, np.clip(shares + cell, 0, 1)).value[0]
        assert ((low <= peer[row]) & (peer[row] <= high)).all()


def test_exactextract_finds_the_same_fractions():
    """Fractions of classes are those of exactextract, as far as its float32 goes."""
    zones = patchwork()
    classes = np.random.default_rng(4).integers(1, 4, LAND.size).astype(np.uint8)
    found = class_fractions(Weights.from_grid(zones, LAND), classes, [1, 2, 3]).value
    peer = by_exactextract(zones, classes, "unique", "frac")
    for row, (kinds, fractions) in enumerate(zip(peer["unique"], peer["frac"], strict=True)):
        expected = pd.Series(fractions, index=kinds).reindex([1, 2, 3], fill_value=0)
        np.testing.assert_allclose(found[row], expected, atol=1e-6)


# --- What is refused ---


def test_wrong_questions_are_refused():
    """A share beyond 1, a value too few and classes that are no whole numbers are errors."""
    weights = quarters()
    for share in (-0.1, 1.1, GAP):
        with pytest.raises(ConfigError, match="shares from 0 to 1"):
            quantiles(weights, VALUES, [0.5, share])
    for reduce in (minimum, maximum, lambda w, v: quantiles(w, v, 0.5)):
        with pytest.raises(AlignmentError, match="each of 4 columns"):
            reduce(weights, [1, 2, 3])
    with pytest.raises(AlignmentError, match="whole number"):
        class_fractions(weights, VALUES, [1])
    with pytest.raises(AlignmentError, match="each of 4 columns"):
        class_fractions(weights, [1, 2, 3], [1])
