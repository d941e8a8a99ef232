"""The register against official lookups of the Office for National Statistics."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from healthycities.geography.districts import LAST_DATE, carry_code, known_districts
from healthycities.geography.register import Register

ENGLISH = ("E06", "E07", "E08", "E09")


def rows(real: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one lookup."""
    with (real / "lookups" / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


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
    found = {
        code: standing.gss_code
        for standing in Register.load().authorities(as_at)
        if standing.kind != "GLA"  # London is no combined authority
        for code in standing.districts
    }
    assert len(published) == 53
    assert found == published


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
def test_london_is_its_region(real: Path, name: str, as_at: date, district: str, region: str):
    """Greater London's districts are those of region E12000007, among all of England's."""
    published = {row[district]: row[region] for row in rows(real, name)}
    assert set(published) == set(known_districts(as_at))
    london = Register.load().in_scope(as_at, ["greater_london"])[0]
    assert set(london.districts) == {c for c, place in published.items() if place == "E12000007"}
    assert len(london.districts) == 33


def test_names_are_those_of_the_ons(real: Path):
    """Each district of 2024 has the name that the ONS gives it."""
    published = {
        row["ltla24_code"]: row["ltla24_name"] for row in rows(real, "lookup_ltla24_region24.csv")
    }
    assert known_districts(date(2024, 6, 1)) == published
