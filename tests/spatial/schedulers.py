"""Work for the tests of schedulers, in a module that processes and workers can import."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from healthycities.errors import GeometryError

WAIT_S = 60.0


def doubled(block):
    """Multiply a block by two."""
    return block * 2


def process_of(block):
    """Return the process that a block is in."""
    return os.getpid()


def threads_told(block):
    """Return the numbers of threads that libraries are told."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return [os.environ.get(name) for name in names]


def refused(block):
    """Find the shape of block 3 to be wrong."""
    if 3 in block:
        raise GeometryError("too thin", file="zones.gpkg", place="zone 3", mend="Widen it.")
    return block


def ended(block):
    """End the process, as the system does where memory is short."""
    os._exit(9)


def doubled_when_told(block, folder: Path):
    """Double a block; those from 8 up say where they are, and wait until they are told to go on."""
    if block[0] >= 8:
        (folder / f"{os.getpid()}.waits").touch()
        until = time.monotonic() + WAIT_S
        while not (folder / "go").exists() and time.monotonic() < until:
            time.sleep(0.01)
    return doubled(block)


def waiting(folder: Path, count: int) -> list[int]:
    """Return the processes that wait, once there are as many as told."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = [int(file.stem) for file in folder.glob("*.waits")]
        if len(found) >= count:
            return found
        time.sleep(0.01)
    raise TimeoutError(f"no {count} processes came to wait in {folder}")


def numbered(n):
    """Return n blocks of ten numbers, the first of them the number of the block."""
    return [np.arange(one, one + 10) for one in range(n)]
