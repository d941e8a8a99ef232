"""Walks along roads to the nearest of many places, in one pass, against a search for each point.

Points and places lie at nodes, so that the peers, which know nothing of places part-way along a
road, answer the same question. The network is a lattice with a third of its roads left out, as
large as Great Britain's.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.inputs import SEED, Sizes
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.grid import FloatArray, IntArray
from healthycities.spatial.network import Network, walking_distance_m

_ROAD_M = 100.0
_KEPT = 0.66
_SAMPLE = 50
_LIMIT_M = 2000.0
"""How far a search from a point goes before it gives up; few places are farther."""


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    roads = network(sizes.road_nodes_per_side)
    start, goal = nodes_of(roads, sizes.points, 1), nodes_of(roads, sizes.road_places, 2)
    sample = min(_SAMPLE, len(start))
    graph = as_graph(roads)
    one_by_one = "a search per point"
    yield Race(
        f"walks from {len(start):,} points to {len(goal):,} places by {len(roads.nodes_m):,} nodes",
        {
            "one pass": Contender(lambda: in_one_pass(graph, start, goal)),
            "whole walk, one thread": Contender(lambda: walked(roads, start, goal, 1)),
            "whole walk": Contender(lambda: walked(roads, start, goal, 2), threads=2),
            one_by_one: Contender(
                lambda: searched_one_by_one(graph, start[:sample], goal),
                scale=len(start) / sample,
            ),
            **_optional_peers(roads, start, goal),
        },
        [
            Claim("walking_paths", "one pass", one_by_one, 20.0),
            Claim("walking_distance", "whole walk", one_by_one, 20.0),
            Claim("two_cores_walking_distance", "whole walk", "whole walk, one thread", 1.8),
            *(Claim("walking_paths", "one pass", peer, 20.0) for peer in _installed()),
        ],
        largest_difference,
        1e-6,
    )


@cache
def network(per_side: int) -> Network:
    """Return a lattice of nodes a little out of place, joined by straight roads."""
    draw = np.random.default_rng(SEED)
    at = np.stack(np.meshgrid(np.arange(per_side), np.arange(per_side)), axis=-1).reshape(-1, 2)
    nodes_m = at * _ROAD_M + draw.uniform(-0.3, 0.3, at.shape) * _ROAD_M
    number = np.arange(per_side**2).reshape(per_side, per_side)
    across = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    along = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    links = np.concatenate([across, along])
    links = links[draw.random(len(links)) < _KEPT]
    shapes = shapely.linestrings(nodes_m[links])
    return Network(nodes_m, links, shapely.length(shapes), shapes)


def nodes_of(roads: Network, n: int, number: int) -> IntArray:
    """Choose nodes that some road leads to; the same in every run."""
    draw = np.random.default_rng((SEED, number))
    return draw.choice(np.unique(roads.links), n)


def as_graph(roads: Network) -> csr_array:
    """Return the roads as the matrix that a search takes."""
    n = len(roads.nodes_m)
    return csr_array((roads.length_m, tuple(roads.links.T)), shape=(n, n))


def in_one_pass(graph: csr_array, start: IntArray, goal: IntArray) -> FloatArray:
    """Give every node its nearest place by one search from all of them, and look points up."""
    reached_m: FloatArray = dijkstra(graph, directed=False, indices=np.unique(goal), min_only=True)
    return reached_m[start]


def walked(roads: Network, start: IntArray, goal: IntArray, threads: int) -> FloatArray:
    """Do all that the workflow does, from coordinates to metres."""
    found = walking_distance_m(roads.nodes_m[start], roads.nodes_m[goal], roads, workers=threads)
    return np.where(np.isnan(found), np.inf, found)


def searched_one_by_one(graph: csr_array, start: IntArray, goal: IntArray) -> FloatArray:
    """Search from each point as far as the limit, and take the nearest place that was met."""
    places = np.unique(goal)
    return np.array(
        [
            dijkstra(graph, directed=False, indices=one, limit=_LIMIT_M)[places].min()
            for one in start
        ]
    )


def by_networkx(roads: Network, start: IntArray, goal: IntArray) -> FloatArray:
    """Run a peer that also searches from all places at once, in plain Python."""
    from networkx import Graph, multi_source_dijkstra_path_length

    graph = Graph()
    ends = zip(*roads.links.T.tolist(), roads.length_m.tolist(), strict=True)
    graph.add_weighted_edges_from(ends)
    reached_m = multi_source_dijkstra_path_length(graph, set(goal.tolist()))
    return np.array([reached_m.get(one, np.inf) for one in start.tolist()])


def _installed() -> list[str]:
    return ["networkx"] if importlib.util.find_spec("networkx") else []


def _optional_peers(roads: Network, start: IntArray, goal: IntArray) -> dict[str, Contender]:
    """Return the peers that the project does not depend on, where they are installed."""
    return {peer: Contender(lambda: by_networkx(roads, start, goal)) for peer in _installed()}


def largest_difference(ours: FloatArray, peer: FloatArray) -> float:
    """Return the largest difference in metres, of those points that the peer found a place for."""
    ours = ours[: len(peer)]
    met = np.isfinite(peer)
    if (ours[~met] <= _LIMIT_M).any() or np.isinf(ours[met]).any():
        return np.inf
    return float(np.abs(ours[met] - peer[met]).max(initial=0.0))
