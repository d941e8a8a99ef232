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
FAR_PERCENT = 2
"""The lowest and the highest of values, in hundredths, that may lie in an open class."""
USUAL_SHARE = 0.5
"""The others then take less than this share of the range of all."""
CROWDED_SHARE = 0.35
GUIDELINE_UNIT = "µg/m³"
NOT_CHECKED = "(verify)"


@dataclass(frozen=True)
class Guideline:
    """A concentration to compare with.

    Parameters
    ----------
    label : a few words for a legend.
    source : where it comes from.
    checked : whether the value was held against its source.
    """

    value_ugm3: float
    label: str
    source: str
    checked: bool


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
    status = row["status"].replace(NOT_CHECKED, "").strip()
    label = f"{_in_words(row['name'])}, {status}"
    checked = NOT_CHECKED not in row["status"]
    return Guideline(float(row["value_ugm3"]), label, row["source"], checked)


def _in_words(name: str) -> str:
    """Return a name such as ``who2021`` or ``england_limit`` as it is read."""
    words = re.sub(r"(\d+)", r" \1", name).replace("_", " ").split()
    first = words[0].upper() if len(words[0]) < 4 else words[0].capitalize()
    return " ".join([first, *words[1:]])


def class_borders(values: Iterable[float], guideline_values: Iterable[float] = ()) -> Floats:
    """Return the borders of the classes that hold some values, ascending; at least two.

    The round ones hold all values, but where the lowest and highest fiftieth take more than half
    of the range: those far ones would make one class of all others, and lie in an open class. Its
    outer border is minus infinity or infinity.

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
    first, inner, last = _round_classes(given, low, high)
    marks = np.array([mark for mark in guideline_values if low < mark < high])
    crowded = CROWDED_SHARE * np.diff(inner).min() if len(inner) > 1 else 0.0
    near = [bool(np.any(np.abs(marks - border) < crowded)) for border in inner]
    return np.unique([first, *inner[~np.array(near, dtype=bool)], *marks, last])


def _round_classes(given: Floats, low: float, high: float) -> tuple[float, Floats, float]:
    """Return the first border, the round ones between, and the last; open ones are infinite."""
    # Of fifty values or fewer these are the lowest and the highest.
    usual_low = float(np.percentile(given, FAR_PERCENT, method="lower"))
    usual_high = float(np.percentile(given, 100 - FAR_PERCENT, method="higher"))
    if usual_low == usual_high:
        usual_high = usual_low + (abs(usual_low) or 1.0)
    if usual_high - usual_low >= USUAL_SHARE * (high - low):
        usual_low, usual_high = min(usual_low, low), max(usual_high, high)
    borders = _round_borders(usual_low, usual_high, MOST_CLASSES)
    if any(_open_ends(borders, low, high)):
        borders = _round_borders(usual_low, usual_high, MOST_CLASSES - 1)
    below, above = _open_ends(borders, low, high)
    return (
        -np.inf if below else float(borders[0]),
        borders[0 if below else 1 : None if above else -1],
        np.inf if above else float(borders[-1]),
    )


def _open_ends(borders: Floats, low: float, high: float) -> tuple[bool, bool]:
    """Whether values lie below the first border, or above the last, by more than rounding."""
    slack = 1e-9 * max(abs(float(borders[0])), abs(float(borders[-1])))
    return low < borders[0] - slack, high > borders[-1] + slack


def _round_borders(low: float, high: float, most: int) -> Floats:
    """Round numbers, the first at or below the lowest value, the last at or above the highest."""
    ticks = np.asarray(
        MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), dtype=float
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
    """Return what each class holds, in words: ``up to 15``, ``15 to 20``, ``over 20``."""
    texts = dict(zip(borders[np.isfinite(borders)], border_texts(borders), strict=True))
    return [_between(texts.get(low), texts.get(high)) for low, high in pairwise(borders)]


def _between(low: str | None, high: str | None) -> str:
    """Return a class in words; a border that is None is open, and a class holds its upper one."""
    if low is None:
        return f"up to {high}"
    return f"over {low}" if high is None else f"{low} to {high}"


def border_texts(borders: Iterable[float]) -> list[str]:
    """Return finite borders with as many decimals as they have, and no more than four."""
    values = [float(border) for border in borders if np.isfinite(border)]
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
