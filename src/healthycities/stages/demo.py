"""Step 1 of the demonstration: raw files in the layouts of the publishers, SYNTHETIC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from healthycities.geography.districts import LAST_DATE, carry_codes
from healthycities.geography.register import Register
from healthycities.sources.demo import files


def draw_places(folder: Path, keys: Mapping[str, Any]) -> None:
    """Write the demonstration's files that serve every year.

    Parameters
    ----------
    folder : receives them.
    keys : ``demo``, and ``authorities`` with ``authorities_as_at`` and ``include``, which choose
        the districts that have small areas.
    """
    files.write_places(
        folder,
        seed=keys["demo"]["seed"],
        scale=keys["demo"]["scale"],
        districts=_demo_districts(keys),
    )


def draw_year(folder: Path, year: int, keys: Mapping[str, Any]) -> None:
    """Write the demonstration's files of one year beside the others."""
    files.write_year(folder, year, seed=keys["demo"]["seed"])


def draw_land_cover(folder: Path, keys: Mapping[str, Any]) -> None:
    """Write the demonstration's raster beside its places: of NDVI, or else of classes."""
    write = files.write_ndvi if keys["green_cover.of_ndvi"] else files.write_land_cover
    write(folder, seed=keys["demo"]["seed"])


def _demo_districts(keys: Mapping[str, Any]) -> list[str] | None:
    """Return the districts of the authorities in scope, in codes of May 2025; None for all."""
    if keys["authorities"] == "all":
        return None
    as_at = date.fromisoformat(keys["authorities_as_at"])
    register = Register.load()
    chosen = register.in_scope(as_at, keys["authorities"], planned="planned" in keys["include"])
    codes = [code for one in chosen for code in register.members(one.key, as_at)]
    return sorted(set(carry_codes(codes, LAST_DATE).codes))
