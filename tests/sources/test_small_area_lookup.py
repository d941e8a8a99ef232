from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest

from healthycities.errors import RegisterError, SchemaError, SourceError
from healthycities.sources.raw import Raw
from healthycities.sources.small_area_lookup import read

HEADER = "LSOA21CD,LSOA21NM,WD25CD,LAD25CD\n"


def lookup(tmp_path: Path, text: str, as_at: date = date(2025, 6, 1), **said: object) -> dict:
    """Read a lookup of this text, as a mapping."""
    path = tmp_path / "lookup.csv"
    path.write_text(text, encoding="utf-8")
    return dict(read(Raw((path,), as_at, **said)).to_numpy().tolist())


def test_small_areas_listed_for_each_ward_are_listed_once(tmp_path):
    """Rows that differ in the ward alone are one, and the rows come sorted."""
    text = HEADER + "E01000002,B,E05000002,E08000003\nE01000001,A,E05000001,E08000003\n"
    found = lookup(tmp_path, text + "E01000001,A,E05000009,E08000003\n")
    assert list(found.items()) == [("E01000001", "E08000003"), ("E01000002", "E08000003")]


def test_rows_outside_england_are_left_out_and_counted(tmp_path, caplog):
    """Wales, Scotland and Northern Ireland go, and the log says how many."""
    text = HEADER + "E01000001,A,,E08000003\nW01000001,B,,W06000001\nS01000001,C,,S12000005\n"
    with caplog.at_level(logging.INFO):
        found = lookup(tmp_path, text + "95AA01S1,D,,N09000001\n")
    assert found == {"E01000001": "E08000003"}
    assert "left out 3 rows of other areas" in caplog.text


def test_districts_of_older_years_are_carried_and_told(tmp_path, caplog):
    """Barnsley was recoded in 2025, and Allerdale became part of Cumberland in 2023."""
    text = "LSOA11CD,LAD21CD\nE01000001,E08000016\nE01000002,E07000026\n"
    with caplog.at_level(logging.INFO):
        assert lookup(tmp_path, text) == {"E01000001": "E08000038", "E01000002": "E06000063"}
    assert "E07000026 to E06000063, E08000016 to E08000038" in caplog.text
    assert lookup(tmp_path, text, date(2024, 1, 1))["E01000001"] == "E08000016"


def test_parts_of_what_became_one_district_agree(tmp_path):
    """A small area in two districts that later merged is in one."""
    text = "LSOA11CD,LAD21CD\nE01000001,E07000026\nE01000001,E07000028\n"
    assert lookup(tmp_path, text) == {"E01000001": "E06000063"}


def test_a_small_area_in_two_districts_is_named(tmp_path):
    """With its districts and the line of the second."""
    text = HEADER + "E01000001,A,,E08000003\nE01000001,A,,E08000004\n"
    with pytest.raises(SchemaError) as caught:
        lookup(tmp_path, text)
    assert caught.value.place == "line 3"
    assert "E01000001 in one district, found it in E08000003 and E08000004" in str(caught.value)


def test_columns_of_the_user(tmp_path):
    """Names of the user's own, and the official names of the deprivation files."""
    text = "small,large\nE01000001,E08000003\n"
    expected = {"E01000001": "E08000003"}
    columns = {"LSOA21CD": "small", "LAD25CD": "large"}
    assert lookup(tmp_path, text, columns=columns) == expected
    official = "LSOA code (2011),Local Authority District code (2019)\nE01000001,E08000003\n"
    assert lookup(tmp_path, official) == expected


@pytest.mark.parametrize(
    ("row", "error", "problem"),
    [
        ("E0100001,A,,E08000003", SchemaError, "line 2, column LSOA21CD: expected the code of a "
         "small area, such as E01000001, found 'E0100001'"),
        ("e01000001,A,,E08000003", SchemaError, "found 'e01000001'"),
        ("E02000001,A,,E08000003", SourceError, "no English small area in it; column LSOA21CD "
         "holds E02000001"),
        ("E01000001,A,,E08000099", RegisterError, "E08000099"),
        ("E01000001,A,,", RegisterError, "cannot be carried"),
        ("E01000001,A,,W06000001", RegisterError, "W06000001"),
    ],
)  # fmt: skip
def test_codes_that_cannot_be_are_refused(tmp_path, row, error, problem):
    """Short codes, other areas, unknown districts: with file and line, or the code."""
    with pytest.raises(error, match=problem.replace("(", r"\(")):
        lookup(tmp_path, HEADER + row + "\n")
