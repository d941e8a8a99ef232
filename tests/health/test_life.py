from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.health.published import cases, number

from healthycities.errors import AlignmentError, SchemaError
from healthycities.health.life import (
    ABRIDGED_STARTS,
    at_age,
    healthy_life_expectancy,
    life_expectancy,
    potential_years_of_life_lost,
    probability_of_dying,
    remaining_at_death,
    share_of_life_in_health,
    years_of_life_lost,
)
from healthycities.health.rates import Estimate, exact_poisson_interval

nan = math.nan
Z = 1.959963984540054
TABLE = cases("life_expectancy.csv")


def column(name: str) -> np.ndarray:
    """Return a column of the published life table."""
    return np.array([number(row[name]) for row in TABLE])


DEATHS, PEOPLE, STARTS = column("deaths"), column("population"), column("start_age")

# Two bands, 60 to 69 and 70 and over, worked by hand: rates 0.01 and 0.1, q = 0.1/1.05 = 2/21.
OLD = ([100, 100], [10_000, 1_000])
OLD_STARTS = [60, 70]
Q = 2 / 21
S = Q**2 * (1 - Q) / 100


# --- Life expectancy ---


def test_life_expectancy_as_published():
    """Life expectancy and its limits at all 20 ages are those of PHEindicatormethods."""
    found = life_expectancy(DEATHS, PEOPLE, STARTS)
    for part, name in zip(found, ("le", "lower95", "upper95"), strict=True):
        np.testing.assert_allclose(part, column(name), atol=6e-6)


def test_the_published_bands_are_the_default():
    """Without first ages the 20 bands of abridged life tables are taken."""
    assert tuple(STARTS) == ABRIDGED_STARTS
    found, told = life_expectancy(DEATHS, PEOPLE), life_expectancy(DEATHS, PEOPLE, STARTS, 0.95)
    np.testing.assert_array_equal(np.array(found), np.array(told))


def test_life_expectancy_by_hand():
    """Two bands with rates of 0.01 and 0.1 leave 390/21 years at 60, and 10 at 70."""
    found = life_expectancy(*OLD, OLD_STARTS)
    np.testing.assert_allclose(found.value, [390 / 21, 10])
    last = 1 / (100 * 0.1**2)
    errors = [math.sqrt(S * (5 + 10) ** 2 + (19 / 21) ** 2 * last), math.sqrt(last)]
    np.testing.assert_allclose(found.upper - found.value, Z * np.array(errors))
    np.testing.assert_allclose(found.value - found.lower, Z * np.array(errors))


def test_wider_confidence_is_as_much_wider():
    """At 99.8 % limits lie 3.0902/1.9600 times as far away as at 95 %."""
    usual, wide = (life_expectancy(DEATHS, PEOPLE, STARTS, level) for level in (0.95, 0.998))
    ratio = (wide.upper - wide.value) / (usual.upper - usual.value)
    np.testing.assert_allclose(ratio, 3.090232306167813 / Z)


def test_areas_together_have_the_tables_of_each():
    """Areas and years along leading axes have the life expectancy that each has alone."""
    scale = np.array([[0.5, 1.0, 1.5], [0.8, 0.01, 2.0]])[..., None]
    deaths, people = scale * DEATHS, np.broadcast_to(PEOPLE, (2, 3, 20))
    together = life_expectancy(deaths, people)
    assert together.value.shape == (2, 3, 20)
    for area in np.ndindex(2, 3):
        apart = life_expectancy(deaths[area], people[area])
        np.testing.assert_array_equal([part[area] for part in together], list(apart))


@given(st.floats(0.001, 0.2), st.integers(0, 18))
def test_one_rate_at_all_ages_leaves_its_reciprocal(rate, first):
    """Where all ages die at one rate, life expectancy is one over it at every age."""
    starts = ABRIDGED_STARTS[1:][first:]
    people = np.full(len(starts), 1e12)
    found = life_expectancy(rate * people, people, starts)
    # In bands of five years q reaches 1 from a rate of 0.4 on, which is above the range.
    np.testing.assert_allclose(found.value, 1 / rate)


