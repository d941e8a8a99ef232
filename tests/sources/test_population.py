from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthycities import fields
from healthycities.errors import RegisterError, SchemaError, SourceError
from healthycities.sources.population import read
from healthycities.sources.raw import Raw

AS_AT = date(2025, 6, 1)
HEADER = "DATE,GEOGRAPHY_CODE,GENDER,C_AGE,OBS_VALUE,RECORD_COUNT"
BOLTON, BURY = "E08000001", "E08000002"
AGES = range(91)

People = Callable[[str, int, int], int]
"""People of a district, gender (1, 2) and year of age."""


def one_each(_code: str, _gender: int, _age: int) -> int:
    """Give every age of every sex one person."""
    return 1


def nomis_rows(codes: list[str], people: People = one_each, *, totals: bool = True) -> list[str]:
    """Write the rows of an answer of 2022, with the totals of sexes and ages if wanted."""

    def rows() -> Iterator[str]:
        for code in codes:
            parts = {g: [people(code, g, age) for age in AGES] for g in (1, 2)}
            if totals:
                parts[0] = [m + f for m, f in zip(parts[1], parts[2], strict=True)]
            for gender, values in parts.items():
                if totals:
                    yield f"2022,{code},{gender},200,{sum(values)}"
                for age, value in enumerate(values):
                    yield f"2022,{code},{gender},{101 + age},{value}"

    return list(rows())


def nomis(rows: list[str]) -> str:
    """Write an answer that says how many rows it has."""
    return "\n".join([HEADER, *(f"{row},{len(rows)}" for row in rows)])


def population(tmp_path: Path, text: str, as_at: date = AS_AT, **said: object) -> pd.DataFrame:
    """Read a file of this text."""
    path = tmp_path / "population.csv"
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), as_at, **({"year": 2022} | said)))


def summed(frame: pd.DataFrame) -> dict[str, float]:
    """People of each district, of all sexes and ages."""
    return frame.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum().to_dict()


# --- The layout of Nomis ---


def test_single_years_by_sex_are_read_without_their_totals(tmp_path):
    """91 ages of two sexes for each district, sorted; the last is open-ended."""
    text = nomis(nomis_rows([BURY, BOLTON], lambda _code, gender, age: 1000 * gender + age))
    found = population(tmp_path, text)
    assert len(found) == 2 * 2 * 91
    assert found.iloc[0].tolist() == [BOLTON, BOLTON, 2022, "female", 0, 0, 2000]
    assert found.iloc[90].tolist() == [BOLTON, BOLTON, 2022, "female", 90, 120, 2090]
    assert found.iloc[91].tolist() == [BOLTON, BOLTON, 2022, "male", 0, 0, 1000]
    assert found[fields.PEOPLE].dtype == "float64"
    assert set(found[fields.SEX]) == {"male", "female"}


def test_totals_may_be_left_out(tmp_path):
    """The parts alone give the same table."""
    with_totals = population(tmp_path, nomis(nomis_rows([BOLTON])))
    without = population(tmp_path, nomis(nomis_rows([BOLTON], totals=False)))
    pd.testing.assert_frame_equal(with_totals, without)


def test_persons_alone_are_persons(tmp_path):
    """A file without sexes is not split."""
    rows = [row for row in nomis_rows([BOLTON]) if row.split(",")[2] == "0"]
    found = population(tmp_path, nomis(rows))
    assert set(found[fields.SEX]) == {"persons"}
    assert summed(found) == {BOLTON: 182}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("E08000001,1,200,91", "E08000001,1,200,90",
         "total of district_code E08000001, C_AGE 200 is 182, and its parts by GENDER sum to 181"),
        ("E08000001,0,105,2", "E08000001,0,105,3",
         "total of district_code E08000001, C_AGE 105 is 3, and its parts by GENDER sum to 2"),
    ],
)  # fmt: skip
def test_totals_that_are_not_their_sum_are_refused(tmp_path, old, new, problem):
    """The district is named, with both numbers."""
    rows = [row.replace(old, new) for row in nomis_rows([BURY, BOLTON])]
    with pytest.raises(SourceError, match=problem):
        population(tmp_path, nomis(rows))


