"""Tells a raw file that was replaced from the one that was read. Cheap to import."""

from __future__ import annotations

import hashlib
from pathlib import Path

HASHED_BELOW_BYTES = 1_000_000
"""Up to this size Snakemake, too, compares files by their content."""


def raw_state(path: Path) -> str:
    """Return what changes when a file is replaced, whatever its date.

    Snakemake takes a file for new only where it is younger than what was made from it; but wget and
    unzip keep the date that a file has on its server, which may be years back.

    Parameters
    ----------
    path : a file.

    Returns
    -------
    The SHA-256 of a small file, so that a new date alone changes nothing; size and time of a larger
    one, which would take long to read at every start.
    """
    stat = path.stat()
    if stat.st_size < HASHED_BELOW_BYTES:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{stat.st_size} bytes, {stat.st_mtime_ns} ns"
