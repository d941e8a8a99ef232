from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from healthycities.errors import AlignmentError, SchemaError
from healthycities.health.agreement import Agreement, agreement


def of_one_group(measured: list[float], modelled: list[float], **said: float) -> Agreement:
    """Compare sensors of one group."""
    return agreement(measured, modelled, np.zeros(len(measured), np.int64), 1, **said)


def test_three_sensors_worked_by_hand():
    """Differences of 1, 2 and 6: mean 3, s = √7, t = 4.303 at 2 degrees, root of 41/3."""
    found = of_one_group([11.0, 12, 16], [10.0, 10, 10])
    half = 4.302653 * math.sqrt(7) / math.sqrt(3)
    assert found.sensors[0] == 3
    assert found.bias.value[0] == 3
    assert found.bias.lower[0] == pytest.approx(3 - half, rel=1e-6)
    assert found.bias.upper[0] == pytest.approx(9.572, abs=5e-4)
    assert found.scatter[0] == pytest.approx(math.sqrt(7))
    assert found.root_mean_square[0] == pytest.approx(math.sqrt(41 / 3))
    assert found.squares[0] == 41
    # The means are 13 and 10: 3 over 11.5.
    assert found.fractional_bias[0] == pytest.approx(3 / 11.5)


def test_a_wider_confidence_gives_a_wider_interval():
    """At 99 % t is 9.925."""
    found = of_one_group([11.0, 12, 16], [10.0, 10, 10], confidence=0.99)
    assert found.bias.upper[0] == pytest.approx(3 + 9.924843 * math.sqrt(7 / 3), rel=1e-6)


def test_groups_do_not_touch_one_another():
    """Of three groups, one has two sensors, one has one and one has none."""
    found = agreement([12.0, 8, 5], [10.0, 9, 6], np.array([0, 1, 0]), 3)
    assert found.sensors.tolist() == [2, 1, 0]
    assert np.array_equal(found.bias.value, [0.5, -1, np.nan], equal_nan=True)
    assert np.array_equal(np.isnan(found.bias.lower), [False, True, True])
    assert np.array_equal(np.isnan(found.scatter), [False, True, True])
    assert np.array_equal(found.root_mean_square, [math.sqrt(2.5), 1, np.nan], equal_nan=True)


def test_no_sensor_and_nothing_in_the_air_have_no_value():
    """Means of 0 have no fractional bias; no sensor at all gives nothing but a count of 0."""
    assert math.isnan(of_one_group([0.0, 0.0], [0.0, 0.0]).fractional_bias[0])
    none = of_one_group([], [])
    assert none.sensors.tolist() == [0]
    assert all(np.isnan(one).all() for one in (*none.bias, none.scatter, none.root_mean_square))


UGM3 = st.floats(0, 1000)


@given(st.lists(st.tuples(UGM3, UGM3), min_size=2, max_size=20))
def test_the_interval_is_that_of_scipy_and_the_parts_fit(pairs: list[tuple[float, float]]):
    """Limits are those of scipy's t; the mean square is the squared bias and the spread around."""
    measured, modelled = np.array(pairs).T
    found = agreement(measured, modelled, np.zeros(len(pairs), np.int64), 1)
    difference, n = measured - modelled, len(pairs)
    spread = difference.std(ddof=1)
    half = stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n)
    assert found.bias.upper[0] - found.bias.value[0] == pytest.approx(half, abs=1e-6)
    mean_square = found.bias.value[0] ** 2 + spread**2 * (n - 1) / n
    assert found.root_mean_square[0] == pytest.approx(math.sqrt(mean_square), abs=1e-6)


@given(st.lists(st.tuples(UGM3, UGM3), min_size=1, max_size=20))
def test_exchanged_measured_and_modelled_change_the_sign(pairs: list[tuple[float, float]]):
    """Bias and fractional bias turn, which lies between -2 and 2; scatter and root stay."""
    measured, modelled = np.array(pairs).T
    group = np.zeros(len(pairs), np.int64)
    one, other = agreement(measured, modelled, group, 1), agreement(modelled, measured, group, 1)
    assert one.bias.value[0] == -other.bias.value[0]
    assert np.array_equal(one.scatter, other.scatter, equal_nan=True)
    assert np.array_equal(one.fractional_bias, -other.fractional_bias, equal_nan=True)
    assert not abs(one.fractional_bias[0]) > 2 + 1e-9


def test_what_cannot_be_is_refused():
    """Concentrations below 0, arrays that differ in number, and a confidence of 95."""
    with pytest.raises(SchemaError, match="0 or more, found -1"):
        of_one_group([-1.0], [1.0])
    with pytest.raises(AlignmentError, match="one shape"):
        of_one_group([1.0, 2.0], [1.0])
    with pytest.raises(SchemaError, match="share between 0 and 1"):
        of_one_group([1.0, 2.0], [1.0, 2.0], confidence=95)
