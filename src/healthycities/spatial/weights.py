"""Every spatial join as a sparse matrix of weights with the ids of both sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from healthycities.errors import (
    AlignmentError,
    ConfigError,
    CrsError,
)
from healthycities.spatial.grid import FloatArray, Grid, ObjectArray

if TYPE_CHECKING:
    import geopandas

Ids = npt.NDArray[np.str_] | npt.NDArray[np.int64]


class Aggregate(NamedTuple):
    """Values of the rows, and the share of each row that had a value.

    ``value`` and ``covered_share`` have the shape of the values that were aggregated: one number
    for each row, or rows x layers. Where a layer gives several values, as many quantiles or classes
    do, they are a last axis of ``value`` alone.
    """

    value: FloatArray
    covered_share: FloatArray


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of columns in rows: cells in zones, districts in authorities, and so on.

    Parameters
    ----------
    matrix : float64 weights of 0 or more, rows x columns.
    rows : ids of the rows, each once.
    columns : ids of the columns, each once; int64 cell numbers where the columns are a grid.
    row_total : float64 full size of each row in the unit of its weights: a zone's whole area in
        cells, including any part off the grid, or the number of an authority's districts.
    grid : the grid, where the columns are one.

    Raises
    ------
    AlignmentError : ids are missing or repeated, or do not fit the matrix.
    """

    matrix: csr_array
    rows: Ids
    columns: Ids
    row_total: FloatArray
    grid: Grid | None = None

    def __post_init__(self) -> None:
        set_field = partial(object.__setattr__, self)
        set_field("matrix", _canonical(self.matrix))
        set_field("rows", _unique(_ids(self.rows, "row"), "row"))
        set_field("columns", _unique(_ids(self.columns, "column"), "column"))
        set_field("row_total", np.asarray(self.row_total, dtype=np.float64))
        expected = (len(self.rows), len(self.columns), len(self.rows))
        if (*self.matrix.shape, *self.row_total.shape) != expected:
            raise AlignmentError(
                f"expected weights of {expected[0]} rows and {expected[1]} columns, found"
                f" {self.matrix.shape} and {self.row_total.shape} row totals",
                mend="Give one id and one total for each row, and one id for each column.",
            )

    @classmethod
    def from_grid(
        cls,
        zones: geopandas.GeoSeries,
        grid: Grid,
        *,
        scheduler: str = "threads",
        workers: int | None = None,
        block_size: int | None = None,
    ) -> Weights:
        """Weigh the cells of a grid by the fraction of each that a zone covers.

        A row's weights add up to the zone's area in cells, as far as it lies on the grid.

        Parameters
        ----------
        zones : polygons, indexed by their codes.
        grid : the grid, in the coordinate reference system of the zones.
        scheduler, workers : as :func:`healthycities.spatial.parallel.map_blocks` takes them.
        block_size : zones in a block, by default the house's; the result is the same whatever it
            is.

        Raises
        ------
        CrsError : the zones are in another coordinate reference system, or in none.
        AlignmentError : a code is missing, repeated or not text.
        GeometryError : a zone is missing, empty or no polygon.
        """
        # Here, because most jobs that hold weights never build any from a grid, and the kernel's
        # compiler and dask take longer to load than such a job to run.
        from healthycities.spatial.covering import cover

        _require_crs(zones, grid)
        codes = _codes(zones.index)
        coverage, area = cover(
            zones.to_numpy(),
            grid,
            names=codes.tolist(),
            scheduler=scheduler,
            workers=workers,
            block_size=block_size,
        )
        entries = (coverage.fraction, coverage.cells, coverage.indptr)
        matrix = csr_array(entries, shape=(len(codes), grid.size))
        return cls(matrix, codes, np.arange(grid.size), area, grid)

    @classmethod
    def membership(cls, children: Iterable[Any], parents: Iterable[Any]) -> Weights:
        """Weigh each child by 1 in its parent and by 0 elsewhere.

        Parameters
        ----------
        children : n ids, each once; they become the columns, in the same order.
        parents : the id of each child's parent, None or NaN where it has none; sorted and each
            once, they become the rows.

        Raises
        ------
        AlignmentError : a child is missing or repeated, or the two are not equally long.
        """
        child, parent = _objects(children), _objects(parents)
        if len(child) != len(parent):
            raise AlignmentError(
                f"expected a parent for each of {len(child)} children, found {len(parent)}",
                mend="Give None for a child that belongs to none.",
            )
        belongs = ~pd.isna(parent)
        parent_ids: Any = _ids(parent[belongs], "parent")
        rows, row = np.unique(parent_ids, return_inverse=True)
        entries = (np.ones(len(row)), (row, np.flatnonzero(belongs)))
        matrix = csr_array(entries, shape=(len(rows), len(child)))
        return cls(matrix, rows, _ids(child, "child"), np.asarray(matrix.sum(axis=1)))

    def aggregate(
        self,
        values: npt.ArrayLike,
        how: Literal["mean", "sum"] = "mean",
        by: npt.ArrayLike | None = None,
        *,
        workers: int = 1,
    ) -> Aggregate:
        """Aggregate the values of columns to rows.

        ``mean`` divides by the weights of the columns that have a value, so that a missing one
        does not pull the mean towards 0. ``sum`` is NaN where a column of some weight is missing.
        Both are NaN in a row where no column has a value. The covered share is the weight of the
        columns with a value over the full size of the row, and 0 where that size is 0; given
        ``by``, the size is the sum of ``by`` over the row's columns, with or without a value.

        Parameters
        ----------
        values : one number for each column, or columns x layers; NaN where missing. Fastest where
            the layers of a column lie side by side in memory.
        how : what to compute.
        by : something more to weigh each column by, such as its people; finite and not below 0.
            A sum is then that of ``by`` times the value.
        workers : number of threads that share the rows of many layers; it changes no result.

        Raises
        ------
        AlignmentError : there is not one value, or not one number in ``by``, for each column, or
            one in ``by`` is missing, infinite or negative.
        ConfigError : ``how`` is neither.
        """
        given = np.asarray(values, dtype=np.float64)
        self._require_length(given, "value", dimensions=(1, 2))
        weights, full = (self.matrix, self.row_total) if by is None else self.weighted(by)
        layers = given[:, np.newaxis] if given.ndim == 1 else given
        total, size = _sums(weights, layers, workers)
        if how == "mean":
            value = _ratio(total, size, empty=np.nan)
        elif how == "sum":
            value = np.where(self._known(weights, layers), total, np.nan)
        else:
            raise ConfigError(f"expected 'mean' or 'sum', found {how!r}", place="how")
        covered = np.minimum(_ratio(size, full[:, np.newaxis], empty=0.0), 1.0)
        shape = (len(self.rows), *given.shape[1:])
        return Aggregate(value.reshape(shape), covered.reshape(shape))

    def _known(self, weights: csr_array, layers: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell where no column of some weight is missing, and at least one is there."""
        present = _one_layer_where_alike(~np.isnan(layers)).astype(np.float64)
        known = (weights @ (1.0 - present) == 0) & (self.matrix @ present > 0)
        return np.broadcast_to(known, (known.shape[0], layers.shape[1]))

    def weighted(self, by: npt.ArrayLike) -> tuple[csr_array, FloatArray]:
        """Return the weights times ``by``, one number for each column, and their sum in each row.

        Raises
        ------
        AlignmentError : a number is missing, infinite or negative, or there is not one for each.
        """
        factor = np.asarray(by, dtype=np.float64)
        self._require_length(factor, "number in `by`", dimensions=(1,))
        bad = ~(np.isfinite(factor) & (factor >= 0))
        if bad.any():
            position = int(np.argmax(bad))
            raise AlignmentError(
                "expected finite numbers of 0 or more to weigh by, one for each column,"
                f" found {factor[position]}",
                place=f"column {self.columns[position]}",
                mend="Fill in the number, or leave the column out of the weights.",
            )
        data = self.matrix.data * factor[self.matrix.indices]
        weights = csr_array((data, self.matrix.indices, self.matrix.indptr), self.matrix.shape)
        return weights, self.matrix @ factor

    def _require_length(self, given: FloatArray, what: str, dimensions: tuple[int, ...]) -> None:
        if given.ndim not in dimensions or len(given) != len(self.columns):
            raise AlignmentError(
                f"expected one {what} for each of {len(self.columns)} columns,"
                f" found an array of {given.shape}",
                mend="Put the values in the order of the columns of the weights.",
            )

    def aligned(
        self, columns: Iterable[Any] | None = None, *, rows: Iterable[Any] | None = None
    ) -> Weights:
        """Return these weights once the ids given are known to be theirs, in the same order.

        Raises
        ------
        AlignmentError : they are not; the message counts the differences and names the first.
        """
        if columns is not None:
            given = _ids(columns, "id")
            _require_same(self.columns, given, "columns of the weights", "ids given")
        if rows is not None:
            _require_same(self.rows, _ids(rows, "id"), "rows of the weights", "ids given")
        return self

    def then(self, other: Weights) -> Weights:
        """Compose: these rows from the columns of ``other``, whose rows are these columns.

        The full size of a row is that of its columns added up by weight, and enlarged in
        proportion where these weights do not cover the whole row.

        Raises
        ------
        AlignmentError : the rows of ``other`` are not these columns, in the same order.
        """
        _require_same(self.columns, other.rows, "columns on the left", "rows on the right")
        present = np.asarray(self.matrix.sum(axis=1))
        enlarged = _ratio(self.row_total, present, empty=1.0)
        total = (self.matrix @ other.row_total) * enlarged
        return Weights(self.matrix @ other.matrix, self.rows, other.columns, total, other.grid)

    def __matmul__(self, other: Weights) -> Weights:
        return self.then(other)

    def transpose(self) -> Weights:
        """Swap rows and columns.

        The full size of a row is then 1 for a cell of a grid, and else the sum of its weights.
        """
        swapped = csr_array(self.matrix.T)
        total = np.asarray(swapped.sum(axis=1)) if self.grid is None else np.ones(swapped.shape[0])
        return Weights(swapped, self.columns, self.rows, total)


def _canonical(matrix: Any) -> csr_array:
    """Return a float64 matrix with the columns of each row rising and no entry twice."""
    result = csr_array(matrix, dtype=np.float64)
    if not result.has_canonical_format:
        result = result.copy()
        result.sum_duplicates()
    return result


def _ratio(above: FloatArray, below: FloatArray, *, empty: float) -> FloatArray:
    """Divide, with ``empty`` where there is nothing to divide by."""
    result = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _sums(weights: csr_array, layers: FloatArray, workers: int) -> tuple[FloatArray, FloatArray]:
    """Sum weights times values, and the weights of columns with a value, in each row and layer."""
    if layers.shape[1] > 1:
        # Here, because the compiler takes longer to load than one layer to sum.
        from healthycities.spatial.products import weighted_sums

        return weighted_sums(weights, layers, workers=workers)
    present = (~np.isnan(layers)).astype(np.float64)
    known = np.nan_to_num(layers, nan=0.0, posinf=np.inf, neginf=-np.inf)
    return weights @ known, weights @ present


def _one_layer_where_alike(present: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return one layer in place of many that lack the same columns, to weigh them once."""
    first = present[:, :1]
    return first if (present == first).all() else present


def _require_crs(zones: geopandas.GeoSeries, grid: Grid) -> None:
    if zones.crs is None or not zones.crs.equals(grid.crs, ignore_axis_order=True):
        found = "none" if zones.crs is None else zones.crs.to_string()
        raise CrsError(
            f"expected zones in the grid's coordinate reference system {grid.crs}, found {found}",
            mend=f"Set the right one, then take the zones to it with to_crs({grid.crs!r}).",
        )


def _objects(ids: Iterable[Any]) -> ObjectArray:
    listed = list(ids)
    result: ObjectArray = np.empty(len(listed), dtype=np.object_)
    result[:] = listed
    return result


def _ids(ids: Iterable[Any], what: str) -> Ids:
    """Return ids as text, as narrow as the longest allows, or as int64 where all are integers."""
    if isinstance(ids, np.ndarray) and ids.dtype == np.int64:
        return ids
    listed = _objects(ids)
    kind = pd.api.types.infer_dtype(listed, skipna=False)
    if kind == "integer":
        return listed.astype(np.int64)
    if kind not in ("string", "empty"):
        position = next(i for i, one in enumerate(listed) if not isinstance(one, str))
        raise AlignmentError(
            f"expected the code of each {what} as text, found {listed[position]!r}",
            place=f"{what} {position}",
            mend="Give every one a code, and read codes as text.",
        )
    return listed.astype(np.str_)


def _codes(index: pd.Index[Any]) -> npt.NDArray[np.str_]:
    codes = _unique(_ids(index, "zone"), "zone")
    if codes.dtype.kind != "U":
        raise AlignmentError(
            f"expected the zones' codes as text in the index, found {codes[:1].tolist()}",
            mend="Set the index to the column of codes, read as text.",
        )
    return codes.astype(np.str_)


def _unique(ids: Ids, what: str) -> Ids:
    if len(ids) > 1 and ids.dtype.kind == "i" and (np.diff(ids) > 0).all():
        return ids
    found, count = np.unique(ids, return_counts=True)
    if len(found) < len(ids):
        raise AlignmentError(
            f"expected each {what} once, found {len(ids) - len(found)} repeats,"
            f" the first of them {found[np.argmax(count > 1)]}",
            mend=f"Keep one {what} for each code, or join its parts into one.",
        )
    return ids


def _require_same(expected: Ids, found: Ids, name_expected: str, name_found: str) -> None:
    shared = min(len(expected), len(found))
    different = np.flatnonzero(expected[:shared] != found[:shared])
    count = len(different) + abs(len(expected) - len(found))
    if count:
        first = int(different[0]) if len(different) else shared
        raise AlignmentError(
            f"expected {len(expected)} {name_expected} and {len(found)} {name_found} to be the"
            f" same in the same order, but {count} differ, the first being"
            f" {_at(expected, first)} against {_at(found, first)}",
            place=f"position {first}",
            mend="Put both in one order, and add or drop what only one side has.",
        )


def _at(ids: Ids, position: int) -> str:
    return repr(ids[position].item()) if position < len(ids) else "none"
