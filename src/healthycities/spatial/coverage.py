"""Exact coverage of grid cells by polygons, by accumulating signed areas.

Each edge of a polygon adds its signed area to the cells that it crosses and its signed height to
the cell right of them; a running sum along each row is then the covered fraction of every cell,
holes and separate parts included. The work is one step for each cell that an edge crosses and one
for each cell of the polygon's bounding box; nothing is clipped and no point is tested.

The technique is that of exact anti-aliasing rasterisers of fonts, such as FreeType's ``smooth`` and
font-rs (R. Levien, "Inside the fastest font renderer in the world", 2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from healthycities.errors import GeometryError
from healthycities.spatial.grid import FloatArray, Grid, IntArray, ObjectArray

RESIDUE = 1e-12
"""Fractions below this are what rounding leaves of cells that the polygon does not touch."""

_POLYGON, _MULTI_POLYGON = 3, 6

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@dataclass(frozen=True, eq=False)
class CellCoverage:
    """The cells that each zone covers, row by row in compressed form.

    Zone i covers ``fraction[indptr[i]:indptr[i + 1]]`` of ``cells[indptr[i]:indptr[i + 1]]``.

    Parameters
    ----------
    indptr : n + 1 int64 positions for n zones.
    cells : int64 cell numbers, rising within each zone.
    fraction : float64 covered fractions of those cells, above 0 and at most 1.
    """

    indptr: IntArray
    cells: IntArray
    fraction: FloatArray


def require_polygons(
    shapes: npt.ArrayLike, *, what: str = "zone", names: Sequence[Any] | None = None
) -> ObjectArray:
    """Return shapes as an array, once each is known to be a polygon with an inside.

    Parameters
    ----------
    shapes : n shapely polygons or multi-polygons.
    what : what an error calls one of them.
    names : what an error calls each of them, by default its position.

    Raises
    ------
    GeometryError : a shape is missing, empty, of another kind, or has a coordinate that is not
        finite.
    """
    found: ObjectArray = np.asarray(shapes, dtype=np.object_)
    polygonal = np.isin(shapely.get_type_id(found), (_POLYGON, _MULTI_POLYGON))
    # A coordinate that is not finite makes the area so; bounds pass over NaN.
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(shapely.area(found))
    good = polygonal & ~shapely.is_empty(found) & finite
    if not good.all():
        position = int(np.argmin(good))
        raise GeometryError(
            f"expected a polygon with finite coordinates, found {_told(found[position])}"
            f" ({np.count_nonzero(~good)} of {len(found)} are not)",
            place=f"{what} {position if names is None else names[position]}",
            mend="Correct the shape, or leave it out.",
        )
    return found


def _told(shape: Any) -> str:
    return "nothing" if shape is None else shapely.to_wkt(shape, rounding_precision=0)[:60]


def cell_coverage(zones: npt.ArrayLike, grid: Grid) -> CellCoverage:
    """Measure the fraction of each grid cell that each zone covers.

    Rings may run either way round. Zones may have holes and separate parts, lie partly or wholly
    off the grid, and be smaller than a cell or larger than the grid. They must be valid in the
    sense of OGC simple features: where a polygon overlaps itself, the overlap counts twice.

    Parameters
    ----------
    zones : n shapely polygons or multi-polygons, in the coordinates of the grid.
    grid : the grid.

    Returns
    -------
    One row for each zone; a zone off the grid has an empty row.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon; the message names its position.
    """
    return coverage_of(require_polygons(zones), grid)


def coverage_of(shapes: ObjectArray, grid: Grid) -> CellCoverage:
    """Measure what polygons that are known to be such cover, as :func:`cell_coverage` does."""
    if not len(shapes):
        return CellCoverage(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    # Plain numbers, because each kind would be compiled for anew.
    corner_m = (float(grid.x_min_m), float(grid.y_max_m), float(grid.cell_size_m))
    n_rows, n_columns = map(int, grid.shape)
    return CellCoverage(*_cover_zones(*rings_of(shapes), *corner_m, n_rows, n_columns))


class Rings(NamedTuple):
    """The rings of n shapes, shape after shape.

    Shape i has the rings ``shape_starts[i]`` to ``shape_starts[i + 1]``, and ring j the coordinates
    ``ring_starts[j]`` to ``ring_starts[j + 1]``, the first of them again at its end.

    Parameters
    ----------
    coordinates : float64 (corners, 2): x and y.
    ring_starts, shape_starts : int64 positions, one more than there are rings and shapes.
    backwards : bool for each ring: whether it is an outer ring that runs clockwise or a hole that
        does not, so that its edges are to be taken from their other end.
    """

    coordinates: FloatArray
    ring_starts: IntArray
    shape_starts: IntArray
    backwards: npt.NDArray[np.bool_]


def rings_of(shapes: ObjectArray) -> Rings:
    """Unpack n polygons or multi-polygons."""
    coordinates, ring_starts, polygon_starts, shape_starts = _unpacked(shapes)
    is_outer = np.zeros(len(ring_starts) - 1, dtype=np.bool_)
    is_outer[polygon_starts[:-1][np.diff(polygon_starts) > 0]] = True
    backwards = _clockwise(coordinates, ring_starts) == is_outer
    return Rings(coordinates, ring_starts, shape_starts, backwards)


def _unpacked(shapes: ObjectArray) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Return coordinates, and where each ring, polygon and shape starts.

    Coordinates are counted from the starts of rings, rings from those of polygons and of shapes.
    """
    simple = shapely.get_type_id(shapes) == _POLYGON
    if simple.all() and not shapely.get_num_interior_rings(shapes).any():
        # Most are of one ring; this takes a fifth of the time.
        sizes = shapely.get_num_coordinates(shapes)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
        each = np.arange(len(starts))
        return shapely.get_coordinates(shapes), starts, each, each
    _, coordinates, offsets = shapely.to_ragged_array(shapes, include_z=False)
    ring_starts, polygon_starts, *rest = (np.asarray(part, dtype=np.int64) for part in offsets)
    shape_starts = polygon_starts[rest[0]] if rest else polygon_starts
    return coordinates, ring_starts, polygon_starts, shape_starts


