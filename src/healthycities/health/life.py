"""Life tables: life expectancy, in health too, years of life lost, and the chance of dying.

Bands of age lie along the last axis, areas, years and draws along those before it. A band ends
where the next begins, and the last has no end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError, SchemaError
from healthycities.health.rates import (
    Estimate,
    FloatArray,
    matched,
    missing_where_0,
    non_negative,
    normal_quantile,
    weighted_events,
)

ABRIDGED_STARTS = (0, 1, *range(5, 95, 5))
"""First ages of the 20 bands of abridged life tables in England; the last is 90 and over."""

FEWEST_PEOPLE = 5_000
"""People or person-years at or below which no life expectancy is given."""

WIDEST_YEARS = 20.0
"""Width of the 95 % interval above which a life expectancy is not given, but its limits are."""

_INFANT_SHARE = 0.1
"""Share of their first year that those who die in it live; in other bands it is half."""

_BORN = 100_000.0


class _Bands(NamedTuple):
    """Start, width and share lived of each band; the width of the last is not finite."""

    starts: FloatArray
    widths: FloatArray
    lived: FloatArray


class _Table(NamedTuple):
    """A life table, all but ``bands`` (…, ages), missing where no table can be made.

    ``dying`` is the chance to die in a band, ``variance`` that of the chance (of the mean years
    lived, in the last band), ``alive`` those who reach it of 100,000, ``years`` those lived in it.
    """

    bands: _Bands
    dying: FloatArray
    variance: FloatArray
    alive: FloatArray
    years: FloatArray


def life_expectancy(
    deaths: npt.ArrayLike,
    population: npt.ArrayLike,
    start_ages: npt.ArrayLike = ABRIDGED_STARTS,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean years that people have yet to live at the start of each band of age.

    With M = d/P, n the width of a band and a the share of it that those who die in it live (0.1 in
    the first year of life, else 0.5): q = nM/(1 + n(1-a)M), at most 1, and 1 in the last band;
    l = 100,000 at the first start, then l(1-q); L = n(l(1-q) + a l q), in the last band l/M;
    e = sum of L from a band on / l. Variance (Chiang's with Silcocks' last band):
    sum of W from a band on / l**2, W = s l**2 ((1-a)n + e_next)**2, s = q**2 (1-q)/d, and in the
    last band W = l**2/(d M**2).

    A band without deaths has no variance. Values and limits are missing where the last band has no
    deaths (life would have no end), a band is missing, has nobody, or fewer people than deaths, and
    at `FEWEST_PEOPLE` or less in all bands. Where the 95 % interval is wider than `WIDEST_YEARS`
    the value is missing and the limits are not.

    Parameters
    ----------
    deaths, population : (areas…, ages) deaths, and people or person-years, of each band.
    start_ages : (ages,) first age of each band, rising: those of single years, the 20 of
        `ABRIDGED_STARTS`, or any others of which one that starts at 0 ends at 1, because deaths of
        the first year fall at its start.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        Years, (areas…, ages). Those at birth are ``[..., 0]``; :func:`at_age` takes any other.

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and ages.
    SchemaError : a value is negative or infinite, the ages do not rise, the first year of life is
        not apart, or the confidence is out of range.

    Notes
    -----
    Source: Chiang 1968, Introduction to Stochastic Processes in Biostatistics; Silcocks et al.
    2001, Journal of Epidemiology and Community Health 55; rules for few people: Toson and Baker
    2003, Eayres and Williams 2004. Test: 20 bands give 80.16960813 (79.88268548 to 80.45653078) at
    birth (PHEindicatormethods, testLifeExpectancy).
    """
    table = _life_table(*_inputs(deaths, population, start_ages))
    return _expectancy(table, np.ones_like(table.years), 0.0, confidence)


