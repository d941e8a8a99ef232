"""Stored weights: ``.npz`` files, the same bytes for the same content."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from healthycities.errors import HealthycitiesError, SourceError
from healthycities.io.atomic import replacing
from healthycities.spatial.grid import Grid
from healthycities.spatial.weights import Weights

_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    HealthycitiesError,
)
"""What reading a damaged or foreign file has been seen to raise."""


def _unpacked(weights: Weights) -> dict[str, Any]:
    """Name the arrays of weights; the cells of a grid need no ids."""
    grid = None if weights.grid is None else asdict(weights.grid)
    return {
        "data": weights.matrix.data,
        "indices": weights.matrix.indices.astype(np.int64),
        "indptr": weights.matrix.indptr.astype(np.int64),
        "rows": weights.rows,
        "columns": weights.columns if grid is None else np.zeros(0, np.int64),
        "row_total": weights.row_total,
        "grid": np.array(json.dumps(grid, sort_keys=True, default=_plain)),
    }


def _plain(number: np.generic) -> Any:
    return number.item()


def _packed(stored: Any) -> dict[str, Any]:
    """Return the fields of weights from their named arrays."""
    described = json.loads(str(stored["grid"]))
    grid = None if described is None else Grid(**described)
    columns = stored["columns"] if grid is None else np.arange(grid.size)
    entries = (stored["data"], stored["indices"], stored["indptr"])
    matrix = csr_array(entries, shape=(len(stored["rows"]), len(columns)))
    matrix.check_format(full_check=True)
    return {
        "matrix": matrix,
        "rows": stored["rows"],
        "columns": columns,
        "row_total": stored["row_total"],
        "grid": grid,
    }


def write_weights(path: Path, weights: Weights) -> None:
    """Write weights; the file appears under its name only when it is complete.

    It is not compressed, because compressors differ between machines.
    """
    with replacing(path) as temporary:
        np.savez(temporary, **_unpacked(weights))


def read_weights(path: Path) -> Weights:
    """Read weights that :func:`write_weights` wrote.

    Raises
    ------
    SourceError : the file is absent, truncated, altered, or holds something else.
    """
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as stored:
            return Weights(**_packed(stored))
    except _BROKEN as error:
        raise SourceError(
            f"expected stored weights, but they cannot be read ({error})",
            file=path,
            mend="Delete the file and build the weights again.",
        ) from error
