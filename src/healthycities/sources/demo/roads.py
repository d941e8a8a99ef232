"""Roads of the schematic England: links and nodes, as in OS Open Roads."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from healthycities.sources.demo.draws import Floats, Ints, generator, identifiers
from healthycities.sources.demo.england import KM_M, outline
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

_JUNCTIONS_PER_AREA = 3
_DEAD_ENDS_PER_AREA = 1
_DEAD_END_M = (40.0, 160.0)
_FARTHEST_M = 3000.0
_MOST_MOTORWAY_JUNCTIONS = 300
_MOTORWAY_OFF_M = 400.0
_LARGEST_BEND = 0.15

# Classification, function and form of way in the publisher's words.
_MOTORWAY = ("Motorway", "Motorway", "Dual Carriageway")
_SLIP_ROAD = ("A Road", "A Road", "Slip Road")
_DEAD_END = ("Unclassified", "Local Access Road", "Single Carriageway")
_STREETS = {
    ("A Road", "A Road", "Single Carriageway"): 0.1,
    ("B Road", "B Road", "Single Carriageway"): 0.1,
    ("Classified Unnumbered", "Minor Road", "Single Carriageway"): 0.15,
    ("Unclassified", "Local Road", "Single Carriageway"): 0.65,
}


class Roads(NamedTuple):
    """The two layers of the publisher's file."""

    links: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame


class _Part(NamedTuple):
    """Roads of one kind: positions of the nodes that they join, and what they are."""

    ends: Ints
    words: NDArray[np.object_]


def roads(areas: pd.DataFrame, *, seed: int) -> Roads:
    """Layers ``road_link`` and ``road_node``.

    Streets join the places where people live and junctions around them; without the motorways all
    roads hang together. Motorways have junctions of their own, joined to the streets by slip roads,
    and cross the other roads without meeting them.

    Parameters
    ----------
    areas : of `places.small_areas`; its geometry is not used.
    seed : seed of the demonstration.

    Returns
    -------
    Links with id, fictitious, road_classification, road_function, form_of_way, length (whole
    metres), length_uom, start_node, end_node and a LineString; nodes with id, form_of_road_node and
    a Point.
    """
    rng = generator(seed, "roads")
    seats = areas[["x", "y"]].to_numpy()
    junctions = _distinct(np.concatenate([seats, _around(areas, rng)]))
    leaving, dead_ends = _dead_ends(junctions, _DEAD_ENDS_PER_AREA * len(areas), rng)
    motorway = _motorway_junctions(seats, rng)
    nearest = cKDTree(junctions).query(motorway)[1]
    places = np.concatenate([junctions, dead_ends, motorway])
    dead_end, on_motorway = np.split(np.arange(len(junctions), len(places)), [len(dead_ends)])
    parts = [
        _streets(neighbours(junctions), rng),
        _all(np.column_stack([leaving, dead_end]), _DEAD_END),
        _all(np.column_stack([nearest, on_motorway]), _SLIP_ROAD),
        _all(on_motorway[neighbours(motorway)], _MOTORWAY),
    ]
    ends, words = (np.concatenate(column) for column in zip(*parts, strict=True))
    ids = np.array(identifiers(len(places) + len(ends), rng), dtype=object)
    return Roads(
        _link_layer(ids[len(places) :], words, ids[ends], _bent(places[ends], rng)),
        _node_layer(ids[: len(places)], np.bincount(ends.ravel(), minlength=len(places)), places),
    )


# --- Places ---


