"""What is lowest, highest, in between or of a kind within each row of weights.

Sums and means are methods of :class:`healthycities.spatial.weights.Weights`. Everything here counts
a column by its weight, such as the exact fraction of a cell that a zone covers, passes over columns
that are missing in a layer, and says what share of the row had a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError, ConfigError
from healthycities.spatial.grid import FloatArray, IntArray
from healthycities.spatial.weights import Aggregate, Weights

_ROUNDING = 1e-12
"""Share of a row's weight by which running sums may fall short of what they would be exactly."""

_compiled = numba.njit(nogil=True, cache=True)


def minimum(weights: Weights, values: npt.ArrayLike) -> Aggregate:
    """Find the lowest value among the columns of any weight in each row.

    Parameters
    ----------
    weights : rows x columns.
    values : one number for each column, or columns x layers; NaN where missing.

    Returns
    -------
    The lowest value, NaN where no column has one, and the covered share.

    Raises
    ------
    AlignmentError : there is not one value for each column.
    """
    covered = weights.aggregate(values).covered_share
    found = _least(*_entries(weights), _layers(values))
    return Aggregate(found.reshape(covered.shape), covered)


def maximum(weights: Weights, values: npt.ArrayLike) -> Aggregate:
    """Find the highest value among the columns of any weight in each row.

    It takes, returns and raises the same as :func:`minimum`.
    """
    lowest = minimum(weights, -np.asarray(values, dtype=np.float64))
    return Aggregate(-lowest.value, lowest.covered_share)


