"""Names, years and directions as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from healthycities.catalogue import Direction

ENDINGS = (
    " Mayoral Combined County Authority",
    " Mayoral Combined Authority",
    " Combined County Authority",
    " Combined Authority",
    " Authority",
)
DIRECTIONS: dict[Direction, str] = {
    "lower is better": "Lower is better.",
    "higher is better": "Higher is better.",
    "neither": "Neither a high nor a low value is better in itself.",
}


def split_name(name: str) -> tuple[str, str]:
    """Part the name of an area from the words for its kind: ``("Tees Valley", " Combined …")``."""
    ending = next((one for one in ENDINGS if name.endswith(one) and name != one), "")
    return name.removesuffix(ending), ending


def split_titles(titles: Sequence[str]) -> list[tuple[str, str]]:
    """Part each title at its first comma, where what stands before it tells it from the others."""
    parted = [title.partition(", ") for title in titles]
    heads = [head for head, _, _ in parted]
    return [
        (head, f"{comma}{rest}") if heads.count(head) == 1 else (head + comma + rest, "")
        for head, comma, rest in parted
    ]


def listed(words: Sequence[str]) -> str:
    """Return words as a list is read: ``A``, ``A and B``, ``A, B and C``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(count: int, one: str, many: str) -> str:
    """Return a number with what is counted: ``1 authority``, ``4,835 small areas``."""
    return f"{count:,} {one if count == 1 else many}"


def period_said(first: int, last: int) -> str:
    """Return the years from one to another: ``2021 to 2023``, or ``2023`` where they are one."""
    return str(last) if first == last else f"{first} to {last}"


def years_said(years: Iterable[int]) -> str:
    """Return years with those that follow one another drawn together: ``2003 to 2008, 2010``."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
