"""Walking distances along roads to the nearest of many places, one pass for each size of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from healthycities.errors import GeometryError
from healthycities.spatial.access import coordinates, sizes_and_thresholds, winding_order
from healthycities.spatial.grid import FloatArray, IntArray
from healthycities.spatial.parallel import map_blocks, row_blocks

_PLACES_AT_ONCE = 4096
"""Places that a thread joins to the network at a time."""

_LINES = (1, 5)
"""Types of LineString and MultiLineString, as shapely numbers them."""

END_TOLERANCE_M = 1.0
"""Farthest that the end of a link's shape may lie from its node.

A link drawn the other way round would put what joins it part-way at the wrong end.
"""


@dataclass(frozen=True)
class Network:
    """Roads that one may walk in both directions, once they are known to hang together.

    Parameters
    ----------
    nodes_m : (n, 2) eastings and northings of the nodes, in metres.
    links : (m, 2) positions of the nodes that each link starts and ends at; two links may join the
        same two nodes, and a link may end where it starts.
    length_m : (m,) lengths of the links in metres, 0 or more.
    shapes : (m,) lines from the first node to the second; the parts of a multi-part line are walked
        one after the other.
    names : (m,) what the links are called in messages; their positions by default.

    Raises
    ------
    GeometryError : arrays of different lengths, a node that is not there, a length that is negative
        or not finite, a shape that is missing, empty or no line, or one that starts or ends farther
        than `END_TOLERANCE_M` from its node. The place names the link.
    """

    nodes_m: FloatArray
    links: IntArray
    length_m: FloatArray
    shapes: npt.NDArray[np.object_]
    names: npt.NDArray[np.object_] | None = None

    def __post_init__(self) -> None:
        coordinates(self.nodes_m, "node")
        _require_aligned(self)
        _require_nodes(self)
        _require_lengths(self)
        _require_lines(self)
        _require_ends(self)


class _Joins(NamedTuple):
    """Where places join the network; a place has several where links are equally near.

    ``place`` and ``link`` are positions, ``along_m`` is how far along the link, and ``leg_m`` the
    straight way there.
    """

    place: IntArray
    link: IntArray
    along_m: FloatArray
    leg_m: FloatArray


class _Edges(NamedTuple):
    """Ways from a node to another: the positions of both and the metres between them."""

    first: IntArray
    second: IntArray
    metres: FloatArray

    @classmethod
    def joined(cls, parts: Iterable[_Edges]) -> _Edges:
        """Return all ways of several parts."""
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def walking_distance_m(
    points_m: npt.ArrayLike, targets_m: npt.ArrayLike, network: Network, *, workers: int = 1
) -> FloatArray:
    """Measure the shortest walk from each point to any target, along a network.

    Parameters
    ----------
    points_m, targets_m, network, workers : as `walking_distances_m` takes them.

    Returns
    -------
    p float64 distances in metres; NaN where the network leads to no target.

    Raises
    ------
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    targets = coordinates(targets_m, "target")
    of_any_size = np.zeros(len(targets))
    found = walking_distances_m(points_m, targets, of_any_size, [0.0], network, workers=workers)
    return found[:, 0]


