"""Inequality: slope and relative index, concentration index, gaps, and spread within areas.

Quantiles of deprivation lie along the last axis, from the most deprived to the least; areas, years
and draws along those before it. An authority has quantiles of its own: indices of its districts
do not combine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import qmc

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.rates import (
    Estimate,
    FloatArray,
    matched,
    missing_where_0,
    non_negative,
    normal_quantile,
    numbers,
)

FEWEST_QUANTILES, MOST_QUANTILES = 5, 100
"""How many quantiles a slope is fitted to."""


def _inside(values: FloatArray) -> FloatArray:
    """Return shares that have a logit; those of 0 and 1 have none, and are missing."""
    return np.where((values > 0) & (values < 1), values, np.nan)


class Scale(NamedTuple):
    """A scale that values are taken to and back from, and the derivative of the way back.

    ``slope`` takes values as they come back. ``ends`` are the values between which it is defined.
    """

    to: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    ends: tuple[float, float]


_PLAIN = Scale(np.asarray, np.asarray, lambda values: np.ones_like(values), (-np.inf, np.inf))
_LOG = Scale(
    lambda values: np.log(missing_where_0(values)), np.exp, lambda values: values, (0, np.inf)
)
_LOGIT = Scale(
    lambda shares: logit(_inside(shares)), expit, lambda shares: shares * (1 - shares), (0, 1)
)

SCALES: Mapping[str | None, Scale] = MappingProxyType(
    {
        **dict.fromkeys((None, "none", "identity", "value"), _PLAIN),
        "log": _LOG,
        "logit": _LOGIT,
    }
)
"""Scales by name: None, ``none``, ``identity`` and ``value`` are one."""


class SlopeIndex(NamedTuple):
    """The slope index of inequality with its limits, and what goes with it, of one shape.

    ``rii`` is the relative index, an `Estimate`; ``intercept`` the line's value at the end of the
    most deprived.
    """

    value: FloatArray
    lower: FloatArray
    upper: FloatArray
    rii: Estimate
    intercept: FloatArray

    @property
    def sii(self) -> Estimate:
        """Return the slope index as an `Estimate`."""
        return Estimate(self.value, self.lower, self.upper)


# --- Slope and relative index ---


def slope_index(
    population: npt.ArrayLike,
    value: npt.ArrayLike,
    standard_error: npt.ArrayLike | None = None,
    transform: str | None = None,
    multiplier: float = 1,
    confidence: float = 0.95,
    *,
    error_scale: str | None = "as transform",
    interval: str = "simulation",
    repetitions: int = 2**17,
    seed: int = 1,
) -> SlopeIndex:
    """Return the slope and the relative index of inequality over quantiles of deprivation.

    With a the share of people in a quantile and b = the shares before it + a/2, a line is fitted
    to the values on the scale ``transform``, weighted by a. With f0 and f1 its values at b = 0
    (most deprived) and 1 (least), taken back from the scale: SII = k (f1 - f0), RII = f1/f0. On the
    plain scale the SII is the line's slope. With a negative multiplier, for what is better when
    lower, the RII is turned over too.

    ``simulation`` draws the values of the quantiles from normal distributions on ``error_scale``,
    fits each draw, and takes the percentiles; the draws are evenly spread (scrambled Sobol points)
    and the same for every area and call. ``delta`` takes the errors through the derivatives: SII
    -+ z standard errors, RII on the scale of its logarithm.

    Parameters
    ----------
    population : (areas…, quantiles) people, from the most deprived quantile to the least.
    value : (areas…, quantiles) any numbers; rates of 0 or more for ``log``; shares of 0 to 1 for
        ``logit``.
    standard_error : (areas…, quantiles) of the values on ``error_scale``: for rates and ``log``,
        (ln upper - ln lower)/(2z). None: no limits.
    transform : scale of the line, one of `SCALES`: None, "none", "identity" or "value" for values
        such as life expectancy, "log" for rates, "logit" for proportions.
    multiplier : factor k of the SII, such as 100 to make shares percentages; not 0. Neither RII nor
        intercept are multiplied.
    confidence : share between 0 and 1.
    error_scale : scale of the standard errors, one of `SCALES`, where it is not that of the line:
        published indices of rates often fit a line to the rates, whose errors are those of logs.
    interval : "simulation" or "delta".
    repetitions : draws of the simulation, made up to a power of 2.
    seed : of the simulation.

    Returns
    -------
    SlopeIndex
        (areas…). Missing where a value or a population is missing, a quantile has nobody, or a
        value has no place on the scale: a rate of 0, a share of 0 or 1.

    Raises
    ------
    AlignmentError : the arrays differ in shape, or do not have 5 to 100 quantiles.
    SchemaError : a population or an error is negative, a value infinite or out of the range of its
        scale, or a number out of range.
    ConfigError : the scale or the interval is unknown.

    Notes
    -----
    Source: Low and Low 2004, Journal of Public Health 26; PHE, Public Health Outcomes Framework
    technical guidance. Test: 10 quantiles give 6.934616 (3.13 to 10.76), RII 1.088818 (1.0384 to
    1.1413), intercept 78.076630 (PHEindicatormethods, testdata_SII).
    """
    line_scale = _scale(transform, "transform")
    errors_on = line_scale if error_scale == "as transform" else _scale(error_scale, "error_scale")
    _require_factor(multiplier)
    people, values, errors = _quantiles(population, value, standard_error, (line_scale, errors_on))
    line = _fit(people)
    ends = _ends(line, values, line_scale)
    if interval == "simulation":
        draws = _even_draws(values.shape[-1], repetitions, seed)
        limits = _simulated(line, values, errors, (line_scale, errors_on), draws, confidence)
    elif interval == "delta":
        limits = _delta(line, values, errors, (line_scale, errors_on), confidence)
    else:
        raise ConfigError(f"unknown interval '{interval}'; known are simulation and delta")
    return _told(ends, limits, multiplier)


def _scale(name: str | None, place: str) -> Scale:
    if name not in SCALES:
        known = ", ".join(str(known) for known in SCALES)
        raise ConfigError(f"unknown scale '{name}'; known are {known}", place=place)
    return SCALES[name]


def _require_factor(multiplier: float) -> None:
    if not np.isfinite(multiplier) or multiplier == 0:
        raise SchemaError(
            f"expected a finite number other than 0, found {multiplier}", place="multiplier"
        )


def _quantiles(
    population: npt.ArrayLike,
    value: npt.ArrayLike,
    standard_error: npt.ArrayLike | None,
    scales: tuple[Scale, ...],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the three inputs of the indices in one shape."""
    values = _finite("value", value)
    for scale in scales:
        _require_on(scale, values)
    errors = np.full(values.shape, np.nan) if standard_error is None else standard_error
    people, spread = matched(population=population, standard_error=errors)
    if people.shape != values.shape or not values.ndim:
        raise AlignmentError(
            "expected population, value and standard error of areas x quantiles, found"
            f" population {np.shape(population)} and value {values.shape}",
            mend="Give one value for each area and quantile, in the same order in each.",
        )
    if not FEWEST_QUANTILES <= values.shape[-1] <= MOST_QUANTILES:
        raise AlignmentError(
            f"expected {FEWEST_QUANTILES} to {MOST_QUANTILES} quantiles along the last axis, found"
            f" {values.shape[-1]}"
        )
    return missing_where_0(people), values, spread


