"""People by age and sex, and deaths by cause, in the districts of the schematic England."""

from __future__ import annotations

import numpy as np

from healthycities.sources.demo.draws import Floats, Ints, generator, whole_shares

AGES = np.arange(91)
"""Single years of age; the last is 90 and over."""

BAND_STARTS = np.array([0, 1, *range(5, 95, 5)])
"""First age of each of the 20 bands of the mortality statistics."""

CAUSES = {
    0: "A00-R99,U00-Y89 All causes, all ages",
    9700: "C00-C97 Malignant neoplasms",
    560: "E10-E14 Diabetes mellitus",
    9: "I00-I99 IX Diseases of the circulatory system",
    1130: "J30-J39 Other diseases of upper respiratory tract",
    1140: "J40-J47 Chronic lower respiratory diseases",
    1150: "J60-J70 Lung diseases due to external agents",
    1160: "J80-J84 Other respiratory diseases principally affecting the interstitium",
    1170: "J85-J86 Suppurative and necrotic conditions of lower respiratory tract",
    1180: "J90-J94 Other diseases of pleura",
    11095: "J95 Postprocedural respiratory disorders, not elsewhere classified",
    11096: "J96 Respiratory failure, not elsewhere classified",
    11098: "J98 Other respiratory disorders",
    20: "U509,V01-Y89 XX External causes of morbidity and mortality",
}
"""Causes of death by their number at Nomis; the first holds all the others."""

CENSUS_YEAR = 2021
"""Year in which everybody is asked for their health."""

HEALTH_BAND_STARTS = np.arange(0, 90, 5)
"""First age of each of the 18 bands of general health; the last is 85 and over."""

ANSWERS = ("Very good health", "Good health", "Fair health", "Bad health", "Very bad health")
"""What people say of their health; the first two are good."""

# Shape of England's age structure: people of an age, in proportion.
_ANCHOR_AGES = [0, 10, 20, 30, 40, 50, 60, 70, 80, 89]
_ANCHOR_PEOPLE = [1.08, 1.22, 1.20, 1.38, 1.28, 1.35, 1.18, 0.98, 0.55, 0.22]
_PEOPLE_OF_90_AND_OVER = 0.90
_REFERENCE_PM25_UGM3 = 8.0
_RISK_PER_10_UGM3 = 1.08
_RISK_PER_DEPRIVATION = 1.15
# Log odds of good health at birth, and what a year of age and a unit of deprivation take of them.
_GOOD_AT_BIRTH, _LESS_PER_YEAR, _LESS_PER_DEPRIVATION = 3.65, 0.05, 0.3
_VERY_GOOD_OF_GOOD = 0.55
_OF_NOT_GOOD = (0.68, 0.24, 0.08)


def _age_structure() -> Floats:
    shape = np.interp(AGES, _ANCHOR_AGES, _ANCHOR_PEOPLE)
    shape[-1] = _PEOPLE_OF_90_AND_OVER
    return shape


def _male_share() -> Floats:
    """Share of an age that is male: even in youth, a third among the oldest."""
    return 0.51 - 0.03 * np.clip((AGES - 20) / 50, 0, 1) - 0.13 * np.clip((AGES - 70) / 20, 0, 1)


def population(people: Ints, density: Floats, district_seed: Floats) -> Ints:
    """People by district, sex (male, female) and single year of age (0 to 89, 90 and over).

    Parameters
    ----------
    people : (districts,) people of all ages; each district's parts sum to it.
    density : (districts,) people per km2: the denser, the younger.
    district_seed : (districts,) what else makes a district younger, about 0.
    """
    youth = 0.35 * np.log10(density / 800) + district_seed
    tilt = np.exp(-youth[:, None] * (AGES - 40) / 45)
    ages = _age_structure() * tilt
    male = _male_share()
    weights = np.stack([ages * male, ages * (1 - male)], axis=1)
    flat = whole_shares(weights.reshape(len(people), -1), people)
    return flat.reshape(len(people), 2, len(AGES))


def ageing(codes: list[str], *, seed: int) -> Floats:
    """Draw what else makes a district older or younger, the same in every year."""
    return np.array([generator(seed, "ageing", code).normal(0, 0.08) for code in codes])


