"""The compiled kernel: exact coverage of cells, by accumulating signed areas.

Each edge of a polygon adds its signed area to the cells that it crosses and its signed height to
the cell right of them; a running sum along each row is then the covered fraction of every cell,
holes and separate parts included. The work is one step for each cell that an edge crosses and one
for each cell that is collected; nothing is clipped and no point is tested.

The technique is that of exact anti-aliasing rasterisers of fonts, such as FreeType's ``smooth`` and
font-rs (R. Levien, "Inside the fastest font renderer in the world", 2016).

Compiled functions that call one another stand in one file, because what numba has stored of a
function is taken for today's as long as its own file is unchanged.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from healthycities.spatial.grid import FloatArray, IntArray

RESIDUE = 1e-12
"""Fractions below this are what rounding leaves of cells that the polygon does not touch."""

_BUFFER_CELLS = 1 << 15
"""Cells of a zone that are marked at a time, 256 KiB; a larger window is taken in bands of rows."""

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")

# --- Marks ---

# In the kernel x counts cells to the right and y cells downwards, so an anti-clockwise ring goes
# down along its left side: heights are positive there, and the running sum rises from 0 to 1.
#
# A window of marks lies in one array, row after row, each row `stride` cells long, of which the
# last two are spare. Indices are numbers without a sign, because one with it may count from the
# end, and asking takes as long as the rest.
#
# Where flags are given, each group of cells that is marked is flagged, so that a large window need
# not be searched for marks. Without them (None) the compiler leaves that out.

_GROUP = 4
"""Cells that share a flag."""

Flags = npt.NDArray[np.uint8]
Eights = npt.NDArray[np.uint64]


@_compiled
def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@_compiled
def _mark_cell(
    cover: FloatArray, flags: Flags | None, cell: int, beyond: float, height: float
) -> None:
    """Add a piece of an edge that stays within one cell, of which a part lies beyond it."""
    height_beyond = height * beyond
    cover[np.uint64(cell)] += height - height_beyond
    cover[np.uint64(cell + 1)] += height_beyond
    if flags is not None:
        flags[np.uint64(cell // _GROUP)] = 1
        flags[np.uint64((cell + 1) // _GROUP)] = 1


@_compiled
def _mark_row(
    cover: FloatArray, flags: Flags | None, start: int, x_from: float, x_to: float, height: float
) -> None:
    """Add a piece of an edge that stays within one row, cell by cell from the left."""
    x, x_end = min(x_from, x_to), max(x_from, x_to)
    column = int(x)
    if x_end <= column + 1:
        _mark_cell(cover, flags, start + column, 0.5 * (x + x_end) - column, height)
        return
    slope = height / (x_end - x)
    while x < x_end:
        x_next = min(column + 1.0, x_end)
        beyond = 0.5 * (x + x_next) - column
        _mark_cell(cover, flags, start + column, beyond, slope * (x_next - x))
        x = x_next
        column += 1


@_compiled
def _mark_down(
    cover: FloatArray,
    flags: Flags | None,
    stride: int,
    x_top: float,
    y_top: float,
    x_end: float,
    y_end: float,
    sign: float,
) -> None:
    """Add an edge that is written from its upper end to its lower end, row by row."""
    row = int(y_top)
    if y_end <= row + 1:
        _mark_row(cover, flags, row * stride, x_top, x_end, sign * (y_end - y_top))
        return
    slope = (x_end - x_top) / (y_end - y_top)
    low, high = min(x_top, x_end), max(x_top, x_end)
    x, y = x_top, y_top
    while y < y_end:
        y_next = min(row + 1.0, y_end)
        x_next = x_end if y_next == y_end else _clamp(x_top + slope * (y_next - y_top), low, high)
        _mark_row(cover, flags, row * stride, x, x_next, sign * (y_next - y))
        x, y = x_next, y_next
        row += 1


@_compiled
def _mark_edge(
    cover: FloatArray,
    flags: Flags | None,
    stride: int,
    x_0: float,
    y_0: float,
    x_1: float,
    y_1: float,
) -> None:
    """Add an edge inside the window.

    Both directions are computed from the upper end, so that an edge shared by two zones is cut in
    the same places for both, and what one gains the other loses.
    """
    if y_0 != y_1:
        down = y_0 < y_1
        x_top, x_end = (x_0, x_1) if down else (x_1, x_0)
        sign = 1.0 if down else -1.0
        _mark_down(cover, flags, stride, x_top, min(y_0, y_1), x_end, max(y_0, y_1), sign)


@_compiled
def _on_line(at: float, from_0: float, to_0: float, from_1: float, to_1: float) -> float:
    """Interpolate the line through (from_0, to_0) and (from_1, to_1), exactly at its ends."""
    return to_1 if at == from_1 else to_0 + (to_1 - to_0) * ((at - from_0) / (from_1 - from_0))


@_compiled
def _mark_beside(
    cover: FloatArray,
    flags: Flags | None,
    stride: int,
    x_0: float,
    y_0: float,
    x_1: float,
    y_1: float,
    width: float,
) -> None:
    """Add an edge between the window's top and bottom, moving what lies beside it to its sides.

    An edge left of the window still covers what is right of it; one right of it covers nothing,
    and lands in a spare column.
    """
    low, high = min(x_0, x_1), max(x_0, x_1)
    x_a, x_b = _clamp(0.0, low, high), _clamp(width, low, high)
    if x_1 < x_0:
        x_a, x_b = x_b, x_a
    y_a, y_b = _on_line(x_a, x_0, y_0, x_1, y_1), _on_line(x_b, x_0, y_0, x_1, y_1)
    x_0, x_1 = _clamp(x_0, 0.0, width), _clamp(x_1, 0.0, width)
    x_a, x_b = _clamp(x_a, 0.0, width), _clamp(x_b, 0.0, width)
    _mark_edge(cover, flags, stride, x_0, y_0, x_a, y_a)
    _mark_edge(cover, flags, stride, x_a, y_a, x_b, y_b)
    _mark_edge(cover, flags, stride, x_b, y_b, x_1, y_1)


@_compiled
def _mark_clipped(
    cover: FloatArray,
    flags: Flags | None,
    stride: int,
    x_0: float,
    y_0: float,
    x_1: float,
    y_1: float,
    height: float,
    width: float,
) -> None:
    """Add an edge that may leave the window: what is above or below it covers nothing."""
    y_a, y_b = _clamp(y_0, 0.0, height), _clamp(y_1, 0.0, height)
    if y_a != y_b:
        x_a, x_b = _on_line(y_a, y_0, x_0, y_1, x_1), _on_line(y_b, y_0, x_0, y_1, x_1)
        _mark_beside(cover, flags, stride, x_a, y_a, x_b, y_b, width)


@_compiled
def _grown(array: npt.NDArray[Any], needed: int) -> npt.NDArray[Any]:
    """Return the array with room for what is needed, doubled so that copies stay few."""
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


# --- Cells that each zone covers ---


@_compiled
def _in_cells(
    coordinates: FloatArray,
    x_min_m: float,
    y_max_m: float,
    cell_size_m: float,
    x: FloatArray,
    y: FloatArray,
) -> tuple[float, float, float, float]:
    """Write coordinates as cells from the north-west corner; return the bounds of x and of y."""
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for i in range(len(coordinates)):
        # As Grid.columns_rows has it, to the bit.
        x[i] = (coordinates[i, 0] - x_min_m) / cell_size_m
        y[i] = (y_max_m - coordinates[i, 1]) / cell_size_m
        left, right = min(left, x[i]), max(right, x[i])
        top, bottom = min(top, y[i]), max(bottom, y[i])
    return left, right, top, bottom


@_compiled
def _mark_rings(
    cover: FloatArray,
    height: int,
    width: int,
    x: FloatArray,
    y: FloatArray,
    left: int,
    top: int,
    starts: IntArray,
    backwards: npt.NDArray[np.bool_],
    inside: bool,
) -> None:
    """Add every edge of every ring of a zone to a clear window whose north-west cell is given."""
    stride = width + 2
    for ring in range(len(backwards)):
        from_end, to_end = (1, 0) if backwards[ring] else (0, 1)
        for i in range(starts[ring] - starts[0], starts[ring + 1] - starts[0] - 1):
            x_0, y_0 = x[i + from_end] - left, y[i + from_end] - top
            x_1, y_1 = x[i + to_end] - left, y[i + to_end] - top
            if inside:
                _mark_edge(cover, None, stride, x_0, y_0, x_1, y_1)
            else:
                _mark_clipped(cover, None, stride, x_0, y_0, x_1, y_1, height, width)


@_compiled
def _collect(
    cover: FloatArray,
    height: int,
    width: int,
    first_cell: int,
    n_columns: int,
    cells: IntArray,
    fraction: FloatArray,
    count: int,
) -> int:
    """Append a window's covered cells by running sums along its rows, and clear it.

    Returns the new count. Each cell is written and then seldom not counted, which is faster than a
    choice that cannot be foreseen.
    """
    for row in range(height):
        covered, start, cell = 0.0, row * (width + 2), first_cell + row * n_columns
        for column in range(width):
            covered += cover[np.uint64(start + column)]
            cells[np.uint64(count)] = cell + column
            fraction[np.uint64(count)] = min(covered, 1.0)
            count += covered >= RESIDUE
    cover[:] = 0.0
    return count


@_compiled
def _cut(low: float, high: float, n_cells: int) -> tuple[int, int]:
    """Return the first cell that a range touches and the one after the last, cut to the grid."""
    first = int(_clamp(math.floor(low), 0.0, n_cells))
    last = int(_clamp(math.ceil(high), 0.0, n_cells))
    return first, last


@_compiled
def cover_zones(
    coordinates: FloatArray,
    ring_starts: IntArray,
    zone_starts: IntArray,
    backwards: npt.NDArray[np.bool_],
    x_min_m: float,
    y_max_m: float,
    cell_size_m: float,
    n_rows: int,
    n_columns: int,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Accumulate each zone in a window of its own: its bounding box cut to the grid."""
    n_zones = len(zone_starts) - 1
    indptr = np.zeros(n_zones + 1, np.int64)
    cells, fraction = np.empty(32 * n_zones, np.int64), np.empty(32 * n_zones, np.float64)
    buffer = np.zeros(1024, np.float64)
    corners = np.diff(ring_starts[zone_starts]).max()
    x, y = np.empty(corners, np.float64), np.empty(corners, np.float64)
    count = 0
    for zone in range(n_zones):
        first, last = zone_starts[zone], zone_starts[zone + 1]
        starts = ring_starts[first : last + 1]
        low_x, high_x, low_y, high_y = _in_cells(
            coordinates[starts[0] : starts[-1]], x_min_m, y_max_m, cell_size_m, x, y
        )
        left, right = _cut(low_x, high_x, n_columns)
        top, bottom = _cut(low_y, high_y, n_rows)
        if left < right and top < bottom:
            height, width = bottom - top, right - left
            size = height * (width + 2)
            if size > len(buffer):
                buffer = np.zeros(2 * size, np.float64)
            cover = buffer[:size]
            inside = low_x >= left and high_x <= right and low_y >= top and high_y <= bottom
            _mark_rings(
                cover, height, width, x, y, left, top, starts, backwards[first:last], inside
            )
            needed = count + size
            cells, fraction = _grown(cells, needed), _grown(fraction, needed)
            corner = top * n_columns + left
            count = _collect(cover, height, width, corner, n_columns, cells, fraction, count)
        indptr[zone + 1] = count
    return indptr, cells[:count].copy(), fraction[:count].copy()