def healthy_life_expectancy(
    deaths: npt.ArrayLike,
    population: npt.ArrayLike,
    prevalence: npt.ArrayLike,
    asked: npt.ArrayLike = np.inf,
    start_ages: npt.ArrayLike = ABRIDGED_STARTS,
    confidence: float = 0.95,
    *,
    prevalence_starts: npt.ArrayLike | None = None,
) -> Estimate:
    """Return the mean years that people have yet to live in health, by Sullivan's method.

    e' = sum of pi L from a band on / l, with pi the share in health. Variance: that of life
    expectancy with (1-a) n pi + e'_next in the place of (1-a) n + e_next (and pi times the last
    band's), plus sum of L**2 pi(1-pi)/N from a band on / l**2. The usual formula is the second term
    alone, which is most of it in large populations; in small ones the first is not little.

    Where one share serves several bands of the life table, its error is one error: L in the second
    term is then the years lived in all of them together.

    Parameters
    ----------
    deaths, population, start_ages, confidence : as for :func:`life_expectancy`.
    prevalence : (bands,) or (areas…, bands) share of people in health, 0 to 1.
    asked : people whose health the share is of, in the same shapes, more than 0; fewer than were
        asked where a survey's design widens its errors. Infinite, the default: an exact share.
    prevalence_starts : (bands,) first age of each band of the prevalence, where these are coarser
        than those of the life table: each holds for all that start within it.

    Returns
    -------
    Estimate
        Years, (areas…, ages); missing as life expectancy is, and where the prevalence of this or a
        later band is missing.

    Raises
    ------
    AlignmentError, SchemaError : as :func:`life_expectancy`, and where a share exceeds 1, or a band
        of the prevalence does not start where one of the life table does.

    Notes
    -----
    Source: Sullivan 1971, HSMHA Health Reports 86; Jagger et al. 2014, Health Expectancy
    Calculation by the Sullivan Method (second term); Newman 1988, Demography 25 (both terms).
    Test: worked by hand; life expectancy and its interval where all are in health.
    """
    table = _life_table(*_inputs(deaths, population, start_ages))
    health = _in_health(table, prevalence, asked, prevalence_starts)
    return _expectancy(table, health.share, health.variance, confidence)


def share_of_life_in_health(
    deaths: npt.ArrayLike,
    population: npt.ArrayLike,
    prevalence: npt.ArrayLike,
    asked: npt.ArrayLike = np.inf,
    start_ages: npt.ArrayLike = ABRIDGED_STARTS,
    confidence: float = 0.95,
    *,
    prevalence_starts: npt.ArrayLike | None = None,
) -> Estimate:
    """Return which share of the years that people have yet to live they live in health.

    s = e'/e, the years of :func:`healthy_life_expectancy` over those of :func:`life_expectancy`, of
    one life table. Its variance is that of e' with pi - s in the place of pi in what the deaths
    add, over e**2: a death takes years of both, so that the share is steadier than either (delta
    method); limits value -+ z standard errors, within 0 and 1.

    Parameters
    ----------
    deaths, population, prevalence, asked, start_ages, confidence, prevalence_starts : as for
        :func:`healthy_life_expectancy`.

    Returns
    -------
    Estimate
        Shares of 0 to 1, (areas…, ages); missing where either expectancy is.

    Raises
    ------
    AlignmentError, SchemaError : as :func:`healthy_life_expectancy`.

    Notes
    -----
    Source: derived here, from the variance of Newman 1988. Test: worked by hand; 1 without an
    interval where all are in health.
    """
    table = _life_table(*_inputs(deaths, population, start_ages))
    health = _in_health(table, prevalence, asked, prevalence_starts)
    every = np.ones_like(table.years)
    years = _expectancy(table, every, 0.0, confidence).value
    healthy = _expectancy(table, health.share, health.variance, confidence).value
    share = healthy / missing_where_0(years)
    of_healthy, of_all = (_mortality_weight(table, part) for part in (health.share, every))
    from_deaths = (
        _from_band_on(table.variance * of_healthy**2)
        - 2 * share * _from_band_on(table.variance * of_healthy * of_all)
        + share**2 * _from_band_on(table.variance * of_all**2)
    )
    # Nearly the same numbers are taken from each other where nearly all are in health.
    variance = np.maximum(from_deaths, 0) + _from_band_on(health.variance)
    reach = normal_quantile(confidence) * np.sqrt(variance) / (table.alive * years)
    return Estimate(share, np.maximum(share - reach, 0), np.minimum(share + reach, 1))


