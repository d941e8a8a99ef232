"""Area of overlapping shapes within zones, each place counted once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from healthycities.errors import GeometryError
from healthycities.spatial.coverage import require_polygons
from healthycities.spatial.grid import FloatArray, IntArray, ObjectArray
from healthycities.spatial.parallel import BLOCK_SIZE, hilbert_order, map_blocks, row_blocks
from healthycities.spatial.shared_area import shared_area_m2

_POLYGONAL = (3, 6)
_ROUNDING = 1e-12
"""Share of a shape's area that may be lost by leaving it uncut."""


class _Shapes(NamedTuple):
    """Shapes, and the number of the group that each is in; two that meet are in one group."""

    shapes: ObjectArray
    group: IntArray

    def take(self, positions: IntArray) -> _Shapes:
        """Return some of them."""
        return _Shapes(self.shapes[positions], self.group[positions])


def union_area_m2(
    zones: npt.ArrayLike,
    shapes: npt.ArrayLike,
    *,
    scheduler: str = "threads",
    workers: int | None = None,
    block_size: int = BLOCK_SIZE,
) -> FloatArray:
    """Measure how much of each zone is covered by at least one shape.

    A shape that meets no other adds the area that it has within the zone. Shapes that meet are cut
    to the zone first and joined there, so that no union of all shapes is built.

    Parameters
    ----------
    zones, shapes : n and m valid shapely polygons or multi-polygons, in metres, in one coordinate
        reference system.
    scheduler, workers : as :func:`healthycities.spatial.parallel.map_blocks` takes them.
    block_size : zones in a block; the result is the same whatever it is.

    Returns
    -------
    n float64 areas in square metres, in the order of the zones; 0 where no shape reaches a zone.

    Raises
    ------
    GeometryError : a zone is missing, empty, no polygon or overlaps itself, or so is a shape.
    """
    zones, shapes = require_polygons(zones), require_polygons(shapes, what="shape")
    order = hilbert_order(zones)
    tree = shapely.STRtree(shapes)
    grouped = _grouped(shapes, tree)
    blocks = [
        (zones[block], grouped.take(_near(zones[block], tree)))
        for block in row_blocks(order, block_size)
    ]
    areas = map_blocks(_union_area_of_block, blocks, scheduler=scheduler, workers=workers)
    result = np.zeros(len(zones))
    result[order] = np.concatenate([np.zeros(0), *areas])
    return result


def _grouped(shapes: ObjectArray, tree: shapely.STRtree) -> _Shapes:
    """Find the shapes that meet, directly or through others: most meet none."""
    one, other = tree.query(shapes)
    pair = one < other
    one, other = one[pair], other[pair]
    meet = shapely.intersects(shapes[one], shapes[other])
    links = coo_array((meet, (one, other)), shape=(len(shapes), len(shapes)))
    _, group = connected_components(links, directed=False)
    return _Shapes(shapes, group.astype(np.int64))


def _near(zones: ObjectArray, tree: shapely.STRtree) -> IntArray:
    """Find the shapes near a block of zones, rising, so that a worker is sent no others."""
    return np.sort(tree.query(shapely.box(*shapely.total_bounds(zones))))


def _union_area_of_block(block: tuple[ObjectArray, _Shapes]) -> FloatArray:
    """Add up, for each zone, what each group of shapes covers of it."""
    zones, near = block
    zone, shape, area_m2 = _pieces(zones, near)
    group_of_shape = near.group[shape]
    is_first = np.ones(len(zone), dtype=bool)
    is_first[1:] = (np.diff(zone) != 0) | (np.diff(group_of_shape) != 0)
    group = np.cumsum(is_first) - 1
    covered_m2 = np.bincount(group, area_m2)
    several = np.bincount(group)[group] > 1
    if several.any():
        pieces = _cut(zones[zone[several]], near.shapes[shape[several]], area_m2[several])
        together, which = np.unique(group[several], return_inverse=True)
        covered_m2[together] = shapely.area(_joined(pieces, which))
    covered_m2 = np.bincount(zone[is_first], covered_m2, minlength=len(zones))
    return np.asarray(covered_m2, dtype=np.float64)


def _pieces(zones: ObjectArray, near: _Shapes) -> tuple[IntArray, IntArray, FloatArray]:
    """Find the zone, the shape and the area of each piece, in the order of zones and groups."""
    zone, shape = shapely.STRtree(near.shapes).query(zones)
    order = np.lexsort((shape, near.group[shape], zone))
    zone, shape = zone[order], shape[order]
    reached, which = np.unique(shape, return_inverse=True)
    _require_valid(zones, "zone")
    _require_valid(near.shapes[reached], "shape")
    area_m2 = shared_area_m2(zones, near.shapes[reached], zone, which)
    covers = area_m2 > 0
    return zone[covers], shape[covers], area_m2[covers]


def _require_valid(shapes: ObjectArray, what: str) -> None:
    valid = shapely.is_valid(shapes)
    if not valid.all():
        reason = shapely.is_valid_reason(shapes[np.argmin(valid)])
        raise GeometryError(
            f"expected each {what} to be valid, but {np.count_nonzero(~valid)} are not,"
            f" the first because of {reason}",
            mend="Make the shapes valid (shapely.make_valid) and run again.",
        )


def _cut(zones: ObjectArray, shapes: ObjectArray, area_m2: FloatArray) -> ObjectArray:
    """Cut each shape to its zone; one with all its area within the zone is left as it is."""
    pieces = shapes.copy()
    leaves = area_m2 < shapely.area(shapes) * (1 - _ROUNDING)
    pieces[leaves] = [
        _polygonal(piece) for piece in shapely.intersection(zones[leaves], shapes[leaves])
    ]
    return pieces


def _polygonal(piece: shapely.Geometry) -> shapely.Geometry:
    """Drop the lines and points along which a shape only touches the rest of a zone."""
    if shapely.get_type_id(piece) in _POLYGONAL:
        return piece
    parts = shapely.get_parts(piece)
    return shapely.union_all(parts[shapely.area(parts) > 0])


def _joined(pieces: ObjectArray, group: IntArray) -> ObjectArray:
    """Join the pieces of each group, whose numbers rise from 0, by twos until one is left."""
    while len(group) > group[-1] + 1:
        place = np.arange(len(group)) - np.searchsorted(group, group)
        second = np.flatnonzero(place % 2)
        pieces[second - 1] = shapely.union(pieces[second - 1], pieces[second])
        pieces, group = np.delete(pieces, second), np.delete(group, second)
    return pieces
