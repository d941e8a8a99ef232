import geopandas
import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from healthycities.errors import GeometryError
from healthycities.spatial.coverage import cell_coverage
from healthycities.spatial.grid import Grid

THREE = Grid(0.0, 3.0, 1.0, 3, 3)
HUNDREDS = Grid(1000.0, 5000.0, 100.0, 30, 40)


def full(zones, grid):
    """Return coverage as zones x rows x columns."""
    coverage = cell_coverage(zones, grid)
    result = np.zeros((len(coverage.indptr) - 1, grid.size))
    zone = np.repeat(np.arange(len(result)), np.diff(coverage.indptr))
    result[zone, coverage.cells] = coverage.fraction
    return result.reshape(-1, *grid.shape)


def wheel(seed, x_m, y_m, radius_m, spokes=24, hole=True):
    """Return an irregular polygon about a point, with an irregular hole."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    outer = radius_m * draw.uniform(0.5, 1.0, spokes)
    inner = radius_m * draw.uniform(0.1, 0.4, spokes)
    rings = [
        np.column_stack([x_m + r * np.cos(angle), y_m + r * np.sin(angle)]) for r in (outer, inner)
    ]
    return Polygon(rings[0], [rings[1]] if hole else None)


def wheels(n, seed=5, **options):
    """Return irregular polygons here and there, some of them partly off the grid."""
    draw = np.random.default_rng(seed)
    places = zip(
        draw.uniform(1000, 5000, n),
        draw.uniform(2000, 5000, n),
        draw.uniform(20, 900, n),
        strict=True,
    )
    return np.array([wheel(seed + i, *place, **options) for i, place in enumerate(places)])


def without_corner(zone, corner):
    """Return a zone with the northing of one corner missing."""
    at = shapely.get_coordinates(zone)
    at[corner, 1] = np.nan
    return shapely.set_coordinates(shapely.transform(zone, np.copy), at)


inside_wheels = st.builds(
    wheel,
    st.integers(0, 10**6),
    st.floats(2000, 4000),
    st.floats(3000, 4000),
    st.floats(1, 900),
    st.integers(3, 40),
    st.booleans(),
)


def test_box_over_nine_cells():
    """The box from 0.5 to 2.5 covers a quarter of each corner, half of each side: 4 cells of 5."""
    (covered,) = full([box(0.5, 0.5, 2.5, 2.5)], THREE)
    assert covered.tolist() == [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]
    values = np.arange(1, 10).reshape(3, 3)
    assert covered.sum() == 4
    assert (covered * values).sum() / covered.sum() == 5


def test_triangle_over_nine_cells():
    """The half of the grid under its diagonal covers half of the cells on the diagonal."""
    (covered,) = full([Polygon([(0, 0), (3, 0), (0, 3)])], THREE)
    np.testing.assert_allclose(covered, [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]], atol=1e-15)


def test_steep_triangle():
    """A right triangle of base 1 and height 2 covers 1/4 of the upper and 3/4 of the lower cell."""
    (covered,) = full([Polygon([(1, 0), (2, 0), (1, 2)])], THREE)
    np.testing.assert_allclose(covered[:, 1], [0, 0.25, 0.75], atol=1e-15)
    assert covered.sum() == pytest.approx(1)


def test_hole():
    """A hole as large as the middle cell leaves it out, and a smaller one takes its area away."""
    ring = [(0, 0), (3, 0), (3, 3), (0, 3)]
    middle = [(1, 1), (2, 1), (2, 2), (1, 2)]
    small = [(1.25, 1.25), (1.75, 1.25), (1.75, 1.75), (1.25, 1.75)]
    covered = full([Polygon(ring, [middle]), Polygon(ring, [small])], THREE)
    assert covered[0].tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert covered[1, 1, 1] == 0.75
    assert covered[1].sum() == 8.75


def test_parts_add_up():
    """Two parts of a zone in one cell count together, and parts far apart count each."""
    parts = MultiPolygon([box(0, 0, 0.5, 0.5), box(0.5, 0.5, 1, 1), box(2, 2, 3, 3)])
    (covered,) = full([parts], THREE)
    assert covered.tolist() == [[0, 0, 1], [0, 0, 0], [0.5, 0, 0]]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (box(-2, 1, 0.5, 2), [[0, 0, 0], [0.5, 0, 0], [0, 0, 0]]),
        (box(2.5, 1, 9, 2), [[0, 0, 0], [0, 0, 0.5], [0, 0, 0]]),
        (box(1, 2.5, 2, 9), [[0, 0.5, 0], [0, 0, 0], [0, 0, 0]]),
        (box(1, -9, 2, 0.5), [[0, 0, 0], [0, 0, 0], [0, 0.5, 0]]),
        (box(-9, -9, 9, 9), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        (Polygon([(-3, 0), (3, 0), (-3, 6)]), [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]),
        (Polygon([(0, -3), (6, 3), (0, 3)]), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        (box(0.25, 0.25, 0.5, 0.75), [[0, 0, 0], [0, 0, 0], [0.125, 0, 0]]),
        (box(3, 0, 4, 1), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (box(-2, 0, 0, 1), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (box(1e9, 1e9, 2e9, 2e9), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
    ids=[
        "left", "right", "above", "below", "larger", "slanted", "slanted right", "smaller",
        "beside", "touching", "far",
    ],
)  # fmt: skip
def test_zones_that_leave_the_grid(zone, expected):
    """What lies off the grid is left out, on every side, and what is left is exact."""
    (covered,) = full([zone], THREE)
    np.testing.assert_allclose(covered, expected, atol=1e-15)


def test_cells_rise_and_rows_follow_the_zones():
    """Each zone has one row, empty if it is off the grid, and its cells rise."""
    coverage = cell_coverage([box(1, 0, 3, 2), box(9, 9, 10, 10), box(0, 0, 1, 1)], THREE)
    assert coverage.indptr.tolist() == [0, 4, 4, 5]
    assert coverage.cells.tolist() == [4, 5, 7, 8, 6]
    assert coverage.fraction.tolist() == [1.0] * 5


def test_no_zones():
    """No zones give no rows."""
    coverage = cell_coverage([], THREE)
    assert (coverage.indptr.tolist(), len(coverage.cells), len(coverage.fraction)) == ([0], 0, 0)


def test_heights_are_ignored():
    """A third coordinate changes nothing."""
    flat, tall = box(0.5, 0.5, 2.5, 2.5), shapely.force_3d(box(0.5, 0.5, 2.5, 2.5), 7.0)
    assert (full([tall], THREE) == full([flat], THREE)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        Polygon(),
        shapely.Point(1, 1),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.GeometryCollection([box(0, 0, 1, 1)]),
        Polygon([(0, 0), (1, 0), (np.inf, 1)]),
        without_corner(box(0, 0, 1, 1), 2),
        without_corner(box(0, 0, 3, 3) - box(1, 1, 2, 2), 7),
    ],
    ids=[
        "none",
        "empty",
        "point",
        "line",
        "collection",
        "infinite",
        "missing",
        "missing in a hole",
    ],
)
def test_what_is_no_polygon_is_refused(wrong):
    """A shape without an inside is an error that names its position."""
    with pytest.raises(GeometryError, match="zone 1: expected a polygon"):
        cell_coverage([box(0, 0, 1, 1), wrong], THREE)


def test_exactextract_gives_the_same_fractions():
    """exactextract, which keeps float32, agrees to 1e-6 on irregular zones, holes, parts, edges."""
    zones = wheels(150)
    zones = np.append(zones, [MultiPolygon([wheel(1, 1500, 3000, 400), wheel(2, 4500, 4700, 600)])])
    features = geopandas.GeoDataFrame(geometry=zones, crs=HUNDREDS.crs)
    source = NumPyRasterSource(
        np.zeros(HUNDREDS.shape), 1000, 2000, 5000, 5000, srs_wkt=features.crs.to_wkt()
    )
    peer = exact_extract(source, features, ["cell_id", "coverage"], output="pandas")
    expected = np.zeros((len(zones), HUNDREDS.size))
    for zone, (cells, fractions) in enumerate(zip(peer.cell_id, peer.coverage, strict=True)):
        expected[zone, np.asarray(cells, dtype=int)] = fractions
    covered = full(zones, HUNDREDS).reshape(len(zones), -1)
    np.testing.assert_allclose(covered, expected, rtol=0, atol=1e-6)


def test_shapely_gives_the_same_fractions():
    """The area of each zone cut to each cell by shapely is the fraction, to rounding."""
    zones = wheels(12, seed=9)
    x_m, y_m = HUNDREDS.centres()
    cells = box(x_m - 50, y_m - 50, x_m + 50, y_m + 50)
    expected = shapely.area(shapely.intersection(zones[:, np.newaxis], cells)) / 1e4
    covered = full(zones, HUNDREDS).reshape(len(zones), -1)
    np.testing.assert_allclose(covered, expected, rtol=0, atol=1e-10)


@given(inside_wheels)
def test_fractions_add_up_to_the_area(zone):
    """Inside the grid, the fractions of a zone add up to its area in cells."""
    coverage = cell_coverage([zone], HUNDREDS)
    area_m2 = coverage.fraction.sum() * HUNDREDS.cell_area_m2
    assert area_m2 == pytest.approx(zone.area, rel=1e-9)
    assert (coverage.fraction > 0).all()
    assert (coverage.fraction <= 1).all()


@given(inside_wheels, st.booleans(), st.booleans())
def test_direction_of_rings_changes_nothing(zone, turn_outer, turn_inner):
    """Rings give the same coverage whichever way round they run."""
    turned = Polygon(
        zone.exterior.coords[:: -1 if turn_outer else 1],
        [ring.coords[:: -1 if turn_inner else 1] for ring in zone.interiors],
    )
    one, other = full([zone, turned], HUNDREDS)
    np.testing.assert_allclose(other, one, rtol=0, atol=1e-12)


@given(inside_wheels, st.integers(0, 40))
def test_start_of_a_ring_changes_nothing(zone, start):
    """A ring may be written from any of its corners on."""
    corners = np.asarray(zone.exterior.coords[:-1])
    turned = Polygon(np.roll(corners, start, axis=0), zone.interiors)
    one, other = full([zone, turned], HUNDREDS)
    np.testing.assert_allclose(other, one, rtol=0, atol=1e-12)


@given(inside_wheels, st.floats(5, 500))
def test_corners_along_an_edge_change_nothing(zone, longest_m):
    """Edges cut into pieces, with corners in line, cover what they covered whole."""
    one, other = full([zone, shapely.segmentize(zone, longest_m)], HUNDREDS)
    np.testing.assert_allclose(other, one, rtol=0, atol=1e-9)


@given(st.permutations(range(8)))
def test_order_of_zones_changes_nothing(order):
    """Each zone covers the same cells, to the bit, whichever zones stand before it."""
    zones = wheels(8)
    np.testing.assert_array_equal(full(zones[order], HUNDREDS), full(zones, HUNDREDS)[order])


@given(st.floats(0, 2 * np.pi), st.floats(1e-4, 1.0), st.floats(2200, 3800), st.floats(3200, 3800))
def test_slivers(direction, width_m, x_m, y_m):
    """A needle of 1 km that is as little as 0.1 mm wide keeps its area, to the rounding of places.

    Corners are 4,000 m from the grid's zero, so that they are exact to half a picometre.
    """
    along = np.array([np.cos(direction), np.sin(direction)])
    across = np.array([-along[1], along[0]])
    needle = Polygon([(x_m, y_m), (x_m, y_m) + 1000 * along, (x_m, y_m) + width_m * across])
    covered_m2 = full([needle], HUNDREDS).sum() * HUNDREDS.cell_area_m2
    assert covered_m2 == pytest.approx(needle.area, rel=1e-9, abs=1e-8)


@given(inside_wheels)
def test_far_from_the_origin(zone):
    """Where eastings and northings of half a million metres are, coverage is the same to 1e-9."""
    east_m, north_m = 2.0**19, 2.0**20
    moved = shapely.transform(zone, lambda at: at + [east_m, north_m])
    far = Grid(HUNDREDS.x_min_m + east_m, HUNDREDS.y_max_m + north_m, 100.0, *HUNDREDS.shape)
    np.testing.assert_allclose(full([moved], far), full([zone], HUNDREDS), rtol=0, atol=1e-9)
    area_m2 = cell_coverage([moved], far).fraction.sum() * far.cell_area_m2
    assert area_m2 == pytest.approx(zone.area, rel=1e-9)


@given(st.integers(0, 2), st.integers(0, 2), st.integers(1, 3), st.integers(1, 3))
def test_edges_along_cell_borders(column, row, width, height):
    """A box with every edge on a border covers its cells wholly and its neighbours not at all."""
    (covered,) = full([box(column, 3 - row - height, column + width, 3 - row)], THREE)
    expected = np.zeros((3, 3))
    expected[row : row + height, column : column + width] = 1
    assert covered.tolist() == expected.tolist()


@given(inside_wheels, st.integers(-1, 1), st.integers(-1, 1))
def test_moving_by_whole_cells_moves_the_coverage(zone, right, down):
    """A zone moved by whole cells covers the cells moved by as many."""
    moved = shapely.transform(zone, lambda at: at + [right * 100, -down * 100])
    one, other = full([zone, moved], HUNDREDS)
    rolled = np.roll(one, (down, right), axis=(0, 1))
    np.testing.assert_allclose(other, rolled, rtol=0, atol=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(3, 40), st.sampled_from([7.0, 100.0, 900.0, 9000.0]))
def test_a_partition_covers_every_cell_once(seed, n, cell_size_m):
    """Voronoi zones that fill the grid and more cover each cell by 1 together."""
    grid = Grid(0.0, 1000.0, cell_size_m, *[max(1, int(1000 // cell_size_m))] * 2)
    points = np.random.default_rng(seed).uniform(-500, 1500, (n, 2))
    extent = box(-1e4, -1e4, 1e4, 1e4)
    zones = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=extent)
    covered = full(shapely.get_parts(zones), grid).sum(axis=0)
    np.testing.assert_allclose(covered, 1.0, rtol=0, atol=1e-9)


@settings(max_examples=50)
@given(st.lists(st.integers(-2, 5), min_size=6, max_size=6), st.integers(1, 4))
def test_corners_on_cell_corners(numbers, shrink):
    """Triangles whose corners fall on lines of the grid have the areas that shapely finds."""
    triangle = Polygon(np.reshape(numbers, (3, 2)) / shrink)
    if triangle.is_valid and triangle.area:
        expected = triangle.intersection(box(0, 0, 3, 3)).area
        assert full([triangle], THREE).sum() == pytest.approx(expected, abs=1e-12)


def test_parts_and_holes_in_any_company():
    """A zone covers the same, to the bit, beside plain polygons as beside zones of many parts."""
    plain = wheels(3, hole=False)
    parts = MultiPolygon([wheel(1, 1500, 3000, 400), wheel(2, 4500, 4700, 600)])
    alone = np.concatenate([full(plain, HUNDREDS), full([parts], HUNDREDS)])
    np.testing.assert_array_equal(full([*plain, parts], HUNDREDS), alone)
    turned = [zone.reverse() for zone in (*plain, parts)]
    np.testing.assert_allclose(full(turned, HUNDREDS), alone, rtol=0, atol=1e-12)
    three_dimensional = shapely.force_3d(plain, 7.0)
    np.testing.assert_array_equal(full(three_dimensional, HUNDREDS), alone[:3])
