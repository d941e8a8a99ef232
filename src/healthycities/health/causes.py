"""Groups of causes of death, and which causes of a table make up a group without counting twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from healthycities.errors import ConfigError, SchemaError
from healthycities.health.files import BLOCKS_FILE, CAUSE_GROUPS_FILE
from healthycities.package_tables import rows

ALL_CAUSES = "all"
EXTERNAL_CAUSES = "V01-Y89"
"""Accidents, self-harm and assault: what natural causes are not."""

LEFT_OUT_OF_ALL = MappingProxyType(
    {"all-cause mortality": (), "all natural-cause mortality": (EXTERNAL_CAUSES,)}
)
"""Outcomes of concentration_response.csv that deaths from all causes hold, and what each omits."""

DEATHS_OF_OUTCOME = MappingProxyType(
    {
        "all-cause mortality": "deaths from all causes",
        "all natural-cause mortality": "deaths from natural causes",
    }
)
"""The deaths of these outcomes in words, as the cards of metrics name what they count."""
_RANGE = re.compile(r"([A-Z]\d\d)(?:-([A-Z]\d\d))?")


class CodeRange(NamedTuple):
    """Codes of ICD-10 from the first to the last, both of three characters and both within it.

    The codes stand in the order of their letters and numbers, so that text compares as they do.
    """

    first: str
    last: str

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last}"

    def within(self, other: CodeRange) -> bool:
        """Whether every code of this range is in the other."""
        return other.first <= self.first and self.last <= other.last

    def overlaps(self, other: CodeRange) -> bool:
        """Whether a code is in both."""
        return self.first <= other.last and other.first <= self.last

    def cuts(self, other: CodeRange) -> bool:
        """Whether they overlap and neither is within the other."""
        return self.overlaps(other) and not self.within(other) and not other.within(self)


def code_range(cause: str) -> CodeRange:
    """Read a range such as ``C00-C97``, or one code such as ``J95``.

    Raises
    ------
    SchemaError : it is neither, or its last code stands before its first.
    """
    match = _RANGE.fullmatch(cause)
    found = CodeRange(match[1], match[2] or match[1]) if match else None
    if found is None or found.first > found.last:
        raise SchemaError(
            f"expected ICD-10 codes such as C00-C97 or J95, or '{ALL_CAUSES}', found '{cause}'",
            place="cause of death",
        )
    return found


def group_ranges(group_id: str) -> tuple[CodeRange, ...]:
    """Return the ranges of ICD-10 codes that make up a group, in the order of the file.

    Raises
    ------
    ConfigError : the group is unknown; the message lists those that are known.
    """
    groups = {row["group_id"]: row["icd10"] for row in rows(CAUSE_GROUPS_FILE)}
    if group_id not in groups:
        raise ConfigError(
            f"unknown group of causes '{group_id}'; known are {', '.join(sorted(groups))}",
            mend=f"Choose one of these, or add a row to {CAUSE_GROUPS_FILE}.",
        )
    return tuple(code_range(part.strip()) for part in groups[group_id].split(";"))


def causes_in_group(causes: Iterable[str], group_id: str) -> list[str]:
    """Choose the causes of a table that make up a group, so that no death counts twice.

    A cause is chosen if it lies wholly within one range of the group and in no larger cause that
    does. A cause that holds a whole range of the group and more, such as ``all`` or a chapter, is
    passed over: it cannot be divided. Causes fill a range when every block of ICD-10 in it
    (icd10_blocks.csv) lies in one of them, or each of its codes does; for ranges whose blocks are
    not in that file this cannot be told, because many codes are not in use.

    Parameters
    ----------
    causes : causes that the table holds: ranges, single codes, ``all``; repeats do no harm.
    group_id : a group of cause_groups.csv.

    Returns
    -------
    list of str
        As written in the table, in the order of the codes.

    Raises
    ------
    ConfigError : the group is unknown.
    SchemaError : a cause is not a range of codes, lies partly in the group and partly outside, or
        overlaps another without either holding the other; or the table holds nothing of a range
        or of a block.
    """
    ranges = group_ranges(group_id)
    written = {code_range(cause): cause for cause in sorted(set(causes) - {ALL_CAUSES})}
    _require_no_straddling(written, ranges, group_id)
    inside = [cause for cause in written if any(cause.within(part) for part in ranges)]
    chosen = _largest(inside)
    _require_apart(chosen)
    _require_every_range(chosen, ranges, group_id)
    _require_every_block(chosen, ranges, group_id)
    return [written[cause] for cause in chosen]


def _largest(causes: Iterable[CodeRange]) -> list[CodeRange]:
    """Return the ranges that lie in no other, sorted."""
    held = list(causes)
    return sorted(a for a in held if not any(a != b and a.within(b) for b in held))


def _require_no_straddling(
    causes: Iterable[CodeRange], ranges: Iterable[CodeRange], group_id: str
) -> None:
    for part in ranges:
        for cause in causes:
            if cause.cuts(part):
                raise SchemaError(
                    f"{cause} lies partly in {part} of the group '{group_id}' and partly outside",
                    place=f"cause of death {cause}",
                    mend=f"Give its parts inside and outside {part} instead of the whole.",
                )


def _require_apart(chosen: list[CodeRange]) -> None:
    # Sorted ranges of which none holds another overlap nowhere if no neighbours do.
    for first, second in pairwise(chosen):
        if first.overlaps(second):
            raise SchemaError(
                f"{first} and {second} overlap and neither holds the other, so that deaths would"
                " count twice",
                place=f"cause of death {second}",
                mend="Leave one of them out and give the rest of it by its own codes.",
            )


def _require_every_range(
    chosen: list[CodeRange], ranges: Iterable[CodeRange], group_id: str
) -> None:
    empty = [part for part in ranges if not any(cause.within(part) for cause in chosen)]
    if empty:
        named = ", ".join(map(str, empty))
        raise SchemaError(
            f"no cause of death within {named}, which the group '{group_id}' needs",
            place="causes of death",
            mend=f"Add the deaths of {named}, whole or by parts that lie within.",
        )


def _require_every_block(
    chosen: list[CodeRange], ranges: Iterable[CodeRange], group_id: str
) -> None:
    """Refuse causes that leave out a block, whose deaths would be missing from the sum."""
    blocks = [code_range(row["block"]) for row in rows(BLOCKS_FILE)]
    needed = [block for block in blocks if any(block.within(part) for part in ranges)]
    absent = [block for block in needed if not _filled(block, chosen)]
    if absent:
        named = ", ".join(map(str, absent))
        raise SchemaError(
            f"no cause of death holds {named}, which the group '{group_id}' needs",
            place="causes of death",
            mend=f"Add the deaths of {named}: the sum of the others would pass for the whole.",
        )


def _filled(block: CodeRange, chosen: list[CodeRange]) -> bool:
    codes = [code_range(code) for code in _codes(block)]
    return any(block.within(cause) for cause in chosen) or all(
        any(code.within(cause) for cause in chosen) for code in codes
    )


def _codes(block: CodeRange) -> list[str]:
    """Return every code of a block, which lies in one letter."""
    numbers = range(int(block.first[1:]), int(block.last[1:]) + 1)
    return [f"{block.first[0]}{number:02d}" for number in numbers]
