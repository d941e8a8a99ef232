"""Step 4: the metrics of one year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from healthycities import catalogue, tables
from healthycities.errors import SchemaError
from healthycities.given import Given
from healthycities.io.tabular import write_parquet
from healthycities.metrics.carried import carried, with_estimates
from healthycities.metrics.measures import filled, standards_of
from healthycities.stages.files import read_inputs


def measure(
    metric: str,
    inputs: Mapping[str, Path],
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
    inputs : prepared files and overlaps, by the names that the card needs.
    out : the file to write, in the schema `tables.MEASURES`.
    keys : the keys of the configuration that the card names.
    """
    card = catalogue.metrics()[metric]
    whole, divided = carried(read_inputs(inputs))
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
    rows = with_estimates(pd.concat(parts, ignore_index=True), whole["areas"], divided)
    write_parquet(out, tables.checked(rows, tables.MEASURES))
