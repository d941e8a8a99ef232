"""The register of England's strategic authorities: which stand at a date, and their districts."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from healthycities.errors import RegisterError
from healthycities.geography.district_history import ONE_DAY, DistrictHistory
from healthycities.geography.districts import (
    FIRST_DATE,
    LAST_ASKED,
    LAST_DATE,
    district_history,
    known_day,
    known_districts,
    named,
    parse_date,
    why_not_live,
)
from healthycities.level_names import PLANNED_MARK
from healthycities.package_tables import rows

AUTHORITIES_FILE = "geography/data/authorities.csv"
MEMBERS_FILE = "geography/data/members.csv"
PREDECESSORS_FILE = "geography/data/predecessors.csv"
AS_AT_FILE = "geography/data/as_at.csv"

PLANNED, TO_COME, STANDING, ENDED = "planned", "to come", "standing", "ended"


@dataclass(frozen=True)
class Membership:
    """A district of an authority: the ground of one code, whatever its codes were before.

    Parameters
    ----------
    district_code : the code that the ground has on the last day of the membership.
    joined, last_day : None where it is a member as long as the authority stands.
    """

    district_code: str
    joined: date | None = None
    last_day: date | None = None

    def holds(self, as_at: date) -> bool:
        """Whether the membership is in force at a date on which the authority stands."""
        return (self.joined or as_at) <= as_at <= (self.last_day or as_at)


@dataclass(frozen=True)
class Authority:
    """A strategic authority: one that stands, that stood, or that is planned.

    Parameters
    ----------
    area_code : its GSS code, or its key where no GSS code is known.
    kind : GLA, MCA, MCCA and so on, as in authorities.csv.
    tier : tier under the English Devolution and Community Empowerment Act 2026, as it was in
        September 2026 whatever the date asked; None for an authority that has none.
    established, last_day : first and last day on which it stands; none of them where it is planned,
        no last day where it stands yet.
    first_mayoral_election : None where none is planned.
    memberships : its districts through time; `Register.members` has those of a date.
    """

    key: str
    name: str
    area_code: str
    gss_code: str | None
    kind: str
    tier: str | None
    established: date | None
    first_mayoral_election: date | None
    memberships: tuple[Membership, ...]
    last_day: date | None = None

    @property
    def planned(self) -> bool:
        """Whether it has no day yet on which it begins to stand."""
        return self.established is None

    def status(self, as_at: date) -> str:
        """Return `PLANNED`, `TO_COME`, `STANDING` or `ENDED`, as it is at a date."""
        if self.established is None:
            return PLANNED
        if as_at < self.established:
            return TO_COME
        return STANDING if self.last_day is None or as_at <= self.last_day else ENDED

    def stands(self, as_at: date) -> bool:
        """Whether it stands at a date."""
        return self.status(as_at) == STANDING

    def mayor_in_office(self, as_at: date) -> bool:
        """Whether it has a mayor at a date: it stands, and its first election has been held.

        A mayor takes office some days after the election; the day of the election is counted here,
        because the other is not in the tables.
        """
        election = self.first_mayoral_election
        return self.stands(as_at) and election is not None and election <= as_at


class Succession(NamedTuple):
    """Two authorities by their keys, the one in the place of the other or of a part of it."""

    key: str
    predecessor_key: str


class Spell(NamedTuple):
    """When a district was in an authority: days, both included; no last one where it is yet."""

    authority: Authority
    since: date
    last_day: date | None


@dataclass(frozen=True, eq=False)
class Register:
    """Every authority, past, present and planned, with its districts through time.

    Parameters
    ----------
    everyone : the authorities.
    successions : who came in the place of whom.
    history : the codes of districts.

    Raises
    ------
    RegisterError : two authorities share a key, or a district at one date; an authority has no
        district, an unknown one or one twice, or ends before it is established; a predecessor does
        not end on the day before its successor is established.
    """

    everyone: tuple[Authority, ...]
    successions: tuple[Succession, ...] = ()
    history: DistrictHistory = field(default_factory=district_history)

    def __post_init__(self) -> None:
        _require_distinct_keys(self.everyone)
        for authority in self.everyone:
            _require_sound(authority, self.history)
        for succession in self.successions:
            self._require_in_turn(succession)
        for day in self.turning_days():
            self._require_districts(day)

    @classmethod
    def load(cls) -> Register:
        """Read the register that comes with the package."""
        return _loaded()

    def authority(self, key: str) -> Authority:
        """Return the authority of a key; a KeyError where there is none."""
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> Mapping[str, Authority]:
        return MappingProxyType({authority.key: authority for authority in self.everyone})

    def authorities(self, as_at: date, *, planned: bool = False) -> tuple[Authority, ...]:
        """Return the authorities that stand at a date up to `LAST_ASKED`.

        Parameters
        ----------
        planned : whether those that are planned are among them.

        Raises
        ------
        RegisterError : the register cannot be asked about the date.
        """
        known_day(as_at)
        wanted = (STANDING, PLANNED) if planned else (STANDING,)
        return tuple(one for one in self.everyone if one.status(as_at) in wanted)

    def owners(self, as_at: date, *, planned: bool = False) -> dict[str, Authority]:
        """Return the authority of each district at a date, sorted by the code of the district.

        A district is a member where its code is, or where all that it became later is. Districts
        in no authority are not among them. After `LAST_DATE` they are those of that day, see
        `healthycities.geography.districts.district_map`.

        Raises
        ------
        RegisterError : the register cannot be asked about the date.
        """
        claims = self._claims(as_at, planned=planned)
        found = {}
        for code in self.history.live(known_day(as_at)):
            (key,) = self._claimants(code, claims)
            if key is not None:
                found[code] = self.authority(key)
        return found

    def members(self, key: str, as_at: date) -> tuple[str, ...]:
        """Return the codes of an authority's districts at a date; none where it does not stand.

        Those of a planned authority are the districts of the date that it is planned to have.

        Raises
        ------
        RegisterError : the register cannot be asked about the date.
        """
        planned = self.authority(key).planned
        owners = self.owners(as_at, planned=planned)
        return tuple(code for code, owner in owners.items() if owner.key == key)

    def predecessors(self, key: str) -> tuple[Authority, ...]:
        """Return the authorities that one came in the place of."""
        return tuple(
            self.authority(one.predecessor_key) for one in self.successions if one.key == key
        )

    def successors(self, key: str) -> tuple[Authority, ...]:
        """Return the authorities that came in the place of one."""
        return tuple(
            self.authority(one.key) for one in self.successions if one.predecessor_key == key
        )

    def spells(self, district_code: str) -> tuple[Spell, ...]:
        """Return when a district was in which authority, since `FIRST_DATE`, by day.

        The days are those on which the code lived. Planned authorities are not among them.
        """
        district = self.history.district(district_code)
        starts = [day for day in self.turning_days() if day >= (district.since or FIRST_DATE)]
        ends = [*(day - ONE_DAY for day in starts[1:]), None]
        found: list[Spell] = []
        for start, end in zip(starts, ends, strict=True):
            owner = self.owners(start).get(district_code)
            if owner is None:
                continue
            goes_on = found and found[-1].authority is owner
            if goes_on and found[-1].last_day == start - ONE_DAY:
                found[-1] = found[-1]._replace(last_day=end)
            else:
                found.append(Spell(owner, start, end))
        return tuple(found)

    def turning_days(self) -> list[date]:
        """Return the days from `FIRST_DATE` to `LAST_ASKED` on which any answer may change.

        From each of them up to the day before the next, authorities, members and districts stay as
        they are. Mayors have days of their own.
        """
        begun = {one.established for one in self.everyone}
        ended = {one.last_day for one in self.everyone}
        for authority in self.everyone:
            begun |= {one.joined for one in authority.memberships}
            ended |= {one.last_day for one in authority.memberships}
        days = {day for day in begun if day} | {day + ONE_DAY for day in ended if day}
        days |= {FIRST_DATE, *self.history.days(LAST_DATE)}
        return sorted(day for day in days if FIRST_DATE <= day <= LAST_ASKED)

    def in_scope(
        self, as_at: date, only: Collection[str] | None = None, *, planned: bool = False
    ) -> tuple[Authority, ...]:
        """Return the authorities at a date whose keys are in ``only``, or all of them.

        Parameters
        ----------
        planned : whether those that are planned are among them.

        Raises
        ------
        RegisterError : naming the keys that are unknown, or do not stand at the date.
        """
        standing = self.authorities(as_at, planned=planned)
        if only is None:
            return standing
        keys = {authority.key for authority in standing}
        problems = [self._why_not_standing(key, as_at) for key in only if key not in keys]
        if problems:
            raise RegisterError(
                f"{named(problems)}", mend=f"Authorities at {as_at}: {', '.join(sorted(keys))}."
            )
        return tuple(authority for authority in standing if authority.key in only)

    def membership(
        self,
        as_at: date,
        district_codes: Iterable[str],
        only: Collection[str] | None = None,
        *,
        planned: bool = False,
        file: str | Path | None = None,
    ) -> dict[str, Authority | None]:
        """Return the authority of each district at a date, in the order given.

        Parameters
        ----------
        as_at : date whose map is wanted, up to `LAST_DATE`; the codes must live at it (see
            `healthycities.geography.districts.carry_codes`).
        district_codes : each once; all districts of every authority in scope, and any others.
        only : keys of the authorities in scope; all that stand where None. Districts of an
            authority out of scope have none.
        planned : whether planned authorities are in scope.
        file : file that the codes come from, for the message.

        Raises
        ------
        RegisterError : naming districts that are not known at the date, are given twice, or are
            members of an authority in scope and not given.
        """
        given = list(district_codes)
        live = known_districts(as_at)
        scope = {one.key for one in self.in_scope(as_at, only, planned=planned)}
        owners = self.owners(as_at, planned=planned)
        owner = {code: one for code, one in owners.items() if one.key in scope}
        problems = [
            *(why_not_live(code, as_at, live) for code in dict.fromkeys(given) if code not in live),
            *(f"{code} is given {n} times" for code, n in Counter(given).items() if n > 1),
            *_missing(owner, set(given), live),
        ]
        if problems:
            raise RegisterError(
                f"the districts are not those of {as_at}: {named(problems)}",
                file=file,
                mend="Give each district of that date once, or change authorities_as_at.",
            )
        return {code: owner.get(code) for code in given}

    def _why_not_standing(self, key: str, as_at: date) -> str:
        known = self._by_key
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=3)
            hint = f"; nearest known: {', '.join(near)}" if near else ""
            return f"'{key}' is not an authority{hint}"
        if known[key].planned:
            return f"'{key}' is planned and does not stand; `include: [planned]` reports on it"
        if known[key].status(as_at) == TO_COME:
            return f"'{key}' is established on {known[key].established}, after {as_at}"
        return f"'{key}' ended on {known[key].last_day}, before {as_at}"

    def _claims(self, as_at: date, *, planned: bool) -> dict[str, str]:
        """Return the key of the authority that claims each code of a membership at a date."""
        return {
            one.district_code: authority.key
            for authority in self.authorities(as_at, planned=planned)
            for one in authority.memberships
            if one.holds(as_at)
        }

    def _claimants(self, code: str, claims: Mapping[str, str]) -> set[str | None]:
        """Return who claims a code, or what it became later; None stands for a part of nobody's."""
        changes = self.history.ends.get(code, ())
        later = {key for one in changes for key in self._claimants(one.new_code, claims)}
        if code in claims:
            return {claims[code]} | (later - {None})
        return later or {None}

    def _require_districts(self, day: date) -> None:
        """Refuse a day on which a district is of two authorities, or one has a part of it."""
        standing = self.authorities(day, planned=True)
        _require_claimed_once(standing, day)
        claims = self._claims(day, planned=True)
        owned: set[str | None] = set()
        for code in self.history.live(known_day(day)):
            claimants = self._claimants(code, claims)
            if len(claimants) > 1:
                raise _shared(code, day, [self.authority(key) for key in claimants if key])
            owned |= claimants
        for authority in standing:
            if authority.key not in owned:
                raise _unsound(authority, [f"has no district on {day}"])

    def _require_in_turn(self, succession: Succession) -> None:
        known = self._by_key
        strange = [key for key in succession if key not in known]
        place = f"authority_key {succession.key}"
        if strange:
            raise RegisterError(
                f"{', '.join(strange)}: no such authority in {AUTHORITIES_FILE}",
                file=PREDECESSORS_FILE,
                place=place,
            )
        later, earlier = (known[key] for key in succession)
        if later.established is None or earlier.last_day != later.established - ONE_DAY:
            raise RegisterError(
                f"expected {earlier.name} to end on the day before {later.name} is established,"
                f" found {earlier.last_day} and {later.established}",
                file=PREDECESSORS_FILE,
                place=place,
                mend=f"Correct one of the days in {AUTHORITIES_FILE}.",
            )


