"""Counts by district and band of age, as arrays, from the tables of deaths and population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.errors import SchemaError
from healthycities.geography.levels import Level
from healthycities.health.life import ABRIDGED_STARTS
from healthycities.spatial.grid import FloatArray, IntArray

_PARTS = ["male", "female"]

_YOUNGEST_APART = 1
"""First age of the band that makes five years with the first year of life."""


def shared_sexes(*given: pd.DataFrame) -> tuple[str, ...]:
    """Return the sexes that all tables tell; persons always, as the sum of both where need be."""
    told = all(set(_PARTS) <= set(table[fields.SEX].unique()) for table in given)
    return tables.SEXES if told else tables.SEXES[:1]


def require_sexes(metric: str, given: Mapping[str, pd.DataFrame]) -> None:
    """Require tables that tell males and females apart.

    Parameters
    ----------
    metric : name of the metric, for the message.
    given : tables with a column of sexes, by the names of their sources.

    Raises
    ------
    SchemaError : one of them does not.
    """
    together = [name for name, table in given.items() if "male" not in shared_sexes(table)]
    if together:
        raise SchemaError(
            f"expected males and females apart in {', '.join(together)}, found them together",
            mend=f"Take every source by sex, or leave {metric} out of `metrics`.",
        )


def shared_starts(
    deaths: pd.DataFrame, population: pd.DataFrame, standard_starts: Sequence[int]
) -> IntArray:
    """Return the first ages of the standard's bands that neither table cuts through.

    Raises
    ------
    SchemaError : a table's youngest band does not start at age 0.
    """
    starts = set(standard_starts)
    for name, table in (("deaths", deaths), ("population", population)):
        ages = set(table[fields.AGE_FROM].unique().tolist())
        if 0 not in ages:
            raise SchemaError(
                f"expected bands of age from 0 on, found {min(ages, default='none')}",
                place=name,
                mend="Take the source with all its ages.",
            )
        starts &= ages
    return np.array(sorted(starts), dtype=np.int64)


def abridged_starts(deaths: pd.DataFrame, population: pd.DataFrame) -> IntArray:
    """Return the first ages of the 20 bands of abridged life tables, which both tables must tell.

    Raises
    ------
    SchemaError : a table lacks one of the bands, such as the first year of life.
    """
    starts = shared_starts(deaths, population, ABRIDGED_STARTS)
    lacking = sorted(set(ABRIDGED_STARTS) - set(starts.tolist()))
    if lacking:
        raise SchemaError(
            f"expected {len(ABRIDGED_STARTS)} bands of age (0, 1 to 4, 5 to 9, … 90 and over) in"
            f" deaths and population, found none from {', '.join(map(str, lacking))} on",
            mend="Take deaths in the 20 bands of Nomis and people by single year of age.",
        )
    return starts


def whole_starts(table: pd.DataFrame, starts: IntArray) -> IntArray:
    """Return the first ages of the bands that the bands of a table and others have in common.

    A band of the table lies within one of the others, or is made of whole ones, so that what is
    told of it holds for each of them. The first year of life and ages 1 to 4 are one for this
    matter: bands such as 0 to 2 and 3 to 4 are told of both.

    Parameters
    ----------
    table : rows of `tables.GENERAL_HEALTH`, whose bands follow each other from 0 on.
    starts : first age of each of the others, rising; the last is open-ended.

    Raises
    ------
    SchemaError : naming a band that holds some ages of one band, and some or all of another.
    """
    fives = starts[starts != _YOUNGEST_APART]
    ends = np.append(fives[1:] - 1, tables.OLDEST_AGE)
    bands = table[[fields.AGE_FROM, fields.AGE_TO]].drop_duplicates()
    for first, last in sorted(bands.itertuples(index=False, name=None)):
        within = np.searchsorted(fives, first, "right") == np.searchsorted(fives, last, "right")
        if not within and not (first in starts and last in ends):
            raise SchemaError(
                f"expected bands of age that are made of whole bands starting at {fives.tolist()},"
                f" or lie within one, found {first} to {last}",
                mend="Take general health by bands of five years, by single years, or by bands "
                "that are made of those of five years.",
            )
    return np.intersect1d(starts, table[fields.AGE_FROM].unique())


class Counts(NamedTuple):
    """Deaths and people of areas x bands, and the first age of each band."""

    deaths: FloatArray
    people: FloatArray
    starts: IntArray

    def summed(self, level: Level) -> Counts:
        """Add districts up to the areas of a level, by band."""
        deaths, people = (level.weights.matrix @ part for part in (self.deaths, self.people))
        return Counts(deaths, people, self.starts)

    def between(self, first: int, end: int = tables.OLDEST_AGE) -> tuple[FloatArray, FloatArray]:
        """Return the deaths and people of each area from an age on, up to another."""
        within = (self.starts >= first) & (self.starts < end)
        return self.deaths[:, within].sum(axis=1), self.people[:, within].sum(axis=1)


def counts_of_districts(
    deaths: pd.DataFrame,
    population: pd.DataFrame,
    districts: Sequence[str],
    starts: IntArray,
    sex: str,
) -> Counts:
    """Sum deaths and people to districts x bands; parameters as :func:`by_district_and_band`."""
    return Counts(
        by_district_and_band(deaths, fields.DEATHS, districts, starts, sex),
        by_district_and_band(population, fields.PEOPLE, districts, starts, sex),
        starts,
    )


class Answers(NamedTuple):
    """People in good health and people asked, of areas x bands, and the first age of each band."""

    good: FloatArray
    asked: FloatArray
    starts: IntArray

    def summed(self, level: Level) -> Answers:
        """Add districts up to the areas of a level, by band."""
        good, asked = (level.weights.matrix @ part for part in (self.good, self.asked))
        return Answers(good, asked, self.starts)

    @property
    def prevalence(self) -> FloatArray:
        """Share in good health of those asked, (areas, bands); NaN where nobody was."""
        share = np.full(self.good.shape, np.nan)
        np.divide(self.good, self.asked, out=share, where=self.asked > 0)
        return share


def answers_of_districts(
    health: pd.DataFrame, districts: Sequence[str], starts: IntArray, sex: str
) -> Answers:
    """Sum those in good health and those asked; parameters as :func:`by_district_and_band`."""
    return Answers(
        by_district_and_band(health, fields.PEOPLE_GOOD_HEALTH, districts, starts, sex),
        by_district_and_band(health, fields.PEOPLE_ASKED, districts, starts, sex),
        starts,
    )


def by_district_and_band(
    table: pd.DataFrame, column: str, districts: Sequence[str], starts: IntArray, sex: str
) -> FloatArray:
    """Sum counts to districts x bands.

    A band without a row is NaN: a district that the table lacks has no count, which is not 0.

    Parameters
    ----------
    table : rows of `tables.DEATHS` (of the causes wanted) or `tables.POPULATION`.
    column : the column of counts.
    districts : codes, in the order wanted.
    starts : first age of each band, rising; the last band is open-ended.
    sex : persons is the sum of male and female where the table has these.

    Raises
    ------
    SchemaError : a row's ages lie in two bands.
    """
    rows = table[table[fields.SEX].isin(_rows_of(sex, table))]
    band = np.searchsorted(starts, rows[fields.AGE_FROM].to_numpy(), side="right") - 1
    _require_within(rows, band, starts)
    sums = rows.groupby([rows[fields.DISTRICT_CODE], band])[column].sum(min_count=1)
    whole = pd.MultiIndex.from_product([districts, range(len(starts))])
    counts: FloatArray = sums.reindex(whole).to_numpy(np.float64)
    return counts.reshape(len(districts), len(starts))


def _rows_of(sex: str, table: pd.DataFrame) -> list[str]:
    told = set(table[fields.SEX].unique())
    return _PARTS if sex == "persons" and set(_PARTS) <= told else [sex]


def _require_within(rows: pd.DataFrame, band: IntArray, starts: IntArray) -> None:
    ends = np.append(starts[1:] - 1, tables.OLDEST_AGE)
    beyond = rows[fields.AGE_TO].to_numpy() > ends[band]
    if beyond.any():
        row = rows.iloc[int(np.argmax(beyond))]
        raise SchemaError(
            f"expected ages within one band starting at {starts.tolist()}, found"
            f" {row[fields.AGE_FROM]} to {row[fields.AGE_TO]}",
            place=f"district {row[fields.DISTRICT_CODE]}",
            mend="Take the source by single year of age, or by bands of five years.",
        )