def walking_distances_m(
    points_m: npt.ArrayLike,
    targets_m: npt.ArrayLike,
    sizes: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    network: Network,
    *,
    workers: int = 1,
) -> FloatArray:
    """Measure the shortest walk to any target of at least each of several sizes.

    A point walks straight to the nearest place of the nearest link, along the network, and straight
    to a target from the place of the network that is nearest to it; both straight legs count. Of
    several links that are equally near, the one that gives the shortest walk is taken.

    Where points and targets join, they are made nodes of the network, part-way along their links.
    For each size, one more node has a way out to each target that is large enough, and none back;
    one search from it (Dijkstra 1959, A note on two problems in connexion with graphs) gives every
    point its distance, whatever the number of targets.

    Parameters
    ----------
    points_m : (p, 2) eastings and northings, in metres.
    targets_m : (t, 2) eastings and northings, in metres.
    sizes : t sizes, in any one unit, such as the hectares of the site behind an access point.
    thresholds : k least sizes, in the same unit and in any order.
    network : the roads.
    workers : number of threads; it changes no result.

    Returns
    -------
    p x k float64 distances in metres; NaN where the network leads to no target as large.

    Raises
    ------
    AlignmentError : there is not one size for each target, or a size or threshold is missing.
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    points = coordinates(points_m, "point")
    targets = coordinates(targets_m, "target")
    size, least = sizes_and_thresholds(sizes, thresholds, len(targets))
    if not (len(points) and len(targets) and len(network.links)):
        return np.full((len(points), len(least)), np.nan)
    bounds, column = np.unique(least, return_inverse=True)
    tree = shapely.STRtree(network.shapes)
    from_points, to_targets = (
        _joined(places, network, tree, workers) for places in (points, targets)
    )
    large = size[to_targets.place] >= bounds[:, np.newaxis]
    reached_m = _reached_m(from_points, to_targets, large, network) + from_points.leg_m
    shortest_m = np.full((len(bounds), len(points)), np.inf)
    for nearest_m, by_join_m in zip(shortest_m, reached_m, strict=True):
        np.minimum.at(nearest_m, from_points.place, by_join_m)
    return np.where(np.isinf(shortest_m), np.nan, shortest_m).T[:, column]


def _joined(places_m: FloatArray, network: Network, tree: shapely.STRtree, workers: int) -> _Joins:
    """Join each place to the network, in blocks of neighbours, which look at the same branches."""
    blocks = [
        (block, places_m[block]) for block in row_blocks(winding_order(places_m), _PLACES_AT_ONCE)
    ]
    join = partial(_join, network=network, tree=tree)
    return _Joins(
        *map(np.concatenate, zip(*map_blocks(join, blocks, workers=workers), strict=True))
    )


def _join(block: tuple[IntArray, FloatArray], network: Network, tree: shapely.STRtree) -> _Joins:
    """Join each place of a block to the nearest place of the nearest links.

    Of several places of one link that are equally near, the first along it is taken.
    """
    number, places_m = block
    shapes = shapely.points(places_m)
    (place, link), leg_m = tree.query_nearest(shapes, return_distance=True)
    drawn = network.shapes[link]
    along = shapely.line_locate_point(drawn, shapes[place])
    # A length of one's own, such as a rounded one, is shared out along the shape.
    drawn_m = shapely.length(drawn)
    part = np.divide(along, drawn_m, out=np.zeros_like(along), where=drawn_m > 0)
    along_m = np.clip(part, 0, 1) * network.length_m[link]
    return _Joins(number[place], link, along_m, leg_m)


def _reached_m(
    points: _Joins, targets: _Joins, large: npt.NDArray[np.bool_], network: Network
) -> FloatArray:
    """Distance from each join of a point to the nearest target of each size, its leg included.

    Parameters
    ----------
    large : (k, joins of targets) whether the target is as large as each size asks for.

    Returns
    -------
    (k, joins of points) metres from the place where the point joins; infinite where no way leads.
    """
    count = len(network.nodes_m)
    stops = np.arange(count, count + len(points.link) + len(targets.link))
    link = np.concatenate([points.link, targets.link])
    along_m = np.concatenate([points.along_m, targets.along_m])
    at_points, at_targets = np.split(stops, [len(points.link)])
    roads = _both_ways(_Edges.joined(_split(network, stops, link, along_m)))
    sources = count + len(stops) + np.arange(len(large))
    size, target = np.nonzero(large)
    # One way only: nobody walks from target to target through a node that is no place.
    legs = _Edges(sources[size], at_targets[target], targets.leg_m[target])
    graph = _graph(_Edges.joined([roads, legs]), count + len(stops) + len(sources))
    found = np.empty((len(sources), len(at_points)))
    for row, source in zip(found, sources, strict=True):
        row[:] = dijkstra(graph, indices=source)[at_points]
    return found


def _both_ways(edges: _Edges) -> _Edges:
    return _Edges.joined([edges, _Edges(edges.second, edges.first, edges.metres)])


def _split(
    network: Network, stops: IntArray, link: IntArray, along_m: FloatArray
) -> tuple[_Edges, _Edges, _Edges]:
    """Return the links without stops, and the pieces of the others: up to each stop, and the last.

    Parameters
    ----------
    stops, link, along_m : node of each stop, the link that it is on, and how far along.
    """
    order = np.lexsort((along_m, link))
    node, on, at_m = stops[order], link[order], along_m[order]
    first = np.append(True, on[1:] != on[:-1])
    last = np.append(first[1:], True)
    before = np.where(first, network.links[on, 0], np.roll(node, 1))
    piece_m = at_m - np.where(first, 0.0, np.roll(at_m, 1))
    whole = np.bincount(link, minlength=len(network.links)) == 0
    rest = on[last]
    return (
        _Edges(network.links[whole, 0], network.links[whole, 1], network.length_m[whole]),
        _Edges(before, node, piece_m),
        _Edges(node[last], network.links[rest, 1], network.length_m[rest] - at_m[last]),
    )


def _graph(edges: _Edges, count: int) -> csr_array:
    """Return ways between nodes as a matrix; of parallel ones, which it would add up, the least."""
    pair = edges.first * count + edges.second
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(pair[order]) > 0))
    row, column = np.divmod(pair[order][starts], count)
    least_m = np.minimum.reduceat(edges.metres[order], starts)
    return csr_array((least_m, (row, column)), shape=(count, count))


# --- Checks ---


def _require(
    good: npt.NDArray[np.bool_] | np.bool_,
    told: Callable[[int], str],
    mend: str,
    named: Callable[[int], str],
) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise GeometryError(told(int(bad[0])) + more, place=named(int(bad[0])), mend=mend)


def _link_name(network: Network, link: int) -> str:
    return f"link {link if network.names is None else network.names[link]}"


def _require_aligned(network: Network) -> None:
    count = len(network.shapes)
    names = network.shapes if network.names is None else network.names
    parts = (network.links, network.length_m, network.shapes, names)
    found = [np.shape(part) for part in parts]
    if found != [(count, 2), *[(count,)] * 3]:
        raise GeometryError(
            "expected two nodes, a length, a shape and, where there are any, a name for each link,"
            " found arrays of " + ", ".join(map(str, found)),
            mend="Give one row for each link.",
        )


def _require_nodes(network: Network) -> None:
    links, count = network.links, len(network.nodes_m)
    _require(
        ((links >= 0) & (links < count)).all(axis=1),
        lambda one: f"expected positions of two of {count} nodes, found {links[one].tolist()}",
        "Give its nodes, or leave out the link.",
        partial(_link_name, network),
    )


def _require_lengths(network: Network) -> None:
    length_m = network.length_m
    _require(
        np.isfinite(length_m) & (length_m >= 0),
        lambda one: f"expected a length of 0 m or more, found {length_m[one]}",
        "Correct its length.",
        partial(_link_name, network),
    )


def _require_lines(network: Network) -> None:
    shapes = network.shapes
    _require(
        np.isin(shapely.get_type_id(shapes), _LINES) & ~shapely.is_empty(shapes),
        lambda one: f"expected a line, found {shapes[one]}",
        "Draw the link again, or leave it out.",
        partial(_link_name, network),
    )


def _require_ends(network: Network) -> None:
    drawn, of = shapely.get_coordinates(network.shapes, return_index=True)
    each = np.arange(len(network.shapes))
    first, last = np.searchsorted(of, each), np.searchsorted(of, each, side="right") - 1
    for end, at, said in ((0, first, "starts"), (1, last, "ends")):
        apart_m = np.hypot(*(drawn[at] - network.nodes_m[network.links[:, end]]).T)
        _require(
            apart_m <= END_TOLERANCE_M,
            partial(_told_apart, apart_m, said),
            "Draw each link from its start node to its end node.",
            partial(_link_name, network),
        )


def _told_apart(apart_m: FloatArray, said: str, one: int) -> str:
    return f"expected a shape that {said} at its node, found them {apart_m[one]:.1f} m apart"