class _Health(NamedTuple):
    """Share in health of each band of a life table, and what its error adds to the variance.

    ``variance`` is of the years that the table's people live in health, to be summed from a band
    on and divided by the square of those who reach it.
    """

    share: FloatArray
    variance: FloatArray


def _in_health(
    table: _Table,
    prevalence: npt.ArrayLike,
    asked: npt.ArrayLike,
    prevalence_starts: npt.ArrayLike | None,
) -> _Health:
    starts = table.bands.starts
    first = starts if prevalence_starts is None else _joined_starts(prevalence_starts, starts)
    shape = (*table.years.shape[:-1], first.size)
    share = _by_band("prevalence", prevalence, shape)
    if (share > 1).any():
        raise SchemaError(
            f"expected shares of 0 to 1, found {share[share > 1][0]:g}",
            place="prevalence",
            mend="Divide percentages by 100.",
        )
    variance = share * (1 - share) / _asked(asked, shape)
    band = np.searchsorted(first, starts, side="right") - 1
    return _Health(share[..., band], _squared_years(table.years, band) * variance[..., band])


def _joined_starts(prevalence_starts: npt.ArrayLike, starts: FloatArray) -> FloatArray:
    first = np.asarray(prevalence_starts, dtype=np.float64)
    rising = first.ndim == 1 and first.size > 0 and bool((np.diff(first) > 0).all())
    if not rising or first[0] != starts[0] or not np.isin(first, starts).all():
        raise SchemaError(
            f"expected bands that are made of whole bands of the life table, which start at"
            f" {', '.join(f'{age:g}' for age in starts)}, found {first.tolist()}",
            place="prevalence_starts",
            mend="Sum the people asked to such bands first.",
        )
    return first


def _squared_years(years: FloatArray, band: npt.NDArray[np.intp]) -> FloatArray:
    """Return what each band of a life table adds to the square of the years of its joined band.

    (sum of L)**2 from a band on is the sum of L (L + 2 times those of later ones) from it on.
    """
    later = np.triu(band[:, None] == band, 1).astype(np.float64)
    return np.asarray(years * (years + 2 * years @ later.T))


