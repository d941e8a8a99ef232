from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from tests.health.published import cases, number

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.inequality import (
    concentration_index,
    gap,
    own_quantiles,
    slope_index,
    weighted_quantiles,
)
from healthycities.health.rates import Estimate, crude_rate, proportion

nan = math.nan
Z = 1.959963984540054
EXPECTED = cases("sii_expected.csv")
SIMULATED = [row for row in EXPECTED if row["sii_lower_sim"]]
ERRORS_ON = {"0": None, "1": "log", "2": "logit"}


def quantiles_of(case: str) -> list[np.ndarray]:
    """Return people, values and standard errors of a published case."""
    chosen = [row for row in cases("sii_inputs.csv") if row["case"] == case]
    return [
        np.array([number(row[name]) for row in chosen]) for name in ("population", "value", "se")
    ]


LIVES = quantiles_of("value_se_10_area1")
SHARES = quantiles_of("prop_10_area1")
EVEN = np.full(5, 100.0)


# --- Slope and relative index ---


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row["case"])
def test_indices_as_published(row):
    """Slope, relative index and intercept are those of PHEindicatormethods."""
    found = slope_index(*quantiles_of(row["case"]), repetitions=2)
    np.testing.assert_allclose(
        [found.value, found.rii.value], [number(row["sii"]), number(row["rii"])], rtol=1e-11
    )
    if row["intercept"]:
        np.testing.assert_allclose(found.intercept, number(row["intercept"]), rtol=1e-11)


@pytest.mark.parametrize("interval", ["simulation", "delta"])
@pytest.mark.parametrize("row", SIMULATED, ids=lambda row: row["case"])
def test_limits_as_published(row, interval):
    """Limits lie within a hundredth of the slope and the ratio of those simulated and published.

    Errors of rates are those of their logarithms, and of proportions those of their logits,
    whatever scale the line is fitted on.
    """
    found = slope_index(
        *quantiles_of(row["case"]), error_scale=ERRORS_ON[row["value_type"]], interval=interval
    )
    slopes = [number(row[name]) for name in ("sii_lower_sim", "sii_upper_sim")]
    ratios = [number(row[name]) for name in ("rii_lower_sim", "rii_upper_sim")]
    near = min(0.05, 0.01 * abs(number(row["sii"])))
    np.testing.assert_allclose([found.lower, found.upper], slopes, atol=near)
    np.testing.assert_allclose([found.rii.lower, found.rii.upper], ratios, atol=0.01)


@pytest.mark.parametrize(
    ("case", "transform", "to", "back"),
    [
        ("value_se_5_area2", None, np.asarray, np.asarray),
        ("rate_log_10_area1", "log", np.log, np.exp),
        ("rate_log_10_area2", "log", np.log, np.exp),
        ("prop_logit_10_area1", "logit", logit, expit),
        ("prop_logit_10_area2", "logit", logit, expit),
    ],
)
def test_lines_are_those_of_weighted_least_squares(case, transform, to, back):
    """On each scale the line is the weighted fit of another library, taken back at both ends."""
    people, values, errors = quantiles_of(case)
    share = people / people.sum()
    place = np.cumsum(share) - share / 2
    slope, start = np.polyfit(place, to(values), 1, w=np.sqrt(share))
    ends = back(np.array([start, start + slope]))
    found = slope_index(people, values, errors, transform)
    np.testing.assert_allclose(
        [found.value, found.rii.value, found.intercept],
        [ends[1] - ends[0], ends[1] / ends[0], ends[0]],
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("case", "transform"), [("rate_10_area1", "log"), ("prop_10_area1", "logit")]
)
def test_simulation_and_delta_method_agree(case, transform):
    """On the scale of the errors both kinds of limits lie within a fiftieth of their width."""
    inputs = quantiles_of(case)
    drawn, reckoned = (
        slope_index(*inputs, transform, interval=kind) for kind in ("simulation", "delta")
    )
    for one, other in ((drawn.sii, reckoned.sii), (drawn.rii, reckoned.rii)):
        near = 0.02 * (other.upper - other.lower)
        np.testing.assert_allclose(one.lower, other.lower, atol=near)
        np.testing.assert_allclose(one.upper, other.upper, atol=near)


