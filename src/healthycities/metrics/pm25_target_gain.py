"""What would be gained if PM2.5 came down to a target now and stayed there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import SchemaError
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.burden import scenario_difference
from healthycities.health.projection import phase_in, projected
from healthycities.health.rates import Estimate
from healthycities.health.response import ConcentrationResponse, Exposure, concentration_response
from healthycities.metrics.at_risk import YOUNGEST_AGE, bands_at_risk, deaths_of
from healthycities.metrics.bands import by_district_and_band, require_sexes
from healthycities.metrics.exposure import district_means, small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import (
    divided,
    estimate_rows,
    joined,
    notes_of,
    year_note,
    year_of,
)
from healthycities.spatial.grid import FloatArray, IntArray
from healthycities.spatial.weights import Aggregate

CARD = MetricCard(
    title="Gain from reaching a PM2.5 target",
    needs=(
        "deaths",
        "population",
        "air_quality:pm25",
        "small_area_cells",
        "areas",
        "small_area_population",
    ),
    settings=(
        "burden.leading",
        "burden.target_ugm3",
        "burden.horizon_years",
        "burden.lag",
    ),
    levels=("authority", "england"),
    caveats=(
        "Deaths come later rather than never: over a century, the deaths postponed of people who "
        "are alive today would tend to 0.",
        "Death rates do not change otherwise, nobody is born or moves, and the interval is that of "
        "the risk alone.",
    ),
    measures=(
        Measure(
            name="deaths_postponed_pm25_target",
            title="Deaths postponed within {horizon_years} years by PM2.5 of at most {target_ugm3} "
            "µg/m³",
            unit="deaths in {horizon_years} years",
            direction="neither",
            statistic="count",
            method="Fewer deaths in {horizon_years} years among the people of the year (numerator; "
            "denominator: deaths of the year at 30 and over), followed "
            "by district, sex and single year of age through life tables with and without the "
            "change: every small area above {target_ugm3} µg/m³ comes down to it at once and "
            "stays. Deaths come later, they are not avoided for ever. The hazard falls by the "
            "potential impact fraction (pif) 1 - RR(after)/RR(before) of the district's means "
            "weighted by people, with the lag '{lag}'; relative risk {function_rr} "
            "({function_rr_lower} to {function_rr_upper}) per {function_increment} µg/m³ above "
            "{function_cutoff} ({function_source}; {function_standing}). Death rates of a band of "
            "age hold for each year of it and do not change otherwise; nobody is born or moves. "
            "The interval is that of the risk alone, shared by all areas.",
            counts="deaths from all causes",
            counts_in="denominator",
        ),
        Measure(
            name="life_years_gained_pm25_target",
            title="Years of life gained within {horizon_years} years by PM2.5 of at most "
            "{target_ugm3} µg/m³",
            unit="years of life in {horizon_years} years",
            direction="neither",
            statistic="count",
            method="Years lived more in {horizon_years} years by the people of the year "
            "(numerator; denominator: deaths of the year at 30 and over), followed "
            "by district, sex and single year of age through life tables with and without the "
            "change: every small area above {target_ugm3} µg/m³ comes down to it at once and "
            "stays. The hazard falls by the potential impact fraction (pif) 1 - "
            "RR(after)/RR(before) of the district's means weighted by people, with the lag "
            "'{lag}'; relative risk {function_rr} ({function_rr_lower} to {function_rr_upper}) per "
            "{function_increment} µg/m³ above {function_cutoff} ({function_source}; "
            "{function_standing}). Death rates of a band of age hold for each year of it and do "
            "not change otherwise; nobody is born or moves. The interval is that of the risk "
            "alone, shared by all areas.",
            counts="deaths from all causes",
            counts_in="denominator",
        ),
    ),
)

_AGE = f"{YOUNGEST_AGE} and over"
_CONFIDENCE = 0.95
"""Of the limits of the risk in concentration_response.csv."""
_SEXES = ("male", "female")
_FEWEST_PEOPLE = 1e-6
_OLDEST_START = 85


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year."""
    levels = Levels.of(given)
    before, after = _exposures(given, levels, given.keys["burden.target_ugm3"])
    cohorts = _Cohorts.of(given.inputs["deaths"], given.inputs["population"], levels)
    function = concentration_response(given.keys["burden.leading"])
    fraction = removed_fraction(function, before.value, after.value)
    phase = phase_in(given.keys["burden.lag"], given.keys["burden.horizon_years"])
    gains = zip(measures.values(), cohorts.gains(fraction, phase), strict=True)
    note = _note(given)
    for measure, gain in gains:
        for level in levels.of_districts(CARD.levels):
            died = level.weights.matrix @ cohorts.died
            known = level.weights.matrix @ (cohorts.died * np.nan_to_num(before.covered_share))
            covered = np.nan_to_num(divided(known, died))
            yield _rows(level, measure, given.year, _summed(level, gain), died, covered, note)


def _rows(
    level: Level,
    measure: Measure,
    year: int,
    gain: Estimate,
    died: FloatArray,
    covered: FloatArray,
    note: str | None,
) -> pd.DataFrame:
    return estimate_rows(
        level,
        measure,
        year,
        gain,
        _CONFIDENCE,
        numerator=gain.value,
        denominator=died,
        covered_share=covered,
        age=_AGE,
        notes=notes_of(gain.value, covered, note),
    )


