"""Deaths attributable to PM2.5 at 30 years and over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import ConfigError
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.burden import (
    ConcentrationResponse,
    attributable_events,
    concentration_response,
)
from healthycities.health.rates import Estimate
from healthycities.metrics.bands import by_district_and_band
from healthycities.metrics.exposure import district_means_ugm3, small_area_means_ugm3
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import NOT_KNOWN, joined, rows
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
            "exposure weighted by people, by the concentration-response function "
            "{concentration_response}; larger areas are sums of districts. The interval is that "
            "of the function alone, shared by all areas.",
        ),
        Measure(
            name="deaths_attributable_pm25_pct",
            title="Share of deaths at 30 and over attributable to PM2.5",
            unit="% of deaths",
            direction="lower is better",
            statistic="attributable fraction",
            method="Attributable deaths over all deaths at 30 and over, by the "
            "concentration-response function {concentration_response}. The interval is that of "
            "the function alone, shared by all areas.",
        ),
    ),
)

YOUNGEST_AGE = 30
_AGE = "30 and over"
_CONFIDENCE = 0.95


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year."""
    levels = Levels(given.inputs["areas"])
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    means_ugm3 = small_area_means_ugm3(
        given.inputs["small_area_cells"], given.inputs["air_quality"], levels
    )
    exposure_ugm3 = district_means_ugm3(means_ugm3, people, levels)
    deaths = _deaths_by_district(given.inputs["deaths"], levels)
    function = _function(str(given.keys["burden.concentration_response"]))
    caused = attributable_events(
        exposure_ugm3,
        deaths,
        (function.rr, function.rr_lower, function.rr_upper),
        function.increment,
        function.cutoff,
        function.shape,
    )
    for level in levels.of_districts(CARD.levels):
        yield from _rows(level, measures, given.year, caused, deaths, note)


def _function(crf_id: str) -> ConcentrationResponse:
    function = concentration_response(crf_id)
    if function.exposure != "pm25" or function.ages != f"{YOUNGEST_AGE}+":
        raise ConfigError(
            f"expected a function of pm25 at {YOUNGEST_AGE}+, found {function.exposure} at"
            f" {function.ages}",
            place="burden.concentration_response",
            mend="Name another row of health/data/concentration_response.csv.",
        )
    return function


def _deaths_by_district(deaths: pd.DataFrame, levels: Levels) -> FloatArray:
    """Deaths of persons from all causes at 30 and over, in the order of the districts."""
    districts = levels.districts[fields.DISTRICT_CODE].tolist()
    every = deaths[deaths[fields.CAUSE_ICD10] == "all"]
    starts = np.array([0, YOUNGEST_AGE])
    return by_district_and_band(every, fields.DEATHS, districts, starts, "persons")[:, 1]


def _rows(
    level: Level,
    measures: Mapping[str, Measure],
    year: int,
    caused: Estimate,
    deaths: FloatArray,
    note: str | None,
) -> Iterator[pd.DataFrame]:
    """Add districts up to the areas of a level; one without a value leaves the sum without one."""
    value, lower, upper = (level.weights.matrix @ part for part in caused)
    total = level.weights.matrix @ deaths
    for name, scale in (
        ("deaths_attributable_pm25", np.ones(len(total))),
        ("deaths_attributable_pm25_pct", _percent_of(total)),
    ):
        yield rows(
            level,
            measures[name],
            year,
            value=value * scale,
            lower=lower * scale,
            upper=upper * scale,
            confidence=_CONFIDENCE,
            numerator=value,
            denominator=total,
            age=_AGE,
            notes=_notes(value, note),
        )


def _percent_of(deaths: FloatArray) -> FloatArray:
    result = np.full(len(deaths), np.nan)
    np.divide(100.0, deaths, out=result, where=deaths > 0)
    return result


def _notes(value: FloatArray, note: str | None) -> npt.NDArray[np.object_]:
    texts = [joined(note, NOT_KNOWN if np.isnan(one) else None) for one in value]
    return np.array(texts, dtype=object)
