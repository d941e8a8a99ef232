import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import GeometryError
from healthycities.spatial.access import nearest_distance_m

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
