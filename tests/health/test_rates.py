from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.health.published import CONFIDENCES, cases, number

from healthycities.errors import AlignmentError, SchemaError
from healthycities.health.rates import (
    Estimate,
    byars_interval,
    crude_rate,
    directly_standardised_rate,
    exact_poisson_interval,
    indirectly_standardised_rate,
    pooled_years,
    proportion,
    standardised_ratio,
    too_few_events,
    weighted_events,
    wilson_interval,
)
from healthycities.health.standards import STANDARD_STARTS, european_standard_population_2013

counts = st.integers(0, 10_000_000)
confidences = st.floats(0.5, 0.999)
nan = math.nan


def close(found, expected) -> None:
    """Hold figures to the digits that were published."""
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-9)


def published(row: dict[str, str], value: str, suffix: str) -> list[float]:
    """Return a published value and its limits at 95 or 99.8 %."""
    return [number(row[name]) for name in (value, f"lower{suffix}", f"upper{suffix}")]


def holds(estimate: Estimate) -> None:
    """Hold that limits enclose their value, as far as they are given."""
    assert np.all((estimate.lower <= estimate.value) | np.isnan(estimate.lower))
    assert np.all(estimate.value <= estimate.upper)


both_confidences = pytest.mark.parametrize(
    ("suffix", "confidence"), [("95", 0.95), ("99_8", 0.998)]
)


# --- Counts ---


@pytest.mark.parametrize("row", cases("byars.csv"))
def test_byars_limits_as_published(row):
    """Byar's limits are those of PHEindicatormethods, and missing where it gives none."""
    found = byars_interval(float(row["events"]), CONFIDENCES[row["confidence"]])
    expected = [number(row[name]) for name in ("events", "lower_limit", "upper_limit")]
    close(found, expected)


def test_byars_limits_of_no_events():
    """For no events Byar's lower limit does not exist; the upper is (8/9 + z/3)**3."""
    found = byars_interval(0)
    close(found, [0, nan, (8 / 9 + 1.959963984540054 / 3) ** 3])


@given(st.lists(counts, min_size=1), confidences)
def test_byars_limits_enclose_the_count(events, confidence):
    """Byar's limits lie on either side of the count."""
    holds(byars_interval(events, confidence))


def test_exact_limits_of_no_events():
    """For no events the limits are 0 and minus the logarithm of the tail."""
    close(exact_poisson_interval(0, 0.9), [0, 0, -math.log(0.05)])


@pytest.mark.parametrize("events", range(1, 12))
def test_exact_limits_leave_half_the_chance_on_each_side(events):
    """At the lower limit the count or more, at the upper the count or fewer, has a chance of 1/40.

    The chances are summed term by term from the Poisson distribution.
    """

    def fewer(mean: float, most: int) -> float:
        return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(most + 1))

    found = exact_poisson_interval(events, 0.95)
    assert 1 - fewer(float(found.lower), events - 1) == pytest.approx(0.025)
    assert fewer(float(found.upper), events) == pytest.approx(0.025)


@given(st.lists(counts, min_size=1), confidences)
def test_exact_limits_enclose_the_count(events, confidence):
    """Exact limits lie on either side of the count and are never missing."""
    found = exact_poisson_interval(events, confidence)
    holds(found)
    assert not np.isnan(found.lower).any()


def test_byars_limits_come_near_the_exact_ones():
    """From 10 events on, the approximation is within 1 % of the exact limits."""
    events = np.arange(10, 500)
    exact, byars = exact_poisson_interval(events), byars_interval(events)
    np.testing.assert_allclose(byars.lower, exact.lower, rtol=0.01)
    np.testing.assert_allclose(byars.upper, exact.upper, rtol=0.01)


# --- Crude rates ---


@both_confidences
@pytest.mark.parametrize("row", cases("crude_rate.csv"))
def test_crude_rates_as_published(row, suffix, confidence):
    """Rates and limits, exact and Byar's, are those of PHEindicatormethods; missing stays so."""
    found = crude_rate(
        number(row["events"]), number(row["denominator"]), float(row["multiplier"]), confidence
    )
    close(found, published(row, "rate", suffix))


def test_crude_rates_of_several_areas_are_those_of_each():
    """Areas together have the rates that each has alone, on both sides of 10 events."""
    events, people = np.array([0, 9, 10, nan, 500]), np.array([100.0, 200, 300, 400, 500])
    together = np.array(crude_rate(events, people))
    apart = [np.array(crude_rate(*pair)) for pair in zip(events, people, strict=True)]
    np.testing.assert_array_equal(together, np.transpose(apart))


