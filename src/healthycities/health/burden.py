"""Deaths attributable to an exposure, from concentration-response functions."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from healthycities.errors import ConfigError, SchemaError
from healthycities.health.files import CONCENTRATION_RESPONSE_FILE
from healthycities.health.rates import Estimate, FloatArray, matched, non_negative, positive
from healthycities.package_tables import rows

SHAPES = MappingProxyType(
    {
        "log_linear": (True, False),
        "linear": (False, False),
        "log_log": (True, True),
        "linear_log": (False, True),
    }
)
"""Whether the risk is on a logarithmic scale, and whether the exposure is."""


@dataclass(frozen=True)
class ConcentrationResponse:
    """A relative risk, with its 95 % interval, per ``increment`` of an exposure.

    Parameters
    ----------
    crf_id : name in concentration_response.csv.
    exposure : what the risk rises with: ``pm25``, ``pm25_anthropogenic``, ``no2``, ``ndvi``.
    outcome, ages : the deaths that it is a risk of, such as those of all causes at ``30+``.
    shape : one of `SHAPES`.
    rr, rr_lower, rr_upper : relative risk per increment, and its 95 % limits.
    increment, increment_unit : rise of the exposure that the risk is per.
    cutoff : exposure at or below which nothing is attributed; None where none is laid down.
    source, standing : where the figures are from, and how far they were checked.
    """

    crf_id: str
    exposure: str
    outcome: str
    ages: str
    shape: str
    rr: float
    rr_lower: float
    rr_upper: float
    increment: float
    increment_unit: str
    cutoff: float | None
    source: str
    standing: str


def concentration_response(crf_id: str) -> ConcentrationResponse:
    """Read a concentration-response function.

    Raises
    ------
    ConfigError : it is unknown; the message lists those that are known.
    """
    known = {row["crf_id"]: row for row in rows(CONCENTRATION_RESPONSE_FILE)}
    if crf_id not in known:
        raise ConfigError(
            f"unknown concentration-response function '{crf_id}'; known are"
            f" {', '.join(sorted(known))}",
            mend=f"Choose one of these, or add a row to {CONCENTRATION_RESPONSE_FILE}.",
        )
    return _from_text(known[crf_id])


def _from_text(row: dict[str, str]) -> ConcentrationResponse:
    numbers = {"rr", "rr_lower", "rr_upper", "increment", "cutoff"}
    cells: dict[str, Any] = {
        name: (float(text) if text else None) if name in numbers else text
        for name, text in row.items()
    }
    return ConcentrationResponse(**cells)


def relative_risk(
    exposure: npt.ArrayLike,
    rr: float,
    increment: float,
    cutoff: float | None,
    shape: str = "log_linear",
) -> FloatArray:
    """Return the risk at an exposure relative to that at the cutoff: 1 at or below it.

    With the dose d = (x - x0)/inc, or ln((x+1)/(x0+1)) / ln((x0+inc+1)/(x0+1)) for a
    logarithmic exposure: ``log_linear`` and ``log_log`` RR = rr**d, ``linear`` and ``linear_log``
    RR = 1 + (rr - 1) d. Below the cutoff d is 0.

    Parameters
    ----------
    exposure : (areas…) 0 or more, in the unit of increment and cutoff; NaN gives NaN.
    rr : relative risk per increment, above 0.
    increment : rise of the exposure that rr is per, above 0.
    cutoff : exposure at or below which the risk is 1, 0 or more. None, which a function without
        one has, is refused: what would be attributed is not defined.
    shape : one of `SHAPES`.

    Raises
    ------
    SchemaError : a value is out of range, or a straight line falls to a risk of 0 or less.
    ConfigError : the shape is unknown.

    Notes
    -----
    Source: WHO AirQ+; shapes as named by ``SwissTPH/healthiar@84ed6fbb``. Test: rr 1.08 per 10 and
    cutoff 5 give 1.1224 at 20 (healthiar, test-get_risk).
    """
    if shape not in SHAPES:
        raise ConfigError(f"unknown shape '{shape}'; known are {', '.join(SHAPES)}")
    log_risk, log_exposure = SHAPES[shape]
    dose = _dose(exposure, increment, cutoff, logarithmic=log_exposure)
    if log_risk:
        return np.asarray(positive("rr", rr) ** dose)
    return _require_positive(1 + (positive("rr", rr) - 1) * dose)


def _dose(
    exposure: npt.ArrayLike, increment: float, cutoff: float | None, *, logarithmic: bool
) -> FloatArray:
    """Return the increments by which exposures exceed the cutoff, 0 below it."""
    floor = _floor(cutoff)
    step = positive("increment", increment)
    above = np.maximum(non_negative("exposure", exposure), floor)
    if logarithmic:
        return np.asarray(
            np.log((above + 1) / (floor + 1)) / np.log((floor + step + 1) / (floor + 1))
        )
    return np.asarray((above - floor) / step)


def _floor(cutoff: float | None) -> float:
    if cutoff is None or not 0 <= cutoff < np.inf:
        raise SchemaError(
            f"expected the exposure at or below which nothing is attributed, found {cutoff}",
            place="cutoff",
            mend=f"Choose a row of {CONCENTRATION_RESPONSE_FILE} that has a cutoff.",
        )
    return float(cutoff)


def _require_positive(risk: FloatArray) -> FloatArray:
    if (risk <= 0).any():
        raise SchemaError(
            "a straight line of risk falls to 0 or less at the highest exposure",
            place="shape",
            mend="Use a shape whose risk is logarithmic, such as log_linear.",
        )
    return risk


def attributable_fraction(
    exposure: npt.ArrayLike,
    rr: float,
    increment: float,
    cutoff: float | None,
    shape: str = "log_linear",
) -> FloatArray:
    """Return the share of events that would not be there were the exposure at the cutoff.

    AF = (RR - 1)/RR, which is 0 at or below the cutoff and less than 1. It is negative above the
    cutoff for an rr below 1, as the lower limit of a risk may be: events prevented.

    Parameters and errors are those of :func:`relative_risk`.

    Notes
    -----
    Source: WHO AirQ+; OHID Fingertips indicator 93861 (D01). Test: rr 1.369 per 10 and cutoff 5
    give 0.1139 at 8.85 (AirQ+ COPD, in SwissTPH/healthiar@84ed6fbb).
    """
    return 1 - 1 / relative_risk(exposure, rr, increment, cutoff, shape)


def attributable_events(
    exposure: npt.ArrayLike,
    events: npt.ArrayLike,
    rr: tuple[float, float, float],
    increment: float,
    cutoff: float | None,
    shape: str = "log_linear",
) -> Estimate:
    """Return the events that are attributable to an exposure: events times their fraction.

    The limits are those of the risk alone, and the risk is one for all areas: if it is at its upper
    limit in one area it is so in every other. Values and limits of areas therefore sum to value and
    limits of the whole. (Limits that are drawn for each area apart do not, and a total of them is
    falsely precise.) The uncertainty of exposures and of events is not in them.

    Compute at the smallest areas, then sum: the fraction at the average exposure is not the average
    of the fractions.

    Parameters
    ----------
    exposure : (areas…) 0 or more, in the unit of increment and cutoff.
    events : (areas…) 0 or more, of the outcome and ages that the risk is of.
    rr : central relative risk per increment, its lower and its upper limit.
    increment, cutoff, shape : as for :func:`relative_risk`.

    Returns
    -------
    Estimate
        Events, (areas…); NaN where exposure or events are missing.

    Raises
    ------
    AlignmentError : exposure and events differ in shape.
    SchemaError : the limits do not hold the central risk, or as for :func:`relative_risk`.

    Notes
    -----
    Source: WHO AirQ+. Test: 30,747 events, rr 1.369 (1.124 to 1.664) per 10, cutoff 5 and exposure
    8.85 give 3502 (1353 to 5474) (AirQ+ COPD, in SwissTPH/healthiar@84ed6fbb).
    """
    exposures, counts = matched(exposure=exposure, events=events)
    central, lower, upper = rr
    if not lower <= central <= upper:
        raise SchemaError(
            f"expected central, lower and upper relative risk, found {central}, {lower}, {upper}",
            place="rr",
        )
    return Estimate(
        *(counts * attributable_fraction(exposures, risk, increment, cutoff, shape) for risk in rr)
    )