@given(st.lists(st.integers(1, 400), min_size=20, max_size=20), st.integers(0, 19))
def test_limits_enclose_and_more_deaths_shorten_life(deaths, band):
    """Limits enclose the value, and a death more in any band never lengthens life at birth."""
    people = np.full(20, 1000.0)
    found = life_expectancy(deaths, people)
    known = ~np.isnan(found.value)
    assert (found.lower <= found.value)[known].all()
    assert (found.value <= found.upper)[known].all()
    more = np.array(deaths) + (np.arange(20) == band)
    after = life_expectancy(more, people)
    assert np.mean([after.lower[0], after.upper[0]]) <= np.mean([found.lower[0], found.upper[0]])


def test_more_people_with_the_same_rates_narrow_the_limits():
    """100 times the people and deaths leave the value, and a tenth of the width."""
    small, large = (life_expectancy(DEATHS * k, PEOPLE * k) for k in (1, 100))
    np.testing.assert_allclose(large.value, small.value)
    np.testing.assert_allclose(large.upper - large.value, (small.upper - small.value) / 10)


def test_a_band_without_deaths_is_no_obstacle():
    """Nobody dying at 10 to 14 lengthens life a little, and adds no variance."""
    spared = np.where(STARTS == 10, 0, DEATHS)
    found, before = life_expectancy(spared, PEOPLE), life_expectancy(DEATHS, PEOPLE)
    assert before.value[0] < found.value[0] < before.value[0] + 0.06
    assert found.upper[0] - found.value[0] < before.upper[0] - before.value[0]


def test_a_band_that_nobody_survives_ends_the_table():
    """Where all of a band die, those after it have no life expectancy, and those before have."""
    deaths, people = [1000, 6000, 5], [10_000, 6000, 5]
    found = life_expectancy(deaths, people, [60, 70, 80])
    q = 10 * 0.1 / (1 + 5 * 0.1)
    np.testing.assert_allclose(found.value, [10 * (1 - q / 2) + (1 - q) * 5, 5, nan])


@pytest.mark.parametrize(
    ("deaths", "people"),
    [
        (np.where(STARTS == 90, 0, DEATHS), PEOPLE),
        (np.where(STARTS == 5, nan, DEATHS), PEOPLE),
        (DEATHS, np.where(STARTS == 5, nan, PEOPLE)),
        (DEATHS * 0, np.where(STARTS == 5, 0, PEOPLE)),
        (np.where(STARTS == 1, 40_000, DEATHS), PEOPLE),
        (DEATHS * 5000 / PEOPLE.sum(), PEOPLE * 5000 / PEOPLE.sum()),
    ],
    ids=["last band", "missing deaths", "missing people", "nobody", "more deaths", "5,000 people"],
)
def test_where_no_life_table_can_be_made(deaths, people):
    """No deaths in the last band, a band missing or empty, or 5,000 people in all: no figures."""
    assert np.isnan(np.array(life_expectancy(deaths, people))).all()


def test_just_above_5000_people_there_is_life_expectancy():
    """5,001 people have a life expectancy, and limits."""
    part = 5001 / PEOPLE.sum()
    found = life_expectancy(DEATHS * part, PEOPLE * part)
    assert found.value[0] == pytest.approx(80.16960813)
    assert np.isfinite(np.array(found)).all()


def test_a_wide_interval_hides_the_value_and_not_the_limits():
    """Where the 95 % interval is wider than 20 years there are limits but no value.

    The last band's 2 deaths of 60 people leave 30 years, with an error of 30/sqrt(2).
    """
    found = life_expectancy([100, 2], [10_000, 60], OLD_STARTS, 0.5)
    assert np.isnan(found.value).all()
    assert found.upper[1] == pytest.approx(30 + 0.6744897501960817 * 30 / math.sqrt(2))
    assert found.lower[1] == pytest.approx(30 - 0.6744897501960817 * 30 / math.sqrt(2))


