from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.health.healthiar import function_of, one_row, to_the_digits
from tests.health.published import cases

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.burden import (
    attributable_events,
    attributable_fraction,
    attributed,
    combined_fraction,
    population_attributable_fraction,
    prevented_by_target,
    remaining_in_bands,
    scenario_difference,
    side_by_side,
    tabulated_fraction,
    years_of_life_lost,
)
from healthycities.health.rates import Estimate
from healthycities.health.response import (
    SHAPES,
    Exposure,
    TabulatedResponse,
    concentration_response,
    relative_risk,
)

D01 = concentration_response("comeap2022_pm25")
NDVI = concentration_response("rojas_rueda2019_ndvi")
NO2 = concentration_response("comeap2018_no2")
MUTUALLY_ADJUSTED = (replace(D01, adjusted_for="no2"), replace(NO2, adjusted_for="pm25"))
nan = math.nan

exposures = st.floats(0, 200)
shapes = st.sampled_from(sorted(SHAPES))
risks = st.floats(1, 2)
increments = st.floats(5, 50)
cutoffs = st.floats(0, 40)


# --- Published figures ---


@pytest.mark.parametrize("row", one_row("paf"), ids=lambda row: row["case"])
def test_fractions_as_published(row):
    """The attributable fraction is that of AirQ+."""
    found = attributable_fraction(float(row["exposure"]), *function_of(row))
    assert found.value == to_the_digits(row)


@pytest.mark.parametrize("row", one_row("impact"), ids=lambda row: row["case"])
def test_impacts_as_published(row):
    """The attributable events are those of AirQ+ and healthiar, for every shape."""
    rr, *rest = function_of(row)
    exposure, events = float(row["exposure"]), float(row["baseline_events"])
    found = attributable_events(exposure, events, (rr, rr, rr), *rest)
    assert found.value == to_the_digits(row)
    assert found.lower == found.upper == found.value


def test_lung_infections_of_airqplus():
    """Acute lower respiratory infections of AirQ+: 345.53 (91.37 to 780.70)."""
    events = 109.38 / 100_000 * 8_605_778
    found = attributable_events(8.3, events, (1.12, 1.03, 1.30), 10, 5)
    assert [round(float(part), 2) for part in found] == [345.53, 91.37, 780.70]


def test_several_areas_at_once_are_each_as_published():
    """The two areas of healthiar, given together, have the events that each has alone."""
    expected = [float(row["expected"]) for row in one_row("impact") if "two_area" in row["case"]]
    found = attributable_events([8.1, 7.1], [1000, 2000], (1.063, 1.063, 1.063), 10, 0)
    np.testing.assert_allclose(found.value, expected, atol=5e-5)


@pytest.mark.parametrize(
    "row",
    [row for row in cases("healthiar.csv") if "multiexposure" in row["case"]],
    ids=lambda row: row["case"],
)
def test_two_exposures_as_published(row):
    """Fractions of two exposures add up to 81 in 1,000, or multiply to 79, as in healthiar."""
    fractions = [
        attributable_fraction(float(exposure), float(rr), 10, 0).value
        for exposure, rr in zip(
            row["exposure"].split(" and "), row["rr"].split(" and "), strict=True
        )
    ]
    method = row["case"].removeprefix("multiexposure_")
    found = combined_fraction(fractions, method, MUTUALLY_ADJUSTED)
    assert 1000 * found == to_the_digits(row)
    assert 1000 * found == pytest.approx(float(row["recomputed"]), abs=1e-6)


def test_fraction_of_deaths_in_england():
    """England's 5.5 % of 2021 (Fingertips 93861) is that of 7.351 µg/m³ of PM2.5."""
    found = attributable_fraction(7.351, D01.rr, D01.increment, D01.cutoff, D01.shape).value
    assert round(100 * float(found), 2) == 5.50
    assert found == pytest.approx(1 - 1.08 ** (-7.351 / 10))


# --- Laws ---


