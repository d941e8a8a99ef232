"""Straight-line distances from where the people of a small area live to accessible greenspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.given import Given
from healthycities.overlaps.homes import PLACE, homes_of
from healthycities.spatial.access import nearest_distances_m
from healthycities.spatial.grid import FloatArray

CARD = OverlapCard(
    title="Distance from each population-weighted centroid to the nearest greenspace access point, "
    "for each size of greenspace",
    needs=("areas", "centroids", "public_access_points"),
    settings=("greenspace.sizes_ha",),
)

_HECTARE_M2 = 10_000.0


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.CENTROID_DISTANCE`, by small area and size.

    Raises
    ------
    AlignmentError : a small area has no centroid.
    """
    measured = partial(nearest_distances_m, workers=given.workers)
    return distances(given, given.keys["greenspace.sizes_ha"], measured)


def distances(
    given: Given, sizes_ha: Sequence[float], measured: Callable[..., FloatArray]
) -> pd.DataFrame:
    """Return the table `tables.CENTROID_DISTANCE` of any kind of distance, all sizes at once.

    Parameters
    ----------
    given : with the areas, the centroids and the access points.
    sizes_ha : k smallest sizes of site.
    measured : what gives n homes (n, 2) their distances (n, k) to the nearest of m access points
        (m, 2) whose sites (m) are of at least each of the sizes, in metres and hectares.

    Raises
    ------
    AlignmentError : a small area has no centroid.
    """
    homes = homes_of(given)
    points = given.inputs["public_access_points"]
    area_m2 = points[fields.SITE_AREA_M2]
    # A site that is not given may be of any size, and so counts where any size does.
    area_ha = area_m2.fillna(0).to_numpy(np.float64) / _HECTARE_M2
    distance_m = measured(homes[PLACE], points[PLACE], area_ha, sizes_ha)
    return pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: np.repeat(homes[fields.SMALL_AREA_CODE], len(sizes_ha)),
            fields.MIN_AREA_HA: np.tile(np.asarray(sizes_ha, np.float64), len(homes)),
            fields.DISTANCE_M: distance_m.ravel(),
            fields.SITES_KNOWN: bool(area_m2.notna().all()),
        }
    ).reset_index(drop=True)
