from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from healthycities.errors import AlignmentError, SchemaError
from healthycities.health.disclosure import (
    crossed_constraints,
    nested_constraints,
    recoverable,
    round_to,
    sum_constraints,
    suppress,
)

nan = math.nan
SEXES = nested_constraints([-1, 0, 0])
NONE_OF_ONE = nested_constraints([-1])


def added_up(parents: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Add counts of cells, along the first axis, to all that they are parts of."""
    whole = np.array(counts, dtype=float)
    for cell in range(len(parents) - 1, 0, -1):
        whole[parents[cell]] += whole[cell]
    return whole


def works_out(counts, withheld, constraints) -> list[bool]:
    """Return for each cell whether a reader can work it out, by two linear programs of its own.

    The reader knows what is published, that sums hold, and that no withheld count is below 1. A
    cell whose range holds no whole number but the true one is worked out.
    """
    flat, hidden = np.ravel(counts).astype(float), np.flatnonzero(withheld)
    sums = constraints[:, hidden]
    found = [False] * flat.size
    for place, cell in enumerate(hidden):
        cost = np.zeros(hidden.size)
        cost[place] = 1
        lowest, highest = (
            linprog(sign * cost, A_eq=sums, b_eq=sums @ flat[hidden], bounds=(1, None))
            for sign in (1, -1)
        )
        far = np.inf if highest.status == 3 else -highest.fun
        found[cell] = max(flat[cell] - lowest.fun, far - flat[cell]) < 1 - 1e-6
    return found


# --- Constraints ---


def test_nested_cells_sum_to_those_above():
    """Cells 3 and 4 are parts of 1, and 1 and 2 of 0: one row for each whole."""
    found = nested_constraints([-1, 0, 0, 1, 1])
    assert found.toarray().tolist() == [[-1, 1, 1, 0, 0], [0, -1, 0, 1, 1]]


def test_wholes_may_share_their_parts():
    """Districts may add up to an authority, and to a group of places beside it."""
    found = sum_constraints([(0, [1, 2]), (3, [2, 4])], 5)
    assert found.toarray().tolist() == [[-1, 1, 1, 0, 0], [0, 0, 1, -1, 1]]
    assert sum_constraints([], 5).shape == (0, 5)


def test_crossed_tables_hold_the_sums_of_each_axis():
    """Of 2 places that do not add up, 3 sexes and 3 ages: 2 x 3 sums of ages, 2 x 3 of sexes."""
    table = np.zeros((2, 3, 3))
    table[:, 1:, 1:] = np.arange(8).reshape(2, 2, 2)
    table[:, 0] = table.sum(axis=1)
    table[:, :, 0] = table.sum(axis=2)
    places = sparse.csr_array((0, 2))
    found = crossed_constraints(places, SEXES, nested_constraints([-1, 0, 0]))
    assert found.shape == (12, 18)
    assert not (found @ table.ravel()).any()
    table[1, 2, 1] += 1
    assert np.count_nonzero(found @ table.ravel()) == 2


@pytest.mark.parametrize("totals", [[(0, [1, 1])], [(0, [0])], [(0, [5])], [(-1, [1])]])
def test_sums_of_cells_that_are_not_there_are_refused(totals):
    """A place outside the table, or twice in one sum, stops."""
    with pytest.raises(SchemaError, match=r"totals, item 0: expected places of 0 to 4"):
        sum_constraints(totals, 5)


# --- Withholding ---


@pytest.mark.parametrize(
    ("counts", "withheld"),
    [
        ([30, 10, 20], [0, 0, 0]),
        ([13, 3, 10], [0, 1, 1]),
        ([23, 3, 0, 9, 11], [0, 1, 0, 1, 0]),
        ([15, 3, 4, 8], [0, 1, 1, 0]),
        ([10, 1, 1, 8], [0, 1, 1, 1]),
        ([4, 4, 0], [1, 1, 0]),
        ([0, 0, 0], [0, 0, 0]),
    ],
    ids=[
        "none small",
        "one of two",
        "smallest other",
        "two small",
        "two of 1",
        "whole too",
        "none",
    ],
)
def test_one_sum_by_hand(counts, withheld):
    """A small part takes the smallest other with it; two of 1, which their sum tells, a third."""
    found = suppress(counts, nested_constraints([-1] + [0] * (len(counts) - 1)))
    assert found.astype(int).tolist() == withheld


def test_a_small_area_is_shielded_up_the_levels():
    """Where a district has one place alone with people, the district and another go with it.

    England's 103 are 3 and 100; the first district's places have 3 and 0, the second's 40 and 60.
    """
    parents = [-1, 0, 0, 1, 1, 2, 2]
    counts = [103, 3, 100, 3, 0, 40, 60]
    found = suppress(counts, nested_constraints(parents))
    assert found.astype(int).tolist() == [0, 1, 1, 1, 0, 1, 0]


def test_persons_less_men_tell_no_women():
    """Of 2 women among 12 persons the men are withheld too, or in one more place both."""
    places = nested_constraints([-1, 0, 0])
    counts = np.array([[52, 30, 22], [12, 10, 2], [40, 20, 20]])
    found = suppress(counts, crossed_constraints(places, SEXES))
    assert found[1, 2]
    assert found[1].sum() >= 2
    assert found[:, 2].sum() >= 2
    assert not any(works_out(counts, found, crossed_constraints(places, SEXES)))


@pytest.mark.parametrize(
    ("inner", "told"),
    [([[3, 1], [2, 3]], False), ([[1, 1], [5, 5]], True), ([[1, 7], [8, 1]], False)],
)
def test_counts_of_1_shield_in_one_direction_only(inner, told):
    """Of four withheld cells one diagonal has to be 2 or more, or nothing can change: all are told.

    Every sum has two of them, so that pairing alone finds them safe.
    """
    table = np.zeros((3, 3))
    table[1:, 1:] = inner
    table[1:, 0] = table[1:].sum(axis=1)
    table[0] = table[1:].sum(axis=0)
    corner = np.zeros((3, 3), dtype=bool)
    corner[1:, 1:] = True
    found = recoverable(table, corner, crossed_constraints(nested_constraints([-1, 0, 0]), SEXES))
    np.testing.assert_array_equal(found, corner & told)


def test_two_tables_with_one_total_are_shielded_together():
    """Parts that add up in two ways tell nothing by the difference of the two."""
    constraints = sum_constraints([(0, [1, 2, 3]), (4, [1, 2]), (5, [2, 3])], 6)
    counts = [31, 8, 3, 20, 11, 23]
    found = suppress(counts, constraints)
    assert found[2]
    assert not any(works_out(counts, found, constraints))


def test_england_needs_few_cells_beside_the_small_ones():
    """Of 3,331 nested cells few are withheld beside the small counts, in any run the same."""
    parents = np.concatenate([[-1], np.zeros(30, int), np.repeat(np.arange(1, 31), 110)])
    people = np.random.default_rng(1).poisson(12, len(parents)) * (np.arange(len(parents)) > 30)
    counts = added_up(parents, people)
    found = suppress(counts, nested_constraints(parents))
    small = (counts > 0) & (counts < 5)
    assert found[small].all()
    assert (found & ~small).sum() <= 30
    assert not recoverable(counts, found, nested_constraints(parents)).any()
    np.testing.assert_array_equal(found, suppress(counts, nested_constraints(parents)))


hierarchies = st.lists(
    st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 9, 40]), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(hierarchies, st.integers(1, 9))
def test_no_nested_count_can_be_worked_out(districts, below):
    """However areas nest, small counts are withheld, zeros shown, and nothing can be worked out."""
    leaves = [(district + 1, count) for district, part in enumerate(districts) for count in part]
    parents = np.array([-1] + [0] * len(districts) + [district for district, _ in leaves])
    counts = added_up(parents, [0] * (1 + len(districts)) + [count for _, count in leaves])
    constraints = nested_constraints(parents)
    found = suppress(counts, constraints, below=below)
    assert found[(counts > 0) & (counts < below)].all()
    assert not found[counts == 0].any()
    assert not any(works_out(counts, found, constraints))


@settings(max_examples=25, deadline=None)
@given(hierarchies, st.integers(0, 2**32 - 1), st.booleans())
def test_no_crossed_count_can_be_worked_out(districts, seed, by_age):
    """Nor can any where areas are crossed with sexes, and with ages."""
    rng = np.random.default_rng(seed)
    leaves = [district + 1 for district, part in enumerate(districts) for _ in part]
    parents = np.array([-1] + [0] * len(districts) + leaves)
    ages = 3 if by_age else 1
    table = np.zeros((len(parents), 3, ages))
    inner = table[-len(leaves) :, 1:, -(ages - 1) :] if by_age else table[-len(leaves) :, 1:]
    inner += rng.choice([0, 1, 2, 4, 7, 30], inner.shape)
    table[:, 0] = table.sum(axis=1)
    if by_age:
        table[:, :, 0] = table.sum(axis=2)
    counts = added_up(parents, table)
    constraints = crossed_constraints(
        nested_constraints(parents), SEXES, SEXES if by_age else NONE_OF_ONE
    )
    found = suppress(counts, constraints)
    assert found[(counts > 0) & (counts < 5)].all()
    assert not any(works_out(counts, found, constraints))


@settings(max_examples=25, deadline=None)
@given(hierarchies, st.integers(0, 2**32 - 1))
def test_what_can_be_worked_out_is_found(districts, seed):
    """Whatever is withheld, cells that can be worked out are those of a search one by one."""
    rng = np.random.default_rng(seed)
    leaves = [district + 1 for district, part in enumerate(districts) for _ in part]
    parents = np.array([-1] + [0] * len(districts) + leaves)
    table = np.zeros((len(parents), 3))
    table[-len(leaves) :, 1:] = rng.choice([0, 1, 1, 2, 9], (len(leaves), 2))
    table[:, 0] = table.sum(axis=1)
    counts = added_up(parents, table)
    withheld = (rng.random(counts.shape) < 0.4) & (counts > 0)
    constraints = crossed_constraints(nested_constraints(parents), SEXES)
    found = recoverable(counts, withheld, constraints)
    assert found.ravel().tolist() == works_out(counts, withheld, constraints)


def test_a_missing_count_is_withheld_and_shields():
    """What is not known is not published, and a small count beside it needs no other."""
    found = suppress([nan, 3, nan, 20], nested_constraints([-1, 0, 0, 0]))
    assert found.tolist() == [True, True, True, False]


def test_a_missing_count_that_follows_from_others_is_no_concern():
    """A missing count is no small count: nothing is withheld to hide it."""
    found = suppress([30, nan, 20], nested_constraints([-1, 0, 0]))
    assert found.tolist() == [False, True, False]


def test_a_missing_count_is_no_less_than_0():
    """Of 9, a withheld 1 and a missing count that is 8 and another missing one: it must be 1.

    The parts of the missing count cannot be less than 0, so that it is 8 or more.
    """
    constraints = sum_constraints([(0, [1, 2]), (2, [3, 4])], 5)
    counts = [9, 1, nan, 8, nan]
    found = recoverable(counts, [False, True, False, False, False], constraints)
    assert found[1]
    withheld = suppress(counts, constraints)
    assert withheld[[0, 3]].any()
    assert not recoverable(counts, withheld, constraints)[1]


def test_missing_counts_that_no_number_fits_are_refused():
    """A part of 30 in a whole of 20 leaves less than nothing for the missing part."""
    with pytest.raises(AlignmentError, match="in place of the missing"):
        suppress([20, 30, nan], nested_constraints([-1, 0, 0]))


def test_a_table_without_sums_withholds_small_counts_alone():
    """Where nothing adds up there is nothing to work out."""
    found = suppress([[0, 1], [4, 5]], sum_constraints([], 4))
    assert found.tolist() == [[False, True], [True, False]]


def test_a_threshold_of_1_withholds_nothing():
    """Any count may be published."""
    assert not suppress([3, 1, 2], nested_constraints([-1, 0, 0]), below=1).any()


# --- Rounding ---


def test_counts_round_to_the_nearest_multiple():
    """2 is nearer to 0 and 3 to 5, halves go up, and missing stays missing."""
    found = round_to([[0, 2, 3], [7, 8, nan]])
    np.testing.assert_array_equal(found, [[0, 0, 5], [5, 10, nan]])
    assert round_to([4, 5, 15], 10).tolist() == [0, 10, 20]


@given(st.lists(st.integers(0, 10**9)), st.integers(1, 100))
def test_rounded_counts_are_multiples_near_by(counts, base):
    """A rounded count is a multiple of the base, at most half of it away, and stays if repeated."""
    found = round_to(counts, base)
    assert not (found % base).any()
    assert (np.abs(found - counts) <= base / 2).all()
    np.testing.assert_array_equal(round_to(found, base), found)


def test_parts_of_a_count_that_was_divided_are_withheld_as_counts_are():
    """Of 20 deaths a part of 1.6 is small, and the other would tell it; of 30 no part is."""
    sums = nested_constraints([-1, 0, 0])
    assert suppress([20, 1.6, 18.4], sums, divided=True).tolist() == [False, True, True]
    assert not suppress([30, 10.1, 19.9], sums, divided=True).any()
    # Thirds of 10, which do not add up to the last bit.
    assert not suppress([10, 10 * 0.55, 10 * 0.45 + 1e-12], sums, divided=True, below=4).any()


# --- What is refused ---


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda sums: suppress([3, 1, 1], sums), AlignmentError, "row 0: .* difference of -1"),
        (lambda sums: suppress([3, 1], sums), AlignmentError, "found 2 counts and .* 3 cells"),
        (lambda sums: suppress([3, 1.5, 1.5], sums), SchemaError, "counts: expected whole"),
        (lambda sums: suppress([1, 2, -1], sums), SchemaError, "counts, item 2"),
        (lambda sums: suppress([3, 1, 2], sums, below=0), SchemaError, "below: expected 1"),
        (lambda sums: recoverable([3, 1, 2], [True], sums), AlignmentError, "for each count"),
        (lambda _: round_to([-1]), SchemaError, "counts, item 0"),
        (lambda _: round_to([1], 0), SchemaError, "base: expected a whole number"),
        (lambda _: round_to([1], 2.5), SchemaError, "base: expected a whole number"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(call, error, message):
    """Counts that do not add up, are no counts, or do not fit stop, and the message says which."""
    with pytest.raises(error, match=message):
        call(nested_constraints([-1, 0, 0]))
