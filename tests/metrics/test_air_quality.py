from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from tests.metrics.conftest import SMALL_AREAS

from healthycities.errors import AlignmentError, ConfigError
from healthycities.given import Given
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import air_quality
from healthycities.metrics.measures import filled
from healthycities.spatial.weights import Weights


def cells(rows=SMALL_AREAS):
    """Return weights by which area n is cell n alone."""
    return Weights(csr_array(np.eye(5)), np.array(rows), np.arange(5), np.ones(5))


def computed(areas, population, values, pollutant="pm25", **more):
    """Return the rows of a grid of five cells, by measure and area."""
    inputs = {
        "areas": areas,
        "small_area_population": population,
        "small_area_cells": cells(),
        "air_quality": YearlyGrid(np.array([values]), 2022),
    }
    given = Given(inputs | more, year=2022, pollutant=pollutant)
    parts = air_quality.compute(given, filled(air_quality.CARD, {}, pollutant))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def test_means_are_weighted_by_people(areas, population):
    """100 people at 4 and 300 at 8 breathe 7 on average; with 600 at 10, Greater Manchester 8.8."""
    found = computed(areas, population, [4.0, 8, 10, 10, 12])["value"]["pm25_mean_ugm3"]
    assert found["E01000001"] == 4
    assert found["E08000001"] == 7
    assert found["E47000001"] == pytest.approx(8.8)
    assert found["E92000001"] == pytest.approx((8800 + 12000) / 2000)
    # Decile 1 holds the areas of 100 people at 4 and of 200 at 10.
    assert found["decile_01"] == pytest.approx(8)


def test_shares_count_the_people_above(areas, population):
    """Above 5 live 300 of Bolton's 400; at 10 itself nobody is above the target of 10."""
    found = computed(areas, population, [4.0, 8, 10, 10, 12])["value"]
    assert found["people_above_who2021_pm25_pct", "E08000001"] == 75
    assert found["people_above_england2040_pm25_pct", "E08000002"] == 0
    assert found["people_above_england2040_pm25_pct", "E92000001"] == 50


def test_an_area_without_a_value_is_null(areas, population):
    """Cells without data give null for their area, and the rest of the district stands for it."""
    found = computed(areas, population, [4.0, np.nan, np.nan, np.nan, 12])
    mean = found.loc["pm25_mean_ugm3"]
    assert np.isnan(mean["value"]["E01000002"])
    assert mean.loc["E08000001", ["value", "covered_share"]].tolist() == [4, 0.25]
    above = found.loc["people_above_who2021_pm25_pct"]
    assert np.isnan(above["value"]["E08000002"])
    assert above["note"]["E08000002"] == "no data"


def test_ground_without_a_value_is_told(areas, population):
    """A small area of which 30 % has a value rests on 30 %, and so do its 300 of 400 people."""
    weights = np.eye(5)
    weights[1] = [0, 0.3, 0, 0, 0]
    part = Weights(csr_array(weights), np.array(SMALL_AREAS), np.arange(5), np.ones(5))
    found = computed(areas, population, [4.0, 8, 10, 10, 12], small_area_cells=part)
    mean = found.loc["pm25_mean_ugm3"]
    assert mean["value"]["E01000002"] == 8
    assert mean["note"]["E01000002"] == "rests on 30.0 % of the whole"
    assert mean["covered_share"]["E08000001"] == pytest.approx((100 + 300 * 0.3) / 400)


def test_a_small_area_with_nobody_in_it_is_null(areas, population):
    """A mean by people needs people; the note says that there are none."""
    empty = population.assign(people=population["people"].where(population["people"] != 100, 0.0))
    found = computed(areas, empty, [4.0, 8, 10, 10, 12]).loc["pm25_mean_ugm3"]
    assert np.isnan(found["value"]["E01000001"])
    assert found["note"]["E01000001"] == "nothing to divide by"
    assert found["value"]["E08000001"] == 8


def test_a_map_of_another_year_is_told(areas, population):
    """A map of 2020 that stands in for 2022 is said so beside every value."""
    grid = YearlyGrid(np.array([[4.0, 8, 10, 10, 12]]), 2020)
    found = computed(areas, population, [0.0] * 5, air_quality=grid)
    assert (found["note"] == "concentrations of 2020").all()


def test_only_pollutants_with_a_guideline_are_compared(areas, population):
    """NOx has a mean only, and NO2 no target for 2040."""
    nox = computed(areas, population, [1.0, 2, 3, 4, 5], "nox")
    assert set(nox.index.get_level_values(0)) == {"nox_mean_ugm3"}
    no2 = computed(areas, population, [1.0, 2, 3, 4, 5], "no2")
    assert set(no2.index.get_level_values(0)) == {"no2_mean_ugm3", "people_above_who2021_no2_pct"}


def test_weights_of_other_areas_are_refused(areas, population):
    """Weights in another order than the areas are an error, not a wrong answer."""
    with pytest.raises(AlignmentError, match="rows of the weights"):
        computed(areas, population, [1.0] * 5, small_area_cells=cells(SMALL_AREAS[::-1]))


def test_a_small_area_without_people_is_refused(areas, population):
    """A small area that the population table lacks is named."""
    with pytest.raises(AlignmentError, match="E01000001"):
        computed(areas, population[population["small_area_code"] != "E01000001"], [1.0] * 5)


def test_a_guideline_that_is_not_given_is_refused(areas, population):
    """A threshold without a value cannot be compared with."""
    with pytest.raises(ConfigError):
        air_quality._is_above(np.array([1.0]), "nox", "who2021")
