"""Step 3: what depends on geometry alone, built once for all years."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from healthycities import tables
from healthycities.given import Given
from healthycities.spatial.weights import Weights
from healthycities.stages.files import read_inputs, write_overlap


def overlap(
    name: str,
    inputs: Mapping[str, Path],
    out: Path,
    keys: Mapping[str, Any],
    *,
    scheduler: str,
    workers: int,
) -> None:
    """Build an overlap from the prepared files that its card names, and write it.

    Parameters
    ----------
    name : name of a module of `healthycities.overlaps`.
    inputs : prepared files and other overlaps, by name.
    out : the file to write.
    keys : the keys of the configuration that the card names.
    scheduler, workers : as `healthycities.spatial.parallel.map_blocks` takes them.
    """
    given = Given(read_inputs(inputs), keys, scheduler=scheduler, workers=workers)
    result = import_module(f"healthycities.overlaps.{name}").build(given)
    if not isinstance(result, Weights):
        schema = tables.areas_schema(result) if name == "areas" else tables.BY_OVERLAP[name]
        tables.checked(result, schema)
    write_overlap(out, result)
