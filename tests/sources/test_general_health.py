from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from healthycities.errors import RegisterError, SchemaError, SourceError
from healthycities.sources.general_health import read
from healthycities.sources.raw import Raw

BOLTON, BURY = "E08000001", "E08000002"
CUMBERLAND = ["E07000026", "E07000028", "E07000029"]
SEXES = ["Female", "Male"]
BANDS = ["Aged 4 years and under", "Aged 5 to 84 years", "Aged 85 years and over"]
FIVE = ["Very good health", "Good health", "Fair health", "Bad health", "Very bad health"]
THREE = ["Very good or good health", "Fair health", "Bad or very bad health"]
AGE, HEALTH = "Age (B) (18 categories)", "General health (6 categories)"
SURVEY = "LAD25CD,sex,age_from,age_to,people_good_health,people_asked\n"


def census(codes=(BOLTON, BURY), answers=FIVE, bands=BANDS, **names) -> pd.DataFrame:
    """Return a table of the census, in which the n-th answer was given by n people."""
    rows = [
        (code, "A place", 1, age, 1, sex, answer, float(n))
        for code, age, sex in product(codes, bands, SEXES)
        for n, answer in enumerate(["Does not apply", *answers])
    ]
    columns = [
        "Lower tier local authorities Code", "Lower tier local authorities", f"{AGE} Code", AGE,
        "Sex (2 categories) Code", "Sex (2 categories)", HEALTH, "Observation",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).rename(columns=names)


def health(tmp_path: Path, given: pd.DataFrame | str, **said) -> pd.DataFrame:
    """Read a table, or text."""
    path = tmp_path / "health_2022.csv"
    text = given if isinstance(given, str) else given.to_csv(index=False)
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2026, 9, 30), year=2022, **said))


def survey(*rows: str, head: str = SURVEY) -> str:
    """Return a survey of both sexes; a row is what stands after the sex."""
    return head + "".join(f"{BOLTON},{sex},{row}\n" for sex in ("male", "FEMALE") for row in rows)


def test_the_layout_of_the_census(tmp_path):
    """Of 15 people 3 say that their health is good or better; the year is that of the census."""
    found = health(tmp_path, census([BURY, BOLTON, "W06000001"]))
    assert len(found) == 2 * 3 * 2
    assert found.iloc[0].tolist() == [BOLTON, 2021, "female", 0, 4, 15.0, 3.0]
    assert found.iloc[-1].tolist() == [BURY, 2021, "male", 85, 120, 15.0, 3.0]


def test_other_names_of_the_census(tmp_path):
    """Three answers, and other classifications of age and wordings of the columns, are read."""
    names = {
        AGE: "Age (23 categories)",
        HEALTH: "General health (4 categories)",
        "Observation": "Count",
        "Lower tier local authorities Code": "Lower Tier Local Authorities Code",
    }
    bands = ["Aged 2 years and under", "Aged 3 to 4 years", "Aged 5 years and over"]
    found = health(tmp_path, census([BOLTON], THREE, bands, **names), vintage=2021)
    assert found["people_asked"].unique().tolist() == [6.0]
    assert found["people_good_health"].unique().tolist() == [1.0]
    assert found["age_from"].tolist() == [0, 3, 5] * 2


def test_the_layout_of_a_survey(tmp_path):
    """Numbers asked may be weighted; the last band is left open; the year is that asked for."""
    found = health(tmp_path, survey("0,15,9.5,10", "16,,30,50"))
    assert found.to_numpy().tolist() == [
        [BOLTON, 2022, sex, *band]
        for sex in ("female", "male")
        for band in ([0, 15, 10.0, 9.5], [16, 120, 50.0, 30.0])
    ]


def test_a_survey_of_several_years(tmp_path):
    """Rows of the year, or of the vintage that stands in for it."""
    head = SURVEY.replace("people_asked", "people_asked,year")
    text = survey("0,,1,10,2021", "0,,2,10,2022", head=head)
    assert health(tmp_path, text)["people_good_health"].tolist() == [2, 2]
    stands_in = health(tmp_path, text, vintage=2021)
    assert stands_in[["year", "people_good_health"]].to_numpy().tolist() == [[2021, 1]] * 2


