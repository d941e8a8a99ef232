"""Life expectancy at birth and at 65, by sex."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import SchemaError
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.life import (
    FEWEST_PEOPLE,
    WIDEST_YEARS,
    at_age,
    life_expectancy,
)
from healthycities.health.rates import Estimate
from healthycities.metrics.bands import Counts, abridged_starts, counts_of_districts, shared_sexes
from healthycities.metrics.mortality import of_all_causes, years_said
from healthycities.metrics.rows import NOT_KNOWN, joined, rows

CARD = MetricCard(
    title="Life expectancy",
    needs=("deaths", "population", "areas"),
    settings=("mortality.confidence",),
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
            method="Chiang's abridged life table of the males of one year in 20 bands of age; "
            "interval with Silcocks' variance of the last band; counts of districts are summed by "
            "age first. Numerator: deaths; denominator: people.",
        ),
        Measure(
            name="life_expectancy_female_years",
            title="Female life expectancy at birth",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            method="Chiang's abridged life table of the females of one year in 20 bands of age; "
            "interval with Silcocks' variance of the last band; counts of districts are summed by "
            "age first. Numerator: deaths; denominator: people.",
        ),
        Measure(
            name="life_expectancy_65_male_years",
            title="Male life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            method="Years that males of 65 have yet to live, from the life table of life "
            "expectancy at birth. Numerator: deaths at 65 and over; denominator: people of 65 and "
            "over.",
        ),
        Measure(
            name="life_expectancy_65_female_years",
            title="Female life expectancy at 65",
            unit="years",
            direction="higher is better",
            statistic="life expectancy",
            counts="deaths from all causes",
            method="Years that females of 65 have yet to live, from the life table of life "
            "expectancy at birth. Numerator: deaths at 65 and over; denominator: people of 65 and "
            "over.",
        ),
    ),
)

_MEASURES = {
    "male": {"life_expectancy_male_years": 0, "life_expectancy_65_male_years": 65},
    "female": {"life_expectancy_female_years": 0, "life_expectancy_65_female_years": 65},
}
_AGES = {0: "all ages", 65: "65 and over"}


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year, each measure by the sex that it is of."""
    levels = Levels(given.inputs["areas"])
    deaths, population = of_all_causes(given.inputs["deaths"]), given.inputs["population"]
    _require_sexes(deaths, population)
    starts = abridged_starts(deaths, population)
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    note = years_said(deaths, population, given.year)
    for sex, ages in _MEASURES.items():
        counts = counts_of_districts(deaths, population, districts, starts, sex)
        chosen = {age: measures[name] for name, age in ages.items()}
        for level in levels.of_districts(CARD.levels):
            yield from _rows(level, chosen, given, sex, counts.summed(level), note)


def _require_sexes(deaths: pd.DataFrame, population: pd.DataFrame) -> None:
    if set(_MEASURES) - set(shared_sexes(deaths, population)):
        raise SchemaError(
            "expected males and females apart in deaths and population, found them together",
            mend="Take both sources by sex, or leave life_expectancy out of `metrics`.",
        )


def _rows(
    level: Level,
    measures: Mapping[int, Measure],
    given: Given,
    sex: str,
    counts: Counts,
    note: str | None,
) -> Iterator[pd.DataFrame]:
    """Make a life table of each area, and give what it says of each age."""
    confidence = float(given.keys["mortality.confidence"])
    table = life_expectancy(counts.deaths, counts.people, counts.starts, confidence)
    for age, measure in measures.items():
        years = at_age(table, age, counts.starts)
        died, people = counts.between(age)
        yield rows(
            level,
            measure,
            given.year,
            value=years.value,
            lower=years.lower,
            upper=years.upper,
            confidence=confidence,
            numerator=died,
            denominator=people,
            sex=sex,
            age=_AGES[age],
            notes=_notes(years, counts, note),
        )


def _notes(years: Estimate, counts: Counts, note: str | None) -> npt.NDArray[np.object_]:
    missing = np.isnan(years.value)
    reasons = _why_missing(counts)
    texts = [joined(note, why if no else None) for no, why in zip(missing, reasons, strict=True)]
    return np.array(texts, dtype=object)


def _why_missing(counts: Counts) -> npt.NDArray[np.str_]:
    """Say of each area why it would have no life expectancy, if it has none."""
    deaths, people = counts.deaths, counts.people
    reasons = {
        NOT_KNOWN: np.isnan(deaths + people).any(axis=1),
        f"no life expectancy is given for {FEWEST_PEOPLE:,} people or fewer": people.sum(axis=1)
        <= FEWEST_PEOPLE,
        "a band of age has nobody, or more deaths than people": (
            (people == 0) | (deaths > people)
        ).any(axis=1),
        "nobody died in the last band of age": deaths[:, -1] == 0,
    }
    wide = f"the 95 % interval is wider than {WIDEST_YEARS:g} years"
    return np.asarray(np.select(list(reasons.values()), list(reasons), wide))
