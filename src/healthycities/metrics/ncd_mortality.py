"""Deaths from non-communicable diseases, standardised for age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import SchemaError
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.rates import directly_standardised_rate
from healthycities.health.standards import STANDARD_STARTS, european_standard_population_2013
from healthycities.metrics.bands import by_district_and_band, shared_sexes, shared_starts
from healthycities.metrics.mortality import notes_of_rates, of_cause_group, years_said
from healthycities.metrics.rows import estimate_rows
from healthycities.spatial.grid import FloatArray, IntArray

CARD = MetricCard(
    title="Mortality from non-communicable diseases",
    needs=("deaths", "population", "areas"),
    settings=("mortality.cause_group", "mortality.confidence", "mortality.pooled_years"),
    pooled=("deaths", "population"),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="{cause_group}_mortality_per100k",
            title="Deaths from non-communicable diseases ({cause_group}), all ages",
            unit="per 100,000 people a year",
            direction="lower is better",
            statistic="directly standardised rate",
            method="European Standard Population 2013; interval by Dobson's method; counts of "
            "districts are summed by sex and age first. Deaths and people of {period}. "
            "Denominator: {people}.",
            counts="deaths from {cause_group}",
        ),
        Measure(
            name="{cause_group}_mortality_under75_per100k",
            title="Deaths from non-communicable diseases ({cause_group}), under 75",
            unit="per 100,000 people a year",
            direction="lower is better",
            statistic="directly standardised rate",
            method="European Standard Population 2013, ages under 75; interval by Dobson's method; "
            "counts of districts are summed by sex and age first. Deaths and people of {period}. "
            "Denominator: {people}.",
            counts="deaths from {cause_group}",
        ),
    ),
    caveats=(
        "WHO leaves renal complications of diabetes out of its four groups; counts by "
        "three-character code cannot.",
    ),
)

_MULTIPLIER = 100_000.0
_BELOW = {
    "{cause_group}_mortality_per100k": ("all ages", None),
    "{cause_group}_mortality_under75_per100k": ("under 75", 75),
}


class _Parts(NamedTuple):
    """Deaths and people of districts by band, and the standard's people in the same bands."""

    deaths: FloatArray
    people: FloatArray
    standard: FloatArray


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year, by sex where both sources tell the sexes."""
    levels = Levels.of(given)
    deaths, causes = of_cause_group(
        given.inputs["deaths"], str(given.keys["mortality.cause_group"])
    )
    population = given.inputs["population"]
    starts = shared_starts(deaths, population, STANDARD_STARTS)
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    for sex in shared_sexes(deaths, population):
        died = by_district_and_band(deaths, fields.DEATHS, districts, starts, sex)
        people = by_district_and_band(population, fields.PEOPLE, districts, starts, sex)
        for name, plain in measures.items():
            measure = _told_in_full(plain, causes, starts)
            age, below = _BELOW[name]
            parts = _up_to(below, starts, died, people)
            for level in levels.of_districts(CARD.levels):
                yield _rows(level, measure, given, sex, age, parts)


def _told_in_full(measure: Measure, causes: list[str], starts: IntArray) -> Measure:
    """Add the causes that are counted, and the bands of age where the standard has more."""
    told = f"{measure.method} Causes: {', '.join(causes)}."
    if len(starts) < len(STANDARD_STARTS):
        told += f" Bands of age start at {', '.join(map(str, starts))}."
    return replace(measure, method=told)


def _up_to(below: int | None, starts: IntArray, deaths: FloatArray, people: FloatArray) -> _Parts:
    """Keep the bands below an age, at which one of them has to end."""
    if below is not None and below not in starts:
        raise SchemaError(
            f"expected a band that starts at age {below} in deaths and population, found bands"
            f" that start at {starts.tolist()}",
            mend="Take both sources by bands of five years or less.",
        )
    young = np.full(len(starts), True) if below is None else starts < below
    standard = european_standard_population_2013(starts[young], below=below)
    return _Parts(deaths[:, young], people[:, young], standard)


def _rows(
    level: Level, measure: Measure, given: Given, sex: str, age: str, parts: _Parts
) -> pd.DataFrame:
    """Sum districts to the areas of a level by band, then standardise."""
    deaths, people = (level.weights.matrix @ counts for counts in (parts.deaths, parts.people))
    confidence = float(given.keys["mortality.confidence"])
    rate = directly_standardised_rate(
        deaths,
        people,
        parts.standard,
        _MULTIPLIER,
        confidence,
    )
    total = deaths.sum(axis=1)
    return estimate_rows(
        level,
        measure,
        given.year,
        rate,
        confidence,
        numerator=total,
        denominator=people.sum(axis=1),
        sex=sex,
        age=age,
        notes=notes_of_rates(
            rate.value,
            total,
            years_said(given.inputs["deaths"], given.inputs["population"], given.year),
        ),
    )
