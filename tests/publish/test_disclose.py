"""Small counts, attacked by a reader who has every published file.

Four districts, two in each of two authorities, and England. A reader looks for the deaths of each
district by sex and age, which are whole numbers, in everything that is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import Bounds, LinearConstraint, milp
from shapely import box
from tests.health.published import cases, number
from tests.publish.conftest import DEVON, ENGLAND, MEASURES, TEES, Run

from healthycities import tables
from healthycities.catalogue import Measure
from healthycities.errors import SchemaError
from healthycities.health.life import (
    ABRIDGED_STARTS,
    at_age,
    healthy_life_expectancy,
    life_expectancy,
    share_of_life_in_health,
)
from healthycities.publish.assemble import Results
from healthycities.publish.disclose import (
    COARSENED,
    WITHHELD,
    ages_of,
    disclosed,
    significant,
)
from healthycities.settings import DisclosureSettings

DISTRICTS = ["E06000001", "E06000002", "E06000027", "E07000040"]
PARTS = {
    **{code: [place] for place, code in enumerate(DISTRICTS)},
    TEES: [0, 1],
    DEVON: [2, 3],
    ENGLAND: [0, 1, 2, 3],
}
LEVEL_OF = dict.fromkeys(DISTRICTS, "district")
LEVEL_OF |= {TEES: "authority", DEVON: "authority", ENGLAND: "england"}
SEXES = {"persons": [0, 1], "male": [0], "female": [1]}
AGES = {"all ages": [0, 1], "under 75": [0]}
NOT_GIVEN = {"75 and over": [1]}
NAME_OF = {"all ages": "heart_per100k", "under 75": "heart_under75_per100k"}
SHARE = np.array([0.05, 0.0625, 0.08, 0.07])
PEOPLE = 1000.0
ONE_YEAR = "heart_of_one_year"
LIFE_TABLE = cases("life_expectancy.csv")


PLAIN = Measure(
    name="plain",
    title="Plain",
    unit="per 100,000",
    direction="lower is better",
    statistic="crude rate",
    method="Counted.",
)


def a_measure(name: str, **given: Any) -> Measure:
    """Return what a measure is."""
    return replace(PLAIN, name=name, title=name, **given)


OF_AIR = {"counts": "deaths from all causes", "counts_in": "denominator"}
DESCRIBED = {
    **{name: a_measure(name, counts="deaths of the heart") for name in NAME_OF.values()},
    "air_deaths": a_measure("air_deaths", statistic="count", **OF_AIR),
    "air_deaths_pct": a_measure("air_deaths_pct", statistic="share", **OF_AIR),
}


def a_row(code: str, metric: str, sex: str, age: str, **numbers: float) -> dict[str, object]:
    """Return one row of `tables.MEASURES`."""
    place = {"area_code": code, "area_name": f"Place {code}", "level": LEVEL_OF[code]}
    of = {"first_year": 2023, "year": 2023, "metric": metric}
    case = {**of, "sex": sex, "age": age, "note": "deaths of 2022"}
    measure = DESCRIBED.get(metric, PLAIN)
    described = {name: getattr(measure, name) for name in ("unit", "statistic", "method")}
    shares = {"covered_share": np.nan, "estimated_share": 0.0}
    return {**place, **case, **described, "confidence": 0.95, **shares, **numbers}


def heart_rows(heart: np.ndarray) -> Iterator[dict[str, object]]:
    """Yield crude rates of districts x sexes x (under 75, 75 and over), none below 10 deaths."""
    for code, sex, age in product(PARTS, SEXES, AGES):
        deaths = float(heart[np.ix_(PARTS[code], SEXES[sex], AGES[age])].sum())
        people = PEOPLE * len(PARTS[code])
        rate = deaths / people * 1e5 if deaths >= 10 else np.nan
        row = a_row(
            *(code, NAME_OF[age], sex, age),
            value=rate,
            lower=rate * 0.9,
            upper=rate * 1.1,
            numerator=deaths,
            denominator=people,
        )
        few = "; no rate is given below 10 deaths" if deaths < 10 else ""
        yield {**row, "note": f"{row['note']}{few}"}


def air_rows(every: np.ndarray) -> Iterator[dict[str, object]]:
    """Yield deaths that are due to the air, and their share, of all deaths of districts."""
    for code, (metric, is_pct) in product(PARTS, [("air_deaths", 0), ("air_deaths_pct", 1)]):
        deaths = float(every[PARTS[code]].sum())
        due = float((every * SHARE)[PARTS[code]].sum())
        value = due if not is_pct else 100 * due / deaths if deaths else np.nan
        yield a_row(
            *(code, metric, "persons", "30 and over"),
            value=value,
            lower=value * 0.75,
            upper=value * 1.25,
            numerator=due,
            denominator=deaths,
        )


def areas() -> pd.DataFrame:
    """Return four districts of one small area each."""
    frame = pd.DataFrame(
        {
            "small_area_code": [f"E0100000{n}" for n in range(4)],
            "small_area_name": [f"Place {n}" for n in range(4)],
            "district_code": DISTRICTS,
            "district_name": [f"Place {code}" for code in DISTRICTS],
            "authority_code": [TEES, TEES, DEVON, DEVON],
            "authority_name": [f"Place {code}" for code in (TEES, TEES, DEVON, DEVON)],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([1, 2, 3, 4], dtype="Int64"),
            "all_england": True,
        }
    )
    return tables.checked(frame, tables.AREAS)


def measured(heart: np.ndarray, every: np.ndarray) -> pd.DataFrame:
    """Return the exact table of results."""
    rows = pd.DataFrame([*heart_rows(heart), *air_rows(every)])
    return tables.checked(rows[list(tables.MEASURES.columns)], tables.MEASURES)


def published(heart: np.ndarray, every: np.ndarray, **rule: object) -> pd.DataFrame:
    """Return the table of results under a rule."""
    results = Results(measured(heart, every), areas(), synthetic=False)
    return disclosed(results, DESCRIBED, DisclosureSettings.model_validate(rule)).measures


def within(cells: list[np.ndarray], lowest: list[float], highest: list[float]) -> LinearConstraint:
    """Return what a reader knows of sums of cells."""
    return LinearConstraint(np.array(cells), np.array(lowest), np.array(highest))


def cells_of(code: str, sex: str, ages: list[int]) -> np.ndarray:
    """Return 1 for each unknown, of districts x sexes x ages, that a count is the sum of."""
    found = np.zeros((4, 2, 2))
    found[np.ix_(PARTS[code], SEXES[sex], ages)] = 1
    return found.ravel()


def known_of_the_heart(rows: pd.DataFrame) -> LinearConstraint:
    """Return what rows tell: counts, counts from rates and people, and that none withheld is 0."""
    cells, lowest, highest = [], [], []
    for row in rows[rows["metric"].isin(NAME_OF.values())].itertuples():
        cells.append(cells_of(row.area_code, row.sex, AGES[row.age]))
        if np.isnan(row.numerator):
            assert np.isnan([row.value, row.lower, row.upper, row.denominator]).all()
        lowest.append(1.0 if np.isnan(row.numerator) else row.numerator)
        highest.append(np.inf if np.isnan(row.numerator) else row.numerator)
    return within(cells, lowest, highest)


def known_of_all_causes(rows: pd.DataFrame) -> LinearConstraint:
    """Return what rows tell of all deaths, with the share of each district known to the reader.

    A number that is said to be rounded is within a half of the true one, and any other is exact.
    """
    cells, lowest, highest = [], [], []
    for row in rows[rows["metric"].isin(["air_deaths", "air_deaths_pct"])].itertuples():
        own = np.zeros(4)
        own[PARTS[row.area_code]] = 1
        given = not np.isnan(row.denominator)
        cells.append(own)
        lowest.append(row.denominator if given else 1.0)
        highest.append(row.denominator if given else np.inf)
        if given and row.denominator:
            due = row.value * (1 if row.metric == "air_deaths" else row.denominator / 100)
            slack = 0.5 if COARSENED in row.note else 1e-9
            cells.append(own * SHARE)
            lowest.append(due - slack)
            highest.append(due + slack)
    return within(cells, lowest, highest)


def can_be_one_number_only(target: np.ndarray, known: LinearConstraint) -> bool:
    """Return whether a sum of whole unknowns has one value alone."""
    bounds = Bounds(0, 400)
    ends = [
        milp(sign * target, constraints=known, bounds=bounds, integrality=np.ones(target.size))
        for sign in (1, -1)
    ]
    assert all(end.success for end in ends)
    return -ends[1].fun - ends[0].fun < 0.5


def worked_out(rows: pd.DataFrame, heart: np.ndarray, every: np.ndarray) -> list[object]:
    """Return which small counts a reader of some rows can tell exactly."""
    known = known_of_the_heart(rows)
    found: list[object] = []
    for code, sex, (age, ages) in product(PARTS, SEXES, {**AGES, **NOT_GIVEN}.items()):
        target = cells_of(code, sex, ages)
        if 0 < target @ heart.ravel() < 5 and can_be_one_number_only(target, known):
            found.append((code, sex, age))
    known = known_of_all_causes(rows)
    for code, parts in PARTS.items():
        target = np.isin(np.arange(4), parts).astype(float)
        if 0 < target @ every < 5 and can_be_one_number_only(target, known):
            found.append((code, "all causes"))
    return found


HEART = np.array([[[1, 40], [2, 30]], [[50, 60], [40, 3]], [[9, 9], [0, 12]], [[70, 80], [60, 90]]])
EVERY = np.array([3, 200, 150, 170])


def test_the_reader_of_these_tests_finds_what_is_published_in_full():
    """Without a rule every small count is told, those at 75 and over by difference."""
    found = worked_out(published(HEART, EVERY, rule="none"), HEART, EVERY)
    assert (DISTRICTS[0], "male", "under 75") in found
    assert (DISTRICTS[1], "female", "75 and over") in found
    assert (DISTRICTS[0], "all causes") in found


def test_the_reader_finds_what_is_withheld_without_its_shields():
    """Where small counts alone are left out, sums tell them: the attack is no straw man."""
    rows = measured(HEART, EVERY)
    of_heart = rows["metric"].isin(NAME_OF.values())
    small = of_heart & rows["numerator"].between(1, 4)
    rows.loc[small, ["value", "lower", "upper", "numerator", "denominator"]] = np.nan
    assert (DISTRICTS[0], "male", "under 75") in worked_out(rows, HEART, EVERY)


def test_attributable_deaths_in_full_would_tell_two_withheld_districts():
    """Two districts of one authority have one answer where their weighted sum is exact."""
    rows = published(HEART, EVERY)
    exact = measured(HEART, EVERY)
    whole = (rows["area_code"] == TEES) & (rows["metric"] == "air_deaths")
    rows.loc[whole, ["value", "note"]] = exact.loc[whole, ["value", "note"]]
    assert (DISTRICTS[0], "all causes") in worked_out(rows, HEART, EVERY)
    assert worked_out(published(HEART, EVERY), HEART, EVERY) == []


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    hnp.arrays(np.int64, (4, 2, 2), elements=st.integers(0, 12)),
    hnp.arrays(np.int64, 4, elements=st.integers(0, 60)),
)
def test_no_small_count_can_be_worked_out(heart: np.ndarray, every: np.ndarray):
    """No published sum, difference, rate or share of anything tells a count of 1 to 4."""
    rows = published(heart, every)
    assert worked_out(rows, heart, every) == []
    assert not rows["numerator"].where(rows["metric"].isin(NAME_OF.values())).between(1, 4).any()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    hnp.arrays(np.int64, (4, 2, 2), elements=st.integers(0, 12)),
    hnp.arrays(np.int64, 4, elements=st.integers(0, 60)),
    st.sampled_from([2, 5, 10]),
)
def test_rounded_results_are_of_rounded_counts(heart: np.ndarray, every: np.ndarray, base: int):
    """Rates follow from the published counts to three figures, and sums of counts hold."""
    rows = published(heart, every, rule="round", base=base)
    of_heart = rows[rows["metric"].isin(NAME_OF.values())]
    assert not (of_heart["numerator"] % base).any()
    assert of_heart[["lower", "upper", "confidence"]].isna().all(axis=None)
    given_rates = of_heart.dropna(subset="value")
    crude = (given_rates["numerator"] / given_rates["denominator"] * 1e5).to_numpy()
    np.testing.assert_allclose(given_rates["value"], significant(crude))
    assert (given_rates["numerator"] >= 20).all()
    held = of_heart.set_index(["area_code", "sex", "age"])["numerator"]
    assert all(
        held[code, sex, age] == sum(held[DISTRICTS[n], sex, age] for n in PARTS[code])
        for code, sex, age in product(PARTS, SEXES, AGES)
    )
    of_air = rows[rows["metric"] == "air_deaths"]
    assert not (of_air["denominator"] % base).any()
    assert not (of_air[["value", "lower", "upper"]] % 1).any(axis=None)
    assert (of_air["value"] == of_air["numerator"]).all()


def test_years_of_life_do_not_grow_with_a_rounded_count():
    """What is not in proportion to its count is rounded to three figures and no more."""
    results = Results(measured(HEART + 33, EVERY), areas(), synthetic=False)
    years = results.measures["metric"].isin(NAME_OF.values())
    results.measures.loc[years, "value"] = 81.237
    described = {
        name: replace(measure, proportional=name not in NAME_OF.values())
        for name, measure in DESCRIBED.items()
    }
    rule = DisclosureSettings(rule="round", base=5)
    of_years, as_rates = (
        disclosed(results, said, rule).measures.loc[years] for said in (described, DESCRIBED)
    )
    np.testing.assert_allclose(of_years["value"], 81.2)
    assert not np.allclose(as_rates["value"], 81.2)
    assert of_years[["lower", "upper"]].isna().all(axis=None)
    pd.testing.assert_series_equal(of_years["numerator"], as_rates["numerator"])


def test_years_of_life_do_not_tell_how_many_died_at_65_and_over():
    """In a place of 118 deaths many spreads over ages have the same figures, one more or fewer old.

    All that is published of all ages is given to three figures where deaths at 65 and over are
    withheld: both expectancies, the share of life, and their limits. The place has the ages of the
    published life table, and 10,000 people.
    """
    table = [(number(row["deaths"]), number(row["population"])) for row in LIFE_TABLE]
    deaths, people = np.rint(np.array(table).T * 10_000 / sum(living for _, living in table))
    old = np.array(ABRIDGED_STARTS) >= 65
    assert (deaths.sum(), deaths[old].sum()) == (118, 106)
    rng = np.random.default_rng(1)
    for gains, loses in ((old, ~old), (~old, old)):
        other = np.repeat(deaths[None], 20_000, axis=0)
        _move_one(other, loses, gains, rng)
        for within in (old, ~old, old, ~old, old, ~old):
            _move_one(other, within, within, rng)
        other = other[(other >= 0).all(axis=1)]
        same = (_of_all_ages(other, people) == _of_all_ages(deaths[None], people)).all(axis=1)
        assert same.sum() > 1


def _move_one(deaths, origin, destination, rng):
    """Move one death of each row from one of some bands to one of others."""
    rows = np.arange(len(deaths))
    deaths[rows, rng.choice(np.flatnonzero(origin), len(deaths))] -= 1
    deaths[rows, rng.choice(np.flatnonzero(destination), len(deaths))] += 1


def _of_all_ages(deaths, people):
    """Return the figures of all ages of each row, as they are published."""
    answers = np.linspace(0.97, 0.3, 20), people
    population = np.broadcast_to(people, deaths.shape)
    found = (
        life_expectancy(deaths, population),
        healthy_life_expectancy(deaths, population, *answers),
        share_of_life_in_health(deaths, population, *answers),
    )
    parts = [significant(part) for estimate in found for part in at_age(estimate, 0)]
    return np.stack(parts, axis=1)


# --- Years that are given together ---

SPANS = ((2020, 2022), (2021, 2023), (2022, 2022), (2023, 2023))
"""Two spans of three years that overlap, as of rates, and two years by themselves, as of burden."""
YEARS = range(2020, 2024)


OF_SPANS = {**DESCRIBED, ONE_YEAR: a_measure(ONE_YEAR, counts="deaths of the heart")}


def of_spans(deaths: np.ndarray) -> pd.DataFrame:
    """Return rows of deaths of districts x years, for each area and span."""
    rows = []
    for code, (first, last) in product(PARTS, SPANS):
        years = [YEARS.index(year) for year in range(first, last + 1)]
        count = float(deaths[np.ix_(PARTS[code], years)].sum())
        row = a_row(
            *(code, NAME_OF["all ages"] if first < last else ONE_YEAR, "persons", "all ages"),
            value=count,
            lower=count / 2,
            upper=count * 2,
            numerator=count,
            denominator=1000.0,
        )
        rows.append({**row, "first_year": first, "year": last})
    return tables.checked(pd.DataFrame(rows)[list(tables.MEASURES.columns)], tables.MEASURES)


def told_by_spans(rows: pd.DataFrame, deaths: np.ndarray) -> list[object]:
    """Return which small counts of an area and a span, or of one year, a reader can tell."""
    cells, lowest, highest = [], [], []
    for row in rows.itertuples():
        cells.append(_span(row.area_code, row.first_year, row.year))
        withheld = np.isnan(row.numerator)
        lowest.append(1.0 if withheld else row.numerator)
        highest.append(np.inf if withheld else row.numerator)
    known = within(cells, lowest, highest)
    wanted = [*SPANS, *((year, year) for year in YEARS)]
    return [
        (code, span)
        for code, span in product(PARTS, dict.fromkeys(wanted))
        for target in [_span(code, *span)]
        if 0 < target @ deaths.ravel() < 5 and can_be_one_number_only(target, known)
    ]


def _span(code: str, first: int, last: int) -> np.ndarray:
    found = np.zeros((len(DISTRICTS), len(YEARS)))
    years = [YEARS.index(year) for year in range(first, last + 1)]
    found[np.ix_(PARTS[code], years)] = 1
    return found.ravel()


def test_years_together_in_full_would_tell_a_withheld_year():
    """Of 9 + 8 + 3 deaths the last is small; its span less the others would tell it."""
    deaths = np.array([[9, 8, 3, 7], [40, 50, 60, 70], [20, 30, 20, 30], [9, 9, 9, 9]])
    rows = of_spans(deaths)
    alone = rows["numerator"].where((rows["numerator"] == 0) | (rows["numerator"] >= 5))
    assert told_by_spans(rows.assign(numerator=alone), deaths)
    results = Results(rows, areas(), synthetic=False)
    held = disclosed(results, OF_SPANS, DisclosureSettings()).measures
    assert told_by_spans(held, deaths) == []
    assert held["numerator"].notna().sum() > len(held) / 2


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.int64, (4, 4), elements=st.integers(0, 9)))
def test_no_small_count_of_overlapping_years_can_be_worked_out(deaths: np.ndarray):
    """From all spans of all areas that are published no count of 1 to 4 follows."""
    results = Results(of_spans(deaths), areas(), synthetic=False)
    held = disclosed(results, OF_SPANS, DisclosureSettings()).measures
    assert told_by_spans(held, deaths) == []


def test_years_that_do_not_overlap_are_held_apart():
    """Spans of 2018 to 2020 and of 2021 to 2023 have no year in common, and make two tables."""
    deaths = np.array([[9, 8, 3, 7], [40, 50, 60, 70], [20, 30, 20, 30], [9, 9, 9, 9]])
    later = of_spans(deaths)
    earlier = later.assign(first_year=later["first_year"] - 6, year=later["year"] - 6)
    both = Results(pd.concat([earlier, later], ignore_index=True), areas(), synthetic=False)
    found = disclosed(both, OF_SPANS, DisclosureSettings()).measures["numerator"].to_numpy()
    alone = Results(later, areas(), synthetic=False)
    one = disclosed(alone, OF_SPANS, DisclosureSettings()).measures["numerator"].to_numpy()
    np.testing.assert_array_equal(found, np.tile(one, 2))


# --- Life tables of several years beside deaths of one ---

BANDS = {"all ages": [0, 1, 2], "65 and over": [2], "30 and over": [1, 2]}
UNDER_65 = {"under 65": [0, 1], "under 30": [0]}
GIVEN = [
    *product(("male", "female"), ("all ages", "65 and over"), SPANS[:2]),
    *product(("persons",), ("30 and over",), SPANS[2:]),
]
"""As life expectancy by sex and attributable deaths of persons are given: sex, age and span."""
TWO_DISTRICTS = (DISTRICTS[0], DISTRICTS[1], TEES)
SHAPE = (2, 2, 3, 4)
"""Districts, sexes, ages under 30, of 30 to 64 and of 65 and over, and years."""
OF_TABLES = {
    "table": a_measure("table", counts="deaths from all causes"),
    "table_65": a_measure("table_65", counts="deaths from all causes"),
    "burden": a_measure("burden", counts="deaths from all causes"),
}
TABLE_OF = dict(zip(BANDS, OF_TABLES, strict=True))


def part(code: str, sex: str, ages: list[int], span: tuple[int, int]) -> np.ndarray:
    """Return 1 for each of `SHAPE` that a count is the sum of."""
    found = np.zeros(SHAPE)
    years = [YEARS.index(year) for year in range(span[0], span[1] + 1)]
    found[np.ix_(PARTS[code], SEXES[sex], ages, years)] = 1
    return found.ravel()


def of_tables(deaths: np.ndarray) -> pd.DataFrame:
    """Return the rows of life tables and of burden, with counts of deaths of `SHAPE`."""
    rows = []
    for code, (sex, age, span) in product(TWO_DISTRICTS, GIVEN):
        count = float(part(code, sex, BANDS[age], span) @ deaths.ravel())
        numbers = {"value": count, "lower": count / 2, "upper": count * 2}
        row = a_row(code, TABLE_OF[age], sex, age, **numbers, numerator=count, denominator=1e4)
        rows.append({**row, "first_year": span[0], "year": span[1]})
    return tables.checked(pd.DataFrame(rows)[list(tables.MEASURES.columns)], tables.MEASURES)


def told_by_tables(
    rows: pd.DataFrame, deaths: np.ndarray, half_width: float = 0.0
) -> Iterator[tuple[object, ...]]:
    """Yield the small counts that a reader of rows can tell, in every span, sex and band of age."""
    cells = [
        part(row.area_code, row.sex, BANDS[row.age], (row.first_year, row.year))
        for row in rows.itertuples()
    ]
    counts = rows["numerator"].to_numpy(dtype=float)
    lowest = np.where(np.isnan(counts), 1.0, counts - half_width)
    highest = np.where(np.isnan(counts), np.inf, counts + half_width)
    known = within(cells, list(lowest), list(highest))
    every = [(first, last) for first in YEARS for last in YEARS if first <= last]
    for code, sex, (age, ages), span in product(
        TWO_DISTRICTS, SEXES, {**BANDS, **UNDER_65}.items(), every
    ):
        target = part(code, sex, ages, span)
        if 0 < target @ deaths.ravel() < 5 and can_be_one_number_only(target, known):
            yield code, sex, age, span


def held_tables(deaths: np.ndarray, **rule: object) -> pd.DataFrame:
    """Return the rows of life tables and of burden that may be published."""
    results = Results(of_tables(deaths), areas(), synthetic=False)
    return disclosed(results, OF_TABLES, DisclosureSettings.model_validate(rule)).measures


def many(*small: tuple[tuple[int, ...], int]) -> np.ndarray:
    """Return 50 deaths of each of `SHAPE`, but for some."""
    deaths = np.full(SHAPE, 50)
    for place, count in small:
        deaths[place] = count
    return deaths


def test_what_is_withheld_from_nobody_rounds_nothing():
    """Deaths of persons of 30 and over, and of one sex at all ages, are given where none is small.

    Those of males of 30 and over, and of 2020 alone, are given nowhere: they are no secret.
    """
    pd.testing.assert_frame_equal(held_tables(many()), of_tables(many()))


def test_deaths_under_65_are_not_told_by_all_ages_less_those_of_65():
    """Of 153 males of three years 150 were 65 or older: the other three stand in no row."""
    young = [((0, 0, age, year), 0) for age in (0, 1) for year in range(4)]
    deaths = many(*young, ((0, 0, 1, 1), 3))
    told = (DISTRICTS[0], "male", "under 65", (2020, 2022))
    assert told in list(told_by_tables(of_tables(deaths), deaths))
    assert list(told_by_tables(held_tables(deaths), deaths)) == []


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(hnp.arrays(np.int64, SHAPE, elements=st.sampled_from([0, 0, 0, 1, 2, 9])))
def test_no_small_count_is_told_by_life_tables_and_burden_together(deaths: np.ndarray):
    """Of whatever years, sex and age: from all that is published no count of 1 to 4 follows."""
    assert list(told_by_tables(held_tables(deaths), deaths)) == []


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(hnp.arrays(np.int64, SHAPE, elements=st.sampled_from([0, 0, 0, 1, 2, 9])))
def test_rounded_spans_tell_no_small_count(deaths: np.ndarray):
    """Every small count may be another number, whatever rounded counts of years stand beside it."""
    rows = held_tables(deaths, rule="round")
    assert list(told_by_tables(rows, deaths, half_width=2)) == []


# --- Rounded counts ---


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.int64, (4, 2, 2), elements=st.integers(0, 12)),
    hnp.arrays(np.int64, (4, 2, 2), elements=st.integers(-2, 2)),
)
def test_rounded_results_tell_no_more_than_the_rounded_counts(
    multiples: np.ndarray, moved: np.ndarray
):
    """Counts of 3 to 7 all give the results of 5: nothing published tells which of them it was."""
    exact, other = 5 * multiples, np.maximum(5 * multiples + moved, 0)
    numbers = ["value", "lower", "upper", "confidence", "numerator", "denominator"]
    found = [
        published(heart, EVERY, rule="round", base=5).query("metric in @NAME_OF.values()")
        for heart in (exact, other)
    ]
    pd.testing.assert_frame_equal(*(rows[numbers] for rows in found))


def test_a_number_half_way_goes_one_way():
    """1875 and what rounding leaves of it are 1880 in three figures; 0 and gaps stay."""
    below = np.nextafter(1875.0, 0.0)
    found = significant(np.array([1875.0, below, 0.0, np.nan, -0.012345]))
    np.testing.assert_allclose(found, [1880.0, 1880.0, 0.0, np.nan, -0.0123])


def test_withheld_rows_are_all_alike():
    """Small counts and those that shield them have one note, and nothing else is left of either."""
    rows = published(HEART, EVERY)
    withheld = rows[rows["note"].str.contains(WITHHELD)]
    exact = measured(HEART, EVERY).loc[withheld.index]
    heart = exact["metric"].isin(NAME_OF.values())
    assert exact.loc[heart, "numerator"].between(1, 4).any()
    assert (exact.loc[heart, "numerator"] >= 10).any()
    assert set(withheld["note"]) == {f"deaths of 2022; {WITHHELD}"}
    numbers = ["value", "lower", "upper", "numerator", "denominator", "covered_share"]
    assert withheld[numbers].isna().all(axis=None)


def test_what_is_made_of_withheld_parts_is_rounded_and_says_so():
    """England's deaths due to the air are whole; places apart from the withheld are untouched."""
    rows = published(HEART, EVERY).set_index(["area_code", "metric", "sex"])
    exact = measured(HEART, EVERY).set_index(["area_code", "metric", "sex"])
    england = rows.loc[(ENGLAND, "air_deaths", "persons")]
    # 3 x 0.05 + 200 x 0.0625 + 150 x 0.08 + 170 x 0.07 = 36.55, and three quarters of it 27.41.
    assert england[["value", "lower", "upper", "numerator"]].tolist() == [37, 27, 46, 37]
    assert england["denominator"] == 523
    assert england["note"] == f"deaths of 2022; {COARSENED}"
    share = rows.loc[(ENGLAND, "air_deaths_pct", "persons"), "value"]
    assert share == pytest.approx(100 * 37 / 523)
    untouched = (DEVON, "air_deaths", "persons")
    pd.testing.assert_series_equal(rows.loc[untouched], exact.loc[untouched])


