"""Bands of age in published tables: their names, and whether they follow each other."""

from __future__ import annotations

import re

import pandas as pd

from healthycities import fields, tables
from healthycities.errors import SourceError
from healthycities.io.tabular import Table

_YEARS = r"( years?)?"
_BANDS = (
    rf"(Aged )?(?P<low>\d+) ?(-|to) ?(?P<high>\d+){_YEARS}",
    rf"(Aged )?(?P<low>\d+){_YEARS} ?(\+|and over)",
    rf"(Aged )?(?P<high>\d+){_YEARS} and under",
    rf"(Aged )?under (?P<below>[1-9]\d*){_YEARS}",
    rf"Aged? (?P<only>\d+){_YEARS}",
    r"(total \()?all ages\)?",
)
"""Names of bands of age; an age that a name leaves out is the youngest or the oldest."""


def band(name: str) -> tuple[int, int] | None:
    """Return the first and last age of a band, None for a name that is not understood."""
    tries = (re.fullmatch(pattern, name, re.IGNORECASE) for pattern in _BANDS)
    found = next((match.groupdict() for match in tries if match), None)
    if found is None:
        return None
    if "only" in found:
        return int(found["only"]), int(found["only"])
    highest = int(found["below"]) - 1 if "below" in found else tables.OLDEST_AGE
    return int(found.get("low", 0)), int(found.get("high", highest))


def ages(table: Table, column: str) -> pd.DataFrame:
    """Return the first and last age of each row, from a column of names of bands.

    Raises
    ------
    SchemaError : a name that is not understood, naming its line.
    """
    names = table.rows[column]
    bands = {name: band(name) for name in names.unique()}
    table.require(names.map(lambda name: bands[name] is not None), column, "a band of ages")
    pairs = [bands[name] for name in names]
    return pd.DataFrame(pairs, index=names.index, columns=[fields.AGE_FROM, fields.AGE_TO])


def require_no_gap(frame: pd.DataFrame, *, file: str, mend: str) -> None:
    """Require that bands follow each other from age 0 to the oldest.

    Parameters
    ----------
    frame : with the first and last age of each row.
    file : file that it was read from, for the message.
    mend : what to do about bands that do not.

    Raises
    ------
    SourceError : they leave a gap or overlap, or do not begin at 0.
    """
    bands = sorted(set(zip(frame[fields.AGE_FROM], frame[fields.AGE_TO], strict=True)))
    expected = 0
    for low, high in [*bands, (tables.OLDEST_AGE + 1, 0)]:
        if low != expected:
            raise SourceError(
                f"expected bands of age that follow each other from 0 to the oldest, found "
                f"{', '.join(f'{first}-{last}' for first, last in bands)}",
                file=file,
                mend=mend,
            )
        expected = high + 1
