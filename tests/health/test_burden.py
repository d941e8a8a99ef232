from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.health.published import cases

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.burden import (
    SHAPES,
    attributable_events,
    attributable_fraction,
    concentration_response,
    relative_risk,
)
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS

D01 = concentration_response("comeap2022_pm25")
FUNCTIONS = [row["crf_id"] for row in rows("health/data/concentration_response.csv")]
nan = math.nan

exposures = st.floats(0, 200)
shapes = st.sampled_from(sorted(SHAPES))
risks = st.floats(1, 2)
increments = st.floats(5, 50)
cutoffs = st.floats(0, 40)


# --- Published figures ---


def one_row(quantity: str) -> list[dict[str, str]]:
    """Return the published cases of one exposure."""
    return [
        row
        for row in cases("healthiar.csv")
        if row["quantity"] == quantity and " and " not in row["rr"]
    ]


def function_of(row: dict[str, str]) -> tuple[float, float, float, str]:
    """Return relative risk, increment, cutoff and shape of a published case."""
    rr, increment, cutoff = (float(row[name]) for name in ("rr", "rr_increment", "cutoff"))
    return rr, increment, cutoff, row["erf_shape"]


def to_the_digits(row: dict[str, str]) -> object:
    """Return a published figure, equal to what rounds to it, or is it to nine digits."""
    decimals = row["expected_decimals"]
    half = 0.500001 * 10 ** -int(decimals) if decimals else 1e-9
    return pytest.approx(float(row["expected"]), abs=half, rel=0)


@pytest.mark.parametrize("row", one_row("rr_at_exp"), ids=lambda row: row["case"])
def test_risks_as_published(row):
    """The risk at an exposure is that of healthiar."""
    assert relative_risk(float(row["exposure"]), *function_of(row)) == to_the_digits(row)


@pytest.mark.parametrize("row", one_row("paf"), ids=lambda row: row["case"])
def test_fractions_as_published(row):
    """The attributable fraction is that of AirQ+."""
    assert attributable_fraction(float(row["exposure"]), *function_of(row)) == to_the_digits(row)


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


def test_two_exposures_as_published():
    """Fractions of two exposures add up to 81 in 1,000, or multiply to 79, as in healthiar."""
    first, second = (
        attributable_fraction(8.1, 1.063, 10, 0),
        attributable_fraction(10.9, 1.031, 10, 0),
    )
    assert round(1000 * float(first + second)) == 81
    assert round(1000 * float(1 - (1 - first) * (1 - second))) == 79


def test_fraction_of_deaths_in_england():
    """England's 5.5 % of 2021 (Fingertips 93861) is that of 7.351 µg/m³ of PM2.5."""
    found = attributable_fraction(7.351, D01.rr, D01.increment, D01.cutoff, D01.shape)
    assert round(100 * float(found), 2) == 5.50
    assert found == pytest.approx(1 - 1.08 ** (-7.351 / 10))


# --- Laws ---


@given(st.lists(exposures, min_size=1), risks, increments, cutoffs, shapes)
def test_fraction_is_a_share(exposure, rr, increment, cutoff, shape):
    """The fraction lies between 0 and 1, is 0 at or below the cutoff, and is never 1."""
    found = attributable_fraction(exposure, rr, increment, cutoff, shape)
    assert ((found >= 0) & (found < 1)).all()
    assert (found[np.array(exposure) <= cutoff] == 0).all()


@given(st.lists(exposures, min_size=2), risks, increments, cutoffs, shapes)
def test_fraction_rises_with_exposure(exposure, rr, increment, cutoff, shape):
    """More exposure never means a smaller fraction."""
    found = attributable_fraction(sorted(exposure), rr, increment, cutoff, shape)
    assert (np.diff(found) >= -1e-15).all()


@given(risks, increments, cutoffs, shapes)
def test_risk_after_one_increment(rr, increment, cutoff, shape):
    """One increment above the cutoff the risk is the one given, whatever the shape."""
    assert relative_risk(cutoff + increment, rr, increment, cutoff, shape) == pytest.approx(rr)


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


# --- The file ---


@pytest.mark.parametrize("crf_id", FUNCTIONS)
def test_functions_of_the_file_are_sound(crf_id):
    """Every function has a known shape, limits about its risk, and a source with its standing."""
    function = concentration_response(crf_id)
    assert function.shape in SHAPES
    assert 0 < function.rr_lower < function.rr < function.rr_upper
    assert function.increment > 0
    assert function.source
    assert function.standing
    if function.exposure in POLLUTANTS:
        assert function.increment_unit == "ug/m3"


def test_function_of_the_fingertips_indicator():
    """Fingertips 93861: 1.08 (1.06 to 1.09) per 10 µg/m³ of all PM2.5 from 0 on, at 30 and over."""
    assert (D01.rr, D01.rr_lower, D01.rr_upper) == (1.08, 1.06, 1.09)
    assert (D01.exposure, D01.ages, D01.increment, D01.cutoff) == ("pm25", "30+", 10, 0)


def test_function_cannot_be_altered():
    """A function that was read stays as it was read."""
    with pytest.raises(FrozenInstanceError):
        D01.rr = 2


def test_unknown_function_lists_those_that_are_known():
    """A name in no row of the file stops and lists the names."""
    with pytest.raises(ConfigError, match=r"'comeap'; known are .*comeap2022_pm25, hrapie2013"):
        concentration_response("comeap")


# --- What is refused ---


def test_without_a_cutoff_nothing_is_attributed():
    """A function without a cutoff is read, and refused where one is needed."""
    ndvi = concentration_response("rojas_rueda2019_ndvi")
    assert ndvi.cutoff is None
    with pytest.raises(SchemaError, match=r"cutoff: .* nothing is attributed, found None"):
        attributable_fraction(0.3, ndvi.rr, ndvi.increment, ndvi.cutoff)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"exposure": [8, -1]}, "exposure, item 1"),
        ({"events": [100, -5]}, "events, item 1"),
        ({"rr": (0, 0, 1.1)}, "rr: expected a finite number above 0"),
        ({"rr": (1.08, 1.09, 1.06)}, "rr: expected central, lower and upper"),
        ({"rr": (nan, 1.06, 1.09)}, "rr: expected central, lower and upper"),
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


def test_unknown_shape_is_refused():
    """A shape that is not known stops and lists those that are."""
    with pytest.raises(ConfigError, match="'cubic'; known are log_linear, linear"):
        relative_risk([8], 1.08, 10, 0, "cubic")


def test_a_line_that_falls_to_no_risk_is_refused():
    """A protective straight line cannot be carried on to a risk of 0."""
    with pytest.raises(SchemaError, match="falls to 0 or less"):
        relative_risk([10, 50], 0.5, 10, 0, "linear")
