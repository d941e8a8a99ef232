"""Weighted sums of many layers at once, passing over what is missing in each.

In a module of its own, because most jobs aggregate one layer, and the compiler takes longer to load
than such a job to run.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
from scipy.sparse import csr_array

from healthycities.spatial.grid import FloatArray, IntArray

_compiled = numba.njit(nogil=True, cache=True)


def weighted_sums(
    matrix: csr_array, layers: FloatArray, *, workers: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Sum weights times values, and the weights of the columns that have a value.

    Parameters
    ----------
    matrix : rows x columns weights.
    layers : float64 values, columns x layers; NaN where missing.
    workers : number of threads; it changes no result.

    Returns
    -------
    Two float64 arrays, rows x layers.
    """
    total, size = np.zeros((2, matrix.shape[0], layers.shape[1]))
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    values = np.ascontiguousarray(layers)

    def fill(rows: IntArray) -> None:
        _sum_rows(indptr, indices, matrix.data, values, total, size, rows)

    _on_threads(fill, np.arange(matrix.shape[0]), workers)
    return total, size


def _on_threads(fill: Callable[[IntArray], None], rows: IntArray, workers: int) -> None:
    """Fill rows of arrays that threads share, each block of rows once."""
    if workers == 1:
        fill(rows)
        return
    # Here, because it loads dask, which one thread does not need.
    from healthycities.spatial.parallel import BLOCK_SIZE, map_blocks, row_blocks

    map_blocks(fill, row_blocks(rows, BLOCK_SIZE), workers=workers)


@_compiled
def _sum_rows(
    indptr: IntArray,
    indices: IntArray,
    data: FloatArray,
    layers: FloatArray,
    total: FloatArray,
    size: FloatArray,
    rows: IntArray,
) -> None:
    """Add up some rows, all layers of a column at a time, since they lie together in memory."""
    for row in rows:
        total_of_row, size_of_row = total[row], size[row]
        for entry in range(indptr[row], indptr[row + 1]):
            weight, values = data[entry], layers[indices[entry]]
            for layer in range(len(values)):
                value = values[layer]
                known = value == value
                total_of_row[layer] += weight * value if known else 0.0
                size_of_row[layer] += weight if known else 0.0
