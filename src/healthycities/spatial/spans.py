"""Coverage of large grids by zones: spans of full cells, and fractions of the cells on an edge.

A zone of a 10 m grid covers hundreds of thousands of cells wholly and some thousands in part. The
former are kept as spans, one or a few for each row, so that memory follows the length of a zone's
outline and not its area. Edges are marked as in `healthycities.spatial.kernel`; a running sum
along each row then jumps from one marked cell to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError
from healthycities.spatial import kernel
from healthycities.spatial.coverage import require_polygons, rings_of
from healthycities.spatial.grid import FloatArray, Grid, IntArray

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Window(NamedTuple):
    """A rectangle of a grid's cells: its north-west cell and its size."""

    row: int
    column: int
    n_rows: int
    n_columns: int


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of m zones that reach into a band of rows, zone after zone.

    Zone ``zones[i]`` has the edges ``indptr[i]`` to ``indptr[i + 1]``. Coordinates are in cells
    right of the west edge and down from the north edge of the grid. Level edges are left out,
    for they cover nothing.

    Parameters
    ----------
    zones : m int64 positions of the zones, rising.
    indptr : m + 1 int64 positions of edges.
    ends : float64 (edges, 4): x and y of the start, x and y of the end.
    bounds : float64 (m, 4): lowest x and y, highest x and y of each zone's edges.
    """

    zones: IntArray
    indptr: IntArray
    ends: FloatArray
    bounds: FloatArray

    def of(self, chosen: IntArray) -> Edges:
        """Return the edges of some of the zones, by their places in ``zones``, rising."""
        sizes = np.diff(self.indptr)[chosen]
        indptr = np.append(np.zeros(1, np.int64), np.cumsum(sizes))
        _, edge = _ranges(self.indptr[chosen], sizes)
        return Edges(self.zones[chosen], indptr, self.ends[edge], self.bounds[chosen])


@dataclass(frozen=True, eq=False)
class Spans:
    """What each zone covers of a window, in the window's own cell numbers.

    The number of a cell is ``row * n_columns + column`` of the window. Zone i covers wholly the
    cells ``first[s]`` up to but not including ``end[s]``, for s from ``span_indptr[i]`` to
    ``span_indptr[i + 1]``; a span stays within a row. It covers ``fraction[e]`` of ``cells[e]``,
    for e from ``edge_indptr[i]`` to ``edge_indptr[i + 1]``. Both rise within a zone.

    Parameters
    ----------
    span_indptr, edge_indptr : n + 1 int64 positions for n zones.
    first, end : int64 cell numbers of the spans.
    cells : int64 cell numbers.
    fraction : float64 covered fractions, above 0 and below 1.
    """

    span_indptr: IntArray
    first: IntArray
    end: IntArray
    edge_indptr: IntArray
    cells: IntArray
    fraction: FloatArray


def zone_spans(zones: npt.ArrayLike, grid: Grid) -> Spans:
    """Measure what each zone covers of a grid.

    Zones are as :func:`healthycities.spatial.coverage.cell_coverage` takes them, and the fractions
    are its own: to the bit where a zone lies within the grid, and else to rounding. Those within
    1e-12 of 1 count as 1.

    Parameters
    ----------
    zones : n shapely polygons or multi-polygons, in the coordinates of the grid.
    grid : the grid.

    Returns
    -------
    One row for each zone, empty where it is off the grid.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon.
    """
    shapes = require_polygons(zones)
    (edges,) = edges_by_band(shapes, grid, [(0, grid.n_rows)])
    found = window_spans(edges, Window(0, 0, grid.n_rows, grid.n_columns))
    n = len(shapes)
    return Spans(
        _spread(found.span_indptr, edges.zones, n),
        found.first.copy(),
        found.end.copy(),
        _spread(found.edge_indptr, edges.zones, n),
        found.cells.copy(),
        found.fraction.copy(),
    )


def _spread(indptr: IntArray, zones: IntArray, n: int) -> IntArray:
    """Give every one of n zones a row, empty where it had none."""
    sizes = np.zeros(n + 1, np.int64)
    sizes[zones + 1] = np.diff(indptr)
    return np.cumsum(sizes)


# --- Edges of bands of rows ---


def edges_by_band(
    zones: npt.ArrayLike, grid: Grid, bands: Sequence[tuple[int, int]]
) -> list[Edges]:
    """Find the edges of the zones that reach into each band of a grid's rows.

    Parameters
    ----------
    zones : n shapely polygons or multi-polygons, in the coordinates of the grid.
    grid : the grid.
    bands : the first row of each band and the one after its last, from the north; bands do not
        overlap.

    Returns
    -------
    The edges of each band.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon.
    AlignmentError : bands overlap or are not from the north.
    """
    tops, ends = np.array(bands, dtype=np.float64).reshape(-1, 2).T
    if (tops >= ends).any() or (ends[:-1] > tops[1:]).any():
        raise AlignmentError(
            "expected bands of rows from the north that do not overlap",
            place="bands",
            mend="Give the windows of a grid row by row, each part of the grid once.",
        )
    shapes = require_polygons(zones)
    if not len(shapes):
        return [_band_edges(np.zeros(0, np.int64), np.zeros((0, 4))) for _ in bands]
    rows = np.arange(grid.n_rows)
    first, after = np.searchsorted(ends, rows, "right"), np.searchsorted(tops, rows, "right")
    corner_m = (float(grid.x_min_m), float(grid.y_max_m), float(grid.cell_size_m))
    starts, zone, edges = _by_band(*rings_of(shapes), *corner_m, first, after, len(tops))
    return [_band_edges(zone[start:end], edges[start:end]) for start, end in pairwise(starts)]


@_compiled
def _by_band(
    coordinates: FloatArray,
    ring_starts: IntArray,
    shape_starts: IntArray,
    backwards: npt.NDArray[np.bool_],
    x_min_m: float,
    y_max_m: float,
    cell_size_m: float,
    first_of_row: IntArray,
    after_of_row: IntArray,
    n_bands: int,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Sort the edges that are not level into bands of rows; return where each band starts.

    With them come the zone of each edge and its two ends, in cells. An edge is in every band that
    it reaches into; of each row the first band that ends below its top is given, and the one after
    the last that starts at it or above.
    """
    # As Grid.columns_rows has it, to the bit.
    x = (coordinates[:, 0] - x_min_m) / cell_size_m
    y = (y_max_m - coordinates[:, 1]) / cell_size_m
    starts = np.zeros(n_bands + 1, np.int64)
    for ring in range(len(backwards)):
        for i in range(ring_starts[ring], ring_starts[ring + 1] - 1):
            first, last = _bands_of(y[i], y[i + 1], first_of_row, after_of_row)
            for band in range(first, last):
                starts[band + 1] += 1
    starts = np.cumsum(starts)
    place = starts.copy()
    zones, edges = np.empty(starts[-1], np.int64), np.empty((starts[-1], 4), np.float64)
    for zone in range(len(shape_starts) - 1):
        for ring in range(shape_starts[zone], shape_starts[zone + 1]):
            from_end, to_end = (1, 0) if backwards[ring] else (0, 1)
            for i in range(ring_starts[ring], ring_starts[ring + 1] - 1):
                first, last = _bands_of(y[i], y[i + 1], first_of_row, after_of_row)
                for band in range(first, last):
                    at = place[band]
                    zones[at] = zone
                    edges[at, 0], edges[at, 1] = x[i + from_end], y[i + from_end]
                    edges[at, 2], edges[at, 3] = x[i + to_end], y[i + to_end]
                    place[band] = at + 1
    return starts, zones, edges


