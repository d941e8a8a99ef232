"""Run every benchmark: a table, ``bench.json`` and pictures of what grows with what."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    burden,
    coverage,
    health,
    means,
    page,
    pictures,
    rasters,
    roads,
    scheduling,
    vectors,
)
from benchmarks.inputs import FULL, QUICK, Sizes
from benchmarks.race import Outcome, Race, run

FOLDER = Path("results/bench")
WIDTH = 140


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run the races, print and write what came of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs, to see that all agree")
    parser.add_argument("--only", default="", help="races whose title holds this text")
    parser.add_argument(
        "--docs", action="store_true", help=f"put figures and pictures into {page.PAGE}"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"by default {FOLDER}")
    options = parser.parse_args(arguments)
    if options.docs and options.quick:
        parser.error("--docs is for runs at full size")
    console, sizes = Console(width=WIDTH), QUICK if options.quick else FULL
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "bench.json"
    outcomes: list[Outcome] = []
    entries = read(file) if options.only else []
    for race in races(sizes):
        if options.only in race.title:
            console.print(f"{race.title} …")
            found = run(race)
            outcomes += found
            entries = with_entries(entries, found)
            file.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    console.print(table(outcomes))
    drawn = [] if options.only else list(pictures.draw(sizes, options.folder))
    if options.docs:
        drawn.append(page.write(entries, machine(), drawn))
    for one in drawn:
        console.print(f"wrote {one}")


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield every race, each made when its turn has come."""
    for module in (coverage, means, rasters, vectors, roads, scheduling, burden, health):
        yield from module.races(sizes)


def read(file: Path) -> list[dict[str, Any]]:
    """Return the entries of an earlier run; of races that are run again they are replaced."""
    entries: list[dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else []
    return entries


def with_entries(
    entries: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]
) -> list[dict[str, Any]]:
    """Put the figures of a race in the place of its earlier ones, or at the end."""
    result = {(one["name"], one["peer"]): one for one in entries}
    result |= {(one.figure.name, one.figure.peer): one.figure.as_entry() for one in outcomes}
    return list(result.values())


def machine() -> str:
    """Say what the figures were measured on."""
    versions = ", ".join(f"{one} {version(one)}" for one in ("numpy", "shapely", "exactextract"))
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()},"
        f" {versions}; {datetime.now(tz=UTC):%d %B %Y}."
    )


def table(outcomes: Sequence[Outcome]) -> Table:
    """Lay out the figures, with the number of runs that each median is of."""
    load = os.getloadavg()[0]
    result = Table(caption=f"{os.cpu_count()} cores; load at the end {load:.1f}")
    for heading in ("", "peer"):
        result.add_column(heading, no_wrap=True)
    for heading in ("ours s", "runs", "peer s", "runs", "times", "goal", "threads", "difference"):
        result.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        one = outcome.figure
        met = "green" if one.ratio >= one.goal else "red"
        result.add_row(
            one.name,
            one.peer,
            f"{one.ours_s:.3f}",
            str(outcome.ours_runs),
            f"{one.peer_s:.3f}",
            str(outcome.peer_runs),
            f"[{met}]{one.ratio:.1f}",
            f"{one.goal:g}",
            str(one.threads),
            "" if one.max_difference is None else f"{one.max_difference:.1e}",
        )
    return result


if __name__ == "__main__":
    main()
