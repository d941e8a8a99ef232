from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health import draws as module
from healthycities.health.burden import attributable_events, attributed
from healthycities.health.draws import (
    Cells,
    Drawn,
    Groups,
    Plan,
    cuts,
    drawn,
    interval,
    joined,
    log_risk_draws,
    poisson_quantiles,
)
from healthycities.health.rates import Estimate
from healthycities.health.response import Exposure, concentration_response
from healthycities.spatial.parallel import map_blocks

D01 = concentration_response("comeap2022_pm25")
SEED = 20_240
nan = math.nan
LEAST, MOST = 0.025, 0.975


def cells_of(n: int, **given_: object) -> Cells:
    """Return cells of n areas whose exposures and events differ."""
    parts = {
        "names": [f"E{i:08d} 2023" for i in range(n)],
        "places": [f"E{i:08d} 2023" for i in range(n)],
        "exposure": Exposure("pm25", 5 + np.arange(n) % 8),
        "events": 200.0 + 37 * np.arange(n),
    }
    return Cells(**{**parts, **given_})


def in_one(n: int) -> Groups:
    """Return the one group of all cells."""
    return Groups(np.zeros((1, n), dtype=int), 1)


def in_blocks(cells: Cells, plan: Plan, groups: Groups, n_blocks: int) -> Drawn:
    """Draw block by block."""
    return joined(
        drawn(cells.part(*cut), D01, plan, groups.part(*cut)) for cut in cuts(len(cells), n_blocks)
    )


def error_of(share: float, density: float, n: int) -> float:
    """Return the standard error of a quantile of n draws, where their density is known."""
    return math.sqrt(share * (1 - share) / n) / density


# --- The same whatever the blocks ---


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.sampled_from(["poisson", "normal", "fixed"]))
def test_blocks_do_not_change_a_bit(n, n_blocks, counts):
    """Cells and sums of one block are those of several, to the last bit."""
    cells = cells_of(n, exposure_se=0.5, events_se=10.0)
    groups = Groups(np.stack([np.arange(n) % 3, np.full(n, 3)]), 4)
    plan = Plan(SEED, 50, counts)
    whole, parts = drawn(cells, D01, plan, groups), in_blocks(cells, plan, groups, n_blocks)
    np.testing.assert_array_equal(parts.cells, whole.cells)
    np.testing.assert_array_equal(parts.sums.whole, whole.sums.whole)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_threads_do_not_change_a_bit(scheduler):
    """Blocks on the threads of the workflow give what one block gives."""
    cells, plan, groups = cells_of(40, exposure_se=0.5), Plan(SEED, 300), in_one(40)
    blocks = [(cells.part(*cut), groups.part(*cut)) for cut in cuts(40, 7)]
    found = joined(
        map_blocks(
            lambda block: drawn(block[0], D01, plan, block[1]),
            blocks,
            scheduler=scheduler,
            workers=3,
        )
    )
    whole = drawn(cells, D01, plan, groups)
    np.testing.assert_array_equal(found.cells, whole.cells)
    np.testing.assert_array_equal(found.sums.whole, whole.sums.whole)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(9)))
def test_order_does_not_change_a_bit(order):
    """Each cell has its own draws wherever it stands, and sums are the same in any order."""
    cells, plan = cells_of(9), Plan(SEED, 50)
    other = replace(
        cells,
        names=[cells.names[i] for i in order],
        places=[cells.places[i] for i in order],
        exposure=Exposure("pm25", cells.exposure.values[list(order)]),
        **{n: getattr(cells, n)[list(order)] for n in ("events", "exposure_se", "per_event")},
    )
    found, moved = (drawn(one, D01, plan, in_one(9)) for one in (cells, other))
    np.testing.assert_array_equal(np.array(moved.cells), np.array(found.cells)[:, list(order)])
    np.testing.assert_array_equal(moved.sums.whole, found.sums.whole)


def test_cells_at_once_do_not_matter(monkeypatch):
    """The cells that are drawn together are a matter of speed alone."""
    cells, plan = cells_of(21, exposure_se=1.0), Plan(SEED, 50)
    found = drawn(cells, D01, plan, in_one(21))
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 4)
    other = drawn(cells, D01, plan, in_one(21))
    np.testing.assert_array_equal(other.cells, found.cells)
    np.testing.assert_array_equal(other.sums.whole, found.sums.whole)


