"""Straight-line distances to the nearest of many places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from healthycities.errors import GeometryError
from healthycities.spatial.grid import FloatArray


def nearest_distance_m(points_m: npt.ArrayLike, targets_m: npt.ArrayLike) -> FloatArray:
    """Measure the straight-line distance from each point to the nearest target.

    Parameters
    ----------
    points_m : (n, 2) eastings and northings, in metres.
    targets_m : (m, 2) eastings and northings, in metres.

    Returns
    -------
    n float64 distances in metres, all NaN where there are no targets.

    Raises
    ------
    GeometryError : a coordinate is missing or not finite, or there are not two of them.
    """
    points = _coordinates(points_m, "point")
    targets = _coordinates(targets_m, "target")
    if not len(points) or not len(targets):
        return np.full(len(points), np.nan)
    distance, _ = cKDTree(targets).query(points)
    return np.asarray(distance, dtype=np.float64)


def _coordinates(given: npt.ArrayLike, what: str) -> FloatArray:
    coordinates = np.asarray(given, dtype=np.float64)
    if not coordinates.size:
        return coordinates.reshape(0, 2)
    if coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise GeometryError(
            f"expected easting and northing of each {what}, found an array of {coordinates.shape}",
            mend="Give one row of two numbers for each.",
        )
    finite = np.isfinite(coordinates).all(axis=1)
    if not finite.all():
        position = int(np.argmin(finite))
        raise GeometryError(
            f"expected finite coordinates, found {coordinates[position].tolist()}",
            place=f"{what} {position}",
            mend=f"Leave out each {what} that has no place.",
        )
    return coordinates
