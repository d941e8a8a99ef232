"""Coverage of large grids by zones: spans of full cells, and fractions of the cells on an edge.

A zone of a 10 m grid covers hundreds of thousands of cells wholly and some thousands in part. The
former are kept as spans, one or a few for each row, so that memory follows the length of a zone's
outline and not its area. Edges are marked as in `healthycities.spatial.coverage`; a running sum
along each row then jumps from one marked cell to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError
from healthycities.spatial.coverage import (
    RESIDUE,
    clamp,
    grown,
    mark_clipped,
    require_polygons,
    rings_of,
)
from healthycities.spatial.grid import FloatArray, Grid, IntArray

_BUFFER_CELLS = 1 << 20
"""Cells of a zone that are marked at a time, 8 MiB; a larger window is taken in bands of rows."""

_GROUP = 4
"""Cells that are looked at together in search of marks."""

# numba looks only at this file to know whether what it has stored is of today: after a change of
# the kernels of `coverage`, save this file as well.
_compiled = numba.njit(nogil=True, cache=True)


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
    zone, edges = _edges(shapes, grid)
    low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    from_band, to_band = np.searchsorted(ends, low, "right"), np.searchsorted(tops, high, "left")
    edge, band = _ranges(from_band, np.maximum(to_band - from_band, 0))
    order = np.argsort(band, kind="stable")
    cuts = np.searchsorted(band[order], np.arange(1, len(bands)))
    return [_band_edges(zone[part], edges[part]) for part in np.split(edge[order], cuts)]


def _ranges(first: IntArray, size: IntArray) -> tuple[IntArray, IntArray]:
    """Return which range each number of some ranges is of, and the number, range after range."""
    which = np.repeat(np.arange(len(first)), size)
    before = np.cumsum(size) - size
    return which, np.arange(len(which)) + (first - before)[which]


def _edges(shapes: npt.NDArray[np.object_], grid: Grid) -> tuple[IntArray, FloatArray]:
    """Return the zone and the two ends of every edge that is not level, in cells."""
    coordinates, ring_starts, zone_starts, backwards = rings_of(shapes)
    corners = np.column_stack(grid.columns_rows(coordinates[:, 0], coordinates[:, 1]))
    start = np.delete(np.arange(len(corners)), ring_starts[1:] - 1)
    start = start[corners[start, 1] != corners[start + 1, 1]]
    zone = np.searchsorted(ring_starts[zone_starts], start, "right") - 1
    turned = backwards[np.searchsorted(ring_starts, start, "right") - 1]
    return zone, np.hstack([corners[start + turned], corners[start + ~turned]])


def _band_edges(zone: IntArray, ends: FloatArray) -> Edges:
    zones, first = np.unique(zone, return_index=True)
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    bounds = np.zeros((len(zones), 4))
    if len(zones):
        bounds = np.hstack([np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)])
    return Edges(zones, np.append(first, len(zone)).astype(np.int64), ends, bounds)


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
    return Spans(*_spans(edges.ends, edges.indptr, edges.bounds, *map(int, window)))


@_compiled
def _touched(marks: IntArray, groups: IntArray) -> int:
    """List the groups of cells of a row that have a mark, and return how many there are."""
    count = 0
    for group in range(len(marks) // _GROUP):
        any_bits = np.int64(0)
        for ahead in range(_GROUP):
            # A number without a sign, because one with it may count from the end.
            any_bits |= marks[np.uint64(group * _GROUP + ahead)]
        # Always written and seldom counted, which is faster than a choice that cannot be foreseen.
        groups[count] = group
        count += any_bits != 0
    return count


@_compiled
def _scan_row(
    cover: FloatArray,
    groups: IntArray,
    width: int,
    cell: int,
    first: IntArray,
    end: IntArray,
    n_spans: int,
    cells: IntArray,
    fraction: FloatArray,
    n_edges: int,
) -> tuple[int, int]:
    """Append what a row of marks covers, from the number of its first cell; clear the marks.

    Only the groups of cells with a mark are looked into: between them the running sum stays.
    """
    covered, was_full, opened, done = 0.0, False, cell, 0
    for group in groups:
        start = group * _GROUP
        if covered >= RESIDUE and not was_full:
            n_edges = _add_alike(cell + done, cell + start, covered, cells, fraction, n_edges)
        for column in range(start, start + _GROUP):
            covered += cover[np.uint64(column)]
            cover[np.uint64(column)] = 0.0
            full = covered > 1.0 - RESIDUE
            cells[n_edges], fraction[n_edges] = cell + column, covered
            n_edges += (covered >= RESIDUE) & (not full) & (column < width)
            opened = opened if was_full else cell + column
            first[n_spans], end[n_spans] = opened, cell + column
            n_spans += was_full & (not full)
            was_full = full
        done = start + _GROUP
    if was_full:
        first[n_spans], end[n_spans] = opened, cell + width
        n_spans += 1
    elif covered >= RESIDUE:
        n_edges = _add_alike(cell + done, cell + width, covered, cells, fraction, n_edges)
    return n_spans, n_edges


@_compiled
def _add_alike(
    from_cell: int,
    to_cell: int,
    covered: float,
    cells: IntArray,
    fraction: FloatArray,
    n_edges: int,
) -> int:
    """Append cells that are all covered by the same part, as under a level edge."""
    for cell in range(from_cell, to_cell):
        cells[n_edges], fraction[n_edges] = cell, covered
        n_edges += 1
    return n_edges


@_compiled
def _mark_zone(cover: FloatArray, width: int, ends: FloatArray, row: int, column: int) -> None:
    """Add the edges of a zone to a clear window whose north-west cell is given."""
    height = len(cover)
    for edge in range(len(ends)):
        x_0, y_0 = ends[edge, 0] - column, ends[edge, 1] - row
        x_1, y_1 = ends[edge, 2] - column, ends[edge, 3] - row
        # What is right of the window, above it or below it covers nothing of it.
        if min(x_0, x_1) < width and min(y_0, y_1) < height and max(y_0, y_1) > 0:
            mark_clipped(cover.ravel(), cover.shape[1], x_0, y_0, x_1, y_1, height, width)
    # The spare columns hold what lies beside the window.
    cover[:, width:] = 0.0


@_compiled
def _between(low: float, high: float, from_cell: int, n_cells: int) -> tuple[int, int]:
    """Return the first of some cells that a range touches and the one after the last."""
    first = clamp(np.floor(low), from_cell, from_cell + n_cells)
    last = clamp(np.ceil(high), from_cell, from_cell + n_cells)
    return int(first), int(last)


@_compiled
def _boxes(bounds: FloatArray, row: int, column: int, n_rows: int, n_columns: int) -> IntArray:
    """Return each zone's left, right, top and bottom cell in a window, (zones, 4)."""
    boxes = np.empty((len(bounds), 4), np.int64)
    for zone in range(len(bounds)):
        left, right = _between(bounds[zone, 0], bounds[zone, 2], column, n_columns)
        top, bottom = _between(bounds[zone, 1], bounds[zone, 3], row, n_rows)
        # A zone beside the window has no rows in it either.
        boxes[zone] = left, right, top, bottom if left < right else top
    return boxes


