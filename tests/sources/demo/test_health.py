from __future__ import annotations

import numpy as np
import pytest

from healthycities.sources.demo import health


@pytest.fixture(scope="module")
def england_people() -> np.ndarray:
    """Return 100 districts of half a million people, by sex and age."""
    people = np.full(100, 565_000)
    return health.population(people, np.full(100, 800.0), np.zeros(100))


def test_parts_of_the_population_sum_to_the_whole():
    """Sexes and ages of a district sum to its people, however small it is."""
    people = np.array([2_226, 141_285, 7])
    parts = health.population(people, np.array([100.0, 2600.0, 5000.0]), np.zeros(3))
    assert parts.shape == (3, 2, 91)
    assert parts.sum(axis=(1, 2)).tolist() == people.tolist()


def test_dense_districts_are_younger():
    """A greater share of a dense district is below 40."""
    people = np.array([100_000, 100_000])
    parts = health.population(people, np.array([5000.0, 100.0]), np.zeros(2)).sum(axis=1)
    assert parts[0, :40].sum() > parts[1, :40].sum()


def test_bands_cover_every_age_once():
    """The 20 bands are 0, 1 to 4, five years each, and 90 and over."""
    assert len(health.BAND_STARTS) == 20
    assert np.diff(health.BAND_STARTS).tolist() == [1, 4, *[5] * 17]
    assert health.BAND_STARTS[-1] == 90


def test_rates_rise_with_age_and_are_higher_for_men():
    """From 30 on rates double within about eight years, as Gompertz's law has it."""
    rates = health.death_rates()
    assert (np.diff(rates[:, 30:], axis=1) > 0).all()
    assert (rates[0, 30:90] > rates[1, 30:90]).all()
    assert rates[0, 80] / rates[0, 72] == pytest.approx(2, rel=0.15)


def test_england_has_about_530_000_deaths_a_year(england_people: np.ndarray):
    """56.5 million people of England's age structure have the number of deaths of England."""
    died = health.deaths(england_people, np.ones(100), 2022, seed=1)
    assert died[..., 0].sum() == pytest.approx(530_000, rel=0.12)


def test_named_causes_never_exceed_all_causes(england_people: np.ndarray):
    """In every district, sex and band the named causes are parts of all causes."""
    died = health.deaths(england_people, np.ones(100), 2022, seed=1)
    assert died.shape == (100, 2, 20, len(health.CAUSES))
    assert (died[..., 0] >= died[..., 1:].sum(axis=-1)).all()
    assert died[..., 1:].sum(axis=(0, 1, 2)).min() > 0


def test_risk_by_hand():
    """One unit of deprivation is 15 % more deaths; 10 µg/m³ of PM2.5 more is 8 % more."""
    found = health.risk(np.array([0.0, 1.0, 0.0]), np.array([8.0, 8.0, 18.0]))
    assert found == pytest.approx([1, 1.15, 1.08])


def test_cause_shares_leave_room_for_others():
    """Named causes make up less than the whole of every band."""
    shares = health.cause_shares()
    assert shares.shape == (20, len(health.CAUSES) - 1)
    assert (shares > 0).all()
    assert (shares.sum(axis=1) < 0.9).all()


def test_answers_of_a_band_sum_to_its_people(england_people: np.ndarray):
    """Everybody says something of their health; where nobody lives nobody does."""
    people = england_people.copy()
    people[0, 0, 85:] = 0
    answers = health.general_health(people, np.zeros(100), seed=1)
    assert answers.shape == (100, 2, 18, len(health.ANSWERS))
    in_bands = np.add.reduceat(people, health.HEALTH_BAND_STARTS, axis=2)
    assert answers.sum(axis=-1).tolist() == in_bands.tolist()
    assert not answers[0, 0, -1].any()


def test_good_health_falls_with_age_and_deprivation():
    """By hand: log odds 3.65 at birth, 0.05 less a year, 0.3 less a unit of deprivation."""
    found = health.good_health(np.array([-1.0, 0.0, 1.0]))
    assert (np.diff(found, axis=0) < 0).all()
    assert (np.diff(found, axis=1) < 0).all()
    assert found[1, 73] == pytest.approx(0.5)
    assert found[2, 67] == pytest.approx(0.5)


def test_four_in_five_are_in_good_health(england_people: np.ndarray):
    """Of people of England's ages about as many as in its census, where it was 82 %."""
    answers = health.general_health(england_people, np.zeros(100), seed=1)
    assert answers[..., :2].sum() / answers.sum() == pytest.approx(0.8, abs=0.04)
