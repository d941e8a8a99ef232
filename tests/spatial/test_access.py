import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import AlignmentError, GeometryError
from healthycities.spatial.access import nearest_distance_m, nearest_distances_m

coordinate = st.floats(-1e6, 1e6)
places = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=30)


def test_distances_by_hand():
    """A triangle of 3, 4 and 5, a target underfoot, and the nearer of two."""
    found = nearest_distance_m([(0, 0), (3, 4), (10, 4)], [(3, 4), (100, 100)])
    assert found.tolist() == [5, 0, 7]


@given(places, places)
def test_every_pair_tried_gives_the_same(points, targets):
    """The distance is the least of the distances to all targets."""
    every = np.asarray(points)[:, np.newaxis] - np.asarray(targets)
    expected = np.hypot(every[..., 0], every[..., 1]).min(axis=1)
    np.testing.assert_allclose(nearest_distance_m(points, targets), expected, atol=1e-9)


@given(places, places)
def test_threads_change_nothing(points, targets):
    """The distances are the same on two threads as on one."""
    one = nearest_distance_m(points, targets)
    assert nearest_distance_m(points, targets, workers=2).tolist() == one.tolist()


def test_several_sizes_by_hand():
    """The nearest of any size is 3 m off, of 2 ha or more 4 m, of 20 ha or more 5, of 99 nowhere.

    A site of just the size counts, and the columns follow the sizes as they were asked for.
    """
    targets = [(3, 0), (0, 4), (-5, 0), (0, 6)]
    found = nearest_distances_m([(0, 0)], targets, [0.5, 2, 100, 20], [20, 0.5, 101, 2, 0.5])
    np.testing.assert_array_equal(found, [[5, 3, np.nan, 4, 3]])


@given(places, places, st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 99))
def test_several_sizes_equal_one_by_one(points, targets, thresholds, seed):
    """Each column is the distance to the targets of at least that size alone."""
    sizes = np.random.default_rng(seed).integers(0, 6, len(targets))
    found = nearest_distances_m(points, targets, sizes, thresholds)
    for column, least in enumerate(thresholds):
        large = np.asarray(targets)[sizes >= least]
        np.testing.assert_array_equal(found[:, column], nearest_distance_m(points, large))


def test_nothing_asked_of_several_sizes():
    """No points, no targets and no sizes are answered by what is there: nothing."""
    assert nearest_distances_m([], [(0, 0)], [1], [1, 2]).shape == (0, 2)
    assert nearest_distances_m([(0, 0)], [(0, 0)], [1], []).shape == (1, 0)
    assert np.isnan(nearest_distances_m([(0, 0)], [], [], [1, 2])).all()


def test_sizes_that_do_not_fit_are_refused():
    """A size too few, or one that is missing, is an error, not a target left out."""
    with pytest.raises(AlignmentError, match="each of 2 targets, found 1"):
        nearest_distances_m([(0, 0)], [(0, 0), (1, 1)], [1], [1])
    with pytest.raises(AlignmentError, match="each size, found 1 missing"):
        nearest_distances_m([(0, 0)], [(0, 0), (1, 1)], [1, np.nan], [1])
    with pytest.raises(AlignmentError, match="each threshold"):
        nearest_distances_m([(0, 0)], [(0, 0)], [1], [np.nan])


def test_without_targets_no_distance_is_known():
    """With nothing to go to, the distance is missing, not endless and not 0."""
    assert np.isnan(nearest_distance_m([(0, 0), (1, 1)], np.zeros((0, 2)))).all()


def test_without_points_nothing_is_measured():
    """No points give no distances."""
    assert nearest_distance_m([], [(0, 0)]).shape == (0,)


@pytest.mark.parametrize(
    ("points", "targets", "place"),
    [
        ([(0, 0), (np.nan, 1)], [(0, 0)], "point 1"),
        ([(0, 0)], [(np.inf, 0)], "target 0"),
        ([(0, 0, 0)], [(0, 0)], "each point"),
        ([(0, 0), (0, -np.inf)], [], "point 1"),
    ],
)
def test_bad_coordinates_are_refused(points, targets, place):
    """A coordinate that is missing, infinite or one too many is an error that says where."""
    with pytest.raises(GeometryError, match=place):
        nearest_distance_m(points, targets)
