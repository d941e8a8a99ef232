"""Cells of given areas around given centres: a power diagram with capacity constraints.

Of all ways to give every point of a region to a centre so that each centre gets its area, the one
with the least mean squared distance is a power diagram (Aurenhammer, Hoffmann and Aronov 1998).
Its weights are found with the damped Newton method of Kitagawa, Mérigot and Thibert (2019). The
diagram is the lower convex hull of the centres lifted to a paraboloid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import spsolve
from scipy.spatial import ConvexHull, cKDTree
from shapely.geometry.base import BaseGeometry

from healthycities.errors import GeometryError
from healthycities.sources.demo.draws import Floats, Ints

# Guards far outside close the outer cells; no point of a region of size 1 is nearest to one.
_GUARDS = 30.0 * np.array([[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]])


@dataclass(frozen=True)
class _Diagram:
    """Corners of a power diagram, and its edges.

    ``corners`` (c, 2); ``sites_at`` (c, 3) the sites that meet at a corner; ``ends`` (e, 2) the
    corners of an edge and ``sides`` (e, 2) the sites on either side of it.
    """

    corners: Floats
    sites_at: Ints
    ends: Ints
    sides: Ints


def _diagram(centres: Floats, weights: Floats) -> _Diagram:
    """Power diagram of centres (n, 2) and guards, as the lower hull of the lifted points."""
    sites = np.vstack([centres, _GUARDS])
    lift = (sites**2).sum(axis=1) - np.concatenate([weights, np.zeros(len(_GUARDS))])
    hull = ConvexHull(np.column_stack([sites, lift]))
    lower = np.flatnonzero(hull.equations[:, 2] < 0)
    number = np.full(len(hull.simplices), -1)
    number[lower] = np.arange(len(lower))
    planes = hull.equations[lower]
    sites_at = hull.simplices[lower].astype(np.int64)
    beside = number[hull.neighbors[lower]]
    # Qhull's k-th neighbour lies across from the k-th corner of a triangle.
    across = [np.delete(sites_at, k, axis=1) for k in range(3)]
    ends = np.vstack([np.column_stack([np.arange(len(lower)), beside[:, k]]) for k in range(3)])
    once = ends[:, 0] < ends[:, 1]
    return _Diagram(
        corners=-planes[:, :2] / planes[:, 2:3] / 2,
        sites_at=sites_at,
        ends=ends[once],
        sides=np.vstack(across)[once],
    )


def _clipped_areas(diagram: _Diagram, count: int, region: BaseGeometry) -> Floats:
    """Area of each of the first ``count`` sites' cells within the region."""
    corners = np.repeat(np.arange(len(diagram.corners)), 3)
    sites = diagram.sites_at.ravel()
    order = np.argsort(sites, kind="stable")
    order = order[sites[order] < count]
    # A site that the others outweigh has no cell, and no corner.
    present, number = np.unique(sites[order], return_inverse=True)
    points = shapely.multipoints(diagram.corners[corners[order]], indices=number)
    cells = shapely.convex_hull(points)
    areas = np.zeros(count)
    areas[present] = shapely.area(shapely.intersection(cells, region))
    return areas


def _derivative(diagram: _Diagram, centres: Floats, region: BaseGeometry) -> csc_array:
    """Differentiate the areas by the weights: a Laplacian, edge length over twice the distance.

    The last site is left out: weights count only as differences.
    """
    inner = (diagram.sides < len(centres)).all(axis=1)
    sides = diagram.sides[inner]
    edges = shapely.linestrings(diagram.corners[diagram.ends[inner]])
    lengths = shapely.length(shapely.intersection(edges, region))
    apart = np.linalg.norm(centres[sides[:, 0]] - centres[sides[:, 1]], axis=1)
    pull = lengths / (2 * apart)
    both = (np.concatenate([pull, pull]), (sides.T.ravel(), sides[:, ::-1].T.ravel()))
    off = coo_array(both, shape=(len(centres), len(centres))).tocsr()
    return csc_array((diags_array(off.sum(axis=1)) - off)[:-1, :-1])


def _newton_step(
    weights: Floats, centres: Floats, region: BaseGeometry, targets: Floats
) -> tuple[Floats, Floats]:
    """One damped step: the first halving that leaves no cell empty and lessens the error."""
    diagram = _diagram(centres, weights)
    areas = _clipped_areas(diagram, len(centres), region)
    missing = targets - areas
    floor = min(areas.min(), targets.min()) / 2
    change = np.append(spsolve(_derivative(diagram, centres, region), missing[:-1]), 0.0)
    for halving in range(40):
        step = 0.5**halving
        new = _clipped_areas(_diagram(centres, weights + step * change), len(centres), region)
        shrunk = np.linalg.norm(targets - new) <= (1 - step / 2) * np.linalg.norm(missing)
        if new.min() >= floor and shrunk:
            return weights + step * change, new
    raise GeometryError(
        "the cells of the schematic England did not settle on their areas",
        mend="Check that all centres lie in the region and differ from one another.",
    )


def capacity_weights(
    centres: Floats, region: BaseGeometry, targets: Floats, tolerance: float = 1e-4
) -> Floats:
    """Weights of the power diagram whose clipped cells have the target areas.

    Parameters
    ----------
    centres : (n, 2) different points in the region, which is of about unit size.
    region : polygon to be shared out.
    targets : (n,) positive areas that sum to the region's.
    tolerance : largest relative difference from a target.

    Raises
    ------
    GeometryError
        Where no weights are found.
    """
    weights = np.zeros(len(centres))
    for _ in range(100):
        weights, areas = _newton_step(weights, centres, region, targets)
        if np.abs(areas / targets - 1).max() < tolerance:
            return weights
    raise GeometryError(
        "the cells of the schematic England did not settle on their areas in 100 steps",
        mend="Check that the target areas sum to the area of the region.",
    )


def owners(points: Floats, centres: Floats, weights: Floats) -> Ints:
    """Position of the centre whose cell each point lies in, as a nearest neighbour one axis up."""
    height = np.sqrt(weights.max() - weights)
    tree = cKDTree(np.column_stack([centres, height]))
    flat = np.column_stack([points, np.zeros(len(points))])
    return np.asarray(tree.query(flat)[1], dtype=np.int64)


def cell_edges(centres: Floats, weights: Floats) -> Floats:
    """Edges (e, 2, 2) of the power diagram, not yet clipped."""
    diagram = _diagram(centres, weights)
    return diagram.corners[diagram.ends]
