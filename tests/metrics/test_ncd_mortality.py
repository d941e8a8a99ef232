from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.rates import directly_standardised_rate
from healthycities.health.standards import STANDARD_STARTS, european_standard_population_2013
from healthycities.metrics import ncd_mortality
from healthycities.metrics.measures import filled

KEYS = {"mortality.cause_group": "ncd4", "mortality.confidence": 0.95, "mortality.pooled_years": 1}
CAUSES = ("all", "C00-C97", "E10-E14", "I00-I99", "J30-J98")
ALL_AGES, UNDER_75 = "ncd4_mortality_per100k", "ncd4_mortality_under75_per100k"
ENDS = [*(start - 1 for start in STANDARD_STARTS[1:]), 120]


def bands(district, sex, values, **more):
    """Return one row a band of five years."""
    ages = {"age_from": STANDARD_STARTS, "age_to": ENDS}
    return pd.DataFrame({"district_code": district, "year": 2022, **more, "sex": sex, **ages}
                        | values)  # fmt: skip


def deaths(per_band):
    """Return deaths of each cause by district and sex: so many in every band."""
    return pd.concat(
        bands(code, sex, {"deaths": float(count)}, cause_icd10=cause)
        for code, count in per_band.items()
        for sex in ("male", "female")
        for cause in CAUSES
    )


def population(per_band):
    """Return people by district and sex: so many in every band."""
    return pd.concat(
        bands(code, sex, {"people": float(count)})
        for code, count in per_band.items()
        for sex in ("male", "female")
    )


def computed(areas, died, people, keys=KEYS):
    """Return the rows, by measure, sex and area."""
    given = Given({"areas": areas, "deaths": died, "population": people}, keys, year=2022)
    parts = ncd_mortality.compute(given, filled(ncd_mortality.CARD, keys))
    return pd.concat(list(parts)).set_index(["metric", "sex", "area_code"]).sort_index()


PEOPLE = {BOLTON: 1000, BURY: 500, SWINDON: 2000}


def test_the_same_rate_at_every_age_is_the_rate(areas):
    """Four causes of 1 death each in 1,000 people of every band and sex are 400 in 100,000."""
    found = computed(areas, deaths(dict.fromkeys(PEOPLE, 1)), population(PEOPLE))
    assert found["value"][ALL_AGES, "persons", BOLTON] == pytest.approx(400)
    assert found["value"][UNDER_75, "persons", BOLTON] == pytest.approx(400)
    assert found["value"][ALL_AGES, "male", BURY] == pytest.approx(800)
    row = found.loc[(ALL_AGES, "persons", BOLTON)]
    assert (row["numerator"], row["denominator"]) == (4 * 2 * 19, 2 * 19 * 1000)
    assert row["lower"] < 400 < row["upper"]
    assert (row["age"], row["confidence"]) == ("all ages", 0.95)
    under = found.loc[(UNDER_75, "persons", BOLTON)]
    assert (under["age"], under["numerator"]) == ("under 75", 4 * 2 * 15)


def test_counts_are_summed_before_they_are_standardised(areas):
    """The authority's rate is that of its districts' summed deaths and people, by band."""
    died, people = deaths({BOLTON: 3, BURY: 1, SWINDON: 2}), population(PEOPLE)
    found = computed(areas, died, people).loc[(ALL_AGES, "persons", "E47000001")]
    expected = directly_standardised_rate(
        np.full(19, 2 * 4 * (3.0 + 1.0)),
        np.full(19, 2 * 1500.0),
        european_standard_population_2013(STANDARD_STARTS, below=None),
        100_000.0,
        0.95,
    )
    assert found[["value", "lower", "upper"]].tolist() == pytest.approx(
        [float(part) for part in expected]
    )


def test_parts_add_up_to_england(areas):
    """Deaths and people of districts add up to England's, and so do those of the sexes."""
    found = computed(areas, deaths({BOLTON: 3, BURY: 1, SWINDON: 2}), population(PEOPLE))
    counts = found[["numerator", "denominator"]]
    for sex in ("persons", "male", "female"):
        parts = [counts.loc[(ALL_AGES, sex, code)] for code in PEOPLE]
        assert sum(parts).tolist() == counts.loc[(ALL_AGES, sex, "E92000001")].tolist()
    sexes = [counts.loc[(ALL_AGES, sex, BOLTON)] for sex in ("male", "female")]
    assert sum(sexes).tolist() == counts.loc[(ALL_AGES, "persons", BOLTON)].tolist()


def test_no_rate_below_ten_deaths(areas):
    """Without deaths there is no rate but a note, and the authority above still has one."""
    found = computed(areas, deaths({BOLTON: 3, BURY: 0, SWINDON: 2}), population(PEOPLE))
    bury = found.loc[(ALL_AGES, "persons", BURY)]
    assert bury[["value", "lower", "upper"]].isna().all()
    assert bury["note"] == "no rate is given below 10 deaths"
    assert bury["numerator"] == 0
    assert found["value"][ALL_AGES, "persons", "E47000001"] > 0


def test_a_district_without_data_leaves_no_rate_above_it(areas):
    """A missing district is null, and so are the authority and England, which it is a part of."""
    found = computed(areas, deaths({BOLTON: 3, SWINDON: 2}), population(PEOPLE))
    for code in (BURY, "E47000001", "E92000001"):
        row = found.loc[(ALL_AGES, "persons", code)]
        assert row[["value", "numerator"]].isna().all()
        assert row["note"] == "no data"
    assert found["value"][ALL_AGES, "persons", SWINDON] > 0


def test_the_method_says_which_causes_are_counted(areas):
    """The four causes stand in the method, and years of deaths and people that are not 2022."""
    died = deaths(dict.fromkeys(PEOPLE, 1)).assign(year=2021)
    found = computed(areas, died, population(PEOPLE))
    assert found["method"].str.endswith("Causes: C00-C97, E10-E14, I00-I99, J30-J98.").all()
    assert (found["note"] == "deaths of 2021").all()


def test_bands_that_are_fewer_than_the_standards_are_said(areas):
    """People by five years up to 85 and over make a last band of 85 and over."""
    people = population(PEOPLE)
    people = people[people["age_from"] < 90].assign(
        age_to=lambda rows: rows["age_to"].where(rows["age_from"] != 85, 120)
    )
    found = computed(areas, deaths(dict.fromkeys(PEOPLE, 1)), people)
    assert found["method"].str.contains("Bands of age start at 0, 5, .*, 80, 85[.]").all()


def test_persons_alone(areas):
    """Where the population does not tell the sexes, the rates are those of persons."""
    people = population(PEOPLE)
    people = people[people["sex"] == "male"].assign(sex="persons")
    found = computed(areas, deaths(dict.fromkeys(PEOPLE, 1)), people)
    assert set(found.index.get_level_values("sex")) == {"persons"}


def test_bands_that_cross_75_are_refused(areas):
    """Deaths by bands of which none starts at 75 give no rate under 75."""
    died = deaths(dict.fromkeys(PEOPLE, 1))
    died = died[died["age_from"] != 75].assign(
        age_to=lambda rows: rows["age_to"].where(rows["age_from"] != 70, 79)
    )
    with pytest.raises(SchemaError, match="starts at age 75"):
        computed(areas, died, population(PEOPLE))
