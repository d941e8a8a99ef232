"""Codes of areas in published tables: which are English, and what a district became."""

from __future__ import annotations

import logging
from datetime import date
from typing import NamedTuple

import pandas as pd

from healthycities import fields
from healthycities.errors import SourceError
from healthycities.geography.districts import (
    carry_codes,
    named,
    newer_districts,
    require_whole,
)
from healthycities.io.tabular import Column, Table
from healthycities.sources.raw import Raw

logger = logging.getLogger(__name__)

SMALL_AREA = Column(
    fields.SMALL_AREA_CODE,
    r"LSOA\d\dCD|LSOA code \(\d{4}\)|LSOA \d{4} code",
    "LSOA21CD",
)
DISTRICT = Column(
    fields.DISTRICT_CODE,
    r"LAD\d\dCD|Local Authority District code \(\d{4}\)|LA code \(\d{4} boundaries\)"
    r"|LAD \d{4} code",
    "LAD25CD",
)

_ELSEWHERE = r"[A-Z]\d{8}|95[A-Z]{2}\d\d[SW]\d|\d+"
"""Codes of the other areas that tables hold: GSS, Northern Ireland's of 2001, and Nomis's own."""


class _Kind(NamedTuple):
    code: str
    said: str
    example: str


_SMALL_AREAS = _Kind(r"E01\d{6}", "small area", "E01000001")
_DISTRICTS = _Kind(r"E0[6-9]\d{6}", "district", "E08000003")


def english_small_areas(table: Table) -> Table:
    """Return the rows of English small areas; how many others were left out goes to the log.

    Raises
    ------
    SchemaError : a text that is no code, naming its line.
    SourceError : there is no English small area.
    """
    return _english(table, fields.SMALL_AREA_CODE, _SMALL_AREAS)


def english_districts(table: Table) -> Table:
    """Return the rows of English districts; how many others were left out goes to the log.

    Raises
    ------
    SchemaError : a text that is no code, naming its line.
    SourceError : there is no English district.
    """
    return _english(table, fields.DISTRICT_CODE, _DISTRICTS)


def _english(table: Table, name: str, kind: _Kind) -> Table:
    codes = table.rows[name]
    ours = codes.str.fullmatch(kind.code)
    known = ours | codes.str.fullmatch(_ELSEWHERE)
    table.require(known, name, f"the code of a {kind.said}, such as {kind.example}")
    others = codes[~ours]
    if len(others) == len(codes):
        raise SourceError(
            f"there is no English {kind.said} in it; column {table.own_names[name]} holds "
            f"{named(others.unique().tolist())}",
            file=table.files,
            mend=f"Ask the publisher for {kind.said}s, with codes such as {kind.example}.",
        )
    if len(others):
        logger.info("%s: left out %d rows of other areas", table.files, len(others))
    return table.where(ours)


def carried_districts(table: Table, as_at: date) -> pd.Series:
    """Return the district of each row, in codes of a date; recodings go to the log.

    Raises
    ------
    RegisterError : naming each code that is unknown, or newer than the date.
    """
    codes, recoded = carry_codes(table.rows[fields.DISTRICT_CODE], as_at, file=table.files)
    if recoded:
        told = ", ".join(f"{old} to {new}" for old, new in sorted(recoded.items()))
        logger.info("%s: districts recoded to those of %s: %s", table.files, as_at, told)
    return pd.Series(codes, index=table.rows.index, dtype="str")


def summed_districts(table: Table, raw: Raw) -> pd.Series:
    """Return `carried_districts`, where all parts of each district are in the table.

    Where ``raw.divides``, districts that came after the date keep their codes.

    Raises
    ------
    RegisterError : naming each code that is unknown, or newer than the date.
    SourceError : a district lacks a part that merged into it, or holds one twice; the sum of the
        rest would pass for the whole. Or a newer district stands beside one that became it.
    """
    given = table.rows[fields.DISTRICT_CODE]
    kept = _kept(table, raw) if raw.divides else pd.Series(data=False, index=given.index)
    carried = carried_districts(table.where(~kept), raw.as_at)
    require_whole(given[~kept], raw.as_at, file=table.files)
    return carried.reindex(given.index).where(~kept, given)


def _kept(table: Table, raw: Raw) -> pd.Series:
    """Tell which rows are of newer districts, none of which may stand beside a part of it."""
    given = table.rows[fields.DISTRICT_CODE]
    pairs = newer_districts(raw.as_at)
    both = [pair for pair in pairs if set(pair) <= set(given)]
    if both:
        new, old = both[0]
        raise SourceError(
            f"expected districts of one date, found {new} and {old}, which became it",
            file=table.files,
            mend="Take the file with all districts of one date.",
        )
    return given.isin({new for new, _ in pairs})
