"""Work for the tests of schedulers, in a module that processes and workers can import."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
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
        until((folder / "go").exists)
    return doubled(block)


def waiting(folder: Path, count: int) -> list[int]:
    """Return the processes that wait, once there are as many as told."""
    until(lambda: len(list(folder.glob("*.waits"))) >= count)
    return [int(file.stem) for file in folder.glob("*.waits")]


def until(happened: Callable[[], bool]) -> None:
    """Wait for something, and not for ever."""
    last = time.monotonic() + WAIT_S
    while not happened():
        if time.monotonic() > last:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.01)


class Raising:
    """What raises an error where it is unpacked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __reduce__(self):
        return raised, (self.error,)


def raised(error: Exception):
    """Raise an error."""
    raise error


def numbered(n):
    """Return n blocks of ten numbers, the first of them the number of the block."""
    return [np.arange(one, one + 10) for one in range(n)]
