"""Risk as a function of exposure: the functions of the literature, their shapes, and their kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.files import CONCENTRATION_RESPONSE_FILE
from healthycities.health.rates import Estimate, FloatArray, non_negative, positive
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

Risk = float | tuple[float, float, float]
"""A relative risk per increment, alone or as central, lower and upper."""

_NUMBERS = frozenset(
    {"rr", "rr_lower", "rr_upper", "increment", "cutoff", "applicable_from", "buffer_m", "year"}
)
_INDICES = frozenset({"ndvi"})
"""Exposures that run from -1 to 1; all others are concentrations of 0 or more."""
_SHORTFALL = "{kind}_shortfall"


@dataclass(frozen=True)
class Exposure:
    """Values of one kind of exposure, so that no function meets another kind than its own.

    Parameters
    ----------
    kind : what was measured, in the words of concentration_response.csv: ``pm25``, ``ndvi``.
    values : (…) in the unit of that kind; NaN where missing.

    Raises
    ------
    SchemaError : a value cannot be of that kind: a concentration below 0, an index beyond -1 to 1.
    """

    kind: str
    values: FloatArray

    def __post_init__(self) -> None:
        read = _index if self.kind in _INDICES else non_negative
        object.__setattr__(self, "values", read(self.kind, self.values))

    def shortfall(self, target: npt.ArrayLike) -> Exposure:
        """Return what the values lack to a target: 0 at or above it; NaN stays missing.

        It is a kind of its own, which is not read as the kind that it was made from.

        Raises
        ------
        SchemaError : the target cannot be of the kind.
        """
        aim = Exposure(self.kind, np.asarray(target, dtype=np.float64)).values
        return Exposure(_SHORTFALL.format(kind=self.kind), np.maximum(0, aim - self.values))


def _index(name: str, values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if (np.abs(array) > 1).any():
        raise SchemaError("expected an index from -1 to 1", place=name)
    return array


@dataclass(frozen=True)
class ConcentrationResponse:
    """A relative risk, with its 95 % interval, per ``increment`` of an exposure.

    Parameters
    ----------
    crf_id : name in concentration_response.csv.
    exposure : what the risk changes with: ``pm25``, ``pm25_anthropogenic``, ``no2``, ``ndvi``.
    outcome, ages : the deaths that it is a risk of, such as those of all causes at ``30+``.
    shape : one of `SHAPES`.
    rr, rr_lower, rr_upper : relative risk per increment, and its 95 % limits.
    increment, increment_unit : rise of the exposure that the risk is per.
    cutoff : the counterfactual, an exposure at or below which nothing is attributed; None where
        none is laid down.
    applicable_from : the floor of applicability, below which the risk is taken as 1. Nothing is
        subtracted above it, which is what sets it apart from the cutoff. None where there is none.
    buffer_m : how far around homes the exposure was averaged, in m; None where it was not.
    adjusted_for : exposures that the risk is adjusted for, set apart by spaces; empty for none.
    source, year, standing : where the figures are from, and how far they were checked.
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
    applicable_from: float | None
    buffer_m: float | None
    adjusted_for: str
    source: str
    year: float
    standing: str

    @property
    def risk(self) -> tuple[float, float, float]:
        """Central, lower and upper relative risk per increment."""
        return self.rr, self.rr_lower, self.rr_upper

    @property
    def counterfactual(self) -> float:
        """The cutoff, for use where there must be one.

        Raises
        ------
        SchemaError : none is laid down, so that what would be attributed is not defined.
        """
        if self.cutoff is None:
            raise SchemaError(
                f"{self.crf_id} has no exposure at or below which nothing is attributed",
                file=CONCENTRATION_RESPONSE_FILE,
                place="cutoff",
                mend="Choose a row that has a cutoff; of NDVI ask what a target would prevent.",
            )
        return self.cutoff

    def values_of(self, exposure: Exposure) -> FloatArray:
        """Return the values of an exposure, once it is known to be of the function's kind.

        Raises
        ------
        SchemaError : it is of another kind, which the risk was not estimated for.
        """
        if exposure.kind != self.exposure:
            raise SchemaError(
                f"{self.crf_id} was estimated for {self.exposure}, found {exposure.kind}",
                place="exposure",
                mend=f"Give {self.exposure}, or a function of {exposure.kind}.",
            )
        return exposure.values


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
    cells: dict[str, Any] = {
        name: (float(text) if text else None) if name in _NUMBERS else text
        for name, text in row.items()
    }
    return ConcentrationResponse(**cells)


