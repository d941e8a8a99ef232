from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.health.published import cases, number
from tests.metrics.ages import deaths_by_sex, people_by_sex
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.life import ABRIDGED_STARTS, life_expectancy
from healthycities.metrics import life_expectancy as metric
from healthycities.metrics.measures import filled

KEYS = {"mortality.confidence": 0.95, "mortality.pooled_years": 1}
MALE, FEMALE = "life_expectancy_male_years", "life_expectancy_female_years"
MALE_65, FEMALE_65 = "life_expectancy_65_male_years", "life_expectancy_65_female_years"
GREATER_MANCHESTER, ENGLAND = "E47000001", "E92000001"
PUBLISHED = cases("life_expectancy.csv")
DEATHS, PEOPLE = (np.array([number(row[n]) for row in PUBLISHED]) for n in ("deaths", "population"))
EVEN = np.full(20, 10_000.0)


def computed(areas, died, people):
    """Return the rows, by measure and area."""
    given = Given({"areas": areas, "deaths": died, "population": people}, KEYS, year=2022)
    parts = metric.compute(given, filled(metric.CARD, KEYS))
    return pd.concat(list(parts)).set_index(["metric", "area_code"]).sort_index()


def two_of_three(areas, bolton, bury, swindon=((EVEN / 50, EVEN), (EVEN / 50, EVEN))):
    """Return the rows of (deaths, people) of the males, then the females, of each district."""
    given = {BOLTON: bolton, BURY: bury, SWINDON: swindon}
    return computed(
        areas,
        deaths_by_sex({code: [died for died, _ in both] for code, both in given.items()}),
        people_by_sex({code: [people for _, people in both] for code, both in given.items()}),
    )


CONSTANT = ((EVEN / 50, EVEN), (EVEN / 40, EVEN))
AS_PUBLISHED = ((DEATHS, PEOPLE), (DEATHS / 2, PEOPLE))


def test_a_constant_rate_is_lived_through_at_its_inverse(areas):
    """Where one in 50 males and one in 40 females dies at every age, they live 50 and 40 years."""
    found = two_of_three(areas, CONSTANT, CONSTANT)
    for name, years in ((MALE, 50), (MALE_65, 50), (FEMALE, 40), (FEMALE_65, 40)):
        assert found["value"][name, BOLTON] == pytest.approx(years)
        assert found["value"][name, GREATER_MANCHESTER] == pytest.approx(years)
    assert (found.loc[MALE, "sex"] == "male").all()
    assert (found.loc[FEMALE_65, "sex"] == "female").all()
    row = found.loc[(MALE_65, BOLTON)]
    assert (row["age"], row["numerator"], row["denominator"]) == ("65 and over", 6 * 200, 60_000)
    assert found.loc[(MALE, BOLTON), ["age", "confidence"]].tolist() == ["all ages", 0.95]


def test_published_figures(areas):
    """A published life table gives its life expectancy and limits, at birth and at 65."""
    found = two_of_three(areas, AS_PUBLISHED, CONSTANT)
    for name, start in ((MALE, 0), (MALE_65, 65)):
        row = PUBLISHED[ABRIDGED_STARTS.index(start)]
        expected = [number(row[part]) for part in ("le", "lower95", "upper95")]
        values = found.loc[(name, BOLTON), ["value", "lower", "upper"]].tolist()
        assert values == pytest.approx(expected, abs=1e-5)
    assert found.loc[(MALE, BOLTON), "note"] is None


def test_counts_are_summed_and_years_never_averaged(areas):
    """The authority's years are those of its summed counts, and not the mean of its districts'."""
    found = two_of_three(areas, AS_PUBLISHED, CONSTANT)
    whole = life_expectancy(DEATHS + EVEN / 50, PEOPLE + EVEN)
    row = found.loc[(MALE, GREATER_MANCHESTER)]
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx([p[0] for p in whole])
    by_people = np.average(
        [found["value"][MALE, BOLTON], found["value"][MALE, BURY]],
        weights=[PEOPLE.sum(), EVEN.sum()],
    )
    assert abs(row["value"] - by_people) > 0.5


def test_parts_add_up_to_england(areas):
    """Deaths and people of the three districts are England's."""
    counts = two_of_three(areas, AS_PUBLISHED, CONSTANT)[["numerator", "denominator"]]
    for name in (MALE, FEMALE, MALE_65, FEMALE_65):
        parts = sum(counts.loc[(name, code)] for code in (BOLTON, BURY, SWINDON))
        assert parts.tolist() == pytest.approx(counts.loc[(name, ENGLAND)].tolist())


