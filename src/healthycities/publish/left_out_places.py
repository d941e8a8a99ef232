"""What is said of places of one's own that a run of a part of England does not report on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from healthycities import fields
from healthycities.io.tabular import read_parquet
from healthycities.publish.assemble import Results
from healthycities.publish.guide import Guide, source_of_places
from healthycities.publish.wording import counted, listed

_MOST_NAMED = 12


def said(results: Results, outlines: Mapping[str, Path], guide: Guide) -> list[str]:
    """Return a sentence for each set of places of which some are left out.

    Parameters
    ----------
    outlines : prepared file of each set: `tables.PLACE_LIST` or `tables.PLACE_OUTLINES`.

    Raises
    ------
    SourceError : a file cannot be read.
    """
    given = {name: _names(read_parquet(file)) for name, file in sorted(outlines.items())}
    left = {
        name: names[~names.index.isin(results.names[name].index)] for name, names in given.items()
    }
    return [
        _sentence(guide.credits[source_of_places(name)].title, names, len(given[name]))
        for name, names in left.items()
        if len(names)
    ]


def _names(places: pd.DataFrame) -> pd.Series:
    """Return the name of each place, by code."""
    once = places.drop_duplicates(fields.PLACE_CODE)
    return once.set_index(fields.PLACE_CODE)[fields.PLACE_NAME].sort_values()


def _sentence(title: str, left: pd.Series, given: int) -> str:
    told = left.tolist()[:_MOST_NAMED]
    if len(left) > len(told):
        told.append(counted(len(left) - len(told), "other", "others"))
    were, whose = ("is", "it") if len(left) == 1 else ("are", "each")
    return (
        f"{title}: {len(left)} of {given} {were} left out, as the run does not report on all of"
        f" {whose}: {listed(told)}"
    )
