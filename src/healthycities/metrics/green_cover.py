"""How much of the land is green, and how green it is where people live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.level_names import DEPRIVATION_DECILE, ENGLAND, OUTSIDE_AUTHORITIES
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import NOTE_SEPARATOR, divided, joined, ratio_rows, year_note

CARD = MetricCard(
    title="Green cover",
    needs=("small_area_green_cover", "land_cover", "areas", "small_area_population"),
    settings=("green_cover.green_classes", "green_cover.ndvi_threshold"),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="green_cover_pct",
            title="Green cover, share of the land",
            unit="% of land",
            direction="higher is better",
            statistic="proportion",
            method="Area of {green_cells} over the area that has data, by the exact part of each "
            "cell of the raster; both in m². For England only where 99 % of it has data.",
        ),
        Measure(
            name="green_cover_people_pct",
            title="Green cover where people live, mean weighted by people",
            unit="% of land",
            direction="higher is better",
            statistic="mean weighted by people",
            method="Share of {green_cells} in the area of each small area that has data; mean of "
            "small areas by people. For England only where 99 % of its people have data. "
            "Numerator: people times the share.",
            levels=("district", "authority", "england", "deprivation_decile"),
        ),
    ),
    caveats=(
        "Neither measure says whether anybody may enter.",
        "The raster is of one date, whatever the year.",
    ),
)

ENOUGH_FOR_ENGLAND = 0.99
"""Less than all, because rasters and boundaries differ along the coast."""

_OF_ENGLAND = (ENGLAND, OUTSIDE_AUTHORITIES, DEPRIVATION_DECILE)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the raster is of one date, the people of the year."""
    levels = Levels.of(given)
    people, of_people = people_of_small_areas(
        levels, given.inputs["small_area_population"], given.year
    )
    of_raster = year_note("land cover", given.inputs["land_cover"].year, given.year)
    cover = given.inputs["small_area_green_cover"].set_index(fields.SMALL_AREA_CODE)
    green_m2, with_data_m2, zone_area_m2 = (
        cover.loc[levels.small_areas, column].to_numpy(dtype=np.float64)
        for column in (fields.GREEN_AREA_M2, fields.WITH_DATA_AREA_M2, fields.ZONE_AREA_M2)
    )
    of_land = ratio_rows(
        levels.of_small_areas(CARD.levels),
        measures["green_cover_pct"],
        given.year,
        numerator=green_m2,
        denominator=with_data_m2,
        whole=zone_area_m2,
        scale=100.0,
        note=of_raster,
    )
    of_homes = ratio_rows(
        levels.of_small_areas(CARD.levels),
        measures["green_cover_people_pct"],
        given.year,
        numerator=people * divided(green_m2, with_data_m2),
        denominator=people,
        known_share=divided(with_data_m2, zone_area_m2),
        scale=100.0,
        note=joined(of_people, of_raster),
    )
    for frame in (*of_land, *of_homes):
        yield england_where_covered(frame, levels)


def england_where_covered(frame: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    """Take away what would pass for all of England, or for a tenth of it, and is of a part.

    Deciles of a run on a part of England, which say so in their names, are kept.
    """
    if not levels.areas[fields.ALL_ENGLAND].all():
        return frame
    short = frame[fields.LEVEL].isin(_OF_ENGLAND) & (
        frame[fields.COVERED_SHARE] < ENOUGH_FOR_ENGLAND
    )
    numbers = [fields.VALUE, fields.NUMERATOR, fields.DENOMINATOR]
    frame.loc[short, numbers] = np.nan
    frame.loc[short, fields.NOTE] += f"{NOTE_SEPARATOR}too little to speak for England"
    return frame