@_compiled
def _stride(width: int) -> int:
    """Return the length of a row of marks: whole groups, with the two spare columns."""
    return (width + 1) // _GROUP * _GROUP + _GROUP


@_compiled
def _buffer_size(boxes: IntArray) -> int:
    """Return how many cells of marks the largest zone needs, if its window is not too large."""
    largest, widest = 0, 0
    for left, right, top, bottom in boxes:
        stride = _stride(right - left)
        largest, widest = max(largest, (bottom - top) * stride), max(widest, stride)
    return max(widest, min(largest, _BUFFER_CELLS))


@_compiled
def _likely_cells(ends: FloatArray, boxes: IntArray) -> int:
    """Return how many cells edges may cross, and more, so that arrays need seldom grow."""
    crossed = 0.0
    for x_0, y_0, x_1, y_1 in ends:
        crossed += abs(x_1 - x_0) + abs(y_1 - y_0) + 3.0
    within = 0
    for left, right, top, bottom in boxes:
        within += (bottom - top) * (right - left)
    return min(int(crossed), within) + _buffer_size(boxes) + 1


@_compiled
def _spans(
    ends: FloatArray,
    indptr: IntArray,
    bounds: FloatArray,
    row: int,
    column: int,
    n_rows: int,
    n_columns: int,
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray, FloatArray]:
    """Mark each zone in its bounding box cut to the window, a band of rows at a time."""
    n_zones = len(indptr) - 1
    span_indptr, edge_indptr = np.zeros(n_zones + 1, np.int64), np.zeros(n_zones + 1, np.int64)
    boxes = _boxes(bounds, row, column, n_rows, n_columns)
    likely = _likely_cells(ends, boxes)
    first, end = np.empty(likely, np.int64), np.empty(likely, np.int64)
    cells, fraction = np.empty(likely, np.int64), np.empty(likely, np.float64)
    buffer = np.zeros(_buffer_size(boxes), np.float64)
    bits, groups = buffer.view(np.int64), np.empty(_stride(n_columns) // _GROUP + 1, np.int64)
    n_spans, n_edges = 0, 0
    for zone in range(n_zones):
        left, right, top, bottom = boxes[zone]
        width, stride = right - left, _stride(right - left)
        band = len(buffer) // stride
        for band_top in range(top, bottom, band):
            height = min(band, bottom - band_top)
            cover = buffer[: height * stride].reshape(height, stride)
            marks = bits[: height * stride].reshape(height, stride)
            _mark_zone(cover, width, ends[indptr[zone] : indptr[zone + 1]], band_top, left)
            # One more than can be, because each is written before it is known to count.
            room = height * width + 1
            first, end = grown(first, n_spans + room), grown(end, n_spans + room)
            cells, fraction = grown(cells, n_edges + room), grown(fraction, n_edges + room)
            for line in range(height):
                touched = groups[: _touched(marks[line], groups)]
                cell = (band_top + line - row) * n_columns + left - column
                n_spans, n_edges = _scan_row(
                    cover[line], touched, width, cell, first, end, n_spans, cells, fraction, n_edges
                )
        span_indptr[zone + 1], edge_indptr[zone + 1] = n_spans, n_edges
    # Views of what was set aside: memory that nobody has written to takes up none.
    spans, on_edges = (first[:n_spans], end[:n_spans]), (cells[:n_edges], fraction[:n_edges])
    return span_indptr, *spans, edge_indptr, *on_edges
