from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from healthycities import fields
from healthycities.errors import SchemaError, SourceError
from healthycities.sources.deaths import icd10, read
from healthycities.sources.raw import Raw

HEADER = ["DATE", "GEOGRAPHY_CODE", "CAUSE_OF_DEATH_NAME", "GENDER", "AGE_NAME", "MEASURE",
          "OBS_VALUE"]  # fmt: skip
ALL = "A00-R99,U00-Y89 All causes, all ages"
CANCER = "C00-C97 Malignant neoplasms"
LUNG = "J95 Postprocedural respiratory disorders, not elsewhere classified"
BOLTON, BURY = "E08000001", "E08000002"
BANDS = ["Aged under 1", "Aged 1 to 4", "Aged 5 to 9", "Aged 10-89", "Aged 90 and over"]


def answer(
    codes: Sequence[str] = (BOLTON,),
    causes: Sequence[str] = (ALL, CANCER),
    genders: Sequence[int] = (1, 2),
    bands: Sequence[str] = BANDS,
    value: float = 1,
) -> pd.DataFrame:
    """Make an answer for 2022 with the same number in every row."""
    rows = product([2022], codes, causes, genders, bands, [1], [value])
    return pd.DataFrame(rows, columns=HEADER)


def deaths(tmp_path: Path, *answers: pd.DataFrame, as_at: date = date(2025, 6, 1)) -> pd.DataFrame:
    """Read one answer that is made of some, with its RECORD_COUNT."""
    table = pd.concat(answers, ignore_index=True)
    path = tmp_path / "deaths.csv"
    table.assign(RECORD_COUNT=len(table)).to_csv(path, index=False)
    return read(Raw((path,), as_at, year=2022))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        (ALL, "all"), ("A00-R99, U00-Y89 All causes", "all"), (CANCER, "C00-C97"), (LUNG, "J95"),
        ("I00-I99 IX Diseases of the circulatory system", "I00-I99"),
        ("U509,V01-Y89 XX External causes of morbidity and mortality", "V01-Y89"),
        ("X85-Y09,Y35 Assault", "other"), ("U07.1-U07.2 COVID-19", "other"),
        ("All causes", None), ("Diabetes", None),
    ],
)  # fmt: skip
def test_causes_begin_with_their_codes(name, codes):
    """One code or range is kept, all causes are named so, wider ones are set apart."""
    assert icd10(name) == codes


def test_deaths_are_read_by_cause_sex_and_band(tmp_path):
    """Sorted by their keys, with float64 counts, without Wales."""
    found = deaths(tmp_path, answer([BURY, BOLTON, "W06000001", "E92000001"], (ALL, LUNG)))
    assert len(found) == 2 * 2 * 2 * 5
    assert found.iloc[0].tolist() == [BOLTON, 2022, "J95", "female", 0, 0, 1.0]
    assert found.iloc[-1].tolist() == [BURY, 2022, "all", "male", 90, 120, 1.0]
    assert found[fields.DEATHS].dtype == "float64"


def test_totals_are_dropped_where_their_parts_are_there(tmp_path):
    """Totals of sexes, of ages and of both leave no trace."""
    parts = answer()
    ages = answer(bands=["All ages"], value=5)
    sexes = answer(genders=[0], value=2)
    both = answer(genders=[0], bands=["All ages"], value=10)
    pd.testing.assert_frame_equal(deaths(tmp_path, parts, ages, sexes, both),
                                  deaths(tmp_path, parts))  # fmt: skip


def test_totals_that_stand_alone_are_kept(tmp_path):
    """Persons of all ages, where the answer has nothing finer."""
    found = deaths(tmp_path, answer(causes=[CANCER], genders=[0], bands=["total (all ages)"]))
    assert found.to_numpy().tolist() == [[BOLTON, 2022, "C00-C97", "persons", 0, 120, 1.0]]