def test_a_plain_slope_has_the_normal_limits_of_its_error():
    """Five even quantiles with one error: slope's error is se/sqrt(sum of squared distances)."""
    found = slope_index(EVEN, [1, 2, 3, 4, 5], np.full(5, 0.1), interval="delta")
    error = 0.1 / math.sqrt(2 * (0.4**2 + 0.2**2))
    assert found.value == pytest.approx(5)
    assert found.intercept == pytest.approx(0.5)
    assert found.rii.value == pytest.approx(11)
    assert found.upper - found.value == pytest.approx(Z * error)


def test_runs_with_one_seed_are_the_same_and_others_are_near():
    """One seed gives the same limits every time; another seed moves them a little only."""
    first, again, other = (slope_index(*LIVES, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(list(first.sii), list(again.sii))
    assert first.lower != other.lower
    np.testing.assert_allclose(list(first.sii), list(other.sii), atol=0.03)


def test_indices_of_several_areas_are_those_of_each():
    """Areas and years along leading axes have the indices and limits that each has alone."""
    factors = np.array([[1.0, 1.1], [0.9, 1.2], [1.3, 1.0]])[..., None]
    values = LIVES[1] ** factors
    people, errors = (np.broadcast_to(part, values.shape) for part in (LIVES[0], LIVES[2]))
    together = slope_index(people, values, errors, repetitions=64)
    for area in np.ndindex(3, 2):
        apart = slope_index(people[area], values[area], errors[area], repetitions=64)
        np.testing.assert_allclose([part[area] for part in together.sii], list(apart.sii))
        np.testing.assert_allclose([part[area] for part in together.rii], list(apart.rii))


@pytest.mark.parametrize("interval", ["simulation", "delta"])
def test_a_multiplier_scales_the_slope_alone(interval):
    """100 makes the slope and its limits percentages; ratio and intercept stay."""
    usual, scaled = (slope_index(*SHARES, "logit", k, interval=interval) for k in (1, 100))
    np.testing.assert_allclose(list(scaled.sii), [100 * part for part in usual.sii])
    np.testing.assert_allclose(list(scaled.rii), list(usual.rii))
    assert scaled.intercept == usual.intercept


def test_a_negative_multiplier_turns_the_indices_over():
    """-1 gives the slope the other sign and the ratio the other way up, limits in their order."""
    usual, turned = (slope_index(*SHARES, "logit", k) for k in (1, -1))
    np.testing.assert_allclose(list(turned.sii), [-usual.value, -usual.upper, -usual.lower])
    np.testing.assert_allclose(
        list(turned.rii), [1 / usual.rii.value, 1 / usual.rii.upper, 1 / usual.rii.lower]
    )


@given(
    st.lists(st.integers(1, 10_000), min_size=5, max_size=12),
    st.floats(0.01, 0.99),
    st.sampled_from([None, "log", "logit"]),
)
def test_equal_values_are_no_inequality(people, value, transform):
    """Where all quantiles have one value, the slope is 0 and the ratio 1, within their limits."""
    found = slope_index(
        people, np.full(len(people), value), np.full(len(people), 0.1), transform, repetitions=512
    )
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.rii.value == pytest.approx(1)
    assert found.lower < 0 < found.upper


@given(
    st.lists(
        st.tuples(st.integers(1, 9999), st.floats(0.01, 0.99), st.floats(0.01, 0.2)),
        min_size=5,
        max_size=12,
    ),
    st.sampled_from([None, "log", "logit"]),
    st.sampled_from(["simulation", "delta"]),
)
def test_limits_enclose_the_slope(quantiles, transform, interval):
    """The slope lies between its limits on every scale, and people count by their share alone."""
    people, values, errors = np.array(quantiles).T
    found = slope_index(people, values, errors, transform, interval=interval, repetitions=512)
    assert found.lower <= found.value <= found.upper
    more = slope_index(people * 7, values, errors, transform, interval=interval, repetitions=512)
    np.testing.assert_allclose(list(more.sii), list(found.sii), rtol=1e-6, atol=1e-9)


def test_without_errors_there_are_no_limits():
    """Values alone give the slope and the ratio, and missing limits."""
    for interval in ("simulation", "delta"):
        found = slope_index(*LIVES[:2], interval=interval)
        assert found.value == pytest.approx(6.934616473668819)
        assert np.isnan([found.lower, found.upper, found.rii.lower, found.rii.upper]).all()


@pytest.mark.parametrize(
    ("people", "value", "transform"),
    [(nan, 0.5, None), (0, 0.5, None), (10, nan, None), (10, 0, "log"), (10, 1, "logit")],
)
def test_a_quantile_without_a_value_leaves_no_index(people, value, transform):
    """A missing value, a quantile of nobody, or a value off the scale gives no index."""
    found = slope_index(
        [[10, 10, people, 10, 10], EVEN],
        [[0.1, 0.2, value, 0.4, 0.5], [0.1, 0.2, 0.3, 0.4, 0.5]],
        np.full((2, 5), 0.1),
        transform,
        repetitions=64,
    )
    figures = np.array([*found.sii, *found.rii, found.intercept])
    assert np.isnan(figures[:, 0]).all()
    assert np.isfinite(figures[:, 1]).all()


def test_zero_is_a_value_like_others_on_the_plain_scale():
    """Values of 0 and below have a slope with limits."""
    found = slope_index(EVEN, [-2, -1, 0, 1, 2], np.full(5, 0.1), interval="delta")
    assert found.value == pytest.approx(5)
    assert np.isfinite([found.lower, found.upper]).all()


@pytest.mark.parametrize("name", ["none", "identity", "value"])
def test_the_plain_scale_has_several_names(name):
    """However the plain scale is called, the indices are the same."""
    found, usual = (slope_index(*LIVES, scale, repetitions=64) for scale in (name, None))
    assert list(found.sii) == list(usual.sii)


# --- Concentration index ---


def test_concentration_index_by_hand():
    """5 to 1 over even fifths make 2 * 1.1/3 - 1."""
    assert concentration_index(EVEN, [5, 4, 3, 2, 1]).value == pytest.approx(2.2 / 3 - 1)
    assert concentration_index(EVEN, [1, 2, 3, 4, 5]).value == pytest.approx(1 - 2.2 / 3)


def test_concentration_index_is_twice_the_covariance_with_rank():
    """It is twice the weighted covariance of values and ranks over the mean."""
    people, values, _ = SHARES
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    covariance = np.cov(values, rank, aweights=share, ddof=0)[0, 1]
    found = concentration_index(people, values)
    assert found.value == pytest.approx(2 * covariance / np.average(values, weights=share))


def test_concentration_index_has_the_spread_of_drawn_values():
    """Its limits are those of values drawn with their errors, within a fiftieth of the width."""
    people, values, _ = SHARES
    errors = values * 0.05
    found = concentration_index(people, values, errors)
    drawn = values + errors * np.random.default_rng(1).standard_normal((100_000, 10))
    many = concentration_index(np.broadcast_to(people, drawn.shape), drawn).value
    near = 0.02 * (found.upper - found.lower)
    np.testing.assert_allclose(
        np.quantile(many, [0.025, 0.975]), [found.lower, found.upper], atol=near
    )


@given(st.lists(st.tuples(st.integers(1, 999), st.integers(0, 999)), min_size=5, max_size=9))
def test_concentration_index_lies_between_ends_and_knows_no_unit(quantiles):
    """It lies between -1 and 1, and values in another unit have the same."""
    people, values = np.array(quantiles, dtype=float).T
    found = concentration_index(people, values)
    if values.any():
        assert -1 <= found.value <= 1
        assert concentration_index(people, values * 1000).value == pytest.approx(found.value)
    else:
        assert np.isnan(found.value)


# --- Gap ---


def test_gap_of_shares_as_published():
    """56 of 70 and 48 of 80 differ by 0.2, 0.0524 to 0.3339, in Newcombe's table."""
    found = gap(proportion(56, 70), proportion(48, 80)).absolute
    np.testing.assert_allclose(list(found), [0.2, 0.0524, 0.3339], atol=5e-5)


def test_gap_of_even_limits_is_that_of_standard_errors():
    """Limits that lie evenly, or evenly on the scale of logarithms, have the textbook intervals."""
    found = gap(Estimate(*np.array([5, 2, 8.0])), Estimate(*np.array([1, -3 + 0.0 + 4, 5.0])))
    assert found.absolute.lower == pytest.approx(4 - math.hypot(3, 4))
    ratio = gap(Estimate(*np.array([6, 3, 12.0])), Estimate(*np.array([2, 1, 4.0]))).relative
    reach = math.exp(math.sqrt(2) * math.log(2))
    np.testing.assert_allclose(list(ratio), [3, 3 / reach, 3 * reach])


def test_gap_is_of_most_over_least_deprived():
    """Turned round, the difference changes its sign and the ratio its way up."""
    first, second = crude_rate(50, 1000), crude_rate(30, 1200)
    one, other = gap(first, second), gap(second, first)
    np.testing.assert_allclose(
        list(one.absolute),
        [-other.absolute.value, -other.absolute.upper, -other.absolute.lower],
    )
    np.testing.assert_allclose(
        list(one.relative),
        [1 / other.relative.value, 1 / other.relative.upper, 1 / other.relative.lower],
    )


def test_gap_of_a_rate_of_0_is_told_as_far_as_it_goes():
    """Nothing among the most deprived is a ratio of 0; among the least there is no ratio."""
    none, some = crude_rate([0], [1000]), crude_rate([20], [1000])
    found = gap(none, some)
    assert found.relative.value.tolist() == found.relative.lower.tolist() == [0]
    assert np.isnan(found.relative.upper).all()
    turned = gap(some, none)
    assert np.isnan(np.array(turned.relative)).all()
    assert np.isfinite(np.array(turned.absolute)).all()


@given(*[st.integers(1, 10_000)] * 4)
def test_gaps_are_enclosed(first, second, people, others):
    """Difference and ratio lie between their limits."""
    found = gap(crude_rate(first, people), crude_rate(second, others))
    for part in found:
        assert part.lower <= part.value <= part.upper


def test_a_missing_rate_leaves_no_gap():
    """Where one of the two is missing there is neither difference nor ratio."""
    found = gap(crude_rate(nan, 100), crude_rate(30, 100))
    assert np.isnan(np.array(found)).all()


# --- Spread ---


def test_quantiles_of_people_by_hand():
    """Of 100 people 10 live at 1, 40 at 2, 49 at 5 and 1 at 9; the second group has one place."""
    found = weighted_quantiles(
        [5, 2, 9, 1, 7], [49, 40, 1, 10, 3], [0, 0, 0, 0, 2], 3, (0.1, 0.11, 0.5, 0.9, 1)
    )
    np.testing.assert_array_equal(found, [[1, 2, 2, 5, 9], [nan] * 5, [7] * 5])


def test_missing_values_are_left_out_and_missing_people_are_not():
    """A place without a value leaves the others; one without a count leaves its group unknown."""
    found = weighted_quantiles(
        [1, nan, 3, 1, 2], [10, 90, 10, 10, nan], [0, 0, 0, 1, 1], 2, (0.5, 1)
    )
    np.testing.assert_array_equal(found, [[1, 3], [nan, nan]])


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 5)), min_size=1, max_size=30),
    st.floats(0.01, 1),
)
def test_quantiles_are_those_of_people_one_by_one(items, share):
    """Weights are people: each repeated as often as there are gives the same quantile."""
    values, people = np.array(items).T
    found = weighted_quantiles(values, people, np.zeros(len(items), int), 1, [share])[0, 0]
    each = np.repeat(values, people)
    if each.size:
        assert found == np.quantile(each, share - 1e-12, method="inverted_cdf")
        shifted = weighted_quantiles(values + 7, people * 9, np.zeros(len(items), int), 1, [share])
        assert shifted[0, 0] == found + 7
    else:
        assert np.isnan(found)


