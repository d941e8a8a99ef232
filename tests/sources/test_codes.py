from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from healthycities.errors import RegisterError, SourceError
from healthycities.geography.districts import CHANGES_FILE, known_districts
from healthycities.io.tabular import read_csv
from healthycities.package_tables import rows
from healthycities.sources.codes import DISTRICT, SMALL_AREA, summed_districts
from healthycities.sources.raw import Raw

TODAY = date(2026, 9, 30)


def summed(
    folder: Path, codes: list[str], as_at: date = TODAY, *, divides: bool = False
) -> dict[str, str]:
    """Carry the codes of a file to a date."""
    path = folder / "codes.csv"
    path.write_text("LAD25CD\n" + "".join(f"{code}\n" for code in codes), encoding="utf-8")
    raw = Raw((path,), as_at, divides=divides)
    return dict(zip(codes, summed_districts(read_csv([path], (DISTRICT,)), raw), strict=True))


@pytest.mark.parametrize("year", range(2011, 2027))
def test_all_districts_of_any_year_are_carried(tmp_path, year):
    """Whatever the vintage of a file that holds all of England, it gives all of today's."""
    old = list(known_districts(date(year, 7, 1)))
    assert set(summed(tmp_path, old).values()) == set(known_districts(TODAY))


@pytest.mark.parametrize("change", rows(CHANGES_FILE), ids=lambda row: row["old_code"])
def test_an_old_code_beside_its_successor_is_refused(tmp_path, change):
    """A district of two vintages in one file would be counted twice."""
    with pytest.raises(SourceError, match="all districts of one date"):
        summed(tmp_path, [change["old_code"], change["new_code"]], date(2027, 1, 1))


def test_newer_districts_keep_their_codes_where_they_can_be_divided(tmp_path):
    """Somerset of 2023 is kept at the end of 2022, to be divided, and older districts carried."""
    as_at, somerset = date(2022, 12, 31), "E06000066"
    codes = [somerset, "E06000001", "E07000004", "E07000005", "E07000006", "E07000007"]
    found = summed(tmp_path, codes, as_at, divides=True)
    assert found == {
        somerset: somerset,
        "E06000001": "E06000001",
        **dict.fromkeys(codes[2:], "E06000060"),
    }
    with pytest.raises(RegisterError, match=r"E06000066 Somerset is newer: it came on 2023-04-01"):
        summed(tmp_path, codes, as_at)


def test_a_newer_district_beside_a_part_of_it_is_refused(tmp_path):
    """Mendip would be counted twice: by itself, and in its part of Somerset."""
    with pytest.raises(SourceError, match="found E06000066 and E07000187, which became it"):
        summed(tmp_path, ["E06000066", "E07000187"], date(2022, 12, 31), divides=True)


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (SMALL_AREA, ["LSOA21CD", "lsoa11cd", "LSOA code (2011)", "LSOA 2021 Code"]),
        (DISTRICT, ["LAD25CD", "Local Authority District code (2019)", "LAD 2023 Code",
                    "LA Code (2021 boundaries)"]),
    ],
)  # fmt: skip
def test_names_that_codes_are_published_under(column, names):
    """Of any year and in any case; the names of areas are not their codes."""
    assert all(column.is_published_as(name) for name in names)
    assert not any(column.is_published_as(name) for name in ["LSOA21NM", "LAD25NM", "MSOA21CD"])