def test_no_events_among_people_is_a_rate_of_0():
    """No events is a rate of 0 with an upper limit; a missing count is no rate."""
    found = crude_rate([0, nan], [1000, 1000], 1000)
    close(found.value, [0, nan])
    close(found.lower, [0, nan])
    close(found.upper, [-math.log(0.025), nan])


def test_without_people_there_is_no_rate():
    """Where nobody lives there is no rate, even where deaths are on record."""
    assert np.isnan(np.array(crude_rate([0, 20], [0, 0]))).all()


@given(counts, st.integers(1, 10_000_000), confidences)
def test_crude_rate_is_enclosed(events, people, confidence):
    """Limits of a rate lie on either side of it."""
    holds(crude_rate(events, people, 1000, confidence))


# --- Proportions ---


@pytest.mark.parametrize("row", cases("wilson.csv"))
def test_wilson_limits_as_published(row):
    """Wilson's limits are those of PHEindicatormethods."""
    events, total = float(row["numerator"]), float(row["denominator"])
    found = wilson_interval(events, total, CONFIDENCES[row["confidence"]])
    close(found, [events / total, float(row["lower_limit"]), float(row["upper_limit"])])


@both_confidences
@pytest.mark.parametrize("row", cases("proportion.csv"))
def test_proportions_as_published(row, suffix, confidence):
    """Proportions and percentages are those of PHEindicatormethods; missing stays so."""
    found = proportion(number(row["numerator"]), number(row["denominator"]), confidence)
    scale = float(row["multiplier"])
    close([part * scale for part in found], published(row, "proportion", suffix))


@given(st.lists(st.tuples(counts, counts), min_size=1), confidences)
def test_proportion_is_enclosed(parts, confidence):
    """Limits lie on either side of the share, and between 0 and 1."""
    events, others = np.array(parts).T
    assume((events + others > 0).all())
    found = proportion(events, events + others, confidence)
    holds(found)
    assert (found.lower >= 0).all()
    assert (found.upper <= 1).all()


def test_share_of_nobody_is_missing():
    """Of 0 in all there is no share."""
    assert np.isnan(np.array(proportion(0, 0))).all()


def test_more_events_than_the_total_are_refused():
    """A part that is larger than the whole stops, and the message says where."""
    with pytest.raises(SchemaError, match=r"events, item 1: .* found 6 of 5"):
        proportion([1, 6], [5, 5])


# --- Standardised rates ---


