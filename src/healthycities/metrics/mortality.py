"""The deaths that a metric of mortality counts, and what it says of few deaths and other years."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields
from healthycities.errors import SchemaError
from healthycities.health.causes import ALL_CAUSES, causes_in_group
from healthycities.health.rates import FEWEST_EVENTS
from healthycities.metrics.rows import NOT_KNOWN, joined, year_note, year_of
from healthycities.spatial.grid import FloatArray


def of_all_causes(deaths: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `tables.DEATHS` that hold the deaths from all causes together.

    Raises
    ------
    SchemaError : there are none.
    """
    every = deaths[deaths[fields.CAUSE_ICD10] == ALL_CAUSES]
    if every.empty:
        raise SchemaError(
            "expected deaths from all causes, found causes "
            + ", ".join(sorted(deaths[fields.CAUSE_ICD10].unique())),
            place="deaths",
            mend="Ask Nomis for all causes (A00-R99,U00-Y89) as well.",
        )
    return every


def of_cause_group(deaths: pd.DataFrame, group: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of `tables.DEATHS` that make a group of causes, and the causes they are of.

    Raises
    ------
    ConfigError, SchemaError : as :func:`healthycities.health.causes.causes_in_group`.
    """
    causes = causes_in_group(deaths[fields.CAUSE_ICD10].unique().tolist(), group)
    return deaths[deaths[fields.CAUSE_ICD10].isin(causes)], causes


def years_said(deaths: pd.DataFrame, population: pd.DataFrame, year: int) -> str | None:
    """Say which year's deaths and people stand in for the year reported on."""
    tables = (("deaths", deaths), ("people", population))
    return joined(*(year_note(what, year_of(table), year) for what, table in tables))


def notes_of_rates(
    rate: FloatArray, deaths: FloatArray, note: str | None
) -> npt.NDArray[np.object_]:
    """Return a note for each rate: one for all, and why a rate is missing.

    Parameters
    ----------
    rate, deaths : one float64 for each area.
    """
    texts = [joined(note, _why_missing(*pair)) for pair in zip(rate, deaths, strict=True)]
    return np.array(texts, dtype=object)


def _why_missing(rate: float, deaths: float) -> str | None:
    if not np.isnan(rate):
        return None
    if deaths < FEWEST_EVENTS:
        return f"no rate is given below {FEWEST_EVENTS} deaths"
    return NOT_KNOWN
