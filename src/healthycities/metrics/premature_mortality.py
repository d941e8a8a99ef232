"""The chance to die of non-communicable diseases between 30 and 70, and years of life lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.life import potential_years_of_life_lost, probability_of_dying
from healthycities.health.rates import FEWEST_EVENTS, Estimate
from healthycities.metrics.bands import Counts, abridged_starts, counts_of_districts, shared_sexes
from healthycities.metrics.mortality import notes_of_rates, of_cause_group, years_said
from healthycities.metrics.pooled import POOLED_KEY
from healthycities.metrics.rows import estimate_rows

CARD = MetricCard(
    title="Early death from non-communicable diseases",
    needs=("deaths", "population", "areas"),
    settings=("mortality.cause_group", "mortality.confidence", "mortality.pooled_years"),
    pooled=("deaths", "population"),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="{cause_group}_dying_30_to_70_pct",
            title="Early death from non-communicable diseases ({cause_group}), "
            "chance between 30 and 70",
            unit="% of people aged 30",
            direction="lower is better",
            statistic="probability of dying",
            counts="deaths from {cause_group}",
            method="Chance that somebody of 30 dies of these causes before 70, at the death rates "
            "of {period} by bands of five years and if nothing else killed (SDG indicator 3.4.1); "
            "interval with Chiang's variance; counts of districts are summed by sex and age first. "
            "Numerator: deaths at 30 to 69; denominator: {people} of 30 to 69.",
        ),
        Measure(
            name="{cause_group}_years_lost_under75",
            title="Years of life lost before 75 to non-communicable diseases ({cause_group})",
            unit="person-years a year",
            direction="lower is better",
            statistic="count",
            counts="deaths from {cause_group}",
            method="Each death under 75 takes the years from the middle of its band of age to 75; "
            "deaths of {period}, by the number of years; "
            "interval by Dobson's method, of the deaths alone; counts of districts are summed by "
            "sex and age first. Numerator: deaths under 75.",
        ),
    ),
)

YOUNGEST_AGE, OLDEST_AGE, YEARS_COUNTED_TO = 30, 70, 75


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year, by sex where both sources tell the sexes."""
    levels = Levels.of(given)
    population = given.inputs["population"]
    deaths, causes = of_cause_group(
        given.inputs["deaths"], str(given.keys["mortality.cause_group"])
    )
    starts = abridged_starts(deaths, population)
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    note = years_said(deaths, population, given.year)
    told = {
        name: replace(measure, method=f"{measure.method} Causes: {', '.join(causes)}.")
        for name, measure in measures.items()
    }
    for sex in shared_sexes(deaths, population):
        by_district = counts_of_districts(deaths, population, districts, starts, sex)
        for level in levels.of_districts(CARD.levels):
            counts = by_district.summed(level)
            chance = told["{cause_group}_dying_30_to_70_pct"]
            yield _chance_rows(level, chance, given, sex, counts, note)
            lost = told["{cause_group}_years_lost_under75"]
            yield _lost_rows(level, lost, given, sex, counts, note)


def _chance_rows(
    level: Level, measure: Measure, given: Given, sex: str, counts: Counts, note: str | None
) -> pd.DataFrame:
    """Give the chance, in percent; none below so few deaths that its interval would mislead."""
    confidence = float(given.keys["mortality.confidence"])
    deaths, people = counts.between(YOUNGEST_AGE, OLDEST_AGE)
    chance = probability_of_dying(
        counts.deaths, counts.people, counts.starts, YOUNGEST_AGE, OLDEST_AGE, confidence
    )
    enough = deaths >= FEWEST_EVENTS
    percent = Estimate(*(np.where(enough, 100 * part, np.nan) for part in chance))
    return estimate_rows(
        level,
        measure,
        given.year,
        percent,
        confidence,
        numerator=deaths,
        denominator=people,
        sex=sex,
        age=f"{YOUNGEST_AGE} to {OLDEST_AGE - 1}",
        notes=notes_of_rates(percent.value, deaths, note),
    )


def _lost_rows(
    level: Level, measure: Measure, given: Given, sex: str, counts: Counts, note: str | None
) -> pd.DataFrame:
    """Give the years that deaths under 75 take."""
    confidence = float(given.keys["mortality.confidence"])
    lost = potential_years_of_life_lost(counts.deaths, counts.starts, YEARS_COUNTED_TO, confidence)
    years = Estimate(*(part / given.keys[POOLED_KEY] for part in lost))
    deaths, _ = counts.between(0, YEARS_COUNTED_TO)
    return estimate_rows(
        level,
        measure,
        given.year,
        years,
        confidence,
        numerator=deaths,
        sex=sex,
        age=f"under {YEARS_COUNTED_TO}",
        notes=notes_of_rates(years.value, deaths, note),
    )
