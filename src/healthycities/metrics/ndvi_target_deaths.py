"""Deaths that more green around homes would prevent, were NDVI at a target wherever it is below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.health.draws import Counts
from healthycities.health.response import Exposure, concentration_response, of_shortfall
from healthycities.metrics.at_risk import deaths_at_risk
from healthycities.metrics.burden import Places, Whole, burden_rows, plan_of
from healthycities.metrics.exposure import district_means
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.residential_ndvi import around_homes
from healthycities.metrics.rows import joined, year_note, year_of
from healthycities.spatial.grid import FloatArray

CARD = MetricCard(
    title="Deaths that a target of NDVI would prevent",
    needs=("deaths", "small_area_ndvi", "land_cover", "areas", "small_area_population"),
    settings=(
        "green_cover.ndvi_target",
        "green_cover.ndvi_buffer_m",
        "green_cover.concentration_response",
        "burden.draws",
        "burden.seed",
        "burden.confidence",
    ),
    asked_by=("green_cover.ndvi_target",),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="deaths_prevented_ndvi_target",
            title="Deaths at 30 and over that a mean NDVI of {ndvi_target} or more around every "
            "home would prevent",
            unit="deaths a year",
            direction="lower is better",
            statistic="count",
            method="What the mean NDVI within {ndvi_buffer_m} m of the homes of each small area "
            "lacks to {ndvi_target}, 0 where it lacks nothing, averaged by people to districts, "
            "is the gap g; fraction prevented 1 - RR^(g/{function_increment}) of each district's "
            "deaths ({function_outcome}) at 30 and over; relative risk {function_rr} "
            "({function_rr_lower} to {function_rr_upper}) per {function_increment} of NDVI "
            "({function_source}; {function_standing}; of {function_ages}). Homes stand at the "
            "population-weighted centroid; water and cells without data are left out. Interval: "
            "{draws} draws (seed {seed}) of the risk (lognormal, as wide as its interval), one for "
            "all areas, and of each district's deaths (Poisson), summed over districts within each "
            "draw; NDVI is taken as known.",
            counts="{function_deaths}",
            counts_in="denominator",
        ),
        Measure(
            name="deaths_prevented_ndvi_target_pct",
            title="Share of deaths at 30 and over that a mean NDVI of {ndvi_target} or more around "
            "every home would prevent",
            unit="% of deaths",
            direction="lower is better",
            statistic="prevented fraction",
            method="Deaths prevented over all deaths ({function_outcome}) at 30 and over, at a "
            "mean NDVI within {ndvi_buffer_m} m of homes of {ndvi_target} wherever it is below; "
            "relative risk {function_rr} ({function_rr_lower} to {function_rr_upper}) per "
            "{function_increment} of NDVI ({function_source}; {function_standing}). Interval: "
            "{draws} draws (seed {seed}) of the risk alone (lognormal, as wide as its interval), "
            "one for all areas.",
            counts="{function_deaths}",
            counts_in="denominator",
        ),
    ),
    caveats=(
        "The risk is one of living where it is greener, as cohorts were observed; what planting "
        "would change, and how soon, it does not tell.",
        "The function is of adults, and deaths at 30 and over are those counted: the few at 18 to "
        "29 are left out, as by the other metrics of deaths.",
        "Not to be added to deaths attributable to PM2.5 or NO2: greener places have cleaner air.",
        "NDVI depends on season, sensor and size of cell: take the target from the same raster. "
        "The raster is of one date, whatever the year.",
    ),
)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the raster is of one date, deaths and people of the year."""
    levels = Levels.of(given)
    people, of_people = people_of_small_areas(
        levels, given.inputs["small_area_population"], given.year
    )
    table, plan = given.inputs["deaths"], plan_of(given.keys)
    function = concentration_response(given.keys["green_cover.concentration_response"])
    lack, covered_share = _lack(given, levels, people)
    places = Places.of(levels, CARD.levels, lack, year_of(table), plan)
    deaths = deaths_at_risk(function.outcome, table, places.districts)
    notes = joined(
        of_people,
        year_note("NDVI", given.inputs["land_cover"].year, given.year),
        year_note("deaths", year_of(table), given.year),
    )
    for measure, counts in zip(measures.values(), _COUNTS, strict=True):
        drawn = places.drawn(of_shortfall(function), deaths, function.outcome, counts)
        for level, estimate in zip(places.levels, drawn, strict=True):
            whole = Whole.of(level, estimate, deaths, covered_share)
            yield burden_rows(level, measure, given.year, whole, plan.confidence, notes)


def _lack(given: Given, levels: Levels, people: FloatArray) -> tuple[Exposure, FloatArray]:
    """Return what the homes of each district lack to the target, by people, and the share known.

    What some homes have beyond the target is not set off against what others lack.
    """
    near = around_homes(levels, given.inputs["small_area_ndvi"])
    lack = Exposure("ndvi", near.value).shortfall(given.keys["green_cover.ndvi_target"])
    mean = district_means(near._replace(value=lack.values), people, levels)
    return Exposure(lack.kind, mean.value), mean.covered_share


_COUNTS: tuple[Counts, Counts] = ("poisson", "fixed")
"""How deaths are drawn for their number, and for the share of them."""
