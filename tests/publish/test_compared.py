from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.publish.conftest import DEVON, ENGLAND, TEES, A, B, C, Run, air, measure_rows

from healthycities import catalogue, tables
from healthycities.errors import SchemaError
from healthycities.package_tables import rows
from healthycities.publish.compared import COMPARED, INDICATORS_FILE, TITLES, compared

METRICS = catalogue.metrics()
FRACTION = "deaths_attributable_pm25_pct"
COMEAP = "comeap2022_pm25"


def published(values: dict[str, float], **columns: Any) -> pd.DataFrame:
    """Return published PM2.5 of 2023, by area, without limits."""
    table = {
        "area_code": list(values),
        "published_area_code": list(values),
        "published_area_type": "District & UA",
        "indicator_id": 93867,
        "indicator_name": "PM2.5",
        "published_sex": "Not applicable",
        "published_age": "Not applicable",
        "first_year": 2023,
        "year": 2023,
        "published_value": list(values.values()),
        "published_lower": np.nan,
        "published_upper": np.nan,
        "published_note": pd.Series([None] * len(values), dtype="str"),
    }
    return tables.checked(pd.DataFrame({**table, **columns}), tables.FINGERTIPS)


def test_ours_minus_theirs():
    """8 against 7.5 is 0.5 too much; an area or a measure that only one of them has is no row."""
    found = compared(air(), published({B: 7.5, TEES: 7.25, "E06000099": 3}), COMEAP)
    assert found["area_code"].tolist() == [B, TEES]
    assert found["difference"].tolist() == [0.5, -0.25]
    assert found["level"].tolist() == ["district", "authority"]
    assert found["intervals_overlap"].isna().all()
    assert (found["metric"] == "pm25_mean_ugm3").all()


def test_other_years_are_not_compared():
    """2022 against 2023, and three years together against the last of them."""
    assert compared(air(2022), published({B: 7.5}), COMEAP).empty
    assert compared(air(), published({B: 7.5}, first_year=2021), COMEAP).empty
    three = compared(air().assign(first_year=2021), published({B: 7.5}, first_year=2021), COMEAP)
    assert three["difference"].tolist() == [0.5]


def test_other_sexes_and_ages_are_not_compared():
    """A result for males, or for children, is another quantity."""
    assert compared(air(), published({B: 7.5}, published_sex="Male"), COMEAP).empty
    assert compared(air(), published({B: 7.5}, published_age="<18 yrs"), COMEAP).empty


def test_intervals_that_meet_overlap():
    """7 to 9 meets 9 to 10 and 6 to 7, holds 7.5 to 8, and lies apart from 9.5 to 10."""
    ours = air().assign(lower=7.0, upper=9.0, confidence=0.95)
    lower, upper = [9, 6, 7.5, 9.5, np.nan], [10, 7, 8, 10, np.nan]
    areas = dict.fromkeys((A, B, C, TEES, DEVON), 8.0)
    theirs = published(areas, published_lower=lower, published_upper=upper)
    found = compared(ours, theirs, COMEAP).set_index("area_code")["intervals_overlap"]
    assert [found[code] for code in (A, B, C, TEES)] == [True, True, True, False]
    assert pd.isna(found[DEVON])
    wide = compared(ours.assign(confidence=0.99), theirs, COMEAP)
    assert wide["intervals_overlap"].isna().all()


def test_what_is_missing_is_not_compared():
    """A value that we withhold, or they do, has no difference, and the row tells why."""
    ours = air()
    ours.loc[ours["area_code"] == B, ["value", "note"]] = [np.nan, "withheld"]
    found = compared(ours, published({A: np.nan, B: 7.5}), COMEAP).set_index("area_code")
    assert found["difference"].isna().all()
    assert found["note"][B] == "withheld"


def test_a_fraction_of_another_function_is_another_quantity():
    """The published fraction rests on 1.08 per 10 µg/m³; ours is compared where it does too."""
    ours = measure_rows("pm25_mean_ugm3", 2023, {B: 5.5}).assign(metric=FRACTION)
    said = {"indicator_id": 93861, "published_sex": "Persons", "published_age": "30+ yrs"}
    theirs = published({B: 5.0}, **said)
    assert compared(ours, theirs, COMEAP)["difference"].tolist() == [0.5]
    assert compared(ours, theirs, "hrapie2013_pm25").empty


def test_two_results_for_one_measure_are_refused():
    """Under Persons and Not applicable: the message names indicator, area and year."""
    twice = pd.concat([published({B: 7.5}), published({B: 7.6}, published_sex="Persons")])
    with pytest.raises(SchemaError, match=f"one result of indicator 93867 for {B} in 2023"):
        compared(air(), twice, COMEAP)


def test_every_indicator_is_of_a_measure_of_the_house():
    """Each row names a measure, a function that is known where it has one, and a source."""
    names = {
        measure.name.replace("{pollutant}", "pm25")
        for card in METRICS.values()
        for measure in card.measures
    }
    functions = {row["crf_id"] for row in rows("health/data/concentration_response.csv")}
    for row in rows(INDICATORS_FILE):
        assert row["metric"] in names
        assert row["function"] in functions | {""}
        assert row["indicator_id"] in row["source"]
    assert list(TITLES) == list(tables.COMPARED.columns)


def test_the_table_is_in_the_geopackage(make_run: Callable[..., Run]):
    """A run that is given published results has the table, each column described; others do not."""
    without, run = make_run("a"), make_run("b", compared_with=published({B: 7.5, ENGLAND: 10}))
    without.publish()
    with sqlite3.connect(without.package) as file:
        names = [name for (name,) in file.execute("SELECT table_name FROM gpkg_contents")]
    assert COMPARED not in names
    run.publish()
    with sqlite3.connect(run.package) as file:
        found = file.execute(f"SELECT area_code, difference FROM {COMPARED}").fetchall()
        columns = file.execute(f"PRAGMA table_info({COMPARED})").fetchall()
        told = file.execute(
            'SELECT "column", title FROM dictionary WHERE layer = ?', (COMPARED,)
        ).fetchall()
    assert found == [(B, 0.5), (ENGLAND, 0.0)]
    assert [name for name, _ in told] == [column[1] for column in columns]
    assert all(title for _, title in told)