def bands_of(case: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return events, population and weights of a published case."""
    chosen = [row for row in cases("dsr_inputs.csv") if row["case"] == case]
    columns = ("events", "population", "esp2013_weight")
    events, people, weights = ([number(row[name]) for row in chosen] for name in columns)
    return np.array(events), np.array(people), np.array(weights)


@both_confidences
@pytest.mark.parametrize("row", cases("dsr_expected.csv"))
def test_standardised_rates_as_published(row, suffix, confidence):
    """Rates and Dobson's limits are those of PHEindicatormethods, and missing below 10 events."""
    events, people, weights = bands_of(row["case"])
    multiplier = 10_000 if row["statistic"].split()[-1] == "10000" else 100_000
    found = directly_standardised_rate(events, people, weights, multiplier, confidence)
    close(found, published(row, "dsr", suffix))


def test_standardised_rate_by_hand():
    """Rates of 0.1 and 0.4, weighted 3 to 1, make 17.5 in 100."""
    found = directly_standardised_rate([10, 40], [100, 100], [300, 100], 100)
    assert found.value == pytest.approx(17.5)
    spread = math.sqrt((0.75**2 * 10 + 0.25**2 * 40) / 50)
    byars = byars_interval(50)
    assert found.lower == pytest.approx(17.5 + spread * (byars.lower - 50))
    assert found.upper == pytest.approx(17.5 + spread * (byars.upper - 50))


def test_standardised_rates_of_several_areas_are_those_of_each():
    """Areas along two leading axes have the rates that each has alone."""
    rng = np.random.default_rng(1)
    events, people = rng.integers(0, 9, (3, 4, 5)), rng.integers(100, 200, (3, 4, 5))
    weights = np.array([5.0, 4, 3, 2, 1])
    together = directly_standardised_rate(events, people, weights)
    assert together.value.shape == (3, 4)
    for area in np.ndindex(3, 4):
        apart = directly_standardised_rate(events[area], people[area], weights)
        close([part[area] for part in together], list(apart))


def test_rate_is_given_from_10_events_on():
    """9 events in all give no rate and no limits, 10 give all three."""
    people, weights = np.full((2, 2), 1000.0), [1, 1]
    found = np.array(directly_standardised_rate([[4, 5], [5, 5]], people, weights))
    assert np.isnan(found[:, 0]).all()
    close(found[0, 1], 500)
    assert np.isfinite(found[:, 1]).all()


@pytest.mark.parametrize(
    ("events", "people"),
    [([50, nan], [100, 100]), ([50, 50], [100, nan]), ([50, 50], [100, 0]), ([50, 0], [100, 0])],
)
def test_a_band_without_a_rate_leaves_the_area_without_one(events, people):
    """A missing count, or nobody in a band that the standard counts, is never taken for 0."""
    found = directly_standardised_rate(events, people, [1, 1])
    assert np.isnan(np.array(found)).all()


def test_a_band_of_no_weight_plays_no_part():
    """What stands in a band of weight 0, even nothing, leaves rate and limits as they are."""
    without = directly_standardised_rate([20, 30], [100, 100], [1, 2])
    for events, people in ((nan, nan), (5, 0), (1000, 1000)):
        found = directly_standardised_rate([20, 30, events], [100, 100, people], [1, 2, 0])
        close(found, list(without))


def test_a_negative_lower_limit_is_missing():
    """Where one band's event outweighs all others, Dobson's lower limit fails and is missing."""
    found = directly_standardised_rate([9, 1], [1e6, 1], [1, 1])
    assert np.isnan(found.lower)
    assert found.value < found.upper


band = st.tuples(st.integers(0, 5000), st.integers(1, 100_000), st.integers(0, 7000))


@given(st.lists(band, min_size=1, max_size=19), confidences)
def test_standardised_rate_is_enclosed(bands, confidence):
    """Limits lie on either side of the rate, and are never negative."""
    events, people, weights = np.array(bands).T
    assume(events[weights > 0].sum() >= 10)
    found = directly_standardised_rate(events, people, weights, 1000, confidence)
    holds(found)
    assert np.isnan(found.lower) or found.lower >= 0


@given(
    st.lists(st.integers(1, 10_000), min_size=19, max_size=19),
    st.floats(0.001, 0.5),
)
def test_equal_rates_of_all_ages_need_no_standard(people, rate):
    """Where all ages have one rate, the standardised rate is the crude rate."""
    events = rate * np.array(people)
    assume(events.sum() >= 10)
    standard = european_standard_population_2013(STANDARD_STARTS, below=None)
    found = directly_standardised_rate(events, people, standard)
    assert found.value == pytest.approx(float(crude_rate(events.sum(), sum(people)).value))


def test_a_population_with_the_ages_of_the_standard_has_its_crude_interval():
    """Where the ages are those of the standard, rate and limits are those of the crude rate."""
    standard = european_standard_population_2013(STANDARD_STARTS, below=None)
    events = np.arange(19) + 3.0
    found = directly_standardised_rate(events, standard / 10, standard)
    close(found, list(crude_rate(events.sum(), standard.sum() / 10)))


# --- Rates standardised to a reference ---


def compared(case: str) -> list[np.ndarray]:
    """Return events and people, then those of the reference, of a published case."""
    chosen = [row for row in cases("smr_inputs.csv") if row["case"] == case]
    columns = ("events", "population", "ref_events", "ref_population")
    return [np.array([number(row[name]) for row in chosen]) for name in columns]


def of_inputs(kind: str) -> list[dict[str, str]]:
    """Return the published results of one kind whose inputs were published too."""
    rows = cases("smr_expected.csv")
    return [row for row in rows if kind in row["statistic"] and row["case"].startswith("testdata")]


@both_confidences
@pytest.mark.parametrize("row", of_inputs("ratio"))
def test_standardised_ratios_as_published(row, suffix, confidence):
    """Ratios and limits, exact and Byar's, are those of PHEindicatormethods.

    A count is missing in one band of the case with 9 events, where the reference has no events.
    """
    multiplier = float(row["statistic"].split()[-1])
    found = standardised_ratio(*compared(row["case"]), multiplier, confidence)
    close(found, published(row, "value", suffix))


@both_confidences
@pytest.mark.parametrize("row", of_inputs("rate"))
def test_indirectly_standardised_rates_as_published(row, suffix, confidence):
    """Rates and limits are those of PHEindicatormethods, below 10 events too."""
    multiplier = float(row["statistic"].split()[-1])
    found = indirectly_standardised_rate(*compared(row["case"]), multiplier, confidence)
    close(found, published(row, "value", suffix))


@pytest.mark.parametrize(
    "row", [row for row in cases("smr_expected.csv") if "x 100" in row["statistic"]]
)
def test_ratio_of_a_published_total_to_what_was_expected(row):
    """Given observed and expected alone, in one band, ratios are those published."""
    found = standardised_ratio([float(row["observed"])], [1], [float(row["expected"])], [1])
    close(found, published(row, "value", "95"))


def test_ratio_is_of_100_unless_told_otherwise():
    """30 events where 2 and 18 are expected make a ratio of 150."""
    found = standardised_ratio([10, 20], [100, 300], [20, 60], [1000, 1000])
    assert found.value == pytest.approx(150)
    rate = indirectly_standardised_rate([10, 20], [100, 300], [20, 60], [1000, 1000])
    assert rate.value == pytest.approx(1.5 * 4000)


def test_the_reference_itself_has_a_ratio_of_100():
    """Where area and reference are one, the ratio is 100 and the rate the crude one."""
    events, people = np.array([20.0, 30]), np.array([100.0, 400])
    assert standardised_ratio(events, people, events, people).value == pytest.approx(100)
    found = indirectly_standardised_rate(events, people, events, people)
    close(found, list(crude_rate(50, 500)))


def test_ratios_take_events_of_all_ages():
    """The ages of events play no part, so that totals of areas may be given for them."""
    events, people, *reference = compared("testdata_big")
    areas = np.stack([people, people * 2])
    found = standardised_ratio([events.sum(), 9], areas, *reference)
    close([part[0] for part in found], list(standardised_ratio(events, people, *reference)))
    close(found.value[1], 900 / (2 * 835.8835612311743))


def test_a_reference_may_differ_by_area():
    """Areas with references of their own have the ratios that each has alone."""
    rng = np.random.default_rng(2)
    four = [rng.integers(1, 50, (2, 3, 4)).astype(float) for _ in range(4)]
    together = standardised_ratio(*four)
    for area in np.ndindex(2, 3):
        apart = standardised_ratio(*(part[area] for part in four))
        close([part[area] for part in together], list(apart))


@pytest.mark.parametrize(
    ("events", "people", "reference_events", "reference_people"),
    [
        ([nan, 20], [100, 100], [5, 5], [10, 10]),
        ([20, 20], [nan, 100], [5, 5], [10, 10]),
        ([20, 20], [100, 100], [nan, 5], [10, 10]),
        ([20, 20], [100, 100], [5, 5], [0, 10]),
        ([20, 20], [100, 100], [0, 0], [10, 10]),
        ([20, 20], [0, 0], [5, 5], [10, 10]),
    ],
)
def test_what_is_not_known_leaves_no_ratio(events, people, reference_events, reference_people):
    """A missing count, a reference without people, or nothing expected gives no ratio."""
    four = (events, people, reference_events, reference_people)
    assert np.isnan(np.array(standardised_ratio(*four))).all()
    assert np.isnan(np.array(indirectly_standardised_rate(*four))).all()


@given(
    st.lists(st.tuples(*[st.integers(1, 1000)] * 4), min_size=1, max_size=9),
    st.integers(2, 50),
    confidences,
)
def test_ratios_are_enclosed_and_know_no_scale(bands, factor, confidence):
    """Limits enclose the ratio, and a larger reference with the same rates changes nothing."""
    events, people, ref_events, ref_people = np.array(bands, dtype=float).T
    found = standardised_ratio(events, people, ref_events, ref_people, 1, confidence)
    holds(found)
    again = standardised_ratio(
        events, people, ref_events * factor, ref_people * factor, 1, confidence
    )
    close(again, list(found))


# --- Few events, weights of events, years together ---


def test_few_events_are_told_from_missing_ones():
    """9 events are too few, 10 are not, and a missing count is not known to be few."""
    found = too_few_events([[4, 5], [5, 5], [nan, 5]])
    assert found.tolist() == [True, False, False]


def test_weighted_events_have_exact_limits_below_10():
    """The limits of 5 events that count 2 each are those of 5 events, doubled."""
    found = weighted_events(np.array([2.0, 3]), np.array([2.0, 2]), 0.95)
    close(found, [2 * float(part) for part in exact_poisson_interval(5)])


def test_no_events_have_no_upper_limit():
    """What an event would weigh is unknown without one; the sum is 0 nevertheless."""
    found = weighted_events(np.zeros((1, 2)), np.array([2.0, 5]), 0.95)
    assert found.value.tolist() == [0]
    assert np.isnan(found.upper).all()


def test_years_are_pooled_as_counts_and_person_years():
    """Runs of 3 of 4 years hold their sums; a missing year leaves its runs missing."""
    found = pooled_years([[1, 1], [2, nan], [3, 3], [4, 4]], np.full((4, 2), 100))
    close(found.events, [[6, nan], [9, nan]])
    close(found.person_years, [[300, 300], [300, 300]])
    assert crude_rate(*found).value[0, 0] == pytest.approx(2000)


def test_years_that_make_no_run_are_refused():
    """Fewer years than a run, or a run of none, stop."""
    with pytest.raises(AlignmentError, match="expected 3 years or more"):
        pooled_years([1, 2], [10, 10])
    with pytest.raises(SchemaError, match="years: expected 1 year or more"):
        pooled_years([1, 2], [10, 10], 0)


# --- What is refused ---


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.95, nan])
@pytest.mark.parametrize("interval", [byars_interval, exact_poisson_interval])
def test_confidence_is_a_share(interval, confidence):
    """A confidence that is no share between 0 and 1, such as 95, is refused."""
    with pytest.raises(SchemaError, match="confidence: expected a share between 0 and 1"):
        interval([12], confidence)


