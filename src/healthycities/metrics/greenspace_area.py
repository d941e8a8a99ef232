"""How much accessible greenspace there is, for each person and as a share of the land."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import ratio_rows
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Accessible greenspace",
    needs=("small_area_greenspace", "areas", "small_area_population"),
    settings=("greenspace.public_functions",),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="greenspace_m2_per_person",
            title="Accessible greenspace for each person",
            unit="m² per person",
            direction="higher is better",
            statistic="ratio",
            method="Area of sites ({public_functions}) within the area, overlaps counted once, "
            "over its people.",
        ),
        Measure(
            name="greenspace_area_pct",
            title="Accessible greenspace as a share of the area",
            unit="% of area",
            direction="higher is better",
            statistic="proportion",
            method="Area of sites ({public_functions}) within the area, overlaps counted once, "
            "over its whole area; both in m².",
        ),
    ),
    caveats=(
        "OS Open Greenspace leaves out most natural greenspace and countryside: a lower bound.",
    ),
)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the sites are those of one date, the people of the year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    green_m2 = _column(levels, given, fields.GREENSPACE_AREA_M2)
    land_m2 = _column(levels, given, fields.ZONE_AREA_M2)
    for measure, below, scale, said in (
        (measures["greenspace_m2_per_person"], people, 1.0, note),
        (measures["greenspace_area_pct"], land_m2, 100.0, None),
    ):
        yield from ratio_rows(
            levels.of_small_areas(CARD.levels),
            measure,
            given.year,
            numerator=green_m2,
            denominator=below,
            scale=scale,
            note=said,
        )


def _column(levels: Levels, given: Given, column: str) -> FloatArray:
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    found = with_column(areas, given.inputs["small_area_greenspace"], column, "greenspace area")
    values: FloatArray = found[column].to_numpy(dtype=np.float64)
    return values
