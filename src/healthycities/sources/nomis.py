"""What all answers of Nomis have in common: years, counts, pages, and totals among their parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from healthycities.errors import SourceError
from healthycities.geography.districts import named
from healthycities.io.tabular import Column, Layout, Table, exactly
from healthycities.sources.raw import Raw

DATE, GENDER, C_AGE, VALUE = "DATE", "GENDER", "C_AGE", "OBS_VALUE"
MEASURES, RECORD_COUNT = "MEASURES", "RECORD_COUNT"

ALL_SEXES = 0
SEX_OF_GENDER = {0: "persons", 1: "male", 2: "female"}
ALL_AGES = 200
"""``C_AGE`` of all ages."""

_COUNT = "20100"
"""``MEASURES`` of a count; other numbers are percentages and intervals."""

_ASK_AGAIN = "Ask Nomis again, page by page with RecordOffset, or for fewer rows."


def layout(code: str, *others: Column) -> Layout:
    """Return the columns of an answer; ``code`` is the name given to its GEOGRAPHY_CODE."""
    return (
        exactly(DATE),
        Column(code, re.escape("GEOGRAPHY_CODE"), "GEOGRAPHY_CODE"),
        exactly(GENDER),
        exactly(VALUE),
        exactly(MEASURES, required=False),
        exactly(RECORD_COUNT, required=False),
        *others,
    )


def counts_of_year(table: Table, raw: Raw) -> tuple[Table, int]:
    """Return the counts of the year asked for, and that year, of an answer that is whole.

    Raises
    ------
    SourceError : rows are missing, or the year is not there; the years that are, are named.
    """
    _require_whole(table)
    if table.has(MEASURES):
        table = table.where(table.rows[MEASURES] == _COUNT)
    years = table.whole_numbers(DATE)
    held = sorted(years.unique().tolist())
    year = raw.data_year if raw.data_year is not None or len(held) != 1 else held[0]
    if year is None or year not in held:
        raise SourceError(
            f"expected values of {year or 'one year'}, found those of "
            f"{', '.join(map(str, held)) or 'none'}",
            file=table.files,
            mend="Ask Nomis for that year, or correct the path of the source.",
        )
    return table.where(years == year), year


def _require_whole(table: Table) -> None:
    """Require as many rows as the answer has; Nomis cuts a long one short without a word.

    Each file is a whole answer, or all of them that are not are pages of one.
    """
    if not table.has(RECORD_COUNT):
        return
    counts = table.whole_numbers(RECORD_COUNT)
    pages = 0
    wanted: set[int] = set()
    for _, rows in table.by_file():
        said = set(counts[rows.index])
        if said != {len(rows)}:
            pages += len(rows)
            wanted |= said
    if wanted - {pages}:
        raise SourceError(
            f"RECORD_COUNT says {', '.join(map(str, sorted(wanted)))} rows, found {pages}: "
            "the answer was cut short in silence",
            file=table.files,
            mend=_ASK_AGAIN,
        )


def without_totals(
    frame: pd.DataFrame, name: str, total: object, *, value: str, file: str
) -> pd.DataFrame:
    """Drop the totals along one column, where their parts are there and sum to them.

    Parameters
    ----------
    frame : one row for each combination of all columns but ``value``.
    name, total : the column, and what it holds in a row that is a total.
    value : the column that is summed.

    Raises
    ------
    SourceError : a total is not the sum of its parts, or has none.
    """
    is_total = frame[name] == total
    if is_total.all() or not is_total.any():
        return frame
    keys = [column for column in frame.columns if column not in (name, value)]
    whole = frame[is_total].set_index(keys)[value]
    parts = frame[~is_total].groupby(keys)[value].sum()
    summed = parts.reindex(whole.index)
    wrong = whole.index[~(whole == summed)]
    if len(wrong):
        raise SourceError(
            f"the total of {_said(keys, wrong[0])} is {whole[wrong[0]]:g}, and its parts by "
            f"{name} sum to {summed[wrong[0]]:g}",
            file=file,
            mend="Download the file again; if it stays so, ask for the parts without the totals.",
        )
    return frame[~is_total]


def require_every_combination(frame: pd.DataFrame, keys: Sequence[str], *, file: str) -> None:
    """Require a row for every combination of the values of some columns.

    Raises
    ------
    SourceError : naming one that is missing: a count that is not there is not known to be 0.
    """
    full = pd.MultiIndex.from_product([frame[key].unique() for key in keys], names=keys)
    if len(full) == len(frame):
        return
    missing = full.difference(pd.MultiIndex.from_frame(frame[list(keys)]))
    raise SourceError(
        f"there is no row for {_said(keys, missing[0])} ({len(missing)} rows are missing)",
        file=file,
        mend="Ask for every area, sex and age, with the rows whose value is 0.",
    )


def _said(keys: Sequence[str], values: object) -> str:
    several = values if isinstance(values, tuple) else (values,)
    return ", ".join(f"{key} {value}" for key, value in zip(keys, several, strict=True))


def require_sexes(genders: pd.Series, *, file: str) -> pd.Series:
    """Return sexes in the words of the tables: both sexes, or persons.

    Raises
    ------
    SourceError : one sex is there without the other, or a number that Nomis does not use.
    """
    found = sorted(genders.unique().tolist())
    if found not in ([0], [1, 2]):
        raise SourceError(
            "expected GENDER 1 and 2 (male and female) or 0 (all), "
            f"found {named(list(map(str, found)))}",
            file=file,
            mend="Ask Nomis for both sexes.",
        )
    return genders.map(SEX_OF_GENDER)


def require_year(raw: Raw) -> int:
    """Return the year that the values of a file are of, where the file does not say it.

    Raises
    ------
    SourceError : the configuration does not say it either.
    """
    if raw.data_year is None:
        raise SourceError(
            "the year of the values is not known",
            file=raw.paths[0],
            mend="Put {year} into the path of the source, or give its vintage.",
        )
    return raw.data_year