def test_another_seed_is_another_answer():
    """One seed gives one answer, and another seed another."""
    first, again, other = (drawn(cells_of(3), D01, Plan(seed, 200)).cells for seed in (1, 1, 2))
    np.testing.assert_array_equal(again, first)
    assert (other.lower != first.lower).all()
    np.testing.assert_array_equal(other.value, first.value)


# --- What is drawn, to its own error ---


def test_risk_alone_gives_the_events_at_its_limits():
    """With the risk alone drawn, limits are the events at the 2.5 and 97.5 % points of the risk."""
    plan = Plan(SEED, counts="fixed")
    cells = cells_of(5)
    spread = math.log(D01.rr_upper / D01.rr_lower) / (2 * norm.ppf(MOST))
    found = drawn(cells, D01, plan).cells
    np.testing.assert_array_equal(found.value, attributed(D01, cells.exposure, cells.events).value)
    error = error_of(LEAST, norm.pdf(norm.ppf(LEAST)), plan.n_draws) * spread
    for limit, share in ((found.lower, LEAST), (found.upper, MOST)):
        point = math.log(D01.rr) + spread * norm.ppf(share)
        reach = [math.exp(point + 4 * part * error) for part in (-1, 1)]
        low, high = (
            attributable_events(cells.exposure.values, cells.events, rr, 10, 0).value
            for rr in reach
        )
        assert ((low < limit) & (limit < high)).all()


def test_counts_alone_give_poisson_limits():
    """With counts alone drawn, limits are the fraction times those of the Poisson distribution."""
    plan = Plan(SEED, 40_000, risk=False)
    cells = cells_of(4, events=np.array([3.0, 40, 900, 20_000]))
    found = drawn(cells, D01, plan).cells
    fraction = found.value / cells.events
    for limit, share in ((found.lower, LEAST), (found.upper, MOST)):
        error = 4 * math.sqrt(share * (1 - share) / plan.n_draws)
        low, high = (poisson.ppf(share + part * error, cells.events) for part in (-1, 1))
        assert ((low - 1e-9 <= limit / fraction) & (limit / fraction <= high + 1e-9)).all()


def test_normal_counts_have_their_standard_errors():
    """Normal counts lie 1.96 standard errors about the events, and never below 0."""
    plan = Plan(SEED, counts="normal", risk=False)
    cells = cells_of(2, events=np.array([1000.0, 10]), events_se=np.array([50.0, 50]))
    found = drawn(cells, D01, plan).cells
    fraction = found.value / cells.events
    error = 4 * error_of(LEAST, norm.pdf(norm.ppf(LEAST)) / 50, plan.n_draws)
    assert found.lower[0] / fraction[0] == pytest.approx(1000 - 1.96 * 50, abs=error)
    assert (found.upper / fraction) == pytest.approx([1098, 108], abs=error)
    assert found.lower[1] == 0


def test_exposure_alone_gives_the_events_at_its_limits():
    """With the exposure alone drawn, limits are the events at its 2.5 and 97.5 % points."""
    plan = Plan(SEED, counts="fixed", risk=False)
    cells = cells_of(3, exposure_se=0.5)
    found = drawn(cells, D01, plan).cells
    error = 4 * error_of(LEAST, norm.pdf(norm.ppf(LEAST)) / 0.5, plan.n_draws)
    for limit, share in ((found.lower, LEAST), (found.upper, MOST)):
        point = cells.exposure.values + 0.5 * norm.ppf(share)
        low, high = (
            attributable_events(point + part * error, cells.events, D01.rr, 10, 0).value
            for part in (-1, 1)
        )
        assert ((low < limit) & (limit < high)).all()


@pytest.mark.parametrize("mean", [0.3, 1, 7.5, 60, 1234, 250_000])
def test_poisson_counts_are_those_of_scipy(mean):
    """The count of a share is the Poisson quantile of scipy, also far out in the tails."""
    shares = np.append(np.random.default_rng(SEED).random(2000), [1e-12, 1 - 1e-12])
    found, expected = poisson_quantiles(shares[np.newaxis], [mean])[0], poisson.ppf(shares, mean)
    # At the edge between two counts the last bits of their sums decide.
    assert (found == expected).mean() > 0.999
    assert (np.abs(found - expected) <= 1).all()