@given(st.lists(exposures, min_size=1), risks, increments, cutoffs, shapes)
def test_fraction_is_a_share(exposure, rr, increment, cutoff, shape):
    """The fraction lies between 0 and 1, is 0 at or below the cutoff, and is never 1."""
    found = attributable_fraction(exposure, rr, increment, cutoff, shape).value
    assert ((found >= 0) & (found < 1)).all()
    assert (found[np.array(exposure) <= cutoff] == 0).all()


@given(st.lists(exposures, min_size=2), risks, increments, cutoffs, shapes)
def test_fraction_rises_with_exposure(exposure, rr, increment, cutoff, shape):
    """More exposure never means a smaller fraction."""
    found = attributable_fraction(sorted(exposure), rr, increment, cutoff, shape).value
    assert (np.diff(found) >= -1e-15).all()


areas = st.lists(st.tuples(exposures, st.integers(0, 100_000)), min_size=2, max_size=20)


@given(areas, st.integers(1, 19))
def test_areas_add_up(parts, cut):
    """Value and limits of areas sum to those of the whole, however they are split up."""
    exposure, events = np.array(parts, dtype=float).T
    rr = (D01.rr, D01.rr_lower, D01.rr_upper)
    whole = np.array(attributable_events(exposure, events, rr, 10, 0))
    halves = [
        np.array(attributable_events(exposure[half], events[half], rr, 10, 0)).sum(axis=1)
        for half in (slice(cut), slice(cut, None))
    ]
    np.testing.assert_allclose(whole.sum(axis=1), sum(halves))


@given(areas, st.tuples(risks, risks, risks), cutoffs, shapes)
def test_limits_enclose_the_events(parts, drawn, cutoff, shape):
    """Limits lie on either side of the events, and none is more than all events."""
    exposure, events = np.array(parts, dtype=float).T
    lower, central, upper = sorted(drawn)
    found = attributable_events(exposure, events, (central, lower, upper), 10, cutoff, shape)
    assert (found.lower <= found.value).all()
    assert (found.value <= found.upper).all()
    assert (found.upper <= events).all()


def test_missing_stays_missing():
    """Without an exposure or a count there is no result; no events have none attributed."""
    found = attributable_events([nan, 8, 8], [100, nan, 0], (1.08, 1.06, 1.09), 10, 0)
    np.testing.assert_array_equal(found.value, [nan, nan, 0])
    assert np.isnan(relative_risk([nan], 1.08, 10, 5)).all()


def test_a_risk_below_1_prevents():
    """A lower limit of a risk below 1 leaves a negative lower limit of events, not 0."""
    found = attributable_events(10, 1000, (1.02, 0.98, 1.06), 10, 0)
    assert found.lower == pytest.approx(1000 * (1 - 1 / 0.98))
    assert found.lower < 0 < found.value


def test_one_risk_has_no_limits():
    """Without limits of the risk there are none of the events: missing, not of no width."""
    found = attributable_events([8, 9], [100, 200], 1.08, 10, 0)
    assert (found.value > 0).all()
    assert np.isnan([found.lower, found.upper]).all()


def test_no_cutoff_is_0():
    """Where none is given, all of the exposure counts."""
    sound = attributable_events(10, 100, (1.08, 1.06, 1.09), 10, 0)
    assert attributable_events(10, 100, (1.08, 1.06, 1.09), 10, None) == sound
    assert attributable_events(10, 100, (1.08, 1.06, 1.09), 10) == sound


def test_a_floor_of_applicability_is_not_a_cutoff():
    """Below the floor nothing is attributed; from it on, all that is above the cutoff."""
    found = attributable_fraction([4, 9.9, 10, 20], 1.5, 10, 0, applicable_from=10).value
    np.testing.assert_allclose(found, [0, 0, 1 - 1 / 1.5, 1 - 1 / 1.5**2])


# --- Functions of the literature ---


def test_several_functions_are_told_side_by_side():
    """Each function has its own answer to the same events, under its own cutoff."""
    functions = [concentration_response(name) for name in ("comeap2022_pm25", "eea_pm25")]
    found = side_by_side(functions, Exposure("pm25", [4, 15]), [1000, 1000])
    assert list(found) == ["comeap2022_pm25", "eea_pm25"]
    np.testing.assert_allclose(
        found["comeap2022_pm25"].value, 1000 * (1 - 1.08 ** -np.array([0.4, 1.5]))
    )
    np.testing.assert_allclose(found["eea_pm25"].value, [0, 1000 * (1 - 1 / 1.08)])