def _around(areas: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Junctions around where the people of each small area live, those at sea left out."""
    area = np.repeat(np.arange(len(areas)), _JUNCTIONS_PER_AREA)
    reach = np.minimum(np.sqrt(areas["area_km2"].to_numpy()[area] / np.pi) * KM_M, _FARTHEST_M)
    away = _turned(reach * rng.uniform(0.1, 1, len(area)), rng)
    places = areas[["x", "y"]].to_numpy()[area] + away
    return np.asarray(places[shapely.contains_xy(outline(), places)])


def _turned(radius: Floats, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi, len(radius))
    return np.asarray(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))


def _distinct(places: Floats) -> Floats:
    """Places to the centimetre, as they are published, each once."""
    return np.asarray(np.unique(np.round(places, 2), axis=0))


def _dead_ends(junctions: Floats, count: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Return the junctions that dead ends leave from, and where they end."""
    leaving = rng.integers(0, len(junctions), count)
    away = _turned(rng.uniform(*_DEAD_END_M, count), rng)
    return leaving, np.asarray(np.round(junctions[leaving] + away, 2))


def _motorway_junctions(seats: Floats, rng: np.random.Generator) -> Floats:
    """Return places beside some of the seats, evenly chosen."""
    every = -(-len(seats) // _MOST_MOTORWAY_JUNCTIONS)
    chosen = seats[::every]
    return _distinct(chosen + rng.uniform(-_MOTORWAY_OFF_M, _MOTORWAY_OFF_M, chosen.shape))


# --- Which places are joined ---


def neighbours(places: Floats) -> Ints:
    """Return pairs of places with no other in the circle between them, in order.

    It is the graph of Gabriel and Sokal (1969, A new statistical approach to geographic variation
    analysis): its edges do not cross, and they join all places, as it holds the shortest tree.

    Parameters
    ----------
    places : (n, 2) distinct.

    Returns
    -------
    (pairs, 2) positions, the lower first.
    """
    pairs = _candidates(places)
    ends = places[pairs]
    half_m = np.hypot(*(ends[:, 1] - ends[:, 0]).T) / 2
    nearest_m = cKDTree(places).query(ends.mean(axis=1))[0]
    return np.asarray(pairs[nearest_m >= half_m * (1 - 1e-9)])


def _candidates(places: Floats) -> Ints:
    """Pairs that may be neighbours: the edges of the Delaunay triangulation, or all of a few."""
    if len(places) < 4:
        few = list(combinations(range(len(places)), 2))
        return np.array(few, dtype=np.int64).reshape(-1, 2)
    sides = Delaunay(places).simplices[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    return np.unique(np.sort(sides, axis=1).astype(np.int64), axis=0)


def _streets(ends: Ints, rng: np.random.Generator) -> _Part:
    kind = rng.choice(len(_STREETS), len(ends), p=list(_STREETS.values()))
    return _Part(ends, np.array(list(_STREETS), dtype=object)[kind])


def _all(ends: Ints, words: tuple[str, str, str]) -> _Part:
    return _Part(ends, np.tile(np.array(words, dtype=object), (len(ends), 1)))


# --- Layers ---


def _bent(ends: Floats, rng: np.random.Generator) -> Any:
    """Lines with a bend half-way, so that a road is longer than the straight line."""
    start, end = ends[:, 0], ends[:, 1]
    across = (end - start)[:, ::-1] * [-1, 1]
    bend = rng.uniform(-_LARGEST_BEND, _LARGEST_BEND, (len(ends), 1))
    middle = np.round((start + end) / 2 + bend * across, 2)
    return shapely.linestrings(np.stack([start, middle, end], axis=1))


def _link_layer(
    ids: NDArray[np.object_], words: NDArray[np.object_], ends: NDArray[np.object_], shapes: Any
) -> gpd.GeoDataFrame:
    columns = {
        "id": ids,
        "fictitious": False,
        "road_classification": words[:, 0],
        "road_function": words[:, 1],
        "form_of_way": words[:, 2],
        "length": np.round(shapely.length(shapes)).astype(np.int64),
        "length_uom": "m",
        "start_node": ends[:, 0],
        "end_node": ends[:, 1],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=BRITISH_NATIONAL_GRID)


def _node_layer(ids: NDArray[np.object_], degree: Ints, places: Floats) -> gpd.GeoDataFrame:
    forms = np.array(["road end", "pseudo node", "junction"], dtype=object)
    columns = {"id": ids, "form_of_road_node": forms[np.clip(degree, 1, 3) - 1]}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(places), crs=BRITISH_NATIONAL_GRID)