def test_large_counts_and_other_measures_stay_as_they_are():
    """Where no count is small nothing changes; what counts no deaths never does."""
    large = published(HEART + 20, EVERY + 20)
    pd.testing.assert_frame_equal(large, measured(HEART + 20, EVERY + 20))
    results = Results(measured(HEART, EVERY), areas(), synthetic=False)
    plain = {name: a_measure(name) for name in DESCRIBED}
    kept = disclosed(results, plain, DisclosureSettings()).measures
    pd.testing.assert_frame_equal(kept, results.measures)


def test_made_up_values_still_say_so():
    """A withheld note begins with SYNTHETIC where all do."""
    rows = measured(HEART, EVERY).assign(note="SYNTHETIC. deaths of 2022")
    found = disclosed(Results(rows, areas(), synthetic=True), DESCRIBED, DisclosureSettings())
    assert f"SYNTHETIC. deaths of 2022; {WITHHELD}" in set(found.measures["note"])
    assert found.measures["note"].str.startswith("SYNTHETIC").all()
    assert not found.measures["note"].str.contains(r"SYNTHETIC.*SYNTHETIC").any()


@pytest.mark.parametrize("column", ["numerator", "age"])
def test_what_cannot_be_held_is_refused(column: str):
    """Counts that are not whole, and bands that are not understood, are told by their row."""
    rows = measured(HEART, EVERY)
    rows.loc[0, column] = {"numerator": 2.5, "age": "the old"}[column]
    results = Results(rows, areas(), synthetic=False)
    said = {"numerator": "heart_per100k, E06000001.*found 2.5", "age": "found 'the old'"}[column]
    with pytest.raises(SchemaError, match=said):
        disclosed(results, DESCRIBED, DisclosureSettings())


