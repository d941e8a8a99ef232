"""Deaths and years of life of a population whose exposure changes, followed year by year.

The cohort of each single year of age is carried through a life table twice, with the hazards of now
and with those after the change. The two sexes have tables of their own along a leading axis: they
are never pooled, because the deaths that a pooled table gives are others.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.files import LAGS_FILE
from healthycities.health.rates import FloatArray, matched
from healthycities.package_tables import rows

LONGEST_YEARS = 105

LastAge = Literal["closed", "open"]


class Projection(NamedTuple):
    """What a change brings in each year, two float64 arrays (…, years).

    ``deaths_prevented`` turn negative late on: those who did not die earlier die then.
    ``life_years_gained`` are years lived more within the year. Sum either over the last axis.
    """

    deaths_prevented: FloatArray
    life_years_gained: FloatArray


class _Table(NamedTuple):
    """People at the start of the first year, and their hazard of death, both (…, ages)."""

    entering: FloatArray
    hazard: FloatArray


class _Year(NamedTuple):
    """Deaths and mid-year people of all ages (…), and who starts the next year (…, ages)."""

    deaths: FloatArray
    mid_year: FloatArray
    entering: FloatArray


def projected(
    population: npt.ArrayLike,
    deaths: npt.ArrayLike,
    fraction: npt.ArrayLike,
    phase: npt.ArrayLike,
    *,
    min_age: int = 0,
    newborns: bool = False,
    last_age: LastAge = "closed",
) -> Projection:
    """Return the deaths prevented and the years of life gained in each year after a change.

    With d deaths in a mid-year population m: m + d/2 start the first year, the hazard is h = d/m,
    and a share (2 - h)/(2 + h) outlives a year. The change takes the hazard from ``min_age`` on to
    h (1 - fraction x phase of the year). People who live half the year count as half a year.

    Parameters
    ----------
    population : (…, ages) mid-year people of single years of age from 0 on, above 0. Leading axes,
        such as sexes, each have a life table of their own.
    deaths : (…, ages) of a year.
    fraction : share of the deaths that the change removes: an attributable fraction for an exposure
        that ends, a potential impact fraction for one that falls. It is at most 1; one number, or
        an array that is stretched over the leading axes, such as (draws, 1) over two sexes.
    phase : (years,) share of the change of risk that has come about, year by year; see
        :func:`phase_in`, and :func:`pulse` for what one year of exposure costs.
    min_age : youngest age that the risk is of.
    newborns : whether as many are born in every year as start the first at age 0, with and without
        the change; otherwise only the people of the first year are followed.
    last_age : ``"closed"`` ends the lives of those who outlive the last age of the table, as
        AirQ+ does; ``"open"`` keeps them in it.

    Raises
    ------
    AlignmentError : population and deaths differ in shape, or the fraction cannot be stretched.
    SchemaError : a population of 0, more deaths than twice the people, a fraction above 1, or a
        phase that is not one to 105 shares between 0 and 1.
    ConfigError : ``last_age`` is unknown.

    Notes
    -----
    Source: Miller and Hurley 2003, Journal of Epidemiology and Community Health 57, as in AirQ+ and
    SwissTPH/healthiar@84ed6fbb. Test: PM2.5 of 8.85 with cutoff 5 and 1.118 per 10 at 20 and over
    costs 2599.365941 deaths in the first year (healthiar, test-attribute_lifetable).
    """
    table = _table(population, deaths)
    phases, removed = _phases(phase), _removed(fraction, table, min_age)
    _require_known_end(last_age)
    born = table.entering[..., 0] if newborns else np.zeros_like(table.entering[..., 0])
    without = with_change = table.entering
    prevented, gained = [], []
    for share in phases:
        before = _lived(without, table.hazard, born, last_age)
        after = _lived(with_change, table.hazard * (1 - removed * share), born, last_age)
        prevented.append(before.deaths - after.deaths)
        gained.append(after.mid_year - before.mid_year)
        without, with_change = before.entering, after.entering
    return Projection(np.stack(prevented, axis=-1), np.stack(gained, axis=-1))


def _lived(entering: FloatArray, hazard: FloatArray, born: FloatArray, last_age: LastAge) -> _Year:
    """Carry people of each age through a year."""
    surviving = entering * (2 - hazard) / (2 + hazard)
    older = np.empty_like(surviving)
    older[..., 1:], older[..., 0] = surviving[..., :-1], born
    if last_age == "open":
        older[..., -1] += surviving[..., -1]
    people, survivors = entering.sum(axis=-1), surviving.sum(axis=-1)
    return _Year(people - survivors, (people + survivors) / 2, older)


def _table(population: npt.ArrayLike, deaths: npt.ArrayLike) -> _Table:
    people, died = matched(population=population, deaths=deaths)
    if people.ndim == 0 or people.shape[-1] < 2:
        raise AlignmentError(
            f"expected people of single years of age along the last axis, found {people.shape}"
        )
    if (people == 0).any():
        raise SchemaError(
            "expected people at every age, found none at one",
            place="population",
            mend="End the table at the last age that has people, with the deaths of the older.",
        )
    if (died > 2 * people).any():
        raise SchemaError("expected no more deaths than twice the people of an age", place="deaths")
    return _Table(people + died / 2, died / people)


def _removed(fraction: npt.ArrayLike, table: _Table, min_age: int) -> FloatArray:
    """Return the share of the hazard that goes, (…, ages), 0 below the youngest age at risk."""
    shares = np.asarray(fraction, dtype=np.float64)
    if (shares > 1).any():
        raise SchemaError(
            f"expected a share of the deaths of at most 1, found {np.nanmax(shares):g}",
            place="fraction",
        )
    lead, n_ages = table.hazard.shape[:-1], table.hazard.shape[-1]
    try:
        np.broadcast_shapes(shares.shape, lead)
    except ValueError as error:
        raise AlignmentError(
            f"expected a fraction that fits populations {lead}, found {shares.shape}"
        ) from error
    if not 0 <= min_age < n_ages:
        raise SchemaError(f"expected an age of 0 to {n_ages - 1}, found {min_age}", place="min_age")
    return shares[..., np.newaxis] * (np.arange(n_ages) >= min_age)


def _phases(phase: npt.ArrayLike) -> FloatArray:
    shares = np.asarray(phase, dtype=np.float64)
    if shares.ndim != 1 or not 1 <= len(shares) <= LONGEST_YEARS:
        raise SchemaError(
            f"expected a share for each of 1 to {LONGEST_YEARS} years, found {shares.shape}",
            place="phase",
        )
    if not ((shares >= 0) & (shares <= 1)).all():
        raise SchemaError("expected shares between 0 and 1", place="phase")
    return shares


def _require_known_end(last_age: str) -> None:
    if last_age not in ("closed", "open"):
        raise ConfigError(f"expected last_age 'closed' or 'open', found '{last_age}'")


# --- How soon a change shows ---


def phase_in(lag_id: str, years: int) -> FloatArray:
    """Return the share of a lasting change of risk that has come about in each year.

    Parameters
    ----------
    lag_id : row of lags.csv: ``none``, ``epa`` (30 % in the first year, 12.5 % in each of the next
        four, 20 % evenly over years 6 to 20) or ``linear_5``.
    years : years from the change on, 1 to 105.

    Returns
    -------
    FloatArray
        (years,) rising to 1.

    Raises
    ------
    ConfigError : the lag is unknown; the message lists those that are known.
    SchemaError : years are out of range.

    Notes
    -----
    Source: column `source` of lags.csv. Test: ``epa`` gives 0.3, 0.425, 0.55, 0.675, 0.8 in years 1
    to 5, and 1 from year 20 on.
    """
    steps = [row for row in rows(LAGS_FILE) if row["lag_id"] == lag_id]
    if not steps:
        known = dict.fromkeys(row["lag_id"] for row in rows(LAGS_FILE))
        raise ConfigError(f"unknown lag '{lag_id}'; known are {', '.join(known)}", file=LAGS_FILE)
    by_year = np.array([0, *(float(step["by_year"]) for step in steps)])
    reached = np.array([0, *(float(step["share"]) for step in steps)])
    return np.asarray(np.interp(np.arange(1, _years(years) + 1), by_year, reached))


def pulse(years: int) -> FloatArray:
    """Return the phases of a change that lasts for the first year only.

    What a year of exposure costs is the fraction that is attributed to it, removed for one year:
    the years of life gained then, over as many years as the youngest may live, are those lost.

    Raises
    ------
    SchemaError : years are out of range.
    """
    phases = np.zeros(_years(years))
    phases[0] = 1
    return phases


def _years(years: int) -> int:
    if not 1 <= years <= LONGEST_YEARS:
        raise SchemaError(f"expected 1 to {LONGEST_YEARS} years, found {years}", place="years")
    return years
