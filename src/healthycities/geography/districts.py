"""The districts of England at a date, and codes of older districts carried to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from healthycities.errors import RegisterError, SourceError
from healthycities.geography.district_history import (
    CHANGES_FILE,
    DISTRICTS_FILE,
    Change,
    DistrictHistory,
)
from healthycities.package_tables import rows

FIRST_DATE = date(2011, 1, 1)
"""GSS codes began; every English district code since then is in the tables."""

LAST_DATE = date(2027, 3, 31)
"""The last day whose codes are known: on the next, Surrey's districts are due to be replaced."""

LAST_ASKED = date(2028, 12, 31)
"""Up to this day authorities are told with the districts of `LAST_DATE`: see `district_map`."""

ANNOUNCED_FILE = "geography/data/announced_changes.csv"
_ENGLISH = ("E06", "E07", "E08", "E09")
_MOST_NAMED = 10


class Announced(NamedTuple):
    """A district that is to become another, whose code is not known yet."""

    old_code: str
    new_name: str
    effective: date
    source: str


@dataclass(frozen=True)
class DistrictMap:
    """The districts of a date, as far as they are known.

    Parameters
    ----------
    as_at : the date asked.
    known_at : the day whose districts these are: the date, or `LAST_DATE` where that is earlier.
    districts : name by code, sorted by code.
    not_carried : what was announced for the days between the two.
    """

    as_at: date
    known_at: date
    districts: Mapping[str, str]
    not_carried: tuple[Announced, ...]


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
    return district_history().live(as_at)


def known_day(as_at: date) -> date:
    """Return the day whose districts answer for a date: itself, or `LAST_DATE` where it is later.

    Raises
    ------
    RegisterError : the date is before `FIRST_DATE` or after `LAST_ASKED`.
    """
    if not FIRST_DATE <= as_at <= LAST_ASKED:
        raise RegisterError(
            f"the register can be asked from {FIRST_DATE} to {LAST_ASKED}, not at {as_at}",
            mend="Give a date between these.",
        )
    return min(as_at, LAST_DATE)


def district_map(as_at: date) -> DistrictMap:
    """Return the districts of a date up to `LAST_ASKED`; after `LAST_DATE`, those of that day.

    No code is made up for a district that has none yet: what was announced is told beside the
    districts, and not carried. Nor is all of it known: whoever shows these districts says
    ``known_at`` too.

    Raises
    ------
    RegisterError : the date is before `FIRST_DATE` or after `LAST_ASKED`.
    """
    known_at = known_day(as_at)
    due = tuple(one for one in announced_changes() if one.effective <= as_at)
    return DistrictMap(as_at, known_at, MappingProxyType(known_districts(known_at)), due)


def carry_code(code: str, as_at: date) -> str:
    """Return the code that a district of any older vintage has at a date; see `carry_codes`."""
    return carry_codes([code], as_at).codes[0]


def carry_codes(codes: Iterable[str], as_at: date, *, file: str | Path | None = None) -> Carried:
    """Carry district codes of any older vintage to the codes that they became by a date.

    Codes that live at the date stay. Chains of changes are followed. Only whole districts are
    carried: mergers and recodings. One that was split cannot be, but where all of its parts became
    one again.

    Parameters
    ----------
    codes : codes, each as often as it likes.
    as_at : date whose codes are wanted.
    file : file that the codes come from, for the message.

    Raises
    ------
    RegisterError : naming each code that is unknown, newer than the date, or was split by it.
    """
    given = list(codes)
    live = known_districts(as_at)
    history = district_history()
    placed = {code: history.whole(code, live, as_at) for code in dict.fromkeys(given)}
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
    if any(len(_parts(code, as_at, known_districts(as_at))) > 1 for code in lost):
        return "Report on a date before the split, or give a file of a date after it."
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
    history = district_history()
    return [history.whole(code, wanted, LAST_DATE) for code in codes]


def recoded(codes: Iterable[str], as_at: date) -> dict[str, str]:
    """Return the code at a date of each district that is or was one of its districts, alone.

    What is published of such a district, such as a rate, is true of the district of the date. Those
    that merged, were split or are newer are left out.

    Raises
    ------
    RegisterError : the districts of the date are not known.
    """
    given = list(dict.fromkeys(codes))
    carried = zip(given, carry_into(given, known_districts(as_at)), strict=True)
    possible = _possible_parts(as_at)
    return {
        code: new for code, new in carried if new is not None and frozenset({code}) in possible[new]
    }