@pytest.mark.parametrize("bad", [-1, math.inf])
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: byars_interval([3, bad]),
        lambda bad: exact_poisson_interval([3, bad]),
        lambda bad: crude_rate([3, bad], [100, 100]),
        lambda bad: crude_rate([3, 4], [100, bad]),
        lambda bad: proportion([3, bad], [100, 100]),
        lambda bad: directly_standardised_rate([[30], [bad]], [[100], [100]], [1]),
        lambda bad: directly_standardised_rate([30, 40], [100, 100], [1, bad]),
        lambda bad: standardised_ratio([3, bad], [100, 100], [1, 1], [9, 9]),
        lambda bad: standardised_ratio([3, 4], [100, 100], [1, 1], [9, bad]),
        lambda bad: pooled_years([3, bad, 5], [100, 100, 100]),
    ],
)
def test_negative_and_infinite_numbers_are_refused(call, bad):
    """A number that is negative or infinite stops, and the message says which and where."""
    with pytest.raises(SchemaError, match=rf"item 1.*: .* 0 or more, found {bad:g}"):
        call(bad)


def test_a_single_number_is_refused_as_an_item():
    """A bad number that is no array stops with the same message."""
    with pytest.raises(SchemaError, match=r"events, item 0: .* found -1"):
        byars_interval(-1)
    with pytest.raises(SchemaError, match=r"events, item 0: .* found 3 of 2"):
        proportion(3, 2)


