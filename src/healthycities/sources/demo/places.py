"""Small areas of the schematic England: where they lie, who lives there, how deprived they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from healthycities.errors import ConfigError
from healthycities.sources.demo.draws import (
    Floats,
    Ints,
    generator,
    whole_shares_within,
)
from healthycities.sources.demo.england import faces_between, gathered
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

BASE_YEAR = 2020
PEOPLE_PER_SMALL_AREA = 1675
WARD_SMALL_AREAS = 4
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
# People per km2 of a town; a district with more is town throughout.
_TOWN_DENSITY = 3000.0
_TOWN_PEOPLE_SHARE = 0.7
_FAR_M = 2_000_000.0
# Ends of clipped lines meet the boundary on this grid, and not merely nearly.
_SNAP_M = 0.001


def chosen_districts(districts: gpd.GeoDataFrame, codes: Sequence[str] | None) -> gpd.GeoDataFrame:
    """Return the districts that carry small areas, by code.

    Raises
    ------
    ConfigError
        Where a code is not one of England's districts of May 2025, or none is given.
    """
    if codes is None:
        return districts
    unknown = sorted(set(codes) - set(districts["code"]))
    if unknown or not codes:
        raise ConfigError(
            f"districts: expected codes of English districts of May 2025, found {unknown}",
            mend="Correct the codes, or leave them out to have all of England.",
        )
    return districts[districts["code"].isin(codes)].reset_index(drop=True)


def small_area_counts(people: Ints, scale: float) -> Ints:
    """Return the number of small areas of each district: 2 or more."""
    return np.maximum(2, np.rint(people / PEOPLE_PER_SMALL_AREA * scale)).astype(np.int64)


def _reach(origin: Floats, angle: Floats, cell: Any) -> Floats:
    """Distance (m) from the origin to the first edge of the cell in each direction."""
    ends = origin + _FAR_M * np.column_stack([np.cos(angle), np.sin(angle)])
    rays = shapely.linestrings(np.stack([np.broadcast_to(origin, ends.shape), ends], axis=1))
    crossings = shapely.intersection(rays, shapely.boundary(cell))
    return np.asarray(shapely.distance(crossings, shapely.points(origin)))


def _town_area_share(density: float) -> float:
    """Share of a district's area that is town, where its density (people per km2) is known."""
    return float(np.clip(density / _TOWN_DENSITY, 0.002, 1)) * _TOWN_PEOPLE_SHARE


def _spread(part: Floats, town_area_share: float) -> Floats:
    """Distance from the centre, as a share of the reach, within which a part of people live.

    Even density within the town at the centre, and a lower even density outside.
    """
    inside = part / _TOWN_PEOPLE_SHARE * town_area_share
    outside = (part - _TOWN_PEOPLE_SHARE) / (1 - _TOWN_PEOPLE_SHARE)
    beyond = town_area_share + (1 - town_area_share) * outside
    return np.sqrt(np.where(part < _TOWN_PEOPLE_SHARE, inside, beyond))


def _seats(
    origin: Floats, cell: Any, count: int, density: float, rng: np.random.Generator
) -> Floats:
    """Points (count, 2) on a jittered sunflower within a cell: a town, and the country around."""
    number = np.arange(count)
    angle = rng.uniform(0, 2 * np.pi) + number * _GOLDEN_ANGLE + rng.normal(0, 0.25, count)
    part = (number + rng.uniform(0.25, 0.75, count)) / count
    radius = _reach(origin, angle, cell) * 0.97 * _spread(part, _town_area_share(density))
    return np.asarray(origin + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))


def _all_seats(chosen: gpd.GeoDataFrame, counts: Ints, seed: int) -> Floats:
    density = chosen["people"] / chosen["area_km2"]
    origins = chosen[["x", "y"]].to_numpy()
    return np.vstack(
        [
            _seats(origin, cell, count, people_km2, generator(seed, "seats", code))
            for origin, cell, count, people_km2, code in zip(
                origins, chosen.geometry, counts, density, chosen["code"], strict=True
            )
        ]
    )


def _dividing_lines(seats: Floats, district: Ints, cells: Any) -> Any:
    """Edges of the Voronoi cells of the seats of each district, clipped to the district."""
    groups = shapely.multipoints(seats, indices=district)
    edges = shapely.voronoi_polygons(groups, extend_to=cells, only_edges=True)
    return shapely.intersection(edges, cells)


def _divided(seats: Floats, district: Ints, cells: Any) -> Any:
    """Partition the cells between their seats: one MultiPolygon for each seat."""
    lines = [*_dividing_lines(seats, district, cells), *shapely.boundary(cells)]
    faces = faces_between(shapely.union_all(lines, grid_size=_SNAP_M))
    inner = shapely.point_on_surface(faces)
    face, of_district = shapely.STRtree(cells).query(inner, predicate="within")
    # A third axis keeps the districts apart, so that one tree serves all of them.
    tree = cKDTree(np.column_stack([seats, district * _FAR_M]))
    where = np.column_stack([shapely.get_coordinates(inner[face]), of_district * _FAR_M])
    return gathered(faces[face], np.asarray(tree.query(where)[1]), len(seats))


