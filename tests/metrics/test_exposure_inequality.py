from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities import tables
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import exposure_inequality as metric
from healthycities.metrics.measures import filled
from healthycities.metrics.social_gradient import TOO_FEW
from healthycities.spatial.weights import Weights

GAP, SLOPE = "deprivation_gap_pm25_ugm3", "deprivation_slope_pm25_ugm3"
RATIO, INDEX = "deprivation_ratio_pm25", "concentration_index_pm25"
P10, P50, P90 = (f"pm25_p{n}_ugm3" for n in (10, 50, 90))
GREATER_MANCHESTER, ENGLAND = "E47000001", "E92000001"
CODES = [f"E010000{n:02}" for n in range(1, 21)]
# Ten small areas of Greater Manchester, the most deprived first, and ten of Swindon.
RANKS = [*range(20_000, 20_010), *range(1, 11)]
FALLING = [20 - (n + 0.5) for n in range(10)]


@pytest.fixture
def areas() -> pd.DataFrame:
    """Return twenty small areas of three districts, two of them of one authority."""
    manchester = "Greater Manchester Combined Authority"
    return pd.DataFrame(
        {
            "small_area_code": CODES,
            "small_area_name": [f"Area {code}" for code in CODES],
            "district_code": [BOLTON] * 5 + [BURY] * 5 + [SWINDON] * 10,
            "district_name": ["Bolton"] * 5 + ["Bury"] * 5 + ["Swindon"] * 10,
            "authority_code": [GREATER_MANCHESTER] * 10 + [None] * 10,
            "authority_name": [manchester] * 10 + [None] * 10,
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([6] * 10 + [1] * 10, dtype="Int64"),
            "all_england": True,
        }
    )


def computed(areas, values, people=None, ranks=None, places=None):
    """Return the rows of a grid of a cell for each small area, by measure and area."""
    n = len(areas)
    codes = areas["small_area_code"].to_numpy()
    table = {"small_area_code": codes, "year": 2022, "people": people or [100.0] * n}
    ranked = {"small_area_code": codes, "deprivation_rank": ranks or RANKS[:n]}
    inputs = {
        "areas": areas,
        "small_area_population": pd.DataFrame(table).iloc[::-1],
        "small_area_cells": Weights(csr_array(np.eye(n)), codes, np.arange(n), np.ones(n)),
        "air_quality": YearlyGrid(np.array([values]), 2022),
        "deprivation": pd.DataFrame(ranked | {"deprivation_decile": 1}).iloc[::-1],
    }
    if places is not None:
        inputs["places"] = places
    given = Given(inputs, year=2022, pollutant="pm25")
    parts = list(metric.compute(given, filled(metric.CARD, {}, "pm25")))
    rows = tables.checked(pd.concat(parts, ignore_index=True), tables.MEASURES)
    return rows.set_index(["metric", "area_code"])


def test_a_straight_line_by_hand(areas):
    """From 20 at the most deprived end to 10 at the least: slope 10, ratio 2, fifths 19 and 11."""
    found = computed(areas, FALLING + [10.0] * 10)["value"].xs(
        GREATER_MANCHESTER, level="area_code"
    )
    assert found[SLOPE] == pytest.approx(10)
    assert found[RATIO] == pytest.approx(2)
    assert found[GAP] == pytest.approx(8)
    # 2/15 times the sum of y R / 10, with y = 20 - 10 R and the mean of R squared 0.3325.
    assert found[INDEX] == pytest.approx(2 / 15 * (10 - 3.325) - 1)
    assert found[[P10, P50, P90]].tolist() == [10.5, 14.5, 18.5]


def test_tenths_are_those_of_the_areas_own_people(areas):
    """All of the authority lies in one decile of England, and its own tenths tell it apart."""
    assert set(areas["deprivation_decile"][:10]) == {6}
    found = computed(areas, FALLING + [10.0] * 10)["value"]
    assert found[SLOPE, GREATER_MANCHESTER] == pytest.approx(10)
    # Swindon's are the most deprived of England, so that there the first half breathes 10.
    assert found[GAP, ENGLAND] == pytest.approx(10 - np.mean(FALLING[6:]))


