from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.ages import ALIVE, DIED, deaths, people, single_years
from tests.metrics.conftest import BOLTON, BURY, SWINDON
from tests.metrics.test_air_quality import cells

from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.response import concentration_response
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import pm25_target_gain
from healthycities.metrics.measures import filled
from healthycities.metrics.pm25_target_gain import removed_fraction, spread_rates

KEYS = {
    "burden.leading": "comeap2022_pm25",
    "burden.target_ugm3": 5.0,
    "burden.horizon_years": 1,
    "burden.lag": "none",
}
DEATHS, YEARS = "deaths_postponed_pm25_target", "life_years_gained_pm25_target"
MANCHESTER, ENGLAND = "E47000001", "E92000001"
SEXES = ("male", "female")
AT_90 = {BOLTON: {90: 1000.0}, BURY: {90: 2000.0}, SWINDON: {90: 3000.0}}
"""Deaths of each sex."""
UGM3 = [4.0, 8, 10, 10, 12]
FALL = {BOLTON: 2.25, BURY: 5, SWINDON: 7}
"""From 7 to (100 x 4 + 300 x 5) / 400 = 4.75 in Bolton, from 10 and from 12 to 5 in the others."""


def alive(*of_sexes):
    """Return people of each sex by single year of age."""
    return pd.concat(
        [single_years(one, sex=sex) for one, sex in zip(of_sexes, SEXES, strict=True)],
        ignore_index=True,
    )


def computed(areas, of_small_areas, values=UGM3, keys=None, **more):
    """Return the rows, by measure and area; all deaths are at 90 and over."""
    inputs = {
        "areas": areas,
        "small_area_population": of_small_areas,
        "small_area_cells": cells(),
        "air_quality": YearlyGrid(np.array([values]), 2022),
        "deaths": pd.concat([deaths(AT_90, sex=sex) for sex in SEXES], ignore_index=True),
        "population": alive(ALIVE, ALIVE),
    }
    keys = KEYS | (keys or {})
    given = Given(inputs | more, keys, year=2022)
    parts = pm25_target_gain.compute(given, filled(pm25_target_gain.CARD, keys))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def postponed(code, people_of_90, risk=1.08):
    """Return how many of one sex die fewer in the first year, at 90 and over.

    With the hazard h, people (1 + h/2) start the year, of whom a share 2h / (2 + h) die.
    """
    died = AT_90[code][90]
    hazard = died / people_of_90
    after = hazard * risk ** -(FALL[code] / 10)
    return died - people_of_90 * (1 + hazard / 2) * 2 * after / (2 + after)


def test_the_first_year_by_hand(areas, population):
    """Of 6,000 men and 6,000 women of 90 in each district, a part of the deaths is put off."""
    found = computed(areas, population)["value"]
    expected = {code: 2 * postponed(code, 6000) for code in FALL}
    assert found[DEATHS, MANCHESTER] == pytest.approx(expected[BOLTON] + expected[BURY])
    assert found[DEATHS, ENGLAND] == pytest.approx(sum(expected.values()))
    assert computed(areas, population)["denominator"][DEATHS, MANCHESTER] == 2 * (1000 + 2000)
    # Each who does not die lives half a year more within it.
    assert found[YEARS, ENGLAND] == pytest.approx(sum(expected.values()) / 2)


def test_the_sexes_are_followed_apart(areas, population):
    """Persons are men and women, each with death rates of their own, and not a pooled table."""
    twice = {code: {age: 2 * n for age, n in ages.items()} for code, ages in ALIVE.items()}
    found = computed(areas, population, population=alive(ALIVE, twice))
    apart = sum(postponed(code, people_of_90) for code in FALL for people_of_90 in (6000, 12000))
    assert found["value"][DEATHS, ENGLAND] == pytest.approx(apart)
    pooled = computed(areas, population, population=alive(*[half_more(ALIVE)] * 2))
    assert pooled["value"][DEATHS, ENGLAND] != pytest.approx(apart, rel=1e-4)
    assert found["sex"].unique().tolist() == ["persons"]


def half_more(counts):
    """Return counts times one and a half."""
    return {code: {age: 1.5 * n for age, n in ages.items()} for code, ages in counts.items()}