def _asked(asked: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return the number of people asked, which may be infinite."""
    numbers = np.asarray(asked, dtype=np.float64)
    everybody = np.isposinf(numbers)
    finite = _by_band("asked", np.where(everybody, 1.0, numbers), shape)
    return np.where(np.broadcast_to(everybody, shape), np.inf, missing_where_0(finite))


def _by_band(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return values of one number, of bands, or of areas and bands, in the last shape."""
    array = non_negative(name, values)
    if array.shape not in ((), shape[-1:], shape):
        raise AlignmentError(
            f"expected {name} by age, or by area and age, of {shape}, found {array.shape}"
        )
    return np.broadcast_to(array, shape)


def at_age(estimate: Estimate, age: float, start_ages: npt.ArrayLike = ABRIDGED_STARTS) -> Estimate:
    """Return what an estimate by age says of one age, such as life expectancy at 65.

    Parameters
    ----------
    estimate : (areas…, ages), as :func:`life_expectancy` returns it.
    age : one of the first ages of the bands.
    start_ages : (ages,) as they were given to it.

    Returns
    -------
    Estimate
        (areas…).

    Raises
    ------
    AlignmentError : the estimate is not of these ages.
    SchemaError : no band starts at the age.
    """
    starts = non_negative("start_ages", start_ages)
    if np.shape(estimate.value)[-1:] != starts.shape:
        raise AlignmentError(
            f"expected an estimate of {starts.size} ages, found {np.shape(estimate.value)}"
        )
    (places,) = np.nonzero(starts == age)
    if not places.size:
        raise SchemaError(
            f"expected one of the ages {', '.join(f'{a:g}' for a in starts)}, found {age:g}",
            place="age",
        )
    return Estimate(*(part[..., places[0]] for part in estimate))


# --- Life tables ---


def _inputs(
    deaths: npt.ArrayLike, population: npt.ArrayLike, start_ages: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, _Bands]:
    counts, people = matched(deaths=deaths, population=population)
    starts = _starts(start_ages, counts.shape)
    return counts, people, _bands(starts)


def _starts(start_ages: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    starts = non_negative("start_ages", start_ages)
    if starts.shape != shape[-1:] or not shape:
        raise AlignmentError(
            f"expected arrays of areas x ages and one first age for each, found {shape} and"
            f" start_ages {starts.shape}",
            mend="Give all in the same bands of age, along the last axis.",
        )
    if not starts.size or not (np.diff(starts) > 0).all() or np.isnan(starts).any():
        raise SchemaError(
            f"expected first ages of bands that rise, found {starts.tolist()}", place="start_ages"
        )
    return starts


def _bands(starts: FloatArray) -> _Bands:
    widths = np.append(np.diff(starts), np.inf)
    if starts[0] == 0 and widths[0] > 1:
        raise SchemaError(
            f"expected the first year of life apart, found a band from 0 to {widths[0]:g}",
            place="start_ages",
            mend="Take deaths and people under 1 and of 1 to 4 apart.",
        )
    return _Bands(starts, widths, np.where(starts < 1, _INFANT_SHARE, 0.5))


def _dying(rates: FloatArray, widths: FloatArray, lived: FloatArray) -> FloatArray:
    """Return the chance to die in bands of finite width, at most 1."""
    return np.asarray(np.minimum(widths * rates / (1 + widths * (1 - lived) * rates), 1.0))


def _chance_variance(dying: FloatArray, deaths: FloatArray) -> FloatArray:
    """Return the variance of chances to die, 0 where nobody died."""
    return np.asarray(np.where(deaths == 0, 0.0, dying**2 * (1 - dying) / missing_where_0(deaths)))


def _life_table(deaths: FloatArray, people: FloatArray, bands: _Bands) -> _Table:
    usable = _usable(deaths, people)
    rates = np.where(usable, deaths, np.nan) / missing_where_0(people)
    ends = np.where(rates[..., -1:] > 0, 1.0, np.nan)
    widths, lived = bands.widths[:-1], bands.lived[:-1]
    inner = _dying(rates[..., :-1], widths, lived)
    dying = np.append(inner, ends, axis=-1)
    alive = _alive(dying)
    mean_last = 1 / missing_where_0(rates[..., -1:])
    years = np.append(
        widths * alive[..., :-1] * (1 - inner * (1 - lived)), alive[..., -1:] * mean_last, axis=-1
    )
    variance = np.append(
        _chance_variance(inner, deaths[..., :-1]),
        mean_last**2 / missing_where_0(deaths[..., -1:]),
        axis=-1,
    )
    return _Table(bands, dying, variance, alive, years)


def _usable(deaths: FloatArray, people: FloatArray) -> npt.NDArray[np.bool_]:
    """Return where a life table can be made of all bands, (…, 1)."""
    whole = ((people > 0) & (deaths <= people)).all(axis=-1, keepdims=True)
    return np.asarray(whole & (people.sum(axis=-1, keepdims=True) > FEWEST_PEOPLE))


def _alive(dying: FloatArray) -> FloatArray:
    survived = np.cumprod(1 - dying[..., :-1], axis=-1)
    return np.asarray(_BORN * np.append(np.ones_like(dying[..., :1]), survived, axis=-1))


def _from_band_on(values: FloatArray) -> FloatArray:
    return np.asarray(np.flip(np.cumsum(np.flip(values, axis=-1), axis=-1), axis=-1))


def _expectancy(
    table: _Table, share: FloatArray, from_health: npt.ArrayLike, confidence: float
) -> Estimate:
    """Return the years yet to live in health, or all of them where the share is 1."""
    z = normal_quantile(confidence)
    # Where the survivors of a band are none, nobody has a life expectancy.
    alive = missing_where_0(table.alive)
    value = _mean_years(table, share)
    weight = _mortality_weight(table, share)
    error = np.sqrt(_from_band_on(table.variance * weight**2 + np.asarray(from_health))) / alive
    narrow = 2 * normal_quantile(0.95) * error <= WIDEST_YEARS
    return Estimate(
        np.where(narrow, value, np.nan), np.maximum(value - z * error, 0), value + z * error
    )


def _mean_years(table: _Table, share: FloatArray) -> FloatArray:
    return np.asarray(_from_band_on(table.years * share) / missing_where_0(table.alive))


def _mortality_weight(table: _Table, share: FloatArray) -> FloatArray:
    """Return how many years a change in a band's chance to die takes from the table."""
    later = _mean_years(table, share)[..., 1:]
    after = np.append(later, np.zeros_like(table.years[..., :1]), axis=-1)
    widths = np.append(table.bands.widths[:-1], 0.0)
    inner = table.alive * ((1 - table.bands.lived) * widths * share + np.nan_to_num(after))
    return np.asarray(np.append(inner[..., :-1], (table.alive * share)[..., -1:], axis=-1))


# --- Chance of dying between two ages ---


def probability_of_dying(
    deaths: npt.ArrayLike,
    population: npt.ArrayLike,
    start_ages: npt.ArrayLike = ABRIDGED_STARTS,
    from_age: float = 30,
    to_age: float = 70,
    confidence: float = 0.95,
) -> Estimate:
    """Return the chance to die between two ages, at the death rates of today.

    1 - product of (1 - q), with q = nM/(1 + n(1-a)M) for each band as in :func:`life_expectancy`:
    5M/(1 + 2.5M) in bands of five years. From 30 to 70, of deaths by cancer, diabetes, circulatory
    and chronic respiratory disease, it is SDG indicator 3.4.1. Variance:
    p**2 sum(s/(1-q)**2) with p the product and s = q**2 (1-q)/d; limits value -+ z standard
    errors, within 0 and 1.

    Parameters
    ----------
    deaths, population : (areas…, ages) deaths, of the causes in question, and people.
    start_ages : (ages,) as for :func:`life_expectancy`; bands outside the two ages play no part.
    from_age, to_age : ages at which bands start; the last band, which is open, is never in between.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        (areas…) between 0 and 1; missing where a band is missing or has nobody, or deaths outnumber
        people.

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and ages.
    SchemaError : a value is negative or infinite, or no band starts at one of the two ages.

    Notes
    -----
    Source: WHO, indicator metadata of SDG 3.4.1; variance: Chiang 1984, The Life Table and its
    Applications. Test: worked by hand.
    """
    counts, people, bands = _inputs(deaths, population, start_ages)
    chosen = _between(bands.starts, from_age, to_age)
    counts, people = counts[..., chosen], people[..., chosen]
    rates = np.where(counts <= people, counts, np.nan) / missing_where_0(people)
    dying = _dying(rates, bands.widths[chosen], bands.lived[chosen])
    surviving = np.prod(1 - dying, axis=-1)
    # Where nobody survives a band nobody survives all of them, whatever happens in the others.
    left = np.where(dying == 1, 1, 1 - dying)
    relative = _chance_variance(dying, counts) / left**2
    reach = normal_quantile(confidence) * surviving * np.sqrt(relative.sum(axis=-1))
    value = 1 - surviving
    return Estimate(value, np.maximum(value - reach, 0), np.minimum(value + reach, 1))


def _between(starts: FloatArray, from_age: float, to_age: float) -> npt.NDArray[np.bool_]:
    absent = [age for age in (from_age, to_age) if age not in starts]
    if absent or not from_age < to_age:
        raise SchemaError(
            "expected two ages, the first below the second, at which bands start, found"
            f" {from_age:g} and {to_age:g} with bands from {', '.join(f'{a:g}' for a in starts)}",
            place="from_age, to_age",
        )
    return np.asarray((starts >= from_age) & (starts < to_age))


# --- Years of life lost ---


def years_of_life_lost(
    deaths: npt.ArrayLike, remaining_years: npt.ArrayLike, confidence: float = 0.95
) -> Estimate:
    """Return the person-years that deaths take: deaths times the years yet to live at their age.

    sum(d y) over the bands of age, with Dobson's limits for the deaths; the years are taken as
    known. The years are those of a standard, or observed: :func:`remaining_at_death`.

    Parameters
    ----------
    deaths : (areas…, ages) number of deaths, 0 or more.
    remaining_years : (ages,) or (areas…, ages) years yet to live, 0 or more.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        Person-years, (areas…); without deaths the upper limit is missing.

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and ages.
    SchemaError : a value is negative or infinite, or the confidence is out of range.

    Notes
    -----
    Source: Murray 1994, Bulletin of the World Health Organization 72, without discount or weights
    of age. Test: worked by hand.
    """
    counts = non_negative("deaths", deaths)
    if not counts.ndim:
        raise AlignmentError("expected deaths of areas x ages, found a single number")
    years = _by_band("remaining_years", remaining_years, counts.shape)
    return weighted_events(counts, years, confidence)


def potential_years_of_life_lost(
    deaths: npt.ArrayLike,
    start_ages: npt.ArrayLike = ABRIDGED_STARTS,
    to_age: float = 75,
    confidence: float = 0.95,
) -> Estimate:
    """Return the person-years that deaths take before an age, such as 75.

    sum(d (to_age - middle of the band)) over the bands below the age; deaths above it take none.

    Parameters
    ----------
    deaths : (areas…, ages) number of deaths, 0 or more.
    start_ages : (ages,) first age of each band, rising; one of them is ``to_age``.
    to_age : age that years are counted to.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        Person-years, (areas…); without deaths below the age the upper limit is missing.

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and ages.
    SchemaError : a value is negative or infinite, the ages do not rise, or no band starts at
        ``to_age``.

    Notes
    -----
    Source: Romeder and McWhinnie 1977, International Journal of Epidemiology 6. Test: worked by
    hand.
    """
    counts = non_negative("deaths", deaths)
    starts = _starts(start_ages, counts.shape)
    young = _between(starts, starts[0], to_age)
    ages = starts[young]
    middles = ages + np.diff(np.append(ages, to_age)) / 2
    return years_of_life_lost(counts[..., young], to_age - middles, confidence)


def remaining_at_death(
    expectancy: npt.ArrayLike, start_ages: Sequence[float] | FloatArray = ABRIDGED_STARTS
) -> FloatArray:
    """Return the years that those who died in each band had yet to live, from life expectancies.

    (1-a) e + a e_next, on the line between the expectancies at the band's two ends, with a the
    share of the band that those who die in it live; in the last band e at its start.

    Parameters
    ----------
    expectancy : (areas…, ages) years, such as the value of :func:`life_expectancy`.
    start_ages : (ages,) first age of each band, as for :func:`life_expectancy`.

    Raises
    ------
    AlignmentError : the arrays do not have the same ages.
    SchemaError : a value is negative or infinite, or as for :func:`life_expectancy`.
    """
    years = non_negative("expectancy", expectancy)
    bands = _bands(_starts(start_ages, years.shape))
    after = np.append(years[..., 1:], years[..., -1:], axis=-1)
    return np.asarray(years * (1 - bands.lived) + after * bands.lived)