def test_table_of_points_by_hand():
    """Between risks of 1 and 2 lies 1.5, whose fraction is a third; below the cutoff it is 0."""
    risk = Estimate(*np.array([[1, 2, 3], [1, 1, 1], [1, 4, 5]], dtype=float))
    table = TabulatedResponse("pm25", np.array([0.0, 10, 20]), risk)
    found = tabulated_fraction(table, Exposure("pm25", [5, 10, 20, nan]))
    np.testing.assert_allclose(found.value, [1 / 3, 1 / 2, 2 / 3, nan])
    np.testing.assert_allclose(found.lower, [0, 0, 0, nan])
    np.testing.assert_allclose(found.upper, [0.6, 0.75, 0.8, nan])
    above_10 = tabulated_fraction(table, Exposure("pm25", [5, 20]), cutoff=10)
    np.testing.assert_allclose(above_10.value, [0, 1 - 2 / 3])


def test_greenspace_by_hand():
    """From 0.3 to 0.5 of NDVI leaves 0.96**2 of the deaths; beyond the target nothing changes."""
    found = prevented_by_target(NDVI, Exposure("ndvi", [0.3, 0.5, 0.7, -0.1, nan]), 0.5, [100] * 5)
    left = [0.96**2, 1, 1, 0.96**6, nan]
    np.testing.assert_allclose(found.value, 100 * (1 - np.array(left)), atol=1e-12)
    np.testing.assert_allclose(found.lower[0], 100 * (1 - 0.97**2))
    np.testing.assert_allclose(found.upper[0], 100 * (1 - 0.94**2))


def test_a_target_for_each_area():
    """Each area may have a target of its own; one below what is observed prevents exactly 0."""
    found = prevented_by_target(NDVI, Exposure("ndvi", [0.3, 0.3]), [0.4, 0.2], [100, 100])
    assert found.value[0] == pytest.approx(4)
    np.testing.assert_array_equal(np.stack(found)[:, 1], 0)


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), min_size=2, max_size=2))
def test_a_higher_target_prevents_no_less(observed, targets):
    """Value and limits rise with the target, and the limits hold the value."""
    low, high = (
        prevented_by_target(NDVI, Exposure("ndvi", [observed]), target, [100.0])
        for target in sorted(targets)
    )
    for one, other in zip(low, high, strict=True):
        assert 0 <= one[0] <= other[0] < 100
    assert high.lower[0] <= high.value[0] <= high.upper[0]


# --- Distributions, scenarios and overlaps ---


def test_distribution_by_hand():
    """Half at a risk of 1 and half at 2 have a third of their events from the exposure."""
    found = population_attributable_fraction([5, 15], [0.5, 0.5], (2, 1, 4), 10, 5)
    np.testing.assert_allclose(found, [1 / 3, 0, 0.6])


@given(exposures, st.lists(st.floats(0.01, 1), min_size=1, max_size=8), risks, cutoffs, shapes)
def test_equal_exposure_is_no_distribution(exposure, parts, rr, cutoff, shape):
    """Classes of one exposure have the fraction of that exposure, whatever their shares."""
    shares = np.array(parts) / sum(parts)
    found = population_attributable_fraction([exposure] * len(parts), shares, rr, 10, cutoff, shape)
    one = attributable_fraction(exposure, rr, 10, cutoff, shape)
    assert found.value == pytest.approx(one.value, abs=1e-12)


def test_scenarios_by_hand():
    """From a risk of 4 to one of 2: a quarter of the events as a difference, half as a ratio."""
    given_ = (20, 10, 100, (2, 1.5, 3), 10, 0)
    np.testing.assert_allclose(
        scenario_difference(*given_, method="delta"), [25, 100 * (1 / 3 - 1 / 9), 25]
    )
    np.testing.assert_allclose(
        scenario_difference(*given_, method="pif"), [50, 100 / 3, 100 * 2 / 3]
    )