@_compiled
def _bands_of(
    y_0: float, y_1: float, first_of_row: IntArray, after_of_row: IntArray
) -> tuple[int, int]:
    """Return the first band that an edge reaches into and the one after the last, none if level."""
    low, high = max(min(y_0, y_1), 0.0), min(max(y_0, y_1), len(first_of_row))
    if low >= high:
        return 0, 0
    first = first_of_row[int(low)]
    return first, max(first, after_of_row[math.ceil(high) - 1])


def _ranges(first: IntArray, size: IntArray) -> tuple[IntArray, IntArray]:
    """Return which range each number of some ranges is of, and the number, range after range."""
    which = np.repeat(np.arange(len(first)), size)
    before = np.cumsum(size) - size
    return which, np.arange(len(which)) + (first - before)[which]


def _band_edges(zone: IntArray, ends: FloatArray) -> Edges:
    """Gather the edges of a band, whose zones rise."""
    first = np.flatnonzero(np.diff(zone, prepend=-1))
    indptr = np.append(first, len(zone)).astype(np.int64)
    return Edges(zone[first], indptr, ends, _bounds(indptr, ends))


@_compiled
def _bounds(indptr: IntArray, ends: FloatArray) -> FloatArray:
    """Return lowest x and y and highest x and y of each zone's edges."""
    result = np.empty((len(indptr) - 1, 4), np.float64)
    for zone in range(len(result)):
        own = ends[indptr[zone] : indptr[zone + 1]]
        left, top, right, bottom = np.inf, np.inf, -np.inf, -np.inf
        for x_0, y_0, x_1, y_1 in own:
            left, right = min(left, x_0, x_1), max(right, x_0, x_1)
            top, bottom = min(top, y_0, y_1), max(bottom, y_0, y_1)
        result[zone] = left, top, right, bottom
    return result


# --- Spans of a window ---


def window_spans(edges: Edges, window: Window) -> Spans:
    """Measure what zones cover of a window of the grid.

    Parameters
    ----------
    edges : the edges of the zones in a band of rows that holds the window.
    window : the window.

    Returns
    -------
    One row for each zone of ``edges``, in cell numbers of the window.
    """
    # Plain integers, because each kind of number would be compiled for anew.
    return Spans(*kernel.window_spans(edges.ends, edges.indptr, edges.bounds, *map(int, window)))