def _smooth_field(x: Floats, y: Floats, reach_m: float, rng: np.random.Generator) -> Floats:
    """Smooth random field of mean 0 and variance 1 (random Fourier features)."""
    waves = rng.normal(0, 1 / reach_m, (2, 64))
    phases = rng.uniform(0, 2 * np.pi, 64)
    return np.asarray(np.cos(np.column_stack([x, y]) @ waves + phases).sum(axis=1) / np.sqrt(32))


def _deprivation(areas: pd.DataFrame, seed: int) -> Floats:
    """Latent deprivation: higher in dense cores and in the north, and alike among neighbours."""
    rng = generator(seed, "deprivation")
    near = _smooth_field(areas["x"].to_numpy(), areas["y"].to_numpy(), 4_000, rng)
    far = _smooth_field(areas["x"].to_numpy(), areas["y"].to_numpy(), 40_000, rng)
    dense = np.log10(areas["density"].to_numpy() / 1000)
    north = (areas["y"].to_numpy() - 250_000) / 150_000
    own = rng.normal(0, 1, len(areas))
    return np.asarray(0.5 * dense + 0.35 * north + 0.5 * near + 0.3 * far + 0.35 * own)


def score(latent: Floats) -> Floats:
    """Score of the Index of Multiple Deprivation, about 0.5 to 90 and skewed as the real one is."""
    return np.asarray(np.round(np.clip(17 * np.exp(0.55 * latent), 0.5, 92), 3))


def rank_and_decile(scores: Floats) -> tuple[Ints, Ints]:
    """Rank, 1 the most deprived, and exact tenths of the ranks; ties keep the order given."""
    rank = np.empty(len(scores), dtype=np.int64)
    rank[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return rank, (rank * 10 + len(scores) - 1) // len(scores)


def small_areas(districts: gpd.GeoDataFrame, *, seed: int, scale: float) -> gpd.GeoDataFrame:
    """Small areas of the given districts.

    Parameters
    ----------
    districts : of `england.districts`, or some of them.
    seed : seed of the demonstration.
    scale : number of small areas as a share of the real number.

    Returns
    -------
    code, name, district_code, district_name, x, y (m, where its people live), area_km2, people
    (of 2020), growth (a year, as a fraction), density (people per km2), deprivation (latent) and
    geometry; in each district the shapes partition it and the people sum to its own.
    """
    counts = small_area_counts(districts["people"].to_numpy(), scale)
    district = np.repeat(np.arange(len(districts)), counts)
    seats = _all_seats(districts, counts, seed)
    shapes = _divided(seats, district, districts.geometry.to_numpy())
    rng = generator(seed, "people")
    weights = rng.lognormal(0, 0.2, len(seats))
    own_number = np.arange(len(seats)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    names = districts["name"].to_numpy()[district]
    areas = pd.DataFrame(
        {
            "code": [f"E01{900_000 + n:06d}" for n in range(1, len(seats) + 1)],
            "name": [f"{a} synthetic {b:03d}" for a, b in zip(names, own_number, strict=True)],
            "district_code": districts["code"].to_numpy()[district],
            "district_name": names,
            "x": np.round(seats[:, 0], 1),
            "y": np.round(seats[:, 1], 1),
            "area_km2": shapely.area(shapes) / 1e6,
            "people": whole_shares_within(weights, district, districts["people"].to_numpy()),
            "growth": _district_growth(districts, seed)[district]
            + rng.normal(0, 0.002, len(seats)),
        }
    )
    areas["density"] = areas["people"] / areas["area_km2"]
    areas["deprivation"] = _deprivation(areas, seed)
    return gpd.GeoDataFrame(areas, geometry=shapes, crs=BRITISH_NATIONAL_GRID)


def _district_growth(districts: gpd.GeoDataFrame, seed: int) -> Floats:
    draws = [generator(seed, "growth", code).normal(0.005, 0.003) for code in districts["code"]]
    return np.array(draws)


def people_in(areas: pd.DataFrame, year: int) -> Ints:
    """People of each small area at mid-year: whole numbers of 1 or more."""
    grown = areas["people"] * (1 + areas["growth"]) ** (year - BASE_YEAR)
    return np.asarray(np.maximum(1, np.rint(grown.to_numpy())), dtype=np.int64)


def wards(areas: pd.DataFrame) -> pd.DataFrame:
    """Synthetic wards: neighbours in the order of the small areas of a district.

    Returns
    -------
    ward_code and ward_name, one row for each small area.
    """
    within = areas.groupby("district_code", sort=False).cumcount() // WARD_SMALL_AREAS
    number = pd.Series(list(zip(areas["district_code"], within, strict=True))).factorize()[0]
    return pd.DataFrame(
        {
            "ward_code": [f"E05{900_000 + n:06d}" for n in number + 1],
            "ward_name": [
                f"{name} synthetic ward {n + 1:02d}"
                for name, n in zip(areas["district_name"], within, strict=True)
            ],
        }
    )
