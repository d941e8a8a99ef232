"""Deaths attributable to PM2.5 at 30 years and over, by one function or several, and their cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.health.burden import remaining_in_bands
from healthycities.health.life import life_expectancy
from healthycities.health.rates import Estimate
from healthycities.health.response import ConcentrationResponse, Exposure, concentration_response
from healthycities.metrics.at_risk import YOUNGEST_AGE, bands_at_risk, deaths_of
from healthycities.metrics.bands import by_district_and_band, shared_sexes
from healthycities.metrics.burden import Places, Whole, burden_rows, plan_of
from healthycities.metrics.exposure import district_means, small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import joined, year_note, year_of
from healthycities.spatial.grid import FloatArray, IntArray

CARD = MetricCard(
    title="Deaths attributable to PM2.5",
    needs=(
        "deaths",
        "population",
        "air_quality:pm25",
        "small_area_cells",
        "areas",
        "small_area_population",
    ),
    settings=("burden.functions", "burden.draws", "burden.seed", "burden.confidence"),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="deaths_attributable_pm25",
            title="Deaths at 30 and over attributable to PM2.5",
            unit="deaths a year",
            direction="lower is better",
            statistic="count",
            method="Attributable fraction of each district's deaths ({function_outcome}), at its "
            "mean exposure weighted by people; relative risk {function_rr} ({function_rr_lower} to "
            "{function_rr_upper}) per {function_increment} µg/m³ above {function_cutoff} "
            "({function_source}; {function_standing}). Interval: {draws} draws (seed {seed}) of "
            "the risk (lognormal, as wide as its interval), one for all areas, and of each "
            "district's deaths (Poisson), summed over districts within each draw; concentrations "
            "are taken as known.",
            counts="{function_deaths}",
            counts_in="denominator",
        ),
        Measure(
            name="deaths_attributable_pm25_pct",
            title="Share of deaths at 30 and over attributable to PM2.5",
            unit="% of deaths",
            direction="lower is better",
            statistic="attributable fraction",
            method="Attributable deaths over all deaths ({function_outcome}) at 30 and over; "
            "relative risk {function_rr} ({function_rr_lower} to {function_rr_upper}) per "
            "{function_increment} µg/m³ above {function_cutoff} ({function_source}; "
            "{function_standing}). Interval: {draws} draws (seed {seed}) of the risk alone "
            "(lognormal, as wide as its interval), one for all areas.",
            counts="{function_deaths}",
            counts_in="denominator",
        ),
        Measure(
            name="years_of_life_lost_pm25",
            title="Years of life lost at 30 and over to PM2.5",
            unit="years of life a year",
            direction="lower is better",
            statistic="count",
            method="Attributable deaths in each band of age times the years that people of it have "
            "yet to live, by sex where deaths and people are; by one life table for all areas, "
            "that of all districts in the sources together, so that a death at an age counts the "
            "same everywhere. Numerator: the years; denominator: all deaths ({function_outcome}) "
            "at 30 and over. Relative risk {function_rr} ({function_rr_lower} to "
            "{function_rr_upper}) per {function_increment} µg/m³ above {function_cutoff} "
            "({function_source}; {function_standing}). Interval: {draws} draws (seed {seed}) of "
            "the risk (lognormal, as wide as its interval), one for all areas, and of each "
            "district's years of life lost (normal, with the error of Poisson deaths in its "
            "bands), summed over districts within each draw; the life table and concentrations are "
            "taken as known.",
            counts="{function_deaths}",
            counts_in="denominator",
        ),
        Measure(
            name="deaths_attributable_by_{function}",
            title="Deaths at 30 and over attributable to PM2.5, by {function}",
            unit="deaths a year",
            direction="lower is better",
            statistic="count",
            method="Another answer to the same question, not to be added to the others: relative "
            "risk {function_rr} ({function_rr_lower} to {function_rr_upper}) per "
            "{function_increment} µg/m³ above {function_cutoff} of each district's deaths "
            "({function_outcome}; {function_source}; {function_standing}). Interval: {draws} draws "
            "(seed {seed}) of the risk (lognormal, as wide as its interval), one for all areas, "
            "and of each district's deaths (Poisson), summed over districts within each draw; "
            "concentrations are taken as known.",
            counts="{function_deaths}",
            counts_in="denominator",
            # A small district has few deaths of external causes, which the difference would tell.
            levels=("authority", "england"),
        ),
    ),
    caveats=(
        "The interval says nothing of the uncertainty of concentrations, nor of the function.",
        "Several functions answer one question: their deaths are not to be added, nor are deaths "
        "attributed to NO2, which overlap with those of PM2.5.",
    ),
)

_COUNT, _SHARE, _YEARS, _BY_FUNCTION = (measure.name for measure in CARD.measures)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid, table = given.inputs["air_quality"], given.inputs["deaths"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    exposure = district_means(means, people, levels)
    breathed = Exposure("pm25", exposure.value)
    places = Places.of(levels, CARD.levels, breathed, year_of(table), plan_of(given.keys))
    old = _Old.of(table, given.inputs["population"], places.districts)
    notes = joined(
        note,
        year_note("concentrations", grid.year, given.year),
        year_note("deaths", year_of(table), given.year),
    )
    functions = [concentration_response(name) for name in given.keys["burden.functions"]]
    for measure, estimates, events in _results(places, old, measures, functions):
        told = joined(notes, old.note(given.year) if measure.name == _YEARS else None)
        for level, estimate in zip(places.levels, estimates, strict=True):
            if not level.is_among(measure.levels):
                continue
            whole = Whole.of(level, estimate, events, exposure.covered_share)
            yield burden_rows(level, measure, given.year, whole, places.plan.confidence, told)


# --- Deaths and the years that they cost ---


class _Old(NamedTuple):
    """Deaths at 30 and over, and the years yet to live, by sex: (districts, bands) and (bands,)."""

    table: pd.DataFrame
    population_year: int
    districts: Sequence[str]
    starts: IntArray
    remaining: Mapping[str, FloatArray]

    @classmethod
    def of(cls, deaths: pd.DataFrame, population: pd.DataFrame, districts: Sequence[str]) -> _Old:
        """Make life tables of the sexes that both tables tell, or of persons."""
        starts = bands_at_risk(deaths, population)
        _, *sexes = shared_sexes(deaths, population)
        remaining = {
            sex: _remaining(deaths, population, starts, sex) for sex in sexes or ["persons"]
        }
        return cls(deaths, year_of(population), districts, starts, remaining)

    def deaths(self, outcome: str, sex: str) -> FloatArray:
        """Return the deaths of an outcome at 30 and over, (districts, bands)."""
        found = deaths_of(outcome, self.table, self.districts, self.starts, sex)
        return found[:, self.starts >= YOUNGEST_AGE]

    def years_lost(self, outcome: str) -> tuple[FloatArray, FloatArray]:
        """Return the years of life lost to all deaths, and their error, (districts,) each."""
        by_sex = [(self.deaths(outcome, sex), years) for sex, years in self.remaining.items()]
        lost = np.sum([died @ years for died, years in by_sex], axis=0)
        variance = np.sum([died @ years**2 for died, years in by_sex], axis=0)
        return lost, np.sqrt(variance)

    def note(self, year: int) -> str | None:
        """Say which people the life table is of, where that is not to be expected."""
        together = "one life table for both sexes" if set(self.remaining) == {"persons"} else None
        return joined(together, year_note("people by age", self.population_year, year))


def _remaining(
    deaths: pd.DataFrame, population: pd.DataFrame, starts: IntArray, sex: str
) -> FloatArray:
    """Return the years yet to live in each band from 30 on, of all districts that both tables hold.

    A life table may start at any age; the younger bands have no part in what is left at 30.
    """
    codes = (set(table[fields.DISTRICT_CODE].unique()) for table in (deaths, population))
    districts, old = sorted(set.intersection(*codes)), starts >= YOUNGEST_AGE
    died = deaths_of("all-cause mortality", deaths, districts, starts, sex)[:, old].sum(axis=0)
    people = by_district_and_band(population, fields.PEOPLE, districts, starts, sex)[:, old]
    return remaining_in_bands(life_expectancy(died, people.sum(axis=0), starts[old]).value)


# --- Results ---


def _results(
    places: Places,
    old: _Old,
    measures: Mapping[str, Measure],
    functions: Sequence[ConcentrationResponse],
) -> Iterator[tuple[Measure, list[Estimate], FloatArray]]:
    """Yield each measure with its estimates by level, and the events of districts they are of."""
    leading, *others = functions
    deaths = _all_deaths(old, leading)
    yield measures[_COUNT], places.drawn(leading, deaths, leading.outcome), deaths
    shares = places.drawn(leading, deaths, leading.outcome, "fixed")
    yield measures[_SHARE], shares, deaths
    lost, error = old.years_lost(leading.outcome)
    years = places.drawn(leading, lost, f"{leading.outcome}, years", "normal", error)
    yield measures[_YEARS], years, deaths
    for function in others:
        deaths = _all_deaths(old, function)
        measure = measures[_BY_FUNCTION.replace("{function}", function.crf_id)]
        yield measure, places.drawn(function, deaths, function.outcome), deaths


def _all_deaths(old: _Old, function: ConcentrationResponse) -> FloatArray:
    return np.asarray(old.deaths(function.outcome, "persons").sum(axis=1))
