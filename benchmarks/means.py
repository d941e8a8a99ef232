"""Means of layers over zones: weights built or stored, against peers that start from the polygons.

Layers lie in memory as each side wants them: cells x layers for weights, and one array of rows x
columns for each layer for the peers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import geopandas
import numpy as np
import pandas as pd
from exactextract import exact_extract
from rasterio import Affine

from benchmarks.coverage import raster
from benchmarks.inputs import Sizes, irregular_zones, layers, people
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.grid import FloatArray, Grid
from healthycities.spatial.grid_values import cell_values
from healthycities.spatial.weights import Weights

_GOALS = (40.0, 200.0, 500.0)
_TOLERANCE_OF = {"rasterstats": np.inf}
"""rasterstats counts a cell wholly or not at all, so that its means are others."""


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield a race for each number of layers, and one of means by people."""
    for n, goal in zip(sizes.layers[:-1], _GOALS[:-1], strict=True):
        yield _built(n, goal, sizes)
    yield _built_and_stored(sizes.layers[-1], sizes)
    yield _by_people(sizes.layers[-1], sizes)


def _built(n: int, goal: float, sizes: Sizes) -> Race:
    zones, grid = irregular_zones(sizes.zones, sizes), sizes.grid
    stack, cells = layers(n, grid), _cells(layers(n, grid), grid)
    contenders = {
        "weights": Contender(lambda: _mean(zones, grid, cells), threads=2),
        "exactextract": Contender(lambda: by_exactextract(stack, grid, zones)),
    }
    others = _optional_peers(stack[0], grid, zones) if n == 1 else {}
    name = f"mean_{n}_layer{'s' if n > 1 else ''}"
    claims = [
        Claim(name, "weights", "exactextract", goal),
        *(Claim(name, "weights", other, goal, _TOLERANCE_OF.get(other)) for other in others),
    ]
    title = f"mean of {n} layers over {sizes.zones:,} zones"
    return Race(title, contenders | others, claims, largest_difference, 1e-4)


def _built_and_stored(n: int, sizes: Sizes) -> Race:
    zones, grid = irregular_zones(sizes.zones, sizes), sizes.grid
    stack, cells = layers(n, grid), _cells(layers(n, grid), grid)
    weights = Weights.from_grid(zones, grid, workers=2)
    return Race(
        f"mean of {n} layers over {sizes.zones:,} zones",
        {
            "weights": Contender(lambda: _mean(zones, grid, cells), threads=2),
            "stored, one thread": Contender(lambda: weights.aggregate(cells).value),
            "stored": Contender(lambda: weights.aggregate(cells, workers=2).value, threads=2),
            "exactextract": Contender(lambda: by_exactextract(stack, grid, zones)),
        },
        [
            Claim(f"mean_{n}_layers", "weights", "exactextract", _GOALS[-1]),
            Claim(f"mean_{n}_layers_stored", "stored", "exactextract", 2000.0),
            Claim(f"two_cores_mean_{n}_layers_stored", "stored", "stored, one thread", 1.8),
        ],
        largest_difference,
        1e-4,
    )


def _by_people(n: int, sizes: Sizes) -> Race:
    zones, grid = irregular_zones(sizes.zones, sizes), sizes.grid
    stack, cells = layers(n, grid), _cells(layers(n, grid), grid)
    by, weights = people(grid).ravel(), Weights.from_grid(zones, grid, workers=2)
    return Race(
        f"mean by people of {n} layers over {sizes.zones:,} zones",
        {
            "stored": Contender(
                lambda: weights.aggregate(cells, by=by, workers=2).value, threads=2
            ),
            "exactextract": Contender(lambda: by_exactextract(stack, grid, zones, people(grid))),
        },
        [Claim(f"weighted_mean_{n}_layers", "stored", "exactextract", 1000.0)],
        largest_difference,
        1e-4,
    )


def _cells(stack: FloatArray, grid: Grid) -> FloatArray:
    found: FloatArray = cell_values(stack, grid, ("layer", "y", "x"))
    return found


def _mean(zones: geopandas.GeoSeries, grid: Grid, cells: FloatArray) -> FloatArray:
    value: FloatArray = Weights.from_grid(zones, grid, workers=2).aggregate(cells, workers=2).value
    return value


def by_exactextract(
    stack: FloatArray, grid: Grid, zones: geopandas.GeoSeries, weights: FloatArray | None = None
) -> FloatArray:
    """Run the peer as its users do: a raster for each layer, one operation, a table back."""
    sources = [raster(layer, grid, zones, f"layer_{i:02d}") for i, layer in enumerate(stack)]
    features = geopandas.GeoDataFrame(geometry=zones)
    if weights is None:
        found: pd.DataFrame = exact_extract(sources, features, ["mean"], output="pandas")
    else:
        by = raster(weights, grid, zones, "people")
        found = exact_extract(sources, features, ["weighted_mean"], weights=by, output="pandas")
    means: FloatArray = found.to_numpy(dtype=np.float64)
    return means


def by_rasterstats(layer: FloatArray, grid: Grid, zones: geopandas.GeoSeries) -> FloatArray:
    """Run a peer that takes whole cells, those whose centre lies in the zone."""
    from rasterstats import zonal_stats

    affine = Affine(*grid.transform)
    found = zonal_stats(zones, layer, affine=affine, stats=["mean"], nodata=np.nan)
    return np.array([[one["mean"]] for one in found], dtype=np.float64)


def by_xvec(layer: FloatArray, grid: Grid, zones: geopandas.GeoSeries) -> FloatArray:
    """Run a peer that works on xarray, by the method of its that is exact."""
    import rioxarray  # noqa: F401
    import xarray
    import xvec  # noqa: F401

    x_m, y_m = (centre.reshape(grid.shape) for centre in grid.centres())
    array = xarray.DataArray(layer, coords={"y": y_m[:, 0], "x": x_m[0]}, dims=("y", "x"))
    placed = array.rio.write_crs(zones.crs)
    found = placed.xvec.zonal_stats(zones, "x", "y", stats="mean", method="exactextract")
    return np.asarray(found.values, dtype=np.float64).reshape(-1, 1)


def _optional_peers(
    layer: FloatArray, grid: Grid, zones: geopandas.GeoSeries
) -> dict[str, Contender]:
    """Return the peers that the project does not depend on, where they are installed."""
    peers = {}
    if _installed("rasterstats"):
        peers["rasterstats"] = Contender(lambda: by_rasterstats(layer, grid, zones))
    if _installed("xvec") and _installed("rioxarray"):
        peers["xvec"] = Contender(lambda: by_xvec(layer, grid, zones))
    return peers


def _installed(library: str) -> bool:
    return importlib.util.find_spec(library) is not None


def largest_difference(ours: FloatArray, peer: FloatArray) -> float:
    """Return the largest difference of a mean, in the unit of the values; endless for a gap."""
    both = np.isnan(ours) == np.isnan(peer)
    apart = np.where(both, np.nan_to_num(np.abs(ours - peer)), np.inf)
    return float(apart.max())
