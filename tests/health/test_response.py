from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.health.healthiar import function_of, one_row, to_the_digits

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.rates import Estimate
from healthycities.health.response import (
    SHAPES,
    Exposure,
    TabulatedResponse,
    concentration_response,
    of_shortfall,
    relative_risk,
    risks_of,
)
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS

D01 = concentration_response("comeap2022_pm25")
FUNCTIONS = [row["crf_id"] for row in rows("health/data/concentration_response.csv")]
nan = math.nan

shapes = st.sampled_from(sorted(SHAPES))
risks = st.floats(1, 2)
increments = st.floats(5, 50)
cutoffs = st.floats(0, 40)


@pytest.mark.parametrize("row", one_row("rr_at_exp"), ids=lambda row: row["case"])
def test_risks_as_published(row):
    """The risk at an exposure is that of healthiar."""
    assert relative_risk(float(row["exposure"]), *function_of(row)) == to_the_digits(row)


@given(risks, increments, cutoffs, shapes)
def test_risk_after_one_increment(rr, increment, cutoff, shape):
    """One increment above the cutoff the risk is the one given, whatever the shape."""
    assert relative_risk(cutoff + increment, rr, increment, cutoff, shape) == pytest.approx(rr)


@given(st.floats(0, 50), st.floats(0, 50), risks, shapes)
def test_a_floor_only_takes_away(exposure, floor, rr, shape):
    """A floor of applicability leaves the risk as it is, or makes it 1 below the floor."""
    found = relative_risk(exposure, rr, 10, 0, shape, applicable_from=floor)
    whole = relative_risk(exposure, rr, 10, 0, shape)
    assert found == (1 if exposure < floor else whole)


def test_one_risk_or_three():
    """A risk alone has no limits; three are central, lower and upper."""
    assert risks_of(1.08)[0] == 1.08
    assert np.isnan(risks_of(1.08)[1:]).all()
    assert np.isnan(risks_of(np.array([1.08]))[1:]).all()
    assert risks_of((1.08, 1.06, 1.09)) == (1.08, 1.06, 1.09)
    assert risks_of(np.array([1.08, 1.06, 1.09])) == (1.08, 1.06, 1.09)


# --- The file ---


@pytest.mark.parametrize("crf_id", FUNCTIONS)
def test_functions_of_the_file_are_sound(crf_id):
    """Every function has a known shape, limits about its risk, and a source with its standing."""
    function = concentration_response(crf_id)
    assert function.shape in SHAPES
    assert 0 < function.rr_lower < function.rr < function.rr_upper
    assert function.increment > 0
    assert 1990 < function.year < 2100
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
    with pytest.raises(ConfigError, match=r"'comeap'; known are .*comeap2022_pm25, eea_pm25"):
        concentration_response("comeap")


# --- What is refused ---


def test_unknown_shape_is_refused():
    """A shape that is not known stops and lists those that are."""
    with pytest.raises(ConfigError, match="'cubic'; known are log_linear, linear"):
        relative_risk([8], 1.08, 10, 0, "cubic")


def test_a_line_that_falls_to_no_risk_is_refused():
    """A protective straight line cannot be carried on to a risk of 0."""
    with pytest.raises(SchemaError, match="falls to 0 or less"):
        relative_risk([10, 50], 0.5, 10, 0, "linear")


@pytest.mark.parametrize("rr", [(1.08, 1.06), (), (1, 2, 3, 4)])
def test_other_numbers_of_limits_are_refused(rr):
    """A risk has both limits or none."""
    with pytest.raises(SchemaError, match="rr: expected one relative risk, or central, lower"):
        risks_of(rr)


def test_exposures_that_cannot_be_are_refused():
    """A concentration is not below 0, nor an index beyond 1; water has an index below 0."""
    with pytest.raises(SchemaError, match="pm25, item 1: expected finite numbers of 0 or more"):
        Exposure("pm25", [5, -1])
    with pytest.raises(SchemaError, match="ndvi: expected an index from -1 to 1"):
        Exposure("ndvi", [0.3, 1.2])
    assert Exposure("ndvi", [-0.2, nan]).values[0] == -0.2


ones = np.ones(3)


@pytest.mark.parametrize(
    ("points", "risk", "error", "message"),
    [
        ([0, 5], (ones, ones, ones), AlignmentError, "expected a risk at each of two or more"),
        ([0, 5, 5], (ones, ones, ones), SchemaError, "exposures that rise"),
        ([0, 5, 9], (ones, 2 * ones, 3 * ones), SchemaError, "within their limits"),
        ([0, 5, 9], (ones, 0 * ones, ones), SchemaError, "above 0"),
    ],
)
def test_tables_that_are_not_sound_are_refused(points, risk, error, message):
    """Points rise, and each has a risk within its limits."""
    with pytest.raises(error, match=message):
        TabulatedResponse("pm25", np.array(points), Estimate(*risk))


def test_beyond_the_points_the_risk_is_not_known():
    """Neither an exposure nor a cutoff beyond the points is given a risk, nor another kind."""
    table = TabulatedResponse("pm25", np.array([2, 5, 9]), Estimate(ones, ones, ones))
    with pytest.raises(SchemaError, match="the table runs from 2 to 9, found 5 to 10"):
        table.relative_risk(Exposure("pm25", [6, 10]), 5)
    with pytest.raises(SchemaError, match="the table runs from 2 to 9, found 0 to 6"):
        table.relative_risk(Exposure("pm25", [6]), 0)
    with pytest.raises(SchemaError, match="was estimated for pm25, found no2"):
        table.relative_risk(Exposure("no2", [6]), 5)


# --- Protective exposures ---


def test_a_shortfall_is_a_kind_of_its_own():
    """What lacks to 0.5 is 0.2, nothing or not known; a function of NDVI does not take it."""
    ndvi = concentration_response("rojas_rueda2019_ndvi")
    lack = Exposure("ndvi", np.array([0.3, 0.7, math.nan])).shortfall(0.5)
    np.testing.assert_allclose(lack.values, [0.2, 0, math.nan])
    with pytest.raises(SchemaError, match="was estimated for ndvi, found ndvi_shortfall"):
        ndvi.values_of(lack)
    np.testing.assert_array_equal(of_shortfall(ndvi).values_of(lack), lack.values)


def test_a_target_that_cannot_be_is_refused():
    """No NDVI is above 1."""
    with pytest.raises(SchemaError, match="ndvi: expected an index from -1 to 1"):
        Exposure("ndvi", np.array([0.3])).shortfall(1.5)


def test_a_lack_harms_as_much_as_the_exposure_protects():
    """To lack 0.1 has a risk of 1/0.96, with the limits turned round, and to lack nothing 1."""
    found = of_shortfall(concentration_response("rojas_rueda2019_ndvi"))
    assert found.risk == pytest.approx((1 / 0.96, 1 / 0.97, 1 / 0.94))
    assert (found.counterfactual, found.increment, found.buffer_m) == (0, 0.1, 500)
    with pytest.raises(SchemaError, match="a log_linear function that protects, found comeap2022"):
        of_shortfall(concentration_response("comeap2022_pm25"))
