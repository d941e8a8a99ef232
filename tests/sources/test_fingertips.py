from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities.errors import HealthycitiesError, SchemaError, SourceError
from healthycities.sources.fingertips import read
from healthycities.sources.raw import Raw

HEADER = (
    "Indicator ID,Indicator Name,Parent Code,Area Code,Area Name,Area Type,Sex,Age,Category Type,"
    "Category,Time period,Value,Lower CI 95.0 limit,Upper CI 95.0 limit,Count,Denominator,"
    "Value note\n"
)
BOLTON, ENGLAND, MANCHESTER = "E08000001", "E92000001", "E47000001"


def row(
    code: str = BOLTON,
    period: str = "2022",
    value: str = "77.5,77,78",
    sex: str = "Male",
    category: str = "",
    kind: str = "District & UA",
    note: str = "",
) -> str:
    """Return a line of life expectancy at birth, with its value and limits."""
    return (
        f"90366,Life expectancy at birth,{ENGLAND},{code},Somewhere,{kind},{sex},All ages,"
        f"{category},{category},{period},{value},,,{note}\n"
    )


def published(tmp_path: Path, *rows: str, as_at: date = date(2026, 9, 30)) -> pd.DataFrame:
    """Read a file of these rows."""
    path = tmp_path / "indicators.data.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return read(Raw((path,), as_at))


def test_results_of_districts_authorities_and_england(tmp_path, caplog):
    """They keep their area type, sex and age; other areas and categories are left out and told."""
    rows = [
        row(ENGLAND, kind="England"),
        row(MANCHESTER, kind="Combined authorities", value="77,,"),
        row(note="Imputed"),
        row("E10000003", kind="County"),
        row(category="Deprivation deciles"),
        row("E07000223", sex="Female"),
    ]
    with caplog.at_level(logging.INFO):
        found = published(tmp_path, *rows)
    assert found["area_code"].tolist() == ["E07000223", BOLTON, MANCHESTER, ENGLAND]
    types = ["District & UA", "District & UA", "Combined authorities", "England"]
    assert found["published_area_type"].tolist() == types
    assert found["published_sex"].tolist() == ["Female", "Male", "Male", "Male"]
    limits = found[["published_value", "published_lower", "published_upper"]].to_numpy()
    assert np.array_equal(limits[2], [77, np.nan, np.nan], equal_nan=True)
    assert limits[1].tolist() == [77.5, 77, 78]
    assert found["published_note"].tolist()[1] == "Imputed"
    assert "left out 1 rows of categories: Deprivation deciles" in caplog.text
    assert "left out 1 rows of other areas: E10000003" in caplog.text


@pytest.mark.parametrize(
    ("period", "years"),
    [
        ("2022", (2022, 2022)),
        ("2020 - 22", (2020, 2022)),
        ("2001-03", (2001, 2003)),
        ("1999 - 01", (1999, 2001)),
        ("2009 - 2011", (2009, 2011)),
    ],
)
def test_periods_of_whole_calendar_years(tmp_path, period: str, years: tuple[int, int]):
    """One year, or the first and last of several as they are written."""
    found = published(tmp_path, row(period=period))
    assert (found["first_year"][0], found["year"][0]) == years


def test_other_periods_are_left_out(tmp_path, caplog):
    """Financial years, quarters and months are not calendar years."""
    others = [row(period=period) for period in ("2017/18", "2022 Q1", "Jan 2022")]
    with caplog.at_level(logging.INFO):
        found = published(tmp_path, row(), *others)
    assert found["year"].tolist() == [2022]
    assert "left out 3 rows of periods that are not whole calendar years" in caplog.text


def test_recoded_districts_are_carried_and_merged_ones_left_out(tmp_path, caplog):
    """Barnsley has a new code of the same ground; Carlisle became a part of Cumberland."""
    with caplog.at_level(logging.INFO):
        found = published(tmp_path, row("E08000016"), row("E07000028"))
    assert found["area_code"].tolist() == ["E08000038"]
    assert found["published_area_code"].tolist() == ["E08000016"]
    assert "left out 1 rows of districts that merged, or are unknown: E07000028" in caplog.text
    before = published(tmp_path, row("E07000028"), as_at=date(2022, 1, 1))
    assert before["area_code"].tolist() == ["E07000028"]


def test_an_area_of_two_types_stands_once(tmp_path):
    """A unitary authority is among districts and among upper-tier authorities, with one value."""
    found = published(tmp_path, row(), row(kind="Upper tier local authorities"))
    assert found["published_area_type"].tolist() == ["District & UA"]
    with pytest.raises(SchemaError, match=r"line 3: Life .* Male All ages 2022: another value"):
        published(tmp_path, row(), row(value="77.6,77,78", kind="Upper tier local authorities"))


def test_a_value_that_is_not_given_is_missing(tmp_path):
    """An empty value is NaN, never 0."""
    found = published(tmp_path, row(value=",,", note="Suppressed"))
    assert np.isnan(found["published_value"][0])


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (row(value="old,77,78"), SchemaError, "expected a number, found 'old'"),
        (row(value="77.5,78,79"), SchemaError, "a lower limit that is not above the value"),
        (row(value="77.5,76,77"), SchemaError, "an upper limit that is not below the value"),
        (row(period="1901 - 2022"), SchemaError, "a few years such as 2015 - 17"),
        (row("E54000001"), SourceError, "there is no result of an English district"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path, line: str, error: type[HealthycitiesError], message: str
):
    """Text, limits on the wrong side, a century, and a file of areas that are not reported on."""
    with pytest.raises(error, match=message):
        published(tmp_path, line)