def _finite(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values as float64, negative ones too, once they are known to be finite or missing."""
    array = numbers(name, values)
    if np.isinf(array).any():
        raise SchemaError("expected finite numbers, or missing ones (NaN)", place=name)
    return array


def _require_on(scale: Scale, values: FloatArray) -> None:
    lowest, highest = scale.ends
    outside = (values < lowest) | (values > highest)
    if outside.any():
        raise SchemaError(
            f"expected values of {lowest:g} to {highest:g}, found {values[outside][0]:g}",
            place="value",
            mend="Choose the scale that fits: none, log for rates, logit for shares of 0 to 1.",
        )


def _fit(people: FloatArray) -> FloatArray:
    """Return (…, 2, quantiles) weights of values that give the line at its two ends."""
    share = people / people.sum(axis=-1, keepdims=True)
    place = _ranks(share)
    away = place - (share * place).sum(axis=-1, keepdims=True)
    slope = share * away / (share * away**2).sum(axis=-1, keepdims=True)
    start = share - slope * (share * place).sum(axis=-1, keepdims=True)
    return np.stack([start, start + slope], axis=-2)


def _ranks(share: FloatArray) -> FloatArray:
    """Return the middle of each quantile's range among all people, from 0 to 1."""
    return np.asarray(np.cumsum(share, axis=-1) - share / 2)


def _ends(line: FloatArray, values: FloatArray, scale: Scale) -> FloatArray:
    """Return the values of the line at its ends (…, 2), taken back from its scale."""
    return scale.back((line * scale.to(values)[..., None, :]).sum(axis=-1))


def _indices(ends: FloatArray) -> FloatArray:
    """Return the difference of the two ends and their ratio, along a new first axis."""
    start, end = ends[..., 0], ends[..., 1]
    return np.stack([end - start, end / _but_0(start)])


def _but_0(values: FloatArray) -> FloatArray:
    return np.where(values == 0, np.nan, values)


def _told(ends: FloatArray, limits: FloatArray, multiplier: float) -> SlopeIndex:
    """Return the indices with their limits (limit, index, …), multiplied and turned over."""
    indices = _indices(ends)
    sii, rii = (Estimate(indices[i], limits[0, i], limits[1, i]) for i in (0, 1))
    if multiplier < 0:
        sii = Estimate(sii.value, sii.upper, sii.lower)
        rii = Estimate(*(1 / _but_0(part) for part in (rii.value, rii.upper, rii.lower)))
    slope = Estimate(*(multiplier * part for part in sii))
    return SlopeIndex(slope.value, slope.lower, slope.upper, rii, ends[..., 0])


def _even_draws(quantiles: int, repetitions: int, seed: int) -> FloatArray:
    """Return (quantiles, draws) standard normal values, spread evenly."""
    if repetitions < 2:
        raise SchemaError(f"expected 2 draws or more, found {repetitions}", place="repetitions")
    power = int(np.ceil(np.log2(repetitions)))
    points = qmc.Sobol(quantiles, seed=seed).random_base2(power)
    # A point of exactly 0 would be drawn infinitely far away.
    return np.ascontiguousarray(ndtri(0.5 + (1 - 1e-10) * (points.T - 0.5)))


def _simulated(
    line: FloatArray,
    values: FloatArray,
    errors: FloatArray,
    scales: tuple[Scale, Scale],
    draws: FloatArray,
    confidence: float,
) -> FloatArray:
    """Return the limits (2), of both indices (2), of every area: percentiles of the draws."""
    tail = _tails(confidence)
    limits = np.full((2, 2, *values.shape[:-1]), np.nan)
    centres = scales[1].to(values)
    known = ~np.isnan(centres + errors + line.sum(axis=-2)).any(axis=-1)
    for area in np.ndindex(known.shape):
        if known[area]:
            ends = _drawn_ends(line[area], centres[area], errors[area], scales, draws)
            limits[(..., *area)] = np.quantile(_indices(ends), tail, axis=-1)
    return limits


def _drawn_ends(
    line: FloatArray,
    centre: FloatArray,
    error: FloatArray,
    scales: tuple[Scale, Scale],
    draws: FloatArray,
) -> FloatArray:
    """Return the values at the line's two ends for each draw, (draws, 2), of one area."""
    line_scale, errors_on = scales
    if errors_on is line_scale:
        # Sums of normal values are normal: the two ends need two of them, of the same covariance.
        root = np.asarray(np.linalg.qr((line * error).T, mode="r")).T
        fitted = (line @ centre)[:, None] + root @ draws[:2]
    else:
        drawn = errors_on.back(centre[:, None] + error[:, None] * draws)
        fitted = line @ line_scale.to(drawn)
    return line_scale.back(fitted).T


def _tails(confidence: float) -> list[float]:
    """Return the two shares of a distribution at which its limits lie."""
    beyond = float(ndtr(-normal_quantile(confidence)))
    return [beyond, 1 - beyond]


def _delta(
    line: FloatArray,
    values: FloatArray,
    errors: FloatArray,
    scales: tuple[Scale, Scale],
    confidence: float,
) -> FloatArray:
    """Return the limits (2), of both indices (2), of every area, by the delta method."""
    line_scale, errors_on = scales
    ends = _ends(line, values, line_scale)
    # What each end gains for each unit of a value, on the scale of its error.
    stretch = errors_on.slope(values) / _but_0(line_scale.slope(values))
    gain = line_scale.slope(ends)[..., None] * line * stretch[..., None, :]
    of_logs = gain / _but_0(ends)[..., None]
    by_slope, by_ratio = (part[..., 1, :] - part[..., 0, :] for part in (gain, of_logs))
    z = normal_quantile(confidence)
    reach, factor = (
        z * np.sqrt((part**2 * errors**2).sum(axis=-1)) for part in (by_slope, by_ratio)
    )
    slope, ratio = _indices(ends)
    ratio = np.where(ratio > 0, ratio, np.nan)
    return np.stack(
        [
            [slope - reach, ratio * np.exp(-factor)],
            [slope + reach, ratio * np.exp(factor)],
        ]
    )


# --- Concentration index ---


def concentration_index(
    population: npt.ArrayLike,
    value: npt.ArrayLike,
    standard_error: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return how far a quantity is concentrated among the more or the less deprived, -1 to 1.

    C = (2/m) sum(a y R) - 1, with a the share of people in a quantile, R the shares before it +
    a/2, and m = sum(a y) the mean. It is negative where the most deprived, who come first, have
    more.
    Variance: sum((a/m)**2 (2R - 1 - C)**2 se**2); limits C -+ z standard errors.

    Parameters
    ----------
    population, value : (areas…, quantiles) people, and values of 0 or more, from the most deprived
        quantile to the least.
    standard_error : of the values, in the same shape. None: no limits.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        (areas…); missing where a value or a population is, a quantile has nobody, or all values
        are 0.

    Raises
    ------
    AlignmentError : the arrays differ in shape, or do not have 5 to 100 quantiles.
    SchemaError : a number is negative or infinite.

    Notes
    -----
    Source: Kakwani, Wagstaff and van Doorslaer 1997, Journal of Econometrics 77, for grouped data.
    Test: worked by hand; in step with the slope of the covariance.
    """
    people, values, errors = _quantiles(
        population, non_negative("value", value), standard_error, (_PLAIN,)
    )
    share = people / people.sum(axis=-1, keepdims=True)
    rank = _ranks(share)
    mean = missing_where_0((share * values).sum(axis=-1))
    index = 2 * (share * values * rank).sum(axis=-1) / mean - 1
    gain = share / mean[..., None] * (2 * rank - 1 - index[..., None])
    reach = normal_quantile(confidence) * np.sqrt((gain**2 * errors**2).sum(axis=-1))
    return Estimate(index, index - reach, index + reach)


# --- Gap between two groups ---


class Gap(NamedTuple):
    """The difference of two estimates and their ratio, each with its limits."""

    absolute: Estimate
    relative: Estimate


def gap(most_deprived: Estimate, least_deprived: Estimate) -> Gap:
    """Return the gap between the most and the least deprived, such as fifths of an authority.

    absolute = v1 - v2, with limits v1 - v2 - sqrt((v1-l1)**2 + (u2-v2)**2) and
    v1 - v2 + sqrt((u1-v1)**2 + (v2-l2)**2) from the limits l and u of each; relative = v1/v2, with
    the same on the scale of logarithms. So limits that lie unevenly about their values, of rates
    and shares, are carried through as they are. The two must be independent of each other, which
    two groups of people are, and their limits of one confidence, which the gap's then have.

    Parameters
    ----------
    most_deprived, least_deprived : estimates of 0 or more, in one shape.

    Returns
    -------
    Gap
        In the same shape. Limits are missing where those that they rest on are; a ratio where
        the least deprived have 0, and its upper limit where their lower limit is 0.

    Raises
    ------
    AlignmentError : the estimates differ in shape.
    SchemaError : a value or limit is negative or infinite.

    Notes
    -----
    Source: Newcombe 1998, Statistics in Medicine 17, method 10; Zou and Donner 2008, Statistics in
    Medicine 27. Test: 56 of 70 and 48 of 80 differ by 0.2 (0.0524 to 0.3339) at 95 % (Newcombe
    1998, table II).
    """
    both = zip(Estimate._fields, most_deprived, least_deprived, strict=True)
    pairs = [matched(most_deprived=first, least_deprived=second) for _, first, second in both]
    first, second = (Estimate(*parts) for parts in zip(*pairs, strict=True))
    return Gap(_difference(first, second), _ratio(first, second))


def _difference(first: Estimate, second: Estimate) -> Estimate:
    value = first.value - second.value
    below = np.hypot(first.value - first.lower, second.upper - second.value)
    above = np.hypot(first.upper - first.value, second.value - second.lower)
    return Estimate(value, value - below, value + above)


def _ratio(first: Estimate, second: Estimate) -> Estimate:
    """Return the ratio; where a numerator is 0, as the logarithm is not, so is its lower limit."""
    second = Estimate(*(missing_where_0(part) for part in second))
    value = first.value / second.value
    known = missing_where_0(first.value)
    below = np.hypot(_log_of(known, first.lower), _log_of(second.upper, second.value))
    above = np.hypot(_log_of(first.upper, known), _log_of(second.value, second.lower))
    lower = np.where(first.lower == 0, 0.0, value * np.exp(-below))
    return Estimate(value, np.where(np.isnan(value), np.nan, lower), value * np.exp(above))


def _log_of(larger: FloatArray, smaller: FloatArray) -> FloatArray:
    return np.asarray(np.log(larger / missing_where_0(smaller)))


# --- Own quantiles ---


def own_quantiles(
    rank: npt.ArrayLike,
    population: npt.ArrayLike,
    group: npt.ArrayLike,
    groups: int,
    quantiles: int = 10,
) -> npt.NDArray[np.int64]:
    """Return the quantile of each item among the people of its own group, from 0, by rank.

    Small areas of an authority, for example, from its most deprived tenth of people to its least,
    whatever their places in England. With k quantiles, a the share of an item among the people of
    its group, and S the shares of those of lower rank, the quantile is the whole part of
    k (S + a/2): an item lies where the middle of its people does, undivided. Where items are few or
    large a quantile may be left without any. Ties of rank keep the order that the items are given
    in.

    Parameters
    ----------
    rank : (items,) 0 or more; the lowest is the first, such as 1 for the most deprived.
    population : (items,) people, 0 or more.
    group : (items,) whole numbers from 0 to ``groups`` - 1; -1 is in no group.
    groups : number of groups.
    quantiles : how many, 1 or more.

    Returns
    -------
    (items,) whole numbers from 0 to ``quantiles`` - 1; -1 for items without people or rank, and
    those of no group, which count for nothing; and for all of a group in which somebody's number
    of people is missing.

    Raises
    ------
    AlignmentError : the arrays do not have the same items.
    SchemaError : a number is negative or infinite, or a group or the number of quantiles out of
        range.

    Notes
    -----
    Source: quantiles of people, not of places, as slopes over deprivation want them (Low and Low
    2004, Journal of Public Health 26). Test: worked by hand; in groups of places of one size they
    are tenths of the places.
    """
    ranks, people = matched(rank=rank, population=population)
    codes = _codes(group, groups)
    if ranks.shape != codes.shape or ranks.ndim != 1:
        raise AlignmentError(
            f"expected one rank, population and group for each item, found {ranks.shape} and"
            f" {codes.shape}"
        )
    if quantiles < 1:
        raise SchemaError(f"expected 1 quantile or more, found {quantiles}", place="quantiles")
    total = np.bincount(codes[codes >= 0], people[codes >= 0], groups)
    counted = np.flatnonzero(
        (codes >= 0) & ~np.isnan(ranks) & (people > 0) & ~np.isnan(total[codes])
    )
    order = counted[np.lexsort((ranks[counted], codes[counted]))]
    found = np.full(codes.shape, -1, dtype=np.int64)
    found[order] = np.floor(quantiles * _middles(people[order], codes[order])).astype(np.int64)
    return found


def _middles(people: FloatArray, codes: npt.NDArray[np.int64]) -> FloatArray:
    """Return where the middle of each item's people lies among those of its group, 0 to 1.

    The items are sorted by group.
    """
    through = np.cumsum(people)
    first = np.searchsorted(codes, codes)
    before = through[first] - people[first]
    total = through[np.searchsorted(codes, codes, side="right") - 1] - before
    return np.asarray((through - before - people / 2) / total)


# --- Spread within areas ---


def weighted_quantiles(
    value: npt.ArrayLike,
    population: npt.ArrayLike,
    group: npt.ArrayLike,
    groups: int,
    shares: Sequence[float] = (0.1, 0.5, 0.9),
) -> FloatArray:
    """Return the values at or below which shares of the people of each group live.

    Of small areas of an authority, for example: P10, P50 and P90 of the exposure of its people.
    Each is the lowest value that leaves at least the share at or below it: a value that is there,
    with nothing made up in between. What people of one small area differ by is not in it.

    Parameters
    ----------
    value : (items,) any numbers, such as exposures of small areas. A missing one is left out with
        its people: say beside the result what share of people is covered.
    population : (items,) people, 0 or more. A missing one leaves its group missing.
    group : (items,) whole numbers from 0 to ``groups`` - 1; -1 is in no group.
    groups : number of groups.
    shares : shares of people, above 0 and up to 1.

    Returns
    -------
    FloatArray
        (groups, shares); missing for a group in which nobody has a value.

    Raises
    ------
    AlignmentError : the arrays do not have the same items.
    SchemaError : a number is infinite, a population negative, a share or group out of range.

    Notes
    -----
    Source: the inverse of the distribution function of people over values (Hyndman and Fan 1996,
    The American Statistician 50, definition 1, with weights). Test: worked by hand.
    """
    values, people = _finite("value", value), non_negative("population", population)
    codes, wanted = _codes(group, groups), _shares(shares)
    if not values.shape == people.shape == codes.shape or values.ndim != 1:
        raise AlignmentError(
            f"expected one value, population and group for each item, found {values.shape},"
            f" {people.shape} and {codes.shape}"
        )
    counted = (codes >= 0) & ~np.isnan(values) & (people > 0)
    found = _lowest_with(values[counted], people[counted], codes[counted], groups, wanted)
    found[codes[np.isnan(people) & (codes >= 0)]] = np.nan
    return found


def _codes(group: npt.ArrayLike, groups: int) -> npt.NDArray[np.int64]:
    codes = np.asarray(group)
    if not np.issubdtype(codes.dtype, np.integer) or ((codes < -1) | (codes >= groups)).any():
        raise SchemaError(f"expected whole numbers from -1 to {groups - 1}", place="group")
    return codes.astype(np.int64)


def _shares(shares: Sequence[float]) -> FloatArray:
    wanted = np.asarray(shares, dtype=np.float64)
    if not ((wanted > 0) & (wanted <= 1)).all():
        raise SchemaError(
            f"expected shares above 0 and up to 1, found {wanted.tolist()}", place="shares"
        )
    return wanted


def _lowest_with(
    values: FloatArray,
    people: FloatArray,
    codes: npt.NDArray[np.int64],
    groups: int,
    shares: FloatArray,
) -> FloatArray:
    order = np.lexsort((values, codes))
    values, people = values[order], people[order]
    bounds = np.searchsorted(codes[order], np.arange(groups + 1))
    found = np.full((groups, shares.size), np.nan)
    for group, (first, end) in enumerate(pairwise(bounds)):
        if end > first:
            below = np.cumsum(people[first:end])
            # Rounding of a sum may carry a share past people whom it exactly holds.
            least = shares * below[-1] * (1 - 1e-12)
            found[group] = values[first + np.searchsorted(below, least)]
    return found
