"""How green it is around the homes of each small area: the mean NDVI of the land near them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.blocks import BlockRaster
from healthycities.overlaps.homes import PLACE, homes_of
from healthycities.overlaps.ndvi import LOWEST, require_fractions, require_index
from healthycities.spatial.discs import discs
from healthycities.spatial.spans import Window
from healthycities.spatial.streaming import Block, Read, Statistics, statistics

CARD = OverlapCard(
    title="Mean NDVI of the land within some distance of each population-weighted centroid",
    needs=("areas", "centroids", "land_cover"),
    settings=("green_cover.ndvi_buffer_m",),
    parallel=True,
)

WATER_BELOW = 0.0
"""NDVI of open water is below 0, and that of land hardly ever."""


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.SMALL_AREA_NDVI`, in the order of the small areas.

    Each cell counts by the exact part of it within the disc; cells without a value, and those of
    water, are left out.

    Raises
    ------
    AlignmentError : a small area has no centroid.
    SchemaError : the raster is none of NDVI, or has no data around any home.
    """
    homes = homes_of(given)
    raster = given.inputs["land_cover"].raster
    require_fractions(raster)
    around = discs(homes[PLACE].to_numpy(np.float64), given.keys["green_cover.ndvi_buffer_m"])
    found = statistics(
        around, raster.grid, raster.windows, land_only(raster.read),
        scheduler=given.scheduler, workers=given.workers,
    )  # fmt: skip
    require_index(found, raster)
    _require_data(found, raster)
    return pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: homes[fields.SMALL_AREA_CODE].to_numpy(),
            fields.ZONE_AREA_M2: found.zone_area_m2,
            fields.WITH_DATA_AREA_M2: found.with_data_m2,
            fields.NDVI: found.mean,
        }
    )


def land_only(read: Read) -> Read:
    """Return what decodes windows of NDVI as another function does, without those of water."""
    return partial(_without_water, read)


def _without_water(read: Read, windows: Sequence[Window]) -> Iterator[Block]:
    for ndvi, present in read(windows):
        # What is below -1 is no water: it stays, to be refused.
        water = (ndvi < WATER_BELOW) & (ndvi >= LOWEST)
        yield Block(ndvi, ~water if present is None else present & ~water)


def _require_data(found: Statistics, raster: BlockRaster) -> None:
    """Refuse a raster of another place."""
    if not found.with_data_m2.any():
        raise SchemaError(
            f"has no data on land around the homes of any of the {len(found.with_data_m2)} small"
            " areas",
            file=raster.path,
            mend="Give a raster of the areas reported on; see its extent in a GIS.",
        )