def test_items_of_no_group_are_left_out():
    """Code -1 is in no group."""
    found = weighted_quantiles([1, 100], [10, 90], [0, -1], 1, (0.9,))
    assert found.tolist() == [[1]]


# --- Own quantiles ---


def test_own_quantiles_by_hand():
    """100, 300 and 600 people: middles at 0.05, 0.25 and 0.7 lie in the fifths 0, 1 and 3."""
    assert own_quantiles([5, 9, 20], [100, 300, 600], [0, 0, 0], 1, 5).tolist() == [0, 1, 3]
    assert own_quantiles([20, 9, 5], [600, 300, 100], [0, 0, 0], 1, 5).tolist() == [3, 1, 0]


def test_each_group_has_quantiles_of_its_own():
    """The first of each group is in its lowest half, whatever its rank among all."""
    found = own_quantiles([1, 2, 30, 40], [10, 10, 10, 10], [1, 1, 0, 0], 2, 2)
    assert found.tolist() == [0, 1, 0, 1]


def test_ties_keep_the_order_given():
    """Four places of one rank are parted in the order in which they stand."""
    assert own_quantiles([7, 7, 7, 7], [1, 1, 1, 1], [0] * 4, 1, 4).tolist() == [0, 1, 2, 3]


def test_who_is_in_no_quantile():
    """Neither a place without people, nor without a rank, nor of no group; they move no other."""
    rank, people, group = [1, 2, np.nan, 3, 4], [50, 0, 50, 50, 50], [0, 0, 0, -1, 0]
    assert own_quantiles(rank, people, group, 1, 2).tolist() == [0, -1, -1, -1, 1]


