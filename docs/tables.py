"""Writes tables of examples.md from the results of their runs: ``python docs/tables.py``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

from healthycities.errors import SourceError

PAGE = Path(__file__).parent / "examples.md"
RUN = "england_pm25_fraction"
MEASURES = Path("results") / RUN / "measures.parquet"
YEARS = (2015, 2018, 2021)
MEAN, FRACTION = "pm25_by_district_ugm3", "pm25_by_district_attributable_pct"
BEGIN, END = f"<!-- {RUN}: written by docs/tables.py -->", "<!-- end -->"


def table(measures: pd.DataFrame) -> str:
    """Return PM2.5 and fractions of authorities, by name, and of England, in Markdown.

    Parameters
    ----------
    measures : `tables.MEASURES` of the run.
    """
    head = ["", *(f"{what}, {year}" for year in YEARS for what in ("µg/m³", "% of mortality"))]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for level in ("authority", "england"):
        areas = measures[measures["level"] == level]
        lines += [[str(name), *cells(rows)] for name, rows in areas.groupby("area_name")]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def cells(rows: pd.DataFrame) -> list[str]:
    """Return the cells of one area: for each year its mean, and its fraction with the interval."""
    held = rows.set_index(["metric", "year"])[["value", "lower", "upper"]]
    found = []
    for year in YEARS:
        value, lower, upper = held.loc[(FRACTION, year)]
        found += [
            f"{held.loc[(MEAN, year), 'value']:.1f}",
            f"{value:.1f} ({lower:.1f} to {upper:.1f})",
        ]
    return found


def main() -> int:
    """Write the table in place of the one that stands there."""
    try:
        if not MEASURES.is_file():
            raise SourceError("the run has no result yet", file=MEASURES, mend="Run it first.")
    except SourceError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    text = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    new = f"{BEGIN}\n\n{table(pd.read_parquet(MEASURES))}\n\n{END}"
    PAGE.write_text(pattern.sub(lambda _: new, text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
