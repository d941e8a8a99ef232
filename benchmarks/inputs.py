"""Inputs of the benchmarks, the same in every run: all that is random comes from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import geopandas
import numpy as np
import shapely

from healthycities.spatial.grid import FloatArray, Grid, ObjectArray

SEED = 20_240
CRS = "EPSG:27700"


BRITAIN = Grid(0.0, 700_000.0, 1000.0, 700, 1300)


@dataclass(frozen=True)
class Sizes:
    """How much of everything there is."""

    zones: int = 35_000
    zone_corners: int = 97
    grid: Grid = BRITAIN
    zone_radius_m: float = 2800.0
    layers: tuple[int, ...] = (1, 10, 40)
    zones_per_side: int = 187
    sites: int = 150_000
    points: int = 180_000
    targets: int = 350_000
    road_nodes_per_side: int = 1871
    road_places: int = 100_000
    raster_side: int = 20_000
    raster_zones: int = 4000
    burden_areas: int = 300
    draws: int = 10_000


FULL = Sizes()
QUICK = Sizes(
    zones=300,
    grid=Grid(0.0, 70_000.0, 1000.0, 70, 130),
    layers=(1, 2, 4),
    zones_per_side=10,
    sites=800,
    points=2000,
    targets=3000,
    road_nodes_per_side=40,
    road_places=30,
    raster_side=1200,
    raster_zones=20,
    burden_areas=10,
    draws=1000,
)


def stars(
    centres: FloatArray,
    radius_m: FloatArray,
    corners: int,
    draw: np.random.Generator,
    spread: float,
) -> ObjectArray:
    """Return star-shaped polygons about centres, their corners at uneven radii."""
    angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    uneven = draw.uniform(1 - spread, 1 + spread, (len(centres), corners))
    spokes = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    around_m = (radius_m[:, np.newaxis] * uneven)[..., np.newaxis] * spokes
    found: ObjectArray = shapely.polygons(centres[:, np.newaxis] + around_m)
    return found


@cache
def irregular_zones(n: int, sizes: Sizes) -> geopandas.GeoSeries:
    """Scatter zones over the grid, which overlap one another and leave its edges."""
    draw = np.random.default_rng(SEED)
    grid = sizes.grid
    extent_m = (grid.n_columns * grid.cell_size_m, grid.n_rows * grid.cell_size_m)
    centres = draw.uniform((0.0, 0.0), extent_m, (n, 2))
    shapes = stars(centres, np.full(n, sizes.zone_radius_m), sizes.zone_corners, draw, 0.35)
    return geopandas.GeoSeries(shapes, index=[f"Z{i:06d}" for i in range(n)], crs=CRS)


@cache
def layers(n: int, grid: Grid) -> FloatArray:
    """Return n layers as n x rows x columns; a fifth of the cells, as the sea, lack a value."""
    draw = np.random.default_rng(SEED)
    values = draw.uniform(2.0, 20.0, (n, *grid.shape))
    values[:, draw.random(grid.shape) < 0.2] = np.nan
    return values


@cache
def people(grid: Grid) -> FloatArray:
    """Return the people of each cell, rows x columns; in many of them there are none."""
    return np.floor(np.random.default_rng(SEED).exponential(60.0, grid.shape))


@cache
def partition(per_side: int, side_m: float = 1930.0, steps: int = 24) -> ObjectArray:
    """Return per_side x per_side zones that fill a square, with winding borders of 24 steps each.

    England has about 35,000 small areas, of 1.93 km a side on average.
    """
    draw = np.random.default_rng(SEED)
    n = per_side + 1
    nodes = np.stack(np.meshgrid(np.arange(n), np.arange(n)), axis=-1).astype(np.float64) * side_m
    nodes[1:-1, 1:-1] += draw.uniform(-0.2, 0.2, (n - 2, n - 2, 2)) * side_m
    across = _borders(nodes[:, :-1], nodes[:, 1:], steps, draw)
    upwards = _borders(nodes[:-1], nodes[1:], steps, draw)
    rings = [
        across[:-1, :, :-1],
        upwards[:, 1:, :-1],
        across[1:, :, :0:-1],
        upwards[:, :-1, :0:-1],
    ]
    corners = np.concatenate(rings, axis=2).reshape(per_side**2, -1, 2)
    found: ObjectArray = shapely.polygons(corners)
    return found


def _borders(
    start: FloatArray, end: FloatArray, steps: int, draw: np.random.Generator
) -> FloatArray:
    """Return winding lines between nodes, which stay near the straight line at its ends."""
    share = np.linspace(0.0, 1.0, steps + 1)
    along = (end - start)[..., np.newaxis, :]
    aside = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    swing = draw.uniform(-0.08, 0.08, (*start.shape[:-1], steps + 1)) * np.sin(np.pi * share)
    straight = start[..., np.newaxis, :] + along * share[:, np.newaxis]
    found: FloatArray = straight + aside * swing[..., np.newaxis]
    return found


@cache
def sites(n: int, extent_m: float) -> ObjectArray:
    """Return n greenspace sites of 24 corners, half of them above 1.5 ha, some over others."""
    draw = np.random.default_rng(SEED + 1)
    centres = draw.uniform(0.0, extent_m, (n, 2))
    radius_m = np.clip(draw.lognormal(np.log(70.0), 0.7, n), 10.0, 1000.0)
    return stars(centres, radius_m, 24, draw, 0.4)


@cache
def places(n: int, number: int) -> FloatArray:
    """Return n places of one kind, gathered about towns, as eastings and northings in metres."""
    draw = np.random.default_rng(SEED)
    towns = draw.uniform(0.0, 600_000.0, (2000, 2))
    draw = np.random.default_rng((SEED, number))
    found: FloatArray = towns[draw.integers(0, len(towns), n)] + draw.normal(0.0, 5000.0, (n, 2))
    return found
