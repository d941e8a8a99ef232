from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from tests.metrics.conftest import BOLTON, BURY, SMALL_AREAS, SWINDON
from tests.metrics.test_air_quality import cells

from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import attributable_deaths
from healthycities.metrics.measures import filled
from healthycities.spatial.weights import Weights

KEYS = {"burden.concentration_response": "comeap2022_pm25"}
COUNT, SHARE = "deaths_attributable_pm25", "deaths_attributable_pm25_pct"
DEATHS = {BOLTON: 1000.0, BURY: 2000.0, SWINDON: 4000.0}


def table(deaths):
    """Return deaths at 0 to 29, and at 30 and over, of all causes and of one."""
    rows = [
        (code, 2022, cause, "persons", start, end, count)
        for code, old in deaths.items()
        for cause, part in (("all", 1.0), ("C00-C97", 0.3))
        for start, end, count in ((0, 29, 99.0), (30, 120, old * part))
    ]
    columns = ["district_code", "year", "cause_icd10", "sex", "age_from", "age_to", "deaths"]
    return pd.DataFrame(rows, columns=columns)


def computed(areas, population, values, died, **more):
    """Return the rows, by measure and area."""
    inputs = {
        "areas": areas,
        "small_area_population": population,
        "small_area_cells": cells(),
        "air_quality": YearlyGrid(np.array([values]), 2022),
        "deaths": table(died),
    }
    given = Given(inputs | more, KEYS, year=2022)
    parts = attributable_deaths.compute(given, filled(attributable_deaths.CARD, KEYS))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def test_one_district_by_hand(areas, population):
    """Bolton breathes (100 x 4 + 300 x 8) / 400 = 7: 1,000 deaths times 1 - 1.08^-0.7 are 52.45."""
    found = computed(areas, population, [4.0, 8, 10, 10, 12], DEATHS).loc[(COUNT, BOLTON)]
    assert found["value"] == pytest.approx(1000 * (1 - 1.08**-0.7))
    assert found["value"] == pytest.approx(52.45, abs=0.005)
    assert found["lower"] == pytest.approx(1000 * (1 - 1.06**-0.7))
    assert found["upper"] == pytest.approx(1000 * (1 - 1.09**-0.7))
    assert (found["denominator"], found["age"]) == (1000, "30 and over")


def test_districts_add_up_with_their_limits(areas, population):
    """The authority and England are sums of districts, for they share one function's limits."""
    found = computed(areas, population, [4.0, 8, 10, 10, 12], DEATHS)
    parts = ["value", "lower", "upper", "numerator", "denominator"]
    manchester = found.loc[[(COUNT, BOLTON), (COUNT, BURY)], parts].sum()
    assert found.loc[(COUNT, "E47000001"), parts].tolist() == pytest.approx(manchester.tolist())
    england = manchester + found.loc[(COUNT, SWINDON), parts]
    assert found.loc[(COUNT, "E92000001"), parts].tolist() == pytest.approx(england.tolist())
    share = found.loc[(SHARE, "E92000001")]
    assert share["value"] == pytest.approx(100 * england["value"] / 7000)


def test_a_district_without_exposure_leaves_no_sum_above_it(areas, population):
    """Without a concentration in Bury there is no number for Bury, its authority or England."""
    found = computed(areas, population, [4.0, 8, np.nan, np.nan, 12], DEATHS)
    for code in (BURY, "E47000001", "E92000001"):
        assert np.isnan(found["value"][COUNT, code])
        assert found["note"][COUNT, code] == "no data"
    assert found["value"][COUNT, BOLTON] > 0


def test_ground_without_a_value_is_told(areas, population):
    """Half of Bolton's larger area has no value: 250 of 400 people rest on one, and deaths too."""
    weights = np.eye(5)
    weights[1] = [0, 0.5, 0, 0, 0]
    found = computed(
        areas, population, [4.0, 8, 10, 10, 12], DEATHS,
        small_area_cells=Weights(csr_array(weights), SMALL_AREAS, np.arange(5), np.ones(5)),
    )  # fmt: skip
    assert found["covered_share"][COUNT, BOLTON] == pytest.approx(250 / 400)
    assert found["note"][COUNT, BOLTON] == "rests on 62.5 % of the whole"
    whole = (1000 * 250 / 400 + 2000) / 3000
    assert found["covered_share"][COUNT, "E47000001"] == pytest.approx(whole)


def test_values_of_another_year_are_told(areas, population):
    """Concentrations of 2021 and deaths of 2020 that stand in for 2022 are said so."""
    found = computed(
        areas, population, [4.0] * 5, DEATHS,
        air_quality=YearlyGrid(np.array([[4.0] * 5]), 2021),
        deaths=table(DEATHS).assign(year=2020),
    )  # fmt: skip
    assert found["note"][COUNT, BOLTON] == "concentrations of 2021; deaths of 2020"


def test_deaths_without_all_causes_are_refused(areas, population):
    """The sum of some causes is not the deaths from all."""
    some = table(DEATHS)
    with pytest.raises(SchemaError, match="found causes C00-C97"):
        computed(areas, population, [4.0] * 5, DEATHS, deaths=some[some["cause_icd10"] != "all"])
