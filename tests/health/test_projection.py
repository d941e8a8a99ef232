from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.health.published import cases

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.burden import attributable_fraction
from healthycities.health.projection import (
    LONGEST_YEARS,
    phase_in,
    projected,
    pulse,
)
from healthycities.package_tables import rows

LAGS = sorted({row["lag_id"] for row in rows("health/data/lags.csv")})
ROWS = cases("healthiar_lifetable_inputs.csv")
AT_ONCE = phase_in("none", LONGEST_YEARS)


def of_both_sexes(column: str) -> np.ndarray:
    """Return a column of the published life tables, sexes x ages."""
    return np.array([float(row[column]) for row in ROWS]).reshape(2, 100)


PEOPLE, DEATHS = of_both_sexes("midyear_population_airqplus"), of_both_sexes("deaths")


def fractions_of(row: dict[str, str]) -> np.ndarray:
    """Return central, lower and upper fraction of a published case."""
    central, limits = row["rr"].rstrip(")").split(" (")
    rr = (float(central), *map(float, limits.split("-")))
    exposure, increment, cutoff = (float(row[n]) for n in ("exposure", "rr_increment", "cutoff"))
    return np.array(attributable_fraction(exposure, rr, increment, cutoff))


# --- Published figures ---


@pytest.mark.parametrize("newborns", [True, False])
@pytest.mark.parametrize("row", cases("healthiar_lifetable_expected.csv"), ids=lambda r: r["case"])
def test_deaths_as_published(row, newborns):
    """Deaths of the first year, summed over the sexes, are healthiar's, and newborns add none."""
    found = projected(
        PEOPLE,
        DEATHS,
        fractions_of(row)[:, np.newaxis],
        AT_ONCE,
        min_age=int(row["min_age"]),
        newborns=newborns,
    )
    expected = [float(row[f"expected_{name}"]) for name in ("central", "lower", "upper")]
    np.testing.assert_allclose(found.deaths_prevented[..., 0].sum(axis=-1), expected, atol=1e-6)


def test_pooled_sexes_are_another_answer():
    """The deaths of one table of both sexes are not the sum of those of two."""
    apart = projected(PEOPLE, DEATHS, 0.05, pulse(1)).life_years_gained.sum()
    pooled = projected(PEOPLE.sum(axis=0), DEATHS.sum(axis=0), 0.05, pulse(1))
    assert pooled.life_years_gained.sum() != pytest.approx(apart, rel=1e-6)


# --- By hand ---


def test_two_ages_by_hand():
    """Half of 100 die at age 0 and half of 50 at age 1; without a death, all end age 1 alive.

    In the first year 75 people live half a year more each. In the second 100 start age 1, not 50:
    they live 100 years, not 37.5. Nobody is followed beyond age 1.
    """
    found = projected([75, 37.5], [50, 25], 1, [1, 1, 1])
    np.testing.assert_allclose(found.deaths_prevented, [75, 25, 0])
    np.testing.assert_allclose(found.life_years_gained, [37.5, 62.5, 0])


def test_an_open_last_age_keeps_its_people():
    """Those who outlive the last age live on in it: the 25 and the 50 of the table above."""
    found = projected([75, 37.5], [50, 25], 1, [1, 1], last_age="open")
    before, after = 50 + 25, 100 + 50
    np.testing.assert_allclose(found.deaths_prevented, [75, before / 2])
    np.testing.assert_allclose(found.life_years_gained, [37.5, after - before * 0.75])


def test_newborns_by_hand():
    """With newborns 100 start at age 0 in every year: 200 live, for 112.5 years before."""
    found = projected([75, 37.5], [50, 25], 1, [1, 1, 1], newborns=True)
    np.testing.assert_allclose(found.deaths_prevented, [75, 75, 75])
    np.testing.assert_allclose(found.life_years_gained, [37.5, 87.5, 87.5])


def test_the_young_are_not_at_risk():
    """From age 1 on only, the deaths at age 0 stay."""
    found = projected([75, 37.5], [50, 25], 1, [1], min_age=1)
    np.testing.assert_allclose(found.deaths_prevented, [25])


def test_phases_of_the_us_epa():
    """30 % in the first year, 12.5 % in each of four, the rest evenly to the twentieth."""
    found = phase_in("epa", 25)
    np.testing.assert_allclose(found[:5], [0.3, 0.425, 0.55, 0.675, 0.8])
    np.testing.assert_allclose(np.diff(found[4:20]), 0.2 / 15)
    np.testing.assert_array_equal(found[19:], 1)


def test_other_phases():
    """At once, evenly over five years, and for one year only."""
    np.testing.assert_array_equal(phase_in("none", 3), [1, 1, 1])
    np.testing.assert_allclose(phase_in("linear_5", 6), [0.2, 0.4, 0.6, 0.8, 1, 1])
    np.testing.assert_array_equal(pulse(3), [1, 0, 0])


