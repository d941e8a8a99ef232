"""Blocks of work on threads or on a cluster: the only module that imports dask.

A task is a plain function of one block of arrays. It knows nothing of where it runs, and its
result does not depend on how the work was cut.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

import geopandas
import numpy as np
import numpy.typing as npt
from dask.base import compute
from dask.delayed import delayed

from healthycities.errors import ConfigError

log = logging.getLogger(__name__)

Block = TypeVar("Block")
Result = TypeVar("Result")

BLOCK_SIZE = 1024
"""Zones in a block: small enough to keep every worker busy, large enough to hide the overhead."""


def map_blocks(
    function: Callable[[Block], Result],
    blocks: Sequence[Block],
    *,
    scheduler: str = "threads",
    workers: int | None = None,
) -> list[Result]:
    """Apply a function to every block and return the results in the order of the blocks.

    Parameters
    ----------
    function : a plain function of one block; on a cluster it must be possible to pickle it.
    blocks : arrays, or tuples of arrays.
    scheduler : ``"threads"`` in this process, ``"synchronous"`` for one after the other, or the
        address of a running dask.distributed scheduler, such as ``"tcp://10.0.0.1:8786"``.
    workers : number of threads, by default one for each core; a cluster has its own.

    Raises
    ------
    ConfigError : the scheduler is none of these.
    """
    if "://" in scheduler:
        return _map_on_cluster(function, blocks, scheduler)
    if scheduler not in ("threads", "synchronous"):
        raise ConfigError(
            f"expected 'threads', 'synchronous' or an address, found {scheduler!r}",
            place="scheduler",
            mend="Name one of these, such as tcp://10.0.0.1:8786 for a cluster.",
        )
    told = _Progress(len(blocks))
    task = delayed(told.after(function), pure=False, traverse=False)
    tasks = [task(delayed(block, pure=False, traverse=False)) for block in blocks]
    results = compute(*tasks, scheduler=scheduler, num_workers=workers)  # type: ignore[no-untyped-call]
    return list(results)


class _Progress:
    """Tells the log of each tenth of the blocks that is done."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.lock = Lock()

    def after(self, function: Callable[[Block], Result]) -> Callable[[Block], Result]:
        """Return the function, counting each block that it has finished."""

        def counted(block: Block) -> Result:
            result = function(block)
            self.step()
            return result

        return counted

    def step(self) -> None:
        """Count one block."""
        with self.lock:
            before, self.done = self.done, self.done + 1
            if self.done * 10 // self.total > before * 10 // self.total:
                log.info("%d of %d blocks done", self.done, self.total)


def _map_on_cluster(
    function: Callable[[Block], Result], blocks: Sequence[Block], address: str
) -> list[Result]:
    """Send blocks ahead of the tasks, because large arrays inside a graph slow its scheduler."""
    from dask.distributed import Client

    with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        sent = client.scatter(list(blocks), hash=False)
        futures = client.map(function, sent, pure=False)
        told = _Progress(len(blocks))
        for future in futures:
            future.add_done_callback(lambda _: told.step())
        results: list[Any] = client.gather(futures)
    return results


def row_blocks(order: npt.NDArray[Any], block_size: int) -> list[npt.NDArray[Any]]:
    """Cut an order into blocks of ``block_size``, the last one with what is left.

    Raises
    ------
    ConfigError : the size is below 1.
    """
    if block_size < 1:
        raise ConfigError(
            f"expected a whole number of 1 or more, found {block_size}",
            place="block_size",
            mend=f"Leave it out to take {BLOCK_SIZE}.",
        )
    return [order[start : start + block_size] for start in range(0, len(order), block_size)]


def hilbert_order(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Order shapes along a Hilbert curve, so that the shapes of a block lie near one another.

    Parameters
    ----------
    shapes : n shapely shapes, none of them missing or empty.

    Returns
    -------
    n int64 positions; shapes at the same place keep their order.
    """
    if not len(shapes):
        return np.zeros(0, np.int64)
    distance = geopandas.GeoSeries(shapes).hilbert_distance()
    return np.argsort(distance.to_numpy(), kind="stable").astype(np.int64)