def as_at_of_register() -> date:
    """Return the day that the material of the register is of: the map that is reported on.

    It is said in the data, and no clock is asked, so that a result does not depend on its day.
    """
    return parse_date(rows(AS_AT_FILE)[0]["as_at"], AS_AT_FILE, "column as_at")


def _missing(owner: Mapping[str, Authority], given: set[str], live: Mapping[str, str]) -> list[str]:
    """One line for each authority that lacks districts, naming them."""
    size = Counter(one.key for one in owner.values())
    absent: dict[str, list[str]] = {}
    for code, one in owner.items():
        if code not in given:
            absent.setdefault(one.key, []).append(f"{code} {live[code]}")
    names = {one.key: one.name for one in owner.values()}
    return [
        f"{names[key]} lacks {len(lost)} of its {size[key]} districts: {', '.join(lost)}"
        for key, lost in absent.items()
    ]


def _require_distinct_keys(authorities: Sequence[Authority]) -> None:
    for key, count in Counter(authority.key for authority in authorities).items():
        if count > 1:
            raise RegisterError(
                f"the key '{key}' is given to {count} authorities", file=AUTHORITIES_FILE
            )


def _require_claimed_once(standing: Sequence[Authority], day: date) -> None:
    """Refuse a day on which a code is claimed twice, by one authority or by two."""
    claimants: dict[str, list[Authority]] = {}
    for authority in standing:
        for one in authority.memberships:
            if one.holds(day):
                claimants.setdefault(one.district_code, []).append(authority)
    for code, those in claimants.items():
        if len(set(those)) > 1:
            raise _shared(code, day, those)
        if len(those) > 1:
            raise _unsound(those[0], [f"{code} is listed {len(those)} times on {day}"])


