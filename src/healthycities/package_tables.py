"""The small tables that the package carries; the README.md beside each says where it is from."""

from __future__ import annotations

import csv
from importlib.resources import files


def rows(path: str) -> list[dict[str, str]]:
    """Return the rows of a table, all values as text.

    Parameters
    ----------
    path : path below the package, such as ``geography/data/districts.csv``.
    """
    text = files("healthycities").joinpath(path).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
