"""Contenders that take turns in one process, once their answers are known to agree."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

TURNS = 5
_SLOW_S, _VERY_SLOW_S = 10.0, 30.0


@dataclass(frozen=True)
class Contender:
    """One way to do a piece of work, and how many threads it has.

    ``scale`` is how many times the whole work is what it does, where that is a sample of it.
    """

    run: Callable[[], Any]
    threads: int = 1
    scale: float = 1.0


@dataclass(frozen=True)
class Claim:
    """That one contender is so many times as fast as another.

    ``tolerance`` is that of the race, but for a peer that answers a question of its own, and
    nothing is ``compared`` to one that answers none.
    """

    name: str
    ours: str
    peer: str
    goal: float
    tolerance: float | None = None
    compared: bool = True


@dataclass(frozen=True)
class Race:
    """A piece of work, who does it, and what is claimed.

    ``difference`` takes two answers and returns the largest difference between them, in the unit of
    ``tolerance``.
    """

    title: str
    contenders: Mapping[str, Contender]
    claims: Sequence[Claim]
    difference: Callable[[Any, Any], float]
    tolerance: float


@dataclass(frozen=True)
class Figure:
    """What was measured of a claim: an entry of the file of results."""

    name: str
    peer: str
    ours_s: float
    peer_s: float
    ratio: float
    goal: float
    threads: int
    max_difference: float | None
    peak_mib: float | None

    def as_entry(self) -> dict[str, Any]:
        """Return it as the file of results holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """A figure, and how many runs its two medians are of."""

    figure: Figure
    ours_runs: int
    peer_runs: int


class DisagreementError(Exception):
    """Two contenders gave different answers, so that their times mean nothing."""


def run(race: Race) -> list[Outcome]:
    """Compare the answers, then let the contenders take turns.

    The first run of each gives its answer, and is its only run where it takes more than half a
    minute. Otherwise each takes up to five turns, or three where a turn takes more than 10 s.

    Raises
    ------
    DisagreementError : an answer is not that of the contender that it is set against.
    """
    answers, seconds, peak_mib = {}, {}, {}
    for name, contender in race.contenders.items():
        answers[name], taken_s, peak_mib[name] = _first_run(contender)
        seconds[name] = [taken_s]
    differences = [_compared(race, claim, answers) for claim in race.claims]
    answers.clear()
    turns = {name: _turns(taken[0]) for name, taken in seconds.items()}
    for name, n_turns in turns.items():
        if n_turns:
            seconds[name].clear()
    for turn in range(TURNS):
        for name, contender in race.contenders.items():
            if turn < turns[name]:
                seconds[name].append(_timed(contender)[1])
    for name, contender in race.contenders.items():
        seconds[name] = [taken_s * contender.scale for taken_s in seconds[name]]
    return [
        _outcome(race, claim, seconds, difference, peak_mib[claim.ours])
        for claim, difference in zip(race.claims, differences, strict=True)
    ]


def _outcome(
    race: Race,
    claim: Claim,
    seconds: Mapping[str, list[float]],
    difference: float | None,
    peak_mib: float | None,
) -> Outcome:
    ours_s, peer_s = median(seconds[claim.ours]), median(seconds[claim.peer])
    figure = Figure(
        name=claim.name,
        peer=claim.peer,
        ours_s=ours_s,
        peer_s=peer_s,
        ratio=peer_s / ours_s,
        goal=claim.goal,
        threads=race.contenders[claim.ours].threads,
        max_difference=difference,
        peak_mib=peak_mib,
    )
    return Outcome(figure, len(seconds[claim.ours]), len(seconds[claim.peer]))


def _turns(taken_s: float) -> int:
    if taken_s > _VERY_SLOW_S:
        return 0
    return 3 if taken_s > _SLOW_S else TURNS


def _compared(race: Race, claim: Claim, answers: Mapping[str, Any]) -> float | None:
    if not claim.compared:
        return None
    difference = float(race.difference(answers[claim.ours], answers[claim.peer]))
    tolerance = race.tolerance if claim.tolerance is None else claim.tolerance
    if not difference <= tolerance:
        raise DisagreementError(
            f"{claim.name}: {claim.ours} and {claim.peer} differ by {difference:g},"
            f" more than {tolerance:g}"
        )
    return difference


def _timed(contender: Contender) -> tuple[Any, float]:
    gc.collect()
    start = time.perf_counter()
    answer = contender.run()
    return answer, time.perf_counter() - start


def _first_run(contender: Contender) -> tuple[Any, float, float | None]:
    """Return the answer, the seconds, and the most memory that the process held meanwhile."""
    counted = _forget_peak()
    answer, taken_s = _timed(contender)
    return answer, taken_s, _peak_mib() if counted else None


def _forget_peak() -> bool:
    """Tell Linux to count the process's peak of memory from now on; False where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak_kib,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    return round(int(peak_kib) / 1024, 1)
