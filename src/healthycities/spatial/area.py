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


class _Shapes(NamedTuple):
    """Shapes, and the number of the group that each is in; two that meet are in one group."""

    shapes: ObjectArray
    group: IntArray
    is_alone: npt.NDArray[np.bool_]

    def take(self, positions: IntArray | npt.NDArray[np.bool_]) -> _Shapes:
        """Return some of them."""
        return _Shapes(*(part[positions] for part in self))


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
    return _Shapes(shapes, group.astype(np.int64), np.bincount(group)[group] == 1)


def _near(zones: ObjectArray, tree: shapely.STRtree) -> IntArray:
    """Find the shapes near a block of zones, rising, so that a worker is sent no others."""
    return np.sort(tree.query(shapely.box(*shapely.total_bounds(zones))))


def _union_area_of_block(block: tuple[ObjectArray, _Shapes]) -> FloatArray:
    """Add up what shapes that are alone and groups of shapes cover of each zone."""
    zones, near = block
    zone, shape = _candidates(zones, near.shapes)
    reached = np.unique(shape)
    _require_valid(zones, "zone")
    _require_valid(near.shapes[reached], "shape")
    alone = near.is_alone[shape]
    area_m2 = shared_area_m2(zones, near.shapes, zone[alone], shape[alone])
    covered = np.bincount(zone[alone], area_m2, minlength=len(zones))
    return covered + _area_of_groups(zones, near.take(~near.is_alone))


def _candidates(zones: ObjectArray, shapes: ObjectArray) -> tuple[IntArray, IntArray]:
    """Pair zones with the shapes whose boxes meet theirs, in the order of both."""
    zone, shape = shapely.STRtree(shapes).query(zones)
    order = np.lexsort((shape, zone))
    return zone[order], shape[order]


def _require_valid(shapes: ObjectArray, what: str) -> None:
    valid = shapely.is_valid(shapes)
    if not valid.all():
        reason = shapely.is_valid_reason(shapes[np.argmin(valid)])
        raise GeometryError(
            f"expected each {what} to be valid, but {np.count_nonzero(~valid)} are not,"
            f" the first because of {reason}",
            mend="Make the shapes valid (shapely.make_valid) and run again.",
        )


def _area_of_groups(zones: ObjectArray, near: _Shapes) -> FloatArray:
    """Cover each zone by the union of the pieces of each group within it."""
    zone, shape, pieces = _pieces(zones, near.shapes)
    order = np.lexsort((shape, near.group[shape], zone))
    zone, group, pieces = zone[order], near.group[shape][order], pieces[order]
    new = np.ones(len(zone), dtype=bool)
    new[1:] = (zone[1:] != zone[:-1]) | (group[1:] != group[:-1])
    area_m2 = shapely.area(_joined(pieces, np.cumsum(new) - 1))
    return np.bincount(zone[new], area_m2, minlength=len(zones))


def _pieces(zones: ObjectArray, shapes: ObjectArray) -> tuple[IntArray, IntArray, ObjectArray]:
    """Cut shapes to the zones that they reach; return the zone and the shape of each piece, and it.

    A shape wholly inside a zone needs no cutting.
    """
    tree = shapely.STRtree(shapes)
    zone, shape = tree.query(zones, predicate="intersects")
    within_zone, within_shape = tree.query(zones, predicate="contains_properly")
    within = np.isin(zone * len(shapes) + shape, within_zone * len(shapes) + within_shape)
    pieces = shapes[shape]
    pieces[~within] = shapely.intersection(zones[zone[~within]], shapes[shape[~within]])
    covering = shapely.area(pieces) > 0
    return zone[covering], shape[covering], _polygonal(pieces[covering])


def _polygonal(pieces: ObjectArray) -> ObjectArray:
    """Drop the lines and points along which a shape only touches the rest of a zone."""
    for mixed in np.flatnonzero(~np.isin(shapely.get_type_id(pieces), _POLYGONAL)):
        parts = shapely.get_parts(pieces[mixed])
        pieces[mixed] = shapely.union_all(parts[shapely.area(parts) > 0])
    return pieces


def _joined(pieces: ObjectArray, group: IntArray) -> ObjectArray:
    """Join the pieces of each group, whose numbers rise from 0, by twos until one is left."""
    while len(group) and len(group) > group[-1] + 1:
        place = np.arange(len(group)) - np.searchsorted(group, group)
        second = np.flatnonzero(place % 2)
        pieces[second - 1] = shapely.union(pieces[second - 1], pieces[second])
        pieces, group = np.delete(pieces, second), np.delete(group, second)
    return pieces
