"""What the register knows of one authority or district: its days, its districts, their codes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeVar

from healthycities.errors import RegisterError
from healthycities.geography.district_history import District
from healthycities.geography.districts import (
    FIRST_DATE,
    LAST_ASKED,
    Announced,
    district_map,
    known_day,
)
from healthycities.geography.register import ENDED, TO_COME, Authority, Register, as_at_of_register
from healthycities.level_names import PLANNED_MARK
from healthycities.publish.wording import counted, split_name

WIDTH = 100
HOW: Mapping[str, str] = MappingProxyType(
    {
        "merge": "was merged into",
        "split": "was split into",
        "recoding": "had its code changed to",
        "boundary_change": "had its border moved, and its code changed to",
    }
)
One = TypeVar("One")
_INDENT = "    "


@dataclass(frozen=True)
class Link:
    """An authority that another, or a district, has to do with, and the days that it was so."""

    key: str
    name: str
    area_code: str
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class DistrictCodes:
    """A district with its codes through time.

    Parameters
    ----------
    before, after : the codes that became it since the first day asked about, and those that it
        became; by day.
    announced : what is to become of it by the date asked about, and is not carried.
    """

    district: District
    before: tuple[District, ...]
    after: tuple[District, ...]
    announced: tuple[Announced, ...]


@dataclass(frozen=True)
class AuthorityAnswer:
    """An authority at a date.

    Parameters
    ----------
    members_at : the day whose districts are told: the date, or the nearest on which it stands.
    known_at : the day whose codes they have: that day, or the last whose codes are known.
    first_day : the first day whose codes are told.
    whole, in_part : the codes of that day whose ground is in it, all of it or some.
    """

    authority: Link
    as_at: date
    status: str
    kind: str
    tier: str | None
    first_mayoral_election: date | None
    mayor_in_office: bool
    predecessors: tuple[Link, ...]
    successors: tuple[Link, ...]
    members_at: date
    known_at: date
    districts: tuple[DistrictCodes, ...]
    first_day: date
    whole: tuple[str, ...]
    in_part: tuple[str, ...]


@dataclass(frozen=True)
class DistrictAnswer:
    """A district's code, whenever it lived, asked about at a date.

    Parameters
    ----------
    codes_from : the first day whose codes are told.
    known_at : the day whose codes are told: the date, or the last whose codes are known.
    ground : the codes that have ground of it at that day.
    authorities : those that it was in while the code lived; planned ones have no days.
    """

    codes: DistrictCodes
    codes_from: date
    as_at: date
    known_at: date
    ground: tuple[District, ...]
    authorities: tuple[Link, ...]


def geography(
    area: str, as_at: date, since: int = FIRST_DATE.year, *, as_json: bool = False
) -> str:
    """Return what is known of an authority or district, as lines of at most 100 characters.

    Parameters
    ----------
    area : GSS code, key or name of an authority; code or name of a district.
    as_at : date that is asked about.
    since : first year whose codes are told.
    as_json : whether to return the same as JSON.

    Raises
    ------
    RegisterError : nothing is called so, with what is nearest to it; a name is that of several; or
        the register cannot be asked about the date or the year.
    """
    register, first_day = Register.load(), _first_day(since, as_at)
    found = find(area, register, as_at)
    if isinstance(found, Authority):
        of_authority = authority_answer(found, register, as_at, first_day)
        return _as_json(of_authority) if as_json else _as_text(_authority_lines(of_authority))
    of_district = district_answer(found, register, as_at, first_day)
    return _as_json(of_district) if as_json else _as_text(_district_lines(of_district))


def _as_json(answer: Any) -> str:
    return json.dumps(_plain(answer), indent=2, ensure_ascii=False) + "\n"


def _as_text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _first_day(since: int, as_at: date) -> date:
    known_day(as_at)
    if not FIRST_DATE.year <= since <= as_at.year:
        raise RegisterError(
            f"expected a year from {FIRST_DATE.year} to that of {as_at}, found {since}",
            mend="Give an earlier year, or a later date.",
        )
    return date(since, 1, 1)


# --- Finding ---


def find(area: str, register: Register, as_at: date) -> Authority | str:
    """Return the authority, or the code of the district, that a code, key or name is of.

    A name that several have is of the one that stands or lives at the date.

    Raises
    ------
    RegisterError : it is of none, or of several of which not one alone stands or lives then.
    """
    wanted = _folded(area)
    authorities = [one for one in register.everyone if wanted in _names(one)]
    if authorities:
        standing = [one for one in authorities if one.stands(as_at)]
        told = [f"{one.key} ({_link(one).area_code})" for one in authorities]
        return _only(area, authorities, standing, told, as_at)
    names = register.history.names
    codes = [code for code, name in names.items() if wanted in (_folded(code), _folded(name))]
    if not codes:
        raise _unknown(area, register)
    living = [code for code in codes if code in register.history.live(known_day(as_at))]
    return _only(area, codes, living, codes, as_at)


def _only(
    area: str, found: Sequence[One], living: Sequence[One], told: Sequence[str], as_at: date
) -> One:
    """Return the one that was found, or of several the one that stands or lives."""
    for those in (found, living):
        if len(those) == 1:
            return those[0]
    raise RegisterError(
        f"'{area}' is the name of {len(found)}, of which {len(living)} at {as_at}:"
        f" {', '.join(told)}",
        mend="Give a code or a key.",
    )


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())


def _names(authority: Authority) -> set[str]:
    """Return all that an authority is called by, folded."""
    name = authority.name.removesuffix(PLANNED_MARK)
    return {
        _folded(text)
        for text in (authority.area_code, authority.key, authority.name, name, split_name(name)[0])
    }


def _unknown(area: str, register: Register) -> RegisterError:
    known = {name: _told(_link(one)) for one in register.everyone for name in _names(one)}
    for code, name in register.history.names.items():
        known |= {_folded(code): f"{code} {name}", _folded(name): f"{code} {name}"}
    near = get_close_matches(_folded(area), known, n=4, cutoff=0.6)
    nearest = ", ".join(dict.fromkeys(known[one] for one in near))
    hint = f"; nearest known: {nearest}" if near else ""
    return RegisterError(
        f"'{area}' is no authority and no district of England since {FIRST_DATE.year}{hint}",
        mend="Give a GSS code, a name, or a key of authorities.csv; names of several words in"
        " quotes.",
    )


# --- Answering ---


def authority_answer(
    authority: Authority, register: Register, as_at: date, first_day: date
) -> AuthorityAnswer:
    """Return what is known of an authority at a date, and of its codes from a day on.

    Raises
    ------
    RegisterError : the register cannot be asked about the date.
    """
    members_at = _nearest_day(authority, as_at)
    known_at = known_day(members_at)
    members = register.members(authority.key, members_at)
    whole, in_part = _older(register, members, min(first_day, known_at), known_at)
    return AuthorityAnswer(
        authority=_link(authority),
        as_at=as_at,
        status=authority.status(as_at),
        kind=authority.kind,
        tier=authority.tier,
        first_mayoral_election=authority.first_mayoral_election,
        mayor_in_office=authority.mayor_in_office(as_at),
        predecessors=tuple(map(_link, register.predecessors(authority.key))),
        successors=tuple(map(_link, register.successors(authority.key))),
        members_at=members_at,
        known_at=known_at,
        districts=tuple(_codes(register, code, members_at, first_day) for code in members),
        first_day=min(first_day, known_at),
        whole=whole,
        in_part=in_part,
    )


def _nearest_day(authority: Authority, as_at: date) -> date:
    """Return the day nearest to a date on which an authority stands; any day where it is planned.

    Raises
    ------
    RegisterError : the register cannot be asked about that day.
    """
    if authority.established is not None and authority.status(as_at) == TO_COME:
        return authority.established
    if authority.last_day is not None and authority.status(as_at) == ENDED:
        return authority.last_day
    return as_at


def _older(
    register: Register, members: Sequence[str], first_day: date, until: date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes of an earlier day with ground in some districts: all of it, and some."""
    history = register.history
    touching = [
        code
        for code in history.live(first_day)
        if {code, *history.later_codes(code)} & set(members)
    ]
    whole = {code for code in touching if history.becomes(code, members, until) is not None}
    return tuple(sorted(whole)), tuple(sorted(set(touching) - whole))


