"""Events attributable to an exposure, prevented by a change of it, and the years they cost.

The limits of this module are those of the risk alone, and the risk is one for all areas: if it is
at its upper limit in one area it is so in every other. Values and limits of areas therefore sum to
value and limits of the whole. Intervals that also hold the chance of counts and the error of
exposures are drawn: see ``draws``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.rates import Estimate, FloatArray, matched, non_negative
from healthycities.health.response import (
    ConcentrationResponse,
    Exposure,
    Risk,
    TabulatedResponse,
    of_shortfall,
    relative_risk,
    risks_of,
)

Difference = Literal["delta", "pif"]
Overlap = Literal["multiplicative", "additive"]

_SHARE_TOLERANCE = 1e-6


# --- One exposure ---


def attributable_fraction(
    exposure: npt.ArrayLike,
    rr: Risk,
    increment: float,
    cutoff: float | None = 0,
    shape: str = "log_linear",
    *,
    applicable_from: float | None = None,
) -> Estimate:
    """Return the share of events that would not be there were the exposure at the cutoff.

    AF = (RR - 1)/RR, which is 0 at or below the cutoff and less than 1. It is negative above the
    cutoff for an rr below 1, as the lower limit of a risk may be: events prevented.

    Parameters
    ----------
    exposure : (areas…) 0 or more, in the unit of increment and cutoff; NaN gives NaN.
    rr : relative risk per increment, or central, lower and upper.
    increment, cutoff, shape, applicable_from : as for :func:`response.relative_risk`.

    Returns
    -------
    Estimate
        Shares, (areas…); limits are missing (NaN) where rr has none.

    Raises
    ------
    SchemaError : limits that do not hold the central risk, or as for
        :func:`response.relative_risk`.
    ConfigError : the shape is unknown.

    Notes
    -----
    Source: WHO AirQ+; OHID Fingertips indicator 93861 (D01). Test: rr 1.369 per 10 and cutoff 5
    give 0.1139 at 8.85 (AirQ+ COPD, in SwissTPH/healthiar@84ed6fbb).
    """
    return _of_risks(
        rr,
        lambda one: _fraction(
            relative_risk(exposure, one, increment, cutoff, shape, applicable_from=applicable_from)
        ),
    )


def _fraction(risk: FloatArray) -> FloatArray:
    return np.asarray(1 - 1 / risk)


def _of_risks(rr: Risk, result: Callable[[float], FloatArray]) -> Estimate:
    """Return the result at the central risk and at its limits; missing where it has none."""
    central, *limits = risks_of(rr)
    value = result(central)
    missing = np.full_like(value, np.nan)
    lower, upper = (missing if np.isnan(limit) else result(limit) for limit in limits)
    return Estimate(value, lower, upper)


def attributable_events(
    exposure: npt.ArrayLike,
    events: npt.ArrayLike,
    rr: Risk,
    increment: float,
    cutoff: float | None = 0,
    shape: str = "log_linear",
    *,
    applicable_from: float | None = None,
) -> Estimate:
    """Return the events that are attributable to an exposure: events times their fraction.

    Values and limits of areas sum to those of the whole (see the head of this module). (Limits that
    are drawn for each area apart do not, and a total of them is falsely precise.)

    Compute at the smallest areas, then sum: the fraction at the average exposure is not the average
    of the fractions.

    Parameters
    ----------
    exposure : (areas…) 0 or more, in the unit of increment and cutoff.
    events : (areas…) 0 or more, of the outcome and ages that the risk is of.
    rr : relative risk per increment, or central, lower and upper.
    increment, cutoff, shape, applicable_from : as for :func:`response.relative_risk`.

    Returns
    -------
    Estimate
        Events, (areas…); NaN where exposure or events are missing, limits also where rr has none.

    Raises
    ------
    AlignmentError : exposure and events differ in shape.
    SchemaError, ConfigError : as for :func:`attributable_fraction`.

    Notes
    -----
    Source: WHO AirQ+. Test: 30,747 events, rr 1.369 (1.124 to 1.664) per 10, cutoff 5 and exposure
    8.85 give 3502 (1353 to 5474) (AirQ+ COPD, in SwissTPH/healthiar@84ed6fbb).
    """
    exposures, counts = matched(exposure=exposure, events=events)
    fraction = attributable_fraction(
        exposures, rr, increment, cutoff, shape, applicable_from=applicable_from
    )
    return Estimate(*(np.asarray(counts * part) for part in fraction))


def attributed(
    function: ConcentrationResponse, exposure: Exposure, events: npt.ArrayLike
) -> Estimate:
    """Return the events that a function of the literature attributes to an exposure.

    Parameters
    ----------
    function : row of concentration_response.csv, one that has a counterfactual.
    exposure : (areas…) of the kind that the function was estimated for.
    events : (areas…) 0 or more, of the function's outcome and ages.

    Raises
    ------
    SchemaError : the exposure is of another kind, the function has no counterfactual, or as for
        :func:`attributable_events`.
    """
    return attributable_events(
        function.values_of(exposure),
        events,
        function.risk,
        function.increment,
        function.counterfactual,
        function.shape,
        applicable_from=function.applicable_from,
    )


def side_by_side(
    functions: Iterable[ConcentrationResponse], exposure: Exposure, events: npt.ArrayLike
) -> dict[str, Estimate]:
    """Return what each of several functions attributes of the same events, by crf_id.

    They are answers to one question, not parts of a whole: do not add them. Parameters and errors
    are those of :func:`attributed`.
    """
    return {function.crf_id: attributed(function, exposure, events) for function in functions}


def tabulated_fraction(
    response: TabulatedResponse, exposure: Exposure, cutoff: float = 0
) -> Estimate:
    """Return the attributable fraction of a risk that is given at points.

    Parameters
    ----------
    response : the points.
    exposure : (areas…) of the kind and within the range of the points.
    cutoff : exposure at or below which nothing is attributed, within the range of the points.

    Raises
    ------
    SchemaError : as for :meth:`TabulatedResponse.relative_risk`.
    """
    return Estimate(*(_fraction(part) for part in response.relative_risk(exposure, cutoff)))


def population_attributable_fraction(
    exposure: npt.ArrayLike,
    shares: npt.ArrayLike,
    rr: Risk,
    increment: float,
    cutoff: float | None = 0,
    shape: str = "log_linear",
) -> Estimate:
    """Return the attributable fraction of a population whose exposure is a distribution.

    PAF = (sum(p RR) - 1) / sum(p RR) over the classes of exposure.

    Parameters
    ----------
    exposure : (…, classes) 0 or more.
    shares : (…, classes) of the people who are in each class; they sum to 1. The unexposed are a
        class too, at or below the cutoff.
    rr, increment, cutoff, shape : as for :func:`attributable_fraction`.

    Returns
    -------
    Estimate
        Shares, (…).

    Raises
    ------
    AlignmentError : exposure and shares differ in shape.
    SchemaError : shares do not sum to 1, or as for :func:`attributable_fraction`.

    Notes
    -----
    Source: Steenland and Armstrong 2006, Epidemiology 17, as in SwissTPH/healthiar@84ed6fbb. Test:
    half the people at the cutoff and half at a risk of 2 give 1/3.
    """
    exposures, parts = matched(exposure=exposure, shares=shares)
    _require_whole(parts)
    return _of_risks(
        rr,
        lambda one: _fraction(
            (parts * relative_risk(exposures, one, increment, cutoff, shape)).sum(axis=-1)
        ),
    )


def _require_whole(parts: FloatArray) -> None:
    if parts.ndim == 0 or (np.abs(parts.sum(axis=-1) - 1) > _SHARE_TOLERANCE).any():
        raise SchemaError(
            "expected shares of all people, which sum to 1 over the classes",
            place="shares",
            mend="Give the unexposed as a class at or below the cutoff.",
        )


# --- Two scenarios ---


def scenario_difference(
    exposure: npt.ArrayLike,
    changed_exposure: npt.ArrayLike,
    events: npt.ArrayLike,
    rr: Risk,
    increment: float,
    cutoff: float | None = 0,
    shape: str = "log_linear",
    *,
    method: Difference,
    applicable_from: float | None = None,
) -> Estimate:
    """Return the events that a change of exposure prevents: negative where it causes them.

    The two methods have different answers, so that there is no default:

    - ``delta``: events (AF(x1) - AF(x2)), the difference of two attributions to one cutoff, of the
      same events;
    - ``pif``: events (1 - RR(x2)/RR(x1)), the potential impact fraction: what the events would be,
      were the risk that of the changed exposure.

    Where the changed exposure is at or below the cutoff both are the attributable events.

    Parameters
    ----------
    exposure, changed_exposure : (areas…) now, and after the change.
    events : (areas…) that happen at the exposure of now.
    rr, increment, cutoff, shape, applicable_from : as for :func:`attributable_fraction`.
    method : ``"delta"`` or ``"pif"``.

    Returns
    -------
    Estimate
        Events, (areas…). Its limits are the least and the most of the three risks.

    Raises
    ------
    ConfigError : the method or the shape is unknown.
    AlignmentError, SchemaError : as for :func:`attributable_events`.
    """
    before, after, counts = matched(
        exposure=exposure, changed_exposure=changed_exposure, events=events
    )
    share = _difference(method)

    def prevented(one: float) -> FloatArray:
        risks = (
            relative_risk(x, one, increment, cutoff, shape, applicable_from=applicable_from)
            for x in (before, after)
        )
        return np.asarray(counts * share(*risks))

    return _sorted_limits(_of_risks(rr, prevented))


def _difference(method: str) -> Callable[[FloatArray, FloatArray], FloatArray]:
    known: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
        "delta": lambda before, after: 1 / after - 1 / before,
        "pif": lambda before, after: 1 - after / before,
    }
    if method not in known:
        raise ConfigError(f"unknown difference '{method}'; known are {', '.join(known)}")
    return known[method]


def _sorted_limits(found: Estimate) -> Estimate:
    """Return limits that hold the value, whichever limit of the risk each came from."""
    parts = np.stack(found)
    return Estimate(found.value, np.asarray(parts.min(axis=0)), np.asarray(parts.max(axis=0)))


def prevented_by_target(
    function: ConcentrationResponse,
    exposure: Exposure,
    target: npt.ArrayLike,
    events: npt.ArrayLike,
) -> Estimate:
    """Return the events that a protective exposure would prevent, were it at a target everywhere.

    With the gap g = max(0, target - observed): prevented fraction 1 - rr**(g/increment). What is at
    or above the target prevents nothing more.

    Parameters
    ----------
    function : of a protective exposure, whose rr is below 1 per rise: ``rojas_rueda2019_ndvi``.
    exposure : (areas…) observed, of the function's kind. NDVI is not a share of green land, nor a
        distance to a park: those are refused.
    target : exposure that is aimed at, in the same unit.
    events : (areas…) 0 or more, of the function's outcome and ages.

    Raises
    ------
    SchemaError : the exposure is of another kind, the function is not a protective log_linear one,
        or the target cannot be of the kind.
    AlignmentError : exposure and events differ in shape.

    Notes
    -----
    Source: Rojas-Rueda et al. 2019, Lancet Planetary Health 3(11). Test: 0.96 per 0.1, a target of
    0.5 and 0.3 observed leave 0.96**2 of the events.
    """
    observed = Exposure(function.exposure, function.values_of(exposure))
    return attributed(of_shortfall(function), observed.shortfall(target), events)


# --- Several pollutants ---


def combined_fraction(
    fractions: Sequence[npt.ArrayLike],
    method: Overlap,
    functions: Sequence[ConcentrationResponse] = (),
) -> FloatArray:
    """Return the fraction that is attributable to any of several exposures.

    PM2.5 and NO2 come from the same streets, and their single-pollutant risks each hold part of the
    other's: the burdens are told side by side, not added. There is therefore no default:

    - ``multiplicative``: 1 - (1 - p1)(1 - p2)…, for independent exposures;
    - ``additive``: p1 + p2 + …, which asks for the functions, each adjusted for all the others.

    Parameters
    ----------
    fractions : an array (areas…) for each exposure, each at most 1.
    method : ``"multiplicative"`` or ``"additive"``.
    functions : those of the fractions, in their order.

    Raises
    ------
    ConfigError : the method is unknown, or additive of functions that are not mutually adjusted.
    AlignmentError : the arrays differ in shape.
    SchemaError : a fraction, or a sum of them, is more than 1.

    Notes
    -----
    Source: SwissTPH/healthiar@84ed6fbb, test-multiexpose. Test: 1.063 per 10 at 8.1 and 1.031 at
    10.9 give 79 of 1,000 events multiplied and 81 added.
    """
    parts = _fractions(fractions)
    if method == "multiplicative":
        return np.asarray(1 - np.prod(1 - parts, axis=0))
    if method != "additive":
        raise ConfigError(f"unknown overlap '{method}'; known are multiplicative, additive")
    _require_mutually_adjusted(functions, len(parts))
    return _at_most_1(np.asarray(parts.sum(axis=0)))


def _fractions(fractions: Sequence[npt.ArrayLike]) -> FloatArray:
    arrays = [np.asarray(one, dtype=np.float64) for one in fractions]
    if not arrays or len({array.shape for array in arrays}) > 1:
        raise AlignmentError(
            f"expected fractions of the same areas, found {[array.shape for array in arrays]}",
            mend="Give one value for each area, in the same order for each exposure.",
        )
    return _at_most_1(np.stack(arrays))


def _at_most_1(fraction: FloatArray) -> FloatArray:
    if (fraction > 1).any():
        raise SchemaError(
            f"expected fractions of at most 1, found {np.nanmax(fraction):g}", place="fractions"
        )
    return fraction


def _require_mutually_adjusted(functions: Sequence[ConcentrationResponse], n: int) -> None:
    kinds = {function.exposure for function in functions}
    if len(kinds) == len(functions) == n and all(
        kinds - {one.exposure} <= set(one.adjusted_for.split()) for one in functions
    ):
        return
    named = ", ".join(function.crf_id for function in functions) or "none"
    raise ConfigError(
        f"expected functions that are each adjusted for the others' exposures, found {named}",
        place="additive",
        mend="Tell the burdens side by side, or combine them as multiplicative.",
    )


# --- Years of life ---


def years_of_life_lost(events: Estimate, remaining_years: npt.ArrayLike) -> Estimate:
    """Return the years of life that deaths cost, summed over bands of age.

    YLL = sum(deaths of a band x the years that a person of it would still have lived). Deaths of
    the two sexes are given apart, with the remaining years of each.

    Parameters
    ----------
    events : deaths, each part (…, bands).
    remaining_years : (…, bands) or (bands,), from a life table: see :func:`remaining_in_bands`.

    Raises
    ------
    AlignmentError : the bands differ.
    SchemaError : years are negative.

    Notes
    -----
    Source: the simple method of AirQ+. Test: 3 deaths with 20 years to live and 2 with 5 cost 70.
    """
    years = non_negative("remaining_years", remaining_years)
    shape = events.value.shape
    if not shape or years.shape not in (shape, shape[-1:]):
        raise AlignmentError(
            f"expected remaining years of each band, found deaths {shape} and years {years.shape}",
            mend="Give both in the same bands of age, along the last axis.",
        )
    return Estimate(*(np.asarray((part * years).sum(axis=-1)) for part in events))


def remaining_in_bands(expectancy: npt.ArrayLike) -> FloatArray:
    """Return the years that people in the middle of each band of an abridged life table have left.

    Between the starts of two bands the expectancy is taken in a straight line, so that its middle
    is the mean of the two. The last, open band keeps the expectancy at its start, which is on the
    high side for those who die later in it.

    Parameters
    ----------
    expectancy : (…, bands) expectation of life at the start of each band.

    Raises
    ------
    SchemaError : an expectancy is negative.
    """
    years = non_negative("expectancy", expectancy)
    return np.concatenate([(years[..., :-1] + years[..., 1:]) / 2, years[..., -1:]], axis=-1)
