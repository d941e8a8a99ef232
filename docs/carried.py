"""Draws how values of 2019 reach an authority of today: ``python docs/carried.py``.

It takes means and people from the run of ``config/examples/england_pm25_fraction.yaml``.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from healthycities import fields
from healthycities.errors import SourceError
from healthycities.geography.districts import known_districts
from healthycities.geography.register import Register

PREPARED = Path("results/england_pm25_fraction/steps/prepared")
IMAGE = Path(__file__).parent / "images" / "carried.png"
AUTHORITY, YEAR, AS_AT = "york_north_yorkshire", 2019, date(2026, 9, 30)
COLUMNS_X = (0.0, 3.8, 7.6)
BOX_WIDTH, ROW_HEIGHT = 2.2, 1.0


class Box(NamedTuple):
    """An area in the picture: its name, mean and people, its column, and its height in rows."""

    name: str
    mean_ugm3: float
    people: float
    column: int
    row: float


def parts_of(authority_districts: tuple[str, ...]) -> pd.DataFrame:
    """Return the districts of the year that became those of an authority, with mean and people."""
    if not PREPARED.is_dir():
        raise SourceError("the run has no result yet", file=PREPARED, mend="Run it first.")
    means = pd.read_parquet(PREPARED / f"district_pm25_{YEAR}.parquet")
    counts = pd.read_parquet(PREPARED / f"population_{YEAR}.parquet")
    people = counts.groupby(fields.PUBLISHED_DISTRICT_CODE)[fields.PEOPLE].sum()
    parts = means[means[fields.DISTRICT_CODE].isin(authority_districts)]
    parts = parts.assign(**{fields.PEOPLE: parts[fields.PUBLISHED_DISTRICT_CODE].map(people)})
    return parts.sort_values([fields.DISTRICT_CODE, fields.PUBLISHED_DISTRICT_CODE])


def box_of(name: str, parts: pd.DataFrame, column: int, row: float) -> Box:
    """Return the box of an area: its mean is weighted by the people of its parts."""
    people = parts[fields.PEOPLE]
    mean_ugm3 = (parts[fields.PM25_UGM3] * people).sum() / people.sum()
    return Box(name, mean_ugm3, people.sum(), column, row)


def boxes(parts: pd.DataFrame, name: str) -> tuple[list[tuple[Box, Box]], Box]:
    """Return each district of the year beside what it became, and the authority."""
    old, new = known_districts(date(YEAR, 6, 30)), known_districts(AS_AT)
    rows = {code: place for place, code in enumerate(parts[fields.PUBLISHED_DISTRICT_CODE])}
    pairs = []
    for code, group in parts.groupby(fields.DISTRICT_CODE):
        places = [rows[one] for one in group[fields.PUBLISHED_DISTRICT_CODE]]
        whole = box_of(new[code], group, 1, sum(places) / len(places))
        for place, (_, part) in zip(places, group.iterrows(), strict=True):
            own = part[fields.PUBLISHED_DISTRICT_CODE]
            pairs.append((box_of(old[own], part.to_frame().T, 0, place), whole))
    return pairs, box_of(name, parts, 2, (len(rows) - 1) / 2)


def draw_box(axes: Axes, box: Box) -> None:
    """Draw an area with its mean and its people."""
    x, y = COLUMNS_X[box.column], -ROW_HEIGHT * box.row
    axes.text(x, y + 0.16, box.name, fontsize=9, fontweight="bold", va="center")
    told = f"{box.mean_ugm3:.2f} µg/m³, {box.people:,.0f} people"
    axes.text(x, y - 0.2, told, fontsize=8, va="center", color="#333333")


def draw_arrow(axes: Axes, start: Box, end: Box) -> None:
    """Draw what an area goes into, as wide as it has people."""
    axes.annotate(
        "",
        xy=(COLUMNS_X[end.column] - 0.15, -ROW_HEIGHT * end.row),
        xytext=(COLUMNS_X[start.column] + BOX_WIDTH, -ROW_HEIGHT * start.row),
        arrowprops={
            "arrowstyle": "-|>",
            "color": "#1d3c5a",
            "lw": 0.6 + start.people / 150_000,
            "connectionstyle": "arc3,rad=0",
        },
    )


def main() -> int:
    """Draw the picture."""
    authority = Register.load().authority(AUTHORITY)
    try:
        parts = parts_of(Register.load().members(AUTHORITY, AS_AT))
    except SourceError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    pairs, whole = boxes(parts, authority.name.removesuffix(" Combined Authority"))
    figure = Figure(figsize=(10.5, 5.4), layout="constrained")
    axes = figure.subplots()
    middle = list(dict.fromkeys(new for _, new in pairs))
    for old, new in pairs:
        draw_arrow(axes, old, new)
    for new in middle:
        draw_arrow(axes, new, whole)
    for box in (*(old for old, _ in pairs), *middle, whole):
        draw_box(axes, box)
    heads = (f"districts of {YEAR}", "districts since April 2023", "authority of today")
    for x, head in zip(COLUMNS_X, heads, strict=True):
        axes.text(x, 0.95, head, fontsize=9, color="#555555")
    axes.set_xlim(-0.2, 10.0)
    axes.set_ylim(-ROW_HEIGHT * len(pairs) + 0.4, 1.5)
    axes.set_axis_off()
    axes.set_title(
        f"PM2.5 of {YEAR}, carried to the map of {AS_AT.year}: means weighted by people",
        fontsize=11,
        loc="left",
    )
    figure.savefig(IMAGE, dpi=110)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
