"""How far measured and modelled concentrations agree: bias and scatter over sensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from healthycities.health.rates import (
    Estimate,
    FloatArray,
    matched,
    missing_where_0,
    normal_quantile,
)


class Agreement(NamedTuple):
    """How measured and modelled concentrations of some groups differ; a value for each group.

    Parameters
    ----------
    sensors : number of sensors, float64.
    bias : measured minus modelled, the mean over sensors, in their unit; its limits are missing for
        one sensor, and all of it for none.
    scatter : standard deviation of the differences, missing below two sensors.
    root_mean_square : root of the mean squared difference.
    fractional_bias : the bias over the mean of the measured and the modelled mean.
    squares : sum of the squared differences, from which the root is taken.
    """

    sensors: FloatArray
    bias: Estimate
    scatter: FloatArray
    root_mean_square: FloatArray
    fractional_bias: FloatArray
    squares: FloatArray


def agreement(
    measured: npt.ArrayLike,
    modelled: npt.ArrayLike,
    group: npt.NDArray[np.int64],
    n_groups: int,
    confidence: float = 0.95,
) -> Agreement:
    """Compare what sensors measured with what a model gives where they stand.

    The bias of a group of n sensors is the mean of measured minus modelled, and the scatter is the
    standard deviation s of these differences (n - 1 below). The interval of the bias is that of
    Student's t with n - 1 degrees of freedom: s over the root of n on either side, times t. It
    takes sensors for independent of one another. The fractional bias is the difference of the two
    means over the mean of both: 0 is best, and -2 and 2 are its ends.

    Parameters
    ----------
    measured, modelled : concentrations of 0 or more at k sensors, one unit, none missing.
    group : k int64 numbers of the group that each is in, from 0.
    n_groups : number of groups; one without a sensor has no values.
    confidence : of the interval, between 0 and 1.

    Raises
    ------
    SchemaError : a concentration is below 0, or the confidence is no share.
    AlignmentError : the two differ in number.

    Notes
    -----
    Source: Student 1908, Biometrika 6; fractional bias and root mean square error: Chang and Hanna
    2004, Meteorology and Atmospheric Physics 87, and Defra, LAQM.TG(22), on the verification of
    models (verify). Test: differences of 1, 2 and 6 have the mean 3 with -3.572 to 9.572, worked by
    hand with t = 4.303.
    """
    observed, predicted = matched(measured=measured, modelled=modelled)
    difference = observed - predicted
    sensors, total, squares, both = (
        _summed(values, group, n_groups)
        for values in (np.ones(len(difference)), difference, difference**2, observed + predicted)
    )
    n = missing_where_0(sensors)
    bias = total / n
    around = _summed((difference - bias[group]) ** 2, group, n_groups)
    scatter = np.sqrt(around / missing_where_0(sensors - 1))
    half = _t_quantile(sensors, confidence) * scatter / np.sqrt(n)
    return Agreement(
        sensors=sensors,
        bias=Estimate(bias, bias - half, bias + half),
        scatter=scatter,
        root_mean_square=np.sqrt(squares / n),
        fractional_bias=2 * total / missing_where_0(both),
        squares=squares,
    )


def _summed(values: FloatArray, group: npt.NDArray[np.int64], n_groups: int) -> FloatArray:
    return np.asarray(np.bincount(group, values, n_groups), dtype=np.float64)


def _t_quantile(sensors: FloatArray, confidence: float) -> FloatArray:
    """Return t: Student's variable lies within t with this confidence; missing below two."""
    normal_quantile(confidence)  # Raises where the confidence is no share.
    return np.asarray(stdtrit(missing_where_0(sensors - 1), (1 + confidence) / 2), dtype=np.float64)