# --- Protective exposures ---


def of_shortfall(function: ConcentrationResponse) -> ConcentrationResponse:
    """Return the same risk, told of what a protective exposure lacks to a target.

    With rr per rise of the exposure, a lack of as much has the risk 1/rr, and no lack the risk 1:
    (RR - 1)/RR of the events at a gap g = max(0, target - observed) is 1 - rr**(g/increment), the
    fraction that the target would prevent.

    Parameters
    ----------
    function : of a protective exposure, whose rr is below 1 per rise, such as NDVI.

    Returns
    -------
    ConcentrationResponse
        Of the kind that :meth:`Exposure.shortfall` makes, with nothing attributed to no lack.

    Raises
    ------
    SchemaError : it is not a log_linear function that protects, within its limits.

    Notes
    -----
    Source: Rojas-Rueda et al. 2019, Lancet Planetary Health 3(11). Test: 0.96 per 0.1, a target of
    0.5 and 0.3 observed leave 0.96**2 of the events.
    """
    if function.shape != "log_linear" or function.rr_upper >= 1:
        raise SchemaError(
            f"expected a log_linear function that protects, found {function.crf_id}",
            place="function",
            mend="Of a harmful exposure ask what is attributed to it.",
        )
    return replace(
        function,
        exposure=_SHORTFALL.format(kind=function.exposure),
        rr=1 / function.rr,
        rr_lower=1 / function.rr_upper,
        rr_upper=1 / function.rr_lower,
        cutoff=0.0,
    )


# --- Shapes ---


def relative_risk(
    exposure: npt.ArrayLike,
    rr: float,
    increment: float,
    cutoff: float | None = 0,
    shape: str = "log_linear",
    *,
    applicable_from: float | None = None,
) -> FloatArray:
    """Return the risk at an exposure relative to that at the cutoff: 1 at or below it.

    With the dose d = (x - x0)/inc, or ln((x+1)/(x0+1)) / ln((x0+inc+1)/(x0+1)) for a
    logarithmic exposure: ``log_linear`` and ``log_log`` RR = rr**d, ``linear`` and ``linear_log``
    RR = 1 + (rr - 1) d. Below the cutoff, and below a floor of applicability, d is 0.

    Parameters
    ----------
    exposure : (areas…) 0 or more, in the unit of increment and cutoff; NaN gives NaN.
    rr : relative risk per increment, above 0.
    increment : rise of the exposure that rr is per, above 0.
    cutoff : exposure at or below which the risk is 1, 0 or more. None is 0: all of it counts. (A
        function that lacks one is asked for its ``counterfactual``, which does not take 0 for it.)
    shape : one of `SHAPES`.
    applicable_from : exposure below which the risk is 1, though nothing is subtracted above it.

    Raises
    ------
    SchemaError : a value is out of range, or a straight line falls to a risk of 0 or less.
    ConfigError : the shape is unknown.

    Notes
    -----
    Source: WHO AirQ+; shapes as named by ``SwissTPH/healthiar@84ed6fbb``. Test: rr 1.08 per 10 and
    cutoff 5 give 1.1224 at 20 (healthiar, test-get_risk).
    """
    dose = dose_of(exposure, increment, cutoff, shape, applicable_from=applicable_from)
    return risk_of(np.log(positive("rr", rr)), dose, shape)


def dose_of(
    exposure: npt.ArrayLike,
    increment: float,
    cutoff: float | None,
    shape: str,
    *,
    applicable_from: float | None = None,
) -> FloatArray:
    """Return the increments by which exposures exceed the cutoff, 0 where they do not count.

    Parameters and errors are those of :func:`relative_risk`.
    """
    floor = _at_least_0("cutoff", cutoff)
    step = positive("increment", increment)
    values = non_negative("exposure", exposure)
    above = np.maximum(values, floor)
    if _scales(shape)[1]:
        dose = np.log((above + 1) / (floor + 1)) / np.log((floor + step + 1) / (floor + 1))
    else:
        dose = (above - floor) / step
    return np.where(values < _at_least_0("applicable_from", applicable_from), 0.0, dose)


