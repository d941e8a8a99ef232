"""Concentrations where people live, from the weights of the grid's cells."""

from __future__ import annotations

import numpy as np

from healthycities.geography.levels import Levels
from healthycities.spatial.grid import FloatArray
from healthycities.spatial.weights import Weights


def small_area_means_ugm3(cells: Weights, grid_ugm3: FloatArray, levels: Levels) -> FloatArray:
    """Average a grid over each small area, over the cells that have a value.

    Parameters
    ----------
    cells : weights of the grid's cells in the small areas, in the order of ``levels``.
    grid_ugm3 : rows x columns of the grid, NaN where there is no value.

    Returns
    -------
    One float64 for each small area, in µg/m³; NaN where none of its cells has a value.

    Raises
    ------
    AlignmentError : the weights are of other small areas.
    """
    means: FloatArray = cells.aligned(rows=levels.small_areas).aggregate(np.ravel(grid_ugm3)).value
    return means


def district_means_ugm3(mean_ugm3: FloatArray, people: FloatArray, levels: Levels) -> FloatArray:
    """Average small areas by their people to districts, in the order of ``levels.districts``.

    Parameters
    ----------
    mean_ugm3, people : one float64 for each small area, in the order of ``levels``.
    """
    (level,) = levels.of_small_areas(["district"])
    means: FloatArray = level.weights.aggregate(mean_ugm3, by=people).value
    return means
