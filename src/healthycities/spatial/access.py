"""Straight-line distances to the nearest of many places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from healthycities.errors import AlignmentError, GeometryError
from healthycities.spatial.grid import FloatArray, IntArray

_LEAF_SIZE = 32
_SIDE_CELLS = 256


def nearest_distance_m(
    points_m: npt.ArrayLike, targets_m: npt.ArrayLike, *, workers: int = 1
) -> FloatArray:
    """Measure the straight-line distance from each point to the nearest target.

    Parameters
    ----------
    points_m : (n, 2) eastings and northings, in metres.
    targets_m : (m, 2) eastings and northings, in metres.
    workers : number of threads; it changes no result.

    Returns
    -------
    n float64 distances in metres, all NaN where there are no targets.

    Raises
    ------
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    points = coordinates(points_m, "point")
    targets = coordinates(targets_m, "target")
    nearest = _nearest(points, [targets], workers)[:, 0]
    return np.where(np.isfinite(nearest), nearest, np.nan)


def nearest_distances_m(
    points_m: npt.ArrayLike,
    targets_m: npt.ArrayLike,
    sizes: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    *,
    workers: int = 1,
) -> FloatArray:
    """Measure the straight-line distance to the nearest target of at least each of several sizes.

    Targets are put in bands between one threshold and the next, each is searched once, and the
    distance to a target of at least a size is the least of those of the bands from there up.

    Parameters
    ----------
    points_m : (n, 2) eastings and northings, in metres.
    targets_m : (m, 2) eastings and northings, in metres.
    sizes : m sizes, in any one unit, such as the hectares of the site behind an access point.
    thresholds : k least sizes, in the same unit and in any order.
    workers : number of threads; it changes no result.

    Returns
    -------
    n x k float64 distances in metres, NaN where no target is as large.

    Raises
    ------
    AlignmentError : there is not one size for each target, or a size or threshold is missing.
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    points = coordinates(points_m, "point")
    targets = coordinates(targets_m, "target")
    size, least = sizes_and_thresholds(sizes, thresholds, len(targets))
    bounds, column = np.unique(least, return_inverse=True)
    band = np.searchsorted(bounds, size, side="right") - 1
    of_bands = _nearest(points, [targets[band == one] for one in range(len(bounds))], workers)
    from_there_up = np.minimum.accumulate(of_bands[:, ::-1], axis=1)[:, ::-1]
    return np.where(np.isfinite(from_there_up), from_there_up, np.nan)[:, column]


def _nearest(points: FloatArray, groups: list[FloatArray], workers: int) -> FloatArray:
    """Return the distance from each point to the nearest target of each group, or infinity.

    A tree that is split in the middle of space, not of its points, is built in half the time, and
    neighbours that ask one after the other find its branches still in the cache.
    """
    distance = np.full((len(points), len(groups)), np.inf)
    order = winding_order(points)
    inquirers = points[order]
    for column, targets in enumerate(groups):
        if len(targets) and len(points):
            tree = cKDTree(targets, leafsize=_LEAF_SIZE, balanced_tree=False, compact_nodes=False)
            distance[order, column], _ = tree.query(inquirers, workers=workers)
    return distance


def winding_order(points: FloatArray) -> IntArray:
    """Order points by a lattice of 256 x 256 cells, up one column and down the next.

    Numbers of 16 bits are sorted digit by digit, in a time that is in proportion to their count.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    span = np.ptp(points, axis=0).max() or 1.0
    place = (points - points.min(axis=0)) / span * (_SIDE_CELLS - 1)
    across, along = place.astype(np.uint16).T
    along = np.where(across % 2, _SIDE_CELLS - 1 - along, along)
    key = (across * _SIDE_CELLS + along).astype(np.uint16)
    return np.argsort(key, kind="stable").astype(np.int64)


def sizes_and_thresholds(
    sizes: npt.ArrayLike, thresholds: npt.ArrayLike, targets: int
) -> tuple[FloatArray, FloatArray]:
    """Return sizes of targets and least sizes as arrays, once none of them is missing.

    Raises
    ------
    AlignmentError : there is not one size for each target, or a size or threshold is missing.
    """
    size, least = _numbers(sizes, "size"), _numbers(thresholds, "threshold")
    if len(size) != targets:
        raise AlignmentError(
            f"expected a size for each of {targets} targets, found {len(size)}",
            mend="Give the sizes in the order of the targets.",
        )
    return size, least


def _numbers(given: npt.ArrayLike, what: str) -> FloatArray:
    numbers = np.atleast_1d(np.asarray(given, dtype=np.float64))
    if numbers.ndim != 1 or np.isnan(numbers).any():
        raise AlignmentError(
            f"expected one number for each {what}, found"
            f" {np.count_nonzero(np.isnan(numbers))} missing in an array of {numbers.shape}",
            mend=f"Fill in the {what}, or leave out what has none.",
        )
    return numbers


def coordinates(given: npt.ArrayLike, what: str) -> FloatArray:
    """Return eastings and northings as an array (n, 2), once all of them are known.

    Parameters
    ----------
    what : what each row is the place of, for messages.

    Raises
    ------
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    places = np.asarray(given, dtype=np.float64)
    if not places.size:
        return places.reshape(0, 2)
    if places.ndim != 2 or places.shape[1] != 2:
        raise GeometryError(
            f"expected easting and northing of each {what}, found an array of {places.shape}",
            mend="Give one row of two numbers for each.",
        )
    finite = np.isfinite(places).all(axis=1)
    if not finite.all():
        position = int(np.argmin(finite))
        more = f" (and {np.count_nonzero(~finite) - 1} more)" if (~finite).sum() > 1 else ""
        raise GeometryError(
            f"expected finite coordinates, found {places[position].tolist()}{more}",
            place=f"{what} {position}",
            mend=f"Leave out each {what} that has no place.",
        )
    return places
