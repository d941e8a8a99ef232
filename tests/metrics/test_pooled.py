from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from healthycities import catalogue, tables
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.rates import directly_standardised_rate
from healthycities.health.standards import european_standard_population_2013
from healthycities.metrics import life_expectancy, ncd_mortality, premature_mortality
from healthycities.metrics.measures import filled
from healthycities.metrics.pooled import POOLED_KEY, pooled, standing_in, with_period

BOLTON, BURY = "E08000001", "E08000002"
STARTS = [0, 1, *range(5, 95, 5)]
ENDS = [start - 1 for start in STARTS[1:]] + [tables.OLDEST_AGE]


def deaths(year: int, by_district: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Return deaths of males by cancer in the twenty bands, and as many of females."""
    rows = [
        (district, year, "C00-C97", sex, first, last, float(number))
        for district, numbers in by_district.items()
        for sex in ("male", "female")
        for first, last, number in zip(STARTS, ENDS, numbers, strict=True)
    ]
    return tables.checked(pd.DataFrame(rows, columns=list(tables.DEATHS.columns)), tables.DEATHS)


def people(year: int, by_district: Mapping[str, float]) -> pd.DataFrame:
    """Return as many people in each of the twenty bands, males and females."""
    rows = [
        (district, district, year, sex, first, last, float(number))
        for district, number in by_district.items()
        for sex in ("male", "female")
        for first, last in zip(STARTS, ENDS, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=list(tables.POPULATION.columns))
    return tables.checked(frame, tables.POPULATION)


def areas(*codes: str) -> pd.DataFrame:
    """Return districts of no authority."""
    frame = pd.DataFrame(
        {
            "district_code": codes,
            "district_name": codes,
            "authority_code": pd.Series([None] * len(codes), dtype="str"),
            "authority_name": pd.Series([None] * len(codes), dtype="str"),
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "all_england": False,
        }
    )
    return tables.checked(frame, tables.DISTRICT_AREAS)


def computed(metric: Any, given: Mapping[str, Any], codes: Sequence[str], years: int) -> Any:
    """Return the rows of a metric, by name, sex and area."""
    keys = {"mortality.cause_group": "cancer", "mortality.confidence": 0.95, POOLED_KEY: years}
    measures = filled(metric.CARD, keys)
    found = pd.concat(
        metric.compute(Given({**given, "areas": areas(*codes)}, keys, year=2023), measures)
    )
    return found.set_index(["metric", "sex", "area_code"]).sort_index()


THREE = (
    (deaths(2021, {BOLTON: [1] * 20}), people(2021, {BOLTON: 1000})),
    (deaths(2022, {BOLTON: [2] * 20}), people(2022, {BOLTON: 1500})),
    (deaths(2023, {BOLTON: [6] * 20}), people(2023, {BOLTON: 2000})),
)


def three_times(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the same counts for each of three years."""
    return [table.assign(year=year) for year in (2021, 2022, 2023)]


def test_three_years_are_added_up():
    """1, 2 and 6 deaths in a band are 9; 1,000, 1,500 and 2,000 people are 4,500 person-years."""
    died = tables.checked(pooled("deaths", [one for one, _ in THREE]), tables.DEATHS)
    lived = tables.checked(pooled("population", [one for _, one in THREE]), tables.POPULATION)
    assert died["deaths"].unique().tolist() == [9]
    assert lived["people"].unique().tolist() == [4500]
    assert len(died) == len(lived) == 40
    assert set(died["year"]) == set(lived["year"]) == {2023}


def test_a_rate_of_three_years_is_of_summed_deaths_and_person_years():
    """Nine deaths over 4,500 person-years in every band are 200 per 100,000 a year.

    The mean of the rates of the years, 100, 133 and 300, would be 178.
    """
    given = {
        name: pooled(name, [year[place] for year in THREE])
        for place, name in enumerate(("deaths", "population"))
    }
    found = computed(ncd_mortality, given, [BOLTON], 3)
    row = found.loc[("cancer_mortality_per100k", "male", BOLTON)]
    assert row["value"] == pytest.approx(200)
    assert (row["numerator"], row["denominator"]) == (180, 90_000)
    assert "Deaths and people of 3 years together." in row["method"]
    # The standard has the first five years in one band.
    bands = np.array([2.0, *[1.0] * 18])
    expected = directly_standardised_rate(
        9 * bands[None],
        4500 * bands[None],
        european_standard_population_2013(np.array([0, *STARTS[2:]]), below=None),
        100_000,
    )
    assert [row["lower"], row["upper"]] == pytest.approx([expected.lower[0], expected.upper[0]])


def test_years_of_life_lost_are_those_of_a_year():
    """Deaths of three years take three times the years; told is a third of them."""
    given = {
        name: pooled(name, three_times(THREE[1][place]))
        for place, name in enumerate(("deaths", "population"))
    }
    single = dict(zip(("deaths", "population"), THREE[1], strict=True))
    name = ("cancer_years_lost_under75", "persons", BOLTON)
    three = computed(premature_mortality, given, [BOLTON], 3).loc[name]
    one = computed(premature_mortality, single, [BOLTON], 1).loc[name]
    assert three["value"] == pytest.approx(one["value"])
    assert three["numerator"] == 3 * one["numerator"]
    assert three["upper"] - three["lower"] < one["upper"] - one["lower"]


def test_a_life_table_of_equal_years_is_that_of_one_with_a_narrower_interval():
    """Three times the same deaths and people leave life expectancy, and a √3 of its interval."""
    older_die = [int(2 + 1500 * 1.09 ** (age - 90)) for age in STARTS]
    every = deaths(2023, {BOLTON: older_die}).assign(cause_icd10="all")
    lived = people(2023, {BOLTON: 10_000})
    single = {"deaths": every, "population": lived}
    given = {name: pooled(name, three_times(table)) for name, table in single.items()}
    name = ("life_expectancy_male_years", "male", BOLTON)
    three = computed(life_expectancy, given, [BOLTON], 3).loc[name]
    one = computed(life_expectancy, single, [BOLTON], 1).loc[name]
    assert three["value"] == pytest.approx(one["value"])
    width = [row["upper"] - row["lower"] for row in (one, three)]
    assert width[0] / width[1] == pytest.approx(np.sqrt(3))
    assert "males of 3 years together in 20 bands" in three["method"]
    assert "males of one year in 20 bands" in one["method"]


def test_a_district_that_a_year_lacks_has_no_sum():
    """Bury, without deaths of 2021, would have too few, and is left out of the pool."""
    given = [
        deaths(2021, {BOLTON: [1] * 20}),
        deaths(2022, {BOLTON: [1] * 20, BURY: [1] * 20}),
    ]
    assert set(pooled("deaths", given)["district_code"]) == {BOLTON}
    with_people = {
        "deaths": pooled("deaths", given),
        "population": people(2023, {BOLTON: 1000, BURY: 1000}),
    }
    row = computed(ncd_mortality, with_people, [BOLTON, BURY], 2).loc[
        ("cancer_mortality_per100k", "persons", BURY)
    ]
    assert np.isnan(row["value"])
    assert row["note"] == "deaths of 2022; no data"


def test_years_of_other_bands_are_not_added_up():
    """A year by other causes, sexes or bands of age is named, with what only one of them has."""
    given = deaths(2022, {BOLTON: [1] * 20})
    with pytest.raises(
        SchemaError, match=r"deaths: .* C00-C97, female, 0, 0 is in only one of 2021"
    ):
        pooled("deaths", [given.assign(year=2021, cause_icd10="E10-E14"), given])


def test_rows_say_the_years_that_they_are_of():
    """The first year stands in a column of its own, and the note names the whole span."""
    given = {"deaths": THREE[2][0], "population": THREE[2][1]}
    rows = computed(ncd_mortality, given, [BOLTON], 1).reset_index()[list(tables.MEASURES.columns)]
    assert with_period(rows, 2023, 1) is rows
    told = tables.checked(with_period(rows, 2023, 3), tables.MEASURES)
    assert set(told["first_year"]) == {2021}
    assert set(told["year"]) == {2023}
    assert set(told["note"]) == {"2021 to 2023 together"}


def test_rows_say_what_stands_in_and_what_is_missing():
    """People of 2023 are told who stand for three years, and a district that a year lacks."""
    given = {"deaths": THREE[2][0], "population": THREE[2][1]}
    rows = computed(ncd_mortality, given, [BOLTON, BURY], 1).reset_index()
    rows = rows[list(tables.MEASURES.columns)]
    told = with_period(rows, 2023, 3, 2023).groupby("area_code")["note"].unique()
    start = "2021 to 2023 together; people of 2023 for each of the years"
    assert told[BOLTON].tolist() == [start]
    assert told[BURY].tolist() == [f"{start}; no data for each of the years"]


def test_people_of_one_year_may_stand_in_and_deaths_may_not():
    """2,000 people of 2023 are 6,000 person-years; its deaths are not those of three years."""
    died, lived = THREE[2]
    assert pooled("population", [lived] * 3)["people"].unique().tolist() == [6000]
    assert standing_in([lived] * 3) == 2023
    assert standing_in([lived]) is standing_in([year[1] for year in THREE]) is None
    with pytest.raises(SchemaError, match="found those of 2023, 2023, 2023, and none may be"):
        pooled("deaths", [died] * 3)


def test_the_metrics_of_rates_and_life_tables_are_pooled_and_no_other():
    """What goes with the exposure of a year is of that year alone."""
    found = {name for name, card in catalogue.metrics().items() if card.pooled}
    assert found == {
        "ncd_mortality",
        "premature_mortality",
        "life_expectancy",
        "healthy_life_expectancy",
    }
    for name in found:
        card = catalogue.metrics()[name]
        assert card.pooled == ("deaths", "population")
        assert POOLED_KEY in card.settings


@drawn(
    years=st.lists(st.tuples(st.integers(10, 400), st.integers(1000, 9000)), min_size=2, max_size=5)
)
def test_a_pooled_rate_lies_between_those_of_its_years(years: list[tuple[int, int]]):
    """No summed rate is below the lowest of its years, nor above the highest."""
    one_by_one, died, lived = [], [], []
    for number, (dead, living) in enumerate(years):
        died.append(deaths(2015 + number, {BOLTON: [dead] * 20}))
        lived.append(people(2015 + number, {BOLTON: living}))
        one_by_one.append(dead / living * 100_000)
    given = {"deaths": pooled("deaths", died), "population": pooled("population", lived)}
    found = computed(ncd_mortality, given, [BOLTON], len(years))
    value = found.loc[("cancer_mortality_per100k", "male", BOLTON), "value"]
    assert min(one_by_one) * (1 - 1e-9) <= value <= max(one_by_one) * (1 + 1e-9)