def test_life_expectancy_at_one_age():
    """At 65 it is the published 18.77 years, and a band that is not there is refused."""
    found = at_age(life_expectancy(DEATHS, PEOPLE), 65)
    np.testing.assert_allclose(list(found), [18.76856852, 18.57570352, 18.96143352], atol=6e-6)
    with pytest.raises(SchemaError, match=r"age: expected one of the ages 0, 1, .* found 66"):
        at_age(life_expectancy(DEATHS, PEOPLE), 66)
    with pytest.raises(AlignmentError, match="an estimate of 20 ages"):
        at_age(Estimate(*np.ones((3, 2))), 65)


# --- In health ---


def test_healthy_life_expectancy_by_hand():
    """Half in health at 60 and a fifth at 70 leave 138/21 years at 60, and 2 at 70."""
    found = healthy_life_expectancy(*OLD, [0.5, 0.2], 100, OLD_STARTS)
    np.testing.assert_allclose(found.value, [138 / 21, 2])
    years = np.array([200, 190]) / 21
    mortality = S * (5 * 0.5 + 2) ** 2 + 0.2**2 * (19 / 21) ** 2
    health = (years**2 * [0.25, 0.16] / 100).sum()
    last = math.sqrt(0.2**2 + 100 * 0.16 / 100)
    errors = np.array([math.sqrt(mortality + health), last])
    np.testing.assert_allclose(found.upper - found.value, Z * errors)


# Three bands, 60 to 69, 70 to 79 and 80 and over: of those alive a fifth dies in the first and half
# of the others in the second; 5 years are left at 80. Years lived: 9, 6 and 2 for each of 60.
OLDER = ([200, 400, 600], [9_000, 6_000, 3_000])
OLDER_STARTS = [60, 70, 80]
SHARE, ASKED = np.array([0.8, 0.5, 0.25]), np.array([400, 250, 100])
OF_CHANCES = np.array([0.2**2 * 0.8 / 200, 0.5**2 * 0.5 / 400, 5**2 / 600])


def test_healthy_life_expectancy_of_three_bands_by_hand():
    """7.2, 3 and 0.5 years in health make 10.7 at 60, 3.5/0.8 at 70 and 1.25 at 80."""
    found = healthy_life_expectancy(*OLDER, SHARE, ASKED, OLDER_STARTS)
    np.testing.assert_allclose(found.value, [10.7, 4.375, 1.25])
    of_deaths = (OF_CHANCES * np.array([5 * 0.8 + 4.375, 3, 0.1]) ** 2).sum()
    of_health = 81 * 0.16 / 400 + 36 * 0.25 / 250 + 4 * 0.1875 / 100
    assert found.upper[0] - 10.7 == pytest.approx(Z * math.sqrt(of_deaths + of_health))
    assert 10.7 - found.lower[0] == pytest.approx(Z * math.sqrt(of_deaths + of_health))


def test_one_share_of_two_bands_has_one_error():
    """The 15 years from 60 to 79 in which 0.8 are in health are as uncertain as one band's."""
    found = healthy_life_expectancy(
        *OLDER, [0.8, 0.25], [400, 100], OLDER_STARTS, prevalence_starts=[60, 80]
    )
    np.testing.assert_allclose(found.value, [12.5, 5.3 / 0.8, 1.25])
    of_deaths = (OF_CHANCES * np.array([5 * 0.8 + 5.3 / 0.8, 0.8 * (4 + 1.25), 0.1]) ** 2).sum()
    of_health = 15**2 * 0.16 / 400 + 4 * 0.1875 / 100
    assert found.upper[0] - 12.5 == pytest.approx(Z * math.sqrt(of_deaths + of_health))
    at_70 = OF_CHANCES[1] * 5.25**2 + OF_CHANCES[2] * 0.125**2
    of_health_at_70 = (36 * 0.16 / 400 + 4 * 0.1875 / 100) / 0.64
    assert found.upper[1] - 5.3 / 0.8 == pytest.approx(Z * math.sqrt(at_70 + of_health_at_70))


