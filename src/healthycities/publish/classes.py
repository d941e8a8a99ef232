"""Classes of a map's values: round borders, and the guideline values among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from healthycities.catalogue import Measure
from healthycities.health.files import GUIDELINES_FILE
from healthycities.package_tables import rows

Floats = npt.NDArray[np.float64]

MOST_CLASSES = 6
MOST_DECIMALS = 4
CROWDED_SHARE = 0.35
GUIDELINE_UNIT = "µg/m³"


@dataclass(frozen=True)
class Guideline:
    """A concentration to compare with.

    Parameters
    ----------
    label : a few words for a legend.
    source : where it comes from, with any doubt about it.
    """

    value_ugm3: float
    label: str
    source: str


def guidelines(name: str, measure: Measure) -> tuple[Guideline, ...]:
    """Return the guidelines that a measure can be compared with, by value.

    Only concentrations have any: measures in µg/m³ whose name begins with that of a pollutant.
    """
    pollutant = name.partition("_")[0]
    if measure.unit != GUIDELINE_UNIT:
        return ()
    found = [_guideline(row) for row in rows(GUIDELINES_FILE) if row["pollutant"] == pollutant]
    return tuple(sorted(found, key=lambda guideline: (guideline.value_ugm3, guideline.label)))


def _guideline(row: Mapping[str, str]) -> Guideline:
    status = row["status"].replace("(verify)", "").strip()
    label = f"{_in_words(row['name'])}, {status}"
    return Guideline(float(row["value_ugm3"]), label, f"{row['source']}, {row['status']}")


def _in_words(name: str) -> str:
    """Return a name such as ``who2021`` or ``england_limit`` as it is read."""
    words = re.sub(r"(\d+)", r" \1", name).replace("_", " ").split()
    first = words[0].upper() if len(words[0]) < 4 else words[0].capitalize()
    return " ".join([first, *words[1:]])


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
    # The outermost of them may miss a value by a rounding error.
    first = min(max(int(np.searchsorted(ticks, low, side="right")) - 1, 0), len(ticks) - 2)
    last = max(min(int(np.searchsorted(ticks, high, side="left")), len(ticks) - 1), first + 1)
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


def borders_kept(borders: Floats, known: Iterable[Guideline]) -> tuple[Guideline, ...]:
    """Return the guidelines that are borders."""
    return tuple(one for one in known if np.any(np.isclose(borders, one.value_ugm3)))


def guideline_labels(borders: Floats, known: Iterable[Guideline]) -> list[str]:
    """Return a line for each border that is a guideline."""
    lines: dict[str, list[str]] = {}
    for one in borders_kept(borders, known):
        lines.setdefault(f"{one.value_ugm3:g}", []).append(one.label)
    return [f"{value}: {'; '.join(labels)}" for value, labels in lines.items()]
