"""The parts add up: nothing is lost or counted twice between districts and what they make up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.errors import AlignmentError
from healthycities.level_names import DISTRICT
from healthycities.publish.assemble import Results

RELATIVE_TOLERANCE = 1e-6
CASE = [fields.METRIC, fields.YEAR, fields.SEX, fields.AGE]


def require_parts_add_up(results: Results) -> None:
    """Hold the numerators and denominators of all that districts make up against the districts'.

    These are authorities and what lies outside them, regions, England, and places of one's own that
    cut no district.

    A sum is compared wherever the larger area has the number, with the plain sum of the districts
    that have it: one without it added nothing to a ratio, and leaves a count of the larger area
    missing too. So a district whose row was lost is found by what is lacking. Measures that are
    not given by district are not compared.

    Raises
    ------
    AlignmentError : naming the measure and area where they differ by more than a millionth.
    """
    districts = results.of(DISTRICT)
    for level in results.levels.of_districts(results.levels.names):
        larger = results.of(level.level)
        larger = larger[larger[fields.METRIC].isin(districts[fields.METRIC])]
        larger = larger[larger[fields.AREA_CODE].isin(level.owners)]
        for column in (fields.NUMERATOR, fields.DENOMINATOR):
            _require_equal(_sums(districts, level.owners, column), larger, column)


def _sums(districts: pd.DataFrame, owner: pd.Series, column: str) -> pd.Series:
    """Return sums of the districts that have a number, by (owner, *CASE)."""
    above = districts[fields.AREA_CODE].map(owner)
    return districts.assign(owner=above).groupby(["owner", *CASE])[column].sum()


def _require_equal(sums: pd.Series, larger: pd.DataFrame, column: str) -> None:
    whole = larger.set_index([fields.AREA_CODE, *CASE])[column].dropna()
    parts = sums.reindex(whole.index, fill_value=0.0)
    size = np.maximum(parts.abs(), whole.abs())
    wrong = whole.index[(parts - whole).abs() > RELATIVE_TOLERANCE * size]
    if len(wrong):
        code, metric, year, sex, age = wrong[0]
        total, added = float(whole[wrong[0]]), float(parts[wrong[0]])
        raise AlignmentError(
            f"{metric}, {year}, {sex}, {age}: the {column} of {code} is {total!r}, but its "
            f"districts add up to {added!r} ({len(wrong)} such sums)",
            mend="Compute the metric again; if it stays so, correct it: each person, death and "
            "place must be counted once, and each district have its row.",
        )
