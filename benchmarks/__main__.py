"""Run every benchmark and print its table."""

from __future__ import annotations

import argparse

from rich.console import Console

from benchmarks import coverage


def main() -> None:
    """Read the options and print the figures of this machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--zones", type=int, default=35_000, help="number of zones")
    parser.add_argument("--turns", type=int, default=3, help="how often each takes its turn")
    options = parser.parse_args()
    Console().print(coverage.table(options.zones, options.turns))


if __name__ == "__main__":
    main()