def test_a_total_of_ages_is_compared_for_each_sex(tmp_path):
    """Without totals of the sexes, those of the ages are still held to their sum."""
    rows = [row for row in nomis_rows([BOLTON]) if row.split(",")[2] != "0"]
    rows = [row.replace(",2,200,91", ",2,200,92") for row in rows]
    with pytest.raises(SourceError, match="GENDER 2 is 92, and its parts by C_AGE sum to 91"):
        population(tmp_path, nomis(rows))


@pytest.mark.parametrize(
    ("left_out", "problem"),
    [
        (lambda row: row.startswith("2022,E08000001,1,150,"),
         "no row for district_code E08000001, GENDER 1, C_AGE 150 .1 rows are missing"),
        (lambda row: ",150," in row, "single years of age.* first is 150"),
        (lambda row: ",1," in row, "expected GENDER 1 and 2 .* found 2"),
        (lambda row: ",200," not in row, "expected single years of age, C_AGE 101 to 191; 91"),
    ],
)  # fmt: skip
def test_parts_that_are_missing_are_told(tmp_path, left_out, problem):
    """A sex or an age that is not there is not taken for nobody."""
    rows = [row for row in nomis_rows([BOLTON, BURY], totals=False) if not left_out(row)]
    if not rows:
        rows = [row for row in nomis_rows([BOLTON]) if ",200," in row]
    with pytest.raises(SourceError, match=problem):
        population(tmp_path, nomis(rows))


def test_a_row_that_stands_twice_is_told(tmp_path):
    """With the district and both lines."""
    rows = nomis_rows([BOLTON])
    with pytest.raises(SchemaError, match="line 278: E08000001, 1, 200 stands there and on line 2"):
        population(tmp_path, nomis([*rows, rows[0]]))


def test_an_answer_that_is_cut_short_is_told(tmp_path):
    """Nomis stops at its limit without a word; RECORD_COUNT tells."""
    lines = nomis(nomis_rows([BOLTON])).splitlines()
    with pytest.raises(SourceError, match="says 276 rows, found 200"):
        population(tmp_path, "\n".join(lines[:201]))


def test_negative_people_are_told_with_their_line(tmp_path):
    """A number below 0 is no number of people."""
    text = nomis(nomis_rows([BOLTON])).replace(",1,101,1,", ",1,101,-1,")
    with pytest.raises(SchemaError, match=r"line 3, column OBS_VALUE: .* 0 or more, found '-1'"):
        population(tmp_path, text)


def test_other_areas_and_bands_of_age_are_left_out(tmp_path):
    """Countries, counties and Wales are no English districts, and bands are no single years."""
    rows = nomis_rows([BOLTON, "E92000001", "E10000001", "W06000001"])
    found = population(tmp_path, nomis([*rows, f"2022,{BOLTON},1,18,7"]))
    assert summed(found) == {BOLTON: 182}


# --- Districts of older years ---

CUMBERLAND = ["E07000026", "E07000028", "E07000029"]


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_merged_districts_keep_their_parts_by_sex_and_age(tmp_path_factory, start):
    """Cumberland has the rows of Allerdale, Carlisle and Copeland, each under its own code."""
    tmp_path = tmp_path_factory.mktemp("merged")

    def people(code: str, gender: int, age: int) -> int:
        return start + int(code[-2:]) * age + gender

    found = population(tmp_path, nomis(nomis_rows([*CUMBERLAND, "E08000016"], people)))
    assert set(found[fields.DISTRICT_CODE]) == {"E06000063", "E08000038"}
    merged = found[found[fields.DISTRICT_CODE] == "E06000063"]
    keys = [fields.SEX, "age_from", fields.PUBLISHED_DISTRICT_CODE]
    counts = merged.set_index(keys)[fields.PEOPLE]
    for sex, gender in (("male", 1), ("female", 2)):
        for age in AGES:
            expected = {code: people(code, gender, age) for code in CUMBERLAND}
            assert counts.loc[(sex, age)].to_dict() == expected


def test_a_merged_district_without_one_of_its_parts_is_refused(tmp_path):
    """The sum of the rest would pass for the whole."""
    message = (
        r"E06000063 Cumberland: .* \(E07000026, E07000028, E07000029\), found E07000026, E07000029"
    )
    with pytest.raises(SourceError, match=message):
        population(tmp_path, nomis(nomis_rows(["E07000026", "E07000029"])))