@pytest.mark.parametrize("lag_id", LAGS)
def test_every_lag_ends_whole(lag_id):
    """The shares of every lag of the file sum to 1 and never fall."""
    found = phase_in(lag_id, LONGEST_YEARS)
    assert found[-1] == pytest.approx(1, abs=1e-12)
    assert (np.diff(found) >= 0).all()


# --- Laws ---


fractions = st.floats(0, 1)


@settings(max_examples=30, deadline=None)
@given(fractions, fractions)
def test_more_removed_is_more_gained(one, other):
    """Years gained and deaths of the first year rise with the fraction, and are 0 without one."""
    low, high = (projected(PEOPLE, DEATHS, part, AT_ONCE) for part in sorted((one, other)))
    gained = low.life_years_gained.sum(), high.life_years_gained.sum()
    assert 0 <= gained[0] <= gained[1] + 1e-6
    assert (low.deaths_prevented[:, 0] <= high.deaths_prevented[:, 0] + 1e-9).all()
    nothing = projected(PEOPLE, DEATHS, 0, AT_ONCE)
    np.testing.assert_array_equal(nothing.life_years_gained, 0)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.3))
def test_who_does_not_die_now_dies_later(fraction):
    """Once all are dead, with the change and without, no death has been prevented for good."""
    prevented = projected(PEOPLE, DEATHS, fraction, AT_ONCE, last_age="open").deaths_prevented
    assert abs(prevented.sum()) < 1e-2 * prevented[prevented > 0].sum()


@pytest.mark.parametrize("lag_id", LAGS)
def test_a_lag_only_puts_off(lag_id):
    """Years gained with any lag are at most those gained at once."""
    lagged = projected(PEOPLE, DEATHS, 0.05, phase_in(lag_id, 105)).life_years_gained
    at_once = projected(PEOPLE, DEATHS, 0.05, AT_ONCE).life_years_gained
    assert (np.cumsum(lagged, axis=-1) <= np.cumsum(at_once, axis=-1) + 1e-9).all()


def test_draws_are_stretched_over_the_sexes():
    """Fractions of draws give what each gives alone, and missing ones stay missing."""
    draws = np.array([0.02, 0.05, np.nan])
    found = projected(PEOPLE, DEATHS, draws[:, np.newaxis], AT_ONCE).life_years_gained
    assert found.shape == (3, 2, 105)
    alone = projected(PEOPLE, DEATHS, 0.05, AT_ONCE).life_years_gained
    np.testing.assert_allclose(found[1], alone)
    assert np.isnan(found[2]).all()


# --- What is refused ---


@pytest.mark.parametrize(
    ("given_", "error", "message"),
    [
        ({"population": [10, 0]}, SchemaError, "population: expected people at every age"),
        ({"population": [10, 10, 10]}, AlignmentError, r"population \(3,\), deaths \(2,\)"),
        ({"population": 10.0, "deaths": 1.0}, AlignmentError, "single years of age"),
        ({"deaths": [1, 30]}, SchemaError, "deaths: expected no more deaths than twice"),
        ({"deaths": [1, -1]}, SchemaError, "deaths, item 1"),
        ({"fraction": 1.2}, SchemaError, "fraction: expected a share of the deaths of at most 1"),
        ({"phase": [0.5, 1.2]}, SchemaError, "phase: expected shares between 0 and 1"),
        ({"phase": []}, SchemaError, "phase: expected a share for each of 1 to 105 years"),
        ({"phase": np.ones(106)}, SchemaError, "phase: expected a share for each"),
        ({"min_age": 2}, SchemaError, "min_age: expected an age of 0 to 1, found 2"),
        ({"last_age": "half"}, ConfigError, "last_age 'closed' or 'open', found 'half'"),
    ],
)
def test_what_does_not_fit_is_refused(given_, error, message):
    """Bad tables, fractions and phases stop, and the message names them."""
    sound = {"population": [10, 10], "deaths": [1, 2], "fraction": 0.1, "phase": [1]}
    with pytest.raises(error, match=message):
        projected(**{**sound, **given_})


def test_a_fraction_of_other_areas_is_refused():
    """Three fractions do not fit two sexes."""
    with pytest.raises(AlignmentError, match=r"fits populations \(2,\), found \(3,\)"):
        projected(PEOPLE, DEATHS, [0.1, 0.2, 0.3], [1])


def test_unknown_lags_and_years_are_refused():
    """A lag that no row has lists those that are known; years run to 105."""
    with pytest.raises(ConfigError, match="unknown lag 'slow'; known are none, epa, linear_5"):
        phase_in("slow", 10)
    for years in (0, 106):
        with pytest.raises(SchemaError, match="years: expected 1 to 105 years"):
            phase_in("none", years)
        with pytest.raises(SchemaError, match="years: expected 1 to 105 years"):
            pulse(years)
