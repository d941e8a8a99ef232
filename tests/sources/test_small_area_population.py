from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from healthycities.errors import SchemaError, SourceError
from healthycities.sources.raw import Raw
from healthycities.sources.small_area_population import read

HEADER = "DATE,GEOGRAPHY_CODE,GENDER,C_AGE,MEASURES,OBS_VALUE,RECORD_COUNT\n"
NOMIS = HEADER + "".join(
    f"{year},{code},0,200,20100,{value},4\n"
    for year, code, value in [
        (2021, "E01000002", 7), (2022, "E01000002", 8), (2022, "E01000001", 9),
        (2022, "W01000001", 1),
    ]
)  # fmt: skip
WIDE = 'LSOA21CD,All Ages\nE01000002,"1,234"\nE01000001,9\nW01000001,5\n'


def people(tmp_path: Path, *texts: str, **said: object) -> list[list[object]]:
    """Read files of these texts, as rows."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"people_{number}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    return read(Raw(tuple(paths), date(2025, 6, 1), **said)).to_numpy().tolist()


def test_the_year_asked_for_is_read_from_nomis(tmp_path):
    """Other years and Wales are left out; the rows are sorted."""
    assert people(tmp_path, NOMIS, year=2022) == [["E01000001", 2022, 9], ["E01000002", 2022, 8]]
    assert people(tmp_path, NOMIS, year=2021) == [["E01000002", 2021, 7]]


def test_a_vintage_stands_in_for_the_year_asked_for(tmp_path):
    """The year of the rows is the one that the values are of."""
    assert people(tmp_path, NOMIS, year=2030, vintage=2021) == [["E01000002", 2021, 7]]


def test_a_year_that_is_not_there_is_told_with_those_that_are(tmp_path):
    """The message names the years that the file holds."""
    with pytest.raises(SourceError, match="values of 2019, found those of 2021, 2022"):
        people(tmp_path, NOMIS, year=2019)


def test_pages_are_one_answer(tmp_path):
    """Pages add up to RECORD_COUNT; a page that is missing is told."""
    lines = NOMIS.splitlines(keepends=True)
    pages = ["".join(lines[:3]), lines[0] + "".join(lines[3:])]
    assert people(tmp_path, *pages, year=2022) == people(tmp_path, NOMIS, year=2022)
    with pytest.raises(SourceError, match=r"says 4 rows, found 2: .* cut short in silence"):
        people(tmp_path, pages[0], year=2022)


def test_several_whole_answers_are_read_together(tmp_path):
    """A file for each region is whole in itself."""
    north = HEADER + "2022,E01000001,0,200,20100,9,1\n"
    south = HEADER + "2022,E01000002,0,200,20100,8,1\n"
    assert len(people(tmp_path, north, south, year=2022)) == 2
    with pytest.raises(SchemaError, match="E01000001 stands there and on line 2 of"):
        people(tmp_path, north, north, year=2022)


def test_parts_and_percentages_are_not_taken_for_all_persons(tmp_path):
    """Only GENDER 0 and C_AGE 200 are all persons, and only MEASURES 20100 is a count."""
    text = HEADER + (
        "2022,E01000001,0,200,20100,9,4\n2022,E01000001,1,200,20100,4,4\n"
        "2022,E01000001,0,101,20100,1,4\n2022,E01000001,0,200,20301,100.0,4\n"
    )
    assert people(tmp_path, text, year=2022) == [["E01000001", 2022, 9]]
    with pytest.raises(SourceError, match="no row of all persons of all ages"):
        people(tmp_path, HEADER + "2022,E01000001,1,200,20100,4,1\n", year=2022)


def test_one_row_for_each_small_area_is_read(tmp_path):
    """The year is the vintage, or the year asked for; without either it is not guessed."""
    expected = [["E01000001", 2015, 9], ["E01000002", 2015, 1234]]
    assert people(tmp_path, WIDE, year=2022, vintage=2015) == expected
    assert people(tmp_path, WIDE, year=2015) == expected
    with pytest.raises(SourceError, match="year of the values is not known"):
        people(tmp_path, WIDE)


def test_columns_of_the_user(tmp_path):
    """Any published name of a layout may be mapped."""
    text = "lsoa11_code,total_population\nE01000001,9\n"
    columns = {"LSOA11CD": "lsoa11_code", "All Ages": "total_population"}
    assert people(tmp_path, text, year=2020, columns=columns) == [["E01000001", 2020, 9]]


@pytest.mark.parametrize("value", ["-1", "n/a", ""])
def test_people_that_cannot_be_are_told_with_their_line(tmp_path, value):
    """Negative, unread and missing numbers of people are never taken for 0."""
    with pytest.raises(SchemaError, match="line 3, column All Ages: expected a number of 0 or"):
        people(tmp_path, f"LSOA21CD,All Ages\nE01000001,1\nE01000002,{value}\n", year=2022)
