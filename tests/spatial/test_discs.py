from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import SchemaError
from healthycities.spatial.discs import VERTICES, discs


@given(
    st.floats(0, 700_000),
    st.floats(0, 1_300_000),
    st.floats(1, 5000),
    st.integers(3, 400),
)
def test_a_disc_has_the_area_of_a_circle_around_its_point(east_m, north_m, radius_m, vertices):
    """Whatever the number of vertices, the area is that of the circle and the middle the point."""
    (disc,) = discs([[east_m, north_m]], radius_m, vertices)
    assert disc.area == pytest.approx(np.pi * radius_m**2, rel=1e-8)
    assert shapely.get_coordinates(disc.centroid)[0] == pytest.approx([east_m, north_m], abs=1e-4)
    assert disc.is_valid


def test_its_edge_is_nowhere_far_from_the_circle():
    """500 m around home the polygon's edge runs from 499.95 m to 500.10 m away."""
    (disc,) = discs([[400_000, 500_000]], 500)
    corners = shapely.get_coordinates(disc)
    assert len(corners) == VERTICES + 1
    middles = (corners[:-1] + corners[1:]) / 2
    away_m = np.hypot(*(np.concatenate([corners, middles]) - [400_000, 500_000]).T)
    assert away_m.min() == pytest.approx(499.95, abs=0.005)
    assert away_m.max() == pytest.approx(500.10, abs=0.005)


def test_discs_stand_in_the_order_of_their_points():
    """Two points have two discs, and none has none."""
    found = discs([[0, 0], [1000, 0]], 10)
    assert [round(disc.centroid.x) for disc in found] == [0, 1000]
    assert len(discs(np.empty((0, 2)), 10)) == 0


@pytest.mark.parametrize(
    ("point", "radius_m", "vertices"),
    [
        ([0, 0], 0, 128),
        ([0, 0], -1, 128),
        ([0, 0], np.inf, 128),
        ([0, 0], 1, 2),
        ([np.nan, 0], 1, 9),
    ],
)
def test_what_is_no_disc_is_refused(point, radius_m, vertices):
    """A radius of 0, two vertices or a point that is missing make no disc."""
    with pytest.raises(SchemaError, match="discs: expected finite points, a radius above 0"):
        discs([point], radius_m, vertices)
