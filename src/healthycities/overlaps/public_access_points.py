"""Access points that lead to public greenspace, each with the size of its site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.public_sites import are_public

CARD = OverlapCard(
    title="Access points of public greenspace, and how large their sites are",
    needs=("greenspace_access_points",),
    may_use=("greenspace_sites",),
    settings=("greenspace.public_functions",),
)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.PUBLIC_ACCESS_POINTS`, in the order of the access points.

    Without the sites every access point is in it, and the size of its site is missing.

    Raises
    ------
    AlignmentError : an access point names a site that is not in the file.
    """
    points = given.inputs["greenspace_access_points"]
    if "greenspace_sites" not in given.inputs:
        return _table(points, np.nan)
    sites = given.inputs["greenspace_sites"]
    place = pd.Index(sites[fields.SITE_ID]).get_indexer(points[fields.SITE_ID])
    _require_sites(points, place >= 0)
    public = are_public(sites, given.keys["greenspace.public_functions"]).to_numpy()[place]
    area_m2 = sites[fields.SITE_AREA_M2].to_numpy(np.float64)[place]
    return _table(points[public], area_m2[public])


def _table(points: pd.DataFrame, area_m2: Any) -> pd.DataFrame:
    east_m, north_m = shapely.get_coordinates(points.geometry.to_numpy()).T
    return pd.DataFrame(
        {
            fields.ACCESS_POINT_ID: points[fields.ACCESS_POINT_ID].to_numpy(),
            fields.EASTING_M: east_m,
            fields.NORTHING_M: north_m,
            fields.SITE_AREA_M2: area_m2,
        }
    )


def _require_sites(points: pd.DataFrame, known: np.ndarray) -> None:
    lost = points[~known]
    if len(lost):
        raise AlignmentError(
            f"expected the site of each of {len(points)} access points among the greenspace sites,"
            f" but {len(lost)} have none, the first of them {lost[fields.ACCESS_POINT_ID].iloc[0]}",
            place="greenspace_access_points",
            mend="Take both from one file; or leave out greenspace_sites, and ask for standards of"
            " access of 0 ha only.",
        )
