"""Step 4: the metrics of one year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from healthycities import catalogue, fields, tables
from healthycities.errors import SchemaError
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.io.tabular import write_parquet
from healthycities.metrics.carried import carried, with_estimates
from healthycities.metrics.measures import filled, standards_of
from healthycities.metrics.pooled import PEOPLE, POOLED_KEY, pooled, standing_in, with_period
from healthycities.stages.files import read_input


def measure(
    metric: str,
    inputs: Mapping[str, Path | Sequence[Path]],
    out: Path,
    keys: Mapping[str, Any],
    *,
    year: int,
    pollutant: str | None = None,
) -> None:
    """Compute a metric for one year, and pollutant where it has them, and write its rows.

    Parameters
    ----------
    metric : name of a module of `healthycities.metrics`.
    inputs : prepared files and overlaps, by the names that the card needs; several for one that is
        taken of several years together, in order.
    out : the file to write, in the schema `tables.MEASURES`.
    keys : the keys of the configuration that the card names.
    """
    card = catalogue.metrics()[metric]
    found, divided = carried(_read(inputs))
    several = {name: one for name, one in found.items() if isinstance(one, list)}
    # What the years are of is said of all rows below, so that a metric need not say it.
    whole = found | {
        name: pooled(name, one).assign(**{fields.YEAR: year}) for name, one in several.items()
    }
    given = Given(whole, keys, year=year, pollutant=pollutant or "")
    compute = import_module(f"healthycities.metrics.{metric}").compute
    parts = [
        part
        for standard in standards_of(card, keys)
        for part in compute(
            replace(given, standard=standard), filled(card, keys, pollutant, standard)
        )
        if len(part)
    ]
    if not parts:
        raise SchemaError(
            f"{metric} gave no row for {year}",
            mend=f"Leave it out of `metrics`, or report on areas of its levels"
            f" ({', '.join(card.levels)}).",
        )
    rows = with_estimates(pd.concat(parts, ignore_index=True), Levels.of(given), divided)
    years = keys[POOLED_KEY] if card.pooled else 1
    rows = with_period(rows, year, years, standing_in(several.get(PEOPLE, ())))
    write_parquet(out, tables.checked(rows, tables.MEASURES))


def _read(inputs: Mapping[str, Path | Sequence[Path]]) -> dict[str, Any]:
    """Read inputs by name, and a list of those that are there for several years."""
    return {
        name: read_input(given) if isinstance(given, Path) else [read_input(one) for one in given]
        for name, given in inputs.items()
    }
