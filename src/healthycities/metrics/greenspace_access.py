"""How many people live within a short way of accessible greenspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import joined, ratio_rows

CARD = MetricCard(
    title="Access to greenspace",
    needs=("centroid_access", "areas", "small_area_population"),
    settings=("greenspace.min_site_area_ha", "greenspace.radius_m"),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="people_near_greenspace_pct",
            title="People within {radius_m} m of an access point to a greenspace of "
            "{min_site_area_ha} ha or more",
            unit="% of people",
            direction="higher is better",
            statistic="proportion",
            method="All people of a small area counted at its population-weighted centroid; "
            "straight-line distance of at most {radius_m} m to the nearest access point of a "
            "public greenspace of {min_site_area_ha} ha or more.",
        ),
    ),
)


_EVERY_POINT = "the sites are not given: access points of every kind and size of site count"


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the greenspace is that of one date, the people of the year."""
    distances, radius_m = given.inputs["centroid_access"], given.keys["greenspace.radius_m"]
    return within(given, measures["people_near_greenspace_pct"], distances, radius_m)


def within(
    given: Given, measure: Measure, distances: pd.DataFrame, farthest_m: float
) -> Iterator[pd.DataFrame]:
    """Yield the share of people who have no farther to go, at all levels of the card.

    Parameters
    ----------
    given : with the areas, the people and the year.
    distances : of `tables.CENTROID_DISTANCE`; where one is missing, nobody is counted either way.
    """
    levels = Levels(given.inputs["areas"])
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    by_area = distances.set_index(fields.SMALL_AREA_CODE)
    every = None if by_area[fields.SITES_KNOWN].all() else _EVERY_POINT
    distance_m = by_area[fields.DISTANCE_M].reindex(levels.small_areas).to_numpy(np.float64)
    near = np.less_equal(distance_m, farthest_m)
    yield from ratio_rows(
        levels.of_small_areas(CARD.levels),
        measure,
        given.year,
        numerator=np.where(np.isnan(distance_m), np.nan, people * near),
        denominator=people,
        scale=100.0,
        note=joined(note, every),
    )