def newer_districts(as_at: date) -> list[tuple[str, str]]:
    """Return each district that came after a date, with each of the date that it has ground of.

    Returns
    -------
    Pairs of a newer code and a code that lives at the date, sorted. A district that came after
    the date and ended again has its own.

    Raises
    ------
    RegisterError : the districts of the date are not known.
    """
    live = known_districts(as_at)
    history = district_history()
    return sorted((new, old) for old in live for new in history.later_codes(old) - set(live))


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
        # A district that was split later is a part of none of these.
        for code, new in zip(old, carry_into(old, known_districts(as_at)), strict=True):
            if new is not None:
                parts.setdefault(new, set()).add(code)
        for new, of in parts.items():
            possible.setdefault(new, set()).add(frozenset(of))
    return MappingProxyType(possible)


def _vintages(until: date) -> list[date]:
    """Return the days up to a date on which the codes of districts began or changed."""
    return [FIRST_DATE, *district_history().days(until)]


def why_not_live(code: str, as_at: date, live: Mapping[str, str]) -> str:
    """Say why a code is not one of the districts that live at a date, and what comes near it."""
    history = district_history()
    if code not in history.names:
        return _unknown(code)
    label, parts = f"{code} {history.names[code]}", _parts(code, as_at, live)
    if not parts:
        return f"{label} is newer: it came on {history.comes[code][0].effective}"
    ended = history.ends[code][0].effective
    told = " and ".join(f"{part} {live[part]}" for part in parts)
    if len(parts) > 1:
        return f"{label} was split on {ended} and is now divided between {told}"
    return f"{label} ended on {ended} and is now {told}"


def _unknown(code: str) -> str:
    if not str(code).startswith(_ENGLISH):
        return f"{code!r} is not the code of an English district"
    return f"{code!r} is unknown ({_nearest(str(code))})"


def _parts(code: str, as_at: date, live: Mapping[str, str]) -> list[str]:
    """Return the districts that a code, which does not live at a date, became by it; sorted."""
    return sorted(district_history().becomes(code, live, as_at) or ())


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


def _require_known_date(as_at: date) -> None:
    if not FIRST_DATE <= as_at <= LAST_DATE:
        raise RegisterError(
            f"the districts of England are known from {FIRST_DATE} to {LAST_DATE}, not at {as_at}",
            mend=f"Give a date between these, or add later changes to {CHANGES_FILE}.",
        )


def _nearest(code: str) -> str:
    names = district_history().names
    near = difflib.get_close_matches(code, names, n=3, cutoff=0.75)
    known = ", ".join(f"{match} {names[match]}" for match in near)
    return f"nearest known: {known}" if near else "no known code is near it"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@cache
def district_history() -> DistrictHistory:
    """Return every code of an English district since `FIRST_DATE`, as the package's tables tell."""
    latest = {row["district_code"]: row["district_name"] for row in rows(DISTRICTS_FILE)}
    changes = (
        Change(
            row["old_code"],
            row["old_name"],
            row["new_code"],
            parse_date(row["effective_date"], CHANGES_FILE, f"old_code {row['old_code']}"),
            row["kind"],
        )
        for row in rows(CHANGES_FILE)
    )
    return DistrictHistory(MappingProxyType(latest), tuple(changes))


@cache
def announced_changes() -> tuple[Announced, ...]:
    """Return what is to become of districts after `LAST_DATE`, by day and code.

    Raises
    ------
    RegisterError : a code does not live on `LAST_DATE`, or the day is not after it.
    """
    found = [
        Announced(
            row["old_code"],
            row["new_name"],
            parse_date(row["effective_date"], ANNOUNCED_FILE, f"old_code {row['old_code']}"),
            row["source"],
        )
        for row in rows(ANNOUNCED_FILE)
    ]
    live = known_districts(LAST_DATE)
    for one in found:
        if one.old_code not in live or one.effective <= LAST_DATE:
            raise RegisterError(
                f"expected a district of {LAST_DATE} and a later day, found {one.effective}",
                file=ANNOUNCED_FILE,
                place=f"old_code {one.old_code}",
                mend=f"Once its code is known, move the change to {CHANGES_FILE}.",
            )
    return tuple(sorted(found, key=lambda one: (one.effective, one.old_code)))
