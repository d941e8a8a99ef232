"""Exact cell coverage of many irregular zones: the kernel, the kernel through dask, exactextract.

All three start from the same shapely polygons and end with the fraction of every covered cell.
They take turns within one run, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rich.table import Table

from healthycities.spatial.coverage import cell_coverage
from healthycities.spatial.grid import Grid
from healthycities.spatial.weights import Weights

GRID = Grid(x_min_m=0.0, y_max_m=700_000.0, cell_size_m=1000.0, n_rows=700, n_columns=1300)
VERTICES = 97
MEAN_RADIUS_CELLS = 2.8
RUNS_A_TURN = 5
"""A run takes a fraction of a second, and the first of a turn finds memory and caches cold."""


def irregular_zones(n: int) -> geopandas.GeoSeries:
    """Scatter star-shaped zones of 97 corners over the grid, the same ones in every run."""
    draw = np.random.default_rng(20_240)
    width_m, height_m = (cells * GRID.cell_size_m for cells in reversed(GRID.shape))
    centre = draw.uniform((0.0, 0.0), (width_m, height_m), (n, 2))
    angle = np.linspace(0.0, 2.0 * np.pi, VERTICES, endpoint=False)
    radius_m = MEAN_RADIUS_CELLS * GRID.cell_size_m * draw.uniform(0.65, 1.35, (n, VERTICES))
    spokes = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    corners = centre[:, np.newaxis] + radius_m[..., np.newaxis] * spokes
    codes = [f"Z{number:06d}" for number in range(n)]
    return geopandas.GeoSeries(shapely.polygons(corners), index=codes, crs=GRID.crs)


def by_kernel(zones: geopandas.GeoSeries) -> npt.NDArray[np.float64]:
    """One thread, without dask."""
    return cell_coverage(zones.to_numpy(), GRID).fraction


def by_weights(zones: geopandas.GeoSeries) -> npt.NDArray[np.float64]:
    """Two threads of dask, the zones in Hilbert order, and weights with ids at the end."""
    fraction: npt.NDArray[np.float64] = Weights.from_grid(zones, GRID, workers=2).matrix.data
    return fraction


def by_exactextract(zones: geopandas.GeoSeries) -> pd.DataFrame:
    """Run the peer as its users do, asking for the cells and their fractions."""
    raster = NumPyRasterSource(
        np.zeros(GRID.shape),
        xmin=0.0,
        ymin=0.0,
        xmax=GRID.n_columns * GRID.cell_size_m,
        ymax=GRID.y_max_m,
        srs_wkt=zones.crs.to_wkt(),
    )
    features = geopandas.GeoDataFrame(geometry=zones)
    return exact_extract(raster, features, ["cell_id", "coverage"], output="pandas")


def largest_difference(zones: geopandas.GeoSeries, peer: pd.DataFrame) -> float:
    """Compare every fraction; a cell that only one side has counts with its whole fraction."""
    ours = Weights.from_grid(zones, GRID).matrix
    row = np.repeat(np.arange(len(peer)), peer["cell_id"].map(len))
    cell = np.concatenate(peer["cell_id"].to_list()).astype(np.int64)
    fraction = np.concatenate(peer["coverage"].to_list()).astype(np.float64)
    theirs = type(ours)((fraction, (row, cell)), shape=ours.shape)
    return float(abs(ours - theirs).max())


def _timed(function: Callable[[Any], Any], zones: geopandas.GeoSeries) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function(zones)
    return time.perf_counter() - start, result


def table(n_zones: int, turns: int) -> Table:
    """Time the three in turn and lay out the medians.

    Parameters
    ----------
    n_zones : number of zones, the same for all three.
    turns : how often each takes its turn.
    """
    contenders: dict[str, tuple[Callable[[Any], Any], int]] = {
        "kernel, one thread": (by_kernel, RUNS_A_TURN),
        "dask, two threads": (by_weights, RUNS_A_TURN),
        "exactextract": (by_exactextract, 1),
    }
    zones = irregular_zones(n_zones)
    for function, _ in contenders.values():
        function(zones.iloc[:10])
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, (function, runs) in contenders.items():
            for _ in range(runs):
                taken_s, result = _timed(function, zones)
                seconds[name].append(taken_s)
    return _laid_out(zones, seconds, largest_difference(zones, result))


def _laid_out(
    zones: geopandas.GeoSeries, seconds: dict[str, list[float]], difference: float
) -> Table:
    grid = f"{GRID.n_columns:,} x {GRID.n_rows:,} cells"
    result = Table(
        title=f"{len(zones):,} zones of {VERTICES} corners over {grid}",
        caption=f"largest difference of a fraction: {difference:.1e} (exactextract keeps float32)",
    )
    for heading in ("", "runs", "median s", "zones a second", "times peer"):
        result.add_column(heading, justify="left" if not heading else "right")
    peer_s = median(seconds["exactextract"])
    for name, taken in seconds.items():
        taken_s = median(taken)
        rate, ratio = f"{len(zones) / taken_s:,.0f}", f"{peer_s / taken_s:.1f}"
        result.add_row(name, str(len(taken)), f"{taken_s:.3f}", rate, ratio)
    return result
