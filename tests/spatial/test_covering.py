import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from healthycities.errors import GeometryError
from healthycities.spatial.coverage import cell_coverage
from healthycities.spatial.covering import cover
from healthycities.spatial.grid import Grid

GRID = Grid(0.0, 1000.0, 50.0, 20, 20)


def discs(n, seed=1):
    """Return round zones here and there, some of them partly or wholly off the grid."""
    draw = np.random.default_rng(seed)
    centres = shapely.points(draw.uniform(-200, 1200, (n, 2)))
    return shapely.buffer(centres, draw.uniform(5, 200, n))


def row(coverage, zone):
    """Return the cells and fractions of a zone."""
    part = slice(coverage.indptr[zone], coverage.indptr[zone + 1])
    return coverage.cells[part].tolist(), coverage.fraction[part].tolist()


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(1, 50), st.sampled_from(["threads", "synchronous"]))
def test_any_blocking_gives_what_the_kernel_gives(n, block_size, scheduler):
    """Rows stand in the order given, the same to the bit, however zones are cut into blocks."""
    zones = discs(n)
    found, _ = cover(zones, GRID, scheduler=scheduler, workers=2, block_size=block_size)
    expected = cell_coverage(zones, GRID)
    for part in ("indptr", "cells", "fraction"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))


@settings(max_examples=25)
@given(st.permutations(range(12)))
def test_order_of_zones_changes_nothing(order):
    """A zone has the same row wherever it stands among the others."""
    zones = discs(12)
    one, _ = cover(zones, GRID, scheduler="synchronous", block_size=5)
    other, _ = cover(zones[order], GRID, scheduler="synchronous", block_size=5)
    assert [row(other, place) for place in range(12)] == [row(one, zone) for zone in order]


def test_areas_count_what_lies_off_the_grid():
    """Areas are in cells, whether the zone lies on the grid, half off it or wholly."""
    zones = [box(0, 0, 100, 50), box(-50, 0, 50, 50), box(5000, 0, 5050, 100)]
    coverage, area = cover(zones, GRID)
    assert area.tolist() == [2, 2, 2]
    assert [sum(row(coverage, zone)[1]) for zone in range(3)] == [2, 1, 0]


def test_no_zones():
    """No zones give no rows."""
    coverage, area = cover([], GRID)
    assert (coverage.indptr.tolist(), area.tolist()) == ([0], [])


def test_a_bad_zone_is_called_by_its_name():
    """An error names the zone, not its place in a block."""
    with pytest.raises(GeometryError, match="zone E02: expected a polygon"):
        cover([box(0, 0, 1, 1), None], GRID, names=["E01", "E02"], block_size=1)
