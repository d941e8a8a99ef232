"""Exact fractions of grid cells: the kernel on one thread, on two, and exactextract.

All start from the same shapely polygons and end with the fraction of every covered cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from scipy.sparse import csr_array

from benchmarks.inputs import Sizes, irregular_zones
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.grid import FloatArray, Grid
from healthycities.spatial.weights import Weights


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    zones, grid = irregular_zones(sizes.zones, sizes), sizes.grid
    yield Race(
        f"coverage of {sizes.zones:,} zones of {sizes.zone_corners} corners",
        {
            "one thread": Contender(lambda: weights(zones, grid, 1)),
            "two threads": Contender(lambda: weights(zones, grid, 2), threads=2),
            "exactextract": Contender(lambda: by_exactextract(zones, grid)),
        },
        [
            Claim("coverage_1_thread", "one thread", "exactextract", 50.0),
            Claim("coverage_2_threads", "two threads", "exactextract", 90.0),
            Claim("two_cores_coverage", "two threads", "one thread", 1.8),
        ],
        difference=largest_difference,
        tolerance=1e-6,
    )


def weights(zones: geopandas.GeoSeries, grid: Grid, threads: int) -> csr_array:
    """Build the weights as the workflow does."""
    return Weights.from_grid(zones, grid, workers=threads).matrix


def by_exactextract(zones: geopandas.GeoSeries, grid: Grid) -> pd.DataFrame:
    """Run the peer as its users do, asking for the cells and their fractions."""
    source = raster(np.zeros(grid.shape), grid, zones)
    features = geopandas.GeoDataFrame(geometry=zones)
    return exact_extract(source, features, ["cell_id", "coverage"], output="pandas")


def raster(
    values: FloatArray, grid: Grid, zones: geopandas.GeoSeries, name: str = "values"
) -> NumPyRasterSource:
    """Give exactextract an array of rows x columns as it lies in memory."""
    return NumPyRasterSource(
        values,
        name=name,
        xmin=grid.x_min_m,
        ymin=grid.y_max_m - grid.n_rows * grid.cell_size_m,
        xmax=grid.x_min_m + grid.n_columns * grid.cell_size_m,
        ymax=grid.y_max_m,
        srs_wkt=zones.crs.to_wkt(),
    )


def largest_difference(ours: csr_array, peer: Any) -> float:
    """Compare every fraction; a cell that only one side has counts with its whole fraction."""
    theirs = _as_matrix(peer, ours.shape) if isinstance(peer, pd.DataFrame) else peer
    return float(abs(ours - theirs).max())


def _as_matrix(peer: pd.DataFrame, shape: tuple[int, int]) -> csr_array:
    row = np.repeat(np.arange(len(peer)), peer["cell_id"].map(len))
    cell = np.concatenate(peer["cell_id"].to_list()).astype(np.int64)
    fraction = np.concatenate(peer["coverage"].to_list()).astype(np.float64)
    return csr_array((fraction, (row, cell)), shape=shape)
