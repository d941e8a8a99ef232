from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities.given import Given
from healthycities.health.life import ABRIDGED_STARTS, probability_of_dying
from healthycities.metrics import premature_mortality
from healthycities.metrics.measures import filled

KEYS = {"mortality.cause_group": "ncd4", "mortality.confidence": 0.95, "mortality.pooled_years": 1}
CAUSES = ("all", "C00-C97", "E10-E14", "I00-I99", "J30-J98")
CHANCE, LOST = "ncd4_dying_30_to_70_pct", "ncd4_years_lost_under75"
GREATER_MANCHESTER, ENGLAND = "E47000001", "E92000001"
ENDS = [*(start - 1 for start in ABRIDGED_STARTS[1:]), 120]


def bands(district, sex, column, count, **more):
    """Return one row a band: so many in each."""
    frame = {"district_code": district, "year": 2022, **more, "sex": sex}
    return pd.DataFrame(frame | {"age_from": ABRIDGED_STARTS, "age_to": ENDS, column: float(count)})


def computed(areas, per_cause, people):
    """Return the rows of so many deaths of each cause, and people, in every band of each sex."""
    both = ("male", "female")
    died = [
        bands(code, sex, "deaths", count, cause_icd10=cause)
        for code, count in per_cause.items()
        for sex in both
        for cause in CAUSES
    ]
    living = [bands(code, sex, "people", count) for code, count in people.items() for sex in both]
    inputs = {"areas": areas, "deaths": pd.concat(died), "population": pd.concat(living)}
    given = Given(inputs, KEYS, year=2022)
    parts = premature_mortality.compute(given, filled(premature_mortality.CARD, KEYS))
    return pd.concat(list(parts)).set_index(["metric", "sex", "area_code"]).sort_index()


PEOPLE = {BOLTON: 1000, BURY: 500, SWINDON: 2000}


def test_the_chance_by_hand(areas):
    """4 of 1,000 a year in eight bands: q = 0.02/1.01, and 1 - (1 - q)**8 = 14.7861 %."""
    found = computed(areas, dict.fromkeys(PEOPLE, 1), PEOPLE)
    row = found.loc[(CHANCE, "persons", BOLTON)]
    assert row["value"] == pytest.approx(100 * (1 - (0.99 / 1.01) ** 8))
    assert row["value"] == pytest.approx(14.7861, abs=1e-4)
    assert row["lower"] < row["value"] < row["upper"]
    assert (row["numerator"], row["denominator"]) == (8 * 2 * 4, 8 * 2 * 1000)
    assert (row["age"], row["unit"]) == ("30 to 69", "% of people aged 30")
    assert found["value"][CHANCE, "male", BOLTON] == pytest.approx(row["value"])
    assert found["method"].str.endswith("Causes: C00-C97, E10-E14, I00-I99, J30-J98.").all()


def test_the_years_lost_by_hand(areas):
    """One death in each band takes 74.5 + 72 + 67.5 + 62.5 + … + 2.5 = 636.5 years before 75."""
    found = computed(areas, dict.fromkeys(PEOPLE, 1), PEOPLE)
    row = found.loc[(LOST, "male", BOLTON)]
    assert row["value"] == pytest.approx(4 * 636.5)
    assert row["lower"] < row["value"] < row["upper"]
    assert row["numerator"] == 4 * 16
    assert np.isnan(row["denominator"])
    assert found["value"][LOST, "persons", BOLTON] == pytest.approx(8 * 636.5)
    assert found["value"][LOST, "persons", ENGLAND] == pytest.approx(3 * 8 * 636.5)


def test_counts_are_summed_and_chances_never_averaged(areas):
    """The authority's chance is that of its summed counts, not the mean of its districts'."""
    found = computed(areas, {BOLTON: 1, BURY: 8, SWINDON: 1}, PEOPLE)
    row = found.loc[(CHANCE, "persons", GREATER_MANCHESTER)]
    whole = probability_of_dying(np.full(20, 2 * 4 * 9.0), np.full(20, 2 * 1500.0))
    parts = row[["value", "lower", "upper"]].tolist()
    assert parts == pytest.approx([100 * float(part) for part in whole])
    districts = [found["value"][CHANCE, "persons", code] for code in (BOLTON, BURY)]
    assert abs(row["value"] - np.average(districts, weights=[1000, 500])) > 1


def test_few_deaths_and_missing_districts_leave_no_chance(areas):
    """Below ten deaths there is a note and no chance; without data there is none above either."""
    found = computed(areas, {BOLTON: 1, BURY: 0}, PEOPLE)
    bury = found.loc[(CHANCE, "persons", BURY)]
    assert bury[["value", "lower", "upper"]].isna().all()
    assert bury["note"] == "no rate is given below 10 deaths"
    assert found["value"][LOST, "persons", BURY] == 0
    assert np.isnan(found["upper"][LOST, "persons", BURY])
    assert found["value"][CHANCE, "persons", GREATER_MANCHESTER] > 0
    for name in (CHANCE, LOST):
        for code in (SWINDON, ENGLAND):
            assert np.isnan(found["value"][name, "persons", code])
            assert found["note"][name, "persons", code] == "no data"


def test_parts_add_up(areas):
    """Deaths and people of districts are England's, and those of the sexes are those of persons."""
    found = computed(areas, {BOLTON: 3, BURY: 1, SWINDON: 2}, PEOPLE)[["numerator", "denominator"]]
    for name in (CHANCE, LOST):
        parts = sum(found.loc[(name, "persons", code)] for code in PEOPLE)
        np.testing.assert_array_equal(parts, found.loc[(name, "persons", ENGLAND)])
        sexes = sum(found.loc[(name, sex, BOLTON)] for sex in ("male", "female"))
        np.testing.assert_array_equal(sexes, found.loc[(name, "persons", BOLTON)])
