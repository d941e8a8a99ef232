"""How many people live within the walk of accessible greenspace that each standard asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from healthycities.catalogue import Measure, MetricCard
from healthycities.given import Given
from healthycities.metrics.greenspace_access import within

CARD = MetricCard(
    title="Walk to greenspace",
    needs=("centroid_walk", "areas", "small_area_population"),
    by=("standard", "year"),
    settings=("greenspace.used_standards",),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="greenspace_{standard}_walk_pct",
            title="Greenspace: {standard_name} (along roads), people within a walk of "
            "{standard_max_distance_m} m of one {of_size}",
            unit="% of people",
            direction="higher is better",
            statistic="proportion",
            method="All people of a small area counted at its population-weighted centroid; walk "
            "along roads other than motorways of at most {standard_max_distance_m} m to the "
            "nearest access point of a public greenspace {of_size}, straight legs to and from the "
            "nearest road included. Standard: {standard_source}; {standard_standing}.",
            distance_kinds=("walk",),
        ),
    ),
    caveats=(
        "Footpaths are not in OS Open Roads, so that some walks are shorter than measured; nor are "
        "gates, steps and busy roads without a pavement, so that others are longer.",
        "Blue space does not count.",
    ),
)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one standard that asks for a walk; of others there are none."""
    for measure in measures.values():
        yield from within(given, measure, given.inputs["centroid_walk"])
