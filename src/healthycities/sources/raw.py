"""What a reader is given: raw files, and what the configuration says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Raw:
    """Raw files of one source, for one year and pollutant where it has them.

    Parameters
    ----------
    paths : one or more files of one layout, in order; their rows are read one after the other.
    as_at : the date whose district codes are wanted.
    year : the year asked for; None for a source that is one file for all years.
    pollutant : name of the pollutant, for grids.
    vintage : the year that the values are of, where the file does not say and the path holds no
        year; they then stand in for the year asked for.
    crs : coordinate reference system of a file that does not say its own.
    layer : layer of a file that has several.
    divides : whether districts newer than the date are kept as they are, to be divided later among
        those that became them; otherwise they are an error.
    columns : published column name to the name that the file has.
    """

    paths: tuple[Path, ...]
    as_at: date
    year: int | None = None
    pollutant: str | None = None
    vintage: int | None = None
    crs: str | None = None
    layer: str | None = None
    divides: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_year(self) -> int | None:
        """The year that the values are of."""
        return self.vintage if self.vintage is not None else self.year
