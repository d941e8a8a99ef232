"""Rates and proportions with their confidence intervals.

Areas lie along the leading axes of every array; inputs of one call have one shape, or are single
numbers. Nothing is stretched beyond that, because a population of one area that is taken for
all of them would go unseen. A missing input (NaN) gives a missing result, never 0.

The formulas were written from the descriptions of the methods in ``ukhsa-collaboration/
PHEindicatormethods@093fd288`` (Public Health England's, now OHID's), and reproduce its published
test results.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammainccinv, gammaincinv, ndtri

from healthycities.errors import AlignmentError, SchemaError

FloatArray = npt.NDArray[np.float64]

EXACT_BELOW = 10
"""Counts below this have exact Poisson limits, others Byar's approximation."""

FEWEST_EVENTS = 10
"""Fewest events that a directly standardised rate is given for."""


class Estimate(NamedTuple):
    """A value and the limits of its confidence interval, three float64 arrays of one shape."""

    value: FloatArray
    lower: FloatArray
    upper: FloatArray


# --- What comes in ---


def numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values as float64, of any sign.

    Raises
    ------
    SchemaError : naming the array, where a value is no number.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"expected numbers: {error}", place=name) from error


def non_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values as float64, once they are known to be 0 or more, finite, or missing (NaN).

    Raises
    ------
    SchemaError : naming the array and the first item at fault, counted from 0.
    """
    array = numbers(name, values)
    bad = np.asarray(~np.isnan(array) & ~((array >= 0) & np.isfinite(array)))
    if bad.any():
        raise SchemaError(
            f"expected finite numbers of 0 or more, found {array[bad][0]:g}",
            place=_first(name, bad),
            mend="Correct the value, or leave it missing (NaN).",
        )
    return array


def _first(name: str, bad: npt.NDArray[np.bool_]) -> str:
    """Say where the first item at fault is."""
    place = [int(axis[0]) for axis in np.nonzero(np.atleast_1d(bad))]
    return f"{name}, item {', '.join(map(str, place))}"


def matched(**named: npt.ArrayLike) -> tuple[FloatArray, ...]:
    """Return arrays of 0 or more in one shape; single numbers are taken for every item.

    Raises
    ------
    AlignmentError : two of them differ in shape.
    SchemaError : as :func:`non_negative` raises it.
    """
    arrays = [non_negative(name, values) for name, values in named.items()]
    shapes = {array.shape for array in arrays if array.ndim}
    if len(shapes) > 1:
        found = ", ".join(f"{name} {a.shape}" for name, a in zip(named, arrays, strict=True))
        raise AlignmentError(
            f"expected arrays of one shape, found {found}",
            mend="Give one value for each area, in the same order in each.",
        )
    shape = shapes.pop() if shapes else ()
    return tuple(np.broadcast_to(array, shape) for array in arrays)


def positive(name: str, value: float) -> float:
    """Return a number that is more than 0 and finite.

    Raises
    ------
    SchemaError : it is not.
    """
    if not 0 < value < np.inf:
        raise SchemaError(f"expected a finite number above 0, found {value}", place=name)
    return float(value)


def _tail(confidence: float) -> float:
    """Return the chance beyond one of the two limits."""
    if not 0 < confidence < 1:
        raise SchemaError(
            f"expected a share between 0 and 1, such as 0.95, found {confidence}",
            place="confidence",
        )
    return (1 - confidence) / 2


def normal_quantile(confidence: float) -> float:
    """Return z: a normal variable lies within z standard errors with this confidence.

    Raises
    ------
    SchemaError : the confidence is no share between 0 and 1.
    """
    return float(-ndtri(_tail(confidence)))


def missing_where_0(values: FloatArray) -> FloatArray:
    """Return values of 0 or more, with those of 0, by which nothing can be divided, missing."""
    return np.where(values > 0, values, np.nan)


# --- Counts ---


def byars_interval(events: npt.ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return counts with Byar's approximation to their Poisson limits.

    lower = x (1 - 1/(9x) - z/(3 sqrt(x)))**3,
    upper = (x+1) (1 - 1/(9(x+1)) + z/(3 sqrt(x+1)))**3,
    with z the normal quantile of the confidence. A lower limit that comes out negative, which
    happens at counts of about 1 and below, is missing: the approximation does not hold there.

    Parameters
    ----------
    events : (areas…) number of events, 0 or more.
    confidence : share between 0 and 1.

    Raises
    ------
    SchemaError : a count is negative or infinite, or the confidence is out of range.

    Notes
    -----
    Source: Breslow and Day 1987, Statistical Methods in Cancer Research, volume II. Test: 65
    events at 95 % give 50.16319 to 82.84914 (PHEindicatormethods, testdata_Byars_Wilson).
    """
    counts = non_negative("events", events)
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore"):
        root = 1 - 1 / (9 * counts) - z / (3 * np.sqrt(counts))
    lower = counts * np.where(root >= 0, root, np.nan) ** 3
    above = counts + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return Estimate(counts, lower, upper)


