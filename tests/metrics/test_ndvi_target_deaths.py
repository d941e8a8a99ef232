from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from tests.metrics.ages import DIED, deaths
from tests.metrics.conftest import BOLTON, BURY, SWINDON
from tests.metrics.test_residential_ndvi import near

from healthycities import tables
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.health.response import concentration_response
from healthycities.io.raster_file import YearlyRaster
from healthycities.metrics import ndvi_target_deaths
from healthycities.metrics.measures import filled

KEYS = {
    "green_cover.ndvi_target": 0.5,
    "green_cover.ndvi_buffer_m": 500.0,
    "green_cover.concentration_response": "rojas_rueda2019_ndvi",
    "burden.draws": 2000,
    "burden.seed": 2026,
    "burden.confidence": 0.95,
}
COUNT, SHARE = "deaths_prevented_ndvi_target", "deaths_prevented_ndvi_target_pct"
MANCHESTER, ENGLAND = "E47000001", "E92000001"
NDVI = [0.1, 0.7, 0.3, 0.4, 0.6]
"""Bolton's 100 people lack 0.4 and its 300 others nothing; Bury's 200 lack 0.2 and its 400 0.1."""
BOLTON_LACKS, BURY_LACKS = 0.1, 0.8 / 6


def computed(areas, population, ndvi=NDVI, covered=1.0, keys=None, **more):
    """Return the rows, by measure and area."""
    keys = KEYS | (keys or {})
    inputs = {
        "areas": areas,
        "small_area_population": population,
        "small_area_ndvi": near(ndvi, covered),
        "land_cover": YearlyRaster(None, None),
        "deaths": deaths(DIED),
    }
    given_ = Given(inputs | more, keys, year=2022)
    parts = list(ndvi_target_deaths.compute(given_, filled(ndvi_target_deaths.CARD, keys)))
    rows = tables.checked(pd.concat(parts, ignore_index=True), tables.MEASURES)
    return rows.set_index(["metric", "area_code"])


def test_districts_by_hand(areas, population):
    """Bolton's people lack (100 x 0.4 + 300 x 0) / 400 = 0.1: 4 % of its 1,000 deaths at 30 on.

    What the 300 have beyond the target is not set off against it. Swindon lacks nothing.
    """
    found = computed(areas, population)
    assert found["value"][COUNT, BOLTON] == pytest.approx(40)
    assert found["value"][SHARE, BOLTON] == pytest.approx(4)
    assert found["denominator"][COUNT, BOLTON] == 1000
    bury = 1 - 0.96 ** (BURY_LACKS / 0.1)
    assert found["value"][COUNT, BURY] == pytest.approx(2000 * bury)
    assert (found.loc[[(COUNT, SWINDON), (SHARE, SWINDON)], ["value", "lower", "upper"]] == 0).all(
        axis=None
    )
    assert found["age"].eq("30 and over").all()
    assert set(found["level"]) == {"district", "authority", "outside_authorities", "england"}


def test_parts_add_up_to_wholes(areas, population):
    """Deaths prevented of districts are those of their authority and of England; shares follow."""
    found = computed(areas, population)
    numbers = ["value", "numerator", "denominator"]
    parts = found.loc[[(COUNT, BOLTON), (COUNT, BURY)], numbers].sum()
    assert found.loc[(COUNT, MANCHESTER), numbers].tolist() == pytest.approx(parts.tolist())
    whole = parts + found.loc[(COUNT, SWINDON), numbers]
    assert found.loc[(COUNT, ENGLAND), numbers].tolist() == pytest.approx(whole.tolist())
    assert found["value"][SHARE, ENGLAND] == pytest.approx(100 * whole["value"] / 7000)


def test_the_risk_is_one_for_all_areas(areas, population):
    """The share's limits are those of the drawn risk, and a sum is as wide as the sum of widths."""
    found = computed(areas, population, keys={"burden.draws": 50_000})
    spread = np.log(0.97 / 0.94) / (2 * norm.ppf(0.975))
    for code, lack in ((BOLTON, BOLTON_LACKS), (BURY, BURY_LACKS)):
        lower, upper = (
            100 * (1 - (0.96 * np.exp(k * spread * norm.ppf(0.975))) ** (lack / 0.1))
            for k in (1, -1)
        )
        row = found.loc[(SHARE, code)]
        assert [row["lower"], row["upper"]] == pytest.approx([lower, upper], rel=0.02)
    width = (found["upper"] - found["lower"])[COUNT]
    apart = np.hypot(width[BOLTON], width[BURY])
    assert 1.1 * apart < width[MANCHESTER] <= width[BOLTON] + width[BURY]