def test_counts_that_were_divided_need_not_be_whole():
    """Parts of a newer district have parts of its deaths; small ones are withheld like any."""
    rows = measured(HEART * 0.7, EVERY * 0.7).assign(estimated_share=0.5)
    found = disclosed(Results(rows, areas(), synthetic=False), DESCRIBED, DisclosureSettings())
    deaths = rows["numerator"].where(rows["metric"].isin(NAME_OF.values()), rows["denominator"])
    small = (deaths > 0) & (deaths < 5)
    assert small.any()
    assert found.measures.loc[small, "note"].str.contains(WITHHELD).all()
    with pytest.raises(SchemaError, match="expected a whole number of events"):
        disclosed(
            Results(rows.assign(estimated_share=0.0), areas(), synthetic=False),
            DESCRIBED,
            DisclosureSettings(),
        )


def test_two_numbers_for_the_same_deaths_are_refused():
    """Measures that say they count the same deaths have the same count."""
    rows = measured(HEART, EVERY)
    rows.loc[rows["metric"] == "air_deaths_pct", "denominator"] += 1
    with pytest.raises(SchemaError, match="another measure counts the same deaths"):
        disclosed(Results(rows, areas(), synthetic=False), DESCRIBED, DisclosureSettings())


@pytest.mark.parametrize(
    ("band", "ages"),
    [
        ("all ages", (0, 120)),
        ("under 75", (0, 74)),
        ("30 and over", (30, 120)),
        ("30 to 69", (30, 69)),
    ],
)
def test_bands_are_read(band: str, ages: tuple[int, int]):
    """A band gives its first and its last year of age."""
    assert ages_of(band) == ages


