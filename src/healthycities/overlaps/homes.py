"""Where the people of each small area live: its population-weighted centroid."""

from __future__ import annotations

import pandas as pd

from healthycities import fields
from healthycities.given import Given
from healthycities.overlaps.areas import with_column

PLACE = [fields.EASTING_M, fields.NORTHING_M]


def homes_of(given: Given) -> pd.DataFrame:
    """Return the code of each small area reported on, in order, and its centroid in m.

    Parameters
    ----------
    given : with the areas and the centroids.

    Raises
    ------
    AlignmentError : a small area has no centroid.
    """
    homes = given.inputs["areas"][[fields.SMALL_AREA_CODE]]
    for axis in PLACE:
        homes = with_column(homes, given.inputs["centroids"], axis, "centroid")
    return homes
