from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.sources.demo import draws


def test_largest_remainders_by_hand():
    """By 1 : 2 : 4, seven seats fall as 1, 2, 4; an eighth goes to the largest remainder."""
    weights = np.array([[1.0, 2.0, 4.0]])
    assert draws.whole_shares(weights, np.array([7])).tolist() == [[1, 2, 4]]
    # 8/7 = 1.14, 16/7 = 2.29, 32/7 = 4.57: the third has the largest remainder.
    assert draws.whole_shares(weights, np.array([8])).tolist() == [[1, 2, 5]]


@given(st.integers(0, 1000), st.integers(1, 6))
def test_shares_keep_their_totals(seed: int, groups: int):
    """Whatever the weights, the parts are whole, not negative, and sum to the total."""
    rng = np.random.default_rng(seed)
    totals = rng.integers(0, 1000, groups)
    even = draws.whole_shares(rng.uniform(0.1, 1, (groups, 9)), totals)
    assert (even >= 0).all()
    assert (even.sum(axis=1) == totals).all()
    group = np.sort(np.concatenate([np.arange(groups), rng.integers(0, groups, 20)]))
    uneven = draws.whole_shares_within(rng.uniform(0.1, 1, len(group)), group, totals)
    assert (uneven >= 0).all()
    assert (np.bincount(group, uneven, groups) == totals).all()


def test_draws_for_one_purpose_do_not_depend_on_another():
    """The same seed and purpose give the same values; another purpose or seed gives others."""
    first = draws.generator(1, "air", 2023).normal(size=3)
    assert draws.generator(1, "air", 2023).normal(size=3) == pytest.approx(first, abs=0)
    assert draws.generator(1, "air", 2022).normal(size=3) != pytest.approx(first)
    assert draws.generator(2, "air", 2023).normal(size=3) != pytest.approx(first)
