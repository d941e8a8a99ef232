"""Values of the areas of one vintage, carried to those of another by weights.

An area that became another, whole or with others, is carried exactly. One that several areas of the
other vintage are parts of is divided among them by their people: an estimate, which each area that
has only some of the parts is told the share of. The columns of the weights add up to 1, so that no
total changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from healthycities.errors import AlignmentError
from healthycities.spatial.grid import FloatArray
from healthycities.spatial.weights import Weights

Pair = tuple[str, str]
_WHOLE = 1 - 1e-9


def carrying(pairs: Sequence[Pair], people: Mapping[str, float] | None = None) -> Weights:
    """Return the weights that carry values of areas as published to the areas wanted.

    Parameters
    ----------
    pairs : an area as published and an area wanted that have ground in common, each pair once.
    people : of each area wanted, to divide areas by which are published whole and wanted in parts.
        Where an area wanted has parts of several such areas, its people are taken to live in equal
        numbers in each of them. None divides all into equal parts.

    Returns
    -------
    Weights of the areas as published, the columns, in the areas wanted, the rows; both sorted. Each
    column adds up to 1.

    Raises
    ------
    AlignmentError : a pair stands twice; the people of a part are not given, or are no finite
        number of 0 or more; or nobody lives in any part of an area that is to be divided.
    """
    _require_once(pairs)
    published, wanted = (sorted(set(side)) for side in zip(*pairs, strict=True))
    column = np.searchsorted(published, [one for one, _ in pairs])
    row = np.searchsorted(wanted, [other for _, other in pairs])
    parts = np.bincount(column, minlength=len(published))
    size = np.where(parts[column] > 1, _sizes(pairs, people, parts[column] > 1), 1.0)
    whole: FloatArray = np.zeros(len(published))
    np.add.at(whole, column, size)
    _require_people(published, whole)
    shape = (len(wanted), len(published))
    matrix = csr_array((size / whole[column], (row, column)), shape=shape)
    total = np.asarray(matrix.sum(axis=1))
    return Weights(matrix, np.array(wanted), np.array(published), total)


def _sizes(
    pairs: Sequence[Pair], people: Mapping[str, float] | None, divided: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return the people that an area wanted has of one published, for each pair that is divided."""
    if people is None:
        return np.ones(len(pairs))
    sources = Counter(wanted for _, wanted in pairs)
    sizes = np.ones(len(pairs))
    for place in np.flatnonzero(divided).tolist():
        published, wanted = pairs[place]
        number = people.get(wanted, np.nan)
        if not (np.isfinite(number) and number >= 0):
            raise AlignmentError(
                f"expected the people of {wanted}, a part of {published}, found {number}",
                mend="Give the people of every area that others are divided among.",
            )
        sizes[place] = number / sources[wanted]
    return sizes


def _require_once(pairs: Sequence[Pair]) -> None:
    twice = [pair for pair, count in Counter(pairs).items() if count > 1]
    if twice:
        raise AlignmentError(
            f"expected each pair of areas once, found {' and '.join(twice[0])} again",
            mend="Take one row for each pair.",
        )


def _require_people(published: Sequence[str], whole: FloatArray) -> None:
    empty = np.flatnonzero(whole == 0)
    if len(empty):
        raise AlignmentError(
            f"{published[empty[0]]} is to be divided by people, and nobody lives in any part of it",
            mend="Give the people of its parts at a date when somebody lived there.",
        )


def carried_sums(weights: Weights, values: npt.ArrayLike) -> FloatArray:
    """Return counts of the areas as published as counts of the areas wanted.

    Parameters
    ----------
    weights : as :func:`carrying` gives them.
    values : float64, one for each column, or columns x layers; NaN where missing.

    Returns
    -------
    float64 of the rows, or rows x layers; NaN where a part is missing. They sum to the same totals.
    """
    return weights.aggregate(values, how="sum").value


def estimated_share(areas: Weights, weights: Weights, values: npt.ArrayLike) -> FloatArray:
    """Return which share of the sum of each area was divided, and so estimated.

    What an area has whole is exact, however many of the areas wanted it is made of.

    Parameters
    ----------
    areas : areas as weights of the areas wanted.
    weights : as :func:`carrying` gives them.
    values : float64, one for each area as published, 0 or more; a missing one (NaN) counts as 0.

    Returns
    -------
    float64 from 0 to 1 for each row of ``areas``; 0 where the sum is 0.

    Raises
    ------
    AlignmentError : the rows of ``weights`` are not the columns of ``areas``.
    """
    through = areas.then(weights).matrix
    known = np.nan_to_num(np.asarray(values, dtype=np.float64))
    partly = through.copy()
    partly.data = np.where(through.data < _WHOLE, through.data, 0.0)
    share = np.zeros(through.shape[0])
    total = through @ known
    np.divide(partly @ known, total, out=share, where=total > 0)
    return share