def _shared(code: str, day: date, claimants: Sequence[Authority]) -> RegisterError:
    """Return the error of a district that is not of one authority alone."""
    names = " and ".join(sorted(one.name for one in claimants))
    whose = f"claimed by two authorities: {names}"
    if len(claimants) == 1:
        whose = f"is in {names} with a part only, and a district is in an authority whole"
    return RegisterError(
        f"{code} at {day} {whose}",
        file=MEMBERS_FILE,
        mend="Leave each district with one of them, or correct the days on which they stand, or on"
        " which it joined or left.",
    )


def _require_sound(authority: Authority, history: DistrictHistory) -> None:
    problems = [
        *_wrong_days(authority),
        *([] if authority.memberships else ["has no district"]),
        *(line for one in authority.memberships for line in _wrong_membership(one, authority)),
        *(
            line
            for one in authority.memberships
            for line in _wrong_code(one.district_code, _last_known(one, authority), history)
        ),
    ]
    if problems:
        raise _unsound(authority, problems)


def _unsound(authority: Authority, problems: Sequence[str]) -> RegisterError:
    return RegisterError(
        f"{authority.name}: {named(problems)}",
        file=MEMBERS_FILE,
        place=f"authority_key {authority.key}",
    )


def _wrong_days(authority: Authority) -> list[str]:
    established, last_day = authority.established, authority.last_day
    if established is None:
        return [f"ends on {last_day}, and is not established"] if last_day else []
    if last_day is None or last_day >= established:
        return []
    return [f"ends on {last_day}, before it is established on {established}"]


