"""How much of each small area is green, by a raster of any size, and how much has data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.blocks import BlockRaster
from healthycities.overlaps.ndvi import require_fractions, require_index
from healthycities.spatial.grid import FloatArray, ObjectArray
from healthycities.spatial.streaming import class_areas, statistics

CARD = OverlapCard(
    title="Green area of each small area, and its area with data",
    needs=("areas", "small_areas", "land_cover"),
    settings=("green_cover.green_classes", "green_cover.ndvi_threshold"),
    parallel=True,
)


class _Measured(NamedTuple):
    """Areas of each zone: green, with data, and whole."""

    green_m2: FloatArray
    with_data_m2: FloatArray
    zone_area_m2: FloatArray


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.SMALL_AREA_GREEN_COVER`, in the order of the small areas.

    Raises
    ------
    SchemaError : the raster holds no classes where classes are asked for, or no NDVI; it has no
        data in any small area, or nothing green in any.
    """
    codes = given.inputs["areas"][fields.SMALL_AREA_CODE]
    shapes = given.inputs["small_areas"].set_index(fields.SMALL_AREA_CODE).geometry
    raster = given.inputs["land_cover"].raster
    found = _measured(shapes.loc[codes].to_numpy(), raster, given)
    _require_sense(found, raster, given)
    return pd.DataFrame(
        {
            fields.SMALL_AREA_CODE: codes.to_numpy(),
            fields.ZONE_AREA_M2: found.zone_area_m2,
            fields.WITH_DATA_AREA_M2: found.with_data_m2,
            fields.GREEN_AREA_M2: np.where(found.with_data_m2 > 0, found.green_m2, np.nan),
        }
    )


def _measured(zones: ObjectArray, raster: BlockRaster, given: Given) -> _Measured:
    classes = given.keys["green_cover.green_classes"]
    _require_kind(raster, of_classes=classes is not None)
    return (
        _above_threshold(zones, raster, given)
        if classes is None
        else _of_classes(zones, raster, classes, given)
    )


def _require_kind(raster: BlockRaster, *, of_classes: bool) -> None:
    """Refuse a raster of the other kind by its header, before all of it is read."""
    if not of_classes:
        require_fractions(raster)
    elif not raster.whole_numbers:
        raise SchemaError(
            "expected classes as whole numbers, found numbers with fractions",
            file=raster.path,
            mend="Give a raster of classes; or, for one of NDVI, green_cover.ndvi_threshold in"
            " place of green_cover.green_classes.",
        )


def _of_classes(
    zones: ObjectArray, raster: BlockRaster, classes: Sequence[int], given: Given
) -> _Measured:
    found = class_areas(
        zones, raster.grid, raster.windows, raster.read, classes,
        scheduler=given.scheduler, workers=given.workers,
    )  # fmt: skip
    return _Measured(found.area_m2.sum(axis=1), found.with_data_m2, found.zone_area_m2)


def _above_threshold(zones: ObjectArray, raster: BlockRaster, given: Given) -> _Measured:
    found = statistics(
        zones, raster.grid, raster.windows, raster.read,
        threshold=given.keys["green_cover.ndvi_threshold"],
        scheduler=given.scheduler, workers=given.workers,
    )  # fmt: skip
    require_index(found, raster)
    return _Measured(found.above_m2, found.with_data_m2, found.zone_area_m2)


def _require_sense(found: _Measured, raster: BlockRaster, given: Given) -> None:
    """Refuse a raster of another place, and a legend of another raster."""
    if not found.with_data_m2.any():
        raise SchemaError(
            f"has no data in any of the {len(found.with_data_m2)} small areas",
            file=raster.path,
            mend="Give a raster of the areas reported on; see its extent in a GIS.",
        )
    if not found.green_m2.any():
        said = [given.keys[key] for key in CARD.settings if given.keys[key] is not None]
        raise SchemaError(
            f"has nothing green in any of the {len(found.green_m2)} small areas: no cell is of the"
            f" classes, or above the threshold, {said[0]}",
            file=raster.path,
            mend="Take the codes of green_cover.green_classes, or green_cover.ndvi_threshold, from"
            " the raster's own legend.",
        )
