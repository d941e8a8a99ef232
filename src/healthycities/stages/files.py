"""Reads and writes what the steps hand to each other, by what the files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from healthycities.io.raster import read_yearly_grid
from healthycities.io.raster_file import read_raster_file
from healthycities.io.tabular import is_geoparquet, read_parquet, write_parquet
from healthycities.io.vector import read_geoparquet
from healthycities.io.weights import read_weights, write_weights
from healthycities.spatial.weights import Weights


def read_inputs(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Read prepared sources and overlaps, by name."""
    return {name: read_input(path) for name, path in paths.items()}


def read_input(path: Path) -> Any:
    """Read a prepared source or an overlap."""
    if path.suffix == ".npz":
        return read_weights(path)
    if path.suffix == ".tif":
        return read_yearly_grid(path)
    if path.suffix == ".json":
        return read_raster_file(path)
    return read_geoparquet(path) if is_geoparquet(path) else read_parquet(path)


def write_overlap(path: Path, overlap: Any) -> None:
    """Write weights, or a table."""
    if isinstance(overlap, Weights):
        write_weights(path, overlap)
    else:
        write_parquet(path, overlap)
