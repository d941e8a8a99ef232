"""The districts of England at a date, and codes of older districts carried to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from healthycities.errors import RegisterError, SourceError
from healthycities.package_tables import rows

FIRST_DATE = date(2011, 1, 1)
"""GSS codes began; every English district code since then is in the tables."""

LAST_DATE = date(2027, 3, 31)
"""On the next day Surrey's districts are due to be replaced; no change after that is known."""

DISTRICTS_FILE = "geography/data/districts.csv"
CHANGES_FILE = "geography/data/district_changes.csv"
_ENGLISH = ("E06", "E07", "E08", "E09")
_MOST_NAMED = 10


class Change(NamedTuple):
    """A district that became another, whole, on a day."""

    old_code: str
    old_name: str
    new_code: str
    new_name: str
    effective: date


class Carried(NamedTuple):
    """Codes carried to a date, in the order given, and the old and new code of each recoded."""

    codes: list[str]
    recoded: dict[str, str]


def known_districts(as_at: date) -> dict[str, str]:
    """Return the districts that live at a date: code to name, sorted by code.

    Raises
    ------
    RegisterError : the date is before `FIRST_DATE` or after `LAST_DATE`.
    """
    _require_known_date(as_at)
    return live_districts(as_at, _latest(), _changes())


def live_districts(
    as_at: date, latest: Mapping[str, str], changes: Sequence[Change]
) -> dict[str, str]:
    """Undo the changes after a date, newest first, from the latest districts (code to name)."""
    live = dict(latest)
    for change in sorted(changes, key=lambda change: change.effective, reverse=True):
        if change.effective > as_at:
            live.pop(change.new_code, None)
            live[change.old_code] = change.old_name
    return dict(sorted(live.items()))


def carry_code(code: str, as_at: date) -> str:
    """Return the code that a district of any older vintage has at a date; see `carry_codes`."""
    return carry_codes([code], as_at).codes[0]


def carry_codes(codes: Iterable[str], as_at: date, *, file: str | Path | None = None) -> Carried:
    """Carry district codes of any older vintage to the codes that they became by a date.

    Codes that live at the date stay. Chains of changes are followed. Only whole districts are
    carried: mergers and recodings.

    Parameters
    ----------
    codes : codes, each as often as it likes.
    as_at : date whose codes are wanted.
    file : file that the codes come from, for the message.

    Raises
    ------
    RegisterError : naming each code that is unknown, or newer than the date.
    """
    given = list(codes)
    live = known_districts(as_at)
    placed = {code: _follow(code, as_at, live) for code in dict.fromkeys(given)}
    lost = [code for code, new in placed.items() if new is None]
    if lost:
        reasons = [why_not_live(code, as_at, live) for code in lost]
        counted = _counted(len(lost), "district code")
        raise RegisterError(
            f"{counted} cannot be carried to {as_at}: {named(reasons)}",
            file=file,
            mend=_mend(lost, as_at),
        )
    known = {code: new for code, new in placed.items() if new is not None}
    recoded = {code: new for code, new in known.items() if code != new}
    return Carried([known[code] for code in given], recoded)


def _mend(lost: Iterable[str], as_at: date) -> str:
    """Say what to do of codes that cannot be carried: newer ones may be divided."""
    if set(lost) <= {new for new, _ in newer_districts(as_at)}:
        return (
            "Report on a later date; or give small areas, their lookup at that date and"
            " sources.census_population, so that newer districts are divided by their people."
        )
    return f"Correct the codes, or add the change to {CHANGES_FILE}."


def carry_into(codes: Iterable[str], targets: Iterable[str]) -> list[str | None]:
    """Return, for each code, the one of some targets that it is or became; None where it is none.

    Unlike `carry_codes` it asks for no date: the targets are codes of one, whichever it is.
    """
    wanted = dict.fromkeys(targets, "")
    return [_follow(code, LAST_DATE, wanted) for code in codes]


def newer_districts(as_at: date) -> list[tuple[str, str]]:
    """Return each district that came after a date, with each of the date that became it.

    Returns
    -------
    Pairs of a newer code and a code that lives at the date, sorted. A district that came after
    the date and ended again has its own.

    Raises
    ------
    RegisterError : the districts of the date are not known.
    """
    live = known_districts(as_at)
    newer = sorted({change.new_code for change in _changes() if change.effective > as_at})
    return sorted(
        (new, old)
        for new in newer
        for old, became in zip(live, carry_into(live, [new]), strict=True)
        if became is not None and new not in live
    )


def require_whole(codes: Iterable[str], as_at: date, *, file: str | Path | None = None) -> None:
    """Refuse codes that hold some, but not all, of the districts that became one.

    The sum of some parts would pass for the whole. What the districts of a date were made of is
    looked up at every date on which codes changed, so codes of one vintage are always whole.

    Parameters
    ----------
    codes : codes of any older vintage, each as often as it likes; not every district need be there.
    as_at : date whose districts are made of them.
    file : file that the codes come from, for the message.

    Raises
    ------
    SourceError : naming a district, what it was made of, and what was found.
    RegisterError : as `carry_codes` raises it.
    """
    given = sorted(set(codes))
    found: dict[str, set[str]] = {}
    for old, new in zip(given, carry_codes(given, as_at, file=file).codes, strict=True):
        found.setdefault(new, set()).add(old)
    possible = _possible_parts(as_at)
    for new, parts in found.items():
        if frozenset(parts) not in possible[new]:
            raise _parts_error(new, parts, possible[new], as_at, file)


