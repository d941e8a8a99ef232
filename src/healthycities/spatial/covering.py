"""Coverage of grid cells by many zones, in blocks that run side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from healthycities.spatial.coverage import (
    CellCoverage,
    are_polygons,
    areas_of,
    coverage_of,
    require_polygons,
)
from healthycities.spatial.grid import FloatArray, Grid, ObjectArray
from healthycities.spatial.parallel import BLOCK_SIZE, map_blocks, row_blocks


def cover(
    zones: npt.ArrayLike,
    grid: Grid,
    *,
    names: Sequence[Any] | None = None,
    scheduler: str = "threads",
    workers: int | None = None,
    block_size: int | None = None,
) -> tuple[CellCoverage, FloatArray]:
    """Measure the fraction of each cell that each zone covers, and each zone's area in cells.

    Zones are cut into blocks, in the order given: no zone's cells depend on its neighbours, so that
    to sort them would cost more than it brings. The result is the same however they are cut and
    wherever the blocks run.

    Parameters
    ----------
    zones : n shapely polygons or multi-polygons, in the coordinates of the grid.
    grid : the grid.
    names : what an error calls each of them, by default its position.
    scheduler, workers : as :func:`healthycities.spatial.parallel.map_blocks` takes them.
    block_size : zones in a block.

    Returns
    -------
    The coverage, a row for each zone in the order given, and n float64 areas in cells, including
    what lies off the grid.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon.
    """
    shapes: ObjectArray = np.asarray(zones, dtype=np.object_)
    parts = map_blocks(
        partial(_measured, grid=grid),
        row_blocks(shapes, block_size or BLOCK_SIZE),
        scheduler=scheduler,
        workers=workers,
    )
    measured = [part for part in parts if part is not None]
    if len(measured) < len(parts):
        # Here and not in a block, so that one message speaks of all zones.
        require_polygons(shapes, names=names)
    coverage = _stacked([part.coverage for part in measured])
    return coverage, np.concatenate([np.zeros(0), *(part.area for part in measured)])


class _Measured(NamedTuple):
    """What a block of zones covers, and the areas of the zones in cells."""

    coverage: CellCoverage
    area: FloatArray


def _measured(shapes: ObjectArray, grid: Grid) -> _Measured | None:
    """Measure a block of zones; None if one of them is no polygon."""
    area_m2 = areas_of(shapes)
    if not are_polygons(shapes, area_m2).all():
        return None
    return _Measured(coverage_of(shapes, grid), area_m2 / grid.cell_area_m2)


def _stacked(parts: Sequence[CellCoverage]) -> CellCoverage:
    """Put the coverage of blocks of zones below one another."""
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.indptr) for part in parts)])
    cells = np.concatenate([np.zeros(0, np.int64), *(part.cells for part in parts)])
    fraction = np.concatenate([np.zeros(0), *(part.fraction for part in parts)])
    return CellCoverage(np.cumsum(sizes), cells, fraction)
