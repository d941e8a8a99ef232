"""Exposure where people live: concentrations from the weights of the grid's cells, and means."""

from __future__ import annotations

import numpy as np

from healthycities.geography.levels import Levels
from healthycities.spatial.grid import FloatArray
from healthycities.spatial.weights import Aggregate, Weights


def small_area_means_ugm3(cells: Weights, grid_ugm3: FloatArray, levels: Levels) -> Aggregate:
    """Average a grid over each small area, over the cells that have a value.

    Parameters
    ----------
    cells : weights of the grid's cells in the small areas, in the order of ``levels``.
    grid_ugm3 : rows x columns of the grid, NaN where there is no value.

    Returns
    -------
    The mean of each small area in µg/m³, NaN where none of its cells has a value, and the share of
    its ground that has one.

    Raises
    ------
    AlignmentError : the weights are of other small areas.
    """
    return cells.aligned(rows=levels.small_areas).aggregate(np.ravel(grid_ugm3))


def district_means(means: Aggregate, people: FloatArray, levels: Levels) -> Aggregate:
    """Average small areas by their people to districts, in the order of ``levels.districts``.

    Parameters
    ----------
    means : of the small areas, such as those of :func:`small_area_means_ugm3`.
    people : one float64 for each small area, in the order of ``levels``.

    Returns
    -------
    The mean of each district in the unit of the small areas, and the share of its people who live
    on ground with a value.
    """
    (level,) = levels.of_small_areas(["district"])
    share = level.weights.aggregate(means.covered_share, by=people).value
    return Aggregate(level.weights.aggregate(means.value, by=people).value, share)