def _parts_error(
    code: str,
    found: set[str],
    possible: Iterable[frozenset[str]],
    as_at: date,
    file: str | Path | None,
) -> SourceError:
    wanted = min(possible, key=lambda parts: (len(parts ^ found), sorted(parts)))
    return SourceError(
        f"expected all districts of one date that became it ({', '.join(sorted(wanted))}),"
        f" found {', '.join(sorted(found))}",
        file=file,
        place=f"{code} {known_districts(as_at)[code]}",
        mend="Take the file with all districts of one date.",
    )


@cache
def _possible_parts(as_at: date) -> Mapping[str, set[frozenset[str]]]:
    """Return, for each district of a date, the sets of districts that were it at some time."""
    possible: dict[str, set[frozenset[str]]] = {}
    for day in _vintages(as_at):
        old = list(known_districts(day))
        parts: dict[str, set[str]] = {}
        for code, new in zip(old, carry_codes(old, as_at).codes, strict=True):
            parts.setdefault(new, set()).add(code)
        for new, of in parts.items():
            possible.setdefault(new, set()).add(frozenset(of))
    return MappingProxyType(possible)


def _vintages(until: date) -> list[date]:
    """Return the days up to a date on which the codes of districts began or changed."""
    changed = {change.effective for change in _changes() if change.effective <= until}
    return sorted({FIRST_DATE, *changed})


def why_not_live(code: str, as_at: date, live: Mapping[str, str]) -> str:
    """Say why a code is not one of the districts that live at a date, and what comes near it."""
    label = f"{code} {_names()[code]}" if code in _names() else repr(code)
    became = _follow(code, as_at, live)
    if became is not None:
        return f"{label} ended on {_ends()[code].effective} and is now {became} {live[became]}"
    if code in _names():
        return f"{label} is newer: it came on {_begins()[code]}"
    if not str(code).startswith(_ENGLISH):
        return f"{label} is not the code of an English district"
    return f"{label} is unknown ({_nearest(str(code))})"


def named(items: Sequence[str]) -> str:
    """Join items for a message, the first ten of them by name."""
    more = len(items) - _MOST_NAMED
    shown = "; ".join(items[:_MOST_NAMED])
    return f"{shown}; and {more} more" if more > 0 else shown


def parse_date(text: str, file: str, place: str) -> date:
    """Read a day of one of the tables.

    Raises
    ------
    RegisterError : the text is not a day, written as 2025-04-01.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RegisterError(
            f"expected a day such as 2025-04-01, found {text!r}", file=file, place=place
        ) from error


def checked_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in order of date.

    Raises
    ------
    RegisterError : a code ends twice, or on the day or before the day that it came.
    """
    ordered = tuple(sorted(changes, key=lambda change: (change.effective, change.old_code)))
    ended: set[str] = set()
    for change in ordered:
        if change.old_code in ended:
            raise _change_error(
                change, "ends twice, and a district that is split cannot be carried"
            )
        if change.new_code in ended | {change.old_code}:
            raise _change_error(change, f"becomes {change.new_code}, which has ended by then")
        ended.add(change.old_code)
    return ordered


def _change_error(change: Change, problem: str) -> RegisterError:
    return RegisterError(
        f"{change.old_code} {change.old_name} {problem}",
        file=CHANGES_FILE,
        place=f"old_code {change.old_code}",
        mend="Give each old code one row, with the code that it became on that day.",
    )


def _require_known_date(as_at: date) -> None:
    if not FIRST_DATE <= as_at <= LAST_DATE:
        raise RegisterError(
            f"the districts of England are known from {FIRST_DATE} to {LAST_DATE}, not at {as_at}",
            mend=f"Give a date between these, or add later changes to {CHANGES_FILE}.",
        )


def _follow(code: str, as_at: date, live: Mapping[str, str]) -> str | None:
    """Follow changes up to a date; None where that leads to no live district."""
    while code not in live:
        change = _ends().get(code)
        if change is None or change.effective > as_at:
            return None
        code = change.new_code
    return code


def _nearest(code: str) -> str:
    near = difflib.get_close_matches(code, _names(), n=3, cutoff=0.75)
    known = ", ".join(f"{match} {_names()[match]}" for match in near)
    return f"nearest known: {known}" if near else "no known code is near it"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@cache
def _latest() -> Mapping[str, str]:
    return MappingProxyType(
        {row["district_code"]: row["district_name"] for row in rows(DISTRICTS_FILE)}
    )


@cache
def _changes() -> tuple[Change, ...]:
    return checked_changes(
        Change(
            row["old_code"],
            row["old_name"],
            row["new_code"],
            row["new_name"],
            parse_date(row["effective_date"], CHANGES_FILE, f"old_code {row['old_code']}"),
        )
        for row in rows(CHANGES_FILE)
    )


@cache
def _ends() -> Mapping[str, Change]:
    return MappingProxyType({change.old_code: change for change in _changes()})


@cache
def _begins() -> Mapping[str, date]:
    return MappingProxyType({change.new_code: change.effective for change in _changes()})


@cache
def _names() -> Mapping[str, str]:
    """Name of every code that is or was."""
    old = {change.old_code: change.old_name for change in _changes()}
    return MappingProxyType(old | dict(_latest()))
