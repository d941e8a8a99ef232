"""Deaths and people of several years together, for rates of places where few die in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType

import pandas as pd

from healthycities import fields
from healthycities.catalogue import MAY_STAND_IN
from healthycities.errors import SchemaError
from healthycities.metrics.rows import NOT_KNOWN, NOTE_SEPARATOR, joined, year_of

POOLED_KEY = "mortality.pooled_years"
PEOPLE = "population"

_COUNTS: Mapping[str, tuple[str, list[str]]] = MappingProxyType(
    {
        "deaths": (
            fields.DEATHS,
            [fields.CAUSE_ICD10, fields.SEX, fields.AGE_FROM, fields.AGE_TO],
        ),
        "population": (fields.PEOPLE, [fields.SEX, fields.AGE_FROM, fields.AGE_TO]),
    }
)
"""The counts of each table that may be pooled, and what tells the counts of a district apart."""


def pooled(name: str, years: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add the counts of several years up.

    Deaths of the years are those of all of them, and people of the years are person-years: what a
    rate of several years is made of.

    Parameters
    ----------
    name : ``deaths`` or ``population``.
    years : tables of `tables.DEATHS` or `tables.POPULATION`, one for each year, in order.

    Returns
    -------
    A table of the same schema with the districts that all years have, for the sum of fewer would
    pass for the whole; its year is that of the last.

    Raises
    ------
    SchemaError : years differ in their causes, sexes or bands of age; or the same deaths are given
        for several of them.
    """
    count, cases = _COUNTS[name]
    last = years[-1]
    _require_apart(name, [year_of(one) for one in years])
    _require_alike(name, years, cases)
    common = reduce(set.intersection, (set(one[fields.DISTRICT_CODE]) for one in years))
    every = pd.concat(years, ignore_index=True)
    every = every[every[fields.DISTRICT_CODE].isin(common)]
    keys = [fields.DISTRICT_CODE, *cases]
    sums = every.groupby(keys, as_index=False)[count].sum()
    given = {fields.YEAR: int(last[fields.YEAR].iloc[0])}
    if fields.PUBLISHED_DISTRICT_CODE in last:
        given[fields.PUBLISHED_DISTRICT_CODE] = sums[fields.DISTRICT_CODE]
    return sums.assign(**given)[list(last.columns)]


def standing_in(years: Sequence[pd.DataFrame]) -> int | None:
    """Return the year that the people of several years are of, where it is the same for all."""
    of_years = {year_of(one) for one in years}
    return of_years.pop() if len(of_years) == 1 < len(years) else None


def _require_apart(name: str, of_years: list[int]) -> None:
    if len(set(of_years)) < len(of_years) and name not in MAY_STAND_IN:
        raise SchemaError(
            f"expected {name} of {len(of_years)} years, found those of"
            f" {', '.join(map(str, of_years))}, and none may be counted twice",
            place=name,
            mend="Give a file for each year, or set mortality.pooled_years to 1.",
        )


def _require_alike(name: str, years: Sequence[pd.DataFrame], cases: list[str]) -> None:
    found = [set(one[cases].itertuples(index=False, name=None)) for one in years]
    for one, cases_of_year in zip(years, found, strict=True):
        apart = sorted(cases_of_year ^ found[-1])
        if apart:
            raise SchemaError(
                f"expected the same causes, sexes and bands of age in every year to pool, but"
                f" {', '.join(map(str, apart[0]))} is in only one of {one[fields.YEAR].iloc[0]} and"
                f" {years[-1][fields.YEAR].iloc[0]}",
                place=name,
                mend="Take the years by the same causes and bands, or set mortality.pooled_years"
                " to 1.",
            )


def with_period(
    rows: pd.DataFrame, year: int, years: int, standing_in: int | None = None
) -> pd.DataFrame:
    """Return rows of results with the first of the years that they are of, and a note of them.

    Parameters
    ----------
    rows : table of `tables.MEASURES`.
    year, years : the last year, and how many.
    standing_in : the year of the people that are counted for each of the years, if they are.
    """
    if years == 1:
        return rows
    said = f"{year - years + 1} to {year} together"
    people = None if standing_in is None else f"people of {standing_in} for each of the years"
    missing = f"{NOT_KNOWN} for each of the years"
    notes = [
        joined(said, people, *(missing if part == NOT_KNOWN else part for part in parts))
        for parts in rows[fields.NOTE].fillna("").str.split(NOTE_SEPARATOR)
    ]
    told = pd.Series(notes, index=rows.index, dtype=rows[fields.NOTE].dtype)
    return rows.assign(**{fields.FIRST_YEAR: year - years + 1, fields.NOTE: told})