def test_poisson_counts_of_none():
    """A mean of 0 has no events, a missing one none that is known."""
    np.testing.assert_array_equal(
        poisson_quantiles([[0, 0.9], [0, 0.9]], [0, nan]), [[0, 0], [nan, nan]]
    )


# --- Sums within each draw ---


def width(found: Estimate) -> np.ndarray:
    """Return how far the limits are apart."""
    return found.upper - found.lower


def test_a_shared_risk_makes_sums_as_wide_as_their_parts():
    """With the risk alone drawn, limits of an authority are the sums of those of its districts."""
    plan = Plan(SEED, counts="fixed")
    found = drawn(cells_of(12), D01, plan, in_one(12))
    whole = found.sums.estimate(0.95)
    np.testing.assert_allclose(
        np.concatenate(whole), [part.sum() for part in found.cells], rtol=1e-9
    )


def test_counts_of_areas_are_independent():
    """With counts alone drawn, the width of a sum is the root of the sum of the squares."""
    plan = Plan(SEED, risk=False)
    found = drawn(cells_of(60), D01, plan, in_one(60))
    expected = math.sqrt((width(found.cells) ** 2).sum())
    assert width(found.sums.estimate(0.95))[0] == pytest.approx(expected, rel=0.06)
    assert expected < 0.2 * width(found.cells).sum()


def test_the_error_of_a_place_is_one():
    """Two sexes of one place share its error, so that their widths add up; two places do not."""
    plan = Plan(SEED, counts="fixed", risk=False)
    same = {"events": np.array([500.0, 500]), "exposure": Exposure("pm25", [8, 8])}
    for places, ratio in ((["a", "a"], 2.0), (["a", "b"], math.sqrt(2))):
        cells = cells_of(2, places=places, exposure_se=0.5, **same)
        found = drawn(cells, D01, plan, in_one(2))
        whole = width(found.sums.estimate(0.95))[0]
        assert whole / width(found.cells)[0] == pytest.approx(ratio, rel=0.05)


def test_sums_of_levels_by_hand():
    """Authorities and the whole are sums of their own cells, and a cell of none is in no sum."""
    groups = Groups(np.array([[0, 1, 0, -1], [2, 2, 2, 2]]), 3)
    found = drawn(cells_of(4), D01, Plan(SEED, 500), groups)
    one, two, three, four = found.cells.value
    expected = [one + three, two, one + two + three + four]
    whole = found.sums.estimate(0.95)
    np.testing.assert_allclose(whole.value, expected, atol=1e-8)
    np.testing.assert_allclose([p[1] for p in whole], [p[1] for p in found.cells], atol=1e-8)


def test_a_missing_part_leaves_the_sum_missing():
    """A cell without exposure or events has no value, nor has a sum that it is in."""
    events = np.array([100.0, nan, 100])
    cells = cells_of(3, exposure=Exposure("pm25", [8, 8, nan]), events=events)
    groups = Groups(np.array([[0, 0, 1], [2, -1, -1]]), 3)
    for n_blocks in (1, 3):
        found = in_blocks(cells, Plan(SEED, 50), groups, n_blocks)
        assert np.isnan(np.array(found.cells)).tolist() == [[False, True, True]] * 3
        assert np.isnan(found.sums.estimate(0.95)).tolist() == [[True, True, False]] * 3


def test_years_of_life_are_deaths_times_their_years():
    """Draws of years are those of deaths, times the years of each."""
    cells, plan = cells_of(4), Plan(SEED, 200)
    years = np.array([40.0, 20, 10, 5])
    deaths = drawn(cells, D01, plan).cells
    found = drawn(replace(cells, per_event=years), D01, plan).cells
    np.testing.assert_allclose(found, np.array(deaths) * years)


def test_risk_draws_are_one_for_a_function():
    """Two functions have draws of their own, about their own risks."""
    other = concentration_response("hrapie2013_pm25")
    one, two = (log_risk_draws(function, Plan(SEED)) for function in (D01, other))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.05
    assert np.exp(two.mean()) == pytest.approx(1.062, abs=1e-3)


