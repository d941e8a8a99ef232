"""Healthy life expectancy at birth and at 65, and the share of life in good health, by sex."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.life import healthy_life_expectancy, share_of_life_in_health
from healthycities.health.rates import Estimate
from healthycities.metrics.bands import (
    Answers,
    Counts,
    abridged_starts,
    answers_of_districts,
    counts_of_districts,
    require_sexes,
    whole_starts,
)
from healthycities.metrics.life_tables import (
    CONFIDENCE_KEY,
    Reasons,
    life_rows,
    why_no_life_table,
)
from healthycities.metrics.mortality import of_all_causes, years_said
from healthycities.metrics.rows import NOT_KNOWN, joined, year_note, year_of

CARD = MetricCard(
    title="Healthy life expectancy",
    needs=("deaths", "population", "general_health", "areas"),
    settings=("mortality.confidence", "mortality.pooled_years"),
    pooled=("deaths", "population"),
    levels=("district", "authority", "england"),
    headlines=2,
    measures=(
        Measure(
            name="healthy_life_expectancy_male_years",
            title="Male healthy life expectancy at birth",
            unit="years",
            direction="higher is better",
            statistic="healthy life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Sullivan's method: years lived in each band of age of the life table of the "
            "males of {period}, times the share of males of that age who say that their health is "
            "good; interval of the deaths and of the people asked together; counts of districts "
            "are summed by age first. Numerator: deaths; denominator: {people}.",
        ),
        Measure(
            name="healthy_life_expectancy_female_years",
            title="Female healthy life expectancy at birth",
            unit="years",
            direction="higher is better",
            statistic="healthy life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Sullivan's method: years lived in each band of age of the life table of the "
            "females of {period}, times the share of females of that age who say that their health "
            "is good; interval of the deaths and of the people asked together; counts of districts "
            "are summed by age first. Numerator: deaths; denominator: {people}.",
        ),
        Measure(
            name="healthy_life_expectancy_65_male_years",
            title="Male healthy life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="healthy life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Years in good health that males of 65 have yet to live, as healthy life "
            "expectancy at birth is made. Numerator: deaths at 65 and over; denominator: "
            "{people} of 65 and over.",
        ),
        Measure(
            name="healthy_life_expectancy_65_female_years",
            title="Female healthy life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="healthy life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Years in good health that females of 65 have yet to live, as healthy life "
            "expectancy at birth is made. Numerator: deaths at 65 and over; denominator: "
            "{people} of 65 and over.",
        ),
        Measure(
            name="life_in_good_health_male_pct",
            title="Share of life in good health, males",
            unit="% of life",
            direction="higher is better",
            statistic="share of life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Male healthy life expectancy at birth over male life expectancy at birth, of "
            "one life table; interval by the delta method. Numerator: deaths; denominator: "
            "{people}.",
        ),
        Measure(
            name="life_in_good_health_female_pct",
            title="Share of life in good health, females",
            unit="% of life",
            direction="higher is better",
            statistic="share of life expectancy",
            counts="deaths from all causes",
            proportional=False,
            method="Female healthy life expectancy at birth over female life expectancy at birth, "
            "of one life table; interval by the delta method. Numerator: deaths; denominator: "
            "{people}.",
        ),
    ),
    caveats=(
        "People say themselves how their health is: places, ages and years may differ in what they "
        "call good.",
        "Published figures rest on three years of deaths and on prevalence that is modelled from a "
        "survey: a census, or the people asked as they are, give other years in health.",
        "Of a sample survey the people asked are added up as they are: the share of an authority "
        "leans to those of its districts where a larger part of the people was asked, and its "
        "interval takes no account of the design of the sample.",
    ),
)


class _Told(NamedTuple):
    """What is told of a life table: numbers made from it, by measure and age, times a scale."""

    made_by: Callable[..., Estimate]
    ages: Mapping[str, int]
    scale: float = 1.0


_MEASURES = {
    sex: (
        _Told(
            healthy_life_expectancy,
            {
                f"healthy_life_expectancy_{sex}_years": 0,
                f"healthy_life_expectancy_65_{sex}_years": 65,
            },
        ),
        _Told(share_of_life_in_health, {f"life_in_good_health_{sex}_pct": 0}, scale=100.0),
    )
    for sex in ("male", "female")
}


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year, each measure by the sex that it is of.

    Raises
    ------
    SchemaError : a table has the sexes together, or bands that make no life table; or one of
        general health has a band that cuts through those of the life table.
    """
    levels = Levels.of(given)
    deaths, population = of_all_causes(given.inputs["deaths"]), given.inputs["population"]
    health = given.inputs["general_health"]
    told = {"deaths": deaths, "population": population, "general_health": health}
    require_sexes("healthy_life_expectancy", told)
    starts = abridged_starts(deaths, population)
    joined_starts = whole_starts(health, starts)
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    of_health = year_note("general health", year_of(health), given.year)
    note = joined(years_said(deaths, population, given.year), of_health)
    for sex in _MEASURES:
        counts = counts_of_districts(deaths, population, districts, starts, sex)
        answers = answers_of_districts(health, districts, joined_starts, sex)
        for level in levels.of_districts(CARD.levels):
            parts = counts.summed(level), answers.summed(level)
            yield from _rows(level, measures, given, sex, *parts, note)


def _rows(
    level: Level,
    measures: Mapping[str, Measure],
    given: Given,
    sex: str,
    counts: Counts,
    answers: Answers,
    note: str | None,
) -> Iterator[pd.DataFrame]:
    """Make a life table of each area, and give what it says of years in good health."""
    confidence = float(given.keys[CONFIDENCE_KEY])
    reasons = _why_missing(counts, answers)
    for told in _MEASURES[sex]:
        found = told.made_by(
            counts.deaths,
            counts.people,
            answers.prevalence,
            answers.asked,
            counts.starts,
            confidence,
            prevalence_starts=answers.starts,
        )
        scaled = Estimate(*(told.scale * part for part in found))
        for name, age in told.ages.items():
            measure = measures[name]
            yield life_rows(level, measure, given, scaled, counts, age, sex, reasons, note)


def _why_missing(counts: Counts, answers: Answers) -> Reasons:
    """Say of each area why it would have no years in health, if it has none."""
    reasons = dict(why_no_life_table(counts))
    reasons[NOT_KNOWN] = reasons[NOT_KNOWN] | np.isnan(answers.asked).any(axis=1)
    nobody = (answers.asked == 0).any(axis=1)
    return {**reasons, "nobody was asked for their health in a band of age": nobody}