def test_limits_are_those_of_the_risk(areas, population):
    """They are reached at the published limits of the risk, 1.06 and 1.09, in all districts."""
    found = computed(areas, population).loc[(DEATHS, MANCHESTER)]
    for limit, risk in (("lower", 1.06), ("upper", 1.09)):
        expected = sum(2 * postponed(code, 6000, risk) for code in (BOLTON, BURY))
        assert found[limit] == pytest.approx(expected)
    assert found["confidence"] == 0.95


def test_where_the_target_is_met_nothing_is_gained(areas, population):
    """With no small area above 12 µg/m³ there is nothing to bring down: 0, not missing."""
    found = computed(areas, population, keys={"burden.target_ugm3": 12.0})
    assert (found[["value", "lower", "upper"]] == 0).all(axis=None)
    assert found["note"].isna().all()


def test_a_change_that_shows_later_brings_less(areas, population):
    """Over 20 years the lag of the US EPA brings less than a change of risk at once."""
    at_once, lagged = (
        computed(areas, population, keys={"burden.horizon_years": 20, "burden.lag": lag})
        for lag in ("none", "epa")
    )
    assert (lagged.loc[YEARS, "value"] < at_once.loc[YEARS, "value"]).all()
    assert (lagged["lower"] <= lagged["value"]).all()
    assert (lagged["value"] <= lagged["upper"]).all()


def test_people_grow_into_ages_at_which_nobody_lives_now(areas, population):
    """Where nobody of Bolton is 88, those of 87 die next year at the rate of their band."""
    whole = alive(ALIVE, ALIVE)
    nobody = whole["district_code"].eq(BOLTON) & whole["age_from"].eq(88)
    emptied = whole.assign(people=whole["people"].mask(nobody, 0.0))
    found = computed(areas, population, population=emptied, keys={"burden.horizon_years": 10})
    assert np.isfinite(found["value"]).all()


def test_the_fraction_is_that_of_the_hazard():
    """From 10 to 5 µg/m³ at 1.08 per 10, 1 - 1.08^-0.5 of it goes; limits hold the value."""
    function = concentration_response("comeap2022_pm25")
    found = removed_fraction(function, np.array([10.0]), np.array([5.0]))
    expected = [1 - risk**-0.5 for risk in (1.08, 1.06, 1.09)]
    assert np.concatenate(found).tolist() == pytest.approx(expected)


def test_every_year_of_a_band_has_its_rate():
    """2 deaths of 10 people are 0.2 at each age; a band of nobody has the rate of all districts."""
    died = np.array([[2.0, 0.0], [1.0, 3.0]])
    lived = np.array([[10.0, 0.0], [10.0, 6.0]])
    found = spread_rates(died, lived, np.array([0, 2]), np.arange(4))
    assert found.tolist() == [[0.2, 0.2, 0.5, 0.5], [0.1, 0.1, 0.5, 0.5]]


def test_an_area_without_exposure_has_no_gain(areas, population):
    """Without a concentration in Bury neither its authority nor England has a number."""
    found = computed(areas, population, [4.0, 8, np.nan, np.nan, 12])
    found = found[found.index.get_level_values("area_code") != "outside_authorities"]
    assert found["value"].isna().all()
    assert found["note"].str.contains("no data").all()


def test_a_district_that_a_table_lacks_has_no_gain(areas, population):
    """Without Swindon's people England has no number; the authority, without Swindon, has one."""
    whole = alive(ALIVE, ALIVE)
    found = computed(areas, population, population=whole[whole["district_code"] != SWINDON])
    assert np.isnan(found["value"][DEATHS, ENGLAND])
    assert found["value"][DEATHS, MANCHESTER] > 0


def test_other_years_are_told(areas, population):
    """People by age, and concentrations, of other years that stand in for 2022 are said so."""
    grid = YearlyGrid(np.array([UGM3]), 2021)
    older = alive(ALIVE, ALIVE).assign(year=2020)
    found = computed(areas, population, population=older, air_quality=grid)
    assert set(found["note"]) == {"people by age of 2020; concentrations of 2021"}


def test_sexes_and_single_years_are_needed(areas, population):
    """People by band of age, and deaths of both sexes together, are refused, each in its words."""
    bands = pd.concat([people(ALIVE, sex=sex) for sex in SEXES], ignore_index=True)
    with pytest.raises(SchemaError, match="people by single year of age up to 85 or more"):
        computed(areas, population, population=bands)
    with pytest.raises(SchemaError, match="males and females apart"):
        computed(areas, population, deaths=deaths(DIED))
