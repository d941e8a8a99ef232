import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from healthycities.errors import AlignmentError, GeometryError
from healthycities.spatial.coverage import cell_coverage
from healthycities.spatial.grid import Grid
from healthycities.spatial.spans import Window, edges_by_band, window_spans, zone_spans

THREE = Grid(0.0, 3.0, 1.0, 3, 3)
HUNDREDS = Grid(1000.0, 5000.0, 100.0, 30, 40)


def expanded(spans, n_cells):
    """Return spans as zones x cells."""
    result = np.zeros((len(spans.span_indptr) - 1, n_cells))
    for zone, row in enumerate(result):
        for span in range(spans.span_indptr[zone], spans.span_indptr[zone + 1]):
            row[spans.first[span] : spans.end[span]] += 1
        edge = slice(spans.edge_indptr[zone], spans.edge_indptr[zone + 1])
        row[spans.cells[edge]] += spans.fraction[edge]
    return result


def full(zones, grid):
    """Return the coverage of single cells as zones x cells."""
    coverage = cell_coverage(zones, grid)
    result = np.zeros((len(coverage.indptr) - 1, grid.size))
    result[np.repeat(np.arange(len(result)), np.diff(coverage.indptr)), coverage.cells] = (
        coverage.fraction
    )
    return result


def wheel(seed, x_m, y_m, radius_m, spokes, hole):
    """Return an irregular polygon about a point, with an irregular hole."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    outer = radius_m * draw.uniform(0.5, 1.0, spokes)
    inner = radius_m * draw.uniform(0.1, 0.4, spokes)
    rings = [
        np.column_stack([x_m + r * np.cos(angle), y_m + r * np.sin(angle)]) for r in (outer, inner)
    ]
    return Polygon(rings[0], [rings[1]] if hole else None)


wheels = st.builds(
    wheel,
    st.integers(0, 10**6),
    st.floats(0, 6000),
    st.floats(1000, 6000),
    st.floats(1, 3000),
    st.integers(3, 40),
    st.booleans(),
)

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
    """The box from 0.5 to 2.5 covers the middle cell wholly and the eight about it in part."""
    spans = zone_spans([box(0.5, 0.5, 2.5, 2.5)], THREE)
    assert (spans.first.tolist(), spans.end.tolist()) == ([4], [5])
    assert spans.cells.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert spans.fraction.tolist() == [0.25, 0.5, 0.25, 0.5, 0.5, 0.25, 0.5, 0.25]


def test_full_rows_are_a_span_each():
    """A zone as large as the grid is a span for each row and no fraction; one off it is nothing."""
    spans = zone_spans([box(7, 7, 8, 8), box(0, 0, 3, 3), box(-9, -9, 9, 9)], THREE)
    assert spans.span_indptr.tolist() == [0, 0, 3, 6]
    assert spans.first.tolist() == [0, 3, 6] * 2
    assert spans.end.tolist() == [3, 6, 9] * 2
    assert spans.edge_indptr.tolist() == [0, 0, 0, 0]


def test_a_hole_parts_a_span():
    """The row of a hole has two spans; a hole within a cell leaves a fraction between them."""
    ring = [(0, 0), (3, 0), (3, 3), (0, 3)]
    middle = [(1, 1), (2, 1), (2, 2), (1, 2)]
    small = [(1.25, 1.25), (1.75, 1.25), (1.75, 1.75), (1.25, 1.75)]
    spans = zone_spans([Polygon(ring, [middle]), Polygon(ring, [small])], THREE)
    assert spans.first.tolist() == [0, 3, 5, 6] * 2
    assert spans.end.tolist() == [3, 4, 6, 9] * 2
    assert (spans.cells.tolist(), spans.fraction.tolist()) == ([4], [0.75])


def test_under_a_level_edge_all_cells_are_kept():
    """Half-covered cells far from any corner, which no edge marks, are there with their half."""
    grid = Grid(0.0, 2.0, 1.0, 2, 100)
    spans = zone_spans([box(10, 0.5, 90, 1)], grid)
    assert len(spans.first) == 0
    assert spans.cells.tolist() == list(range(110, 190))
    assert set(spans.fraction) == {0.5}


@given(st.lists(wheels, min_size=1, max_size=5))
def test_spans_are_the_coverage_of_the_cells(zones):
    """Written out, spans are what the cells give, for holes, parts, and zones that leave it."""
    apart = shapely.affinity.translate(zones[0], 7000, 0)
    zones = [*zones, MultiPolygon([zones[0], apart])]
    spans, expected = zone_spans(zones, HUNDREDS), full(zones, HUNDREDS)
    np.testing.assert_allclose(expanded(spans, HUNDREDS.size), expected, rtol=0, atol=1e-12)
    assert (spans.fraction > 0).all()
    assert (spans.fraction < 1).all()


@given(st.lists(inside_wheels, min_size=1, max_size=5))
def test_inside_the_grid_fractions_are_those_of_the_cells_to_the_bit(zones):
    """Nothing is cut there, so that both mark the same edges in the same places."""
    expected = full(zones, HUNDREDS)
    on_edge = expected[(expected > 0) & (expected <= 1 - 1e-12)]
    assert np.array_equal(zone_spans(zones, HUNDREDS).fraction, on_edge)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(3, 40), st.sampled_from([7.0, 100.0, 900.0, 9000.0]))
def test_a_partition_covers_every_cell_once(seed, n, cell_size_m):
    """Voronoi zones that fill the grid and more cover each cell by 1 together."""
    grid = Grid(0.0, 1000.0, cell_size_m, *[max(1, int(1000 // cell_size_m))] * 2)
    points = np.random.default_rng(seed).uniform(-500, 1500, (n, 2))
    extent = box(-1e4, -1e4, 1e4, 1e4)
    zones = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=extent)
    covered = expanded(zone_spans(shapely.get_parts(zones), grid), grid.size).sum(axis=0)
    np.testing.assert_allclose(covered, 1.0, rtol=0, atol=1e-9)


@settings(max_examples=50)
@given(st.lists(wheels, min_size=1, max_size=4), st.integers(1, 30), st.integers(1, 40))
def test_windows_put_together_are_the_grid(zones, n_rows, n_columns):
    """However the grid is cut into windows, together they hold what the whole grid does."""
    tops = range(0, HUNDREDS.n_rows, n_rows)
    bands = [(top, min(top + n_rows, HUNDREDS.n_rows)) for top in tops]
    found = np.zeros((len(zones), *HUNDREDS.shape))
    for (top, bottom), edges in zip(bands, edges_by_band(zones, HUNDREDS, bands), strict=True):
        for left in range(0, HUNDREDS.n_columns, n_columns):
            right = min(left + n_columns, HUNDREDS.n_columns)
            window = Window(top, left, bottom - top, right - left)
            part = expanded(window_spans(edges, window), window.n_rows * window.n_columns)
            found[edges.zones, top:bottom, left:right] = part.reshape(-1, *window[2:])
    expected = full(zones, HUNDREDS).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_zone_of_many_cells_is_taken_in_bands():
    """A circle of 60 million cells has its area, and memory for its outline only."""
    grid = Grid(0.0, 90_000.0, 10.0, 9000, 9000)
    circle = shapely.Point(45_000, 45_000).buffer(44_000, quad_segs=64)
    spans = zone_spans([circle, circle], grid)
    cells = (spans.end - spans.first).sum() + spans.fraction.sum()
    assert cells * 100 == pytest.approx(2 * circle.area, rel=1e-12)
    assert len(spans.first) <= 2 * 8802
    assert len(spans.cells) < 2 * 8 * 8802


def test_no_zones():
    """No zones give no rows."""
    spans = zone_spans([], THREE)
    assert (spans.span_indptr.tolist(), spans.edge_indptr.tolist()) == ([0], [0])


def test_bad_zones_and_bands_are_refused():
    """What is no polygon is named; bands that overlap, or run northwards, are an error."""
    with pytest.raises(GeometryError, match="zone 1: expected a polygon"):
        zone_spans([box(0, 0, 1, 1), Polygon()], THREE)
    for bands in ([(0, 2), (1, 3)], [(2, 3), (0, 2)], [(1, 1)]):
        with pytest.raises(AlignmentError, match="bands of rows from the north"):
            edges_by_band([box(0, 0, 1, 1)], THREE, bands)
