"""Every small area reported on, with the district, authority and decile that it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError
from healthycities.geography.districts import known_districts
from healthycities.geography.register import Register
from healthycities.given import Given

CARD = OverlapCard(
    title="Small areas, and the district, authority and deprivation decile of each",
    needs=("small_area_lookup", "small_areas"),
    may_use=("deprivation",),
    settings=("authorities", "authorities_as_at"),
)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.AREAS`, by code.

    Where the configuration names authorities, only their small areas are in it.

    Raises
    ------
    RegisterError : a district is unknown at the date, or an authority lacks one of its districts.
    AlignmentError : a small area of the lookup has no boundary or no decile.
    """
    as_at = date.fromisoformat(given.keys["authorities_as_at"])
    lookup = given.inputs["small_area_lookup"]
    only = None if given.keys["authorities"] == "all" else given.keys["authorities"]
    districts = _districts(lookup[fields.DISTRICT_CODE].unique().tolist(), as_at, only)
    areas = lookup.merge(districts, on=fields.DISTRICT_CODE, how="inner", validate="m:1")
    areas = with_column(areas, given.inputs["small_areas"], fields.SMALL_AREA_NAME, "boundary")
    if "deprivation" in given.inputs:
        decile = fields.DEPRIVATION_DECILE
        areas = with_column(areas, given.inputs["deprivation"], decile, "deprivation decile")
    else:
        areas[fields.DEPRIVATION_DECILE] = pd.NA
    areas[fields.DEPRIVATION_DECILE] = areas[fields.DEPRIVATION_DECILE].astype("Int64")
    everywhere = set(known_districts(as_at)) == set(areas[fields.DISTRICT_CODE])
    ordered = areas.assign(**{fields.ALL_ENGLAND: everywhere})[list(tables.AREAS.columns)]
    return ordered.sort_values(fields.SMALL_AREA_CODE, ignore_index=True)


def _districts(codes: Sequence[str], as_at: date, only: Sequence[str] | None) -> pd.DataFrame:
    """Return the districts in scope with their authority; those in none are in scope of all."""
    names = known_districts(as_at)
    owners = Register.load().membership(as_at, codes, only)
    chosen = [code for code in sorted(codes) if only is None or owners[code] is not None]
    authority = [owners[code] for code in chosen]
    return pd.DataFrame(
        {
            fields.DISTRICT_CODE: chosen,
            fields.DISTRICT_NAME: [names[code] for code in chosen],
            fields.AUTHORITY_CODE: [None if one is None else one.area_code for one in authority],
            fields.AUTHORITY_NAME: [None if one is None else one.name for one in authority],
        }
    )


def with_column(areas: pd.DataFrame, other: pd.DataFrame, column: str, what: str) -> pd.DataFrame:
    """Add a column by small-area code, once every small area is known to have a value.

    Raises
    ------
    AlignmentError : small areas without one; the message counts them and names the first.
    """
    code = fields.SMALL_AREA_CODE
    found = areas[code].map(other.set_index(code)[column])
    absent = areas.loc[found.isna(), code]
    if len(absent):
        raise AlignmentError(
            f"expected a {what} for each of {len(areas)} small areas, but {len(absent)} have none,"
            f" the first of them {absent.iloc[0]}",
            mend="Take both sources of one census (2011 or 2021) and of the same part of England.",
        )
    return areas.assign(**{column: found})
