"""Life expectancy at birth and at 65, by sex."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.life import life_expectancy
from healthycities.metrics.bands import (
    Counts,
    abridged_starts,
    counts_of_districts,
    require_sexes,
)
from healthycities.metrics.life_tables import (
    CONFIDENCE_KEY,
    life_rows,
    why_no_life_table,
)
from healthycities.metrics.mortality import of_all_causes, years_said

CARD = MetricCard(
    title="Life expectancy",
    needs=("deaths", "population", "areas"),
    settings=("mortality.confidence", "mortality.pooled_years"),
    pooled=("deaths", "population"),
    levels=("district", "authority", "england"),
    headlines=2,
    measures=(
        Measure(
            name="life_expectancy_male_years",
            title="Male life expectancy at birth",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Chiang's abridged life table of the males of {period} in 20 bands of age; "
            "interval with Silcocks' variance of the last band; counts of districts are summed by "
            "age first. Numerator: deaths; denominator: {people}.",
        ),
        Measure(
            name="life_expectancy_female_years",
            title="Female life expectancy at birth",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Chiang's abridged life table of the females of {period} in 20 bands of age; "
            "interval with Silcocks' variance of the last band; counts of districts are summed by "
            "age first. Numerator: deaths; denominator: {people}.",
        ),
        Measure(
            name="life_expectancy_65_male_years",
            title="Male life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Years that males of 65 have yet to live, from the life table of life "
            "expectancy at birth. Numerator: deaths at 65 and over; denominator: {people} of 65 "
            "and over.",
        ),
        Measure(
            name="life_expectancy_65_female_years",
            title="Female life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Years that females of 65 have yet to live, from the life table of life "
            "expectancy at birth. Numerator: deaths at 65 and over; denominator: {people} of 65 "
            "and over.",
        ),
    ),
)

_MEASURES = {
    "male": {"life_expectancy_male_years": 0, "life_expectancy_65_male_years": 65},
    "female": {"life_expectancy_female_years": 0, "life_expectancy_65_female_years": 65},
}


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year, each measure by the sex that it is of."""
    levels = Levels.of(given)
    deaths, population = of_all_causes(given.inputs["deaths"]), given.inputs["population"]
    require_sexes("life_expectancy", {"deaths": deaths, "population": population})
    starts = abridged_starts(deaths, population)
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    note = years_said(deaths, population, given.year)
    for sex, ages in _MEASURES.items():
        counts = counts_of_districts(deaths, population, districts, starts, sex)
        chosen = {age: measures[name] for name, age in ages.items()}
        for level in levels.of_districts(CARD.levels):
            yield from _rows(level, chosen, given, sex, counts.summed(level), note)


def _rows(
    level: Level,
    measures: Mapping[int, Measure],
    given: Given,
    sex: str,
    counts: Counts,
    note: str | None,
) -> Iterator[pd.DataFrame]:
    """Make a life table of each area, and give what it says of each age."""
    confidence = float(given.keys[CONFIDENCE_KEY])
    years = life_expectancy(counts.deaths, counts.people, counts.starts, confidence)
    reasons = why_no_life_table(counts)
    for age, measure in measures.items():
        yield life_rows(level, measure, given, years, counts, age, sex, reasons, note)
