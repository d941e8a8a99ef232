"""Area that two polygons share, without building the shape that they share.

A polygon is the ground below its upper edges less the ground below its lower ones, so the area that
two polygons share is a sum over pairs of their edges of the ground below both edges of the pair,
with a sign. What is below both is an integral of the lower of two straight lines, so that touching,
coincident and barely crossing edges need no case of their own. Edges sorted from the left are swept
once; a pair of edges costs work only where one lies above or below the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from healthycities.spatial.coverage import rings_of
from healthycities.spatial.grid import FloatArray, IntArray, ObjectArray

RESIDUE = 1e-12
"""Shares of the smaller shape below this are what rounding leaves of two that do not meet."""

_compiled = numba.njit(nogil=True, cache=True)

# Columns of an edge; its sign is 1 where the polygon lies below it, and -1 where it lies above.
_X_LEFT, _X_RIGHT, _Y_LEFT, _SLOPE, _Y_TOP, _SIGN = range(6)


class Edges(NamedTuple):
    """Edges of polygons: those of polygon i are ``edges[starts[i]:starts[i + 1]]``.

    ``edges`` is float64, edges x 6, rising by the left end within each polygon; vertical edges are
    left out, as nothing lies below them. ``bottom`` is the lowest northing of each polygon.
    """

    edges: FloatArray
    starts: IntArray
    bottom: FloatArray


def shared_area_m2(
    zones: ObjectArray, shapes: ObjectArray, zone: IntArray, shape: IntArray
) -> FloatArray:
    """Measure the area that each shape of a list of pairs has within the zone of the pair.

    Parameters
    ----------
    zones, shapes : valid polygons or multi-polygons, in metres; rings may run either way round.
    zone, shape : n positions in them.

    Returns
    -------
    n float64 areas in square metres, to about 1e-12 of the smaller of the two; 0 below that, which
    is what rounding leaves of two that do not meet.
    """
    if not len(zone):
        return np.zeros(0)
    found: FloatArray = _shared_areas(*edges_of(zones), *edges_of(shapes), zone, shape)
    smaller_m2 = np.minimum(shapely.area(zones)[zone], shapely.area(shapes)[shape])
    return np.where(found < RESIDUE * smaller_m2, 0.0, found)


def edges_of(shapes: ObjectArray) -> Edges:
    """Unpack polygons, of which there is at least one, into their sorted edges."""
    return Edges(*_sorted_edges(*rings_of(shapes)))


@_compiled
def _write(edge: FloatArray, x_0: float, y_0: float, x_1: float, y_1: float) -> None:
    """Write an edge of a ring that runs anti-clockwise, from left to right."""
    edge[_SIGN] = 1.0 if x_1 < x_0 else -1.0
    if x_1 < x_0:
        x_0, y_0, x_1, y_1 = x_1, y_1, x_0, y_0
    edge[_X_LEFT], edge[_X_RIGHT], edge[_Y_LEFT] = x_0, x_1, y_0
    edge[_SLOPE], edge[_Y_TOP] = (y_1 - y_0) / (x_1 - x_0), max(y_0, y_1)


@_compiled
def _sorted_edges(
    coordinates: FloatArray,
    ring_starts: IntArray,
    shape_starts: IntArray,
    backwards: npt.NDArray[np.bool_],
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Write every edge from left to right, and sort those of each polygon."""
    n_shapes = len(shape_starts) - 1
    edges = np.empty((len(coordinates), 6), np.float64)
    starts, bottom = np.zeros(n_shapes + 1, np.int64), np.full(n_shapes, np.inf)
    count = 0
    for shape in range(n_shapes):
        for ring in range(shape_starts[shape], shape_starts[shape + 1]):
            from_end, to_end = (1, 0) if backwards[ring] else (0, 1)
            for i in range(ring_starts[ring], ring_starts[ring + 1] - 1):
                (x_0, y_0), (x_1, y_1) = coordinates[i + from_end], coordinates[i + to_end]
                bottom[shape] = min(bottom[shape], y_0)
                if x_0 != x_1:
                    _write(edges[count], x_0, y_0, x_1, y_1)
                    count += 1
        own = edges[starts[shape] : count]
        own[:] = own[np.argsort(own[:, _X_LEFT])]
        starts[shape + 1] = count
    return edges[:count].copy(), starts, bottom


@_compiled
def _shared_areas(
    edges_a: FloatArray,
    starts_a: IntArray,
    _: FloatArray,
    edges_b: FloatArray,
    starts_b: IntArray,
    bottom_b: FloatArray,
    pair_a: IntArray,
    pair_b: IntArray,
) -> FloatArray:
    area = np.zeros(len(pair_a))
    for pair in range(len(pair_a)):
        a, b = pair_a[pair], pair_b[pair]
        own_a = edges_a[starts_a[a] : starts_a[a + 1]]
        own_b = edges_b[starts_b[b] : starts_b[b + 1]]
        area[pair] = max(_shared_area(own_a, own_b, bottom_b[b]), 0.0)
    return area


@_compiled
def _shared_area(edges_a: FloatArray, edges_b: FloatArray, floor: float) -> float:
    """Sum over pairs of edges the ground below both, counted from the lowest point of the second.

    An edge of the first that lies wholly below that adds nothing: those of the second are all above
    it, so that what is below both is the same for each of them, and their signs cancel.
    """
    total, first = 0.0, 0
    for i in range(len(edges_a)):
        left, right = edges_a[i, _X_LEFT], edges_a[i, _X_RIGHT]
        while first < len(edges_b) and edges_b[first, _X_RIGHT] <= left:
            first += 1
        if first == len(edges_b):
            break
        if edges_a[i, _Y_TOP] > floor:
            for k in range(first, len(edges_b)):
                if edges_b[k, _X_LEFT] >= right:
                    break
                if edges_b[k, _X_RIGHT] > left:
                    sign = edges_a[i, _SIGN] * edges_b[k, _SIGN]
                    total += sign * _below_both(edges_a[i], edges_b[k], floor)
    return total


@_compiled
def _below_both(edge: FloatArray, other: FloatArray, floor: float) -> float:
    """Integrate the lower of two edges, counted from the floor, where both of them run."""
    left, right = max(edge[_X_LEFT], other[_X_LEFT]), min(edge[_X_RIGHT], other[_X_RIGHT])
    edge_left, edge_right = _height(edge, left, floor), _height(edge, right, floor)
    other_left, other_right = _height(other, left, floor), _height(other, right, floor)
    lower_left, lower_right = min(edge_left, other_left), min(edge_right, other_right)
    area = 0.5 * (right - left) * (lower_left + lower_right)
    gap_left, gap_right = edge_left - other_left, edge_right - other_right
    if gap_left * gap_right < 0:
        # They cross: the lower of them has a kink, which rises above the chord of its ends.
        share = abs(gap_left) / (abs(gap_left) + abs(gap_right))
        kink = edge_left + share * (edge_right - edge_left)
        chord = lower_left + share * (lower_right - lower_left)
        area += 0.5 * (right - left) * (kink - chord)
    return float(area)


@_compiled
def _height(edge: FloatArray, x: float, floor: float) -> float:
    """Height of an edge above the floor at an easting.

    The floor is taken off first, as northings are far larger than the shapes that lie there.
    """
    return float((edge[_Y_LEFT] - floor) + edge[_SLOPE] * (x - edge[_X_LEFT]))