def test_a_floor_of_applicability_counts_before_and_after_a_change():
    """Below a floor of 6 the risk is 1: a fall from 10 to 5 ends at no risk, one to 7 does not."""
    given_ = ([10.0, 10.0, 5.0], [5.0, 7.0, 4.0], [100.0] * 3, 2, 10)
    found = scenario_difference(*given_, method="pif", applicable_from=6).value
    np.testing.assert_allclose(found, [50, 100 * (1 - 2**-0.3), 0])


methods = st.sampled_from(["delta", "pif"])


@given(exposures, exposures, risks, cutoffs, shapes, methods)
def test_less_exposure_never_causes_events(one, other, rr, cutoff, shape, method):
    """Neither method is negative where exposure falls, nor positive where it rises."""
    more, less = max(one, other), min(one, other)
    given_ = (100, rr, 10, cutoff, shape)
    fall = scenario_difference(more, less, *given_, method=method).value
    rise = scenario_difference(less, more, *given_, method=method).value
    assert rise <= 1e-12
    assert -1e-12 <= fall <= 100


@given(exposures, exposures, risks, cutoffs, methods)
def test_below_the_cutoff_nothing_changes(one, other, rr, cutoff, method):
    """A change between two exposures at or below the cutoff has no events, whatever its sign."""
    below = np.minimum([one, other], cutoff)
    found = scenario_difference(*below, 100, (rr, rr, 2), 10, cutoff, method=method)
    np.testing.assert_array_equal(found, 0)


@given(exposures, risks, cutoffs, shapes, methods)
def test_a_change_to_the_cutoff_prevents_what_is_attributed(exposure, rr, cutoff, shape, method):
    """Both methods give the attributable events where the changed exposure is at the cutoff."""
    given_ = (100, rr, 10, cutoff, shape)
    found = scenario_difference(exposure, cutoff, *given_, method=method).value
    whole = attributable_events(exposure, *given_).value
    assert found == pytest.approx(whole, abs=1e-9)


@given(exposures, exposures, risks, cutoffs, shapes)
def test_the_two_methods_differ_by_the_risk(one, other, rr, cutoff, shape):
    """The ratio is the difference times the risk after the change, for each pair of exposures."""
    given_ = (one, other, 1, rr, 10, cutoff, shape)
    delta = scenario_difference(*given_, method="delta").value
    pif = scenario_difference(*given_, method="pif").value
    assert pif == pytest.approx(delta * relative_risk(other, rr, 10, cutoff, shape), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_overlaps_count_no_event_twice(parts):
    """Together, exposures have at least what the largest has and no more than the sum, or all."""
    found = combined_fraction(parts, "multiplicative")
    assert max(parts) - 1e-12 <= found <= min(sum(parts), 1) + 1e-12


# --- Years of life ---


def test_years_of_life_lost_by_hand():
    """3 deaths with 20 years to live and 2 with 5 cost 70 years, in each area and limit."""
    deaths = Estimate(*(np.array([[3.0, 2], [0, 1]]) * part for part in (1, 0.5, 2)))
    found = years_of_life_lost(deaths, [20, 5])
    np.testing.assert_allclose(found, [[70, 5], [35, 2.5], [140, 10]])


def test_remaining_years_in_the_middle_of_bands():
    """Half way between 20 and 12 years are 16; the open band keeps its own."""
    np.testing.assert_array_equal(remaining_in_bands([20, 12, 4]), [16, 8, 4])


# --- What is refused ---


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"exposure": [8, -1]}, "exposure, item 1"),
        ({"events": [100, -5]}, "events, item 1"),
        ({"rr": (0, 0, 1.1)}, "rr: expected a finite number above 0"),
        ({"rr": (1.08, 1.09, 1.06)}, "rr: expected one relative risk, or central"),
        ({"rr": (nan, 1.06, 1.09)}, "rr: expected one relative risk, or central"),
        ({"increment": 0}, "increment"),
        ({"cutoff": -1}, "cutoff"),
        ({"cutoff": nan}, "cutoff"),
    ],
)
def test_numbers_out_of_range_are_refused(given_, message):
    """Bad numbers stop, and the message names them."""
    sound = {
        "exposure": [8, 9],
        "events": [100, 100],
        "rr": (1.08, 1.06, 1.09),
        "increment": 10,
        "cutoff": 0,
    }
    with pytest.raises(SchemaError, match=message):
        attributable_events(**{**sound, **given_})


