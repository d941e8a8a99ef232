from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.health.published import cases, number
from tests.metrics.ages import by_sex, deaths_by_sex, people_by_sex
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities import tables
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.life import ABRIDGED_STARTS, at_age, healthy_life_expectancy
from healthycities.metrics import healthy_life_expectancy as metric
from healthycities.metrics import life_expectancy as of_life
from healthycities.metrics.measures import filled

KEYS = {"mortality.confidence": 0.95, "mortality.pooled_years": 1}
MALE, FEMALE = (f"healthy_life_expectancy_{sex}_years" for sex in ("male", "female"))
MALE_65 = "healthy_life_expectancy_65_male_years"
SHARE_MALE, SHARE_FEMALE = (f"life_in_good_health_{sex}_pct" for sex in ("male", "female"))
GREATER_MANCHESTER, ENGLAND = "E47000001", "E92000001"
DISTRICTS = (BOLTON, BURY, SWINDON)
PUBLISHED = cases("life_expectancy.csv")
DEATHS, PEOPLE = (np.array([number(row[n]) for row in PUBLISHED]) for n in ("deaths", "population"))
EVEN = np.full(20, 10_000.0)
ALL = np.full(20, 1000.0)
FALLING = ALL * np.linspace(0.95, 0.3, 20)
LIMITS = ["value", "lower", "upper"]


def health(good, asked, districts=DISTRICTS, year=2022):
    """Return the answers of each band of both sexes, the same in all districts."""
    both = {
        "people_asked": dict.fromkeys(districts, (asked, asked)),
        "people_good_health": dict.fromkeys(districts, (good, good)),
    }
    found = by_sex(both).assign(year=year)[list(tables.GENERAL_HEALTH.columns)]
    return tables.checked(found.reset_index(drop=True), tables.GENERAL_HEALTH)


def computed(areas, given_health, which=metric, **changes):
    """Return the rows by measure and area; Bolton as published, a fiftieth dies elsewhere."""
    counts = {
        "deaths": {BOLTON: (DEATHS, DEATHS), **dict.fromkeys((BURY, SWINDON), (EVEN / 50,) * 2)},
        "people": {BOLTON: (PEOPLE, PEOPLE), **dict.fromkeys((BURY, SWINDON), (EVEN, EVEN))},
    }
    inputs = {
        "areas": areas,
        "deaths": deaths_by_sex(counts["deaths"]),
        "population": people_by_sex(counts["people"]),
        "general_health": given_health,
    }
    given = Given({**inputs, **changes}, KEYS, year=2022)
    found = pd.concat(list(which.compute(given, filled(which.CARD, KEYS))))
    rows = tables.checked(found.reset_index(drop=True), tables.MEASURES)
    return rows.set_index(["metric", "area_code"]).sort_index()


def test_all_in_good_health_is_life_expectancy(areas):
    """Where everybody is, the rows are those of life expectancy, with its limits and counts."""
    found = computed(areas, health(ALL, ALL))
    life = computed(areas, health(ALL, ALL), of_life)
    told = [*LIMITS, "numerator", "denominator", "sex", "age", "unit", "confidence"]
    for name in life.index.unique("metric"):
        pd.testing.assert_frame_equal(found.loc[f"healthy_{name}", told], life.loc[name, told])
    np.testing.assert_allclose(found.loc[SHARE_MALE, LIMITS], 100)
    np.testing.assert_allclose(found.loc[SHARE_FEMALE, LIMITS], 100)


def test_nobody_in_good_health_lives_no_year_in_it(areas):
    """All values and limits are 0, which is known and not missing."""
    found = computed(areas, health(0 * ALL, ALL))
    assert (found[LIMITS] == 0).all(axis=None)
    assert found["note"].isna().all()


def test_half_of_all_ages_is_half_of_life(areas):
    """Where one in 50 dies at every age people live 50 years, half of them in good health."""
    found = computed(areas, health(ALL / 2, ALL))
    for name in (MALE, FEMALE, MALE_65):
        assert found["value"][name, BURY] == pytest.approx(25)
    assert found["value"][SHARE_FEMALE, BURY] == pytest.approx(50)
    assert found["unit"][SHARE_FEMALE, BURY] == "% of life"
    assert (found.loc[MALE_65, "age"] == "65 and over").all()
    assert (found.loc[SHARE_MALE, "age"] == "all ages").all()


def test_answers_are_summed_and_shares_never_averaged(areas):
    """The authority's share is of all that were asked in its districts, nine in Bury to one."""
    answers = health(FALLING, ALL)
    in_bury = answers["district_code"] == BURY
    answers.loc[in_bury, "people_asked"] *= 9
    found = computed(areas, answers)
    asked = 10 * ALL
    whole = healthy_life_expectancy(DEATHS + EVEN / 50, PEOPLE + EVEN, 2 * FALLING / asked, asked)
    for name, age in ((MALE, 0), (MALE_65, 65)):
        expected = [float(part) for part in at_age(whole, age)]
        row = found.loc[(name, GREATER_MANCHESTER)]
        assert row[LIMITS].tolist() == pytest.approx(expected)
    years = found["value"][MALE]
    assert years[[BOLTON, BURY]].mean() != pytest.approx(years[GREATER_MANCHESTER], abs=1)


