"""Errors that say which file, which place in it, what was expected, and what to do.

A message is one line, so that it survives a log, an e-mail and a scheduler::

    deaths_2023.csv: row 17, column OBS_VALUE: expected a whole number of 0 or more, found 'n/a'.
    Correct the row, or download the file again.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any


class HealthycitiesError(Exception):
    """Base of every error that a user can mend.

    Parameters
    ----------
    problem : what was found and what was expected, without a full stop at its end.
    file : the file it was found in, when there is one.
    place : where in the file: a row, a feature, a key of the configuration.
    mend : what the user should do, as a sentence of its own.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        place: str | None = None,
        mend: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.place = place
        self.mend = mend
        where = ": ".join(part for part in (self.file, place) if part)
        # A problem that ends in a list takes no full stop: a path is copied from its last line.
        listed = "\n" in problem
        sentence = f"{where}: {problem}" if where else problem
        sentence += "" if listed else "."
        super().__init__(sentence + ("\n" if listed else " ") + mend if mend else sentence)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what the message is made of, so that it is made but once on its way home."""
        made = partial(type(self), file=self.file, place=self.place, mend=self.mend)
        return made, (self.problem,)


class ConfigError(HealthycitiesError):
    """A key of the configuration is missing, unknown, of the wrong kind, or denies another."""


class SourceError(HealthycitiesError):
    """A source file is absent, empty, truncated, unreadable, or lacks what was asked of it."""


class DownloadError(HealthycitiesError):
    """A publisher's file cannot be had, or is not the one that was asked for or pinned."""


class SchemaError(HealthycitiesError):
    """A table's columns or values are not what its schema promises."""


class CrsError(HealthycitiesError):
    """A file's coordinate reference system is missing or wrong, or its coordinates deny it."""


class GeometryError(HealthycitiesError):
    """A shape is empty, of the wrong kind, or lies where it cannot."""


class RegisterError(HealthycitiesError):
    """A district or authority is unknown, missing, or claimed twice."""


class AlignmentError(HealthycitiesError):
    """Two things that are joined do not have the same ids in the same order."""


class WorkerError(HealthycitiesError):
    """A process or a machine that computed a part was lost."""