# --- Spans of cells that each zone covers ---

_PLACES = np.uint64(0x0001020304050607)


@_compiled
def _touched(eights: Eights, start: int, end: int, groups: IntArray) -> int:
    """List the groups of cells of a row that are flagged, and return how many there are.

    ``eights`` are flags by the eight, of which the row has those from ``start`` to ``end``. Clears
    them.
    """
    count = 0
    for eight in range(start, end):
        word = eights[np.uint64(eight)]
        eights[np.uint64(eight)] = 0
        while word != 0:
            # Of flags of 0 or 1 in a byte each, the product has the place of the lowest that is 1
            # in its highest byte.
            lowest = word & (~word + np.uint64(1))
            place = (lowest * _PLACES) >> np.uint64(56)
            groups[np.uint64(count)] = 8 * eight + np.int64(place)
            count += 1
            word ^= lowest
    return count


@_compiled
def _scan_row(
    cover: FloatArray,
    start: int,
    groups: IntArray,
    n_groups: int,
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
    covered, was_full, opened, done = 0.0, False, 0, 0
    beyond = cell - start
    for at in range(n_groups):
        from_mark = groups[np.uint64(at)] * _GROUP
        column = from_mark - start
        if covered >= RESIDUE and not was_full:
            n_edges = _add_alike(cell + done, cell + column, covered, cells, fraction, n_edges)
        for mark in range(from_mark, from_mark + _GROUP):
            covered += cover[np.uint64(mark)]
            cover[np.uint64(mark)] = 0.0
            full = covered > 1.0 - RESIDUE
            number = beyond + mark
            cells[np.uint64(n_edges)], fraction[np.uint64(n_edges)] = number, covered
            n_edges += (covered >= RESIDUE) & (not full) & (mark - start < width)
            opened = opened if was_full else number
            first[np.uint64(n_spans)], end[np.uint64(n_spans)] = opened, number
            n_spans += was_full & (not full)
            was_full = full
        done = column + _GROUP
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
def _mark_zone(
    cover: FloatArray,
    flags: Flags,
    height: int,
    width: int,
    ends: FloatArray,
    row: int,
    column: int,
) -> None:
    """Add the edges of a zone to a clear window whose north-west cell is given."""
    stride = _stride(width)
    for edge in range(len(ends)):
        x_0, y_0 = ends[edge, 0] - column, ends[edge, 1] - row
        x_1, y_1 = ends[edge, 2] - column, ends[edge, 3] - row
        # What is right of the window, above it or below it covers nothing of it.
        if min(x_0, x_1) < width and min(y_0, y_1) < height and max(y_0, y_1) > 0:
            _mark_clipped(cover, flags, stride, x_0, y_0, x_1, y_1, height, width)
    # The spare columns hold what lies beside the window.
    for line in range(height):
        cover[line * stride + width : (line + 1) * stride] = 0.0


@_compiled
def _between(low: float, high: float, from_cell: int, n_cells: int) -> tuple[int, int]:
    """Return the first of some cells that a range touches and the one after the last."""
    first = _clamp(np.floor(low), from_cell, from_cell + n_cells)
    last = _clamp(np.ceil(high), from_cell, from_cell + n_cells)
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
    """Return the length of a row of marks: groups by the eight, with the two spare columns."""
    eight = 8 * _GROUP
    return (width + 1) // eight * eight + eight


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
def window_spans(
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
    flags = np.zeros(len(buffer) // _GROUP, np.uint8)
    eights, groups = flags.view(np.uint64), np.empty(_stride(n_columns) // _GROUP + 1, np.int64)
    n_spans, n_edges = 0, 0
    for zone in range(n_zones):
        left, right, top, bottom = boxes[zone]
        width, stride = right - left, _stride(right - left)
        own = ends[indptr[zone] : indptr[zone + 1]]
        band = len(buffer) // stride
        for band_top in range(top, bottom, band):
            height = min(band, bottom - band_top)
            _mark_zone(buffer, flags, height, width, own, band_top, left)
            # One more than can be, because each is written before it is known to count.
            room = height * width + 1
            first, end = _grown(first, n_spans + room), _grown(end, n_spans + room)
            cells, fraction = _grown(cells, n_edges + room), _grown(fraction, n_edges + room)
            for line in range(height):
                start, n_eights = line * stride, stride // (8 * _GROUP)
                found = _touched(eights, line * n_eights, (line + 1) * n_eights, groups)
                cell = (band_top + line - row) * n_columns + left - column
                n_spans, n_edges = _scan_row(
                    buffer,
                    start,
                    groups,
                    found,
                    width,
                    cell,
                    first,
                    end,
                    n_spans,
                    cells,
                    fraction,
                    n_edges,
                )
        span_indptr[zone + 1], edge_indptr[zone + 1] = n_spans, n_edges
    # Views of what was set aside: memory that nobody has written to takes up none.
    spans, on_edges = (first[:n_spans], end[:n_spans]), (cells[:n_edges], fraction[:n_edges])
    return span_indptr, *spans, edge_indptr, *on_edges