def death_rates() -> Floats:
    """Deaths per person and year by sex (male, female) and single year of age: Gompertz-like."""
    level = np.array([-10.39, -11.3])[:, None]
    slope = np.array([0.0932, 0.1005])[:, None]
    oldest = np.where(AGES < 90, 0.0, 5.0)
    rates = 0.00008 + np.exp(level + slope * (AGES + oldest))
    rates[:, 0] = [0.0040, 0.0033]
    return np.asarray(rates)


def risk(deprivation: Floats, pm25_ugm3: Floats) -> Floats:
    """Relative risk of dying, rising with deprivation (latent) and slightly with PM2.5."""
    polluted = _RISK_PER_10_UGM3 ** ((pm25_ugm3 - _REFERENCE_PM25_UGM3) / 10)
    return np.asarray(_RISK_PER_DEPRIVATION**deprivation * polluted)


def _logistic(age: Floats, middle: float, width: float) -> Floats:
    return np.asarray(1 / (1 + np.exp((middle - age) / width)))


def cause_shares() -> Floats:
    """Share of each named cause among the deaths of a band, (bands, causes without the first)."""
    age = np.append((BAND_STARTS[:-1] + BAND_STARTS[1:]) / 2, 93.0)
    chronic = _logistic(age, 60, 8)
    shares = [
        0.02 + 0.42 * np.exp(-(((age - 65) / 22) ** 2)),
        0.003 + 0.012 * _logistic(age, 40, 10),
        0.05 + 0.23 * _logistic(age, 45, 12),
        *(part * chronic for part in (0.0004, 0.058, 0.012, 0.013, 0.002, 0.001)),
        *(part * chronic for part in (0.0003, 0.0015, 0.006)),
        0.025 + 0.5 * np.exp(-(((age - 22) / 18) ** 2)),
    ]
    return np.column_stack(shares)


def deaths(people: Ints, relative_risk: Floats, year: int, *, seed: int) -> Ints:
    """Deaths by district, sex, band of age and cause, in the order of `CAUSES`.

    Poisson draws for all causes, of which the named causes are multinomial parts: together they
    are never more than all.

    Parameters
    ----------
    people : (districts, 2, 91), of `population`.
    relative_risk : (districts,) factor on the rates of England.
    """
    rng = generator(seed, "deaths", year)
    expected = people * death_rates() * relative_risk[:, None, None]
    total = rng.poisson(np.add.reduceat(expected, BAND_STARTS, axis=2))
    named = cause_shares()
    others = 1 - named.sum(axis=1, keepdims=True)
    parts = rng.multinomial(total, np.hstack([named, others]))
    return np.concatenate([total[..., None], parts[..., :-1]], axis=-1)


def good_health(deprivation: Floats) -> Floats:
    """Share in good health by district and single year of age, (districts, ages).

    It falls with age and with deprivation, which is latent, (districts,).
    """
    odds = _GOOD_AT_BIRTH - _LESS_PER_YEAR * AGES - _LESS_PER_DEPRIVATION * deprivation[:, None]
    return np.asarray(1 / (1 + np.exp(-odds)))


def general_health(people: Ints, deprivation: Floats, *, seed: int) -> Ints:
    """People by district, sex, band of age and answer, in the order of `ANSWERS`.

    Parameters
    ----------
    people : (districts, 2, 91), of `population`; each band's answers sum to its people.
    deprivation : (districts,) latent mean of each district's people.
    """
    good = good_health(deprivation)[:, None, :]
    parts = (_VERY_GOOD_OF_GOOD, 1 - _VERY_GOOD_OF_GOOD)
    shares = [part * good for part in parts] + [part * (1 - good) for part in _OF_NOT_GOOD]
    expected = people[..., None] * np.stack(shares, axis=-1)
    in_bands = np.add.reduceat(expected, HEALTH_BAND_STARTS, axis=2)
    total = np.add.reduceat(people, HEALTH_BAND_STARTS, axis=2)
    # A band in which nobody lives has no answers, whatever the shares.
    even = np.full_like(in_bands, 1 / len(ANSWERS))
    whole = in_bands.sum(axis=-1, keepdims=True)
    of_all = np.divide(in_bands, whole, out=even, where=whole > 0)
    return generator(seed, "general health").multinomial(total, of_all)