def test_text_is_refused():
    """Text where numbers belong stops, and the message names the array."""
    with pytest.raises(SchemaError, match="population: expected numbers"):
        crude_rate([1], ["n/a"])


@pytest.mark.parametrize("multiplier", [0, -1000, nan, math.inf])
def test_multiplier_is_above_0(multiplier):
    """A rate is per some number of people above 0."""
    with pytest.raises(SchemaError, match="multiplier: expected a finite number above 0"):
        crude_rate([3], [100], multiplier)


@pytest.mark.parametrize(
    "call",
    [
        lambda: crude_rate([1, 2], [10, 20, 30]),
        lambda: crude_rate([1, 2], [10]),
        lambda: proportion([[1, 2]], [10, 20]),
        lambda: directly_standardised_rate([[1, 2]], [[1, 2], [3, 4]], [1, 1]),
        lambda: directly_standardised_rate([1, 2], [1, 2], [1, 1, 1]),
        lambda: directly_standardised_rate([1, 2], [1, 2], [1]),
        lambda: directly_standardised_rate([1, 2], [1, 2], 1),
        lambda: directly_standardised_rate(20, 100, 1),
        lambda: standardised_ratio([1, 2], [10, 20, 30], [1, 2, 3], [10, 20, 30]),
        lambda: standardised_ratio([1, 2, 3], [10, 20, 30], [1, 2], [10, 20]),
        lambda: standardised_ratio(1, 10, 1, 10),
        lambda: indirectly_standardised_rate(
            [[1, 2]], [[1, 2]], [[1, 2], [3, 4]], [[1, 2], [3, 4]]
        ),
        lambda: pooled_years([1, 2, 3], [10, 20]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(call):
    """Arrays of different areas or bands stop; one area's number is not spread over others."""
    with pytest.raises(AlignmentError, match="expected"):
        call()


@pytest.mark.parametrize("standard", [[0, 0], [1, nan]])
def test_standard_has_a_weight_for_every_band(standard):
    """A standard with a missing weight, or with none above 0, is refused."""
    with pytest.raises(SchemaError, match="expected a weight for every band"):
        directly_standardised_rate([20, 30], [100, 100], standard)
