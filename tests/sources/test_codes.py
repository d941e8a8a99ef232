from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from healthycities.errors import SourceError
from healthycities.geography.districts import CHANGES_FILE, known_districts
from healthycities.io.tabular import read_csv
from healthycities.package_tables import rows
from healthycities.sources.codes import DISTRICT, SMALL_AREA, summed_districts

TODAY = date(2026, 9, 30)


def summed(folder: Path, codes: list[str], as_at: date = TODAY) -> dict[str, str]:
    """Carry the codes of a file to a date."""
    path = folder / "codes.csv"
    path.write_text("LAD25CD\n" + "".join(f"{code}\n" for code in codes), encoding="utf-8")
    return dict(zip(codes, summed_districts(read_csv([path], (DISTRICT,)), as_at), strict=True))


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
