"""Published tables of counts: what adds up, and what follows from it without being published.

Each axis of a table is a list of sets: areas are sets of districts, persons the set of both sexes,
bands sets of ages. Sets that overlap tell more than themselves. Deaths at all ages and under 75
tell those at 75 and over: a count that stands nowhere, and that a reader has all the same. Such
remainders are cells of the table too, after the sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
from scipy import sparse

from healthycities.health.disclosure import crossed_constraints, round_to, sum_constraints
from healthycities.health.rates import FloatArray


class Axis(NamedTuple):
    """One axis of a table: its sets in their order, then remainders that are none of the sets.

    Parameters
    ----------
    members : (cells, cells) 1 at the cells, without overlap, that each cell is made of.
    constraints : (totals, cells) 1 at parts and -1 at wholes.
    """

    members: sparse.csr_array
    constraints: sparse.csr_array

    @property
    def cells(self) -> int:
        """Number of sets and remainders."""
        return int(self.members.shape[0])


def axis_of_sets(sets: sparse.csr_array, *, differences: bool = False) -> Axis:
    """Return the axis of some sets of the same things.

    Parameters
    ----------
    sets : (sets, things) not 0 where a set has a thing.
    differences : whether each set within another is to have a sum of its own: itself and the rest
        of the larger one. Of a few sets that overlap in several ways, they let :func:`filled_in`
        find every remainder.
    """
    classes = _classes(sets)
    of_set: list[list[int]] = [[] for _ in range(sets.shape[0])]
    for number, holders in enumerate(classes):
        for one in holders:
            of_set[one].append(number)
    alone = {parts[0]: one for one, parts in reversed([*enumerate(of_set)]) if len(parts) == 1}
    rest = (number for number in range(len(classes)) if number not in alone)
    cell_of = alone | {number: len(of_set) + place for place, number in enumerate(rest)}
    made_of = [[cell_of[number] for number in parts] for parts in of_set]
    made_of += [[cell] for cell in range(len(of_set), len(of_set) + len(classes) - len(alone))]
    totals = [(cell, parts) for cell, parts in enumerate(made_of) if parts != [cell]]
    if differences:
        totals += _differences(made_of[: len(of_set)])
    return Axis(_members(made_of), sum_constraints(totals, len(made_of)))


def _classes(sets: sparse.csr_array) -> list[tuple[int, ...]]:
    """Return, for all things that lie in the same sets, once the places of these sets."""
    by_thing = sparse.csc_array(sets)
    by_thing.eliminate_zeros()
    by_thing.sort_indices()
    holders = np.split(by_thing.indices, by_thing.indptr[1:-1])
    return list(dict.fromkeys(tuple(found.tolist()) for found in holders if found.size))


def _differences(made_of: Sequence[Sequence[int]]) -> list[tuple[int, list[int]]]:
    """Return each set that holds another, with that one and the cells which it lacks."""
    return [
        (whole, [part, *sorted(set(made_of[whole]) - set(made_of[part]))])
        for whole, part in permutations(range(len(made_of)), 2)
        if set(made_of[part]) < set(made_of[whole]) and len(made_of[part]) > 1
    ]


def _members(made_of: Sequence[Sequence[int]]) -> sparse.csr_array:
    bounds = np.cumsum([0, *map(len, made_of)])
    cells = np.array([cell for parts in made_of for cell in parts], dtype=np.int64)
    size = len(made_of)
    return sparse.csr_array((np.ones(cells.size), cells, bounds), shape=(size, size))


def constraints_of(axes: Sequence[Axis]) -> sparse.csr_array:
    """Return the constraints (totals, cells) of a table with these axes, its cells in C order."""
    return crossed_constraints(*(axis.constraints for axis in axes))


def filled_in(counts: FloatArray, constraints: sparse.csr_array) -> FloatArray:
    """Return counts with those that follow from sums of which all others are known, one by one.

    Parameters
    ----------
    counts : (cells,) NaN where not known.
    constraints : (totals, cells) 1 at parts and -1 at wholes.
    """
    known = counts.copy()
    while True:
        missing = np.isnan(known)
        alone = np.asarray(abs(constraints) @ missing.astype(np.float64)) == 1
        open_sums = sparse.csr_array(constraints[alone])
        rest = np.asarray(open_sums @ np.nan_to_num(known))
        one = sparse.coo_array(open_sums[:, np.flatnonzero(missing)])
        if not one.nnz:
            return known
        known[np.flatnonzero(missing)[one.col]] = -rest[one.row] / one.data


def rounded_in_sum(counts: FloatArray, axes: Sequence[Axis], base: int) -> FloatArray:
    """Return counts rounded to multiples of a base, of which every sum holds again.

    The smallest parts are rounded each for itself, and all others are sums of these, so that no
    sum tells more than its parts do. Sums of counts that were each rounded for itself can tell
    everything: four districts of 2 are shown as 0, and their authority as 10, which is only so if
    each has 2 or more. A sum of many parts differs from the true one by more than half the base.

    Parameters
    ----------
    counts : (cells of each axis) NaN where not known.
    base : whole number of 1 or more.
    """
    rounded = round_to(counts, base)
    for place, axis in enumerate(axes):
        along = np.moveaxis(rounded, place, 0)
        sums = (axis.members @ along.reshape(axis.cells, -1)).reshape(along.shape)
        rounded = np.moveaxis(np.where(np.isnan(sums), along, sums), 0, place)
    return rounded
