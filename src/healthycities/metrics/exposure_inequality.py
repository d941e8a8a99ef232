"""How exposure to air pollution differs within an authority: by deprivation, and among people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.metrics.exposure import small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import joined, rows, with_cut, year_note
from healthycities.metrics.social_gradient import (
    TOO_FEW,
    SmallAreas,
    covered,
    gradient,
    gradient_notes,
    ranks,
    spread,
)
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Inequality of exposure to air pollution",
    needs=(
        "air_quality",
        "small_area_cells",
        "areas",
        "small_area_population",
        "deprivation",
    ),
    by=("pollutant", "year"),
    levels=("authority", "england"),
    measures=(
        Measure(
            name="deprivation_gap_{pollutant}_ugm3",
            title="{pollutant_label} gap by deprivation, most to least fifth",
            unit="µg/m³",
            direction="neither",
            statistic="difference of means",
            method="Mean of the most deprived fifth of the area's own people less that of the "
            "least deprived, by small area; 0 is equality, above 0 the most deprived breathe more. "
            "Concentrations are modelled and have no standard error: no interval is given.",
        ),
        Measure(
            name="deprivation_slope_{pollutant}_ugm3",
            title="{pollutant_label} slope index of inequality by deprivation",
            unit="µg/m³",
            direction="neither",
            statistic="slope index of inequality",
            method="Line through the means of the tenths of the area's own people by deprivation: "
            "its value at the most deprived end less that at the least; 0 is equality, above 0 the "
            "most deprived breathe more. Concentrations are modelled and have no standard error: "
            "no interval is given.",
        ),
        Measure(
            name="deprivation_ratio_{pollutant}",
            title="{pollutant_label} relative index of inequality by deprivation",
            unit="ratio",
            direction="neither",
            statistic="relative index of inequality",
            method="The line of the slope index: its value at the most deprived end over that at "
            "the least; 1 is equality. Concentrations are modelled and have no standard error: no "
            "interval is given.",
        ),
        Measure(
            name="concentration_index_{pollutant}",
            title="{pollutant_label} concentration index by deprivation",
            unit="index from -1 to 1",
            direction="neither",
            statistic="concentration index",
            method="Of the means of the tenths of the area's own people by deprivation; 0 is "
            "equality, below 0 the most deprived breathe more. Concentrations are modelled and "
            "have no standard error: no interval is given.",
        ),
        Measure(
            name="{pollutant}_p10_ugm3",
            title="{pollutant_label}, at or below which 10 % of people live",
            unit="µg/m³",
            direction="lower is better",
            statistic="quantile of people",
            method="Lowest mean of a small area that leaves 10 % of people at or below it.",
        ),
        Measure(
            name="{pollutant}_p50_ugm3",
            title="{pollutant_label}, at or below which 50 % of people live",
            unit="µg/m³",
            direction="lower is better",
            statistic="quantile of people",
            method="Lowest mean of a small area that leaves 50 % of people at or below it.",
        ),
        Measure(
            name="{pollutant}_p90_ugm3",
            title="{pollutant_label}, at or below which 90 % of people live",
            unit="µg/m³",
            direction="lower is better",
            statistic="quantile of people",
            method="Lowest mean of a small area that leaves 90 % of people at or below it.",
        ),
    ),
)

_SHARES = {"{pollutant}_p10_ugm3": 0.1, "{pollutant}_p50_ugm3": 0.5, "{pollutant}_p90_ugm3": 0.9}
_MORE_IS_WORSE = -1


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one pollutant and year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid = given.inputs["air_quality"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    rank = ranks(levels, given.inputs["deprivation"])
    small = SmallAreas(people, means.value, means.covered_share, rank)
    notes = joined(note, year_note("concentrations", grid.year, given.year))
    for level in levels.of_small_areas(CARD.levels):
        share, cut = covered(level, small), level.estimated_share(people)
        by_name = _by_deprivation(level, small) | _spread(level, small)
        for name, measure in measures.items():
            yield rows(
                level,
                measure,
                given.year,
                value=by_name[name],
                covered_share=np.nan_to_num(share),
                estimated_share=cut,
                notes=with_cut(gradient_notes(by_name[name], share, TOO_FEW, notes), cut),
            )


def _by_deprivation(level: Level, small: SmallAreas) -> dict[str, FloatArray]:
    found = gradient(level, small, multiplier=_MORE_IS_WORSE)
    return {
        "deprivation_gap_{pollutant}_ugm3": found.gap,
        "deprivation_slope_{pollutant}_ugm3": found.slope,
        "deprivation_ratio_{pollutant}": found.ratio,
        "concentration_index_{pollutant}": found.concentration,
    }


def _spread(level: Level, small: SmallAreas) -> dict[str, FloatArray]:
    found = spread(level, small, list(_SHARES.values()))
    return dict(zip(_SHARES, found.T, strict=True))
