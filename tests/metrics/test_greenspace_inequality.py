from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.test_exposure_inequality import CODES, ENGLAND, GREATER_MANCHESTER, RANKS, areas

from healthycities import tables
from healthycities.given import Given
from healthycities.health.access_standards import access_standards
from healthycities.metrics import greenspace_inequality as metric
from healthycities.metrics.measures import filled
from healthycities.metrics.social_gradient import TOO_FEW

__all__ = ["areas"]

KEYS = {
    "greenspace.leading_standard": access_standards()["who_300m"],
    "greenspace.public_functions": ["Public Park Or Garden"],
}
GAP, SLOPE = "access_deprivation_gap_who_300m_pct", "access_deprivation_slope_who_300m_pct"
RATIO, INDEX = "access_deprivation_ratio_who_300m", "access_concentration_index_who_300m"
GAP_M2, SLOPE_M2 = "greenspace_deprivation_gap_m2", "greenspace_deprivation_slope_m2"
RATIO_M2, INDEX_M2 = "greenspace_deprivation_ratio", "greenspace_concentration_index"
ACCESS, AREA = (GAP, SLOPE, RATIO, INDEX), (GAP_M2, SLOPE_M2, RATIO_M2, INDEX_M2)
NEAR, FAR = 300.0, 301.0
RISING_M2 = [100 * (10 + n + 0.5) for n in range(10)]
"""Of 100 people each: from 10.5 to 19.5 m² a person."""


def computed(areas, distance_m, green_m2, ranks=None):
    """Return the rows, by measure and area; each small area has 100 people."""
    codes = areas["small_area_code"].to_numpy()
    near = pd.DataFrame(
        {"small_area_code": codes, "min_area_ha": 0.5, "distance_m": distance_m}
    ).assign(sites_known=True)
    land = pd.DataFrame(
        {"small_area_code": codes, "zone_area_m2": 1e6, "greenspace_area_m2": green_m2}
    )
    inputs = {
        "areas": areas,
        "small_area_population": pd.DataFrame(
            {"small_area_code": codes, "year": 2022, "people": 100.0}
        ).iloc[::-1],
        "centroid_access": near.iloc[::-1],
        "small_area_greenspace": land.iloc[::-1],
        "deprivation": pd.DataFrame(
            {"small_area_code": codes, "deprivation_rank": ranks or RANKS, "deprivation_decile": 1}
        ).iloc[::-1],
    }
    given = Given(inputs, KEYS, year=2022)
    parts = list(metric.compute(given, filled(metric.CARD, KEYS)))
    whole = tables.checked(pd.concat(parts, ignore_index=True), tables.MEASURES)
    return whole.set_index(["metric", "area_code"])


def test_area_for_each_person_by_hand(areas):
    """From 10 m² at the most deprived end to 20: gap 8, slope 10, ratio 2, above 0 as they lack."""
    found = computed(areas, [NEAR] * 20, RISING_M2 + [1500.0] * 10)["value"]
    assert found[GAP_M2, GREATER_MANCHESTER] == pytest.approx(8)
    assert found[SLOPE_M2, GREATER_MANCHESTER] == pytest.approx(10)
    assert found[RATIO_M2, GREATER_MANCHESTER] == pytest.approx(2)
    # 2/15 times the sum of y R / 10, with y = 10 + 10 R and the mean of R squared 0.3325.
    index = 2 / 15 * (5 + 3.325) - 1
    assert found[INDEX_M2, GREATER_MANCHESTER] == pytest.approx(index)
    turned = computed(areas, [NEAR] * 20, RISING_M2[::-1] + [1500.0] * 10)["value"]
    for name in (GAP_M2, SLOPE_M2, INDEX_M2):
        assert turned[name, GREATER_MANCHESTER] == pytest.approx(-found[name, GREATER_MANCHESTER])


def test_access_of_twenty_small_areas_by_hand(areas):
    """England's most deprived half, Swindon, has one small area of two within; the other all but 2.

    Fifths of England hold 4 small areas: 2 of 4 within among the most deprived, 3 of 4 among the
    least: a gap of 25 points. A tenth where both are within has no logit, and says so.
    """
    swindon, manchester = [NEAR, FAR] * 5, [NEAR] * 7 + [FAR, NEAR, NEAR]
    found = computed(areas, manchester + swindon, [100.0] * 20)
    assert found["value"][GAP, ENGLAND] == pytest.approx(25)
    assert found["note"][SLOPE, ENGLAND] == metric.OFF_THE_SCALE
    assert np.isnan(found["value"][[(SLOPE, ENGLAND), (RATIO, ENGLAND)]]).all()
    assert found["value"][INDEX, ENGLAND] > 0


def test_shares_that_follow_a_logit_are_a_line(areas):
    """Each tenth of England half within: slope 0, ratio 1, gap and index 0."""
    found = computed(areas, [NEAR, FAR] * 10, [100.0] * 20)["value"]
    expected = {GAP: 0, SLOPE: 0, RATIO: 1, INDEX: 0}
    for name, value in expected.items():
        assert found[name, ENGLAND] == pytest.approx(value, abs=1e-12)


def test_all_the_same_is_equality(areas):
    """Where each small area has 1 m² a person nobody is worse off."""
    found = computed(areas, [NEAR] * 20, [100.0] * 20)["value"]
    for name, value in {GAP_M2: 0, SLOPE_M2: 0, RATIO_M2: 1, INDEX_M2: 0}.items():
        assert found[name, ENGLAND] == pytest.approx(value, abs=1e-12)


def test_a_place_that_cannot_be_reached_counts_neither_way(areas):
    """Without distances in Manchester there is no access to tell, and there is an area to tell."""
    found = computed(areas, [np.nan] * 10 + [NEAR, FAR] * 5, RISING_M2 + [1500.0] * 10)
    for name in ACCESS:
        assert np.isnan(found["value"][name, GREATER_MANCHESTER])
        assert found["note"][name, GREATER_MANCHESTER] == "no data"
    assert found["value"][SLOPE_M2, GREATER_MANCHESTER] == pytest.approx(10)
    assert found["covered_share"][GAP, ENGLAND] == pytest.approx(0.5)
    one = computed(areas, [np.nan] + [NEAR] * 19, RISING_M2 + [1500.0] * 10)
    assert one["note"][SLOPE, GREATER_MANCHESTER] == TOO_FEW


def test_a_few_large_parks_leave_no_ratio(areas):
    """All sites in the least deprived tenth: the line falls below 0, and its ratio is no number."""
    found = computed(areas, [NEAR] * 20, [0.0] * 9 + [1000.0] + [100.0] * 10)
    assert found["value"][SLOPE_M2, GREATER_MANCHESTER] > 0
    assert np.isnan(found["value"][RATIO_M2, GREATER_MANCHESTER])
    assert found["note"][RATIO_M2, GREATER_MANCHESTER] == metric.BELOW_0


def test_every_row_says_its_sign_and_claims_no_interval(areas):
    """The text of each measure says what a number above 0, or above 1, means."""
    found = computed(areas, [NEAR, FAR] * 10, [100.0] * 20)
    assert set(found.index.get_level_values("metric")) == {*ACCESS, *AREA}
    assert found["method"].str.contains("the most deprived have less").all()
    assert found["method"].str.contains("no interval is given").all()
    assert found[["lower", "upper", "confidence"]].isna().all(axis=None)
    assert set(found["level"]) == {"authority", "outside_authorities", "england"}
    assert len(CODES) == 20