@pytest.mark.parametrize(
    ("totals", "problem"),
    [
        (answer(bands=["All ages"], value=6), "is 6, and its parts by ages sum to 5"),
        (answer(genders=[0], value=3), "ages 0-0 is 3, and its parts by GENDER sum to 2"),
        (answer(causes=[LUNG], bands=["All ages"]), "cause_icd10 J95.* is 1, and .* sum to nan"),
    ],
)
def test_totals_that_are_not_the_sum_of_parts_are_refused(tmp_path, totals, problem):
    """Nor is a cause lost that has totals alone while others have parts."""
    with pytest.raises(SourceError, match=problem):
        deaths(tmp_path, answer(), totals)


def test_a_row_that_is_missing_is_not_taken_for_0(tmp_path):
    """The district, cause, sex and band of the first are named."""
    with pytest.raises(SourceError, match=r"no row for district_code E08000001, cause_icd10 "
                       r"C00-C97, GENDER 2, ages 90-120 \(1 rows"):  # fmt: skip
        deaths(tmp_path, answer().iloc[:-1])


@pytest.mark.parametrize(
    "bands", [BANDS[:-1], BANDS[1:], [*BANDS, "Aged 5 to 14"], [*BANDS[:2], *BANDS[3:]]]
)
def test_bands_with_a_gap_or_an_overlap_are_refused(tmp_path, bands):
    """Ages follow each other from 0 to the oldest, each in one band."""
    with pytest.raises(SourceError, match="bands of age that follow each other"):
        deaths(tmp_path, answer(bands=bands))


def test_rates_are_not_taken_for_deaths(tmp_path):
    """MEASURE 6 and others are left out, and are not enough."""
    rates = answer(value=123.4).assign(MEASURE=6)
    pd.testing.assert_frame_equal(deaths(tmp_path, answer(), rates), deaths(tmp_path, answer()))
    with pytest.raises(SourceError, match="no row of deaths"):
        deaths(tmp_path, rates)


def test_wider_causes_are_left_out_and_told(tmp_path, caplog):
    """What no range of codes can say is named in the log."""
    with caplog.at_level(logging.INFO):
        found = deaths(tmp_path, answer(causes=[ALL, "X85-Y09,Y35 Assault"]))
    assert set(found[fields.CAUSE_ICD10]) == {"all"}
    assert "left out X85-Y09,Y35 Assault" in caplog.text


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("CAUSE_OF_DEATH_NAME", "All causes", "a cause that begins with its codes"),
        ("AGE_NAME", "Aged unknown", "a band of ages"),
        ("OBS_VALUE", "-3", "a number of 0 or more"),
        ("OBS_VALUE", "", "a number of 0 or more"),
        ("GEOGRAPHY_CODE", "E800001", "the code of a district"),
    ],
)
def test_cells_that_cannot_be_are_told_with_their_line(tmp_path, column, text, expected):
    """A suppressed or unread number of deaths is never 0."""
    table = answer().astype({"OBS_VALUE": str})
    table.loc[3, column] = text
    with pytest.raises(SchemaError, match=rf"line 5, column {column}: expected {expected}"):
        deaths(tmp_path, table)


def test_a_row_that_stands_twice_is_told(tmp_path):
    """With what it says and both lines."""
    with pytest.raises(SchemaError, match=r"line 22: E08000001, .* on line 2"):
        deaths(tmp_path, answer(), answer().iloc[:1])


def test_merged_districts_are_summed(tmp_path):
    """Cumberland has the deaths of its three districts, and needs all three."""
    codes = ["E07000026", "E07000028", "E07000029"]
    found = deaths(tmp_path, answer(codes, value=4))
    assert set(found[fields.DISTRICT_CODE]) == {"E06000063"}
    assert set(found[fields.DEATHS]) == {12.0}
    with pytest.raises(SourceError, match="Cumberland: expected all districts of one date"):
        deaths(tmp_path, answer(codes[1:]))
    assert len(deaths(tmp_path, answer(codes[1:]), as_at=date(2023, 1, 1))) == 2 * 2 * 2 * 5


def test_an_answer_without_english_districts_is_told(tmp_path):
    """The message names the codes that it holds."""
    with pytest.raises(SourceError, match="no English district in it; column GEOGRAPHY_CODE holds "
                       "E92000001; K04000001"):  # fmt: skip
        deaths(tmp_path, answer(["E92000001", "K04000001"]))
