"""The nine regions of England, and the region of each district at a date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from healthycities.geography.district_history import DISTRICTS_FILE
from healthycities.geography.districts import LAST_DATE, carry_codes, known_districts
from healthycities.package_tables import rows

REGIONS_FILE = "geography/data/regions.csv"


class Region(NamedTuple):
    """A region, with its GSS code."""

    code: str
    name: str


def regions_of_districts(as_at: date) -> dict[str, Region]:
    """Return the region of every district that lives at a date, by code of the district.

    A district of an older date lies where the district lies that it became: no merger since 2011
    crossed the border of a region.

    Raises
    ------
    RegisterError : the date is out of the range of the tables.
    """
    codes = list(known_districts(as_at))
    latest = carry_codes(codes, LAST_DATE).codes
    return {code: _of_latest()[new] for code, new in zip(codes, latest, strict=True)}


@cache
def _of_latest() -> Mapping[str, Region]:
    names = {row["region_code"]: row["region_name"] for row in rows(REGIONS_FILE)}
    return MappingProxyType(
        {
            row["district_code"]: Region(row["region_code"], names[row["region_code"]])
            for row in rows(DISTRICTS_FILE)
        }
    )
