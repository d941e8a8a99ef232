from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.stats import norm
from tests.metrics.ages import ALIVE, DIED, deaths, people
from tests.metrics.conftest import BOLTON, BURY, SMALL_AREAS, SWINDON
from tests.metrics.test_air_quality import cells

from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import attributable_deaths
from healthycities.metrics.measures import filled
from healthycities.spatial.weights import Weights

KEYS = {
    "burden.functions": ["comeap2022_pm25"],
    "burden.draws": 10_000,
    "burden.seed": 2026,
    "burden.confidence": 0.95,
}
COUNT, SHARE = "deaths_attributable_pm25", "deaths_attributable_pm25_pct"
YEARS, BY_HRAPIE = "years_of_life_lost_pm25", "deaths_attributable_by_hrapie2013_pm25"
MANCHESTER, ENGLAND = "E47000001", "E92000001"
UGM3 = [4.0, 8, 10, 10, 12]
AT_7, AT_10, AT_12 = (1 - 1.08 ** -(x / 10) for x in (7, 10, 12))
"""Fractions of Bolton, which breathes (100 x 4 + 300 x 8) / 400 = 7, Bury and Swindon."""


def computed(areas, of_small_areas, values=UGM3, keys=None, **more):
    """Return the rows, by measure and area."""
    inputs = {
        "areas": areas,
        "small_area_population": of_small_areas,
        "small_area_cells": cells(),
        "air_quality": YearlyGrid(np.array([values]), 2022),
        "deaths": deaths(DIED),
        "population": people(ALIVE),
    }
    keys = KEYS | (keys or {})
    given = Given(inputs | more, keys, year=2022)
    parts = attributable_deaths.compute(given, filled(attributable_deaths.CARD, keys))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def width(found):
    """Return the width of an interval."""
    return found["upper"] - found["lower"]


def with_external(of_bolton):
    """Return the deaths with those from external causes: some of Bolton's, 100 of the others'."""
    external = {code: {90: 100.0} for code in DIED} | {BOLTON: {90: of_bolton}}
    return pd.concat([deaths(DIED), deaths(external, cause="V01-Y89")], ignore_index=True)


def test_one_district_by_hand(areas, population):
    """Bolton breathes (100 x 4 + 300 x 8) / 400 = 7: 1,000 deaths times 1 - 1.08^-0.7 are 52.45."""
    found = computed(areas, population).loc[(COUNT, BOLTON)]
    assert found["value"] == pytest.approx(52.45, abs=0.005)
    assert (found["denominator"], found["age"], found["confidence"]) == (1000, "30 and over", 0.95)


def test_the_interval_holds_the_chance_of_the_risk_and_of_the_deaths(areas, population):
    """Its width is that of the two errors together, as the delta method has it, within 4 %."""
    found = computed(areas, population).loc[(COUNT, BOLTON)]
    of_risk = 1000 * 0.7 * 1.08**-0.7 * np.log(1.09 / 1.06) / (2 * norm.ppf(0.975))
    of_deaths = AT_7 * np.sqrt(1000)
    expected = 2 * norm.ppf(0.975) * np.hypot(of_risk, of_deaths)
    assert width(found) == pytest.approx(expected, rel=0.04)


def test_the_share_holds_the_chance_of_the_risk_alone(areas, population):
    """Its limits are the fractions at the limits of the lognormal risk, however many deaths."""
    reach = np.sqrt(1.09 / 1.06)
    expected = [100 * (1 - (1.08 * step) ** -0.7) for step in (1, 1 / reach, reach)]
    for died in (1000.0, 10.0):
        found = computed(areas, population, deaths=deaths({**DIED, BOLTON: {90: died}}))
        row = found.loc[(SHARE, BOLTON)]
        assert row[["value", "lower", "upper"]].tolist() == pytest.approx(expected, rel=0.02)
        assert row["denominator"] == died


