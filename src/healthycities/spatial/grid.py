"""A regular grid of square cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from healthycities.errors import GeometryError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]

BRITISH_NATIONAL_GRID = "EPSG:27700"

OFF_GRID = -1


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square cells, numbered along its rows from the north-west corner.

    The number of a cell is ``row * n_columns + column``. A cell holds its west and north edge, not
    its east and south edge. Values of a grid run the same way: rows from the north, each from the
    west; :func:`healthycities.spatial.grid_values.cell_values` brings others to this order.

    Parameters
    ----------
    x_min_m, y_max_m : the north-west corner of the grid, in metres.
    cell_size_m : side of a cell, in metres.
    n_rows, n_columns : size of the grid, in cells.
    crs : projected coordinate reference system, in metres.

    Raises
    ------
    GeometryError : a corner is not finite, or a size is not above 0.
    """

    x_min_m: float
    y_max_m: float
    cell_size_m: float
    n_rows: int
    n_columns: int
    crs: str = BRITISH_NATIONAL_GRID

    def __post_init__(self) -> None:
        numbers = (self.x_min_m, self.y_max_m, self.cell_size_m)
        sizes = (self.cell_size_m, self.n_rows, self.n_columns)
        if not all(map(math.isfinite, numbers)) or min(sizes) <= 0:
            raise GeometryError(
                f"expected finite corners and sizes above 0, found {self}",
                place="grid",
                mend="Correct the corner, the cell size or the numbers of rows and columns.",
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.n_rows, self.n_columns

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.n_rows * self.n_columns

    @property
    def cell_area_m2(self) -> float:
        """Area of one cell, in square metres."""
        return self.cell_size_m**2

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Coefficients a to f that take (column, row) to (x, y), as rasterio orders them."""
        return (self.cell_size_m, 0.0, self.x_min_m, 0.0, -self.cell_size_m, self.y_max_m)

    def columns_rows(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Turn metres into cells right of the west edge and down from the north edge."""
        columns = (np.asarray(x_m, dtype=np.float64) - self.x_min_m) / self.cell_size_m
        rows = (self.y_max_m - np.asarray(y_m, dtype=np.float64)) / self.cell_size_m
        return columns, rows

    def cell_of(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> IntArray:
        """Find the cells that points lie in.

        Parameters
        ----------
        x_m, y_m : easting and northing of n points, in metres.

        Returns
        -------
        n int64 cell numbers, -1 where a point is off the grid or a coordinate is missing.
        """
        columns, rows = self.columns_rows(x_m, y_m)
        on_grid = (columns >= 0) & (columns < self.n_columns) & (rows >= 0) & (rows < self.n_rows)
        column, row = (np.where(on_grid, part, 0).astype(np.int64) for part in (columns, rows))
        return np.where(on_grid, row * self.n_columns + column, OFF_GRID)

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Easting and northing of the centres of all cells, in metres, by cell number."""
        row, column = np.divmod(np.arange(self.size), self.n_columns)
        x_m = self.x_min_m + (column + 0.5) * self.cell_size_m
        y_m = self.y_max_m - (row + 0.5) * self.cell_size_m
        return x_m, y_m
