"""Where areas that should fit together do not: ground that two of them claim, and none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon

from healthycities.spatial.grid import FloatArray, IntArray, ObjectArray

LEAST_M2 = 1.0
"""Faults smaller than this are what rounding of coordinates leaves, and are not told."""

_NEAR_M = 1e-3
"""A gap borders the areas that lie nearer than this: their union moves points by rounding."""


class Fault(NamedTuple):
    """An overlap of two areas, or a gap between areas.

    ``first`` and ``second`` are positions of two areas: those that overlap, or the two that have
    the longest borders with the gap. ``shape`` is the ground in question.
    """

    first: int
    second: int
    area_m2: float
    shape: shapely.Geometry


def overlaps(areas: ObjectArray) -> list[Fault]:
    """Return the ground that two areas share, largest first.

    Parameters
    ----------
    areas : n valid polygons or multi-polygons, in metres.

    Notes
    -----
    Only areas of which an edge does not fit its neighbours, as GEOS tells of a coverage, are laid
    over one another: where all fit, it costs one pass over the edges.
    """
    misfits = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(areas)))
    one, other = shapely.STRtree(areas).query(areas[misfits], predicate="intersects")
    # An area that another goes round fits no neighbour; of the other, every edge may fit.
    pairs = np.sort(np.stack([misfits[one], other]), axis=0)
    first, second = np.unique(pairs[:, pairs[0] < pairs[1]], axis=1)
    shared = shapely.intersection(areas[first], areas[second])
    return _largest_first(first, second, shared)


def gaps(areas: ObjectArray) -> list[Fault]:
    """Return the ground that two or more areas go round and none of them holds, largest first.

    Ground that one area alone goes round is its own hole, and no gap.

    Parameters
    ----------
    areas : n valid polygons or multi-polygons, in metres.
    """
    enclosed = _enclosed(areas)
    gap, area = shapely.STRtree(areas).query(enclosed, predicate="dwithin", distance=_NEAR_M)
    between = np.flatnonzero(np.bincount(gap, minlength=len(enclosed)) > 1)
    pairs = [_longest_two(enclosed[one], areas, area[gap == one]) for one in between]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return _largest_first(first, second, enclosed[between])


def _enclosed(areas: ObjectArray) -> ObjectArray:
    """Return the holes of the union of all areas, as polygons."""
    fits = shapely.coverage_is_valid(areas)
    union = shapely.coverage_union_all(areas) if fits else shapely.union_all(areas)
    holes = [Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors]
    return np.array(holes, dtype=object)


def _longest_two(gap: shapely.Geometry, areas: ObjectArray, near: IntArray) -> tuple[int, int]:
    """Return the positions of the two areas that most of a gap's border belongs to, sorted."""
    around = shapely.buffer(gap, _NEAR_M)
    borders = shapely.length(shapely.intersection(around, shapely.boundary(areas[near])))
    longest = near[np.argsort(-borders, kind="stable")[:2]]
    return int(longest.min()), int(longest.max())


def _largest_first(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], shapes: ObjectArray
) -> list[Fault]:
    area_m2: FloatArray = shapely.area(shapes)
    order = np.argsort(-area_m2, kind="stable")
    return [
        Fault(int(first[one]), int(second[one]), float(area_m2[one]), shapes[one])
        for one in order
        if area_m2[one] >= LEAST_M2
    ]
