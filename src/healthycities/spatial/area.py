"""Area of overlapping shapes within zones, each place counted once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from healthycities.errors import GeometryError
from healthycities.spatial.coverage import require_polygons
from healthycities.spatial.grid import FloatArray, IntArray, ObjectArray
from healthycities.spatial.parallel import BLOCK_SIZE, hilbert_order, map_blocks, row_blocks


def union_area_m2(
    zones: npt.ArrayLike,
    shapes: npt.ArrayLike,
    *,
    scheduler: str = "threads",
    workers: int | None = None,
    block_size: int = BLOCK_SIZE,
) -> FloatArray:
    """Measure how much of each zone is covered by at least one shape.

    Shapes are cut to the zone first and joined there, so that no union of all shapes is built.

    Parameters
    ----------
    zones, shapes : n and m shapely polygons or multi-polygons, in metres, in one coordinate
        reference system.
    scheduler, workers : as :func:`healthycities.spatial.parallel.map_blocks` takes them.
    block_size : zones in a block.

    Returns
    -------
    n float64 areas in square metres, in the order of the zones; 0 where no shape reaches a zone.

    Raises
    ------
    GeometryError : a zone or shape is missing, empty, no polygon, or overlaps itself.
    """
    zones, shapes = require_polygons(zones), require_polygons(shapes, what="shape")
    order = hilbert_order(zones)
    tree = shapely.STRtree(shapes)
    blocks = [
        (zones[block], _candidates(zones[block], shapes, tree))
        for block in row_blocks(order, block_size)
    ]
    areas = map_blocks(_union_area_of_block, blocks, scheduler=scheduler, workers=workers)
    result = np.zeros(len(zones))
    result[order] = np.concatenate([np.zeros(0), *areas])
    return result


def _candidates(zones: ObjectArray, shapes: ObjectArray, tree: shapely.STRtree) -> ObjectArray:
    """Return the shapes near a block of zones, so that a worker is sent no others."""
    near = tree.query(shapely.box(*shapely.total_bounds(zones)))
    found: ObjectArray = shapes[np.sort(near)]
    return found


def _union_area_of_block(block: tuple[ObjectArray, ObjectArray]) -> FloatArray:
    try:
        return _union_area(*block)
    except shapely.GEOSException as error:
        raise GeometryError(
            f"expected valid zones and shapes, but cutting one to the other failed ({error})",
            mend="Make the shapes valid (shapely.make_valid) and run again.",
        ) from error


def _union_area(zones: ObjectArray, shapes: ObjectArray) -> FloatArray:
    """Area of the union of the pieces of each zone."""
    zone, pieces = _pieces(zones, shapes)
    zone_of_group, first = np.unique(zone, return_index=True)
    area = np.zeros(len(zones))
    area[zone_of_group] = shapely.area(_joined(pieces, first))
    return area


def _pieces(zones: ObjectArray, shapes: ObjectArray) -> tuple[IntArray, ObjectArray]:
    """Cut shapes to the zones that they reach; return the zone of each piece, rising, and it.

    A shape wholly inside a zone needs no cutting.
    """
    tree = shapely.STRtree(shapes)
    zone, shape = tree.query(zones, predicate="intersects")
    within_zone, within_shape = tree.query(zones, predicate="contains_properly")
    within = np.isin(zone * len(shapes) + shape, within_zone * len(shapes) + within_shape)
    pieces = shapes[shape]
    pieces[~within] = shapely.intersection(zones[zone[~within]], shapes[shape[~within]])
    order = np.lexsort((shape, zone))
    return zone[order], pieces[order]


def _joined(pieces: ObjectArray, first: IntArray) -> ObjectArray:
    """Join the pieces of each group; a group of one is left as it is."""
    size = np.diff(np.append(first, len(pieces)))
    joined = pieces[first]
    for group in np.flatnonzero(size > 1):
        joined[group] = shapely.union_all(pieces[first[group] : first[group] + size[group]])
    return joined