@_compiled
def _clockwise(coordinates: FloatArray, ring_starts: IntArray) -> npt.NDArray[np.bool_]:
    """Tell of each ring whether it runs clockwise, by its signed area."""
    result = np.zeros(len(ring_starts) - 1, np.bool_)
    for ring in range(len(result)):
        start, end = ring_starts[ring], ring_starts[ring + 1]
        x_0, y_0 = coordinates[start]
        doubled_area, x, y = 0.0, 0.0, 0.0
        for i in range(start + 1, end):
            x_next, y_next = coordinates[i, 0] - x_0, coordinates[i, 1] - y_0
            doubled_area += x * y_next - x_next * y
            x, y = x_next, y_next
        result[ring] = doubled_area < 0
    return result


# In the kernel x counts cells to the right and y cells downwards, so an anti-clockwise ring goes
# down along its left side: heights are positive there, and the running sum rises from 0 to 1.
#
# A window of marks lies in one array, row after row, each row `stride` cells long, of which the
# last two are spare. Indices are numbers without a sign, because one with it may count from the
# end, and asking takes as long as the rest.


@_compiled
def clamp(value: float, low: float, high: float) -> float:
    """Return the value, or the end of the range that it lies beyond."""
    return min(max(value, low), high)


@_compiled
def _mark_cell(cover: FloatArray, cell: int, beyond: float, height: float) -> None:
    """Add a piece of an edge that stays within one cell, of which a part lies beyond it."""
    height_beyond = height * beyond
    cover[np.uint64(cell)] += height - height_beyond
    cover[np.uint64(cell + 1)] += height_beyond


@_compiled
def _mark_row(cover: FloatArray, start: int, x_from: float, x_to: float, height: float) -> None:
    """Add a piece of an edge that stays within one row, cell by cell from the left."""
    x, x_end = min(x_from, x_to), max(x_from, x_to)
    column = int(x)
    if x_end <= column + 1:
        _mark_cell(cover, start + column, 0.5 * (x + x_end) - column, height)
        return
    slope = height / (x_end - x)
    while x < x_end:
        x_next = min(column + 1.0, x_end)
        beyond = 0.5 * (x + x_next) - column
        _mark_cell(cover, start + column, beyond, slope * (x_next - x))
        x = x_next
        column += 1


