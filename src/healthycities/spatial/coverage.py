"""Exact coverage of grid cells by polygons, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from healthycities.errors import GeometryError
from healthycities.spatial.grid import FloatArray, Grid, IntArray, ObjectArray
from healthycities.spatial.kernel import cover_zones

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
    good = are_polygons(found, areas_of(found))
    if not good.all():
        position = int(np.argmin(good))
        raise GeometryError(
            f"expected a polygon with finite coordinates, found {_told(found[position])}"
            f" ({np.count_nonzero(~good)} of {len(found)} are not)",
            place=f"{what} {position if names is None else names[position]}",
            mend="Correct the shape, or leave it out.",
        )
    return found


def areas_of(shapes: ObjectArray) -> FloatArray:
    """Return the areas of shapes, not finite where a coordinate is not: bounds pass over NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(shapely.area(shapes), dtype=np.float64)


def are_polygons(shapes: ObjectArray, area: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which of some shapes, whose areas are given, are polygons with an inside."""
    polygonal = np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTI_POLYGON))
    good: npt.NDArray[np.bool_] = polygonal & ~shapely.is_empty(shapes) & np.isfinite(area)
    return good


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
    return CellCoverage(*cover_zones(*rings_of(shapes), *corner_m, n_rows, n_columns))


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