def test_one_share_of_an_open_band_serves_all_that_it_holds():
    """A share of 70 and over holds from 80 on, and errs with that of 70 to 79."""
    joined = healthy_life_expectancy(
        *OLDER, [0.8, 0.5], [400, 250], OLDER_STARTS, prevalence_starts=[60, 70]
    )
    apart = healthy_life_expectancy(*OLDER, [0.8, 0.5, 0.5], [400, 250, 250], OLDER_STARTS)
    np.testing.assert_allclose(joined.value, apart.value)
    assert (joined.upper[:2] > apart.upper[:2]).all()
    assert joined.upper[2] == pytest.approx(apart.upper[2])


@pytest.mark.parametrize("starts", [[70, 80], [60, 75], [60, 80, 70], [60, nan], [[60, 70]], []])
def test_shares_that_cut_through_a_band_are_refused(starts):
    """Their bands start where those of the life table do, the first with the first."""
    share = np.full(len(starts), 0.5)
    with pytest.raises(SchemaError, match="whole bands of the life table, which start at 60, 70"):
        healthy_life_expectancy(*OLDER, share, 100, OLDER_STARTS, prevalence_starts=starts)


def test_share_of_life_in_health_by_hand():
    """10.7 of 17 years at 60, with an interval of which life itself takes its part."""
    found = share_of_life_in_health(*OLDER, SHARE, ASKED, OLDER_STARTS)
    np.testing.assert_allclose(found.value, [10.7 / 17, 4.375 / 10, 0.25])
    part = 10.7 / 17
    weights = np.array([8.375, 3, 0.1]) - part * np.array([15, 8, 0.4])
    of_health = 81 * 0.16 / 400 + 36 * 0.25 / 250 + 4 * 0.1875 / 100
    error = math.sqrt((OF_CHANCES * weights**2).sum() + of_health) / 17
    assert found.upper[0] - part == pytest.approx(Z * error)
    assert part - found.lower[0] == pytest.approx(Z * error)
    # At 80 one share serves all years, and deaths change nothing.
    assert found.upper[2] - 0.25 == pytest.approx(Z * math.sqrt(0.1875 / 100))


def test_share_of_life_as_drawn():
    """Drawn deaths and answers leave the share as uncertain as its limits say."""
    rng = np.random.default_rng(1)
    deaths = rng.binomial(np.array(OLDER[1]), np.array(OLDER[0]) / OLDER[1], (20_000, 3))
    share = rng.binomial(ASKED, SHARE, (20_000, 3)) / ASKED
    people = np.broadcast_to(OLDER[1], deaths.shape)
    drawn = share_of_life_in_health(deaths, people, share, ASKED, OLDER_STARTS).value
    found = share_of_life_in_health(*OLDER, SHARE, ASKED, OLDER_STARTS)
    np.testing.assert_allclose(drawn.std(axis=0), (found.upper - found.value) / Z, rtol=0.04)


@given(share=st.floats(0, 1), asked=st.floats(500, 1e6))
def test_one_share_of_all_ages_is_the_share_of_life(share: float, asked: float):
    """Where every age is as healthy, that is the share, and deaths leave it as certain."""
    found = share_of_life_in_health(DEATHS, PEOPLE, [share], asked, prevalence_starts=[0])
    np.testing.assert_allclose(found.value, share)
    reach = Z * math.sqrt(share * (1 - share) / asked)
    np.testing.assert_allclose(found.lower, max(share - reach, 0), atol=1e-6)
    np.testing.assert_allclose(found.upper, min(share + reach, 1), atol=1e-6)


