"""Rows of the long table of results, from arrays over the areas of a level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Measure
from healthycities.geography.levels import Level
from healthycities.health.rates import Estimate
from healthycities.spatial.grid import FloatArray

NOTE_SEPARATOR = "; "
NOT_KNOWN = "no data"
NOTHING = "nothing to divide by"
RESTS_ON = "rests on"
_FULL = 1 - 1e-9
_NUMBERS = [
    fields.VALUE,
    fields.LOWER,
    fields.UPPER,
    fields.NUMERATOR,
    fields.DENOMINATOR,
    fields.COVERED_SHARE,
]


def rows(
    level: Level,
    measure: Measure,
    year: int,
    *,
    value: FloatArray,
    lower: FloatArray | None = None,
    upper: FloatArray | None = None,
    confidence: float | None = None,
    numerator: FloatArray | None = None,
    denominator: FloatArray | None = None,
    covered_share: FloatArray | None = None,
    estimated_share: FloatArray | None = None,
    sex: str = "persons",
    age: str = "all ages",
    notes: npt.NDArray[np.object_] | None = None,
) -> pd.DataFrame:
    """Return one row for each area of a level, in the schema `tables.MEASURES`.

    An area of which nothing is known at this level has no number, whatever is given, and says why.

    Parameters
    ----------
    value, lower, upper, numerator, denominator, covered_share : one float64 for each area of the
        level, NaN where missing.
    estimated_share : the same, of its counts that are estimated; by default none are.
    notes : a text or None for each area; one that says why is expected beside a missing value.
    """
    nothing = np.full(len(level.names), np.nan)
    columns = {
        fields.AREA_CODE: level.weights.rows.astype(object),
        fields.AREA_NAME: level.names,
        fields.LEVEL: level.level,
        fields.FIRST_YEAR: year,
        fields.YEAR: year,
        fields.METRIC: measure.name,
        fields.SEX: sex,
        fields.AGE: age,
        fields.VALUE: value,
        fields.LOWER: nothing if lower is None else lower,
        fields.UPPER: nothing if upper is None else upper,
        fields.UNIT: measure.unit,
        fields.STATISTIC: measure.statistic,
        fields.METHOD: measure.method,
        fields.CONFIDENCE: np.nan if confidence is None else confidence,
        fields.NUMERATOR: nothing if numerator is None else numerator,
        fields.DENOMINATOR: nothing if denominator is None else denominator,
        fields.COVERED_SHARE: nothing if covered_share is None else covered_share,
        fields.ESTIMATED_SHARE: 0.0 if estimated_share is None else estimated_share,
        fields.NOTE: np.full(len(nothing), None, dtype=object) if notes is None else notes,
    }
    return _without_unknown(pd.DataFrame(columns)[list(tables.MEASURES.columns)], level)


def _without_unknown(frame: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return rows without the numbers of areas of which nothing is known at their level."""
    told = {n: f"{NOT_KNOWN}: {why}" for n, why in enumerate(level.unknown) if why is not None}
    if told:
        frame.loc[list(told), _NUMBERS] = np.nan
        frame.loc[list(told), fields.NOTE] = list(told.values())
    return frame


def estimate_rows(
    level: Level,
    measure: Measure,
    year: int,
    estimate: Estimate,
    confidence: float,
    *,
    numerator: FloatArray,
    denominator: FloatArray | None = None,
    covered_share: FloatArray | None = None,
    sex: str = "persons",
    age: str = "all ages",
    notes: npt.NDArray[np.object_],
) -> pd.DataFrame:
    """Return the rows of a value with its interval; parameters as for :func:`rows`.

    Parameters
    ----------
    estimate : value and limits for each area of the level.
    """
    return rows(
        level,
        measure,
        year,
        value=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        confidence=confidence,
        numerator=numerator,
        denominator=denominator,
        covered_share=covered_share,
        sex=sex,
        age=age,
        notes=notes,
    )


def ratio_rows(
    levels: Iterator[Level] | Sequence[Level],
    measure: Measure,
    year: int,
    *,
    numerator: FloatArray,
    denominator: FloatArray,
    whole: FloatArray | None = None,
    known_share: FloatArray | None = None,
    scale: float = 1.0,
    note: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield, for each level, the ratio of the sums of small areas.

    A small area without a numerator counts in neither sum, so that it does not pull the ratio
    towards 0. The covered share is that of the denominator which is known: for air quality, of the
    people who live on ground that has a concentration.

    Parameters
    ----------
    numerator, denominator : one float64 for each small area; NaN in the numerator where missing.
    whole : what the covered share is a share of, for each small area; by default the denominator.
    known_share : share of each small area that its numerator rests on; by default all of it where
        there is a numerator.
    scale : the ratio is multiplied by it, for a percentage by 100.
    note : said beside every value.
    """
    known = ~np.isnan(numerator)
    share = np.where(known, 1.0 if known_share is None else known_share, 0.0)
    above_below = [np.where(known, part, 0.0) for part in (numerator, denominator)]
    all_of_it = denominator if whole is None else whole
    parts = np.column_stack([*above_below, all_of_it, denominator * share, known])
    for level in levels:
        if not level.is_among(measure.levels):
            continue
        above, below, in_all, rests_on, count = (level.weights.matrix @ parts).T
        value = scale * divided(above, below)
        covered = np.minimum(divided(rests_on, in_all), 1.0)
        cut = level.estimated_share(above_below[1])
        yield rows(
            level,
            measure,
            year,
            value=value,
            numerator=np.where(count > 0, above, np.nan),
            denominator=np.where(count > 0, below, np.nan),
            covered_share=np.where(np.isnan(covered), 0.0, covered),
            estimated_share=cut,
            notes=with_cut(notes_of(value, covered, note), cut),
        )


def divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide, with NaN where there is nothing to divide by."""
    result = np.full(len(above), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def notes_of(value: FloatArray, covered: FloatArray, note: str | None) -> npt.NDArray[np.object_]:
    """Return a note for each value: one for all, and what the value rests on or why it is null.

    Parameters
    ----------
    covered : share of the whole that each value rests on; NaN where the whole is 0.
    """
    texts = [
        joined(note, _coverage_note(one, share)) for one, share in zip(value, covered, strict=True)
    ]
    return np.array(texts, dtype=object)


def _coverage_note(value: float, covered: float) -> str | None:
    if np.isnan(value):
        return NOTHING if np.isnan(covered) else NOT_KNOWN
    return None if covered >= _FULL else f"{RESTS_ON} {100 * covered:.1f} % of the whole"


def with_cut(notes: npt.NDArray[np.object_], cut: FloatArray) -> npt.NDArray[np.object_]:
    """Add to each note which share is of small areas that the area cuts."""
    texts = [
        joined(note, f"{100 * share:.1f} % of small areas divided by area" if share > 0 else None)
        for note, share in zip(notes, cut, strict=True)
    ]
    return np.array(texts, dtype=object)


def joined(*notes: str | None) -> str | None:
    """Join notes, or give None where there is none."""
    return NOTE_SEPARATOR.join(note for note in notes if note) or None


def year_note(what: str, of_year: int | None, year: int) -> str | None:
    """Say which year's values stand in for the year reported on; nothing where it is not known."""
    return None if of_year in (None, year) else f"{what} of {of_year}"


def year_of(table: pd.DataFrame) -> int:
    """Return the one year that the rows of a table are of."""
    return int(table[fields.YEAR].iloc[0])