def risk_of(log_rr: float | FloatArray, dose: FloatArray, shape: str) -> FloatArray:
    """Return the risk at doses of one relative risk, or of draws of it, given as its logarithm."""
    if not _scales(shape)[0]:
        return _require_positive(np.asarray(1 + np.expm1(log_rr) * dose))
    risk = np.asarray(log_rr * dose)
    return np.exp(risk, out=risk)


def _scales(shape: str) -> tuple[bool, bool]:
    if shape not in SHAPES:
        raise ConfigError(f"unknown shape '{shape}'; known are {', '.join(SHAPES)}")
    return SHAPES[shape]


def _at_least_0(name: str, value: float | None) -> float:
    if value is None:
        return 0.0
    if not 0 <= value < np.inf:
        raise SchemaError(f"expected an exposure of 0 or more, or none, found {value}", place=name)
    return float(value)


def _require_positive(risk: FloatArray) -> FloatArray:
    if (risk <= 0).any():
        raise SchemaError(
            "a straight line of risk falls to 0 or less at the highest exposure",
            place="shape",
            mend="Use a shape whose risk is logarithmic, such as log_linear.",
        )
    return risk


def risks_of(rr: Risk) -> tuple[float, float, float]:
    """Return central, lower and upper risk; without limits, the last two are missing (NaN).

    Raises
    ------
    SchemaError : the limits do not hold the central risk, or there is one limit only.
    """
    found = np.ravel(np.asarray(rr, dtype=np.float64)).tolist()
    if len(found) == 1:
        return positive("rr", found[0]), np.nan, np.nan
    if len(found) != 3 or not found[1] <= found[0] <= found[2]:
        raise SchemaError(
            "expected one relative risk, or central, lower and upper, found "
            + ", ".join(map(str, found)),
            place="rr",
        )
    central, lower, upper = (positive("rr", one) for one in found)
    return central, lower, upper


# --- Tables of points ---


@dataclass(frozen=True)
class TabulatedResponse:
    """A risk that is given at points of the exposure, with its interval, as splines are published.

    Between points it is interpolated in a straight line; beyond them it is not known.

    Parameters
    ----------
    exposure : kind of exposure, as of `ConcentrationResponse`.
    points : (points,) exposures, rising, two or more.
    risk : relative risk at the points, each part (points,) and above 0.

    Raises
    ------
    AlignmentError : points and risks differ in number.
    SchemaError : points do not rise, or a risk is not above 0 and within its limits.
    """

    exposure: str
    points: FloatArray
    risk: Estimate

    def __post_init__(self) -> None:
        points = non_negative("points", self.points)
        risk = Estimate(*(non_negative("risk", part) for part in self.risk))
        if {part.shape for part in risk} != {points.shape} or points.ndim != 1 or len(points) < 2:
            raise AlignmentError(
                f"expected a risk at each of two or more points, found points {points.shape} and"
                f" risks {risk.value.shape}"
            )
        if not (np.diff(points) > 0).all():
            raise SchemaError("expected exposures that rise from point to point", place="points")
        if not ((risk.lower > 0) & (risk.lower <= risk.value) & (risk.value <= risk.upper)).all():
            raise SchemaError("expected risks above 0 and within their limits", place="risk")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "risk", risk)

    def relative_risk(self, exposure: Exposure, cutoff: float) -> Estimate:
        """Return the risk relative to that at the cutoff, 1 at or below it; limits likewise.

        Raises
        ------
        SchemaError : the exposure is of another kind, or it or the cutoff lies beyond the points.
        """
        if exposure.kind != self.exposure:
            raise SchemaError(
                f"the table was estimated for {self.exposure}, found {exposure.kind}",
                place="exposure",
            )
        above = np.maximum(exposure.values, cutoff)
        self._require_within(np.append(above.ravel(), cutoff))
        return Estimate(
            *(
                np.interp(above, self.points, part) / np.interp(cutoff, self.points, part)
                for part in self.risk
            )
        )

    def _require_within(self, values: FloatArray) -> None:
        first, last = self.points[0], self.points[-1]
        if ((values < first) | (values > last)).any():
            raise SchemaError(
                f"the table runs from {first:g} to {last:g}, found {np.nanmin(values):g} to"
                f" {np.nanmax(values):g}",
                place="exposure",
                mend="Give a table that reaches as far; beyond its points the risk is not known.",
            )
