"""Exposure to air pollution where people live, against the guidelines for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import ConfigError
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.health.guidelines import guideline_ugm3
from healthycities.metrics.exposure import small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import joined, ratio_rows, year_note
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Exposure to air pollution",
    needs=("air_quality", "small_area_cells", "areas", "small_area_population"),
    by=("pollutant", "year"),
    levels=("small_area", "district", "authority", "england", "deprivation_decile"),
    measures=(
        Measure(
            name="{pollutant}_mean_ugm3",
            title="{pollutant_label}, annual mean weighted by people",
            unit="µg/m³",
            direction="lower is better",
            statistic="mean weighted by people",
            method="Mean of the 1 km cells of a small area by exact covered area; mean of small "
            "areas by people. Numerator: people times µg/m³.",
        ),
        Measure(
            name="people_above_who2021_{pollutant}_pct",
            title="People above the WHO 2021 guideline for {pollutant_label} "
            "({who2021_ugm3} µg/m³)",
            unit="% of people",
            direction="lower is better",
            statistic="proportion",
            method="People of small areas whose annual mean is above {who2021_ugm3} µg/m³.",
            pollutants=("pm25", "pm10", "no2"),
            levels=("district", "authority", "england", "deprivation_decile"),
        ),
        Measure(
            name="people_above_england2040_{pollutant}_pct",
            title="People above England's {pollutant_label} target for 2040 "
            "({england2040_ugm3} µg/m³)",
            unit="% of people",
            direction="lower is better",
            statistic="proportion",
            method="People of small areas whose annual mean is above {england2040_ugm3} µg/m³: a "
            "proxy from modelled values, not an assessment of compliance.",
            pollutants=("pm25",),
            levels=("district", "authority", "england", "deprivation_decile"),
        ),
    ),
    caveats=(
        "Modelled background concentrations are not measurements, and a comparison with a legal "
        "target is a proxy, not an assessment of compliance.",
        "PM2.5 and NO2 overlap: their burdens are not to be added.",
    ),
)


_THRESHOLDS = {
    "people_above_who2021_{pollutant}_pct": "who2021",
    "people_above_england2040_{pollutant}_pct": "england2040",
}


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one pollutant and year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid = given.inputs["air_quality"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    notes = joined(note, year_note("concentrations", grid.year, given.year))
    for name, measure in measures.items():
        above = _THRESHOLDS.get(name)
        per_person = (
            means.value if above is None else _is_above(means.value, given.pollutant, above)
        )
        yield from ratio_rows(
            levels.of_small_areas(CARD.levels),
            measure,
            given.year,
            numerator=people * per_person,
            denominator=people,
            known_share=means.covered_share,
            scale=1.0 if above is None else 100.0,
            note=notes,
        )


def _is_above(mean_ugm3: FloatArray, pollutant: str, guideline: str) -> FloatArray:
    """1 where a mean is above a guideline, 0 where it is not, NaN where it is not known."""
    limit_ugm3 = guideline_ugm3(pollutant, guideline)
    if limit_ugm3 is None:
        raise ConfigError(f"{guideline} gives no value for {pollutant}", place="guidelines.csv")
    return np.where(np.isnan(mean_ugm3), np.nan, np.greater(mean_ugm3, limit_ugm3))
