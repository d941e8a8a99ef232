"""Greenspace of the schematic England: sites and their access points, as in OS Open Greenspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from healthycities.sources.demo.draws import Floats, Ints, generator, identifiers
from healthycities.sources.demo.england import KM_M, as_multi, outline
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID
from healthycities.synthetic import SYNTHETIC

# Great Britain has 165,978 sites; the 56.5 million people of England have about this many each.
SITES_PER_PERSON = 0.0021
HECTARE_M2 = 10_000.0
_SMALLEST_HA, _LARGEST_HA = 0.05, 100.0
_FARTHEST_M = 3000.0
_INSIDE_PARK_SHARE = 0.4
_WITHOUT_ACCESS_SHARE = 0.08
_MOST_ACCESS_POINTS = 6


@dataclass(frozen=True)
class _Function:
    """Share of all sites, median size (ha) and spread of the logarithm of the size."""

    share: float
    median_ha: float
    spread: float


_FUNCTIONS = {
    "Allotments Or Community Growing Spaces": _Function(0.06, 0.9, 0.8),
    "Bowling Green": _Function(0.03, 0.25, 0.3),
    "Cemetery": _Function(0.05, 1.6, 0.9),
    "Golf Course": _Function(0.02, 45.0, 0.4),
    "Other Sports Facility": _Function(0.14, 1.2, 0.9),
    "Play Space": _Function(0.21, 0.12, 0.5),
    "Playing Field": _Function(0.19, 2.2, 0.8),
    "Public Park Or Garden": _Function(0.15, 2.4, 1.3),
    "Religious Grounds": _Function(0.12, 0.4, 0.6),
    "Tennis Court": _Function(0.03, 0.2, 0.4),
}
_PARK = "Public Park Or Garden"
_ACCESS = {"Pedestrian": 0.72, "Motor Vehicle And Pedestrian": 0.2, "Motor Vehicle": 0.08}


def _owners(areas: pd.DataFrame, rng: np.random.Generator) -> Ints:
    """Small area of each site, by its people: fewer sites where deprivation is high."""
    of_people = SITES_PER_PERSON * areas["people"]
    expected = of_people * np.exp(-0.2 * np.clip(areas["deprivation"], -2, 3))
    return np.repeat(np.arange(len(areas)), rng.poisson(expected.to_numpy()))


def _functions(count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    shares = np.array([function.share for function in _FUNCTIONS.values()])
    names = np.array(list(_FUNCTIONS), dtype=object)
    return np.asarray(names[rng.choice(len(names), count, p=shares)])


def _sizes_ha(function: pd.Series, deprivation: Floats, rng: np.random.Generator) -> Floats:
    """Log-normal sizes, smaller where deprivation is high."""
    median = function.map({name: f.median_ha for name, f in _FUNCTIONS.items()}).to_numpy()
    spread = function.map({name: f.spread for name, f in _FUNCTIONS.items()}).to_numpy()
    drawn = median * np.exp(spread * rng.normal(size=len(function)) - 0.15 * deprivation)
    return np.asarray(np.clip(drawn, _SMALLEST_HA, _LARGEST_HA))


def _around(areas: pd.DataFrame, owner: Ints, rng: np.random.Generator) -> Floats:
    """Places (n, 2) around where the people of each site's small area live, never in the sea."""
    seats = areas[["x", "y"]].to_numpy()[owner]
    reach = np.minimum(np.sqrt(areas["area_km2"].to_numpy()[owner] / np.pi) * KM_M, _FARTHEST_M)
    angle = rng.uniform(0, 2 * np.pi, len(owner))
    radius = 0.9 * reach * rng.uniform(0, 1, len(owner)) ** 0.7
    places = seats + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    on_land = shapely.contains_xy(outline(), places)
    return np.asarray(np.where(on_land[:, None], places, seats))


