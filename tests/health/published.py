"""Published figures of tests/health/cases, read for the tests."""

from __future__ import annotations

import csv
import math
from pathlib import Path

CASES = Path(__file__).parent / "cases"
CONFIDENCES = {"95%": 0.95, "99.8%": 0.998}


def cases(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of published figures, as text."""
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """Return a figure, or NaN where none was published."""
    return float(text) if text else math.nan
