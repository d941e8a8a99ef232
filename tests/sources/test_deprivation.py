from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from healthycities.errors import SchemaError
from healthycities.sources.deprivation import read
from healthycities.sources.raw import Raw

INDEX = "Index of Multiple Deprivation (IMD)"
RANK = f"{INDEX} Rank (where 1 is most deprived)"
DECILE = f"{INDEX} Decile (where 1 is most deprived 10% of LSOAs)"
HEADER_2025 = (
    f"LSOA code (2021),{INDEX} Score,{RANK},{DECILE},Income Rank (where 1 is most deprived)"
)
HEADER_2019 = f"LSOA code (2011),LSOA name (2011),{INDEX} Rank,{INDEX} Decile,Other"


def deprivation(tmp_path: Path, text: str, **said: object) -> list[list[object]]:
    """Read a file of this text, as rows."""
    path = tmp_path / "deprivation.csv"
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2025, 6, 1), **said)).to_numpy().tolist()


@pytest.mark.parametrize("header", [HEADER_2025, HEADER_2019])
def test_ranks_and_deciles_are_read(tmp_path, header):
    """Ranks with thousands separators are numbers; other ranks of the file are not taken."""
    text = f'{header}\nE01000002,x,"29,199",9,5\nE01000001,y,1,1,6\n'
    assert deprivation(tmp_path, text) == [["E01000001", 1, 1], ["E01000002", 29199, 9]]


def test_columns_of_the_user(tmp_path):
    """Published names in full are mapped to those of the file."""
    columns = {"LSOA code (2021)": "lsoa21_code", RANK: "IMD_rank", DECILE: "IMD_decile"}
    text = "lsoa21_code,IMD_decile,Income_decile,IMD_rank\nE01000001,8,10,26525\n"
    assert deprivation(tmp_path, text, columns=columns) == [["E01000001", 26525, 8]]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("E01000001,,1.5,1,", "line 2, column .* expected a whole number, found '1.5'"),
        ("E01000001,,1,1,\nE01000001,,2,1,", "line 3: E01000001 stands there and on line 2"),
        ("E01000001,,,1,", "expected a number, found nothing"),
        ("E01000001,,7,11,", "expected 1 to 10, found 11"),
        ("E01000001,,1,10,\nE01000002,,9,1,", "line 3, .* a decile that rises with the rank"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, rows, problem):
    """Fractions, repeats, gaps, deciles of another index or counted from the other end."""
    with pytest.raises(SchemaError, match=problem):
        deprivation(tmp_path, f"{HEADER_2025}\n{rows}\n")
