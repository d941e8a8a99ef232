"""Published tables of counts: what adds up, and what follows from it without being published.

Each axis of a table is a list of sets: areas are sets of districts, persons the set of both sexes,
bands sets of ages. Sets that overlap tell more than themselves. Deaths at all ages and under 75
tell those at 75 and over: a count that stands nowhere, and that a reader has all the same. Such
remainders are cells of the table too, after the sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from healthycities.health.disclosure import crossed_constraints, round_to
from healthycities.health.rates import FloatArray

BoolArray = npt.NDArray[np.bool_]


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


_Cell = frozenset[int]
"""What a cell is made of: classes of things, each of those that lie in the same sets."""

_Row = tuple[tuple[int, float], ...]
"""Places of cells that add up to 0, each with its sign."""


def axis_of_sets(sets: sparse.csr_array, *, told_together: Iterable[Sequence[int]] = ()) -> Axis:
    """Return the axis of some sets of the same things.

    Parameters
    ----------
    sets : (sets, things) not 0 where a set has a thing.
    told_together : lists of places of sets that a reader may have all at once; the first has all
        that any other has. What is left of one without another is then a cell too: of years 1 to 3,
        years 2 to 4 and year 4 the reader knows the years 2 and 3 together, and so year 1. Only
        what is left of a set that holds the other is sought.
    """
    of_set = _classes_of_sets(sets)
    splits = [_split({of_set[one]: {one: 1.0} for one in told}) for told in told_together]
    classes = [frozenset([one]) for one in sorted(set().union(*of_set))]
    cells = [*of_set, *(one for one in classes if one not in of_set)]
    unions = (piece for split in splits for piece in split.pieces)
    cells += dict.fromkeys(piece for piece in unions if piece not in cells)
    place_of = {cell: place for place, cell in reversed([*enumerate(cells)])}
    made_of = [[place_of[frozenset([one])] for one in sorted(cell)] for cell in cells]
    rows = [_total(cell, parts) for cell, parts in enumerate(made_of) if parts != [cell]]
    if splits:
        rows += [_total(*pair) for pair in _differences(made_of[: len(of_set)])]
        rows += [row for split in splits for row in split.rows(place_of)]
        made_of = [splits[0].parts_of(cell, place_of) for cell in cells]
    return Axis(_members(made_of), _constraints(rows, len(cells)))


def _classes_of_sets(sets: sparse.csr_array) -> list[_Cell]:
    """Return the classes of each set, by their numbers; of all things in the same sets one."""
    by_thing = sparse.csc_array(sets)
    by_thing.eliminate_zeros()
    by_thing.sort_indices()
    holders = np.split(by_thing.indices, by_thing.indptr[1:-1])
    classes = dict.fromkeys(tuple(found.tolist()) for found in holders if found.size)
    of_set: list[set[int]] = [set() for _ in range(sets.shape[0])]
    for number, holding in enumerate(classes):
        for one in holding:
            of_set[one].add(number)
    return [frozenset(one) for one in of_set]


class _Split(NamedTuple):
    """Sets, each without all others that lie in it, and so on until none lies in another.

    Parameters
    ----------
    pieces : what is left, and how it follows from the sets: their places with their signs.
    cut : cells that were cut in two, and these two.
    """

    pieces: dict[_Cell, dict[int, float]]
    cut: dict[_Cell, tuple[_Cell, _Cell]]

    def leaves(self, cell: _Cell) -> list[_Cell]:
        """Return the pieces that a cell is made of; a cell that was not cut is its own."""
        if cell not in self.cut:
            return [cell]
        return [leaf for half in self.cut[cell] for leaf in self.leaves(half)]

    def parts_of(self, cell: _Cell, place_of: Mapping[_Cell, int]) -> list[int]:
        """Return the places of the pieces of a cell, or those of its classes."""
        known = cell in self.cut or cell in self.pieces
        single = [frozenset([one]) for one in sorted(cell)]
        return sorted(place_of[part] for part in (self.leaves(cell) if known else single))

    def rows(self, place_of: Mapping[_Cell, int]) -> Iterator[_Row]:
        """Yield the sums of pieces that cells are, and how each piece follows from sets."""
        for cell in self.cut:
            if cell in place_of:
                yield _total(place_of[cell], self.parts_of(cell, place_of))
        for piece, signs in self.pieces.items():
            if len(signs) > 1:
                yield (*((one, -sign) for one, sign in signs.items()), (place_of[piece], 1.0))


def _split(sets: Mapping[_Cell, Mapping[int, float]]) -> _Split:
    """Cut sets that hold others, until none does."""
    pieces = {cell: dict(signs) for cell, signs in sets.items() if cell}
    cut: dict[_Cell, tuple[_Cell, _Cell]] = {}
    while pair := _one_in_another(pieces):
        small, large = pair
        rest = large - small
        signs = pieces.pop(large)
        left = {
            one: signs.get(one, 0.0) - pieces[small].get(one, 0.0)
            for one in dict.fromkeys([*signs, *pieces[small]])
        }
        pieces.setdefault(rest, {one: sign for one, sign in left.items() if sign})
        cut[large] = (small, rest)
    return _Split(pieces, cut)


def _one_in_another(cells: Iterable[_Cell]) -> tuple[_Cell, _Cell] | None:
    """Return the smallest cell that lies in another, and the smallest that it lies in."""
    by_size = sorted(cells, key=lambda cell: (len(cell), sorted(cell)))
    pairs = ((small, large) for small in by_size for large in by_size if small < large)
    return next(pairs, None)


def _total(whole: int, parts: Sequence[int]) -> _Row:
    return ((whole, -1.0), *((part, 1.0) for part in parts))


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


def _constraints(rows: Iterable[_Row], cells: int) -> sparse.csr_array:
    """Return rows as constraints, each once."""
    found: dict[frozenset[tuple[int, float]], _Row] = {}
    for row in rows:
        found.setdefault(frozenset(row), row)
    once = list(found.values())
    entries = [entry for row in once for entry in row]
    bounds = np.cumsum([0, *map(len, once)])
    places = np.array([place for place, _ in entries], dtype=np.int64)
    signs = np.array([sign for _, sign in entries], dtype=np.float64)
    return sparse.csr_array((signs, places, bounds), shape=(len(once), cells))


def constraints_of(axes: Sequence[Axis]) -> sparse.csr_array:
    """Return the constraints (totals, cells) of a table with these axes, its cells in C order."""
    return crossed_constraints(*(axis.constraints for axis in axes))


def filled_in(counts: FloatArray, constraints: sparse.csr_array) -> FloatArray:
    """Return counts with those that follow from sums of which all others are known, one by one.

    The parts of a whole of 0 are 0.

    Parameters
    ----------
    counts : (cells,) NaN where not known.
    constraints : (totals, cells) 1 at parts and -1 at wholes.
    """
    known = counts.copy()
    while True:
        known[_parts_of_nothing(known, constraints)] = 0.0
        missing = np.isnan(known)
        alone = np.asarray(abs(constraints) @ missing.astype(np.float64)) == 1
        open_sums = sparse.csr_array(constraints[alone])
        rest = np.asarray(open_sums @ np.nan_to_num(known))
        one = sparse.coo_array(open_sums[:, np.flatnonzero(missing)])
        if not one.nnz:
            return known
        known[np.flatnonzero(missing)[one.col]] = -rest[one.row] / one.data


def _parts_of_nothing(counts: FloatArray, constraints: sparse.csr_array) -> BoolArray:
    """Return the missing counts that are parts of a whole of 0."""
    is_sum = np.asarray((constraints < 0).sum(axis=1)).ravel() == 1
    wholes = sparse.csr_array(constraints < 0, dtype=np.float64)
    nothing = is_sum & (np.asarray(wholes @ (counts == 0).astype(np.float64)) > 0)
    within = np.asarray((constraints > 0).T @ nothing.astype(np.float64)) > 0
    return np.asarray(within & np.isnan(counts))


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
