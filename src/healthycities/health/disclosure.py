"""Small counts of people: which cells of tables to withhold, so that none can be worked out.

A table is a list of cells, of which some are sums of others: districts of their small areas,
persons of men and women, all ages of each. Each such sum is a constraint, a row of a sparse matrix
with 1 at the parts and -1 at the whole, so that ``constraints @ counts`` is 0. Anything that adds
up is put in the same way: nested areas, crossed sexes and ages, and two tables that share totals.

A reader of published cells knows every constraint, and that no count of 0 is ever withheld, so that
what is withheld is 1 or more. All withheld cells have to look alike: one that is told to be small
itself, apart from those that are withheld to shield it, tells more than is reckoned with here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from healthycities.errors import AlignmentError, HealthycitiesError, SchemaError
from healthycities.health.rates import FloatArray, non_negative

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FEWEST_SHOWN = 5
"""Counts above 0 and below this are withheld."""

_LEAST_WITHHELD = 1.0
_TOLERANCE = 1e-7
_INFEASIBLE = 2


# --- Constraints ---


def sum_constraints(totals: Iterable[tuple[int, Sequence[int]]], cells: int) -> sparse.csr_array:
    """Return constraints from the places of wholes and of their parts.

    Parameters
    ----------
    totals : pairs of the place of a whole and the places of its parts, from 0.
    cells : number of cells.

    Returns
    -------
    sparse.csr_array
        (totals, cells), 1 at parts and -1 at wholes.

    Raises
    ------
    SchemaError : a place is not among the cells, or comes twice in one sum.
    """
    pairs = list(totals)
    places = [np.array([whole, *parts], dtype=np.int64) for whole, parts in pairs]
    for row, found in enumerate(places):
        if len(np.unique(found)) < len(found) or (found < 0).any() or (found >= cells).any():
            raise SchemaError(
                f"expected places of 0 to {cells - 1}, each once, found {found.tolist()}",
                place=f"totals, item {row}",
            )
    signs = [np.array([-1.0] + [1.0] * (len(found) - 1)) for found in places]
    bounds = np.cumsum([0, *map(len, places)])
    return sparse.csr_array(
        (np.concatenate([*signs, []]), np.concatenate([*places, np.array([], np.int64)]), bounds),
        shape=(len(pairs), cells),
    )


def nested_constraints(parents: npt.ArrayLike) -> sparse.csr_array:
    """Return constraints of cells that nest, such as small areas in districts in authorities.

    Parameters
    ----------
    parents : (cells,) place of the whole that each is a part of; -1 where it is a part of none. The
        parts of a whole have to be all of its parts.

    Returns
    -------
    sparse.csr_array
        (wholes, cells), in order of the wholes' places.

    Raises
    ------
    SchemaError : a place is not among the cells, or a cell is a part of itself.
    """
    of = np.asarray(parents, dtype=np.int64)
    order = np.argsort(of, kind="stable")
    wholes, first = np.unique(of[order], return_index=True)
    spans = pairwise([*first.tolist(), len(of)])
    parts = [order[start:end] for start, end in spans]
    pairs = zip(wholes.tolist(), (part.tolist() for part in parts), strict=True)
    return sum_constraints([pair for pair in pairs if pair[0] != -1], len(of))


def crossed_constraints(*dimensions: sparse.csr_array) -> sparse.csr_array:
    """Return constraints of a table that is crossed from several lists, each with its own.

    Cells are those of an array with one axis for each dimension, in C order: of areas x sexes x
    ages, every constraint of areas holds for each sex and age, and so on.

    Parameters
    ----------
    dimensions : constraints (totals, cells) of each axis; without totals where nothing adds up.

    Returns
    -------
    sparse.csr_array
        (totals, product of cells).
    """
    sizes = [part.shape[1] for part in dimensions]
    rows = []
    for axis, part in enumerate(dimensions):
        before, after = int(np.prod(sizes[:axis])), int(np.prod(sizes[axis + 1 :]))
        inner = sparse.kron(part, sparse.eye_array(after), format="csr")
        rows.append(sparse.kron(sparse.eye_array(before), inner, format="csr"))
    return sparse.csr_array(sparse.vstack(rows, format="csr"))


# --- Rounding ---


def round_to(counts: npt.ArrayLike, base: int = 5) -> FloatArray:
    """Return counts rounded to multiples of a base, halves up; missing ones stay missing.

    Each cell is rounded for itself, so that rounded parts do not add up to their rounded whole. Do
    not publish rounded counts beside exact rates of them.

    Parameters
    ----------
    counts : (…) 0 or more.
    base : whole number of 1 or more.

    Raises
    ------
    SchemaError : a count is negative or infinite, or the base is no whole number of 1 or more.
    """
    if base != int(base) or base < 1:
        raise SchemaError(f"expected a whole number of 1 or more, found {base}", place="base")
    return np.asarray(np.floor(non_negative("counts", counts) / base + 0.5) * base)


# --- Withholding ---


def suppress(
    counts: npt.ArrayLike,
    constraints: sparse.csr_array,
    *,
    below: int = FEWEST_SHOWN,
    divided: bool = False,
) -> BoolArray:
    """Return which cells to withhold: small counts, and others so that none can be worked out.

    Counts of 1 to ``below`` - 1 are withheld, and with them further cells, the smaller the sooner,
    until :func:`recoverable` finds none of the withheld. Zeros are never withheld. First, wherever
    a sum has one withheld cell, its smallest other cell is withheld too. What can then still be
    worked out from several sums together is shielded by a linear program: the cheapest change to
    the counts that keeps every sum and raises the exposed ones; the published cells that it changes
    are withheld. There always is one, since all counts could be larger in one proportion.

    Rates, proportions and limits of a withheld count tell it too, with their denominators: withhold
    them with it.

    Parameters
    ----------
    counts : whole numbers of 0 or more, in any shape of as many cells as the constraints have. A
        missing one (NaN) is not published, so that it counts as withheld; it may be 0.
    constraints : (totals, cells) 1 at parts and -1 at wholes, of every total that will be published
        anywhere.
    below : lowest count above 0 that may be published; 1 withholds none.
    divided : whether counts may be parts of counts that were divided, and so not whole.

    Returns
    -------
    BoolArray
        True where withheld or missing, in the shape of counts.

    Raises
    ------
    AlignmentError : counts and constraints do not have the same cells, or parts do not add up.
    SchemaError : a count is negative or infinite, or no whole number though nothing is divided, or
        ``below`` is less than 1.

    Notes
    -----
    Source: Cox 1980, Journal of the American Statistical Association 75; the linear program after
    Kelly, Golden and Assad 1992, Networks 22. Test: every withheld cell has a range of values in
    a linear program of its own.
    """
    if below < 1:
        raise SchemaError(f"expected 1 or more, found {below}", place="below")
    flat = _checked(counts, constraints, divided=divided)
    sums = _signed(constraints)
    bounds = _change_bounds(sums, flat)
    withheld = np.isnan(flat) | ((flat > 0) & (flat < below))
    while True:
        withheld = _paired(sums, flat, withheld)
        exposed = _exposed(sums, bounds, withheld) & ~np.isnan(flat)
        if not exposed.any():
            return np.reshape(withheld, np.shape(counts))
        withheld = _shielded(sums, flat, bounds, withheld, _apart(sums, exposed))


def recoverable(
    counts: npt.ArrayLike, withheld: npt.ArrayLike, constraints: sparse.csr_array
) -> BoolArray:
    """Return which withheld cells a reader can work out exactly from those that are published.

    A cell is safe if there is another table in which it differs by 1, every sum holds, published
    cells are as they are, and no withheld one is below 1. What follows from one sum after the other
    is found first, then the rest by linear programs. The other cells of such a table need not be
    whole numbers, which only another search could tell.

    Parameters
    ----------
    counts, constraints : as for :func:`suppress`.
    withheld : which cells are not published, in the shape of counts; a missing count never is.

    Returns
    -------
    BoolArray
        In the shape of counts; True is only where withheld.

    Raises
    ------
    AlignmentError, SchemaError : as :func:`suppress`.
    """
    flat = _checked(counts, constraints)
    mask = np.asarray(withheld, dtype=bool)
    if mask.shape != np.shape(counts):
        raise AlignmentError(
            f"expected one truth value for each count, found {mask.shape} and {np.shape(counts)}"
        )
    hidden = np.isnan(flat) | mask.ravel()
    sums = _signed(constraints)
    return np.reshape(_exposed(sums, _change_bounds(sums, flat), hidden), np.shape(counts))


def _checked(
    counts: npt.ArrayLike, constraints: sparse.csr_array, *, divided: bool = False
) -> FloatArray:
    """Return the counts in one line, once they are whole and every sum of them holds."""
    flat = non_negative("counts", counts).ravel()
    if flat.size != constraints.shape[1]:
        raise AlignmentError(
            f"expected one count for each cell, found {flat.size} counts and constraints of"
            f" {constraints.shape[1]} cells"
        )
    if not divided and (flat != np.floor(flat))[~np.isnan(flat)].any():
        raise SchemaError("expected whole numbers", place="counts")
    # Sums of parts of a count differ from it by what rounding leaves.
    slack = _TOLERANCE * (1 + np.nanmax(flat, initial=0)) if divided else 0.0
    wrong = np.flatnonzero(np.abs(constraints @ flat) > slack)
    if wrong.size:
        raise AlignmentError(
            f"expected parts that add up to their whole, found a difference of"
            f" {(constraints @ flat)[wrong[0]]:g}",
            place=f"constraints, row {wrong[0]}",
            mend="Take counts that were neither rounded nor withheld, and all parts of each whole.",
        )
    return flat


def _signed(constraints: sparse.csr_array) -> sparse.csr_array:
    sums = sparse.csr_array(constraints, dtype=np.float64)
    sums.eliminate_zeros()
    return sums


def _paired(sums: sparse.csr_array, counts: FloatArray, withheld: BoolArray) -> BoolArray:
    """Withhold the smallest other cell of every sum of which one cell is withheld."""
    while True:
        paired = withheld.copy()
        for row in np.flatnonzero(_withheld_in(sums, withheld) == 1):
            cells = _cells_of(sums, row)
            # An earlier sum may have shielded this one as well.
            alone = cells[paired[cells]]
            others = cells[~paired[cells] & (counts[cells] > 0)]
            if alone.size == 1 and others.size and not np.isnan(counts[alone[0]]):
                paired[others[np.argmin(counts[others])]] = True
        if (paired == withheld).all():
            return withheld
        withheld = paired


def _withheld_in(sums: sparse.csr_array, withheld: BoolArray) -> FloatArray:
    """Return how many withheld cells each sum has."""
    return np.asarray(abs(sums) @ withheld.astype(np.float64))


def _cells_of(sums: sparse.csr_array, row: np.intp) -> IntArray:
    return np.asarray(sums.indices[sums.indptr[row] : sums.indptr[row + 1]])


# --- What a reader can work out ---


def _exposed(sums: sparse.csr_array, bounds: FloatArray, withheld: BoolArray) -> BoolArray:
    """Return which withheld cells can have no other whole number within bounds of their change."""
    cells = np.flatnonzero(withheld)
    of_withheld = sparse.csr_array(sums[:, cells])
    known = _one_by_one(of_withheld)
    left = np.flatnonzero(~known)
    open_sums = sparse.csr_array(of_withheld[:, left])
    open_sums = sparse.csr_array(open_sums[np.diff(open_sums.indptr) > 0])
    known[left[~_moving(open_sums, bounds[cells[left]])]] = True
    exposed = np.zeros(withheld.size, dtype=bool)
    exposed[cells[known]] = True
    return exposed


def _change_bounds(sums: sparse.csr_array, counts: FloatArray) -> FloatArray:
    """Return (cells, 2) lowest and highest change: to 1, and so far up that no sum asks for more.

    A missing count is one of those that fit, and may change to any other of 0 or more.
    """
    highest = np.full(counts.size, np.nanmax(counts, initial=0) + 1)
    bounds = np.stack([np.minimum(_LEAST_WITHHELD - counts, 0), highest], axis=1)
    missing = np.isnan(counts)
    bounds[missing, 0] = -_that_fit(sums, counts)[missing]
    bounds[missing, 1] = np.inf
    return bounds


def _that_fit(sums: sparse.csr_array, counts: FloatArray) -> FloatArray:
    """Return counts with numbers of 0 or more in place of the missing ones, so that sums hold."""
    missing = np.flatnonzero(np.isnan(counts))
    known = np.nan_to_num(counts)
    of_missing = sparse.csr_array(sums[:, missing])
    some = np.diff(of_missing.indptr) > 0
    if not some.any():
        return known
    rest = np.asarray(sums[some] @ known)
    found = linprog(np.zeros(missing.size), A_eq=of_missing[some], b_eq=-rest, method="highs")
    if found.x is None:
        raise AlignmentError(
            "expected sums that counts of 0 or more can have in place of the missing ones, found"
            f" none that do: {found.message}",
            mend="Take counts of one kind, of which each whole holds all of its parts.",
        )
    known[missing] = found.x
    return known


def _one_by_one(sums: sparse.csr_array) -> BoolArray:
    """Return the cells that follow from sums of which all the others are known, one by one."""
    known = np.zeros(sums.shape[1], dtype=bool)
    while True:
        alone = _withheld_in(sums, ~known) == 1
        found = (abs(sums[alone]).sum(axis=0) > 0) & ~known
        if not found.any():
            return known
        known |= found


def _moving(sums: sparse.csr_array, bounds: FloatArray) -> BoolArray:
    """Return the cells that some change within bounds, which keeps the sums, moves by 1 or more.

    First, linear programs move all cells as far as they can, but by no more than 1, in directions
    that are drawn at random, the same in every run: a few of them show nearly all, for a program
    takes as many cells as it can to an end of their bounds. Each further one moves one cell by 1,
    up or down, and the others as before.
    """
    if not sums.shape[0]:
        return np.ones(len(bounds), dtype=bool)
    rng = np.random.default_rng(1)
    columns = sparse.csc_array(sums)
    weighed: BoolArray = np.asarray(np.isfinite(bounds).all(axis=1))
    # A missing count is no secret: nobody has to be shown that it may be another.
    moving: BoolArray = np.logical_not(weighed)
    near = np.clip(bounds, -1, 1)
    while (found := _moved_at_random(columns, near, weighed & ~moving, rng) & ~moving).any():
        moving |= found
    for cell in range(len(bounds)):
        for step in (1.0, -1.0):
            if moving[cell] or not bounds[cell, 0] <= step <= bounds[cell, 1]:
                continue
            pinned = bounds.copy()
            pinned[cell] = step
            moving |= _moved_at_random(columns, pinned, weighed & ~moving, rng)
    return moving


def _moved_at_random(
    sums: sparse.csc_array, bounds: FloatArray, wanted: BoolArray, rng: np.random.Generator
) -> BoolArray:
    """Return the cells that move by 1 or more where the wanted ones go as far as they can."""
    change = _cheapest(wanted * rng.standard_normal(len(bounds)), sums, bounds)
    return np.zeros(len(bounds), dtype=bool) if change is None else _moves(change)


def _moves(change: FloatArray) -> BoolArray:
    return np.asarray(np.abs(change) >= 1 - _TOLERANCE)


def _cheapest(cost: FloatArray, sums: sparse.csc_array, bounds: FloatArray) -> FloatArray | None:
    """Return the cheapest change within bounds that keeps the sums; None where there is none."""
    found = linprog(cost, A_eq=sums, b_eq=np.zeros(sums.shape[0]), bounds=bounds, method="highs")
    if found.status not in (0, _INFEASIBLE):
        raise HealthycitiesError(
            f"expected a linear program of {sums.shape[1]} cells with an answer, found:"
            f" {found.message}",
            mend="Withhold the table, or publish fewer of its totals.",
        )
    return None if found.x is None else np.asarray(found.x)


# --- What shields ---


def _apart(sums: sparse.csr_array, exposed: BoolArray) -> BoolArray:
    """Return some of the exposed cells, no two of one sum: one can shield another of its sum."""
    by_cell = sparse.csr_array(sums.T)
    taken = np.zeros(sums.shape[0], dtype=bool)
    apart = np.zeros(exposed.size, dtype=bool)
    for cell in np.flatnonzero(exposed):
        rows = _cells_of(by_cell, cell)
        if not taken[rows].any():
            taken[rows] = apart[cell] = True
    return apart


def _shielded(
    sums: sparse.csr_array,
    counts: FloatArray,
    change_bounds: FloatArray,
    withheld: BoolArray,
    exposed: BoolArray,
) -> BoolArray:
    """Withhold the published cells of the cheapest change that raises all exposed ones."""
    cells = np.flatnonzero(withheld | (counts > 0))
    shown = np.flatnonzero(~withheld[cells])
    bounds = change_bounds[cells]
    bounds[exposed[cells], 0] = 1
    # A published cell is raised by one column and lowered by another, and costs both ways.
    lowered = np.stack([np.zeros(shown.size), -bounds[shown, 0]], axis=1)
    bounds[shown, 0] = 0
    chosen = sparse.csc_array(sums[:, cells])
    columns = sparse.hstack([chosen, -chosen[:, shown]], format="csc")
    cost = np.zeros(cells.size + shown.size)
    cost[shown] = cost[cells.size :] = np.log1p(counts[cells[shown]])
    change = _cheapest(cost, columns, np.concatenate([bounds, lowered]))
    moved = _moved(change, shown, cells.size)
    shielded = withheld.copy()
    # Where rounding hides every change, to withhold all that is above 0 is known to be safe.
    shielded[cells[shown[moved]] if moved.any() else cells] = True
    return shielded


def _moved(change: FloatArray | None, shown: IntArray, cells: int) -> BoolArray:
    if change is None:
        return np.zeros(shown.size, dtype=bool)
    return np.asarray(np.maximum(change[shown], change[cells:]) > _TOLERANCE)