def test_arrays_that_do_not_fit_are_refused():
    """Exposures and events of different areas stop."""
    with pytest.raises(AlignmentError, match=r"exposure \(2,\), events \(3,\)"):
        attributable_events([8, 9], [1, 2, 3], (1.08, 1.06, 1.09), 10, 0)


def test_unknown_methods_are_refused():
    """Neither a difference nor an overlap has a method that is taken unasked."""
    with pytest.raises(ConfigError, match="unknown difference 'sum'; known are delta, pif"):
        scenario_difference(10, 8, 100, 1.08, 10, method="sum")
    with pytest.raises(ConfigError, match="unknown overlap 'sum'; known are multiplicative"):
        combined_fraction([0.1, 0.2], "sum")


@pytest.mark.parametrize(
    "functions",
    [
        (),
        (D01, NO2),
        (MUTUALLY_ADJUSTED[0], NO2),
        MUTUALLY_ADJUSTED[:1],
        (MUTUALLY_ADJUSTED[0], MUTUALLY_ADJUSTED[0]),
    ],
    ids=["none", "unadjusted", "one adjusted", "too few", "one twice"],
)
def test_unadjusted_functions_are_not_added(functions):
    """Fractions are added for functions that are each adjusted for the other, and no others."""
    with pytest.raises(ConfigError, match="additive: expected functions that are each adjusted"):
        combined_fraction([0.1, 0.2], "additive", functions)


def test_more_than_everything_is_refused():
    """Neither one fraction nor a sum of them is more than all events."""
    with pytest.raises(SchemaError, match=r"at most 1, found 1\.2"):
        combined_fraction([0.6, 0.6], "additive", MUTUALLY_ADJUSTED)
    with pytest.raises(SchemaError, match=r"at most 1, found 1\.5"):
        combined_fraction([1.5, 0.6], "multiplicative")


def test_fractions_of_different_areas_are_refused():
    """Fractions of two areas and of three are not combined."""
    with pytest.raises(AlignmentError, match=r"\(2,\), \(3,\)"):
        combined_fraction([[0.1, 0.2], [0.1, 0.2, 0.3]], "multiplicative")


def test_shares_of_some_people_only_are_refused():
    """A distribution that leaves people out has no fraction."""
    with pytest.raises(SchemaError, match="shares: expected shares of all people"):
        population_attributable_fraction([5, 10], [0.3, 0.3], 1.08, 10)


@pytest.mark.parametrize(
    ("function", "kind"),
    [(NDVI, "greenspace_pct"), (NDVI, "distance_m"), (D01, "pm25_anthropogenic"), (D01, "no2")],
)
def test_another_exposure_is_refused(function, kind):
    """A risk is used for no exposure that it was not estimated for."""
    exposure = Exposure(kind, [0.3])
    with pytest.raises(SchemaError, match=f"was estimated for {function.exposure}, found {kind}"):
        attributed(function, exposure, [100])
    with pytest.raises(SchemaError, match=f"was estimated for {function.exposure}, found {kind}"):
        prevented_by_target(function, exposure, 0.5, [100])


def test_a_harmful_exposure_has_no_target_to_rise_to():
    """More PM2.5 prevents nothing."""
    with pytest.raises(SchemaError, match="expected a log_linear function that protects"):
        prevented_by_target(D01, Exposure("pm25", [5]), 10, [100])


def test_without_a_counterfactual_nothing_is_attributed():
    """A function without a cutoff is read, and refused where one is needed."""
    assert NDVI.cutoff is None
    with pytest.raises(SchemaError, match="cutoff: rojas_rueda2019_ndvi has no exposure at or"):
        attributed(NDVI, Exposure("ndvi", [0.3]), [100])


def test_years_of_other_bands_are_refused():
    """Deaths in three bands and years in two do not fit."""
    deaths = Estimate(*np.ones((3, 3)))
    with pytest.raises(AlignmentError, match=r"deaths \(3,\) and years \(2,\)"):
        years_of_life_lost(deaths, [20, 5])
