"""The deaths that a concentration-response function is a risk of, by district and band of age."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.errors import SchemaError
from healthycities.health.causes import LEFT_OUT_OF_ALL
from healthycities.health.life import ABRIDGED_STARTS
from healthycities.metrics.bands import by_district_and_band, shared_starts
from healthycities.metrics.mortality import of_all_causes
from healthycities.spatial.grid import FloatArray, IntArray

YOUNGEST_AGE = 30
"""Of the ages 30+ that the functions of the literature are of."""

AGE = f"{YOUNGEST_AGE} and over"
"""The band of age, in the words of the results."""


def deaths_of(
    outcome: str, table: pd.DataFrame, districts: Sequence[str], starts: IntArray, sex: str
) -> FloatArray:
    """Return the deaths of an outcome of concentration_response.csv, (districts, bands).

    Deaths from natural causes are those from all causes without the external ones.

    Parameters
    ----------
    outcome : one of `healthycities.health.causes.LEFT_OUT_OF_ALL`.
    table : rows of `healthycities.tables.DEATHS`.
    districts, starts, sex : as :func:`healthycities.metrics.bands.by_district_and_band` takes them.

    Raises
    ------
    SchemaError : the table lacks a cause that is added or left out, or a row's ages lie in two
        bands.
    """
    counts, *omitted = (
        by_district_and_band(part, fields.DEATHS, districts, starts, sex)
        for part in (
            of_all_causes(table),
            *(_of_cause(table, cause) for cause in LEFT_OUT_OF_ALL[outcome]),
        )
    )
    for part in omitted:
        counts = counts - part
    return counts


def deaths_at_risk(outcome: str, table: pd.DataFrame, districts: Sequence[str]) -> FloatArray:
    """Return the deaths of an outcome at `YOUNGEST_AGE` and over, (districts,).

    Parameters and errors are those of :func:`deaths_of` and, of the bands, :func:`bands_at_risk`.
    """
    # Nobody is followed through a life table: the bands need be those of the deaths alone.
    starts = bands_at_risk(table, table)
    by_band = deaths_of(outcome, table, districts, starts, "persons")
    return np.asarray(by_band[:, starts >= YOUNGEST_AGE].sum(axis=1))


def _of_cause(table: pd.DataFrame, cause: str) -> pd.DataFrame:
    found = table[table[fields.CAUSE_ICD10] == cause]
    if found.empty:
        raise SchemaError(
            f"expected deaths from {cause}, found causes "
            + ", ".join(sorted(table[fields.CAUSE_ICD10].unique())),
            place="deaths",
            mend="Ask Nomis for external causes (U509,V01-Y89) as well.",
        )
    return found


def bands_at_risk(deaths: pd.DataFrame, population: pd.DataFrame) -> IntArray:
    """Return the first ages of the bands of a life table that both tables tell.

    Raises
    ------
    SchemaError : they do not tell each band of five years from `YOUNGEST_AGE` to 90 and over.
    """
    starts = shared_starts(deaths, population, ABRIDGED_STARTS)
    needed = {age for age in ABRIDGED_STARTS if age >= YOUNGEST_AGE}
    lacking = sorted(needed - set(starts.tolist()))
    if lacking:
        raise SchemaError(
            f"expected bands of five years from {YOUNGEST_AGE} to {max(needed)} and over in deaths"
            f" and population, found none that starts at {', '.join(map(str, lacking))}",
            mend="Take deaths in the 20 bands of Nomis, and people by single year of age.",
        )
    return starts