def _in_bands(answers, *starts):
    """Sum answers to bands that start at these ages."""
    place = np.searchsorted(starts, answers["age_from"], side="right") - 1
    keys = ["district_code", "year", "sex"]
    firsts = answers.assign(age_from=np.array(starts)[place])
    found = firsts.groupby([*keys, "age_from"], as_index=False).agg(
        {"age_to": "max", "people_asked": "sum", "people_good_health": "sum"}
    )
    return found[list(tables.GENERAL_HEALTH.columns)]


def test_coarse_bands_hold_for_the_ages_within_them(areas):
    """A share of 0 to 44 and one of 45 and over serve the bands within, each with one error."""
    answers = _in_bands(health(FALLING, ALL), 0, 45)
    found = computed(areas, answers)
    young = np.array(ABRIDGED_STARTS) < 45
    share = np.where(young, FALLING[young].sum() / 10_000, FALLING[~young].sum() / 10_000)
    apart = healthy_life_expectancy(DEATHS, PEOPLE, share, 10_000)
    row = found.loc[(MALE, BOLTON)]
    assert row["value"] == pytest.approx(apart.value[0])
    assert row["upper"] - row["value"] > apart.upper[0] - apart.value[0]


def test_fine_bands_are_summed_first(areas):
    """Ages of 0 to 2 and 3 to 4 are one band; 85 and over serves 85 to 89 and what follows."""
    fives = _in_bands(health(FALLING, ALL), 0, *range(5, 90, 5))
    youngest = fives[fives["age_from"] == 0]
    numbers = ["people_asked", "people_good_health"]
    halves = [
        youngest.assign(age_from=first, age_to=last, **(youngest[numbers] / 2))
        for first, last in ((0, 2), (3, 4))
    ]
    fine = pd.concat([*halves, fives[fives["age_from"] > 0]])
    pd.testing.assert_frame_equal(computed(areas, fine), computed(areas, fives))


@pytest.mark.parametrize("starts", [(0, 16), (0, 2, 85), (0, 5, 42, 60)])
def test_bands_that_cut_through_those_of_the_life_table_are_refused(areas, starts):
    """A share of 0 to 15 is not that of 15 to 19, nor of any whole bands."""
    answers = health(FALLING, ALL)
    ends = [*(start - 1 for start in starts[1:]), 120]
    one = answers.drop_duplicates(["district_code", "sex"])
    cut = pd.concat(one.assign(age_from=a, age_to=b) for a, b in zip(starts, ends, strict=True))
    with pytest.raises(SchemaError, match=r"made of whole bands starting at \[0, 5, .* found"):
        computed(areas, cut)


def test_nobody_asked_is_missing_up_to_that_age(areas):
    """A band in which nobody in Swindon was asked leaves its earlier ages without a figure."""
    answers = health(FALLING, ALL)
    nobody = (answers["district_code"] == SWINDON) & (answers["age_from"] == 40)
    numbers = ["people_asked", "people_good_health"]
    answers[numbers] = answers[numbers].mask(nobody, 0)
    found = computed(areas, answers)
    row = found.loc[(MALE, SWINDON)]
    assert row[LIMITS].isna().all()
    assert row["note"] == "nobody was asked for their health in a band of age"
    assert row["numerator"] == 20 * 200
    assert np.isnan(found["value"][SHARE_MALE, SWINDON])
    assert found["value"][MALE_65, SWINDON] > 0
    assert found["note"][MALE_65, SWINDON] is None
    assert found["value"][MALE, ENGLAND] > 0


def test_a_district_without_answers_leaves_none_above_it(areas):
    """Bury was not asked: neither it nor what it is a part of has years in health."""
    found = computed(areas, health(FALLING, ALL, (BOLTON, SWINDON)))
    for code in (BURY, GREATER_MANCHESTER, ENGLAND):
        assert found.loc[(MALE, code), LIMITS].isna().all()
        assert found["note"][MALE, code] == "no data"
    assert found["value"][MALE, BOLTON] > 0


def test_the_year_of_another_census_is_said(areas):
    """Beside every value, also of those that are missing."""
    found = computed(areas, health(FALLING, ALL, (BOLTON, SWINDON), year=2021))
    assert found["note"][MALE, BOLTON] == "general health of 2021"
    assert found["note"][MALE, BURY] == "general health of 2021; no data"


def test_a_place_without_life_expectancy_says_why(areas):
    """Of too few people none is given, however many were asked."""
    few = dict.fromkeys(DISTRICTS, (EVEN / 40, EVEN / 40))
    died = dict.fromkeys(DISTRICTS, (EVEN / 2000, EVEN / 2000))
    changes = {"deaths": deaths_by_sex(died), "population": people_by_sex(few)}
    found = computed(areas, health(FALLING, ALL), **changes)
    assert found["note"][MALE, BURY] == "no life expectancy is given for 5,000 people or fewer"
    assert np.isnan(found["value"][SHARE_MALE, BURY])


def test_one_sex_is_refused(areas):
    """Which source has them together is named."""
    answers = health(FALLING, ALL)
    with pytest.raises(SchemaError, match=r"apart in general_health, found .* leave healthy"):
        computed(areas, answers[answers["sex"] == "male"])
