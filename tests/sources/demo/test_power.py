from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from healthycities.sources.demo import power

SQUARE = shapely.box(0, 0, 1, 1)


def test_two_centres_share_a_square_by_a_line_found_by_hand():
    """For centres at x = 0.25 and 0.75, areas 0.3 and 0.7 need the line x = 0.3.

    There (x - 0.25)^2 - w1 = (x - 0.75)^2 - w2, so w1 - w2 = 0.0025 - 0.2025 = -0.2.
    """
    centres = np.array([[0.25, 0.5], [0.75, 0.5]])
    weights = power.capacity_weights(centres, SQUARE, np.array([0.3, 0.7]), 1e-9)
    assert weights[0] - weights[1] == pytest.approx(-0.2, abs=1e-9)
    points = np.array([[0.299, 0.1], [0.301, 0.1]])
    assert power.owners(points, centres, weights).tolist() == [0, 1]


def test_owners_are_the_nearest_by_power_distance():
    """The tree with one more axis finds the same cells as the definition."""
    rng = np.random.default_rng(1)
    centres, weights = rng.uniform(size=(20, 2)), rng.uniform(-0.02, 0.02, 20)
    points = rng.uniform(size=(500, 2))
    distance = ((points[:, None] - centres) ** 2).sum(axis=2) - weights
    assert (power.owners(points, centres, weights) == distance.argmin(axis=1)).all()


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_any_positive_areas_are_met(seed: int, count: int):
    """Random centres get random areas, counted over a fine lattice of points."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0.05, 0.95, (count, 2))
    targets = rng.uniform(0.02, 1, count) ** 2
    targets /= targets.sum()
    weights = power.capacity_weights(centres, SQUARE, targets)
    lattice = (np.stack(np.meshgrid(*[np.arange(200)] * 2), axis=-1).reshape(-1, 2) + 0.5) / 200
    counted = np.bincount(power.owners(lattice, centres, weights), minlength=count) / 200**2
    assert counted == pytest.approx(targets, abs=0.005)
