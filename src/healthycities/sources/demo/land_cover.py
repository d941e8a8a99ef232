"""Classes of WorldCover and NDVI of the schematic England at 10 m, greener where few live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from scipy.special import ndtr

from healthycities.sources.demo.draws import Floats, Ints, generator
from healthycities.spatial.grid import Grid
from healthycities.spatial.spans import Window

CELL_M = 10.0
NO_DATA = 0
BUILT_UP, GRASS, CROPS, TREES, WATER = CLASSES = (50, 30, 40, 10, 80)
"""Codes of WorldCover, in the order in which one patch passes into the next."""

NO_NDVI = -9.0
_NDVI_OF_CLASS = (0.2, 0.6, 0.5, 0.75, -0.2)
"""Of `CLASSES`, as of a summer; gardens and street trees are within the first."""
_NDVI_SPREAD = 0.2
# NDVI within a class follows the pattern of patches as it lies this many rows and columns away.
_SHIFT = (311, 577)

_MARGIN_M = 1000.0
# Cells that share one mixture of classes; how far a patch of one class reaches; and the side of the
# pattern of patches, which is drawn once and laid side by side.
_COARSE_CELLS = 16
_PATCH_CELLS = 5.0
_PATTERN_CELLS = 1024
_WATER_SHARE = 0.015
# People per km2 at which half of what can be built up, or given up by farms, is.
_BUILT_PER_KM2, _FARM_PER_KM2 = 2500.0, 400.0


def grid_around(bounds_m: npt.ArrayLike) -> Grid:
    """Return the grid of whole kilometres around some bounds: west, south, east, north in m."""
    west, south, east, north = np.asarray(bounds_m, dtype=np.float64)
    left, bottom = (np.floor(low / _MARGIN_M) * _MARGIN_M for low in (west, south))
    right, top = (np.ceil(high / _MARGIN_M) * _MARGIN_M for high in (east, north))
    n_rows, n_columns = round((top - bottom) / CELL_M), round((right - left) / CELL_M)
    return Grid(float(left), float(top), CELL_M, n_rows, n_columns)


def shares(people_per_km2: Floats, deprivation: Floats) -> Floats:
    """Share of each of `CLASSES` on ground of some density and deprivation, (n, classes).

    Much is built up where many live, more so where deprivation is high; crops stand where few do.
    """
    dense = people_per_km2 / (people_per_km2 + _BUILT_PER_KM2)
    built = np.clip(0.02 + 0.75 * dense + 0.03 * deprivation, 0.01, 0.9)
    rest = 1 - built - _WATER_SHARE
    crops = 0.6 * rest * _FARM_PER_KM2 / (people_per_km2 + _FARM_PER_KM2)
    trees = 0.35 * (rest - crops)
    water = np.full_like(built, _WATER_SHARE)
    return np.column_stack([built, rest - crops - trees, crops, trees, water])


def _cells(window: Window) -> tuple[Ints, Ints]:
    rows = np.arange(window.row, window.row + window.n_rows)
    return rows, np.arange(window.column, window.column + window.n_columns)


@dataclass(frozen=True, eq=False)
class Drawing:
    """Draws the classes of a grid, window by window; how it is cut into windows changes nothing.

    Parameters
    ----------
    areas : of `places.small_areas`; its geometry is not used.
    grid : the grid.
    seed : seed of the demonstration.
    """

    areas: pd.DataFrame
    grid: Grid
    seed: int

    def classes(self, window: Window) -> npt.NDArray[np.uint8]:
        """Return the class of each cell of a window, (rows, columns)."""
        found: npt.NDArray[np.uint8] = np.array(CLASSES, dtype=np.uint8)[self._which(window)]
        return found

    def ndvi(self, window: Window) -> npt.NDArray[np.float32]:
        """Return the NDVI of each cell of a window, (rows, columns), to two digits."""
        rows, columns = _cells(window)
        within = self._place(rows + _SHIFT[0], columns + _SHIFT[1]) - 0.5
        mean = np.array(_NDVI_OF_CLASS)[self._which(window)]
        return np.round(mean + _NDVI_SPREAD * within, 2).astype(np.float32)

    def _which(self, window: Window) -> Ints:
        """Return the position in `CLASSES` of each cell of a window."""
        rows, columns = _cells(window)
        upper = np.cumsum(self._mixtures(rows, columns), axis=2)[..., :-1]
        return np.asarray((self._place(rows, columns)[..., np.newaxis] > upper).sum(axis=2))

    def _place(self, rows: Ints, columns: Ints) -> Floats:
        """Return where each cell lies in the pattern of patches, as a share of all of it."""
        return self._pattern[np.ix_(rows % _PATTERN_CELLS, columns % _PATTERN_CELLS)]

    def _mixtures(self, rows: Ints, columns: Ints) -> Floats:
        """Return the shares of the classes around each cell, (rows, columns, classes)."""
        (tall, row), (wide, column) = (
            np.unique(cells // _COARSE_CELLS, return_inverse=True) for cells in (rows, columns)
        )
        mixtures = shares(*(self.areas[name].to_numpy() for name in ("density", "deprivation")))
        found: Floats = mixtures[self._nearest(tall, wide)][np.ix_(row, column)]
        return found

    def _nearest(self, tall: Ints, wide: Ints) -> Ints:
        """Return the small area whose people live nearest to each coarse cell."""
        side_m = CELL_M * _COARSE_CELLS
        x_m = self.grid.x_min_m + (wide + 0.5) * side_m
        y_m = self.grid.y_max_m - (tall + 0.5) * side_m
        return np.asarray(self._seats.query(np.dstack(np.meshgrid(x_m, y_m)))[1])

    @cached_property
    def _pattern(self) -> Floats:
        """Smooth noise, as the share of all of it that is lower; its edges meet."""
        rng = generator(self.seed, "land cover")
        noise = rng.normal(0, 1, (_PATTERN_CELLS, _PATTERN_CELLS))
        smooth = gaussian_filter(noise, _PATCH_CELLS, mode="wrap")
        return np.asarray(ndtr(smooth / smooth.std()))

    @cached_property
    def _seats(self) -> cKDTree:
        return cKDTree(self.areas[["x", "y"]].to_numpy())
