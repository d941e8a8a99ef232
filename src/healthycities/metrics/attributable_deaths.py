"""Deaths attributable to PM2.5 at 30 years and over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.burden import attributed
from healthycities.health.rates import Estimate
from healthycities.health.response import Exposure, concentration_response
from healthycities.metrics.bands import by_district_and_band
from healthycities.metrics.exposure import district_means_ugm3, small_area_means_ugm3
from healthycities.metrics.mortality import of_all_causes
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import divided, joined, notes_of, rows, year_note, year_of
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Deaths attributable to PM2.5",
    needs=("deaths", "air_quality:pm25", "small_area_cells", "areas", "small_area_population"),
    settings=("burden.concentration_response",),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="deaths_attributable_pm25",
            title="Deaths at 30 and over attributable to PM2.5",
            unit="deaths a year",
            direction="lower is better",
            statistic="count",
            method="Attributable fraction of each district's deaths from all causes, at its mean "
            "exposure weighted by people; relative risk {function_rr} ({function_rr_lower} to "
            "{function_rr_upper}) per {function_increment} µg/m³ ({function_source}; "
            "{function_standing}); larger areas are sums of districts. The interval is that of the "
            "risk alone, shared by all areas.",
            counts="deaths from all causes",
            counts_in="denominator",
        ),
        Measure(
            name="deaths_attributable_pm25_pct",
            title="Share of deaths at 30 and over attributable to PM2.5",
            unit="% of deaths",
            direction="lower is better",
            statistic="attributable fraction",
            method="Attributable deaths over all deaths at 30 and over; relative risk "
            "{function_rr} ({function_rr_lower} to {function_rr_upper}) per {function_increment} "
            "µg/m³ ({function_source}; {function_standing}). The interval is that of the risk "
            "alone, shared by all areas.",
            counts="deaths from all causes",
            counts_in="denominator",
        ),
    ),
    caveats=("The interval says nothing of the uncertainty of concentrations or deaths.",),
)

YOUNGEST_AGE = 30
_AGE = "30 and over"
_CONFIDENCE = 0.95


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year."""
    levels = Levels(given.inputs["areas"])
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    grid, table = given.inputs["air_quality"], given.inputs["deaths"]
    means = small_area_means_ugm3(given.inputs["small_area_cells"], grid.values, levels)
    exposure = district_means_ugm3(means, people, levels)
    deaths = _deaths_by_district(table, levels)
    function = concentration_response(str(given.keys["burden.concentration_response"]))
    caused = attributed(function, Exposure("pm25", exposure.value), deaths)
    notes = joined(
        note,
        year_note("concentrations", grid.year, given.year),
        year_note("deaths", year_of(table), given.year),
    )
    for level in levels.of_districts(CARD.levels):
        whole = _Whole.of(level, caused, deaths, exposure.covered_share)
        yield from _rows(level, measures, given.year, whole, notes)


def _deaths_by_district(deaths: pd.DataFrame, levels: Levels) -> FloatArray:
    """Deaths of persons from all causes at 30 and over, in the order of the districts."""
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    starts = np.array([0, YOUNGEST_AGE])
    return by_district_and_band(of_all_causes(deaths), fields.DEATHS, districts, starts, "persons")[
        :, 1
    ]


class _Whole(NamedTuple):
    """Attributable deaths, all deaths, and the share of these whose exposure is known, by area."""

    caused: Estimate
    deaths: FloatArray
    covered: FloatArray

    @classmethod
    def of(cls, level: Level, caused: Estimate, deaths: FloatArray, covered: FloatArray) -> _Whole:
        """Add districts up; one without a value leaves the sum without one."""
        matrix = level.weights.matrix
        total = matrix @ deaths
        known = matrix @ (deaths * np.nan_to_num(covered))
        return cls(Estimate(*(matrix @ part for part in caused)), total, divided(known, total))


def _rows(
    level: Level, measures: Mapping[str, Measure], year: int, whole: _Whole, note: str | None
) -> Iterator[pd.DataFrame]:
    """Give the deaths, and their share of all deaths."""
    for name, scale in (
        ("deaths_attributable_pm25", np.ones(len(whole.deaths))),
        ("deaths_attributable_pm25_pct", divided(np.full(len(whole.deaths), 100.0), whole.deaths)),
    ):
        value, lower, upper = (part * scale for part in whole.caused)
        yield rows(
            level,
            measures[name],
            year,
            value=value,
            lower=lower,
            upper=upper,
            confidence=_CONFIDENCE,
            numerator=whole.caused.value,
            denominator=whole.deaths,
            covered_share=whole.covered,
            age=_AGE,
            notes=notes_of(value, np.nan_to_num(whole.covered), note),
        )