def district_answer(code: str, register: Register, as_at: date, first_day: date) -> DistrictAnswer:
    """Return what is known of a district's code, asked about at a date, from a day on.

    Raises
    ------
    RegisterError : the register cannot be asked about the date.
    """
    history, known_at = register.history, known_day(as_at)
    live = history.live(known_at)
    ground = history.becomes(code, live, known_at) or {
        old for old in live if code in history.later_codes(old)
    }
    spells = [
        Link(
            one.authority.key, one.authority.name, one.authority.area_code, one.since, one.last_day
        )
        for one in register.spells(code)
    ]
    planned = register.owners(known_at, planned=True).get(code)
    if planned is not None and planned.planned:
        spells.append(_link(planned))
    return DistrictAnswer(
        _codes(register, code, as_at, first_day),
        first_day,
        as_at,
        known_at,
        tuple(history.district(one) for one in sorted(ground)),
        tuple(spells),
    )


def _codes(register: Register, code: str, as_at: date, first_day: date) -> DistrictCodes:
    history = register.history
    earlier = [history.district(old) for old in history.names if code in history.later_codes(old)]
    later = [history.district(new) for new in history.later_codes(code)]
    return DistrictCodes(
        history.district(code),
        tuple(_by_day(one for one in earlier if (one.last_day or LAST_ASKED) >= first_day)),
        tuple(_by_day(later)),
        tuple(one for one in district_map(as_at).not_carried if one.old_code == code),
    )