def exact_poisson_interval(events: npt.ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return counts with their exact Poisson limits.

    lower = chi2(alpha/2; 2x)/2, which is 0 for no events, and upper = chi2(1 - alpha/2; 2x+2)/2,
    written with the incomplete gamma function that the chi-squared quantile is made of.

    Parameters
    ----------
    events : (areas…) number of events, 0 or more.
    confidence : share between 0 and 1.

    Raises
    ------
    SchemaError : a count is negative or infinite, or the confidence is out of range.

    Notes
    -----
    Source: Garwood 1936, Biometrika 28. Test: 5 events at 95 % give 1.62349 to 11.66833
    (PHEindicatormethods, crude rates).
    """
    counts = non_negative("events", events)
    tail = _tail(confidence)
    lower = np.where(counts == 0, 0.0, gammaincinv(missing_where_0(counts), tail))
    return Estimate(counts, lower, np.asarray(gammainccinv(counts + 1, tail)))


def _count_interval(counts: FloatArray, confidence: float) -> Estimate:
    """Return exact limits for small counts and Byar's for the others."""
    exact = exact_poisson_interval(counts, confidence)
    byars = byars_interval(counts, confidence)
    small = counts < EXACT_BELOW
    return Estimate(
        counts,
        np.where(small, exact.lower, byars.lower),
        np.where(small, exact.upper, byars.upper),
    )


def crude_rate(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Estimate:
    """Return events per ``multiplier`` of population.

    rate = k x/n; the limits are those of the count, as rates: exact Poisson below 10 events,
    Byar's from 10 on.

    Parameters
    ----------
    events : (areas…) number of events, 0 or more.
    population : (areas…) people or person-years; with 0 of them there is no rate (NaN).
    multiplier : people that the rate is per.
    confidence : share between 0 and 1.

    Raises
    ------
    AlignmentError : the arrays differ in shape.
    SchemaError : a value is negative or infinite, or the confidence or multiplier is out of range.

    Notes
    -----
    Source: PHE, Technical Guide: Confidence Intervals. Test: 65 of 100, per 100 at 95 %, gives
    65 (50.16319 to 82.84914) (PHEindicatormethods, crude rates).
    """
    counts, people = matched(events=events, population=population)
    per_event = positive("multiplier", multiplier) / missing_where_0(people)
    return Estimate(*(part * per_event for part in _count_interval(counts, confidence)))


# --- Proportions ---


def wilson_interval(
    events: npt.ArrayLike, total: npt.ArrayLike, confidence: float = 0.95
) -> Estimate:
    """Return proportions with Wilson's score limits.

    (2x + z**2 -+ z sqrt(z**2 + 4x(1 - x/n))) / (2(n + z**2)), with z the normal quantile.

    Parameters
    ----------
    events : (areas…) number that has the property, 0 or more.
    total : (areas…) number in all; with 0 there is no proportion (NaN).
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        Shares between 0 and 1.

    Raises
    ------
    AlignmentError : the arrays differ in shape.
    SchemaError : a value is negative or infinite, events exceed their total, or the confidence is
        out of range.

    Notes
    -----
    Source: Wilson 1927, Journal of the American Statistical Association 22; Newcombe 1998,
    Statistics in Medicine 17. Test: 65 of 100 at 95 % give 0.552544 to 0.736358
    (PHEindicatormethods, testdata_Byars_Wilson).
    """
    counts, totals = matched(events=events, total=total)
    _require_parts(counts, totals)
    totals = missing_where_0(totals)
    z = normal_quantile(confidence)
    share = counts / totals
    middle = 2 * counts + z**2
    reach = z * np.sqrt(z**2 + 4 * counts * (1 - share))
    width = 2 * (totals + z**2)
    # Rounding may carry a limit past the share, or past 0 or 1, by the last bit of a float.
    lower = np.clip((middle - reach) / width, 0, share)
    upper = np.clip((middle + reach) / width, share, 1)
    return Estimate(share, lower, upper)


def _require_parts(counts: FloatArray, totals: FloatArray) -> None:
    over = np.asarray(counts > totals)
    if over.any():
        raise SchemaError(
            "expected no more events than the total, found"
            f" {counts[over][0]:g} of {totals[over][0]:g}",
            place=_first("events", over),
            mend="Where an event can happen more than once to a person, use a rate.",
        )


def proportion(events: npt.ArrayLike, total: npt.ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return the share of a total that has a property, with the limits fit for it: Wilson's.

    Parameters, errors, source and test are those of :func:`wilson_interval`.
    """
    return wilson_interval(events, total, confidence)


# --- Standardised rates ---


def directly_standardised_rate(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    standard: npt.ArrayLike,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Estimate:
    """Return the rate that areas would have with the ages of a standard population.

    rate = k sum(w x/n) / sum(w) over the bands of age; Dobson's limits are
    rate + k sqrt(Var/O) (Byar's limit of O - O), with Var = sum(w**2 x/n**2) / sum(w)**2 and O
    the events of all bands. A lower limit that comes out negative is missing, as Byar's is.

    Value and limits are missing below 10 events, where the method is not reliable, and where a
    band that the standard counts holds nobody: its rate is unknown, and to leave the band out would
    silently standardise to another population. Join such bands to a neighbour instead. Bands with
    a weight of 0 play no part.

    Parameters
    ----------
    events, population : (areas…, bands) events and people, or person-years, of each band of age.
    standard : (bands,) weights of the bands, 0 or more, not all 0; only their proportions matter.
    multiplier : people that the rate is per.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        Rates per ``multiplier``, (areas…).

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and bands.
    SchemaError : a value is negative or infinite, a weight is missing, all weights are 0, or the
        confidence or multiplier is out of range.

    Notes
    -----
    Source: Dobson et al. 1991, Statistics in Medicine 10; rule of 10 events from
    PHEindicatormethods. Test: 895 events in 19 bands give 10430.248 (9717.709 to 11178.941) per
    100,000 at 95 % (PHEindicatormethods, testdata_big).
    """
    counts, people = matched(events=events, population=population)
    weights = _standard_weights(standard, counts.shape)
    used = weights > 0
    counts, weights = counts[..., used], weights[used] / weights.sum()
    per_event = weights / missing_where_0(people[..., used])
    return _dobson(counts, per_event * positive("multiplier", multiplier), confidence)


def _standard_weights(standard: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    weights = non_negative("standard", standard)
    if weights.shape != shape[-1:] or not shape:
        raise AlignmentError(
            f"expected events of areas x bands and one weight for each band, found events {shape}"
            f" and standard {weights.shape}",
            mend="Give both in the same bands of age, along the last axis.",
        )
    if np.isnan(weights).any() or not weights.sum() > 0:
        raise SchemaError(
            "expected a weight for every band, and one above 0 among them",
            place="standard",
            mend="Take the weights from healthycities.health.standards.",
        )
    return weights


def _dobson(counts: FloatArray, per_event: FloatArray, confidence: float) -> Estimate:
    """Return sums of ``counts * per_event`` over the last axis, with Dobson's limits."""
    found = weighted_events(counts, per_event, confidence)
    enough = counts.sum(axis=-1) >= FEWEST_EVENTS
    return Estimate(*(np.where(enough, part, np.nan) for part in found))


def too_few_events(events: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return where a standardised rate is missing because of its few events, to note it there.

    Parameters
    ----------
    events : (areas…, bands) events of each band of age. A missing one leaves its area unknown,
        which is no lack of events: False.

    Raises
    ------
    SchemaError : a count is negative or infinite.
    """
    return np.asarray(non_negative("events", events).sum(axis=-1) < FEWEST_EVENTS)


def weighted_events(counts: FloatArray, per_event: FloatArray, confidence: float) -> Estimate:
    """Return sums of ``counts * per_event`` over the last axis, with Dobson's limits.

    value = sum(v x), limits = value + sqrt(sum(v**2 x)/O) (limit of O - O), with O the sum of the
    counts: exact Poisson limits of it below 10 events, Byar's from 10 on. Without any events
    there is a value of 0 but no upper limit: what the next event would weigh is not known. A
    lower limit that comes out negative is missing.

    Parameters
    ----------
    counts : (areas…, bands) numbers of events, 0 or more.
    per_event : (areas…, bands) or (bands,) what each event counts for, 0 or more.
    confidence : share between 0 and 1.

    Notes
    -----
    Source: Dobson et al. 1991, Statistics in Medicine 10. Test: that of
    :func:`directly_standardised_rate`.
    """
    total = counts.sum(axis=-1)
    limits = _count_interval(total, confidence)
    spread = np.sqrt((per_event**2 * counts).sum(axis=-1) / missing_where_0(total))
    value = (per_event * counts).sum(axis=-1)
    lower = value + spread * (limits.lower - total)
    upper = value + spread * (limits.upper - total)
    return Estimate(value, np.where(lower >= 0, lower, np.nan), upper)


# --- Rates standardised to a reference ---


def standardised_ratio(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    reference_events: npt.ArrayLike,
    reference_population: npt.ArrayLike,
    multiplier: float = 100,
    confidence: float = 0.95,
) -> Estimate:
    """Return the events of areas over those that the rates of a reference would give them.

    ratio = k O/E with O the events of all bands and E = sum(n x_ref/n_ref), such as the
    standardised mortality ratio, of which 100 is the reference's. The limits are those of O over
    E: exact Poisson below 10 events, Byar's from 10 on. Ratios are given for any number of events.
    They compare an area with the reference, and two areas only where their ages are alike.

    Parameters
    ----------
    events : (areas…, bands) events of each band of age, or (areas…) those of all ages: their ages
        play no part. A missing count leaves the area without a ratio, unless the reference has no
        events in its band: none are expected there, and none are counted.
    population : (areas…, bands) people or person-years.
    reference_events, reference_population : (bands,), or the shape of population, events and
        people of the reference. A band without people has no rate, and leaves no ratio.
    multiplier : what the ratio of the reference itself is: 100, or 1.
    confidence : share between 0 and 1.

    Returns
    -------
    Estimate
        (areas…); missing where nothing is expected.

    Raises
    ------
    AlignmentError : the arrays do not have the same areas and bands.
    SchemaError : a value is negative or infinite, or the confidence or multiplier is out of range.

    Notes
    -----
    Source: Breslow and Day 1987, volume II; PHE, Technical Guide: Confidence Intervals. Test: 895
    events where 835.88356 are expected give 107.07233 (100.17148 to 114.32333) at 95 %
    (PHEindicatormethods, indirectly standardised ratio x 100).
    """
    people = non_negative("population", population)
    rates = _reference_rates(reference_events, reference_population, people.shape)
    observed = _observed(non_negative("events", events), people.shape, rates)
    expected = (people * rates).sum(axis=-1)
    per_event = positive("multiplier", multiplier) / missing_where_0(expected)
    return Estimate(*(part * per_event for part in _count_interval(observed, confidence)))


def _reference_rates(
    events: npt.ArrayLike, population: npt.ArrayLike, shape: tuple[int, ...]
) -> FloatArray:
    counts, people = matched(reference_events=events, reference_population=population)
    if not shape or counts.shape not in (shape, shape[-1:]):
        raise AlignmentError(
            f"expected population of areas x bands and a reference in the same bands, found"
            f" population {shape} and reference {counts.shape}",
            mend="Give both in the same bands of age, along the last axis.",
        )
    return np.asarray(counts / missing_where_0(people))


def _observed(counts: FloatArray, shape: tuple[int, ...], rates: FloatArray) -> FloatArray:
    """Return the events of all bands, of arrays of either shape that events may have."""
    if counts.shape == shape[:-1]:
        return counts
    if counts.shape != shape:
        raise AlignmentError(
            f"expected events of areas x bands, or of areas, found events {counts.shape} and"
            f" population {shape}",
            mend="Give one value for each area and band, in the same order in each.",
        )
    return np.asarray(np.where(np.isnan(counts) & (rates == 0), 0, counts).sum(axis=-1))


def indirectly_standardised_rate(
    events: npt.ArrayLike,
    population: npt.ArrayLike,
    reference_events: npt.ArrayLike,
    reference_population: npt.ArrayLike,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Estimate:
    """Return the standardised ratio as a rate: the reference's crude rate times the ratio.

    rate = k (X/N)(O/E), with X and N the events and people of all bands of the reference, and
    limits likewise. Parameters, errors and what is missing are those of
    :func:`standardised_ratio`, but for the multiplier.

    Parameters
    ----------
    multiplier : people that the rate is per.

    Notes
    -----
    Source: as for :func:`standardised_ratio`. Test: 895 events where 835.88356 are expected, and
    9349.88309 per 100,000 in the reference, give 10011.13762 (9365.91600 to 10689.09758) at 95 %
    (PHEindicatormethods, indirectly standardised rates).
    """
    ratio = standardised_ratio(
        events, population, reference_events, reference_population, 1, confidence
    )
    counts, people = matched(
        reference_events=reference_events, reference_population=reference_population
    )
    crude = counts.sum(axis=-1) / missing_where_0(people.sum(axis=-1))
    scale = positive("multiplier", multiplier) * crude
    return Estimate(*(part * scale for part in ratio))


# --- Years together ---


class PersonYears(NamedTuple):
    """Events and person-years of several years together, two float64 arrays of one shape."""

    events: FloatArray
    person_years: FloatArray


def pooled_years(events: npt.ArrayLike, population: npt.ArrayLike, years: int = 3) -> PersonYears:
    """Return the events and person-years of every run of years, which rates are then taken of.

    Sums of both, never a mean of rates: a year counts by its people. A year that is missing leaves
    the runs that hold it missing.

    Parameters
    ----------
    events, population : (years, …) of consecutive years along the first axis.
    years : how many years make a run, 1 or more.

    Returns
    -------
    PersonYears
        (years - run + 1, …); the first is of the first run.

    Raises
    ------
    AlignmentError : the arrays differ in shape, or have fewer years than a run.
    SchemaError : a value is negative or infinite, or a run has no years.
    """
    counts, people = matched(events=events, population=population)
    if years < 1:
        raise SchemaError(f"expected 1 year or more in a run, found {years}", place="years")
    if not counts.ndim or len(counts) < years:
        raise AlignmentError(
            f"expected {years} years or more along the first axis, found arrays {counts.shape}"
        )
    return PersonYears(*(_run_sums(part, years) for part in (counts, people)))


def _run_sums(values: FloatArray, years: int) -> FloatArray:
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, years, axis=0).sum(axis=-1))
