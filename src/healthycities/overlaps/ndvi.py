"""What tells a raster of NDVI from any other: by its header, and by its values."""

from __future__ import annotations

import numpy as np

from healthycities.errors import SchemaError
from healthycities.io.blocks import BlockRaster
from healthycities.spatial.streaming import Statistics

LOWEST, HIGHEST = -1.0, 1.0


def require_fractions(raster: BlockRaster) -> None:
    """Refuse a raster of whole numbers by its header, before all of it is read.

    Raises
    ------
    SchemaError : its values are whole numbers, without a scale.
    """
    if raster.whole_numbers:
        raise SchemaError(
            "expected NDVI from -1 to 1, found whole numbers without a scale",
            file=raster.path,
            mend="Say in the file how they are scaled (gdal_edit.py -scale 0.0001); or, for"
            " classes, give green_cover.green_classes in place of green_cover.ndvi_threshold.",
        )


def require_index(found: Statistics, raster: BlockRaster) -> None:
    """Refuse values that are no NDVI.

    Raises
    ------
    SchemaError : one is below -1 or above 1.
    """
    extremes = np.concatenate([found.lowest, found.highest])
    wrong = extremes[(extremes < LOWEST) | (extremes > HIGHEST)]
    if len(wrong):
        raise SchemaError(
            f"expected NDVI from -1 to 1, found {wrong[np.argmax(np.abs(wrong))]:g}",
            file=raster.path,
            mend="Say in the file how its numbers are scaled (gdal_edit.py -scale 0.0001), and"
            " which of them stands for no value (-a_nodata).",
        )
