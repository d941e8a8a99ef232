"""The parts add up: nothing is lost or counted twice between districts and what they make up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.errors import AlignmentError
from healthycities.geography.levels import ENGLAND_CODE
from healthycities.publish.assemble import Results

RELATIVE_TOLERANCE = 1e-6
CASE = [fields.METRIC, fields.YEAR, fields.SEX, fields.AGE]


def require_parts_add_up(results: Results) -> None:
    """Hold the authorities' and England's numerators and denominators against their districts'.

    A sum is compared where every district of the larger area has the number, and the larger area
    has it too.

    Raises
    ------
    AlignmentError : naming the measure and area where they differ by more than a millionth.
    """
    for level, owner in _owners(results):
        for column in (fields.NUMERATOR, fields.DENOMINATOR):
            sums = _sums(results.of("district"), owner, column)
            _require_equal(sums, results.of(level), column)


def _owners(results: Results) -> Iterator[tuple[str, pd.Series]]:
    """Yield each larger level, and the code of the area of it that each district lies in."""
    pairs = [fields.DISTRICT_CODE, fields.AUTHORITY_CODE]
    members = results.areas[pairs].drop_duplicates().set_index(fields.DISTRICT_CODE)
    yield "authority", members[fields.AUTHORITY_CODE].dropna()
    if results.all_england:
        yield "england", pd.Series(ENGLAND_CODE, index=members.index)


def _sums(districts: pd.DataFrame, owner: pd.Series, column: str) -> pd.Series:
    """Return sums of whole areas, by (owner, *CASE)."""
    given = districts.dropna(subset=[column])
    above = given[fields.AREA_CODE].map(owner)
    groups = given.assign(owner=above).dropna(subset=["owner"]).groupby(["owner", *CASE])[column]
    table = groups.agg(["sum", "count"])
    needed = table.index.get_level_values("owner").map(owner.value_counts())
    return table.loc[table["count"].to_numpy() == needed.to_numpy(), "sum"]


def _require_equal(sums: pd.Series, larger: pd.DataFrame, column: str) -> None:
    whole = larger.set_index([fields.AREA_CODE, *CASE])[column].dropna()
    whole.index = whole.index.set_names("owner", level=0)
    pairs = pd.DataFrame({"parts": sums, "whole": whole}).dropna()
    apart = (pairs["parts"] - pairs["whole"]).abs()
    size = np.maximum(pairs["parts"].abs(), pairs["whole"].abs())
    wrong = pairs[apart > RELATIVE_TOLERANCE * size]
    if len(wrong):
        code, metric, year, sex, age = wrong.index[0]
        parts, total = wrong.iloc[0]
        raise AlignmentError(
            f"{metric}, {year}, {sex}, {age}: the {column} of {code} is {float(total)!r}, but its "
            f"districts add up to {float(parts)!r} ({len(wrong)} such sums)",
            mend="Correct the metric: each person, death and place must be counted once.",
        )