def test_nobody_in_health_lives_no_year_in_it():
    """A share of 0 at all ages leaves 0 years and 0 of life, without an interval."""
    for made_by in (healthy_life_expectancy, share_of_life_in_health):
        np.testing.assert_array_equal(np.array(made_by(DEATHS, PEOPLE, np.zeros(20), 100)), 0)
    everybody = share_of_life_in_health(DEATHS, PEOPLE, np.ones(20), 100)
    np.testing.assert_allclose(np.array(everybody), 1)


def test_all_in_health_is_life_expectancy():
    """Where everybody is in health, the years in health are all years, limits too."""
    found = healthy_life_expectancy(DEATHS, PEOPLE, np.ones(20))
    np.testing.assert_allclose(np.array(found), np.array(life_expectancy(DEATHS, PEOPLE)))


def test_asking_fewer_people_widens_the_limits():
    """The value stays, and the limits of fewer asked lie further away."""
    share = np.linspace(0.95, 0.3, 20)
    exact, many, few = (
        healthy_life_expectancy(DEATHS, PEOPLE, share, asked) for asked in (np.inf, 500, 50)
    )
    np.testing.assert_array_equal(exact.value, few.value)
    assert (exact.upper < many.upper).all()
    assert (many.upper < few.upper).all()


def test_missing_prevalence_leaves_earlier_ages_without_a_figure():
    """A share that is missing at 65 leaves those up to 65 without years in health."""
    share = np.where(STARTS == 65, nan, 0.5)
    found = healthy_life_expectancy(DEATHS, PEOPLE, share, 100)
    assert np.isnan(np.array(found)[:, STARTS <= 65]).all()
    assert np.isfinite(np.array(found)[:, STARTS > 65]).all()


def test_percentages_in_health_are_refused():
    """A share above 1 stops with what to do."""
    with pytest.raises(SchemaError, match=r"prevalence: .* found 80. Divide percentages by 100"):
        healthy_life_expectancy(DEATHS, PEOPLE, np.full(20, 80))
    with pytest.raises(AlignmentError, match="expected prevalence by age"):
        healthy_life_expectancy(DEATHS, PEOPLE, np.full(19, 0.5))


# --- Chance of dying ---


def test_chance_of_dying_by_hand():
    """At a rate of 0.01 in all eight bands the chance is 1 - (0.975/1.025)**8."""
    people = np.full(20, 10_000.0)
    found = probability_of_dying(people * 0.01, people)
    q = 0.05 / 1.025
    assert found.value == pytest.approx(1 - (1 - q) ** 8)
    error = (1 - q) ** 8 * math.sqrt(8 * q**2 * (1 - q) / 100 / (1 - q) ** 2)
    assert found.upper - found.value == pytest.approx(Z * error)
    assert found.value - found.lower == pytest.approx(Z * error)


def test_bands_outside_the_ages_play_no_part():
    """Whatever stands below 30 and from 70 on, even nothing, changes nothing."""
    outside = (STARTS < 30) | (STARTS >= 70)
    found = probability_of_dying(np.where(outside, nan, DEATHS), np.where(outside, 0, PEOPLE))
    np.testing.assert_array_equal(list(found), list(probability_of_dying(DEATHS, PEOPLE)))


@pytest.mark.parametrize(("deaths", "people"), [(nan, 100), (5, nan), (5, 0), (101, 100)])
def test_a_band_without_a_chance_leaves_none(deaths, people):
    """A missing or empty band, or more deaths than people, gives no chance of dying."""
    found = probability_of_dying([5, deaths, 5], [100, people, 100], [30, 50, 70])
    assert np.isnan(np.array(found)).all()


@given(st.lists(st.integers(0, 1000), min_size=20, max_size=20))
def test_chances_are_shares(deaths):
    """The chance and its limits lie in order, between 0 and 1."""
    found = probability_of_dying(deaths, np.full(20, 1000))
    assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_ages_at_which_no_band_starts_are_refused():
    """Two ages have to be starts of bands, the first below the second."""
    for pair in ((30, 72), (31, 70), (70, 30)):
        with pytest.raises(SchemaError, match="from_age, to_age: expected two ages"):
            probability_of_dying(DEATHS, PEOPLE, STARTS, *pair)