def test_a_target_below_all_that_there_is_prevents_exactly_nothing(areas, population):
    """At 0.1, the lowest of all, value and limits are 0 to the last bit, everywhere."""
    found = computed(areas, population, keys={"green_cover.ndvi_target": 0.1})
    assert (found[["value", "lower", "upper", "numerator"]] == 0).all(axis=None)
    assert found["note"].isna().all()


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.floats(0, 1), min_size=5, max_size=5),
    st.tuples(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9)),
)
def test_a_higher_target_never_prevents_less(areas, population, ndvi, targets):
    """Value and both limits rise with the target, in every area; and are never below 0."""
    low, high = (
        computed(
            areas, population, ndvi,
            keys={"green_cover.ndvi_target": target, "burden.draws": 100},
        ).loc[COUNT, ["value", "lower", "upper"]]
        for target in sorted(targets)
    )  # fmt: skip
    assert (low >= 0).all(axis=None)
    assert (high >= low - 1e-9).all(axis=None)


def test_a_district_without_data_leaves_no_sum_above_it(areas, population):
    """Bury lies off the raster: no number for Bury, its authority or England, and a reason."""
    found = computed(areas, population, [0.1, 0.7, np.nan, np.nan, 0.6], covered=[1, 1, 0, 0, 1])
    for code in (BURY, MANCHESTER, ENGLAND):
        row = found.loc[(COUNT, code)]
        assert row[["value", "lower", "upper"]].isna().all()
        assert row["note"] == "no data"
    assert found["value"][COUNT, BOLTON] == pytest.approx(40)


def test_land_without_data_is_told(areas, population):
    """A quarter of what is around Bolton's homes is water: deaths rest on the other three."""
    found = computed(areas, population, covered=[0.75, 0.75, 1, 1, 1])
    assert found["covered_share"][COUNT, BOLTON] == pytest.approx(0.75)
    assert found["note"][COUNT, BOLTON] == "rests on 75.0 % of the whole"
    assert found["covered_share"][COUNT, MANCHESTER] == pytest.approx((750 + 2000) / 3000)


def test_values_of_another_year_are_told(areas, population):
    """A raster of 2021 and deaths of 2020 that stand in for 2022 are said so."""
    found = computed(
        areas, population,
        land_cover=YearlyRaster(None, 2021), deaths=deaths(DIED).assign(year=2020),
    )  # fmt: skip
    assert found["note"][COUNT, BOLTON] == "NDVI of 2021; deaths of 2020"


def test_the_words_name_the_target_the_way_and_the_function():
    """Title and method say what was aimed at, how far around homes, and by whose risk."""
    measure = filled(ndvi_target_deaths.CARD, KEYS)[COUNT]
    assert "NDVI of 0.5 or more" in measure.title
    assert "within 500 m of the homes" in measure.method
    assert "0.96 (0.94 to 0.97) per 0.1 of NDVI (Rojas-Rueda et al. 2019" in measure.method
    assert (measure.counts, measure.counts_in) == ("deaths from all causes", "denominator")
    untold = filled(ndvi_target_deaths.CARD, KEYS | {"green_cover.ndvi_target": None})[COUNT]
    assert "NDVI of the target or more" in untold.title


def test_a_function_of_another_exposure_is_refused(areas, population):
    """A risk of PM2.5 is never laid on NDVI, whatever the configuration slipped past."""
    with pytest.raises(SchemaError, match="expected a log_linear function that protects"):
        computed(areas, population, keys={"green_cover.concentration_response": "comeap2022_pm25"})


def test_a_function_of_a_share_of_green_land_is_refused(areas, population, monkeypatch):
    """One that protects, but was estimated for another kind of green, is never laid on NDVI."""
    other = replace(concentration_response("rojas_rueda2019_ndvi"), exposure="green_pct")
    monkeypatch.setattr(ndvi_target_deaths, "concentration_response", lambda _: other)
    with pytest.raises(SchemaError, match="for green_pct_shortfall, found ndvi_shortfall"):
        computed(areas, population)


def test_deaths_of_some_causes_are_refused(areas, population):
    """The deaths of cancers are not those of all causes, which the function is of."""
    with pytest.raises(SchemaError, match="from all causes, found causes C00-C97"):
        computed(areas, population, deaths=deaths(DIED, cause="C00-C97"))