OLDEST_LIVE_ON = np.where(np.arange(20) < 19, EVEN / 50, 0)
NOBODY_AT_10 = np.where(np.arange(20) == 3, 0, EVEN)
FEW_DEATHS = np.where(np.arange(20) < 19, 0, 1.0)


@pytest.mark.parametrize(
    ("died", "people", "why"),
    [
        (EVEN / 2000, EVEN / 40, "no life expectancy is given for 5,000 people or fewer"),
        (OLDEST_LIVE_ON, EVEN, "nobody died in the last band of age"),
        (NOBODY_AT_10 / 50, NOBODY_AT_10, "a band of age has nobody, or more deaths than people"),
        (FEW_DEATHS, EVEN, "the 95 % interval is wider than 20 years"),
    ],
)
def test_why_there_is_none(areas, died, people, why):
    """Where the rules give no life expectancy it is null and a note says which rule."""
    found = two_of_three(areas, ((died, people), (EVEN / 40, EVEN)), CONSTANT)
    row = found.loc[(MALE, BOLTON)]
    assert np.isnan(row["value"])
    assert row["note"] == why
    assert (row["numerator"], row["denominator"]) == (died.sum(), people.sum())
    assert found["value"][FEMALE, BOLTON] == pytest.approx(40)
    assert found["value"][MALE, GREATER_MANCHESTER] > 0


def test_a_district_without_data_leaves_none_above_it(areas):
    """A missing district is null, and so are the authority and England, which it is a part of."""
    some = {BOLTON: (EVEN / 50, EVEN / 50), SWINDON: (EVEN / 50, EVEN / 50)}
    people = people_by_sex(dict.fromkeys((BOLTON, BURY, SWINDON), (EVEN, EVEN)))
    found = computed(areas, deaths_by_sex(some), people)
    for code in (BURY, GREATER_MANCHESTER, ENGLAND):
        assert found.loc[(MALE, code), ["value", "lower", "numerator"]].isna().all()
        assert found["note"][MALE, code] == "no data"
    assert found["value"][MALE, SWINDON] == pytest.approx(50)


def test_other_years_are_said(areas):
    """Deaths of 2021 for 2022 are told beside each value."""
    both = dict.fromkeys((BOLTON, BURY, SWINDON), (EVEN / 50, EVEN / 50))
    people = people_by_sex(dict.fromkeys(both, (EVEN, EVEN)))
    found = computed(areas, deaths_by_sex(both).assign(year=2021), people)
    assert (found["note"] == "deaths of 2021").all()


def _together(rows):
    return rows[rows["sex"] == "male"].assign(sex="persons")


def _infants_in_0_to_4(rows):
    kept = rows[rows["age_from"] != 1]
    return kept.assign(age_to=kept["age_to"].where(kept["age_from"] != 0, 4))


def _until_85(rows):
    kept = rows[rows["age_from"] != 90]
    return kept.assign(age_to=kept["age_to"].where(kept["age_from"] != 85, 120))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_together, "males and females apart"),
        (_infants_in_0_to_4, "found none from 1 on"),
        (_until_85, "found none from 90 on"),
    ],
)
@pytest.mark.parametrize("which", ["deaths", "people"])
def test_bands_and_sexes_that_make_no_life_table_are_refused(areas, change, message, which):
    """Persons, infants among children, and a last band of 85 and over stop, in either table."""
    both = dict.fromkeys((BOLTON, BURY, SWINDON), (EVEN / 50, EVEN / 50))
    given = {
        "deaths": deaths_by_sex(both),
        "people": people_by_sex(dict.fromkeys(both, (EVEN, EVEN))),
    }
    given[which] = change(given[which])
    with pytest.raises(SchemaError, match=message):
        computed(areas, given["deaths"], given["people"])


def test_deaths_of_some_causes_are_refused(areas):
    """One cause is not all causes."""
    both = dict.fromkeys((BOLTON, BURY, SWINDON), (EVEN / 50, EVEN / 50))
    died = deaths_by_sex(both).query("cause_icd10 != 'all'")
    with pytest.raises(SchemaError, match="deaths from all causes, found causes C00-C97"):
        computed(areas, died, people_by_sex(dict.fromkeys(both, (EVEN, EVEN))))