# --- Years of life lost ---


def test_years_of_life_lost_by_hand():
    """2 deaths with 10 years to live and 3 with 1 take 23; the limits are those of 5 deaths."""
    found = years_of_life_lost([2, 3], [10, 1])
    spread = math.sqrt((100 * 2 + 3) / 5)
    exact = exact_poisson_interval(5)
    assert found.value == 23
    assert found.lower == pytest.approx(23 + spread * (float(exact.lower) - 5))
    assert found.upper == pytest.approx(23 + spread * (float(exact.upper) - 5))


def test_years_lost_of_areas_add_up():
    """The years that deaths of areas take sum to those of all, and each may have its own years."""
    deaths = np.array([[2.0, 3, 4], [5, 6, 7]])
    years = np.array([30.0, 20, 10])
    parts = years_of_life_lost(deaths, years)
    assert parts.value.sum() == years_of_life_lost(deaths.sum(axis=0), years).value
    own = years_of_life_lost(deaths, [years, years * 2])
    np.testing.assert_array_equal(own.value, parts.value * [1, 2])


def test_years_lost_before_75_by_hand():
    """A death under 1, at 1 to 4, at 5 to 74 and at 75 or more take 74.5, 72, 35 and 0 years."""
    found = potential_years_of_life_lost(np.eye(4), [0, 1, 5, 75])
    assert found.value.tolist() == [74.5, 72, 35, 0]
    with pytest.raises(SchemaError, match="bands start, found 0 and 75"):
        potential_years_of_life_lost([1, 1], [0, 70])


def test_years_yet_to_live_lie_between_the_ends_of_a_band():
    """Those who die in a band had the mean of its ends, in the first year nearly its start."""
    found = remaining_at_death([80, 79.9, 76, 6], [0, 1, 5, 90])
    np.testing.assert_allclose(found, [79.99, 77.95, 41, 6])
    with pytest.raises(AlignmentError, match="one first age for each"):
        remaining_at_death([80, 6], [0, 1, 90])


# --- What is refused ---


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([70, 60], r"that rise, found \[70.0, 60.0\]"),
        ([60, 60], "that rise"),
        ([60, nan], "that rise"),
        ([0, 5], "the first year of life apart, found a band from 0 to 5. Take deaths"),
    ],
)
def test_ages_that_make_no_table_are_refused(starts, message):
    """First ages that do not rise, or that join the first year to later ones, stop."""
    with pytest.raises(SchemaError, match=message):
        life_expectancy(*OLD, starts)


@pytest.mark.parametrize(
    "call",
    [
        lambda: life_expectancy(DEATHS, PEOPLE[1:]),
        lambda: life_expectancy(DEATHS[1:], PEOPLE[1:]),
        lambda: life_expectancy(5, 100, 0),
        lambda: years_of_life_lost([1, 2], [1, 2, 3]),
        lambda: years_of_life_lost(3, 10),
    ],
)
def test_ages_that_do_not_fit_are_refused(call):
    """Arrays of different ages stop."""
    with pytest.raises(AlignmentError, match="expected"):
        call()


@pytest.mark.parametrize("bad", [-1, math.inf])
def test_negative_and_infinite_counts_are_refused(bad):
    """A count that cannot be stops, and the message says which and where."""
    for deaths, people in (([5, bad], [100, 100]), ([5, 5], [100, bad])):
        with pytest.raises(SchemaError, match=rf"item 1.*: .* 0 or more, found {bad:g}"):
            life_expectancy(deaths, people, OLD_STARTS)
    with pytest.raises(SchemaError, match="confidence: expected a share"):
        life_expectancy(DEATHS, PEOPLE, STARTS, 95)
