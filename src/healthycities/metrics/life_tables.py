"""What the metrics of life tables have in common: their rows, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities.catalogue import Measure
from healthycities.geography.levels import Level
from healthycities.given import Given
from healthycities.health.life import FEWEST_PEOPLE, WIDEST_YEARS, at_age
from healthycities.health.rates import Estimate
from healthycities.metrics.bands import Counts
from healthycities.metrics.rows import NOT_KNOWN, estimate_rows, joined

CONFIDENCE_KEY = "mortality.confidence"
AGES: Mapping[int, str] = MappingProxyType({0: "all ages", 65: "65 and over"})
"""Ages that life expectancies are given at, and the deaths that each rests on."""

Reasons = Mapping[str, npt.NDArray[np.bool_]]
"""Why an area would have no value, and which areas it holds for; the first that does is said."""


def life_rows(
    level: Level,
    measure: Measure,
    given: Given,
    estimate: Estimate,
    counts: Counts,
    age: int,
    sex: str,
    reasons: Reasons,
    note: str | None,
) -> pd.DataFrame:
    """Return the rows of what a life table says of one age.

    Parameters
    ----------
    estimate : (areas, ages) by the bands of the counts.
    counts : what the life table was made of; those at the age and over stand beside the value.
    age : one of `AGES`.
    reasons : see :func:`why_no_life_table`; where none holds of a missing value, the interval is
        too wide.
    note : said of all areas.
    """
    died, people = counts.between(age)
    years = at_age(estimate, age, counts.starts)
    return estimate_rows(
        level,
        measure,
        given.year,
        years,
        float(given.keys[CONFIDENCE_KEY]),
        numerator=died,
        denominator=people,
        sex=sex,
        age=AGES[age],
        notes=_notes(years, reasons, note),
    )


def _notes(years: Estimate, reasons: Reasons, note: str | None) -> npt.NDArray[np.object_]:
    """Return a note for each area: one for all, and why its value is missing."""
    wide = f"the 95 % interval is wider than {WIDEST_YEARS:g} years"
    said = np.select(list(reasons.values()), list(reasons), wide)
    missing = np.isnan(years.value)
    texts = [joined(note, why if no else None) for no, why in zip(missing, said, strict=True)]
    return np.array(texts, dtype=object)


def why_no_life_table(counts: Counts) -> Reasons:
    """Return why an area would have no life table."""
    deaths, people = counts.deaths, counts.people
    return {
        NOT_KNOWN: np.isnan(deaths + people).any(axis=1),
        f"no life expectancy is given for {FEWEST_PEOPLE:,} people or fewer": people.sum(axis=1)
        <= FEWEST_PEOPLE,
        "a band of age has nobody, or more deaths than people": (
            (people == 0) | (deaths > people)
        ).any(axis=1),
        "nobody died in the last band of age": deaths[:, -1] == 0,
    }
