"""The register of England's strategic authorities: which stand at a date, and their districts."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from pathlib import Path

from healthycities.errors import RegisterError
from healthycities.geography.districts import (
    LAST_DATE,
    carry_codes,
    known_districts,
    named,
    parse_date,
    why_not_live,
)
from healthycities.package_tables import rows

AUTHORITIES_FILE = "geography/data/authorities.csv"
MEMBERS_FILE = "geography/data/members.csv"
PREDECESSORS_FILE = "geography/data/predecessors.csv"


@dataclass(frozen=True)
class Authority:
    """A strategic authority, or one that a strategic authority replaced.

    Parameters
    ----------
    area_code : its GSS code, or its key where no GSS code is known.
    kind : GLA, MCA, MCCA and so on, as in authorities.csv.
    tier : tier under the English Devolution and Community Empowerment Act 2026, as it was in
        September 2026 whatever the date asked; None for an authority that ended before.
    established, last_day : first and last day on which it stands; no last day where it stands yet.
    first_mayoral_election : None where none is planned.
    districts : codes of its districts.
    """

    key: str
    name: str
    area_code: str
    gss_code: str | None
    kind: str
    tier: str | None
    established: date
    first_mayoral_election: date | None
    districts: tuple[str, ...]
    last_day: date | None = None

    def stands(self, as_at: date) -> bool:
        """Whether it stands at a date."""
        return self.established <= as_at and (self.last_day is None or as_at <= self.last_day)

    def mayor_in_office(self, as_at: date) -> bool:
        """Whether it has a mayor at a date: it stands, and its first election has been held.

        A mayor takes office some days after the election; the day of the election is counted here,
        because the other is not in the tables.
        """
        election = self.first_mayoral_election
        return self.stands(as_at) and election is not None and election <= as_at


@dataclass(frozen=True)
class Register:
    """Every authority, past and present, with its districts in the codes of `LAST_DATE`.

    Raises
    ------
    RegisterError : two authorities share a key, or a district at one date; an authority has no
        district, an unknown one or one twice, or ends before it is established.
    """

    everyone: tuple[Authority, ...]

    def __post_init__(self) -> None:
        _require_distinct_keys(self.everyone)
        for authority in self.everyone:
            _require_sound(authority)
        for first, second in combinations(self.everyone, 2):
            _require_apart(first, second)

    @classmethod
    def load(cls) -> Register:
        """Read the register that comes with the package."""
        return cls((*_standing(), *_predecessors()))

    def authorities(self, as_at: date) -> tuple[Authority, ...]:
        """Return the authorities that stand at a date, with district codes that live at it.

        Raises
        ------
        RegisterError : the districts of that date are not known.
        """
        live = list(known_districts(as_at))
        latest = carry_codes(live, LAST_DATE).codes
        return tuple(
            replace(
                authority,
                districts=tuple(
                    code
                    for code, later in zip(live, latest, strict=True)
                    if later in authority.districts
                ),
            )
            for authority in self.everyone
            if authority.stands(as_at)
        )

    def in_scope(self, as_at: date, only: Collection[str] | None = None) -> tuple[Authority, ...]:
        """Return the authorities at a date whose keys are in ``only``, or all of them.

        Raises
        ------
        RegisterError : naming the keys that are unknown, or do not stand at the date.
        """
        standing = self.authorities(as_at)
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
        file: str | Path | None = None,
    ) -> dict[str, Authority | None]:
        """Return the authority of each district at a date, in the order given.

        Parameters
        ----------
        as_at : date whose map is wanted; the codes must live at it (see `carry_codes`).
        district_codes : each once; all districts of every authority in scope, and any others.
        only : keys of the authorities in scope; all that stand where None. Districts of an
            authority out of scope have none.
        file : file that the codes come from, for the message.

        Raises
        ------
        RegisterError : naming districts that are not known at the date, are given twice, or are
            members of an authority in scope and not given.
        """
        given = list(district_codes)
        live = known_districts(as_at)
        scope = self.in_scope(as_at, only)
        problems = [
            *(why_not_live(code, as_at, live) for code in dict.fromkeys(given) if code not in live),
            *(f"{code} is given {n} times" for code, n in Counter(given).items() if n > 1),
            *_missing(scope, set(given), live),
        ]
        if problems:
            raise RegisterError(
                f"the districts are not those of {as_at}: {named(problems)}",
                file=file,
                mend="Give each district of that date once, or change authorities_as_at.",
            )
        owner = {code: authority for authority in scope for code in authority.districts}
        return {code: owner.get(code) for code in given}

    def _why_not_standing(self, key: str, as_at: date) -> str:
        known = {authority.key: authority for authority in self.everyone}
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=3)
            hint = f"; nearest known: {', '.join(near)}" if near else ""
            return f"'{key}' is not an authority{hint}"
        if as_at < known[key].established:
            return f"'{key}' is established on {known[key].established}, after {as_at}"
        return f"'{key}' ended on {known[key].last_day}, before {as_at}"


def _missing(scope: Sequence[Authority], given: set[str], live: dict[str, str]) -> list[str]:
    """One line for each authority that lacks districts, naming them."""
    lines = []
    for authority in scope:
        absent = [f"{code} {live[code]}" for code in authority.districts if code not in given]
        if absent:
            share = f"{len(absent)} of its {len(authority.districts)} districts"
            lines.append(f"{authority.name} lacks {share}: {', '.join(absent)}")
    return lines


def _require_distinct_keys(authorities: Sequence[Authority]) -> None:
    for key, count in Counter(authority.key for authority in authorities).items():
        if count > 1:
            raise RegisterError(
                f"the key '{key}' is given to {count} authorities", file=AUTHORITIES_FILE
            )


def _require_sound(authority: Authority) -> None:
    live = known_districts(LAST_DATE)
    file, place = MEMBERS_FILE, f"authority_key {authority.key}"
    if authority.last_day is not None:
        file, place = PREDECESSORS_FILE, f"key {authority.key}"
    problems = [
        *_early_end(authority),
        *([] if authority.districts else ["has no district"]),
        *(
            f"{code} is listed {n} times"
            for code, n in Counter(authority.districts).items()
            if n > 1
        ),
        *(
            f"{why_not_live(code, LAST_DATE, live)}, at {LAST_DATE}"
            for code in authority.districts
            if code not in live
        ),
    ]
    if problems:
        raise RegisterError(f"{authority.name}: {named(problems)}", file=file, place=place)


def _early_end(authority: Authority) -> list[str]:
    if authority.last_day is None or authority.last_day >= authority.established:
        return []
    return [f"ends on {authority.last_day}, before it is established on {authority.established}"]


def _require_apart(first: Authority, second: Authority) -> None:
    shared = sorted(set(first.districts) & set(second.districts))
    together = max(first.established, second.established)
    if shared and first.stands(together) and second.stands(together):
        raise RegisterError(
            f"{', '.join(shared)} at {together} claimed by two authorities: {first.name} and "
            f"{second.name}",
            file=MEMBERS_FILE,
            mend="Leave each district with one of them, or correct the days on which they stand.",
        )


def _standing() -> list[Authority]:
    members = _members()
    authorities = rows(AUTHORITIES_FILE)
    strange = sorted(set(members) - {row["key"] for row in authorities})
    if strange:
        raise RegisterError(
            f"{', '.join(strange)}: no such authority in {AUTHORITIES_FILE}", file=MEMBERS_FILE
        )
    return [
        _authority(row, tuple(members.get(row["key"], ())), AUTHORITIES_FILE) for row in authorities
    ]


def _members() -> dict[str, list[str]]:
    """Districts by key of their authority."""
    members: dict[str, list[str]] = {}
    for row in rows(MEMBERS_FILE):
        members.setdefault(row["authority_key"], []).append(row["district_code"])
    return members


def _predecessors() -> list[Authority]:
    return [
        _authority(row, tuple(row["districts"].split("|")), PREDECESSORS_FILE)
        for row in rows(PREDECESSORS_FILE)
    ]


def _authority(row: dict[str, str], districts: tuple[str, ...], file: str) -> Authority:
    def day(column: str) -> date | None:
        text = row.get(column)
        return parse_date(text, file, f"key {row['key']}, column {column}") if text else None

    return Authority(
        key=row["key"],
        name=row["name"],
        area_code=row["gss_code"] or row["key"],
        gss_code=row["gss_code"] or None,
        kind=row["kind"],
        tier=row.get("tier") or None,
        established=parse_date(row["established"], file, f"key {row['key']}, column established"),
        first_mayoral_election=day("first_mayoral_election"),
        districts=districts,
        last_day=day("last_day"),
    )
