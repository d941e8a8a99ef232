"""Tables of districts and small areas of another date, carried to those reported on.

What a table holds for whole districts its reader has carried already. Here stands what takes
weights, and with them what each result is told of it: the share that was estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import CARRIED_BY
from healthycities.errors import AlignmentError
from healthycities.geography.carrying import carried_sums, estimated_share
from healthycities.geography.districts import named
from healthycities.geography.levels import Level, Levels
from healthycities.metrics.rows import joined
from healthycities.spatial.grid import FloatArray
from healthycities.spatial.weights import Weights

_COUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deaths": (fields.DEATHS,),
        "population": (fields.PEOPLE,),
        "general_health": (fields.PEOPLE_ASKED, fields.PEOPLE_GOOD_HEALTH),
    }
)
"""The columns of each table of districts that are counts, the one to tell shares of first; other
tables hold means."""


@dataclass(frozen=True, eq=False)
class Divided:
    """A table that was carried by weights, and the counts that it had as published.

    ``part`` is the column of codes: of districts or of small areas. ``counts`` has one float64 for
    each column of the weights.
    """

    part: str
    weights: Weights
    counts: FloatArray


def carried(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Divided]]:
    """Return the inputs of a metric without the weights that carry them, and what was divided.

    A table whose areas are all reported on stays as it is. Of several years, in a list, each table
    is carried for itself, for districts may have changed between them; what was divided is then a
    part of the counts of all of them.

    Raises
    ------
    AlignmentError : a small area of a table is neither reported on nor one that became another.
    """
    found = {name: one for name, one in inputs.items() if name not in CARRIED_BY.values()}
    divided: list[Divided] = []
    for name, by in CARRIED_BY.items():
        if name not in found or by not in inputs:
            continue
        given = found[name]
        several = isinstance(given, list)
        each = [_carried(name, one, inputs[by]) for one in (given if several else [given])]
        found[name] = [table for table, _ in each] if several else each[0][0]
        told = [one for _, one in each if one is not None]
        divided += [_of_all(name, given, told[0])] if several and told else told
    return found, divided


def _of_all(name: str, years: list[pd.DataFrame], divided: Divided) -> Divided:
    """Return what was divided of one of several years, with the counts of all of them."""
    part, weights = divided.part, divided.weights
    counts = [_by_column(table, part, _COUNTS[name][0], weights) for table in years]
    return replace(divided, counts=np.sum(counts, axis=0))


def _carried(
    name: str, table: pd.DataFrame, weights: Weights
) -> tuple[pd.DataFrame, Divided | None]:
    """Return a table that is carried, and its counts as published where some were divided."""
    if CARRIED_BY[name] == "district_parts":
        part = fields.DISTRICT_CODE
        carried_table, counts = _districts(table, _COUNTS.get(name, ()), weights)
    else:
        part = fields.SMALL_AREA_CODE
        carried_table, counts = _small_areas(table, weights)
    return carried_table, None if counts is None else Divided(part, weights, counts)


# --- Districts ---


def _districts(
    table: pd.DataFrame, counts: tuple[str, ...], weights: Weights
) -> tuple[pd.DataFrame, FloatArray | None]:
    """Return a table with each newer district in its parts, and its counts as published.

    A mean holds for every part alike, and so does not count as divided.
    """
    code = fields.DISTRICT_CODE
    newer = ~table[code].isin(weights.rows)
    if not newer.any():
        return table, None
    parts = _long(weights)
    given = table[newer].merge(parts, left_on=code, right_on="published", validate="m:m")
    own = {column: given["wanted"] for column in (code, _published(table)) if column}
    shares = {count: given[count] * given["share"] for count in counts}
    pieces = given.assign(**own, **shares)[list(table.columns)]
    whole = pd.concat([table[~newer], pieces], ignore_index=True)
    as_published = _by_column(table, code, counts[0], weights) if counts else None
    ordered = whole.sort_values(list(table.columns[:1]), kind="stable", ignore_index=True)
    return ordered, as_published


def _published(table: pd.DataFrame) -> str | None:
    """Name the column of published codes: a part stands for itself, once it is on its own."""
    return fields.PUBLISHED_DISTRICT_CODE if fields.PUBLISHED_DISTRICT_CODE in table else None


def _long(weights: Weights) -> pd.DataFrame:
    """Return weights as a table of columns, rows and shares."""
    entry = weights.matrix.tocoo()
    return pd.DataFrame(
        {
            "published": weights.columns[entry.col].astype(object),
            "wanted": weights.rows[entry.row].astype(object),
            "share": entry.data,
        }
    )


def _by_column(table: pd.DataFrame, code: str, count: str, weights: Weights) -> FloatArray:
    """Return the counts of each published area, in the order of the columns; 0 where none."""
    sums = table.groupby(code)[count].sum()
    return np.asarray(sums.reindex(weights.columns, fill_value=0.0), dtype=np.float64)


# --- Small areas ---


def _small_areas(table: pd.DataFrame, weights: Weights) -> tuple[pd.DataFrame, FloatArray | None]:
    """Return the people of the small areas reported on, and those of the areas as published."""
    code, given = fields.SMALL_AREA_CODE, table[fields.SMALL_AREA_CODE]
    if given.isin(weights.rows).sum() >= given.isin(weights.columns).sum():
        return table, None
    people = table.set_index(code)[fields.PEOPLE].reindex(weights.columns)
    lost = weights.columns[people.isna()].tolist()
    if lost:
        raise AlignmentError(
            f"expected people of each of {len(people)} small areas that became those reported on,"
            f" but {len(lost)} have none: {named(lost)}",
            place="small_area_population",
            mend="Take the population of all small areas of one census (2011 or 2021).",
        )
    counts = people.to_numpy(dtype=np.float64)
    frame = pd.DataFrame(
        {
            code: pd.Series(weights.rows, dtype="str"),
            fields.YEAR: table[fields.YEAR].iloc[0],
            fields.PEOPLE: carried_sums(weights, counts),
        }
    )
    return tables.checked(frame, tables.SMALL_AREA_POPULATION), counts


# --- What the results are told ---


def with_estimates(rows: pd.DataFrame, levels: Levels, divided: list[Divided]) -> pd.DataFrame:
    """Return rows of results with the largest share of their counts that was estimated.

    Parameters
    ----------
    rows : table of `tables.MEASURES`.
    levels : all that there are.
    """
    shares = _shares(levels, sorted(rows[fields.LEVEL].unique()), divided)
    if shares.empty:
        return rows
    keys = [fields.LEVEL, fields.AREA_CODE]
    share = rows[keys].merge(shares, on=keys, how="left")["share"].fillna(0.0).to_numpy()
    before = rows[fields.NOTE].fillna("")
    notes = [joined(note, _said(one)) for note, one in zip(before, share, strict=True)]
    told = pd.Series(notes, index=rows.index, dtype=rows[fields.NOTE].dtype)
    largest = np.maximum(share, rows[fields.ESTIMATED_SHARE])
    return rows.assign(**{fields.ESTIMATED_SHARE: largest, fields.NOTE: told})


def _said(share: float) -> str | None:
    return f"{100 * share:.1f} % divided among areas by people" if share > 0 else None


def _shares(levels: Levels, wanted: list[str], divided: list[Divided]) -> pd.DataFrame:
    """Return the areas of some levels of which something was estimated, and the share of it."""
    found = [
        pd.DataFrame(
            {
                fields.LEVEL: level.level,
                fields.AREA_CODE: level.weights.rows.astype(object),
                "share": _share(level, one),
            }
        )
        for one in divided
        for level in _levels(levels, one.part, wanted)
    ]
    if not found:
        return pd.DataFrame()
    each = pd.concat(found, ignore_index=True)
    largest = each.groupby([fields.LEVEL, fields.AREA_CODE], as_index=False)["share"].max()
    return largest[largest["share"] > 0]


def _levels(levels: Levels, part: str, wanted: list[str]) -> list[Level]:
    of_districts = part == fields.DISTRICT_CODE
    return list(levels.of_districts(wanted) if of_districts else levels.of_small_areas(wanted))


def _share(level: Level, divided: Divided) -> FloatArray:
    """Return the share of the counts of each area that was estimated."""
    place = np.searchsorted(divided.weights.rows, level.weights.columns)
    ours = Weights(
        divided.weights.matrix[place],
        level.weights.columns,
        divided.weights.columns,
        divided.weights.row_total[place],
    )
    return estimated_share(level.weights, ours, divided.counts)
