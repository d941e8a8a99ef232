from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from healthycities.geography.levels import Level
from healthycities.metrics.social_gradient import (
    TOO_FEW,
    SmallAreas,
    covered,
    gradient,
    gradient_notes,
)
from healthycities.spatial.weights import Weights


def one_area(n):
    """Return a level of one area of n small areas."""
    weights = Weights(csr_array(np.ones((1, n))), ["A"], [f"s{i}" for i in range(n)], np.ones(1))
    return Level("authority", np.array(["A"], dtype=object), weights)


def small(values, people=None):
    """Return small areas, the most deprived first."""
    n = len(values)
    each = np.full(n, 10.0) if people is None else np.asarray(people, dtype=float)
    return SmallAreas(each, np.asarray(values, dtype=float), np.ones(n), np.arange(1.0, n + 1))


RISING = 10 + np.arange(10) + 0.5


def test_more_for_the_least_deprived_by_hand():
    """From 10 at the most deprived end to 20: what is better when higher has a gap and slope up.

    Fifths have 11 and 19; the ratio of the ends is 2; the less deprived have more.
    """
    found = gradient(one_area(10), small(RISING), multiplier=1)
    assert found.gap == pytest.approx(8)
    assert found.slope == pytest.approx(10)
    assert found.ratio == pytest.approx(2)
    assert found.concentration > 0
    assert not found.too_few.any()


def test_the_sign_is_that_of_who_is_worse_off():
    """Values of something harmful turn gap, slope and ratio over; the index keeps its own sign."""
    good, bad = (gradient(one_area(10), small(RISING), multiplier=k) for k in (1, -1))
    assert bad.gap == -good.gap
    assert bad.slope == -good.slope
    assert bad.ratio == pytest.approx(1 / good.ratio)
    assert bad.concentration == good.concentration


def test_shares_have_a_line_through_their_logits():
    """Logits from -1 to 1 along the tenths: shares of the ends, in percentage points."""
    logits = 2 * (np.arange(10) + 0.5) / 10 - 1
    shares = 1 / (1 + np.exp(-logits))
    found = gradient(one_area(10), small(shares), multiplier=100, transform="logit")
    high, low = 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))
    assert found.slope == pytest.approx(100 * (high - low))
    assert found.ratio == pytest.approx(high / low)
    assert found.gap == pytest.approx(100 * (shares[8:].mean() - shares[:2].mean()))


def test_a_share_of_nobody_has_no_logit_but_a_gap():
    """With nobody within in one tenth, slope and ratio are missing, gap and index are not."""
    shares = [0.0, *np.linspace(0.2, 0.8, 9)]
    found = gradient(one_area(10), small(shares), multiplier=100, transform="logit")
    assert np.isnan([found.slope, found.ratio]).all()
    assert found.gap == pytest.approx(100 * (0.7625 - 0.1))
    assert np.isfinite(found.concentration).all()
    assert not found.too_few.any()


def test_a_line_that_falls_below_0_has_no_ratio():
    """All of it in the last tenth: the line starts below 0, so that a ratio would say nothing."""
    found = gradient(one_area(10), small([0.0] * 9 + [10.0]), multiplier=1)
    assert found.slope > 0
    assert np.isnan(found.ratio).all()


def test_a_tenth_without_anybody_known_has_no_indices():
    """Nine small areas with a value leave a tenth without any."""
    found = gradient(one_area(10), small([np.nan, *RISING[1:]]), multiplier=1)
    assert found.too_few.all()
    assert np.isnan([found.slope, found.ratio, found.concentration]).all()


@given(st.lists(st.floats(0.5, 100), min_size=10, max_size=10), st.floats(0.1, 10))
def test_doubling_all_doubles_differences_and_no_ratio(values, factor):
    """Gap and slope go with the unit, ratio and concentration index do not."""
    one, other = (
        gradient(one_area(10), small(np.array(values) * k), multiplier=1) for k in (1, factor)
    )
    largest = max(values) * factor
    np.testing.assert_allclose(other.gap, factor * one.gap, rtol=1e-9, atol=1e-9 * largest)
    np.testing.assert_allclose(other.slope, factor * one.slope, rtol=1e-9, atol=1e-9 * largest)
    np.testing.assert_allclose(other.concentration, one.concentration, rtol=1e-9, atol=1e-12)


def test_what_is_known_of_whom():
    """Of 100 people 10 have no value, and a half-known small area counts by half."""
    areas = small([np.nan, *RISING[1:]])._replace(covered_share=np.array([1.0] * 9 + [0.5]))
    assert covered(one_area(10), areas) == pytest.approx(0.85)


def test_notes_say_why_there_is_no_number():
    """A null where data are known has its reason, one without data has that, a number neither."""
    value, share = np.array([np.nan, np.nan, 1.0]), np.array([1.0, 0.0, 1.0])
    found = gradient_notes(value, share, TOO_FEW, "people of 2022")
    assert found.tolist() == [f"people of 2022; {TOO_FEW}", "people of 2022; no data",
                              "people of 2022"]  # fmt: skip
    apart = gradient_notes(value, share, np.array(["one", "two", "three"], dtype=object), None)
    assert apart.tolist() == ["one", "no data", None]
