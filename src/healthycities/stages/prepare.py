"""Step 2: raw files to checked tables, places and grids of one form, or to where rasters stand."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from healthycities import catalogue
from healthycities.io.raster import write_grid
from healthycities.io.raster_file import RasterFile, write_raster_file
from healthycities.io.tabular import write_parquet
from healthycities.io.vector import write_geoparquet
from healthycities.sources.air_quality import GRID
from healthycities.sources.raw import Raw

log = logging.getLogger(__name__)


def prepare(
    source: str,
    paths: Sequence[Path],
    out: Path,
    keys: Mapping[str, Any],
    *,
    year: int | None = None,
    pollutant: str | None = None,
) -> None:
    """Read the raw files of a source and write its prepared file.

    Parameters
    ----------
    source : name of a module of `healthycities.sources`.
    paths : raw files of one layout.
    out : the prepared file.
    keys : what the configuration says of the source; see `Settings.source_part`.
    year, pollutant : for a source that has a file for each.
    """
    raw = Raw(
        paths=tuple(paths),
        as_at=date.fromisoformat(keys["as_at"]),
        year=year,
        pollutant=pollutant,
        vintage=keys["vintage"],
        crs=keys["crs"],
        layer=keys["layer"],
        divides=keys["divides"],
        columns=keys["columns"],
    )
    result = import_module(f"healthycities.sources.{source}").read(raw)
    _write(catalogue.sources()[source].kind, out, result, raw.data_year)
    log.info("%s: %s from %s", source, _size(result), ", ".join(path.name for path in paths))


def prepare_places(paths: Sequence[Path], out: Path, keys: Mapping[str, Any]) -> None:
    """Read a set of places of one's own and write its prepared file: a list, or outlines.

    Parameters
    ----------
    paths : the file.
    out : the prepared file.
    keys : what the configuration says of the set; see `Settings.places_part`.
    """
    raw = Raw(
        paths=tuple(paths),
        as_at=date.fromisoformat(keys["as_at"]),
        crs=keys["crs"],
        layer=keys["layer"],
        columns=keys["columns"],
    )
    # Here, because a job that prepares another source has no use for it.
    from healthycities.sources.own_places import read

    result = read(raw)
    if "geometry" in result:
        write_geoparquet(out, result)
    else:
        write_parquet(out, result)
    log.info("places: %s from %s", _size(result), ", ".join(path.name for path in paths))


def _write(kind: catalogue.Kind, out: Path, result: Any, year: int | None) -> None:
    if kind == "grid":
        write_grid(out, result, GRID, year=year)
    elif kind == "raster":
        write_raster_file(out, result)
    elif kind == "places":
        write_geoparquet(out, result)
    else:
        write_parquet(out, result)


def _size(result: Any) -> str:
    if isinstance(result, RasterFile):
        return f"{result.size_bytes:,} bytes"
    return " x ".join(f"{length:,}" for length in result.shape)
