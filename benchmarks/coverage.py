"""Exact fractions of grid cells: the kernel on one thread, on two, and exactextract.

All start from the same shapely polygons and end with the fraction of every covered cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import geopandas
import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from scipy.sparse import csr_array

from benchmarks.inputs import Sizes, irregular_zones
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.coverage import CellCoverage
from healthycities.spatial.covering import cover
from healthycities.spatial.grid import FloatArray, Grid


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    zones, grid = irregular_zones(sizes.zones, sizes), sizes.grid
    yield Race(
        f"coverage of {sizes.zones:,} zones of {sizes.zone_corners} corners",
        {
            "one thread": Contender(lambda: on_one_thread(zones, grid)),
            "two threads": Contender(lambda: on_two_threads(zones, grid), threads=2),
            "exactextract": Contender(lambda: by_exactextract(zones, grid)),
        },
        [
            Claim("coverage_1_thread", "one thread", "exactextract", 50.0),
            Claim("coverage_2_threads", "two threads", "exactextract", 90.0),
            Claim("two_cores_coverage", "two threads", "one thread", 1.8),
        ],
        difference=partial(largest_difference, n_cells=grid.size),
        tolerance=1e-6,
    )


def on_one_thread(zones: geopandas.GeoSeries, grid: Grid) -> CellCoverage:
    """Run block after block in one thread."""
    return cover(zones.to_numpy(), grid, workers=1)[0]


def on_two_threads(zones: geopandas.GeoSeries, grid: Grid) -> CellCoverage:
    """Run it on blocks of neighbours, as the workflow does."""
    return cover(zones.to_numpy(), grid, workers=2)[0]


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


def largest_difference(
    ours: CellCoverage, peer: CellCoverage | pd.DataFrame, n_cells: int
) -> float:
    """Compare every fraction; a cell that only one side has counts with its whole fraction."""
    theirs = peer if isinstance(peer, CellCoverage) else _as_coverage(peer)
    return float(abs(_as_matrix(ours, n_cells) - _as_matrix(theirs, n_cells)).max())


def _as_coverage(peer: pd.DataFrame) -> CellCoverage:
    indptr = np.concatenate([[0], np.cumsum(peer["cell_id"].map(len))]).astype(np.int64)
    cells = np.concatenate(peer["cell_id"].to_list()).astype(np.int64)
    return CellCoverage(indptr, cells, np.concatenate(peer["coverage"].to_list()).astype(float))


def _as_matrix(coverage: CellCoverage, n_cells: int) -> csr_array:
    entries = (coverage.fraction, coverage.cells, coverage.indptr)
    return csr_array(entries, shape=(len(coverage.indptr) - 1, n_cells))