def _by_day(districts: Iterable[District]) -> list[District]:
    return sorted(districts, key=lambda one: (one.since or FIRST_DATE, one.code))


def _link(authority: Authority) -> Link:
    return Link(
        authority.key,
        authority.name,
        authority.area_code,
        authority.established,
        authority.last_day,
    )


def _plain(value: Any) -> Any:
    """Return an answer as JSON has it: dataclasses and named tuples by the names of their parts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


# --- Plain text ---


def _authority_lines(found: AuthorityAnswer) -> Iterator[str]:
    own = found.authority
    yield from _wrapped(_told(own), "")
    yield from _named("key", own.key)
    yield from _named(str(found.as_at), found.status)
    yield from _named("mayor", _mayor(found))
    yield from _named("stands", _days(own.first_day, own.last_day) if own.first_day else "not yet")
    yield from _named("kind", found.kind)
    yield from _named("tier", f"{found.tier}, in September 2026" if found.tier else "none")
    yield from _named("came after", "; ".join(map(_told, found.predecessors)) or "none")
    yield from _named("replaced by", "; ".join(map(_told, found.successors)) or "none")
    number = counted(len(found.districts), "district", "districts")
    yield from ("", f"{number} on {found.members_at}{_why_that_day(found)}")
    yield from _flag(found.members_at, found.known_at)
    for one in found.districts:
        yield from _code_lines(one)
    yield from ("", f"How values of {found.first_day} reach it")
    yield from _reach_lines(found)


def _mayor(found: AuthorityAnswer) -> str:
    election = found.first_mayoral_election
    if election is None:
        return "none" if found.status == ENDED else "none, and no election is planned"
    planned = PLANNED_MARK if election > as_at_of_register() else ""
    standing = "in office" if found.mayor_in_office else "none"
    return f"{standing}; first election {election}{planned}"


def _why_that_day(found: AuthorityAnswer) -> str:
    if found.status == TO_COME:
        return ", its first day"
    return ", its last day" if found.status == ENDED else ""


def _flag(as_at: date, known_at: date) -> Iterator[str]:
    """Say that codes are of an earlier day than the one asked about."""
    if known_at < as_at:
        yield from _wrapped(
            f"Codes are known up to {known_at}, and these are of that day. Later changes are not"
            " carried; those that were announced are told.",
        )


def _code_lines(one: DistrictCodes) -> Iterator[str]:
    yield from _wrapped(_with_days(one.district))
    for old in one.before:
        yield from _wrapped(_with_end(old), 2 * _INDENT)
    for new in (one.district, *one.after):
        if new.became:
            yield from _wrapped(_with_end(new), 2 * _INDENT)
    for due in one.announced:
        yield from _wrapped(
            f"to become {due.new_name} on {due.effective}, whose code is not known: {due.source}",
            2 * _INDENT,
        )


def _reach_lines(found: AuthorityAnswer) -> Iterator[str]:
    """Say how values of the first day's districts reach the area, and which of them are exact."""
    codes = {one.district.code for one in found.districts}
    number = counted(len(found.whole), "district", "districts")
    if codes == set(found.whole) and not found.in_part:
        yield from _wrapped(f"They are of the same {number}, for no code changed: exact.")
        return
    if found.whole:
        yield from _wrapped(f"They are of {number}, all of them whole, and are added up: exact.")
    for one in (old for district in found.districts for old in district.before):
        if any(change.kind == "boundary_change" for change in one.became):
            yield from _wrapped(
                f"{one.code} {one.name}: people moved by the border of {one.became[0].effective}"
                " are not carried."
            )
    for code in found.in_part:
        yield from _wrapped(
            f"{code} is here with a part only: its values have to be divided, an estimate."
        )


