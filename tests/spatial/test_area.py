import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from healthycities.errors import GeometryError
from healthycities.spatial.area import union_area_m2


def blobs(n, seed=4):
    """Return irregular overlapping shapes over a square of 1,000 m and the ground about it."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 17, endpoint=False)
    radius = draw.uniform(5, 90, (n, 1)) * draw.uniform(0.4, 1, (n, 17))
    centre = draw.uniform(-50, 1050, (n, 1, 2))
    return shapely.polygons(
        centre + radius[..., np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], -1)
    )


def squares(per_side):
    """Return a partition of the square of 1,000 m, in an order that jumps about."""
    x, y = np.divmod(np.random.default_rng(2).permutation(per_side**2), per_side)
    side = 1000 / per_side
    return shapely.box(x * side, y * side, (x + 1) * side, (y + 1) * side)


def test_overlaps_count_once():
    """Two squares of 4 that share 1 cover 7; a third within the first adds nothing."""
    shapes = [box(0, 0, 2, 2), box(1, 1, 3, 3), box(0.5, 0.5, 1, 1)]
    assert union_area_m2([box(-9, -9, 9, 9)], shapes) == pytest.approx([7])


def test_shapes_are_cut_at_the_zone():
    """A shape across a border counts in each zone for the part within it, a twin not at all."""
    zones = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(8, 8, 9, 9)]
    shapes = [box(0.5, 0, 1.25, 1), box(0.5, 0, 1.25, 1), box(-5, -5, 0, 5)]
    np.testing.assert_allclose(union_area_m2(zones, shapes), [0.5, 0.25, 0])


def test_holes_and_parts():
    """A shape's hole is not covered, nor is a zone's, and parts count each."""
    ring = Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    parts = MultiPolygon([box(0, 0, 1, 1), box(1.5, 1.5, 3, 3)])
    np.testing.assert_allclose(union_area_m2([box(0, 0, 3, 3), ring], [ring]), [8, 8])
    np.testing.assert_allclose(union_area_m2([ring], [parts]), [1 + 2.25 - 0.25])


@pytest.mark.parametrize("block_size", [1, 5, 1000])
@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_union_of_everything_gives_the_same(scheduler, block_size):
    """The area is that of one union of all shapes, cut to each zone, however the work is cut."""
    zones, shapes = squares(6), blobs(150)
    expected = shapely.area(shapely.intersection(zones, shapely.union_all(shapes)))
    found = union_area_m2(zones, shapes, scheduler=scheduler, workers=2, block_size=block_size)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)


def test_zones_of_a_partition_add_up():
    """The parts of a square add up to the square, whatever the partition."""
    shapes = blobs(150)
    whole = union_area_m2([box(0, 0, 1000, 1000)], shapes)[0]
    for per_side in (2, 7):
        assert union_area_m2(squares(per_side), shapes).sum() == pytest.approx(whole, rel=1e-9)


def test_chains_of_shapes_count_once():
    """Five squares in a row, each half over the next, cover 3 x 1 m, in whichever order."""
    chain = [box(at / 2, 0, at / 2 + 1, 1) for at in range(5)]
    for order in ([0, 1, 2, 3, 4], [4, 0, 2, 1, 3]):
        shapes = [chain[at] for at in order]
        found = union_area_m2([box(-9, -9, 9, 9), box(1.25, 0, 9, 1)], shapes)
        np.testing.assert_allclose(found, [3, 1.75])


def test_a_piece_that_also_touches_the_zone_elsewhere():
    """A shape that runs along a side of the zone, or meets its corner, adds no line or point."""
    zone = box(0, 0, 4, 4)
    hook = Polygon([(4, 0), (5, 0), (5, 4), (3, 4), (3, 3), (4, 3)])
    np.testing.assert_allclose(union_area_m2([zone], [hook, box(3.5, 3.5, 6, 6)]), [1])


def test_shapes_alone_are_measured_within_a_partition():
    """Shapes that overlap nothing add up to their own area over zones that fill the ground."""
    shapes = shapely.buffer(shapely.points(np.random.default_rng(8).uniform(0, 1000, (40, 2))), 3)
    apart = [a for i, a in enumerate(shapes) if not shapely.intersects(a, shapes[:i]).any()]
    inside = shapely.intersection(apart, box(0, 0, 1000, 1000))
    assert len(apart) > 30
    total_m2 = union_area_m2(squares(7), apart).sum()
    assert total_m2 == pytest.approx(shapely.area(inside).sum(), rel=1e-12)


def test_nothing_to_measure():
    """Without shapes every area is 0, and without zones there are none."""
    assert union_area_m2([box(0, 0, 1, 1)], []).tolist() == [0]
    assert union_area_m2([], [box(0, 0, 1, 1)]).tolist() == []


def test_touching_is_not_covering():
    """A shape that meets the zone along a side or in a corner covers nothing of it."""
    shapes = [box(1, 0, 2, 1), box(1, 1, 2, 2)]
    assert union_area_m2([box(0, 0, 1, 1)], shapes).tolist() == [0]


def test_bad_shapes_are_refused():
    """A shape that is missing or no polygon is an error that says which."""
    with pytest.raises(GeometryError, match="shape 1: expected a polygon"):
        union_area_m2([box(0, 0, 1, 1)], [box(0, 0, 1, 1), shapely.Point(0, 0)])
    with pytest.raises(GeometryError, match="zone 0: expected a polygon"):
        union_area_m2([None], [box(0, 0, 1, 1)])


def test_shapes_that_overlap_themselves_are_refused():
    """A shape that cannot be cut, because it is not valid, is an error that says what to do."""
    bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    with pytest.raises(GeometryError, match="make_valid"):
        union_area_m2([box(0.5, 0.25, 3, 1.2)], [bow_tie, box(0, 0, 1, 1)])
    with pytest.raises(GeometryError, match="expected each zone to be valid"):
        union_area_m2([bow_tie], [box(0, 0, 1, 1)])