def test_districts_add_up_and_their_draws_with_them(areas, population):
    """Values add up; the shared risk keeps the interval of a sum wider than independence would."""
    found = computed(areas, population)
    parts = ["value", "numerator", "denominator"]
    manchester = found.loc[[(COUNT, BOLTON), (COUNT, BURY)], parts].sum()
    assert found.loc[(COUNT, MANCHESTER), parts].tolist() == pytest.approx(manchester.tolist())
    england = manchester + found.loc[(COUNT, SWINDON), parts]
    assert found.loc[(COUNT, ENGLAND), parts].tolist() == pytest.approx(england.tolist())
    assert found["value"][SHARE, ENGLAND] == pytest.approx(100 * england["value"] / 7000)
    bolton, bury = (width(found.loc[(COUNT, code)]) for code in (BOLTON, BURY))
    assert 1.1 * np.hypot(bolton, bury) < width(found.loc[(COUNT, MANCHESTER)]) < bolton + bury


def test_draws_belong_to_the_seed_and_the_deaths(areas, population):
    """The same seed gives the same limits, whatever the order of the rows; another seed others."""
    found, limits = computed(areas, population), ["lower", "upper"]
    turned = computed(areas, population, deaths=deaths(DIED).iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(turned[limits], found[limits], check_exact=True)
    other = computed(areas, population, keys={"burden.seed": 1})
    assert (other["value"] == found["value"]).all()
    assert (other[limits] != found[limits]).all(axis=None)


def test_confidence_and_draws_are_those_of_the_configuration(areas, population):
    """An interval of half the draws is narrower than one of 95 %, and says so."""
    found = computed(areas, population)
    half = computed(areas, population, keys={"burden.confidence": 0.5, "burden.draws": 500})
    assert (half["confidence"] == 0.5).all()
    assert (width(half) < 0.5 * width(found)).all()
    assert half["method"].str.contains("500 draws").all()


def test_years_of_life_lost_by_hand(areas, population):
    """A death at 90 costs 3 years, one at 85 to 89 costs 11/3; by one life table for all areas."""
    found = computed(areas, population).loc[YEARS]
    lost = {BOLTON: 3000, BURY: 6000, SWINDON: 1000 * 11 / 3 + 9000}
    assert found["denominator"][list(lost)].tolist() == [1000, 2000, 4000]
    fractions = {BOLTON: AT_7, BURY: AT_10, SWINDON: AT_12}
    expected = {code: years * fractions[code] for code, years in lost.items()}
    assert found["value"][list(expected)].to_dict() == pytest.approx(expected)
    assert found["value"][ENGLAND] == pytest.approx(sum(expected.values()))
    assert found["note"][BOLTON] == "one life table for both sexes"


def test_years_of_life_lost_have_the_error_of_the_deaths(areas, population):
    """Bolton's 1,000 deaths of 3 years each vary as the deaths do, three times as far."""
    found = computed(areas, population)
    expected = 3 * width(found.loc[(COUNT, BOLTON)])
    assert width(found.loc[(YEARS, BOLTON)]) == pytest.approx(expected, rel=0.04)


def test_each_sex_has_years_of_its_own(areas, population):
    """Men of 90 have 3 years and women 6; the years are those of each, and no note is needed."""
    twice = {code: {age: 2 * n for age, n in ages.items()} for code, ages in ALIVE.items()}
    found = computed(
        areas, population,
        deaths=pd.concat([deaths(DIED, sex=sex) for sex in ("male", "female")]),
        population=pd.concat([people(ALIVE, sex="male"), people(twice, sex="female")]),
    ).loc[YEARS]  # fmt: skip
    assert found["value"][BOLTON] == pytest.approx(AT_7 * (1000 * 3 + 1000 * 6))
    assert found["note"][BOLTON] is None


def test_people_of_another_year_are_told_beside_the_years(areas, population):
    """A life table of 2021's people is said so where it matters."""
    found = computed(areas, population, population=people(ALIVE).assign(year=2021))
    assert "people by age of 2021" in found["note"][YEARS, BOLTON]
    assert found["note"][COUNT, BOLTON] is None


def test_several_functions_stand_side_by_side(areas, population):
    """A function of natural causes is of the deaths that are left without the external ones."""
    keys = {"burden.functions": ["comeap2022_pm25", "hrapie2013_pm25"]}
    found = computed(areas, population, keys=keys, deaths=with_external(100.0))
    hrapie = found.loc[(BY_HRAPIE, MANCHESTER)]
    expected = 900 * (1 - 1.062**-0.7) + 1900 * (1 - 1.062**-1)
    assert hrapie["value"] == pytest.approx(expected)
    assert hrapie["denominator"] == 2800
    assert "WHO Europe HRAPIE 2013" in hrapie["method"]
    assert found.loc[BY_HRAPIE, "level"].tolist() == ["authority", "outside_authorities", "england"]
    leading = found.drop(index=BY_HRAPIE, level="metric")
    pd.testing.assert_frame_equal(leading, computed(areas, population))


def test_the_first_function_leads(areas, population):
    """In the other order the other function's deaths stand under the plain name."""
    keys = {"burden.functions": ["hrapie2013_pm25", "comeap2022_pm25"]}
    found = computed(areas, population, keys=keys, deaths=with_external(100.0))
    assert found["value"][COUNT, BOLTON] == pytest.approx(900 * (1 - 1.062**-0.7))
    other = found["value"]["deaths_attributable_by_comeap2022_pm25", MANCHESTER]
    assert other == pytest.approx(1000 * AT_7 + 2000 * AT_10)
    years = found["value"][YEARS, BOLTON]
    assert years == pytest.approx(3 * found["value"][COUNT, BOLTON])


def test_a_district_without_exposure_leaves_no_sum_above_it(areas, population):
    """Without a concentration in Bury there is no number for Bury, its authority or England."""
    found = computed(areas, population, [4.0, 8, np.nan, np.nan, 12])
    for code in (BURY, MANCHESTER, ENGLAND):
        for measure in (COUNT, SHARE, YEARS):
            row = found.loc[(measure, code)]
            assert row[["value", "lower", "upper"]].isna().all()
            assert "no data" in row["note"]
    assert found["value"][COUNT, BOLTON] > 0


def test_ground_without_a_value_is_told(areas, population):
    """Half of Bolton's larger area has no value: 250 of 400 people rest on one, and deaths too."""
    weights = np.eye(5)
    weights[1] = [0, 0.5, 0, 0, 0]
    found = computed(
        areas, population,
        small_area_cells=Weights(csr_array(weights), SMALL_AREAS, np.arange(5), np.ones(5)),
    )  # fmt: skip
    assert found["covered_share"][COUNT, BOLTON] == pytest.approx(250 / 400)
    assert found["note"][COUNT, BOLTON] == "rests on 62.5 % of the whole"
    whole = (1000 * 250 / 400 + 2000) / 3000
    assert found["covered_share"][COUNT, MANCHESTER] == pytest.approx(whole)


def test_values_of_another_year_are_told(areas, population):
    """Concentrations of 2021 and deaths of 2020 that stand in for 2022 are said so."""
    found = computed(
        areas, population,
        air_quality=YearlyGrid(np.array([[4.0] * 5]), 2021),
        deaths=deaths(DIED).assign(year=2020),
    )  # fmt: skip
    assert found["note"][COUNT, BOLTON] == "concentrations of 2021; deaths of 2020"


def test_deaths_without_the_causes_asked_for_are_refused(areas, population):
    """The sum of some causes is not the deaths from all, nor are all causes the natural ones."""
    with pytest.raises(SchemaError, match="from all causes, found causes C00-C97"):
        computed(areas, population, deaths=deaths(DIED, cause="C00-C97"))
    with pytest.raises(SchemaError, match=r"from V01-Y89, found causes all\. Ask Nomis"):
        computed(areas, population, keys={"burden.functions": ["hrapie2013_pm25"]})


def test_coarse_bands_are_refused(areas, population):
    """Deaths at 30 and over in one band have no years of life."""
    coarse = deaths({code: {30: 10.0} for code in DIED})
    coarse = coarse[coarse["age_from"] <= 30].replace({"age_to": {34: 120}})
    with pytest.raises(SchemaError, match="none that starts at 35, 40, 45"):
        computed(areas, population, deaths=coarse)