def quantiles(
    weights: Weights,
    values: npt.ArrayLike,
    shares: npt.ArrayLike,
    by: npt.ArrayLike | None = None,
) -> Aggregate:
    """Find the values below which given shares of the weight of each row lie.

    The quantile of a share is the lowest value such that at least this share of the weight, among
    columns with a value, has this value or a lower one: definition 1 of R. J. Hyndman and Y. Fan,
    "Sample quantiles in statistical packages", The American Statistician 50 (1996) 361-365, with
    weights in place of counts. It is always one of the values, and cutting a cell in two changes
    nothing. Sums that fall short of a share by rounding alone, 1e-12 of the weight, reach it.

    Parameters
    ----------
    weights : rows x columns.
    values : one number for each column, or columns x layers; NaN where missing.
    shares : one share from 0 to 1, or k of them.
    by : something more to weigh each column by, as :meth:`Weights.aggregate` takes it.

    Returns
    -------
    The quantiles, rows, rows x layers, rows x k or rows x layers x k, NaN where no column has a
    value; and the covered share, rows or rows x layers.

    Raises
    ------
    AlignmentError : there is not one value, or not one number in ``by``, for each column.
    ConfigError : a share is not from 0 to 1.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ConfigError(f"expected shares from 0 to 1, found {wanted.tolist()}", place="shares")
    covered = weights.aggregate(values, by=by).covered_share
    found = _quantiles(*_entries(weights, by), _layers(values), wanted.ravel())
    return Aggregate(found.reshape(*covered.shape, *wanted.shape), covered)


def share_above(
    weights: Weights,
    values: npt.ArrayLike,
    threshold: float,
    by: npt.ArrayLike | None = None,
) -> Aggregate:
    """Measure the share of each row's weight, where values are known, that lies above a threshold.

    Parameters
    ----------
    weights : rows x columns.
    values : one number for each column, or columns x layers; NaN where missing.
    threshold : a column of just this value does not count.
    by : something more to weigh each column by, as :meth:`Weights.aggregate` takes it.

    Returns
    -------
    Shares from 0 to 1, NaN where no column has a value, and the covered share.

    Raises
    ------
    AlignmentError : there is not one value, or not one number in ``by``, for each column.
    """
    given = np.asarray(values, dtype=np.float64)
    above = np.where(np.isnan(given), np.nan, given > threshold)
    return weights.aggregate(above, by=by)


def class_fractions(
    weights: Weights,
    classes: npt.ArrayLike,
    wanted: Sequence[int],
    *,
    missing: Sequence[int] = (),
    by: npt.ArrayLike | None = None,
) -> Aggregate:
    """Measure the share of each row's weight, where the class is known, that is of each class.

    Parameters
    ----------
    weights : rows x columns.
    classes : the class of each column, as integers.
    wanted : k classes to measure; others count as ground of some other kind.
    missing : classes that mean that nothing is known.
    by : something more to weigh each column by, as :meth:`Weights.aggregate` takes it.

    Returns
    -------
    Fractions, rows x k, NaN where no class is known, and the covered share of each row.

    Raises
    ------
    AlignmentError : there is not one whole number for each column.
    """
    given = np.asarray(classes)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise AlignmentError(
            f"expected a whole number for each column, found an array of {given.shape}"
            f" of {given.dtype}",
            mend="Read the classes as integers, and name those that mean nothing as missing.",
        )
    unknown = np.isin(given, missing)
    covered = weights.aggregate(np.where(unknown, np.nan, 0.0), by=by).covered_share
    kinds, column = np.unique(np.asarray(wanted, dtype=np.int64), return_inverse=True)
    size = _size_of_slots(weights, _slots(given, kinds), ~unknown, len(kinds) + 1, by)
    total = size.sum(axis=1, keepdims=True)
    fraction = np.divide(size, total, out=np.full(size.shape, np.nan), where=total > 0)
    return Aggregate(fraction[:, column], covered)


def _slots(classes: npt.NDArray[Any], kinds: IntArray) -> IntArray:
    """Give each class its place among the kinds, which rise, and any other the place after them."""
    place = np.searchsorted(kinds, classes)
    return np.where(np.isin(classes, kinds), place, len(kinds)).astype(np.int64)


def _size_of_slots(
    weights: Weights,
    slot: IntArray,
    known: npt.NDArray[np.bool_],
    n_slots: int,
    by: npt.ArrayLike | None,
) -> FloatArray:
    """Add up the weights of the known columns of each slot in each row."""
    indptr, indices, data = _entries(weights, by)
    row = np.repeat(np.arange(len(weights.rows)), np.diff(indptr))
    counted = known[indices]
    place = row[counted] * n_slots + slot[indices[counted]]
    size = np.bincount(place, data[counted], minlength=len(weights.rows) * n_slots)
    return np.asarray(size, dtype=np.float64).reshape(-1, n_slots)


def _entries(
    weights: Weights, by: npt.ArrayLike | None = None
) -> tuple[IntArray, IntArray, FloatArray]:
    matrix = weights.matrix if by is None else weights.weighted(by)[0]
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data


def _layers(values: npt.ArrayLike) -> FloatArray:
    given = np.asarray(values, dtype=np.float64)
    return np.ascontiguousarray(given[:, np.newaxis] if given.ndim == 1 else given)


@_compiled
def _least(indptr: IntArray, indices: IntArray, data: FloatArray, layers: FloatArray) -> FloatArray:
    n_rows, n_layers = len(indptr) - 1, layers.shape[1]
    least = np.full((n_rows, n_layers), np.nan)
    for row in range(n_rows):
        for entry in range(indptr[row], indptr[row + 1]):
            for layer in range(n_layers):
                value = layers[indices[entry], layer]
                if data[entry] > 0 and value == value and not least[row, layer] <= value:
                    least[row, layer] = value
    return least


@_compiled
def _quantiles(
    indptr: IntArray,
    indices: IntArray,
    data: FloatArray,
    layers: FloatArray,
    shares: FloatArray,
) -> FloatArray:
    n_rows, n_layers = len(indptr) - 1, layers.shape[1]
    found = np.full((n_rows, n_layers, len(shares)), np.nan)
    for row in range(n_rows):
        columns = indices[indptr[row] : indptr[row + 1]]
        weight = data[indptr[row] : indptr[row + 1]]
        for layer in range(n_layers):
            value = np.array([layers[column, layer] for column in columns])
            known = (value == value) & (weight > 0)
            if known.any():
                found[row, layer] = _quantiles_of(value[known], weight[known], shares)
    return found


@_compiled
def _quantiles_of(value: FloatArray, weight: FloatArray, shares: FloatArray) -> FloatArray:
    order = np.argsort(value)
    running = np.cumsum(weight[order])
    reached = (shares - _ROUNDING) * running[-1]
    found: FloatArray = value[order[np.searchsorted(running, reached)]]
    return found