def _into_parks(sites: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Move some of the play spaces into the nearest park, as small parts of it."""
    parks = sites[sites["function"] == _PARK]
    inside = (sites["function"] == "Play Space") & (
        rng.uniform(size=len(sites)) < _INSIDE_PARK_SHARE
    )
    if parks.empty or not inside.any():
        return sites
    nearest = cKDTree(parks[["x", "y"]]).query(sites.loc[inside, ["x", "y"]])[1]
    host = parks.iloc[nearest]
    offset = 0.2 * np.sqrt(host["area_ha"].to_numpy() * HECTARE_M2 / np.pi)
    moved = sites.copy()
    moved.loc[inside, "x"] = host["x"].to_numpy() + offset
    moved.loc[inside, "y"] = host["y"].to_numpy()
    part = np.maximum(0.04 * host["area_ha"].to_numpy(), _SMALLEST_HA)
    moved.loc[inside, "area_ha"] = np.minimum(sites.loc[inside, "area_ha"], part)
    return moved


def _blobs(sites: pd.DataFrame, rng: np.random.Generator) -> Any:
    """Irregular polygons of 8 to 14 corners with the sites' places and areas."""
    corners = rng.integers(8, 15, len(sites))
    site = np.repeat(np.arange(len(sites)), corners)
    number = np.arange(len(site)) - np.repeat(np.cumsum(corners) - corners, corners)
    turn = (number + rng.uniform(-0.3, 0.3, len(site))) / corners[site] * 2 * np.pi
    angle = turn + rng.uniform(0, 2 * np.pi, len(sites))[site]
    radius = rng.uniform(0.7, 1.3, len(site))
    unit = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    area = shapely.area(shapely.polygons(shapely.linearrings(unit, indices=site)))
    grow = np.sqrt(sites["area_ha"].to_numpy() * HECTARE_M2 / area)
    corners_m = sites[["x", "y"]].to_numpy()[site] + unit * grow[site, None]
    return shapely.polygons(shapely.linearrings(np.round(corners_m, 2), indices=site))


def _site_names(function: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Name most of the sites; some have no name, as in the published file."""
    numbers = pd.Series(np.arange(1, len(function) + 1)).astype(str)
    named = f"{SYNTHETIC} " + function.astype("str") + " " + numbers
    return named.where(rng.uniform(size=len(function)) < 0.7)


def sites(areas: pd.DataFrame, *, seed: int) -> gpd.GeoDataFrame:
    """Layer ``greenspace_site``: id, function, distinctive_name_1 to _4 and a MultiPolygon.

    Parameters
    ----------
    areas : of `places.small_areas`; its geometry is not used.
    seed : seed of the demonstration.
    """
    rng = generator(seed, "greenspace")
    owner = _owners(areas, rng)
    function = pd.Series(_functions(len(owner), rng))
    place = _around(areas, owner, rng)
    deprivation = areas["deprivation"].to_numpy()[owner]
    drawn = pd.DataFrame(
        {
            "function": function,
            "x": place[:, 0],
            "y": place[:, 1],
            "area_ha": _sizes_ha(function, deprivation, rng),
        }
    )
    shapes = _blobs(_into_parks(drawn, rng), rng)
    nothing = pd.Series([None] * len(owner), dtype="str")
    columns = {
        "id": identifiers(len(owner), rng),
        "function": function.astype("str"),
        "distinctive_name_1": _site_names(function, rng),
        **{f"distinctive_name_{n}": nothing for n in (2, 3, 4)},
    }
    return gpd.GeoDataFrame(columns, geometry=as_multi(shapes), crs=BRITISH_NATIONAL_GRID)


def _access_counts(area_m2: Floats, rng: np.random.Generator) -> Ints:
    """1 to 6 access points by size; some sites without any."""
    by_size = 1 + np.log2(1 + 2 * area_m2 / HECTARE_M2).astype(np.int64)
    without = rng.uniform(size=len(area_m2)) < _WITHOUT_ACCESS_SHARE
    return np.where(without, 0, np.minimum(by_size, _MOST_ACCESS_POINTS))


def access_points(of: gpd.GeoDataFrame, *, seed: int) -> gpd.GeoDataFrame:
    """Layer ``access_point``: id, access_type, ref_to_greenspace_site; a Point on the boundary."""
    rng = generator(seed, "access")
    shapes = of.geometry.to_numpy()
    counts = _access_counts(shapely.area(shapes), rng)
    site = np.repeat(np.arange(len(of)), counts)
    number = np.arange(len(site)) - np.repeat(np.cumsum(counts) - counts, counts)
    part = (number + rng.uniform(0.1, 0.9, len(site))) / counts[site]
    rings = shapely.get_exterior_ring(shapely.get_geometry(shapes, 0))
    points = shapely.line_interpolate_point(rings[site], part, normalized=True)
    kinds = rng.choice(len(_ACCESS), len(site), p=list(_ACCESS.values()))
    columns = {
        "id": identifiers(len(site), rng),
        "access_type": pd.Series(np.array(list(_ACCESS))[kinds], dtype="str"),
        "ref_to_greenspace_site": of["id"].to_numpy()[site],
    }
    return gpd.GeoDataFrame(columns, geometry=points, crs=BRITISH_NATIONAL_GRID)
