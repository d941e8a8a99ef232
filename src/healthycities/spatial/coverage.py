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
from typing import Any

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
    shapes = require_polygons(zones)
    if not len(shapes):
        return CellCoverage(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    coordinates, ring_starts, zone_starts = oriented_rings(shapes)
    x, y = grid.columns_rows(coordinates[:, 0], coordinates[:, 1])
    # Plain integers, because each kind of number would be compiled for anew.
    n_rows, n_columns = map(int, grid.shape)
    return CellCoverage(*_cover_zones(x, y, ring_starts, zone_starts, n_rows, n_columns))


def oriented_rings(shapes: ObjectArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Unpack polygons into coordinates and ring offsets, outer rings anti-clockwise, holes not."""
    coordinates, ring_starts, polygon_starts, shape_starts = _rings(shapes)
    is_outer = np.zeros(len(ring_starts) - 1, dtype=np.bool_)
    is_outer[polygon_starts[:-1][np.diff(polygon_starts) > 0]] = True
    _turn(coordinates, ring_starts, is_outer)
    return coordinates, ring_starts, shape_starts


def _rings(shapes: ObjectArray) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Unpack polygons: coordinates, and where each ring, polygon and shape starts.

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
def _turn(coordinates: FloatArray, ring_starts: IntArray, is_outer: npt.NDArray[np.bool_]) -> None:
    """Reverse, in place, outer rings that run clockwise and holes that do not."""
    for ring in range(len(is_outer)):
        start, end = ring_starts[ring], ring_starts[ring + 1]
        x_0, y_0 = coordinates[start]
        doubled_area = 0.0
        for i in range(start + 1, end - 1):
            x, y = coordinates[i, 0] - x_0, coordinates[i, 1] - y_0
            x_next, y_next = coordinates[i + 1, 0] - x_0, coordinates[i + 1, 1] - y_0
            doubled_area += x * y_next - x_next * y
        if (doubled_area > 0) != is_outer[ring]:
            coordinates[start:end] = coordinates[start:end][::-1].copy()


# In the kernel x counts cells to the right and y cells downwards, so an anti-clockwise ring goes
# down along its left side: heights are positive there, and the running sum rises from 0 to 1.


@_compiled
def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@_compiled
def _mark_cell(cover: FloatArray, row: int, x_from: float, x_to: float, height: float) -> None:
    """Add a piece of an edge that stays within one cell."""
    column = int(min(x_from, x_to))
    height_beyond = height * (0.5 * (x_from + x_to) - column)
    cover[row, column] += height - height_beyond
    cover[row, column + 1] += height_beyond


@_compiled
def _mark_row(cover: FloatArray, row: int, x_from: float, x_to: float, height: float) -> None:
    """Add a piece of an edge that stays within one row, cell by cell from the left."""
    x, x_end = min(x_from, x_to), max(x_from, x_to)
    if x_end <= int(x) + 1:
        _mark_cell(cover, row, x, x_end, height)
        return
    slope = height / (x_end - x)
    while x < x_end:
        x_next = min(int(x) + 1.0, x_end)
        _mark_cell(cover, row, x, x_next, slope * (x_next - x))
        x = x_next


@_compiled
def _mark_down(
    cover: FloatArray, x_top: float, y_top: float, x_end: float, y_end: float, sign: float
) -> None:
    """Add an edge that is written from its upper end to its lower end, row by row."""
    if y_end <= int(y_top) + 1:
        _mark_row(cover, int(y_top), x_top, x_end, sign * (y_end - y_top))
        return
    slope = (x_end - x_top) / (y_end - y_top)
    low, high = min(x_top, x_end), max(x_top, x_end)
    x, y = x_top, y_top
    while y < y_end:
        y_next = min(int(y) + 1.0, y_end)
        x_next = x_end if y_next == y_end else _clamp(x_top + slope * (y_next - y_top), low, high)
        _mark_row(cover, int(y), x, x_next, sign * (y_next - y))
        x, y = x_next, y_next


@_compiled
def _mark_edge(cover: FloatArray, x_0: float, y_0: float, x_1: float, y_1: float) -> None:
    """Add an edge inside the window.

    Both directions are computed from the upper end, so that an edge shared by two zones is cut in
    the same places for both, and what one gains the other loses.
    """
    if y_0 < y_1:
        _mark_down(cover, x_0, y_0, x_1, y_1, 1.0)
    elif y_1 < y_0:
        _mark_down(cover, x_1, y_1, x_0, y_0, -1.0)


@_compiled
def _on_line(at: float, from_0: float, to_0: float, from_1: float, to_1: float) -> float:
    """Interpolate the line through (from_0, to_0) and (from_1, to_1), exactly at its ends."""
    return to_1 if at == from_1 else to_0 + (to_1 - to_0) * ((at - from_0) / (from_1 - from_0))


@_compiled
def _mark_beside(
    cover: FloatArray, x_0: float, y_0: float, x_1: float, y_1: float, width: float
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
    _mark_edge(cover, x_0, y_0, x_a, y_a)
    _mark_edge(cover, x_a, y_a, x_b, y_b)
    _mark_edge(cover, x_b, y_b, x_1, y_1)


@_compiled
def _mark_clipped(
    cover: FloatArray, x_0: float, y_0: float, x_1: float, y_1: float, height: float, width: float
) -> None:
    """Add an edge that may leave the window: what is above or below it covers nothing."""
    y_a, y_b = _clamp(y_0, 0.0, height), _clamp(y_1, 0.0, height)
    if y_a != y_b:
        x_a, x_b = _on_line(y_a, y_0, x_0, y_1, x_1), _on_line(y_b, y_0, x_0, y_1, x_1)
        _mark_beside(cover, x_a, y_a, x_b, y_b, width)


@_compiled
def _window(values: FloatArray, n_cells: int) -> tuple[int, int]:
    """Return the first cell that values touch and the one after the last, cut to the grid."""
    first = int(_clamp(math.floor(values.min()), 0.0, n_cells))
    last = int(_clamp(math.ceil(values.max()), 0.0, n_cells))
    return first, last


@_compiled
def _fits(values: FloatArray, length: int) -> bool:
    return bool(values.min() >= 0 and values.max() <= length)


@_compiled
def _marked(
    x: FloatArray, y: FloatArray, ring_starts: IntArray, height: int, width: int
) -> FloatArray:
    """Add every edge of every ring of a zone to a new window with two spare columns."""
    cover = np.zeros((height, width + 2), np.float64)
    inside = _fits(x, width) and _fits(y, height)
    for ring in range(len(ring_starts) - 1):
        for i in range(ring_starts[ring], ring_starts[ring + 1] - 1):
            if inside:
                _mark_edge(cover, x[i], y[i], x[i + 1], y[i + 1])
            else:
                _mark_clipped(cover, x[i], y[i], x[i + 1], y[i + 1], height, width)
    return cover


@_compiled
def _collect(
    cover: FloatArray,
    first_cell: int,
    n_columns: int,
    cells: IntArray,
    fraction: FloatArray,
    count: int,
) -> int:
    """Append the covered cells of a window by running sums along its rows; return the new count."""
    for row in range(cover.shape[0]):
        covered = 0.0
        for column in range(cover.shape[1] - 2):
            covered += cover[row, column]
            if covered >= RESIDUE:
                cells[count] = first_cell + row * n_columns + column
                fraction[count] = min(covered, 1.0)
                count += 1
    return count


@_compiled
def _grown(array: npt.NDArray[Any], needed: int) -> npt.NDArray[Any]:
    """Return the array with room for what is needed, doubled so that copies stay few."""
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@_compiled
def _cover_zones(
    x: FloatArray,
    y: FloatArray,
    ring_starts: IntArray,
    zone_starts: IntArray,
    n_rows: int,
    n_columns: int,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Accumulate each zone in a window of its own: its bounding box cut to the grid."""
    n_zones = len(zone_starts) - 1
    indptr = np.zeros(n_zones + 1, np.int64)
    cells, fraction = np.empty(16 * n_zones, np.int64), np.empty(16 * n_zones, np.float64)
    count = 0
    for zone in range(n_zones):
        rings = ring_starts[zone_starts[zone] : zone_starts[zone + 1] + 1]
        points = slice(rings[0], rings[-1])
        left, right = _window(x[points], n_columns)
        top, bottom = _window(y[points], n_rows)
        if left < right and top < bottom:
            x_zone, y_zone = x[points] - left, y[points] - top
            cover = _marked(x_zone, y_zone, rings - rings[0], bottom - top, right - left)
            needed = count + cover.size
            cells, fraction = _grown(cells, needed), _grown(fraction, needed)
            count = _collect(cover, top * n_columns + left, n_columns, cells, fraction, count)
        indptr[zone + 1] = count
    return indptr, cells[:count].copy(), fraction[:count].copy()