def test_merged_districts_are_summed(tmp_path):
    """People of the three that became Cumberland are added up, and not their shares averaged."""
    found = health(tmp_path, census([*CUMBERLAND, BOLTON]))
    assert found.groupby("district_code")["people_asked"].sum().to_dict() == {
        "E06000063": 3 * 6 * 15.0,
        BOLTON: 6 * 15.0,
    }
    rows = [
        f"{code},{sex},0,,{good},{asked}\n"
        for code, good, asked in zip(CUMBERLAND, (1, 5, 90), (10, 10, 100), strict=True)
        for sex in ("male", "female")
    ]
    found = health(tmp_path, SURVEY + "".join(rows))
    assert found[["people_good_health", "people_asked"]].to_numpy().tolist() == [[96, 120]] * 2
    with pytest.raises(SourceError, match="E06000063 Cumberland: expected all districts of one"):
        health(tmp_path, census(CUMBERLAND[:2]))


def test_newer_districts_are_kept_where_they_are_divided_later(tmp_path):
    """Cumberland of 2023 keeps its code on the map of 2022, or is refused there."""
    path = tmp_path / "health.csv"
    census(["E06000063", BOLTON]).to_csv(path, index=False)
    older = Raw((path,), date(2022, 12, 31), year=2022, divides=True)
    assert read(older)["district_code"].unique().tolist() == ["E06000063", BOLTON]
    with pytest.raises(RegisterError, match="E06000063 Cumberland is newer"):
        read(replace(older, divides=False))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (FIVE[:2], r"found \(good health, very good health\)"),
        ([*FIVE, "Fair or bad"], "an answer such as Very good health, found 'Fair or bad'"),
        ([*FIVE, *THREE[::2]], r"found \(bad health, bad or very bad health"),
    ],
)
def test_answers_that_are_missing_or_mixed_are_refused(tmp_path, answers, message):
    """Without those that are not good all would be in health; two sets would count twice."""
    with pytest.raises((SchemaError, SourceError), match=message):
        health(tmp_path, census(answers=answers))


@pytest.mark.parametrize("bands", [BANDS[1:], BANDS[:2], [BANDS[0], *BANDS]])
def test_bands_that_leave_ages_out_or_stand_twice_are_refused(tmp_path, bands):
    """Children, the oldest, or a band that stands twice."""
    with pytest.raises((SchemaError, SourceError), match=r"follow each other|stands there and on"):
        health(tmp_path, census(bands=bands))


def test_a_survey_without_children_is_refused_and_says_what_to_do(tmp_path):
    """Those asked from 16 on say nothing of those below."""
    with pytest.raises(SourceError, match=r"from 0 .* found 16-120.*give children one from else"):
        health(tmp_path, survey("16,,30,50"))


def test_a_row_that_is_missing_is_not_taken_for_0(tmp_path):
    """Of the census an answer, of a survey a band of one sex."""
    with pytest.raises(SourceError, match=r"no row for district_code E08000001, .*bad health"):
        health(tmp_path, census().drop(index=5))
    with pytest.raises(SourceError, match=r"no row for district_code E08000001, sex female"):
        health(tmp_path, survey("0,15,9,10", "16,,30,50").rsplit(f"{BOLTON}", 1)[0])


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ("0,,11,10", SchemaError, "no more people than were asked, found '11'"),
        ("0,,-1,10", SchemaError, "a number of 0 or more, found '-1'"),
        ("0,,x,10", SchemaError, "a number of 0 or more, found 'x'"),
        ("0,90.5,1,10", SchemaError, "a whole number, found '90.5'"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path, row, error, message):
    """More in health than were asked, and what is no number."""
    with pytest.raises(error, match=message):
        health(tmp_path, survey(row))


def test_what_is_told_of_persons_or_of_nowhere_is_refused(tmp_path):
    """Sexes apart, districts that are known, a census of its year, a survey of a known one."""
    with pytest.raises(SchemaError, match="expected male or female, found 'persons'"):
        health(tmp_path, f"{SURVEY}{BOLTON},persons,0,,1,10\n")
    with pytest.raises(RegisterError, match="'E08000099' is unknown"):
        health(tmp_path, census(["E08000099"]))
    with pytest.raises(SourceError, match="of the Census of 2021, and vintage says 2022"):
        health(tmp_path, census(), vintage=2022)
    path = tmp_path / "health.csv"
    path.write_text(survey("0,,1,10"), encoding="utf-8")
    with pytest.raises(SourceError, match="neither the path nor a column says 2022"):
        read(Raw((path,), date(2026, 9, 30), year=2022))


def test_other_names_are_told_by_the_configuration(tmp_path):
    """A file with names of one's own is read as a survey."""
    text = survey("0,,1,10").replace("people_asked", "n").replace("LAD25CD", "area")
    found = health(tmp_path, text, columns={"people_asked": "n", "LAD25CD": "area"})
    assert found["people_asked"].tolist() == [10, 10]