def _wrong_membership(one: Membership, authority: Authority) -> list[str]:
    """Say which days of a membership are not among those of its authority."""
    first, last = authority.established or FIRST_DATE, authority.last_day or LAST_ASKED
    joined, left = one.joined or first, one.last_day or last
    if first <= joined <= left <= last:
        return []
    return [
        f"{one.district_code} is a member from {joined} to {left}, not within {first} to {last}"
    ]


def _last_known(one: Membership, authority: Authority) -> date:
    """Return the last day of a membership, as far as codes are known."""
    return min(one.last_day or authority.last_day or LAST_DATE, LAST_DATE)


def _wrong_code(code: str, day: date, history: DistrictHistory) -> list[str]:
    live = history.live(day)
    return [] if code in live else [f"{why_not_live(code, day, live)}, at {day}"]


@cache
def _loaded() -> Register:
    members = _members()
    authorities = rows(AUTHORITIES_FILE)
    strange = sorted(set(members) - {row["key"] for row in authorities})
    if strange:
        raise RegisterError(
            f"{', '.join(strange)}: no such authority in {AUTHORITIES_FILE}", file=MEMBERS_FILE
        )
    return Register(
        tuple(_authority(row, tuple(members.get(row["key"], ()))) for row in authorities),
        tuple(
            Succession(row["authority_key"], row["predecessor_key"])
            for row in rows(PREDECESSORS_FILE)
        ),
    )


def _members() -> dict[str, list[Membership]]:
    """Memberships by key of their authority."""
    members: dict[str, list[Membership]] = {}
    for row in rows(MEMBERS_FILE):
        place = f"authority_key {row['authority_key']}, district_code {row['district_code']}"
        days = (_day(row, column, MEMBERS_FILE, place) for column in ("joined", "last_day"))
        members.setdefault(row["authority_key"], []).append(Membership(row["district_code"], *days))
    return members


def _authority(row: Mapping[str, str], memberships: tuple[Membership, ...]) -> Authority:
    def day(column: str) -> date | None:
        return _day(row, column, AUTHORITIES_FILE, f"key {row['key']}")

    established = day("established")
    mark = PLANNED_MARK if established is None else ""
    return Authority(
        key=row["key"],
        name=f"{row['name']}{mark}",
        area_code=row["gss_code"] or row["key"],
        gss_code=row["gss_code"] or None,
        kind=row["kind"],
        tier=row["tier"] or None,
        established=established,
        first_mayoral_election=day("first_mayoral_election"),
        memberships=memberships,
        last_day=day("last_day"),
    )


def _day(row: Mapping[str, str], column: str, file: str, place: str) -> date | None:
    text = row[column]
    return parse_date(text, file, f"{place}, column {column}") if text else None
