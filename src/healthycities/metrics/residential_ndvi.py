"""How green it is around the homes of people, by NDVI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.metrics.green_cover import england_where_covered
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import divided, joined, ratio_rows, year_note
from healthycities.spatial.weights import Aggregate

CARD = MetricCard(
    title="NDVI around homes",
    needs=("small_area_ndvi", "land_cover", "areas", "small_area_population"),
    settings=("green_cover.ndvi_buffer_m",),
    asked_by=("green_cover.ndvi_threshold",),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="ndvi_around_homes",
            title="Mean NDVI within {ndvi_buffer_m} m of homes, weighted by people",
            unit="NDVI from -1 to 1",
            direction="higher is better",
            statistic="mean weighted by people",
            method="Mean of the land within {ndvi_buffer_m} m of the population-weighted centroid "
            "of each small area, by the exact part of each cell of the raster, without water "
            "(NDVI below 0) and cells without data; mean of small areas by people. The disc is a "
            "polygon of 128 vertices, with the area of a circle. For England only where 99 % of "
            "what is around its people has data. Numerator: people times NDVI.",
        ),
    ),
    caveats=(
        "All homes of a small area stand at its centroid.",
        "NDVI depends on season, sensor and size of cell, and is of one date, whatever the year: "
        "compare places within one raster, not rasters.",
    ),
)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the raster is of one date, the people of the year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    near = around_homes(levels, given.inputs["small_area_ndvi"])
    of_raster = year_note("NDVI", given.inputs["land_cover"].year, given.year)
    for frame in ratio_rows(
        levels.of_small_areas(CARD.levels),
        measures["ndvi_around_homes"],
        given.year,
        numerator=people * near.value,
        denominator=people,
        known_share=near.covered_share,
        note=joined(note, of_raster),
    ):
        yield england_where_covered(frame, levels)


def around_homes(levels: Levels, table: pd.DataFrame) -> Aggregate:
    """Return the NDVI around the homes of each small area, and the share of that ground with data.

    Parameters
    ----------
    table : of `tables.SMALL_AREA_NDVI`.
    """
    found = table.set_index(fields.SMALL_AREA_CODE).loc[levels.small_areas]
    ndvi, with_data_m2, around_m2 = (
        found[column].to_numpy(dtype=np.float64)
        for column in (fields.NDVI, fields.WITH_DATA_AREA_M2, fields.ZONE_AREA_M2)
    )
    return Aggregate(ndvi, np.minimum(divided(with_data_m2, around_m2), 1.0))
