from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthycities.errors import SchemaError
from healthycities.health.life import ABRIDGED_STARTS
from healthycities.metrics.bands import (
    Answers,
    Counts,
    abridged_starts,
    by_district_and_band,
    require_sexes,
    shared_sexes,
    shared_starts,
    whole_starts,
)


def table(rows, column="people"):
    """Return a table of district, sex, first and last age and a count."""
    names = ["district_code", "sex", "age_from", "age_to", column]
    return pd.DataFrame(rows, columns=names)


SINGLE_YEARS = table(
    [("D1", sex, age, age, 10.0) for sex in ("male", "female") for age in range(10)]
    + [("D1", sex, 10, 120, 7.0) for sex in ("male", "female")]
)


def test_single_years_are_summed_to_bands():
    """Ten people at each age from 0 to 9 of each sex make 50 a band and sex, and 100 persons."""
    starts = np.array([0, 5, 10])
    men = by_district_and_band(SINGLE_YEARS, "people", ["D1"], starts, "male")
    assert men.tolist() == [[50, 50, 7]]
    everyone = by_district_and_band(SINGLE_YEARS, "people", ["D1"], starts, "persons")
    assert everyone.tolist() == [[100, 100, 14]]


def test_a_missing_row_is_not_0():
    """A district without a row in a band is NaN there, and one without any row everywhere."""
    rows = [("D1", "male", 0, 4, 1.0), ("D1", "male", 5, 120, 2.0), ("D2", "male", 0, 4, 3.0)]
    found = by_district_and_band(
        table(rows), "people", ["D2", "D1", "D3"], np.array([0, 5]), "male"
    )
    np.testing.assert_array_equal(found, [[3, np.nan], [1, 2], [np.nan, np.nan]])


def test_ages_across_two_bands_are_refused():
    """A row of 0 to 14 cannot be shared out to bands of five years."""
    rows = table([("D1", "male", 0, 14, 1.0)])
    with pytest.raises(SchemaError, match="found 0 to 14"):
        by_district_and_band(rows, "people", ["D1"], np.array([0, 5]), "male")


def test_bands_are_those_that_both_tables_respect():
    """Single years and bands of 0, 1-4, 5-9, 10 and over share the starts 0, 5 and 10."""
    deaths = table([("D1", "male", start, 120, 1.0) for start in (0, 1, 5, 10)], "deaths")
    assert shared_starts(deaths, SINGLE_YEARS, range(0, 95, 5)).tolist() == [0, 5, 10]
    with pytest.raises(SchemaError, match="from 0 on, found 5"):
        shared_starts(deaths[deaths["age_from"] >= 5], SINGLE_YEARS, range(0, 95, 5))


def test_sexes_are_those_that_both_tables_tell():
    """With persons alone in one table, persons are all that can be told."""
    persons = table([("D1", "persons", 0, 120, 3.0)])
    assert shared_sexes(SINGLE_YEARS, SINGLE_YEARS) == ("persons", "male", "female")
    assert shared_sexes(persons, SINGLE_YEARS) == ("persons",)
    assert by_district_and_band(persons, "people", ["D1"], np.array([0]), "persons") == 3


def test_single_years_make_the_bands_of_a_life_table():
    """Single years up to 90 and over hold all 20 bands; bands of five years lack the first year."""
    years = pd.DataFrame({"age_from": range(91)})
    assert abridged_starts(years, years).tolist() == list(ABRIDGED_STARTS)
    fives = pd.DataFrame({"age_from": range(0, 95, 5)})
    with pytest.raises(SchemaError, match="found none from 1 on"):
        abridged_starts(years, fives)


def test_counts_between_two_ages():
    """From 5 to 9 are the second band, and from 5 on the second and third."""
    counts = Counts(np.array([[1.0, 2, 4]]), np.array([[10.0, 20, 40]]), np.array([0, 5, 10]))
    assert [part.tolist() for part in counts.between(5, 10)] == [[2], [20]]
    assert [part.tolist() for part in counts.between(5)] == [[6], [60]]


@pytest.mark.parametrize(
    ("bands", "common"),
    [
        ([(0, 120)], [0]),
        ([(0, 0), (1, 9), (10, 120)], [0, 1, 10]),
        ([(0, 1), (2, 4), (5, 120)], [0, 5]),
        ([(0, 4), (5, 7), (8, 9), (10, 84), (85, 120)], [0, 5, 10, 85]),
        ([(age, age) for age in range(90)] + [(90, 120)], list(ABRIDGED_STARTS)),
        ([(age, age) for age in range(100)] + [(100, 120)], list(ABRIDGED_STARTS)),
    ],
)
def test_bands_that_lie_within_others_or_are_made_of_them(bands, common):
    """The common bands are the finest of which both tables tell."""
    rows = table([("D1", "male", *band, 1.0) for band in bands])
    assert whole_starts(rows, np.array(ABRIDGED_STARTS)).tolist() == common


@pytest.mark.parametrize("bands", [[(0, 15), (16, 120)], [(0, 2), (3, 120)], [(0, 86), (87, 120)]])
def test_bands_that_cut_through_others_are_refused(bands):
    """The first that does is named."""
    rows = table([("D1", "male", *band, 1.0) for band in bands])
    cut = bands[1] if bands[0] == (0, 2) else bands[0]
    with pytest.raises(SchemaError, match=f"lie within one, found {cut[0]} to {cut[1]}"):
        whole_starts(rows, np.array(ABRIDGED_STARTS))


def test_a_share_of_nobody_is_missing():
    """Nobody of nobody, and nobody of some, are two things."""
    answers = Answers(np.array([[0.0, 0, 3]]), np.array([[0.0, 2, 4]]), np.array([0, 5, 10]))
    np.testing.assert_array_equal(answers.prevalence, [[np.nan, 0, 0.75]])


def test_tables_without_the_sexes_are_named():
    """One that tells both passes; all that do not are named, with what to leave out."""
    persons = table([("D1", "persons", 0, 120, 1.0)])
    require_sexes("a_metric", {"population": SINGLE_YEARS})
    given = {"deaths": persons, "population": SINGLE_YEARS, "answers": persons}
    with pytest.raises(SchemaError, match=r"apart in deaths, answers, .* leave a_metric out"):
        require_sexes("a_metric", given)