@settings(deadline=None)
@given(st.floats(0.01, 1e5))
def test_the_largest_share_has_a_count(mean):
    """The share next to 1 is some way above the mean, and within what is laid out."""
    ((found,),) = poisson_quantiles([[np.nextafter(1, 0)]], [mean])
    assert mean < found <= mean + 9 * math.sqrt(mean) + 30


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.floats(0.5, 0.99))
def test_limits_are_the_quantiles_of_numpy(values, confidence):
    """Limits are numpy's quantiles of the draws."""
    found = interval(np.array([0.0]), np.array([values]), confidence)
    tail = (1 - confidence) / 2
    expected = np.quantile(values, [tail, 1 - tail])
    np.testing.assert_allclose([found.lower[0], found.upper[0]], expected, rtol=1e-9, atol=1e-9)


def test_no_cells_have_no_results():
    """An empty block is joined with the others."""
    cells, plan = cells_of(2), Plan(SEED, 50)
    found = in_blocks(cells, plan, in_one(2), 5)
    np.testing.assert_array_equal(found.cells, drawn(cells, D01, plan).cells)


# --- What is refused ---


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"seed": -1}, "draws, seed: expected a whole number from 0"),
        ({"seed": 2**32}, "draws, seed"),
        ({"n_draws": 1}, "draws, n_draws: expected 2 draws or more, found 1"),
        ({"counts": "gamma"}, "draws, counts: expected poisson, normal or fixed, found 'gamma'"),
        ({"confidence": 95}, "draws, confidence"),
    ],
)
def test_plans_out_of_range_are_refused(given_, message):
    """A plan says what is drawn, within what can be."""
    with pytest.raises(ConfigError, match=message):
        Plan(**{"seed": SEED, **given_})


@pytest.mark.parametrize(
    ("given_", "error", "message"),
    [
        ({"names": ["a", "a"]}, AlignmentError, "expected cells of different names"),
        ({"places": ["a"]}, AlignmentError, "expected values of 2 cells"),
        ({"events": np.ones(3)}, AlignmentError, "expected values of 2 cells"),
        ({"exposure": Exposure("pm25", [8])}, AlignmentError, "expected values of 2 cells"),
        ({"events": np.array([1.0, -1])}, SchemaError, "events, item 1"),
        ({"exposure_se": -1.0}, SchemaError, "exposure_se"),
    ],
)
def test_cells_that_do_not_fit_are_refused(given_, error, message):
    """Everything of a cell is given for every cell, and each is named once."""
    with pytest.raises(error, match=message):
        cells_of(2, **given_)


@pytest.mark.parametrize(
    ("of_cells", "error", "message"),
    [
        (np.zeros((1, 3), dtype=int), AlignmentError, r"levels x 2 cells, found \(1, 3\)"),
        (np.array([[0, 1]]), SchemaError, "groups: expected groups from -1 to 0"),
    ],
)
def test_groups_that_do_not_fit_are_refused(of_cells, error, message):
    """Each level says of every cell which of the groups it is in."""
    with pytest.raises(error, match=message):
        drawn(cells_of(2), D01, Plan(SEED, 50), Groups(of_cells, 1))


def test_another_exposure_is_refused():
    """Draws are made for the kind that the function is of, and above a counterfactual."""
    with pytest.raises(SchemaError, match="was estimated for pm25, found no2"):
        drawn(cells_of(1, exposure=Exposure("no2", [8])), D01, Plan(SEED, 50))
    ndvi = concentration_response("rojas_rueda2019_ndvi")
    with pytest.raises(SchemaError, match="has no exposure at or below"):
        drawn(cells_of(1, exposure=Exposure("ndvi", [0.3])), ndvi, Plan(SEED, 50))


def test_sums_too_large_to_hold_are_refused():
    """More events than a whole number holds stop, within a block and over two."""
    cells, plan = cells_of(2, events=8e10), Plan(SEED, 50, "fixed")
    with pytest.raises(SchemaError, match="events: expected sums below"):
        drawn(cells, D01, plan, in_one(2))
    with pytest.raises(SchemaError, match="events: expected sums below"):
        in_blocks(cells, plan, in_one(2), 2)