def _summed(level: Level, of_risks: FloatArray) -> Estimate:
    """Add districts up, and take the least and the most of the three risks, (3, districts)."""
    sums = (level.weights.matrix @ of_risks.T).T
    return Estimate(sums[0], sums.min(axis=0), sums.max(axis=0))


def _note(given: Given) -> str | None:
    """Say which year's values stand in for the year reported on."""
    inputs = given.inputs
    return joined(
        year_note("people", year_of(inputs["small_area_population"]), given.year),
        year_note("people by age", year_of(inputs["population"]), given.year),
        year_note("concentrations", inputs["air_quality"].year, given.year),
        year_note("deaths", year_of(inputs["deaths"]), given.year),
    )


# --- The change of exposure ---


def _exposures(given: Given, levels: Levels, target_ugm3: float) -> tuple[Aggregate, Aggregate]:
    """Return the means of districts now, and with no small area above the target."""
    people, _ = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid = given.inputs["air_quality"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    lowered = means._replace(value=np.minimum(means.value, target_ugm3))
    return (
        district_means(means, people, levels),
        district_means(lowered, people, levels),
    )


def removed_fraction(
    function: ConcentrationResponse, before_ugm3: FloatArray, after_ugm3: FloatArray
) -> Estimate:
    """Return the share of the hazard of death that a fall of PM2.5 removes, (districts,).

    It is the potential impact fraction, with the limits of the risk.
    """
    before, after = (function.values_of(Exposure("pm25", x)) for x in (before_ugm3, after_ugm3))
    return scenario_difference(
        before,
        after,
        np.ones_like(before),
        function.risk,
        function.increment,
        function.counterfactual,
        function.shape,
        method="pif",
        applicable_from=function.applicable_from,
    )


# --- The people followed ---


class _Cohorts(NamedTuple):
    """People and deaths of a year, (districts, sexes, single years of age).

    ``died`` are the deaths at 30 and over as they were counted, (districts,).
    """

    people: FloatArray
    deaths: FloatArray
    died: FloatArray

    @classmethod
    def of(cls, deaths: pd.DataFrame, population: pd.DataFrame, levels: Levels) -> _Cohorts:
        """Take people as they are, and deaths at the rate of their band of age."""
        require_sexes("pm25_target_gain", {"deaths": deaths, "population": population})
        districts = levels.districts[fields.DISTRICT_CODE].tolist()
        ages = _single_years(population)
        starts = bands_at_risk(deaths, population)
        parts = [_of_sex(deaths, population, districts, ages, starts, sex) for sex in _SEXES]
        people, spread = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
        died = deaths_of("all-cause mortality", deaths, districts, starts, "persons")
        return cls(people, spread, died[:, starts >= YOUNGEST_AGE].sum(axis=1))

    def gains(self, fraction: Estimate, phase: FloatArray) -> tuple[FloatArray, ...]:
        """Return deaths postponed and years of life gained, by the three risks, (3, districts).

        The sexes are followed apart, and then added up with the years.
        """
        of_risks = np.stack(fraction)[:, :, np.newaxis]
        projection = projected(
            self.people, self.deaths, of_risks, phase, min_age=YOUNGEST_AGE, last_age="open"
        )
        return tuple(part.sum(axis=(2, 3)) for part in projection)


def _of_sex(
    deaths: pd.DataFrame,
    population: pd.DataFrame,
    districts: list[str],
    ages: IntArray,
    starts: IntArray,
    sex: str,
) -> tuple[FloatArray, FloatArray]:
    """Return people and deaths of a sex, (districts, single years of age)."""
    died = deaths_of("all-cause mortality", deaths, districts, starts, sex)
    in_bands = by_district_and_band(population, fields.PEOPLE, districts, starts, sex)
    people = by_district_and_band(population, fields.PEOPLE, districts, ages, sex)
    # Those who grow older pass through years of age at which nobody lives now: these need a rate.
    people = np.maximum(people, _FEWEST_PEOPLE)
    return people, people * spread_rates(died, in_bands, starts, ages)


def spread_rates(
    deaths: FloatArray, people: FloatArray, starts: IntArray, ages: IntArray
) -> FloatArray:
    """Return the death rate of each single year of age: that of its band.

    A band in which a district has nobody has the rate of all districts together.

    Parameters
    ----------
    deaths, people : (districts, bands).
    starts : (bands,) first ages of the bands.
    ages : (ages,) single years of age, from 0 on.

    Returns
    -------
    FloatArray
        (districts, ages).
    """
    whole = np.nansum(deaths, axis=0) / np.nansum(people, axis=0)
    own = np.divide(
        deaths, people, out=np.broadcast_to(whole, deaths.shape).copy(), where=people != 0
    )
    return np.asarray(own[:, np.searchsorted(starts, ages, side="right") - 1])


def _single_years(population: pd.DataFrame) -> IntArray:
    """Return the single years of age that the people are told by, the last of them open."""
    ages = np.unique(population[fields.AGE_FROM].to_numpy())
    if ages[-1] < _OLDEST_START or not np.array_equal(ages, np.arange(len(ages))):
        raise SchemaError(
            f"expected people by single year of age up to {_OLDEST_START} or more, found bands that"
            f" start at {', '.join(map(str, ages))}",
            place="population",
            mend="Take the source by single year of age, or leave pm25_target_gain out of"
            " `metrics`.",
        )
    return ages