def test_a_district_and_its_part_are_refused(tmp_path):
    """Its people would be counted twice."""
    with pytest.raises(SourceError, match="Cumberland: expected all districts of one date"):
        population(tmp_path, nomis(nomis_rows(["E06000063", "E07000026"])))


def test_codes_that_live_at_the_date_stay(tmp_path):
    """In 2022 Allerdale was a district, and one may be given without the others."""
    found = population(tmp_path, nomis(nomis_rows(["E07000026"])), date(2022, 6, 30))
    assert summed(found) == {"E07000026": 182}
    with pytest.raises(RegisterError, match="is newer"):
        population(tmp_path, nomis(nomis_rows(["E06000063"])), date(2022, 6, 30))


# --- The layouts of one row for each area ---

WARDS = "Title,\n\nWard Code 1,LA Code (2021 boundaries),All Ages," + ",".join(
    [*map(str, range(90)), "90+"]
)


def ward(code: str, district: str, each: int, total: str | None = None) -> str:
    """Write a ward with the same people in each year of age."""
    return f'{code},{district},"{total or f"{91 * each:,}"}",' + ",".join([str(each)] * 91)


def test_wards_are_summed_to_districts(tmp_path):
    """Titles above, notes below, thousands separators, Wales: persons by single year of age."""
    rows = [ward("E05000001", BOLTON, 20), ward("E05000002", BOLTON, 3)]
    rows += [ward("E05000003", BURY, 1), ward("W05000001", "W06000001", 9), "1. Note,,," + "," * 90]
    found = population(tmp_path, "\n".join([WARDS, *rows]), vintage=2020)
    assert summed(found) == {BOLTON: 91 * 23, BURY: 91}
    assert set(found[fields.SEX]) == {"persons"}
    assert set(found[fields.YEAR]) == {2020}
    assert found[fields.AGE_TO].max() == 120


def test_a_ward_whose_ages_do_not_sum_to_its_total_is_told(tmp_path):
    """With its line and district."""
    text = "\n".join([WARDS, ward("E05000001", BOLTON, 1), ward("E05000002", BOLTON, 1, "92")])
    with pytest.raises(SourceError, match=r"line 5: All Ages of E08000001 is 92, .* sum to 91"):
        population(tmp_path, text)


def test_a_ward_that_stands_twice_is_told(tmp_path):
    """Its people would be counted twice; two wards of one district are no repeat."""
    text = "\n".join([WARDS, ward("E05000001", BOLTON, 1), ward("E05000001", BOLTON, 1)])
    with pytest.raises(SchemaError, match="line 5: E05000001 stands there and on line 4"):
        population(tmp_path, text)


def test_one_row_for_each_district_may_not_stand_twice(tmp_path):
    """Where the rows are districts, their codes are the keys; `columns` names them."""
    header = "code,persons," + ",".join([*map(str, range(90)), "90+"])
    columns = {"LAD21CD": "code", "All Ages": "persons"}
    row = f"{BOLTON},91," + ",".join(["1"] * 91)
    assert summed(population(tmp_path, f"{header}\n{row}\n", columns=columns)) == {BOLTON: 91}
    with pytest.raises(SchemaError, match="line 3: E08000001 stands there"):
        population(tmp_path, f"{header}\n{row}\n{row}\n", columns=columns)


def test_columns_for_each_sex_give_both(tmp_path):
    """F0 to F90 and M0 to M90, one row for each small area."""
    header = ["LAD 2023 Code", "LSOA 2021 Code", "Total"]
    header += [f"{sex}{age}" for sex in "FM" for age in AGES]
    rows = [f"{BOLTON},E0100000{n},273," + ",".join(["1"] * 91 + ["2"] * 91) for n in (1, 2)]
    found = population(tmp_path, "\n".join([",".join(header), *rows]))
    assert found.groupby(fields.SEX)[fields.PEOPLE].sum().to_dict() == {"female": 182, "male": 364}


def test_a_missing_age_is_named(tmp_path):
    """A wide file without 90+ is refused."""
    with pytest.raises(SchemaError, match=r"the column 90\+, found the columns 'Ward Code 1'"):
        population(tmp_path, "\n".join([WARDS.replace("90+", "90 plus"), ward("E", BOLTON, 1)]))