@_compiled
def _mark_down(
    cover: FloatArray,
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
        _mark_row(cover, row * stride, x_top, x_end, sign * (y_end - y_top))
        return
    slope = (x_end - x_top) / (y_end - y_top)
    low, high = min(x_top, x_end), max(x_top, x_end)
    x, y = x_top, y_top
    while y < y_end:
        y_next = min(row + 1.0, y_end)
        x_next = x_end if y_next == y_end else clamp(x_top + slope * (y_next - y_top), low, high)
        _mark_row(cover, row * stride, x, x_next, sign * (y_next - y))
        x, y = x_next, y_next
        row += 1


@_compiled
def mark_edge(
    cover: FloatArray, stride: int, x_0: float, y_0: float, x_1: float, y_1: float
) -> None:
    """Add an edge inside the window.

    Both directions are computed from the upper end, so that an edge shared by two zones is cut in
    the same places for both, and what one gains the other loses.
    """
    if y_0 != y_1:
        down = y_0 < y_1
        x_top, x_end = (x_0, x_1) if down else (x_1, x_0)
        sign = 1.0 if down else -1.0
        _mark_down(cover, stride, x_top, min(y_0, y_1), x_end, max(y_0, y_1), sign)


@_compiled
def _on_line(at: float, from_0: float, to_0: float, from_1: float, to_1: float) -> float:
    """Interpolate the line through (from_0, to_0) and (from_1, to_1), exactly at its ends."""
    return to_1 if at == from_1 else to_0 + (to_1 - to_0) * ((at - from_0) / (from_1 - from_0))


@_compiled
def _mark_beside(
    cover: FloatArray, stride: int, x_0: float, y_0: float, x_1: float, y_1: float, width: float
) -> None:
    """Add an edge between the window's top and bottom, moving what lies beside it to its sides.

    An edge left of the window still covers what is right of it; one right of it covers nothing,
    and lands in a spare column.
    """
    low, high = min(x_0, x_1), max(x_0, x_1)
    x_a, x_b = clamp(0.0, low, high), clamp(width, low, high)
    if x_1 < x_0:
        x_a, x_b = x_b, x_a
    y_a, y_b = _on_line(x_a, x_0, y_0, x_1, y_1), _on_line(x_b, x_0, y_0, x_1, y_1)
    x_0, x_1 = clamp(x_0, 0.0, width), clamp(x_1, 0.0, width)
    x_a, x_b = clamp(x_a, 0.0, width), clamp(x_b, 0.0, width)
    mark_edge(cover, stride, x_0, y_0, x_a, y_a)
    mark_edge(cover, stride, x_a, y_a, x_b, y_b)
    mark_edge(cover, stride, x_b, y_b, x_1, y_1)


@_compiled
def mark_clipped(
    cover: FloatArray,
    stride: int,
    x_0: float,
    y_0: float,
    x_1: float,
    y_1: float,
    height: float,
    width: float,
) -> None:
    """Add an edge that may leave the window: what is above or below it covers nothing."""
    y_a, y_b = clamp(y_0, 0.0, height), clamp(y_1, 0.0, height)
    if y_a != y_b:
        x_a, x_b = _on_line(y_a, y_0, x_0, y_1, x_1), _on_line(y_b, y_0, x_0, y_1, x_1)
        _mark_beside(cover, stride, x_a, y_a, x_b, y_b, width)


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
                mark_edge(cover, stride, x_0, y_0, x_1, y_1)
            else:
                mark_clipped(cover, stride, x_0, y_0, x_1, y_1, height, width)


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
def grown(array: npt.NDArray[Any], needed: int) -> npt.NDArray[Any]:
    """Return the array with room for what is needed, doubled so that copies stay few."""
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@_compiled
def _cut(low: float, high: float, n_cells: int) -> tuple[int, int]:
    """Return the first cell that a range touches and the one after the last, cut to the grid."""
    first = int(clamp(math.floor(low), 0.0, n_cells))
    last = int(clamp(math.ceil(high), 0.0, n_cells))
    return first, last


@_compiled
def _cover_zones(
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
            cells, fraction = grown(cells, needed), grown(fraction, needed)
            corner = top * n_columns + left
            count = _collect(cover, height, width, corner, n_columns, cells, fraction, count)
        indptr[zone + 1] = count
    return indptr, cells[:count].copy(), fraction[:count].copy()
