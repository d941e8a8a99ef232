from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from healthycities.health.count_tables import (
    Axis,
    axis_of_sets,
    constraints_of,
    filled_in,
    rounded_in_sum,
)

nan = np.nan
SEXES = [[1, 1], [1, 0], [0, 1]]


def axis(sets: list[list[int]], *, together: bool = False) -> Axis:
    """Return the axis of sets that are written as rows of 0 and 1."""
    told = [range(len(sets))] if together else []
    return axis_of_sets(sparse.csr_array(np.array(sets, dtype=float)), told_together=told)


@pytest.mark.parametrize(
    ("sets", "members", "constraints"),
    [
        (SEXES, [[0, 1, 1], [0, 1, 0], [0, 0, 1]], [[-1, 1, 1]]),
        ([[1, 1, 1], [1, 1, 0]], [[0, 1, 1], [0, 1, 0], [0, 0, 1]], [[-1, 1, 1]]),
        ([[1, 1]], [[1]], []),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1]], []),
        ([[1, 1], [1, 1]], [[1, 0], [1, 0]], [[1, -1]]),
        (
            [[1, 1, 0], [0, 1, 1]],
            [[0, 0, 1, 1, 0], [0, 0, 0, 1, 1], *np.eye(5)[2:].tolist()],
            [[-1, 0, 1, 1, 0], [0, -1, 0, 1, 1]],
        ),
    ],
    ids=["two parts", "a remainder", "one", "apart", "the same twice", "overlapping"],
)
def test_sets_and_their_remainders_by_hand(sets, members, constraints):
    """Things of the same sets are one cell, which is a set's where the set is no more than it."""
    found = axis(sets)
    assert found.members.toarray().tolist() == members
    assert found.constraints.toarray().tolist() == constraints


def test_what_no_set_has_is_no_cell():
    """Ages that no band covers, such as those below 30, are nobody's count."""
    assert axis([[0, 1, 1], [0, 0, 1]]).cells == 3
    assert axis([[0, 1]]).cells == 1


def test_remainders_follow_from_the_sets():
    """All ages 100, under 75 40 and 30 and over 95: 60 at 75 and over, 5 under 30, 35 between."""
    found = axis([[1, 1, 1], [1, 1, 0], [0, 1, 1]], together=True)
    counts = filled_in(np.array([100, 40, 95, nan, nan, nan]), found.constraints)
    assert counts.tolist() == [100, 40, 95, 5, 35, 60]


def test_what_is_left_of_overlapping_sets_is_a_cell():
    """Years 1 to 3 are 20, 2 to 4 are 16 and 4 is 5: 11 in years 2 and 3 together, and 9 in 1.

    The two years in between do not follow apart.
    """
    found = axis([[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 1]], together=True)
    counts = filled_in(np.array([20, 16, 5, *[nan] * (found.cells - 3)]), found.constraints)
    assert counts.tolist() == [20, 16, 5, 9, 11]


def test_what_is_left_of_some_sets_is_a_cell_where_these_are_told_alone():
    """Of all ages and 65 and over those under 65 follow, though 30 and over cuts them in two."""
    sets = sparse.csr_array(np.array([[1.0, 1, 1], [0, 0, 1], [0, 1, 1]]))
    found = axis_of_sets(sets, told_together=[[0, 1, 2], [0, 1]])
    counts = filled_in(np.array([100, 97, nan, *[nan] * (found.cells - 3)]), found.constraints)
    assert counts[-1] == 3
    assert np.isnan(counts[2:-1]).all()


def test_parts_of_nothing_are_0():
    """Nobody died in years 2 to 4, so that those of years 1 to 3 died in year 1."""
    found = axis([[1, 1, 1, 0], [0, 1, 1, 1]], together=True)
    counts = filled_in(np.array([7, 0, *[nan] * (found.cells - 2)]), found.constraints)
    assert sorted(counts.tolist()) == [0, 0, 0, 7, 7]


def test_what_does_not_follow_stays_missing():
    """Persons alone do not tell the sexes, and two missing parts do not tell each other."""
    sums = axis(SEXES).constraints
    assert np.isnan(filled_in(np.array([9, nan, nan]), sums)).tolist() == [False, True, True]
    assert filled_in(np.array([nan, 4, 5]), sums).tolist() == [9, 4, 5]


@given(hnp.arrays(np.int64, (4, 2, 3), elements=st.integers(0, 30)))
def test_rounded_counts_add_up_and_tell_no_more_than_their_parts(parts: np.ndarray):
    """Every sum holds among the rounded counts; the smallest parts are rounded by 2 or less."""
    areas = axis([[1, 1, 1, 1], [1, 1, 0, 0], *np.eye(4, dtype=int).tolist()])
    axes = [areas, axis(SEXES), axis([[1, 1, 1], [1, 1, 0]])]
    table = parts[..., :2].astype(float)
    for place, one in enumerate(axes):
        along = np.moveaxis(table, place, 0)
        smallest = [cell for cell in range(one.cells) if one.members[[cell]].indices[0] == cell]
        full = np.zeros((one.cells, *along.shape[1:]))
        full[smallest] = along
        summed = (one.members @ full.reshape(one.cells, -1)).reshape(full.shape)
        table = np.moveaxis(summed, 0, place)
    rounded = rounded_in_sum(table, axes, 5)
    assert not (constraints_of(axes) @ rounded.ravel()).any()
    assert np.abs(rounded[2:, 1:, 1:] - table[2:, 1:, 1:]).max() <= 2
    assert not (rounded % 5).any()


def test_four_districts_of_2_do_not_show_through_their_authority():
    """Rounded apart they would be 0 and their sum 10, which tells that each has 2."""
    found = axis([[1, 1, 1, 1], *np.eye(4, dtype=int).tolist()])
    assert rounded_in_sum(np.array([8.0, 2, 2, 2, 2]), [found], 5).tolist() == [0] * 5


def test_a_whole_without_all_its_parts_is_rounded_for_itself():
    """Where males are not known, neither is what persons would be the sum of."""
    rounded = rounded_in_sum(np.array([8.0, nan, 2]), [axis(SEXES)], 5)
    assert rounded[[0, 2]].tolist() == [10, 0]
    assert np.isnan(rounded[1])
