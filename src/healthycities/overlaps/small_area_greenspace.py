"""Area of accessible greenspace in each small area, overlapping sites counted once."""

from __future__ import annotations

import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.given import Given
from healthycities.overlaps.public_sites import are_public
from healthycities.spatial.area import union_area_m2

CARD = OverlapCard(
    title="Area of accessible greenspace in each small area",
    needs=("areas", "small_areas", "greenspace_sites"),
    settings=("greenspace.public_functions",),
    parallel=True,
)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.SMALL_AREA_GREENSPACE`, in the order of the small areas."""
    codes = given.inputs["areas"][fields.SMALL_AREA_CODE]
    shapes = given.inputs["small_areas"].set_index(fields.SMALL_AREA_CODE).geometry
    zones = shapes.loc[codes].to_numpy()
    sites = given.inputs["greenspace_sites"]
    public = are_public(sites, given.keys["greenspace.public_functions"])
    green_m2 = union_area_m2(
        zones, sites.geometry[public].to_numpy(), scheduler=given.scheduler, workers=given.workers
    )
    return pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: codes.to_numpy(),
            fields.ZONE_AREA_M2: shapely.area(zones),
            fields.GREENSPACE_AREA_M2: green_m2,
        }
    )
