import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, affinity, box

from healthycities.spatial.shared_area import shared_area_m2

SQUARE = box(0, 0, 2, 2)
FRAME = Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])


def shared(one, other):
    """Return the area that two shapes share."""
    at = np.zeros(1, np.int64)
    return float(shared_area_m2(np.array([one]), np.array([other]), at, at)[0])


def star(seed, x_m, y_m, radius_m, spokes, hole):
    """Return an irregular polygon about a point, with an irregular hole or without."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    around = np.column_stack([np.cos(angle), np.sin(angle)])
    rings = [
        (x_m, y_m) + radius_m * draw.uniform(low, high, (spokes, 1)) * around
        for low, high in ((0.5, 1.0), (0.1, 0.4))
    ]
    return Polygon(rings[0], [rings[1]] if hole else None)


stars = st.builds(
    star,
    st.integers(0, 10**6),
    st.floats(-300, 300),
    st.floats(-300, 300),
    st.floats(1, 500),
    st.integers(3, 40),
    st.booleans(),
)
# Corners on a coarse lattice, so that edges and corners often meet exactly.
lattice = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("one", "other", "area_m2"),
    [
        (SQUARE, SQUARE, 4),
        (SQUARE, box(1, 1, 3, 3), 1),
        (SQUARE, box(0.5, 0.5, 1, 1), 0.25),
        (box(0.5, 0.5, 1, 1), SQUARE, 0.25),
        (SQUARE, box(2, 0, 4, 2), 0),
        (SQUARE, box(0, 2, 2, 4), 0),
        (SQUARE, box(0, -2, 2, 0), 0),
        (SQUARE, box(2, 2, 3, 3), 0),
        (SQUARE, box(9, 9, 10, 10), 0),
        (SQUARE, Polygon([(0, 0), (2, 2), (0, 2)]), 2),
        (SQUARE, Polygon([(1, -1), (3, 1), (1, 3), (-1, 1)]), 4),
        (SQUARE, Polygon([(1, 0), (2, 1), (1, 2), (0, 1)]), 2),
        (FRAME, FRAME, 8),
        (FRAME, box(1, 1, 2, 2), 0),
        (FRAME, box(0.5, 0.5, 2.5, 2.5), 3),
        (MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]), box(0.5, 0, 2.5, 1), 1),
    ],
)
def test_by_hand(one, other, area_m2):
    """Squares, triangles, holes and parts that cross, nest, touch or lie apart."""
    assert shared(one, other) == pytest.approx(area_m2, abs=1e-14)


@given(stars, stars)
def test_shapely_gives_the_same(one, other):
    """The area is that of the shape that shapely cuts out."""
    expected = one.intersection(other).area
    assert shared(one, other) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=200)
@given(lattice, lattice)
def test_edges_and_corners_that_meet(one, other):
    """Triangles with corners on a lattice share edges, parts of edges and corners."""
    one, other = Polygon(one), Polygon(other)
    if one.area and other.area:
        assert shared(one, other) == pytest.approx(one.intersection(other).area, abs=1e-12)


@given(stars, stars)
def test_order_and_direction_change_nothing(one, other):
    """Which of two shapes is the zone, and which way its ring runs, is all the same."""
    found = shared(one, other)
    assert shared(other, one) == pytest.approx(found, rel=1e-9, abs=1e-9)
    assert shared(one.reverse(), other) == pytest.approx(found, rel=1e-12, abs=1e-12)


@given(stars)
def test_far_from_the_origin(shape):
    """Half a million metres away, where eastings and northings are, the area is the same."""
    zone = box(-100, -100, 150, 80)
    moved = [affinity.translate(part, 2.0**19, 2.0**20) for part in (zone, shape)]
    expected = shapely.intersection(*moved).area
    assert shared(*moved) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@given(stars, st.floats(0, 2 * np.pi))
def test_shapes_that_do_not_meet_share_nothing(shape, direction):
    """Two shapes apart share 0 to the bit, though their boxes may overlap, far from the origin."""
    reach_m = 2 * np.hypot(*np.subtract(shape.bounds[2:], shape.bounds[:2]))
    corner = affinity.translate(shape, 2.0**18, 2.0**18)
    ring = corner.buffer(reach_m).difference(corner.convex_hull.buffer(0.5))
    frame = affinity.rotate(ring, direction, use_radians=True, origin=corner.centroid)
    if not frame.intersects(corner):
        assert shared(frame, corner) == 0
        assert shared(corner, frame) == 0


def test_pairs_are_measured_one_by_one():
    """Each pair has the area of its own two shapes, and no pairs give none."""
    zones, shapes = np.array([SQUARE, FRAME]), np.array([box(0, 0, 1, 1), box(1, 1, 3, 3)])
    pairs = np.array([1, 0, 0]), np.array([1, 0, 1])
    assert shared_area_m2(zones, shapes, *pairs).tolist() == [3, 1, 1]
    assert shared_area_m2(zones, shapes, *np.zeros((2, 0), np.int64)).tolist() == []
