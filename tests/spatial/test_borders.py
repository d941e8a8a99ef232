from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from healthycities.spatial.borders import LEAST_M2, gaps, overlaps


def areas(*shapes: Polygon | MultiPolygon) -> np.ndarray:
    """Return shapes as an array of objects."""
    return np.array(shapes, dtype=object)


def test_squares_side_by_side_have_no_fault():
    """Four squares of 100 m that fit together overlap nowhere and leave no gap."""
    fitting = areas(*(box(x, y, x + 100, y + 100) for x in (0, 100) for y in (0, 100)))
    assert overlaps(fitting) == []
    assert gaps(fitting) == []


def test_an_overlap_is_measured_and_named():
    """Two squares of 100 m, one shifted by 90 m, share a strip of 10 m by 100 m."""
    found = overlaps(areas(box(500, 0, 600, 100), box(0, 0, 100, 100), box(90, 0, 190, 100)))
    assert [(one.first, one.second) for one in found] == [(1, 2)]
    assert found[0].area_m2 == pytest.approx(1000)
    assert shapely.equals(found[0].shape, box(90, 0, 100, 100))


def test_overlaps_come_largest_first():
    """Strips of 10 m and 20 m at either end of a square are told with the wider one first."""
    found = overlaps(areas(box(-90, 0, 10, 100), box(0, 0, 100, 100), box(80, 0, 180, 100)))
    assert [one.area_m2 for one in found] == pytest.approx([2000, 1000])
    assert [(one.first, one.second) for one in found] == [(1, 2), (0, 1)]


def test_an_area_within_another_overlaps_it_whole():
    """A square drawn inside another, touching no edge of it, shares all of its ground."""
    found = overlaps(areas(box(0, 0, 100, 100), box(40, 40, 50, 50)))
    assert [(one.first, one.second, one.area_m2) for one in found] == [(0, 1, 100)]


def test_what_rounding_leaves_is_not_told():
    """A strip of 5 mm along 100 m is less than the least that is told; one of 5 cm is more."""
    assert overlaps(areas(box(0, 0, 100, 100), box(99.995, 0, 200, 100))) == []
    wider = overlaps(areas(box(0, 0, 100, 100), box(99.95, 0, 200, 100)))
    assert [one.area_m2 for one in wider] == pytest.approx([5])
    assert LEAST_M2 == 1


def test_a_gap_between_two_areas_is_measured_and_named():
    """Two halves of a ring leave a hole of 20 m by 20 m between them, and a far square none."""
    left = box(0, 0, 50, 100) - box(40, 40, 60, 60)
    right = box(50, 0, 100, 100) - box(40, 40, 60, 60)
    found = gaps(areas(box(500, 0, 600, 100), right, left))
    assert [(one.first, one.second) for one in found] == [(1, 2)]
    assert found[0].area_m2 == pytest.approx(400)


def test_a_hole_of_one_area_is_no_gap():
    """A lake that one area goes round is its own, though others lie beside it."""
    holed = box(0, 0, 100, 100) - box(40, 40, 60, 60)
    assert gaps(areas(holed, box(100, 0, 200, 100))) == []


def test_a_gap_among_three_names_the_two_with_the_longest_borders():
    """Of a gap of 20 m by 60 m, the long sides tell its two neighbours, not the short one."""
    around = box(0, 0, 120, 100) - box(50, 20, 70, 80)
    below = box(0, 0, 120, 20)
    left = (box(0, 20, 60, 100) & around) - below
    right = (box(60, 20, 120, 100) & around) - below
    found = gaps(areas(below, left, right))
    assert [(one.first, one.second) for one in found] == [(1, 2)]
    assert found[0].area_m2 == pytest.approx(1200)


def test_a_gap_is_found_beside_an_overlap():
    """Areas that overlap elsewhere are joined all the same, and their gap is told once."""
    left = box(0, 0, 55, 100) - box(40, 40, 60, 60)
    right = box(50, 0, 100, 100) - box(40, 40, 60, 60)
    shapes = areas(left, right)
    assert [one.area_m2 for one in gaps(shapes)] == pytest.approx([400])
    assert [one.area_m2 for one in overlaps(shapes)] == pytest.approx([5 * 80])


@given(
    shift_m=st.lists(st.integers(-40, 40), min_size=3, max_size=3),
    turned=st.permutations(range(4)),
)
def test_overlaps_are_those_of_every_pair(shift_m: list[int], turned: list[int]):
    """Squares moved along a row share what the pairs of them share, in whatever order they come."""
    lefts = np.array([0, *(100 * n + move for n, move in enumerate(shift_m, start=1))])
    shapes = areas(*(box(x, 0, x + 100, 100) for x in lefts))[turned]
    expected = {
        (i, j): area
        for i in range(4)
        for j in range(i + 1, 4)
        if (area := shapely.area(shapely.intersection(shapes[i], shapes[j]))) >= LEAST_M2
    }
    assert {(one.first, one.second): one.area_m2 for one in overlaps(shapes)} == expected
