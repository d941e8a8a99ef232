"""Air quality over the schematic England: annual means on the 1 km grid of Defra's PCM model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from healthycities.sources.demo.draws import Floats, Ints, generator
from healthycities.sources.demo.england import KM_M, outline
from healthycities.sources.demo.places import BASE_YEAR

# The grid starts at the false origin of the British National Grid; 700 km each way hold England.
_SIDE = 700
_SEA_MARGIN_M = 5000.0
_SHORE_M = 2000.0
POLLUTANTS = ("pm25", "pm10", "no2")


def grid_code(x: Floats, y: Floats) -> Ints:
    """Code of the PCM cells with these centres (m)."""
    return (896_321 + (x - 500) / KM_M - 690 * (y - 500) / KM_M).astype(np.int64)


def cells() -> pd.DataFrame:
    """Cells of the published grid by code: gridcode, x, y (m, their centres) and land.

    ``land`` is false for the cells off the shore, which the publisher writes as MISSING.
    """
    centres = np.arange(_SIDE) * KM_M + KM_M / 2
    y, x = (axis.ravel() for axis in np.meshgrid(centres[::-1], centres, indexing="ij"))
    region = outline()
    near = shapely.contains_xy(region.buffer(_SEA_MARGIN_M), x, y)
    x, y = x[near], y[near]
    land = shapely.contains_xy(region.buffer(_SHORE_M), x, y)
    table = pd.DataFrame({"gridcode": grid_code(x, y), "x": x, "y": y, "land": land})
    return table.sort_values("gridcode", ignore_index=True)


def _raster_index(x: Floats, y: Floats) -> tuple[Ints, Ints]:
    return (y // KM_M).astype(np.int64), (x // KM_M).astype(np.int64)


def _people_raster(people: pd.DataFrame) -> Floats:
    """People per km2, (northing, easting), from points with columns x, y (m) and people."""
    raster = np.zeros((_SIDE, _SIDE))
    where = _raster_index(people["x"].to_numpy(), people["y"].to_numpy())
    np.add.at(raster, where, people["people"].to_numpy(dtype=float))
    return raster


def _urban(people: Floats) -> Floats:
    """Share of full urbanity, 0 to 1, from smoothed density near by and around."""
    near, around = (gaussian_filter(people, sigma, truncate=3) for sigma in (2.5, 9.0))
    return np.asarray(0.5 * near / (near + 3000) + 0.5 * around / (around + 2500))


def _south_east(x: Floats, y: Floats) -> Floats:
    """Position between the far north-west (0) and the far south-east (1)."""
    return np.clip(0.5 * (x / KM_M - 134) / 522 + 0.5 * (1 - y / KM_M / 653), 0, 1)


def _smooth_noise(rng: np.random.Generator) -> Floats:
    """Noise of variance 1, alike over some 6 km, with a little of each cell's own."""
    smooth = gaussian_filter(rng.normal(0, 1, (_SIDE, _SIDE)), 6.0, truncate=3, mode="wrap")
    return np.asarray(0.95 * smooth / smooth.std() + 0.3 * rng.normal(0, 1, (_SIDE, _SIDE)))


def _trend(yearly: float, year: int, rng: np.random.Generator) -> float:
    """Factor on the base year: a steady fall, and that year's weather."""
    return float(yearly ** (year - BASE_YEAR) * (1 + rng.normal(0, 0.004)))


def concentrations(
    grid: pd.DataFrame, people: pd.DataFrame, year: int, *, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Annual mean concentrations (µg/m³) of each pollutant, NaN off the shore.

    Parameters
    ----------
    grid : of `cells`.
    people : points with columns x, y (m) and people, all over England.
    year : whose weather and trend apply.
    seed : seed of the demonstration.
    """
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    where = _raster_index(x, y)
    urban, east = _urban(_people_raster(people))[where], _south_east(x, y)
    rngs = {name: generator(seed, "air", name, year) for name in POLLUTANTS}
    noise = {name: _smooth_noise(rng)[where] for name, rng in rngs.items()}
    base = {
        "pm25": 6.0 + 1.9 * east + 4.6 * urban + 0.18 * noise["pm25"],
        "pm10": 9.4 + 3.2 * east + 7.2 * urban + 0.3 * noise["pm10"],
        "no2": 4.4 + 1.5 * east + 40 * urban**1.3 + 0.25 * noise["no2"],
    }
    yearly = {"pm25": 0.985, "pm10": 0.988, "no2": 0.955}
    land = grid["land"].to_numpy()
    return {
        name: np.where(land, values * _trend(yearly[name], year, rngs[name]), np.nan)
        for name, values in base.items()
    }


def at(grid: pd.DataFrame, values: Floats, x: Floats, y: Floats) -> Floats:
    """Values of the cells that points (m) lie in."""
    centre_x, centre_y = (np.floor(axis / KM_M) * KM_M + KM_M / 2 for axis in (x, y))
    return values[np.searchsorted(grid["gridcode"].to_numpy(), grid_code(centre_x, centre_y))]