def test_a_missing_number_of_people_leaves_its_group_without():
    """Who is before whom is not known then; another group is not touched."""
    found = own_quantiles([1, 2, 3], [np.nan, 10, 10], [0, 0, 1], 2, 2)
    assert found.tolist() == [-1, -1, 1]


@given(st.integers(1, 12), st.integers(1, 8), st.integers(0, 2**32 - 1), st.floats(0.1, 1e6))
def test_places_of_one_size_are_parted_evenly(quantiles, each, seed, people):
    """Every quantile has as many, of the next ranks, whatever the order and the size."""
    rank = np.random.default_rng(seed).permutation(quantiles * each)
    found = own_quantiles(rank, np.full(rank.size, people), np.zeros(rank.size, int), 1, quantiles)
    assert found.tolist() == (rank // each).tolist()


# --- What is refused ---


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: slope_index(EVEN, EVEN, EVEN, "square"), ConfigError, "transform: unknown scale"),
        (lambda: slope_index(EVEN, EVEN, EVEN, error_scale="x"), ConfigError, "error_scale: unk"),
        (lambda: slope_index(EVEN, EVEN, EVEN, interval="x"), ConfigError, "unknown interval 'x'"),
        (lambda: slope_index(EVEN, EVEN, EVEN, None, 0), SchemaError, "multiplier: expected"),
        (lambda: slope_index(EVEN, EVEN, EVEN, None, 1, 95), SchemaError, "confidence: expected"),
        (lambda: slope_index(EVEN, EVEN, EVEN, repetitions=1), SchemaError, "repetitions: exp"),
        (lambda: slope_index(EVEN, EVEN, -EVEN), SchemaError, "standard_error, item 0"),
        (lambda: slope_index(-EVEN, EVEN, EVEN), SchemaError, "population, item 0"),
        (lambda: slope_index(EVEN, EVEN * np.inf), SchemaError, "value: expected finite"),
        (lambda: slope_index(EVEN, ["x"] * 5), SchemaError, "value: expected numbers"),
        (lambda: slope_index(EVEN, -EVEN, EVEN, "log"), SchemaError, "value: expected values of 0"),
        (lambda: slope_index(EVEN, EVEN, EVEN, "logit"), SchemaError, "0 to 1, found 100. Choose"),
        (lambda: slope_index(EVEN[:4], EVEN[:4]), AlignmentError, "5 to 100 quantiles .* found 4"),
        (lambda: slope_index(EVEN, EVEN[:4], EVEN), AlignmentError, "areas x quantiles"),
        (lambda: slope_index(EVEN, EVEN, EVEN[:4]), AlignmentError, "expected arrays of one shape"),
        (lambda: concentration_index(EVEN, -EVEN), SchemaError, "value, item 0"),
        (
            lambda: gap(crude_rate([1], [2]), crude_rate([1, 2], [2, 3])),
            AlignmentError,
            "one shape",
        ),
        (
            lambda: weighted_quantiles([1], [1], [1], 1),
            SchemaError,
            "group: expected whole numbers",
        ),
        (lambda: weighted_quantiles([1], [1], [0.0], 1), SchemaError, "group: expected whole"),
        (lambda: weighted_quantiles([1], [1], [0], 1, [0]), SchemaError, "shares: expected shares"),
        (lambda: weighted_quantiles([1, 2], [1], [0], 1), AlignmentError, "expected one value"),
        (lambda: own_quantiles([1, 2], [1, 2], [0], 1), AlignmentError, "expected one rank"),
        (lambda: own_quantiles([1], [1], [0], 1, 0), SchemaError, "quantiles: expected 1 quant"),
    ],
)
def test_what_makes_no_index_is_refused(call, error, message):
    """Input of the wrong shape, sign or name stops, and the message says what was expected."""
    with pytest.raises(error, match=message):
        call()
