"""What is said of overlaps and gaps along borders, in the report and in the provenance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from healthycities import fields
from healthycities.level_names import DISTRICT, SMALL_AREA
from healthycities.publish.wording import counted

_LEVELS = {DISTRICT: "districts", SMALL_AREA: "small areas"}
_FAULTS = {"overlap": ("overlap", "overlaps"), "gap": ("gap", "gaps")}
_HA_M2 = 10_000


def summary(borders: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the faults of each level and kind, ready for JSON: how many, their area, the largest.

    Parameters
    ----------
    borders : table of `tables.BORDERS`.
    """
    grouped = borders.groupby([fields.LEVEL, fields.FAULT], sort=True)
    return {f"{level} {fault}": _summed(rows) for (level, fault), rows in grouped}


def _summed(rows: pd.DataFrame) -> dict[str, Any]:
    largest = rows.loc[rows[fields.FAULT_AREA_M2].idxmax()]
    return {
        "count": len(rows),
        "area_m2": round(float(rows[fields.FAULT_AREA_M2].sum()), 1),
        "largest_area_m2": round(float(largest[fields.FAULT_AREA_M2]), 1),
        "largest_between": [largest[fields.AREA_CODE], largest[fields.OTHER_AREA_CODE]],
        "largest_at_m": [
            round(float(largest[one])) for one in (fields.EASTING_M, fields.NORTHING_M)
        ],
    }


def said(borders: pd.DataFrame, levels: Iterable[str]) -> list[str]:
    """Return a sentence for each level that boundaries are published of, on how well these fit.

    Parameters
    ----------
    borders : table of `tables.BORDERS`.
    levels : the levels of the run, whose larger areas are made of districts.
    """
    found = summary(borders)
    return [_sentence(level, found) for level in levels if level in _LEVELS]


def _sentence(level: str, found: dict[str, dict[str, Any]]) -> str:
    parts = [
        _part(found[f"{level} {fault}"], *words)
        for fault, words in _FAULTS.items()
        if f"{level} {fault}" in found
    ]
    told = " and ".join(parts) if parts else "no overlaps and no gaps"
    return f"Boundaries of {_LEVELS[level]} have {told}."


def _part(one: dict[str, Any], singular: str, plural: str) -> str:
    east, north = one["largest_at_m"]
    largest = f"the largest of {_hectares(one['largest_area_m2'])} at {east} {north}"
    return f"{counted(one['count'], singular, plural)} of {_hectares(one['area_m2'])} ({largest})"


def _hectares(area_m2: float) -> str:
    return f"{area_m2 / _HA_M2:,.2f} ha" if area_m2 >= _HA_M2 / 100 else f"{area_m2:,.0f} m²"