def test_figures_are_counted_from_the_first():
    """Three figures of large, small, negative and missing numbers."""
    found = significant(np.array([1234.5, 0.0012345, -56.78, 0, np.nan]))
    np.testing.assert_allclose(found, [1230, 0.00123, -56.8, 0, np.nan])


# --- Every file ---


@pytest.fixture
def small_run(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a published run of small counts."""
    squares = [box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(4)]
    shapes = gpd.GeoSeries(squares, crs="EPSG:27700")
    named = areas()
    for name, measure in DESCRIBED.items():
        monkeypatch.setitem(MEASURES, name, measure)
    run = make_run(
        "small",
        provider="file",
        measures=[measured(HEART, EVERY)],
        areas=named,
        described=dict(DESCRIBED),
        sources_of=dict.fromkeys(DESCRIBED, ("deaths",)),
        districts=gpd.GeoDataFrame(named[["district_code", "district_name"]], geometry=shapes),
        small_areas=gpd.GeoDataFrame(
            named[["small_area_code", "small_area_name"]], geometry=shapes
        ),
    )
    run.publish()
    return run


def test_no_published_file_tells_a_small_count(small_run: Run):
    """Each form of the long table withstands the reader, and the layers hold no more than it."""
    forms = {
        "csv": pd.read_csv(small_run.out / "measures.csv"),
        "parquet": pd.read_parquet(small_run.out / "measures.parquet"),
        "gpkg": pyogrio.read_dataframe(small_run.package, layer="measures"),
    }
    for rows in forms.values():
        assert worked_out(rows, HEART, EVERY) == []
    long = forms["parquet"]
    persons = long[long["sex"] == "persons"].set_index(["area_code", "metric"])
    for name in ("authorities", "districts", "england"):
        layer = pyogrio.read_dataframe(small_run.package, layer=name).set_index("area_code")
        for code, metric in product(layer.index, DESCRIBED):
            for part, end in {"value": "", "lower": "_lower", "upper": "_upper"}.items():
                told = layer.loc[code, f"{metric}_2023{end}"]
                np.testing.assert_equal(told, persons.loc[(code, metric), part])


def test_the_report_has_no_number_that_was_withheld(small_run: Run):
    """Exact rates and shares of withheld rows stand nowhere in the page, which says withheld."""
    page = (small_run.out / "report.html").read_text(encoding="utf-8")
    exact = measured(HEART, EVERY)
    rows = pd.read_parquet(small_run.out / "measures.parquet").set_index(
        ["area_code", "metric", "sex"]
    )
    exact = exact.set_index(["area_code", "metric", "sex"]).loc[rows.index]
    gone = exact[rows["value"].isna() & exact["value"].notna()].xs("persons", level="sex")
    assert len(gone)
    for value in gone["value"]:
        assert f">{value:,.1f}" not in page
        assert f">{value:,.0f}<" not in page
    assert "withheld" in page
    assert WITHHELD in page
