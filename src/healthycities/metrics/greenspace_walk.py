"""How many people live within a walk along roads of accessible greenspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from healthycities.catalogue import Measure, MetricCard
from healthycities.given import Given
from healthycities.metrics.greenspace_access import within

CARD = MetricCard(
    title="Walk to greenspace",
    needs=("centroid_walk", "areas", "small_area_population"),
    settings=("greenspace.min_site_area_ha", "greenspace.walk_m"),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="people_in_walk_of_greenspace_pct",
            title="People within a walk of {walk_m} m of an access point to a greenspace of "
            "{min_site_area_ha} ha or more",
            unit="% of people",
            direction="higher is better",
            statistic="proportion",
            method="All people of a small area counted at its population-weighted centroid; walk "
            "along roads other than motorways of at most {walk_m} m to the nearest access point of "
            "a public greenspace of {min_site_area_ha} ha or more, straight legs to and from the "
            "nearest road included.",
        ),
    ),
)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; greenspace and roads are of one date, the people of the year."""
    distances, walk_m = given.inputs["centroid_walk"], given.keys["greenspace.walk_m"]
    return within(given, measures["people_in_walk_of_greenspace_pct"], distances, walk_m)