def test_parts_of_an_authority_do_not_average(areas):
    """Within neither district is there a gap, and between them, in the authority, there is."""
    values = [12.0] * 5 + [8.0] * 5 + [10.0] * 10
    assert computed(areas, values)["value"][GAP, GREATER_MANCHESTER] == pytest.approx(4)
    people, ranks = [100.0] * 5, [3, 1, 2, 5, 4]
    fives = [areas[areas["district_code"] == code].head(5) for code in (BOLTON, BURY)]
    for five, mean in zip(fives, (12.0, 8.0), strict=True):
        alone = pd.concat([five, five.assign(small_area_code=CODES[10:15])])
        found = computed(alone.sort_values("small_area_code"), [mean] * 10, people * 2, ranks * 2)
        assert found["value"][GAP, GREATER_MANCHESTER] == 0


def test_people_are_the_weights(areas):
    """With nine tenths of the people in the most deprived small area, P10 to P90 are its own."""
    people = [8100.0] + [100.0] * 9 + [100.0] * 10
    found = computed(areas, FALLING + [10.0] * 10, people)
    assert found["value"][P90, GREATER_MANCHESTER] == 19.5
    assert found["value"][P10, GREATER_MANCHESTER] == 18.5
    assert np.isnan(found["value"][SLOPE, GREATER_MANCHESTER])
    assert found["note"][SLOPE, GREATER_MANCHESTER] == TOO_FEW


def test_no_interval_is_claimed(areas):
    """Limits and confidence are null, and the method of each index says why."""
    found = computed(areas, FALLING + [10.0] * 10)
    assert found[["lower", "upper", "confidence"]].isna().all(axis=None)
    for name in (GAP, SLOPE, RATIO, INDEX):
        assert found["method"][name].str.contains("no interval is given").all()
    assert found["note"].isna().all()
    assert set(found["level"]) == {"authority", "outside_authorities", "england"}


def test_small_areas_without_a_concentration_are_left_out(areas):
    """Two of twenty are unknown: indices of the others, and the share of people that they are."""
    values = [np.nan, *FALLING[1:], *[10.0] * 9, np.nan]
    found = computed(areas, values)
    assert found["covered_share"][GAP, ENGLAND] == pytest.approx(0.9)
    assert found["note"][P50, ENGLAND] == "rests on 90.0 % of the whole"
    assert found["value"][P90, GREATER_MANCHESTER] == 18.5
    # Nine small areas leave a tenth without any, and the fifths are of those that are known.
    assert found["note"][SLOPE, GREATER_MANCHESTER] == TOO_FEW
    assert found["value"][GAP, GREATER_MANCHESTER] == pytest.approx(
        np.mean([18.5, 17.5]) - np.mean([11.5, 10.5])
    )


def test_nowhere_known_is_no_data(areas):
    """Without any concentration in the authority all is null, with a note and a share of 0."""
    found = computed(areas, [np.nan] * 10 + [10.0] * 10)
    for name in (GAP, SLOPE, RATIO, INDEX, P10, P90):
        assert np.isnan(found["value"][name, GREATER_MANCHESTER])
        assert found["note"][name, GREATER_MANCHESTER] == "no data"
        assert found["covered_share"][name, GREATER_MANCHESTER] == 0


def test_a_small_area_without_a_rank_stops(areas):
    """A rank that is missing would drop its people in silence."""
    with pytest.raises(AlignmentError, match="a deprivation rank for each of 20"):
        computed(areas, [10.0] * 20, ranks=[*RANKS[:19], None])


def test_a_place_that_cuts_small_areas_weighs_them_by_their_share(areas):
    """With a half of each area the authority has the same indices, all of them estimated.

    With a half of the most deprived, and all others, its people count half.
    """
    codes = areas.loc[areas["authority_code"] == GREATER_MANCHESTER, "small_area_code"]
    rows = [
        {"place_set": "mine", "place_code": place, "place_name": place, "part_code": code}
        | {"part_share": 0.5 if place == "halves" or code == codes.iloc[0] else 1.0}
        for place in ("halves", "one")
        for code in codes
    ]
    values, people = FALLING + [10.0] * 10, [100.0] * 20
    found = computed(areas, values, people, places=pd.DataFrame(rows))
    halves, whole = (found.xs(code, level="area_code") for code in ("halves", GREATER_MANCHESTER))
    assert halves["value"].tolist() == pytest.approx(whole["value"].tolist())
    assert (halves["estimated_share"] == 1).all()
    fewer = computed(areas, values, [50.0, *people[1:]])
    one, same = found.xs("one", level="area_code"), fewer.xs(GREATER_MANCHESTER, level="area_code")
    np.testing.assert_allclose(one["value"], same["value"])
    assert one["estimated_share"].tolist() == pytest.approx([50 / 950] * len(one))