def _district_lines(found: DistrictAnswer) -> Iterator[str]:
    own = found.codes.district
    yield from _wrapped(_named_code(own), "")
    yield from _named(str(found.as_at), _standing_of(found))
    yield from _named("lives", _days(own.since, own.last_day))
    yield from _flag(found.as_at, found.known_at)
    yield from ("", f"Codes from {found.codes_from} on")
    yield from _code_lines(found.codes)
    yield from ("", "Authorities")
    for one in found.authorities:
        days = _days(one.first_day, one.last_day) if one.first_day else "no day known yet"
        yield from _wrapped(f"{_told(one)}: {days}")
    if not found.authorities:
        yield from _wrapped(f"none since {FIRST_DATE.year}")


def _standing_of(found: DistrictAnswer) -> str:
    own = found.codes.district
    if own in found.ground and found.known_at < found.as_at:
        return f"not known; lives on {found.known_at}"
    if own in found.ground:
        return "lives"
    ground = "; ".join(map(_named_code, found.ground))
    if own.last_day is not None and own.last_day < found.known_at:
        return f"has ended; its ground is in {ground}"
    return f"has not come yet; its ground is in {ground}"


def _told(one: Link) -> str:
    code = "no GSS code" if one.area_code == one.key else one.area_code
    return f"{one.name} ({code})"


def _named_code(one: District) -> str:
    return f"{one.code} {one.name}"


def _with_days(one: District) -> str:
    return f"{_named_code(one)}: {_days(one.since, one.last_day)}"


def _with_end(one: District) -> str:
    """Say until when a code lived and what became of it."""
    change = one.became[0]
    parts = " and ".join(part.new_code for part in one.became)
    return f"until {one.last_day}: {_named_code(one)} {HOW[change.kind]} {parts}"


def _days(first: date | None, last: date | None) -> str:
    start = f"since {first}" if first else f"since {FIRST_DATE.year} or before"
    return f"{start}, until {last}" if last else start


def _named(name: str, text: str) -> Iterator[str]:
    head = f"{_INDENT}{name + ':':<13}"
    yield from textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _wrapped(text: str, indent: str = _INDENT) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}{_INDENT}"
    )
