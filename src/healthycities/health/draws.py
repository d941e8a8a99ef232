"""Intervals of attributable events by Monte Carlo: of the risk, the counts and the exposure.

A draw is one state of the world. It has one risk, the same for all areas; an exposure for each
place; and a count for each cell, an area in a year and of a sex. Sums over areas are made within
each draw, so that an authority's interval is that of its summed draws.

Every random number belongs to the seed and to the name of what it is drawn for, never to the block
of work that it happens to be drawn in; and draws are added as whole numbers, whose sum does not
depend on the order. Results are therefore the same to the last bit however the cells are cut up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import reduce
from itertools import pairwise
from typing import Literal, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from healthycities.errors import AlignmentError, ConfigError, SchemaError
from healthycities.health.burden import attributed
from healthycities.health.rates import Estimate, FloatArray, non_negative
from healthycities.health.response import ConcentrationResponse, Exposure, dose_of, risk_of

IntArray = npt.NDArray[np.int64]
Counts = Literal["poisson", "normal", "fixed"]

N_DRAWS = 10_000
CELLS_AT_ONCE = 32
"""Cells that are drawn together: 2.5 MB of 10,000 draws, which a core keeps near itself."""

_QUANTUM = 2.0**-30
"""Events that a whole number of a sum stands for: about a thousand-millionth."""
_LARGEST_SUM = 2.0**32
"""Events whose sum still fits a whole number of 64 bits."""
_STEPS_TO_A_COUNT = 4
_Z95 = float(ndtri(0.975))
_RISK, _EXPOSURE, _COUNT = range(3)

# numba looks only at this file to know whether what it has stored is of today.
_compiled = numba.njit(nogil=True, cache=True)


@dataclass(frozen=True)
class Plan:
    """How much is drawn, and of what.

    Parameters
    ----------
    seed : 0 to 2**32 - 1.
    n_draws : 2 or more.
    counts : ``"poisson"`` draws events about those observed; ``"normal"`` with the standard errors
        of the cells, not below 0; ``"fixed"`` takes them as they are.
    risk : whether the risk is drawn: lognormal, with the width of its 95 % interval.
    confidence : share of the draws between the limits.

    Raises
    ------
    ConfigError : one of these is out of range.
    """

    seed: int
    n_draws: int = N_DRAWS
    counts: Counts = "poisson"
    risk: bool = True
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, sound, expected in (
            ("seed", 0 <= self.seed < 2**32, "a whole number from 0 to 2**32 - 1"),
            ("n_draws", self.n_draws >= 2, "2 draws or more"),
            ("counts", self.counts in ("poisson", "normal", "fixed"), "poisson, normal or fixed"),
            ("confidence", 0 < self.confidence < 1, "a share between 0 and 1"),
        ):
            if not sound:
                raise ConfigError(
                    f"expected {expected}, found {getattr(self, name)!r}", place=f"draws, {name}"
                )


@dataclass(frozen=True)
class Cells:
    """What events are attributed in: areas, by year, sex or age, one after the other.

    Parameters
    ----------
    names : of each cell, all different, such as ``E08000001 2023 female``. A cell's counts are
        drawn for its name.
    places : what each cell's exposure is drawn for, such as ``E08000001 2023``: cells of one place
        breathe the same air, and share its error. One name for all is an error that all share.
    exposure : (cells,) of the function's kind.
    events : (cells,) 0 or more.
    exposure_se, events_se : (cells,) standard errors, 0 for what is taken as known. The latter are
        those of ``normal`` counts.
    per_event : (cells,) what one event counts as: 1, or the years of life that a death costs.

    Raises
    ------
    AlignmentError : they are not of the same cells, or a name comes twice.
    SchemaError : a number is negative or infinite.
    """

    names: Sequence[str]
    places: Sequence[str]
    exposure: Exposure
    events: FloatArray
    exposure_se: FloatArray | float = 0.0
    events_se: FloatArray | float = 0.0
    per_event: FloatArray | float = 1.0

    def __post_init__(self) -> None:
        n = len(self.names)
        for name in ("events", "exposure_se", "events_se", "per_event"):
            values = non_negative(name, getattr(self, name))
            whole = np.broadcast_to(values, (n,)) if values.ndim == 0 else values
            object.__setattr__(self, name, whole)
        shapes = {getattr(self, part.name).shape for part in fields(self)[3:]}
        if shapes | {self.exposure.values.shape, (len(self.places),)} != {(n,)}:
            raise AlignmentError(f"expected values of {n} cells, found shapes {sorted(shapes)}")
        if len(set(self.names)) != n:
            raise AlignmentError(
                "expected cells of different names, so that each has counts of its own",
                mend="Name area, year, sex and age in each.",
            )

    def __len__(self) -> int:
        return len(self.names)

    def part(self, start: int, stop: int) -> Cells:
        """Return the cells from one to before another."""
        cut = slice(start, stop)
        values = {part.name: getattr(self, part.name)[cut] for part in fields(self)[3:]}
        exposure = Exposure(self.exposure.kind, self.exposure.values[cut])
        return replace(
            self, names=self.names[cut], places=self.places[cut], exposure=exposure, **values
        )


class Groups(NamedTuple):
    """Which sums each cell is part of.

    ``of_cells`` is (levels, cells): at each level the number of the cell's group, -1 for none.
    ``n`` groups are numbered from 0 on over all levels.
    """

    of_cells: IntArray
    n: int

    def part(self, start: int, stop: int) -> Groups:
        """Return the groups of the cells from one to before another."""
        return Groups(self.of_cells[:, start:stop], self.n)


@dataclass(frozen=True)
class Sums:
    """Draws of groups, in whole numbers: add those of several blocks with ``+``.

    Parameters
    ----------
    whole : (groups, 1 + draws) sums; the first column is that of the values at the central risk.
    missing : (groups,) whether a cell without a value is among those summed.
    largest : a bound of the sums, in events.
    """

    whole: IntArray
    missing: npt.NDArray[np.bool_]
    largest: float

    def __add__(self, other: Sums) -> Sums:
        largest = _require_summable(self.largest + other.largest)
        return Sums(self.whole + other.whole, self.missing | other.missing, largest)

    def estimate(self, confidence: float) -> Estimate:
        """Return values and limits of the groups; missing where a part of one is."""
        sums = np.where(self.missing[:, np.newaxis], np.nan, self.whole * _QUANTUM)
        return interval(sums[:, 0], sums[:, 1:], confidence)


class Drawn(NamedTuple):
    """Values and limits of cells, and the sums of their groups."""

    cells: Estimate
    sums: Sums


# --- Blocks ---


def drawn(
    cells: Cells, function: ConcentrationResponse, plan: Plan, groups: Groups | None = None
) -> Drawn:
    """Return the attributable events of cells and groups, with limits from draws.

    It is a plain function of one block of cells. To use several cores, cut the cells with
    `Cells.part` and `Groups.part` into about as many blocks as there are cores, run it on each, and
    join the results with :func:`joined`: they are those of one block, to the last bit. Memory is
    that of the groups' sums, (groups, draws), and of a few cells' draws.

    Parameters
    ----------
    cells : as `Cells`; NaN stays missing.
    function : row of concentration_response.csv that has a cutoff, of the exposure's kind.
    plan : what is drawn.
    groups : sums that are wanted, none by default.

    Returns
    -------
    Drawn
        Values are those at the central risk, exposure and count; limits are the quantiles of the
        draws that hold ``plan.confidence`` of them.

    Raises
    ------
    AlignmentError, ConfigError, SchemaError : as :class:`Cells`, :class:`Plan` and
        :func:`burden.attributed` raise them, and where a sum is too large to be held.

    Notes
    -----
    Source: Monte Carlo as in SwissTPH/healthiar@84ed6fbb, with draws of the risk shared by all
    areas. Test: with the risk alone the limits are the events at the limits of the risk, and those
    of a sum are the sums of the limits.
    """
    groups = _groups_of(cells, groups)
    log_risks = log_risk_draws(function, plan)
    central = attributed(function, cells.exposure, cells.events).value * cells.per_event
    sums = _Running(groups.n, plan.n_draws)
    estimates = []
    room = np.empty((min(CELLS_AT_ONCE, len(cells)), plan.n_draws))
    for start in range(0, len(cells), CELLS_AT_ONCE):
        cut = (start, min(start + CELLS_AT_ONCE, len(cells)))
        draws = _impacts(cells.part(*cut), function, plan, log_risks, room[: cut[1] - cut[0]])
        sums.add(central[slice(*cut)], draws, groups.part(*cut).of_cells)
        estimates.append(interval(central[slice(*cut)], draws, plan.confidence))
        sums.require_room_for(draws)
    return Drawn(_joined_estimates(estimates), sums.sums())


def joined(blocks: Iterable[Drawn]) -> Drawn:
    """Return the results of blocks, in the order of their cells, as those of one block."""
    found = list(blocks)
    sums = reduce(Sums.__add__, (block.sums for block in found))
    return Drawn(_joined_estimates([block.cells for block in found]), sums)


def cuts(n_cells: int, n_blocks: int) -> Iterator[tuple[int, int]]:
    """Yield where each of several blocks of about the same size starts and stops."""
    yield from pairwise(np.linspace(0, n_cells, n_blocks + 1).astype(int).tolist())


def _joined_estimates(parts: Sequence[Estimate]) -> Estimate:
    empty = Estimate(*(np.empty(0) for _ in Estimate._fields))
    return Estimate(*(np.concatenate(one) for one in zip(empty, *parts, strict=True)))


def _groups_of(cells: Cells, groups: Groups | None) -> Groups:
    if groups is None:
        return Groups(np.empty((0, len(cells)), dtype=np.int64), 0)
    of_cells = np.asarray(groups.of_cells, dtype=np.int64)
    if of_cells.ndim != 2 or of_cells.shape[1] != len(cells):
        raise AlignmentError(
            f"expected groups of levels x {len(cells)} cells, found {of_cells.shape}"
        )
    if of_cells.size and not -1 <= of_cells.min() <= of_cells.max() < groups.n:
        raise SchemaError(f"expected groups from -1 to {groups.n - 1}", place="groups")
    return Groups(of_cells, groups.n)


# --- Limits ---


def interval(value: FloatArray, draws: FloatArray, confidence: float = 0.95) -> Estimate:
    """Return values with the quantiles of their draws; ``draws`` (…, draws) are put in order.

    The quantiles lie between two draws as numpy's do by default. A missing draw makes both missing.
    """
    tail = (1 - confidence) / 2
    draws.sort(axis=-1)
    missing = np.isnan(draws[..., -1])
    lower, upper = (
        np.where(missing, np.nan, _quantile(draws, share)) for share in (tail, 1 - tail)
    )
    return Estimate(value, lower, upper)


def _quantile(ordered: FloatArray, share: float) -> FloatArray:
    place = share * (ordered.shape[-1] - 1)
    below = min(int(place), ordered.shape[-1] - 2)
    first, second = ordered[..., below], ordered[..., below + 1]
    return np.asarray(first + (second - first) * (place - below))


# --- Random numbers ---


def _stream(plan: Plan, purpose: int, name: str) -> np.random.Generator:
    """Return the random numbers that belong to a name, whatever else is drawn."""
    sequence = np.random.SeedSequence((plan.seed, purpose, int.from_bytes(name.encode())))
    return np.random.Generator(np.random.PCG64DXSM(sequence))


def log_risk_draws(function: ConcentrationResponse, plan: Plan) -> FloatArray:
    """Return (draws,) logarithms of the relative risk per increment, which all areas share.

    Normal about that of the central risk, with standard error (ln upper - ln lower)/(2 x 1.96).
    """
    centre = np.log(function.rr)
    if not plan.risk:
        return np.full(plan.n_draws, centre)
    spread = np.log(function.rr_upper / function.rr_lower) / (2 * _Z95)
    normal = _stream(plan, _RISK, function.crf_id).standard_normal(plan.n_draws)
    return np.asarray(centre + spread * normal)


def _impacts(
    cells: Cells,
    function: ConcentrationResponse,
    plan: Plan,
    log_risks: FloatArray,
    room: FloatArray,
) -> FloatArray:
    """Return attributable events (cells, draws), in the room that is given."""
    risks = risk_of(log_risks, _dose_draws(cells, function, plan), function.shape)
    fraction = np.subtract(1, np.divide(1, risks, out=risks), out=risks)
    fraction *= np.asarray(cells.per_event)[:, np.newaxis]
    return np.multiply(_count_draws(cells, plan, room), fraction, out=room)


def _dose_draws(cells: Cells, function: ConcentrationResponse, plan: Plan) -> FloatArray:
    """Return doses (cells, draws), or (cells, 1) where all exposures are certain."""
    exposure = cells.exposure.values[:, np.newaxis]
    errors = np.asarray(cells.exposure_se)
    if (errors > 0).any():
        normal = [
            _stream(plan, _EXPOSURE, place).standard_normal(plan.n_draws) for place in cells.places
        ]
        exposure = np.maximum(exposure + errors[:, np.newaxis] * np.stack(normal), 0)
    return dose_of(
        exposure,
        function.increment,
        function.counterfactual,
        function.shape,
        applicable_from=function.applicable_from,
    )


def _count_draws(cells: Cells, plan: Plan, room: FloatArray) -> FloatArray:
    """Fill the room with events (cells, draws)."""
    events = cells.events[:, np.newaxis]
    if plan.counts == "fixed":
        room[:] = events
        return room
    for row, name in zip(room, cells.names, strict=True):
        stream = _stream(plan, _COUNT, name)
        fill = stream.random if plan.counts == "poisson" else stream.standard_normal
        fill(out=row)
    if plan.counts == "poisson":
        _to_poisson(room, cells.events)
        return room
    room *= np.asarray(cells.events_se)[:, np.newaxis]
    room += events
    return np.maximum(room, 0, out=room)


def poisson_quantiles(shares: npt.ArrayLike, means: npt.ArrayLike) -> FloatArray:
    """Return the Poisson counts at uniform shares of all draws.

    The count of a share u is the least whose cumulative probability is above u. The probabilities
    of a mean are laid out once, as far as shares of 53 bits reach, with an index into them: a draw
    then costs a few steps whatever the mean.

    Parameters
    ----------
    shares : (cells, draws) from 0 to below 1.
    means : (cells,) 0 or more; NaN gives NaN.
    """
    counts = np.array(shares, dtype=np.float64)
    _to_poisson(counts, non_negative("means", means))
    return counts


@_compiled
def _to_poisson(shares: FloatArray, means: FloatArray) -> None:
    """Replace shares by counts, row by row."""
    for cell in range(len(means)):
        mean = means[cell]
        if mean > 0:
            reach = 9 * np.sqrt(mean) + 30
            first = max(0, int(mean - reach))
            _look_up(shares[cell], _cumulative(mean, first, int(mean + reach)), first)
        else:
            shares[cell, :] = mean


@_compiled
def _cumulative(mean: float, first: int, last: int) -> FloatArray:
    """Return the chance of each count from first to last, or of fewer."""
    cumulative = np.empty(last - first + 1)
    chance = np.exp(first * np.log(mean) - mean - math.lgamma(first + 1.0))
    total = 0.0
    for i in range(len(cumulative)):
        total += chance
        cumulative[i] = total
        chance *= mean / (first + i + 1)
    return cumulative / total


@_compiled
def _look_up(shares: FloatArray, cumulative: FloatArray, first: int) -> None:
    """Replace each share by the first count whose cumulative chance is above it."""
    # With several steps to a count, most shares are at their count without a further one.
    n_steps = _STEPS_TO_A_COUNT * len(cumulative)
    index = np.empty(n_steps, dtype=np.int64)
    place = 0
    for step in range(n_steps):
        while cumulative[place] * n_steps <= step:
            place += 1
        index[step] = place
    for i in range(len(shares)):
        # The share next to 1 may be rounded up to the step that is one too far.
        place = index[min(int(shares[i] * n_steps), n_steps - 1)]
        while cumulative[place] <= shares[i]:
            place += 1
        shares[i] = first + place


# --- Sums ---


class _Running:
    """Sums that grow cell by cell."""

    def __init__(self, n_groups: int, n_draws: int) -> None:
        self.whole = np.zeros((n_groups, 1 + n_draws), dtype=np.int64)
        self.missing = np.zeros(n_groups, dtype=bool)
        self.largest = 0.0

    def add(self, central: FloatArray, draws: FloatArray, of_cells: IntArray) -> None:
        """Add the draws of some cells to the groups that they are of."""
        if not len(of_cells):
            return
        known = ~(np.isnan(central) | np.isnan(draws[:, -1]))
        for level in of_cells:
            self.missing[level[~known & (level >= 0)]] = True
        _add(self.whole, central, draws, np.where(known, of_cells, -1))

    def require_room_for(self, ordered: FloatArray) -> None:
        """Refuse draws, each cell's put in order, whose sum a whole number might not hold."""
        if len(self.whole):
            largest = np.fmax(np.abs(ordered[:, 0]), np.abs(ordered[:, -1]))
            self.largest = _require_summable(self.largest + float(np.nansum(largest)))

    def sums(self) -> Sums:
        """Return what has been summed."""
        return Sums(self.whole, self.missing, self.largest)


def _require_summable(largest: float) -> float:
    if not largest < _LARGEST_SUM:
        raise SchemaError(
            f"expected sums below {_LARGEST_SUM:.2g}, found {largest:.2g}",
            place="events",
            mend="Give events, or years of life, as numbers of them and not in a smaller unit.",
        )
    return largest


@_compiled
def _add(whole: IntArray, central: FloatArray, draws: FloatArray, of_cells: IntArray) -> None:
    """Add cells to the groups of each level."""
    for level in range(of_cells.shape[0]):
        for cell in range(of_cells.shape[1]):
            group = of_cells[level, cell]
            if group >= 0:
                whole[group, 0] += np.int64(np.rint(central[cell] / _QUANTUM))
                for draw in range(draws.shape[1]):
                    whole[group, 1 + draw] += np.int64(np.rint(draws[cell, draw] / _QUANTUM))
