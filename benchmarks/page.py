"""The table of the last full run, put into the page of the documentation that speaks of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path("docs/benchmarks.md")
IMAGES = Path("docs/images")
START, END = "<!-- figures: make bench BENCH_ARGS=--docs -->", "<!-- end of figures -->"

_HEAD = (
    "| what | against | ours s | theirs s | times | goal | met | threads | difference | peak MiB |",
    "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
)


def write(entries: Sequence[Mapping[str, Any]], machine: str, pictures: Iterable[Path]) -> Path:
    """Put the figures and the pictures into the documentation; return the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(START)[0], page.split(END)[1]
    lines = [START, "", machine, "", *_HEAD, *(_row(one) for one in entries), "", END]
    PAGE.write_text(before + "\n".join(lines) + after, encoding="utf-8")
    for picture in pictures:
        shutil.copyfile(picture, IMAGES / f"bench_{picture.name}")
    return PAGE


def _row(one: Mapping[str, Any]) -> str:
    met = "yes" if one["ratio"] >= one["goal"] else "**no**"
    difference = "" if one["max_difference"] is None else f"{one['max_difference']:.0e}"
    peak = "" if one["peak_mib"] is None else f"{one['peak_mib']:,.0f}"
    cells = (
        f"`{one['name']}`", one["peer"], f"{one['ours_s']:.3f}", f"{one['peer_s']:,.3f}",
        _three(one["ratio"]), _three(one["goal"]), met, str(one["threads"]), difference, peak,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _three(number: float) -> str:
    """Write a number with three figures, and no more."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
