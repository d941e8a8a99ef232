"""Straight-line distance from where the people of a small area live to accessible greenspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.areas import with_column
from healthycities.overlaps.public_sites import are_public
from healthycities.spatial.access import nearest_distance_m
from healthycities.spatial.grid import FloatArray

CARD = OverlapCard(
    title="Distance from each population-weighted centroid to the nearest greenspace access point",
    needs=("areas", "centroids", "greenspace_access_points"),
    may_use=("greenspace_sites",),
    settings=("greenspace.min_site_area_ha", "greenspace.public_functions"),
)

_HECTARE_M2 = 10_000.0


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.CENTROID_DISTANCE`, in the order of the small areas."""
    return distances(given, partial(nearest_distance_m, workers=given.workers))


def distances(given: Given, measured: Callable[[Any, FloatArray], FloatArray]) -> pd.DataFrame:
    """Return the table `tables.CENTROID_DISTANCE` of any kind of distance.

    Without the sites every access point counts, and the table says so.

    Parameters
    ----------
    given : with the areas, the centroids, the access points and, it may be, the sites.
    measured : what gives each of n homes (n, 2) the distance to the nearest of m access points
        (m, 2), all in metres.

    Raises
    ------
    AlignmentError : a small area has no centroid, or an access point names a site not in the file.
    """
    homes = given.inputs["areas"][[fields.SMALL_AREA_CODE]]
    for axis in (fields.EASTING_M, fields.NORTHING_M):
        homes = with_column(homes, given.inputs["centroids"], axis, "centroid")
    points = given.inputs["greenspace_access_points"]
    sites_known = "greenspace_sites" in given.inputs
    if sites_known:
        points = points[_leads_to(points, _wanted(given.inputs["greenspace_sites"], given.keys))]
    distance_m = measured(homes[[fields.EASTING_M, fields.NORTHING_M]], _coordinates(points))
    columns = {fields.DISTANCE_M: distance_m, fields.SITES_KNOWN: sites_known}
    return homes[[fields.SMALL_AREA_CODE]].assign(**columns)


def _coordinates(points: Any) -> FloatArray:
    found: FloatArray = shapely.get_coordinates(points.geometry.to_numpy())
    return found


def _wanted(sites: pd.DataFrame, keys: Mapping[str, Any]) -> pd.Series:
    """Tell, by site, whether it is public and large enough."""
    public = are_public(sites, keys["greenspace.public_functions"])
    large = sites[fields.SITE_AREA_M2] >= keys["greenspace.min_site_area_ha"] * _HECTARE_M2
    return pd.Series((public & large).to_numpy(), index=sites[fields.SITE_ID])


def _leads_to(points: pd.DataFrame, wanted: pd.Series) -> pd.Series:
    """Tell, by access point, whether it leads to a wanted site."""
    site = points[fields.SITE_ID]
    lost = points[~site.isin(wanted.index)]
    if len(lost):
        raise AlignmentError(
            f"expected the site of each of {len(points)} access points among the greenspace sites,"
            f" but {len(lost)} have none, the first of them {lost[fields.ACCESS_POINT_ID].iloc[0]}",
            place="greenspace_access_points",
            mend="Take both from one file; or leave out greenspace_sites and set"
            " greenspace.min_site_area_ha to 0.",
        )
    return site.map(wanted).astype(bool)
