"""The register against official lookups of the Office for National Statistics."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from healthycities.geography.districts import (
    LAST_DATE,
    announced_changes,
    carry_code,
    known_districts,
)
from healthycities.geography.regions import regions_of_districts
from healthycities.geography.register import Register

ENGLISH = ("E06", "E07", "E08", "E09")


def rows(real: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one lookup."""
    with (real / "lookups" / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def combined(as_at: date) -> dict[str, str | None]:
    """Return the GSS code of the authority of each district of a day, but for London's."""
    owners = Register.load().owners(as_at)
    return {code: owner.gss_code for code, owner in owners.items() if owner.kind != "GLA"}


@pytest.mark.parametrize(
    ("name", "as_at", "district", "authority"),
    [
        ("lookup_ltla21_cauth21.csv", date(2021, 6, 1), "ltla21_code", "cauth21_code"),
        ("ca_la_tbl.csv", date(2022, 12, 1), "LAD22CD", "CAUTH22CD"),
        ("lookup_ltla23_cauth23.csv", date(2023, 6, 1), "ltla23_code", "cauth23_code"),
    ],
)
def test_members_are_those_of_the_ons(
    real: Path, name: str, as_at: date, district: str, authority: str
):
    """Every combined authority has the districts of the ONS lookup of the day, and no other."""
    published = {row[district]: row[authority] for row in rows(real, name)}
    assert len(published) == 53
    assert combined(as_at) == published


def test_districts_become_those_of_2023_as_the_ons_says(real: Path):
    """Each district of 2022 becomes the district of 2023 of the ONS lookup, and all are known."""
    published = {
        row["ltla22_code"]: row["ltla23_code"]
        for row in rows(real, "lookup_ltla22_ltla23.csv")
        if row["ltla22_code"].startswith(ENGLISH)
    }
    assert set(published) == set(known_districts(date(2022, 12, 1)))
    assert set(published.values()) == set(known_districts(date(2023, 6, 1)))
    assert {code: carry_code(code, date(2023, 6, 1)) for code in published} == published


def test_every_code_since_2011_is_known_with_what_it_became(real: Path):
    """Each of the 346 English codes since 2011 is carried to the code that is active now."""
    published = {
        row["LADCD"]: row["LADCD_ACTIVE"]
        for row in rows(real, "la_all_codes.csv")
        if row["LADCD"].startswith(ENGLISH)
    }
    assert len(published) == 346
    assert {code: carry_code(code, LAST_DATE) for code in published} == published
    assert set(published.values()) == set(known_districts(LAST_DATE))


def test_members_of_2020_are_those_of_the_list_of_all_codes(real: Path):
    """The list gives each code since 2011 its authority of 2020, whatever code it had then."""
    in_2020 = date(2020, 12, 1)
    published = {
        row["LADCD"]: row["CAUTHCD"]
        for row in rows(real, "la_all_codes.csv")
        if row["CAUTHCD"].startswith("E47")
    }
    # Codes of 2025 stand for the ground of those of 2020 that became them.
    ours = {carry_code(code, LAST_DATE): owner for code, owner in combined(in_2020).items()}
    assert len(published) == 57
    assert {code: ours[carry_code(code, LAST_DATE)] for code in published} == published
    assert {carry_code(code, LAST_DATE) for code in published} == set(ours)


def test_every_combined_authority_is_known_by_its_code_and_name(real: Path):
    """Each of the ten of 2020 stands on its day with the code and, but for one, its later name."""
    standing = {one.gss_code: one for one in Register.load().authorities(date(2020, 12, 1))}
    published = {row["CAUTHCD"]: row["CAUTHNM"] for row in rows(real, "cauth_all_codes.csv")}
    assert set(published) == set(standing) - {"E61000001"}
    renamed = {"E47000002": "Sheffield City Region"}
    for code, name in published.items():
        assert standing[code].name.startswith(name) or renamed[code] == name


def test_planned_authorities_are_whole_counties(real: Path):
    """Greater Essex is its county and two unitaries; Norfolk and Suffolk all of two counties."""
    counties: dict[str, set[str]] = {}
    for row in rows(real, "la_all_codes.csv"):
        if row["Current"] == "TRUE":
            counties.setdefault(row["UTLANM"], set()).add(row["LADCD"])
    register = Register.load()
    essex = counties["Essex"] | counties["Southend-on-Sea"] | counties["Thurrock"]
    assert set(register.members("greater_essex", LAST_DATE)) == essex
    norfolk_suffolk = counties["Norfolk"] | counties["Suffolk"]
    assert set(register.members("norfolk_suffolk", LAST_DATE)) == norfolk_suffolk


def test_surrey_is_announced_whole(real: Path):
    """The districts that are to become East and West Surrey are all of the county."""
    surrey = {
        row["LADCD"]
        for row in rows(real, "la_all_codes.csv")
        if row["UTLANM"] == "Surrey" and row["Current"] == "TRUE"
    }
    assert {one.old_code for one in announced_changes()} == surrey


@pytest.mark.parametrize(
    ("name", "as_at", "district", "region"),
    [
        (
            "Local_Authority_District_to_Region_(December_2022)_Lookup_in_England.csv",
            date(2022, 12, 1),
            "LAD22CD",
            "RGN22CD",
        ),
        ("lookup_ltla23_region23.csv", date(2023, 6, 1), "ltla23_code", "region23_code"),
        ("lookup_ltla24_region24.csv", date(2024, 6, 1), "ltla24_code", "region24_code"),
    ],
)
def test_regions_are_those_of_the_ons(
    real: Path, name: str, as_at: date, district: str, region: str
):
    """Every district lies in the region of the ONS lookup of the day, by code and by name.

    Greater London's districts are those of region E12000007.
    """
    named = region.replace("code", "name").replace("CD", "NM")
    told = rows(real, name)
    published = {row[district]: row[region] for row in told}
    found = regions_of_districts(as_at)
    assert {code: place.code for code, place in found.items()} == published
    assert set(found.values()) == {(row[region], row[named]) for row in told}
    london = Register.load().members("greater_london", as_at)
    assert set(london) == {c for c, place in published.items() if place == "E12000007"}
    assert len(london) == 33


def test_names_are_those_of_the_ons(real: Path):
    """Each district of 2024 has the name that the ONS gives it."""
    published = {
        row["ltla24_code"]: row["ltla24_name"] for row in rows(real, "lookup_ltla24_region24.csv")
    }
    assert known_districts(date(2024, 6, 1)) == published
