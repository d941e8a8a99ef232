"""Classes of a map's values: round borders, and the guideline values among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from healthycities.catalogue import Measure
from healthycities.health.data import rows
from healthycities.pollutants import POLLUTANTS

Floats = npt.NDArray[np.float64]

MOST_CLASSES = 6
MOST_DECIMALS = 4
CROWDED_SHARE = 0.35
GUIDELINE_UNIT = "µg/m³"


@cache
def _guidelines() -> dict[str, dict[float, str]]:
    """Guideline values in µg/m³ and what they are, by pollutant."""
    found: dict[str, dict[float, str]] = {}
    for row in rows("guidelines.csv"):
        held = found.setdefault(row["pollutant"], {})
        value = float(row["value_ugm3"])
        label = f"{row['source'].split(',')[0]}, {row['status']}"
        held[value] = f"{held[value]}; {label}" if value in held else label
    return found


def guidelines(name: str, measure: Measure) -> dict[float, str]:
    """Return the guideline values that a measure can be compared with, and what they are.

    Only concentrations have any: measures in µg/m³ whose name begins with that of a pollutant.
    """
    pollutant = name.partition("_")[0]
    if measure.unit != GUIDELINE_UNIT or pollutant not in POLLUTANTS:
        return {}
    return dict(sorted(_guidelines().get(pollutant, {}).items()))


def class_borders(values: Iterable[float], guideline_values: Iterable[float] = ()) -> Floats:
    """Return the borders of the classes that hold some values, ascending; at least two.

    Parameters
    ----------
    values : the values to show; missing ones are left out.
    guideline_values : become borders where they lie among the values; a round border that stands
        too near to one of them makes way.
    """
    given = np.asarray(list(values), dtype=float)
    given = given[np.isfinite(given)]
    if not given.size:
        return np.array([0.0, 1.0])
    low, high = float(given.min()), float(given.max())
    if low == high:
        high = low + (abs(low) or 1.0)
    round_ones = _round_borders(low, high)
    marks = np.array([mark for mark in guideline_values if low < mark < high])
    crowded = CROWDED_SHARE * (round_ones[1] - round_ones[0])
    inner = round_ones[1:-1]
    near = [bool(np.any(np.abs(marks - border) < crowded)) for border in inner]
    return np.unique([round_ones[0], *inner[~np.array(near, dtype=bool)], *marks, round_ones[-1]])


def _round_borders(low: float, high: float) -> Floats:
    """Round numbers, the first at or below the lowest value, the last at or above the highest."""
    ticks = np.asarray(
        MaxNLocator(MOST_CLASSES, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), dtype=float
    )
    first = int(np.flatnonzero(ticks <= low)[-1])
    last = int(np.flatnonzero(ticks >= high)[0])
    return ticks[first : last + 1]


def class_of(values: Floats, borders: Floats) -> npt.NDArray[np.int64]:
    """Return the class of each value, from 0; -1 for a missing one.

    A class holds its upper border, because a guideline is kept by what does not exceed it.
    """
    found = np.clip(np.searchsorted(borders, values, side="left") - 1, 0, len(borders) - 2)
    return np.where(np.isfinite(values), found, -1).astype(np.int64)


def class_labels(borders: Floats) -> list[str]:
    """Return what each class holds, in words."""
    texts = border_texts(borders)
    return [f"{low} to {high}" for low, high in pairwise(texts)]


def border_texts(borders: Iterable[float]) -> list[str]:
    """Return borders with as many decimals as they have, and no more than four."""
    values = [float(border) for border in borders]
    decimals = next(
        (n for n in range(MOST_DECIMALS) if all(_ends(v, n) for v in values)), MOST_DECIMALS
    )
    return [f"{value:,.{decimals}f}" for value in values]


def _ends(value: float, decimals: int) -> bool:
    """Whether a number has no more than some decimals."""
    return abs(round(value, decimals) - value) < 1e-9 * max(1.0, abs(value))


def guideline_labels(borders: Floats, marks: Mapping[float, str]) -> list[str]:
    """Return a line for each guideline that is a border."""
    return [
        f"{border_texts([mark])[0]} = {label}"
        for mark, label in marks.items()
        if np.any(np.isclose(borders, mark))
    ]
