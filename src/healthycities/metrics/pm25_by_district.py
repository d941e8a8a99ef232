"""PM2.5 and the mortality attributable to it, from means that are published by district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import AlignmentError
from healthycities.geography.districts import carry_into, named
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.burden import attributed
from healthycities.health.response import Exposure, concentration_response
from healthycities.metrics.at_risk import YOUNGEST_AGE
from healthycities.metrics.bands import by_district_and_band
from healthycities.metrics.rows import joined, ratio_rows, year_note, year_of
from healthycities.spatial.weights import Weights

CARD = MetricCard(
    title="PM2.5 from published means of districts",
    needs=("district_pm25", "population", "areas"),
    settings=("burden.leading",),
    levels=("district", "authority", "england"),
    measures=(
        Measure(
            name="pm25_by_district_ugm3",
            title="PM2.5, annual mean weighted by people, from published means of districts",
            unit="µg/m³",
            direction="lower is better",
            statistic="mean weighted by people",
            method="Published annual mean of each district; mean of districts by people of all "
            "ages, also where districts have merged since. Numerator: people times µg/m³.",
        ),
        Measure(
            name="pm25_by_district_attributable_pct",
            title="Mortality at 30 and over attributable to PM2.5, from published means of "
            "districts",
            unit="% of mortality",
            direction="lower is better",
            statistic="attributable fraction, mean weighted by people",
            method="Attributable fraction of each district at its published annual mean; relative "
            "risk {function_rr} ({function_rr_lower} to {function_rr_upper}) per "
            "{function_increment} µg/m³ ({function_source}; {function_standing}); mean of the "
            "fractions of districts by people at 30 and over, who stand in for deaths. The "
            "interval is that of the risk alone, shared by all areas. Numerator: people at 30 and "
            "over times the fraction.",
        ),
    ),
    caveats=(
        "People at 30 and over stand in for deaths: where the old breathe other air than the rest, "
        "the share of deaths differs a little.",
        "How exposure varies within a district is not known; a metric that starts from the grid is "
        "the better answer where there is one.",
    ),
)

_AGE = "30 and over"
_CONFIDENCE = 0.95
_PART = fields.PUBLISHED_DISTRICT_CODE


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year.

    Raises
    ------
    AlignmentError : a district has no people, or none that tell apart those that merged into it.
    """
    levels = Levels.of(given)
    population, published = given.inputs["population"], given.inputs["district_pm25"]
    parts = parts_of_districts(levels.districts[fields.DISTRICT_CODE], published, population)
    mean_ugm3 = parts[fields.PM25_UGM3].to_numpy()
    function = concentration_response(str(given.keys["burden.leading"]))
    of_parts = [_of_parts(level, parts) for level in levels.of_districts(CARD.levels)]
    note = joined(
        year_note("concentrations", year_of(published), given.year),
        year_note("people", year_of(population), given.year),
    )
    people = parts[fields.PEOPLE].to_numpy()
    yield from ratio_rows(
        of_parts,
        measures["pm25_by_district_ugm3"],
        given.year,
        numerator=people * mean_ugm3,
        denominator=people,
        note=note,
    )
    older = parts[_OLDER].to_numpy()
    # What is attributed of people at 30 and over, as if they were the deaths, is the fraction of
    # each district times its weight.
    value, lower, upper = (
        ratio_rows(
            of_parts,
            measures["pm25_by_district_attributable_pct"],
            given.year,
            numerator=weighted,
            denominator=older,
            scale=100.0,
            note=note,
        )
        for weighted in attributed(function, Exposure("pm25", mean_ugm3), older)
    )
    for rows, low, high in zip(value, lower, upper, strict=True):
        limits = {fields.LOWER: low[fields.VALUE], fields.UPPER: high[fields.VALUE]}
        yield rows.assign(**limits, **{fields.CONFIDENCE: _CONFIDENCE, fields.AGE: _AGE})


# --- Districts of the date of the concentrations, and what became of them ---

_OLDER = "people_at_30_and_over"


def parts_of_districts(
    districts: pd.Series, published: pd.DataFrame, population: pd.DataFrame
) -> pd.DataFrame:
    """Return what each district was made of when the concentrations were published.

    Parameters
    ----------
    districts : codes of the districts reported on.
    published : `tables.DISTRICT_PM25`.
    population : `tables.POPULATION`, in published codes of the same date, or an older one.

    Returns
    -------
    One row for each part, by code: ``district_code``, ``published_district_code``, ``pm25_ugm3``
    (NaN where missing), ``people`` and ``people_at_30_and_over``. A district without a published
    row is its own part, without a value.

    Raises
    ------
    AlignmentError : a district has no people, or none that tell its parts apart.
    """
    ours = published[published[fields.DISTRICT_CODE].isin(districts)]
    absent = districts[~districts.isin(ours[fields.DISTRICT_CODE])]
    alone = pd.DataFrame({fields.DISTRICT_CODE: absent, _PART: absent, fields.PM25_UGM3: np.nan})
    columns = [fields.DISTRICT_CODE, _PART, fields.PM25_UGM3]
    parts = pd.concat([ours[columns], alone]).sort_values(_PART, ignore_index=True)
    counts = by_district_and_band(
        population.assign(**{fields.DISTRICT_CODE: _part_of(population, parts)}),
        fields.PEOPLE,
        parts[_PART].tolist(),
        np.array([0, YOUNGEST_AGE]),
        "persons",
    )
    parts = parts.assign(**{fields.PEOPLE: counts.sum(axis=1), _OLDER: counts[:, 1]})
    _require_people(parts)
    return parts


def _part_of(population: pd.DataFrame, parts: pd.DataFrame) -> pd.Series:
    """Return the part that the people of each row are of; missing where it is not known."""
    own = population[_PART].unique()
    became = dict(zip(own, carry_into(own, parts[_PART]), strict=True))
    single = parts.drop_duplicates(fields.DISTRICT_CODE, keep=False)
    whole = single.set_index(fields.DISTRICT_CODE)[_PART]
    # A district of one part needs no older codes: a new code, such as that of Barnsley in 2025.
    of_district = population[fields.DISTRICT_CODE].map(whole)
    return of_district.astype(object).fillna(population[_PART].map(became))


def _require_people(parts: pd.DataFrame) -> None:
    lost = parts.loc[parts[fields.PEOPLE].isna(), _PART].tolist()
    if lost:
        raise AlignmentError(
            f"expected people of each of {len(parts)} districts of the date of the concentrations,"
            f" but {len(lost)} have none: {named(lost)}",
            place="population",
            mend="Take the population by districts of the same date as sources.district_pm25, or of"
            " an older one, and all of them.",
        )


def _of_parts(level: Level, parts: pd.DataFrame) -> Level:
    """Return the areas of a level as weights of the parts of their districts."""
    members = Weights.membership(parts[_PART], parts[fields.DISTRICT_CODE])
    return replace(level, weights=level.weights.then(members))
