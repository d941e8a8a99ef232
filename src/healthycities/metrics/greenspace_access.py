"""How many people live as near to accessible greenspace as each standard asks, straight there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import AlignmentError
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import joined, ratio_rows
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Access to greenspace",
    needs=("centroid_access", "areas", "small_area_population"),
    by=("standard", "year"),
    settings=("greenspace.used_standards",),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="greenspace_{standard}_straight_pct",
            title="Greenspace: {standard_name} (straight line), people within "
            "{standard_max_distance_m} m of one {of_size}",
            unit="% of people",
            direction="higher is better",
            statistic="proportion",
            method="All people of a small area counted at its population-weighted centroid; "
            "straight-line distance of at most {standard_max_distance_m} m to the nearest access "
            "point of a public greenspace {of_size}. Standard: {standard_source}; "
            "{standard_standing}.{if_walk}",
        ),
    ),
    caveats=(
        "A whole small area counts as near or not, at its centroid.",
        "The sites are those of one date, whatever the year. Each counts by its own size: two that "
        "touch are not added up.",
        "OS Open Greenspace leaves out most of the large sites of the countryside, so that the "
        "shares of the standards for the largest sites are the most understated.",
    ),
)

_EVERY_POINT = "the sites are not given: access points of every kind and size of site count"
_NOWHERE = "no access point of such a greenspace is known, or none can be reached"


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one standard and year; the greenspace is that of one date."""
    for measure in measures.values():
        yield from within(given, measure, given.inputs["centroid_access"])


def within(given: Given, measure: Measure, distances: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the share of people who have no farther to go than the standard asks, at all levels.

    Parameters
    ----------
    given : with the areas, the people, the year and the standard.
    distances : of `tables.CENTROID_DISTANCE`; where one is missing, nobody is counted either way.

    Raises
    ------
    AlignmentError : the distances are of other sizes of greenspace than that of the standard.
    """
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    near = nearness(levels, distances, given.standard)
    yield from ratio_rows(
        levels.of_small_areas(CARD.levels),
        measure,
        given.year,
        numerator=people * near.share,
        denominator=people,
        scale=100.0,
        note=joined(note, near.note),
    )


class Nearness(NamedTuple):
    """Share of each small area's people within a standard, 0, 1 or NaN, and what to know of it."""

    share: FloatArray
    note: str | None


def nearness(levels: Levels, distances: pd.DataFrame, standard: Mapping[str, Any]) -> Nearness:
    """Return which small areas are as near to greenspace as a standard asks.

    Parameters
    ----------
    distances : of `tables.CENTROID_DISTANCE`; where one is missing, so is the share.
    standard : a row of `healthycities.health.access_standards`.

    Raises
    ------
    AlignmentError : the distances are of other sizes of greenspace than that of the standard.
    """
    by_area = _of_size(distances, standard)
    distance_m = by_area[fields.DISTANCE_M].reindex(levels.small_areas).to_numpy(np.float64)
    near = np.less_equal(distance_m, standard["max_distance_m"])
    every = None if by_area[fields.SITES_KNOWN].all() else _EVERY_POINT
    return Nearness(
        np.where(np.isnan(distance_m), np.nan, near), joined(every, _nowhere(distance_m))
    )


def _of_size(distances: pd.DataFrame, standard: Mapping[str, Any]) -> pd.DataFrame:
    """Return the distances to sites as large as a standard asks, by small area."""
    size_ha = standard["min_area_ha"]
    found = distances[distances[fields.MIN_AREA_HA] == size_ha]
    if found.empty:
        raise AlignmentError(
            f"expected distances to greenspace of {size_ha} ha or more, found those of"
            f" {', '.join(map(str, distances[fields.MIN_AREA_HA].unique()))} ha",
            mend="Build the distances again from the same configuration.",
        )
    return found.set_index(fields.SMALL_AREA_CODE)


def _nowhere(distance_m: FloatArray) -> str | None:
    return _NOWHERE if np.isnan(distance_m).all() else None
