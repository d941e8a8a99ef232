"""Every small area reported on, with the district, authority, region and decile of each.

A run without small areas reports on districts: they are then the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError, RegisterError
from healthycities.geography.districts import known_districts, named
from healthycities.geography.regions import regions_of_districts
from healthycities.geography.register import Register
from healthycities.given import Given

CARD = OverlapCard(
    title="Small areas, and the district, authority, region and deprivation decile of each",
    needs=("districts",),
    may_use=("small_area_lookup", "small_areas", "deprivation"),
    settings=("authorities", "authorities_as_at", "include"),
)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.AREAS`, or `tables.DISTRICT_AREAS` without small areas, by code.

    Where the configuration names authorities, only their areas are in it. Without a lookup of small
    areas it has a row for each district that has a boundary.

    Raises
    ------
    RegisterError : a district is unknown at the date, or an authority, or England where all
        authorities are wanted, lacks one of its districts.
    AlignmentError : a small area of the lookup has no boundary or no decile, a boundary is not in
        the lookup, or a district has no boundary.
    """
    as_at = date.fromisoformat(given.keys["authorities_as_at"])
    only = None if given.keys["authorities"] == "all" else given.keys["authorities"]
    told_by = "small_area_lookup" if "small_area_lookup" in given.inputs else "districts"
    codes = given.inputs[told_by][fields.DISTRICT_CODE].unique().tolist()
    planned = "planned" in given.keys["include"]
    districts = _districts(codes, as_at, only, told_by, planned=planned)
    _require_boundaries(districts, given.inputs["districts"])
    everywhere = set(known_districts(as_at)) == set(districts[fields.DISTRICT_CODE])
    districts = districts.assign(**{fields.ALL_ENGLAND: everywhere})
    areas = districts if told_by == "districts" else _small_areas(given, districts)
    ordered = areas[list(tables.areas_schema(areas).columns)]
    return ordered.sort_values(ordered.columns[0], ignore_index=True)


def _small_areas(given: Given, districts: pd.DataFrame) -> pd.DataFrame:
    """Return the small areas of some districts, with their names and deciles."""
    lookup = given.inputs["small_area_lookup"]
    areas = lookup.merge(districts, on=fields.DISTRICT_CODE, how="inner", validate="m:1")
    _require_in_lookup(given.inputs["small_areas"], lookup)
    areas = with_column(areas, given.inputs["small_areas"], fields.SMALL_AREA_NAME, "boundary")
    if "deprivation" in given.inputs:
        decile = fields.DEPRIVATION_DECILE
        areas = with_column(areas, given.inputs["deprivation"], decile, "deprivation decile")
    else:
        areas[fields.DEPRIVATION_DECILE] = pd.NA
    return areas.astype({fields.DEPRIVATION_DECILE: "Int64"})


def _districts(
    codes: Sequence[str], as_at: date, only: Sequence[str] | None, told_by: str, *, planned: bool
) -> pd.DataFrame:
    """Return the districts in scope with their authority; those in none are in scope of all."""
    names = known_districts(as_at)
    owners = Register.load().membership(as_at, codes, only, planned=planned)
    if only is None:
        _require_all_england(codes, names, as_at, told_by)
    chosen = [code for code in sorted(codes) if only is None or owners[code] is not None]
    authority = [owners[code] for code in chosen]
    regions = regions_of_districts(as_at)
    partly = {regions[code] for code in regions.keys() - set(chosen)}
    return pd.DataFrame(
        {
            fields.DISTRICT_CODE: chosen,
            fields.DISTRICT_NAME: [names[code] for code in chosen],
            fields.AUTHORITY_CODE: [None if one is None else one.area_code for one in authority],
            fields.AUTHORITY_NAME: [None if one is None else one.name for one in authority],
            fields.REGION_CODE: [regions[code].code for code in chosen],
            fields.REGION_NAME: [regions[code].name for code in chosen],
            fields.WHOLE_REGION: [regions[code] not in partly for code in chosen],
        }
    )


def _require_all_england(
    codes: Sequence[str], names: Mapping[str, str], as_at: date, told_by: str
) -> None:
    absent = [f"{code} {name}" for code, name in names.items() if code not in set(codes)]
    if absent:
        raise RegisterError(
            f"all authorities are wanted, but {len(absent)} of England's {len(names)} districts at"
            f" {as_at} are not in {told_by}: {named(absent)}",
            place=told_by,
            mend="Complete it, or name the authorities to report on under `authorities`.",
        )


def _require_in_lookup(small_areas: pd.DataFrame, lookup: pd.DataFrame) -> None:
    """Refuse boundaries that the lookup lacks: their people would be missing from every sum."""
    codes = small_areas[fields.SMALL_AREA_CODE]
    lost = codes[~codes.isin(lookup[fields.SMALL_AREA_CODE])]
    if len(lost):
        raise AlignmentError(
            f"expected each of {len(codes)} small areas that have a boundary in the small-area"
            f" lookup, but {len(lost)} are not, the first of them {lost.iloc[0]}",
            place="small_area_lookup",
            mend="Download the lookup again, whole; or take both of one census (2011 or 2021).",
        )


def _require_boundaries(districts: pd.DataFrame, boundaries: pd.DataFrame) -> None:
    drawn = boundaries[fields.DISTRICT_CODE]
    absent = districts[~districts[fields.DISTRICT_CODE].isin(drawn)]
    if len(absent):
        told = (absent[fields.DISTRICT_CODE] + " " + absent[fields.DISTRICT_NAME]).tolist()
        raise AlignmentError(
            f"expected a boundary for each of {len(districts)} districts, but {len(absent)} have"
            f" none: {named(told)}",
            place="districts",
            mend="Take the boundaries of all districts, of any one date up to authorities_as_at.",
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
