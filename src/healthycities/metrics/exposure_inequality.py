"""How exposure to air pollution differs within an authority: by deprivation, and among people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.inequality import (
    concentration_index,
    gap,
    own_quantiles,
    slope_index,
    weighted_quantiles,
)
from healthycities.health.rates import Estimate
from healthycities.metrics.exposure import small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import divided, joined, notes_of, rows, year_note
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray, IntArray

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

TENTHS, FIFTHS = 10, 5
TOO_FEW = "too few small areas: a tenth of the people has none of its own"
_SHARES = {"{pollutant}_p10_ugm3": 0.1, "{pollutant}_p50_ugm3": 0.5, "{pollutant}_p90_ugm3": 0.9}


class _Small(NamedTuple):
    """What is known of each small area: its people, its mean, the share it rests on, its rank."""

    people: FloatArray
    mean_ugm3: FloatArray
    covered_share: FloatArray
    rank: FloatArray

    @property
    def people_known(self) -> FloatArray:
        """People of the small areas that have a mean; 0 of the others."""
        return np.where(np.isnan(self.mean_ugm3), 0.0, self.people)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one pollutant and year."""
    levels = Levels(given.inputs["areas"])
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid = given.inputs["air_quality"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    rank = _ranks(levels, given.inputs["deprivation"])
    small = _Small(people, means.value, means.covered_share, rank)
    notes = joined(note, year_note("concentrations", grid.year, given.year))
    for level in levels.of_small_areas(CARD.levels):
        covered = _covered(level, small)
        group = _group(level)
        by_name = _by_deprivation(group, len(level.names), small) | _spread(
            group, len(level.names), small
        )
        for name, measure in measures.items():
            yield rows(
                level,
                measure,
                given.year,
                value=by_name[name],
                covered_share=np.nan_to_num(covered),
                notes=_notes(by_name[name], covered, notes),
            )


def _ranks(levels: Levels, deprivation: pd.DataFrame) -> FloatArray:
    """Return the rank in England of each small area, 1 the most deprived."""
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    ranked = with_column(areas, deprivation, fields.DEPRIVATION_RANK, "deprivation rank")
    return np.asarray(ranked[fields.DEPRIVATION_RANK], dtype=np.float64)


def _group(level: Level) -> IntArray:
    """Return the area of the level that each small area lies in, by its place; -1 for none."""
    group = np.full(level.weights.matrix.shape[1], -1, dtype=np.int64)
    member = level.weights.matrix.tocoo()
    group[member.col] = member.row
    return group


def _covered(level: Level, small: _Small) -> FloatArray:
    """Return the share of the people of each area who live on ground with a concentration."""
    matrix = level.weights.matrix
    known = matrix @ (small.people_known * np.nan_to_num(small.covered_share))
    return np.asarray(np.minimum(divided(known, matrix @ small.people), 1.0))


def _by_deprivation(group: IntArray, areas: int, small: _Small) -> dict[str, FloatArray]:
    """Return the measures over each area's own tenths and fifths of people, by deprivation."""
    people, means = _of_quantiles(group, areas, small, TENTHS)
    fifths = _of_quantiles(group, areas, small, FIFTHS)[1]
    most, least = (_without_limits(fifths[:, end]) for end in (0, -1))
    # What is better when lower: a negative factor makes more exposure of the deprived positive.
    slope = slope_index(people, means, multiplier=-1, interval="delta")
    return {
        "deprivation_gap_{pollutant}_ugm3": gap(most, least).absolute.value,
        "deprivation_slope_{pollutant}_ugm3": slope.value,
        "deprivation_ratio_{pollutant}": slope.rii.value,
        "concentration_index_{pollutant}": concentration_index(people, means).value,
    }


def _of_quantiles(
    group: IntArray, areas: int, small: _Small, quantiles: int
) -> tuple[FloatArray, FloatArray]:
    """Return people who have a concentration, and their mean, of areas x own quantiles."""
    place = own_quantiles(small.rank, small.people_known, group, areas, quantiles)
    counted = place >= 0
    cell = group[counted] * quantiles + place[counted]
    people = small.people[counted]
    total, exposure = np.zeros((2, areas * quantiles))
    np.add.at(total, cell, people)
    np.add.at(exposure, cell, people * small.mean_ugm3[counted])
    means = divided(exposure, total)
    return total.reshape(areas, quantiles), means.reshape(areas, quantiles)


def _without_limits(value: FloatArray) -> Estimate:
    return Estimate(value, np.full(value.shape, np.nan), np.full(value.shape, np.nan))


def _spread(group: IntArray, areas: int, small: _Small) -> dict[str, FloatArray]:
    """Return the concentrations at or below which shares of each area's people live."""
    found = weighted_quantiles(small.mean_ugm3, small.people, group, areas, list(_SHARES.values()))
    return dict(zip(_SHARES, found.T, strict=True))


def _notes(value: FloatArray, covered: FloatArray, note: str | None) -> npt.NDArray[np.object_]:
    """Return what values rest on, or why they are null where somebody has a concentration."""
    few = np.isnan(value) & (covered > 0)
    texts = [
        joined(note, TOO_FEW) if lacks else text
        for lacks, text in zip(few, notes_of(value, covered, note), strict=True)
    ]
    return np.array(texts, dtype=object)
