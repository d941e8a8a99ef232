"""Results beside published ones of the same quantity: ours minus theirs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import COMPARED_WITH
from healthycities.errors import SchemaError
from healthycities.package_tables import rows

COMPARED = "compared_with_published"
"""Name of the table in the GeoPackage."""

INDICATORS_FILE = "publish/data/published_indicators.csv"

TITLE = (
    "Results of the run beside published results of the same quantity, area and years: ours minus "
    "theirs, and whether the two intervals overlap."
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        fields.AREA_CODE: "Code of the area",
        fields.AREA_NAME: "Name of the area",
        fields.LEVEL: "Level of the area",
        fields.FIRST_YEAR: "First of the years that both are of",
        fields.YEAR: "Year that both are of, or the last of several",
        fields.METRIC: "Name of the measure, as in the names of the layers' columns",
        fields.SEX: "persons, male or female",
        fields.AGE: "Band of age",
        fields.UNIT: "Unit of all values",
        fields.VALUE: "Value of the run; null where it is missing",
        fields.LOWER: "Lower bound of the run's interval",
        fields.UPPER: "Upper bound of the run's interval",
        fields.PUBLISHED_VALUE: "Published value; null where the publisher gives none",
        fields.PUBLISHED_LOWER: "Lower bound of the published 95 % interval",
        fields.PUBLISHED_UPPER: "Upper bound of the published 95 % interval",
        fields.DIFFERENCE: "Value of the run minus the published value",
        fields.INTERVALS_OVERLAP: "Whether the two 95 % intervals have a value in common; null "
        "where one of them is missing. It is no test: both rest on much the same deaths and people",
        fields.INDICATOR_ID: "Number of the published indicator",
        fields.INDICATOR_NAME: "Name of the published indicator",
        fields.PUBLISHED_AREA_CODE: "Code that the area was published under",
        fields.PUBLISHED_AREA_TYPE: "Kind of area that it was published as",
        fields.NOTE: "What a reader must know of the value of the run",
        fields.PUBLISHED_NOTE: "What the publisher says of its value",
    }
)

_CONFIDENCE = 0.95
"""Confidence of the published limits that are read."""

_SAME = [fields.AREA_CODE, fields.METRIC, fields.FIRST_YEAR, fields.YEAR]

_log = logging.getLogger(__name__)


def compared(measures: pd.DataFrame, published: pd.DataFrame, function: str) -> pd.DataFrame:
    """Compare results with published ones wherever quantity, area and years are the same.

    Parameters
    ----------
    measures : `tables.MEASURES`, as they are published: what is withheld is missing.
    published : `tables.FINGERTIPS`.
    function : name of the leading concentration-response function of the run.

    Returns
    -------
    Table of `tables.COMPARED`, in the order of the measures; empty where nothing can be compared.
    """
    theirs = _by_metric(published, function)
    both = measures.merge(theirs, on=_SAME, how="inner", validate="m:1")
    _log.info("%s: %d of %d published results", COMPARED, len(both), len(published))
    frame = both.assign(
        **{
            fields.DIFFERENCE: both[fields.VALUE] - both[fields.PUBLISHED_VALUE],
            fields.INTERVALS_OVERLAP: _overlap(both),
        }
    )
    return tables.checked(frame[list(tables.COMPARED.columns)], tables.COMPARED)


def _by_metric(published: pd.DataFrame, function: str) -> pd.DataFrame:
    """Return published results under the names of the measures that are the same quantity."""
    found = [
        published[_is_of(published, row)].assign(**{fields.METRIC: row["metric"]})
        for row in rows(INDICATORS_FILE)
        if row["function"] in ("", function)
    ]
    together = pd.concat(found, ignore_index=True)
    _require_single(together)
    return together


def _require_single(published: pd.DataFrame) -> None:
    """Refuse two published results for one measure: nobody could tell which is meant."""
    again = published[published.duplicated(_SAME)]
    if len(again):
        row = again.iloc[0]
        raise SchemaError(
            f"expected one result of indicator {row[fields.INDICATOR_ID]} for"
            f" {row[fields.PUBLISHED_AREA_CODE]} in {row[fields.YEAR]}, found another under"
            f" {row[fields.PUBLISHED_SEX]}, {row[fields.PUBLISHED_AGE]}",
            place=f"sources.{COMPARED_WITH}",
            mend="Leave out the rows of one of the two from the file.",
        )


def _is_of(published: pd.DataFrame, row: Mapping[str, str]) -> pd.Series:
    """Tell which results are of the indicator, sex and age of a row of the table of indicators."""
    return (
        (published[fields.INDICATOR_ID] == int(row["indicator_id"]))
        & published[fields.PUBLISHED_SEX].isin(row["published_sex"].split("|"))
        & published[fields.PUBLISHED_AGE].isin(row["published_age"].split("|"))
    )


def _overlap(both: pd.DataFrame) -> pd.Series:
    """Tell where two intervals have a value in common; missing where one is not of 95 %."""
    bounds = [fields.LOWER, fields.UPPER, fields.PUBLISHED_LOWER, fields.PUBLISHED_UPPER]
    lower, upper, published_lower, published_upper = (both[one] for one in bounds)
    meet = (lower <= published_upper) & (published_lower <= upper)
    known = both[bounds].notna().all(axis=1) & np.isclose(both[fields.CONFIDENCE], _CONFIDENCE)
    return meet.astype("boolean").where(known)
