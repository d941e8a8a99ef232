"""The codes of districts through time: when each lived, what it was made of, what it became."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from healthycities.errors import RegisterError

DISTRICTS_FILE = "geography/data/districts.csv"
CHANGES_FILE = "geography/data/district_changes.csv"

MERGE, SPLIT = "merge", "split"
ONE_TO_ONE = ("recoding", "boundary_change")
"""A code that became one other by itself: with the same ground, or with a border that moved."""

ONE_DAY = timedelta(days=1)


class Change(NamedTuple):
    """A district that became another, or a part of it that did, on a day.

    A merger has a row for each district that ended, a split one for each that came of it.
    """

    old_code: str
    old_name: str
    new_code: str
    effective: date
    kind: str


@dataclass(frozen=True)
class District:
    """One code of a district.

    Parameters
    ----------
    since : first day; None where the tables begin with it.
    last_day : None where it lives yet.
    made_of : the changes on its first day, by which others became it.
    became : the changes on the day after its last, by which it became others.
    """

    code: str
    name: str
    since: date | None
    last_day: date | None
    made_of: tuple[Change, ...]
    became: tuple[Change, ...]


@dataclass(frozen=True, eq=False)
class DistrictHistory:
    """Every code of a district, from the districts of the latest date and what led to them.

    Parameters
    ----------
    latest : name of each district of the latest date, by its code.
    changes : in any order.

    Raises
    ------
    RegisterError : the changes contradict one another, see `checked_changes`; or do not lead to
        the latest districts.
    """

    latest: Mapping[str, str]
    changes: tuple[Change, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", checked_changes(self.changes))
        self._require_latest()

    def live(self, as_at: date) -> dict[str, str]:
        """Return the districts that live at a date: code to name, sorted by code."""
        ended = {change.old_code for change in self.changes if change.effective <= as_at}
        coming = {change.new_code for change in self.changes if change.effective > as_at}
        return {code: name for code, name in self.names.items() if code not in ended | coming}

    def days(self, until: date) -> list[date]:
        """Return the days up to a date on which codes changed, ascending."""
        return sorted({change.effective for change in self.changes if change.effective <= until})

    def district(self, code: str) -> District:
        """Return one code; a KeyError where it never was."""
        ends, comes = self.ends.get(code, ()), self.comes.get(code, ())
        return District(
            code,
            self.names[code],
            comes[0].effective if comes else None,
            ends[0].effective - ONE_DAY if ends else None,
            comes,
            ends,
        )

    def becomes(self, code: str, targets: Container[str], until: date) -> frozenset[str] | None:
        """Return those of some codes that a district is, or became by a date.

        A district of one date becomes several of another where it was split between them. None
        where it, or any part of it, is and becomes none of the targets.
        """
        if code in targets:
            return frozenset({code})
        changes = [change for change in self.ends.get(code, ()) if change.effective <= until]
        parts = [self.becomes(change.new_code, targets, until) for change in changes]
        known = {one for part in parts if part is not None for one in part}
        return None if None in parts or not parts else frozenset(known)

    def whole(self, code: str, targets: Container[str], until: date) -> str | None:
        """Return the one target that a district is or became, whole; None where there is none."""
        found = self.becomes(code, targets, until)
        return next(iter(found)) if found is not None and len(found) == 1 else None

    def later_codes(self, code: str) -> set[str]:
        """Return each code that a district, or a part of it, became at any time."""
        nearest = {change.new_code for change in self.ends.get(code, ())}
        return nearest.union(*(self.later_codes(new) for new in nearest))

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Name of every code that is or was, sorted by code."""
        old = {change.old_code: change.old_name for change in self.changes}
        return MappingProxyType(dict(sorted((old | dict(self.latest)).items())))

    @cached_property
    def ends(self) -> Mapping[str, tuple[Change, ...]]:
        """The changes that a code ended by, for each that has ended."""
        return _grouped((change.old_code, change) for change in self.changes)

    @cached_property
    def comes(self) -> Mapping[str, tuple[Change, ...]]:
        """The changes that a code came by, for each that was not there from the start."""
        return _grouped((change.new_code, change) for change in self.changes)

    def _require_latest(self) -> None:
        """Refuse changes that lead to other districts than the latest."""
        ended = {change.old_code for change in self.changes}
        for change in self.changes:
            if change.old_code in self.latest:
                raise _change_error(change, f"has ended, and stands in {DISTRICTS_FILE}")
            if change.new_code not in ended and change.new_code not in self.latest:
                problem = f"becomes {change.new_code}, which is not in {DISTRICTS_FILE}"
                raise _change_error(change, problem)


def _grouped(pairs: Iterable[tuple[str, Change]]) -> Mapping[str, tuple[Change, ...]]:
    groups: dict[str, tuple[Change, ...]] = {}
    for code, change in pairs:
        groups[code] = (*groups.get(code, ()), change)
    return MappingProxyType(groups)


def checked_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in order of date.

    Raises
    ------
    RegisterError : a code ends or comes on two days, has two names, becomes another twice, ends on
        the day or before the day that it came; or a kind is not that of its rows.
    """
    ordered = tuple(sorted(changes, key=lambda one: (one.effective, one.old_code, one.new_code)))
    first: dict[str, Change] = {}
    came: dict[str, Change] = {}
    for change in ordered:
        _require_one_end(change, first.setdefault(change.old_code, change))
        if change.new_code in {*first, change.old_code}:
            raise _change_error(change, f"becomes {change.new_code}, which has ended by then")
        if came.setdefault(change.new_code, change).effective != change.effective:
            raise _change_error(change, f"becomes {change.new_code}, which came before that day")
    _require_kinds(ordered)
    return ordered


def _require_one_end(change: Change, first: Change) -> None:
    if change.effective != first.effective:
        raise _change_error(change, "ends on two days")
    if change.old_name != first.old_name:
        raise _change_error(change, f"is also called {first.old_name}")


def _require_kinds(changes: tuple[Change, ...]) -> None:
    """Hold each kind against the number of codes that a code became and was made of."""
    parts = Counter(change.old_code for change in changes)
    wholes = Counter(change.new_code for change in changes)
    links = Counter((change.old_code, change.new_code) for change in changes)
    for change in changes:
        if links[change.old_code, change.new_code] > 1:
            raise _change_error(change, f"becomes {change.new_code} twice")
        kinds = _kinds(parts[change.old_code], wholes[change.new_code])
        if change.kind not in kinds:
            expected = f"expected the kind {' or '.join(kinds)}, found {change.kind!r}"
            raise _change_error(change, f"becomes {change.new_code}: {expected}")


def _kinds(n_parts: int, n_wholes: int) -> tuple[str, ...]:
    """Return the kinds that a row may have: a split is one even where a part of it merged."""
    if n_parts > 1:
        return (SPLIT,)
    return (MERGE,) if n_wholes > 1 else ONE_TO_ONE


def _change_error(change: Change, problem: str) -> RegisterError:
    return RegisterError(
        f"{change.old_code} {change.old_name} {problem}",
        file=CHANGES_FILE,
        place=f"old_code {change.old_code}",
        mend="Give each old code one row for each code that it became, all of one day; see"
        " geography/data/README.md.",
    )
