"""Blocks of work on threads, processes or a cluster: the only module that imports dask.

A task is a plain function of one block of arrays. It knows nothing of where it runs, and its
result does not depend on how the work was cut.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

import dask.local
import dask.multiprocessing
import dask.threaded
import geopandas
import numpy as np
import numpy.typing as npt
import shapely

from healthycities.errors import ConfigError, WorkerError
from healthycities.libraries import require_same_installation, this_installation

if TYPE_CHECKING:
    from dask.distributed import Client

log = logging.getLogger(__name__)

Block = TypeVar("Block")
Result = TypeVar("Result")
Graph = dict[int, tuple[Callable[[], Any]]]

BLOCK_SIZE = 1024
"""Zones in a block: small enough to keep every worker busy, large enough to hide the overhead."""

CONNECT_WITHIN_S = 10.0
"""How long a cluster may take to answer; dask's half a minute is long for a slip of the pen."""

_SENT_FOR_EACH_THREAD = 3
"""Blocks at a cluster for each of its threads: one in work, and those that are next."""

_LEAST_SENT = 32
"""Blocks at a cluster however small it is, so that one that grows by need sees the need."""

_ONE_THREAD_EACH = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""What keeps libraries from starting a thread for each core in each process."""

_POLYGON = 3


def map_blocks(
    function: Callable[[Block], Result],
    blocks: Sequence[Block],
    *,
    scheduler: str = "threads",
    workers: int | None = None,
) -> list[Result]:
    """Apply a function to every block and return the results in the order of the blocks.

    Processes and a cluster are sent each block by itself, and the function with each: it should
    hold nothing large, such as an index that all blocks share.

    Parameters
    ----------
    function : a plain function of one block; for processes and a cluster it must be possible to
        pickle it.
    blocks : arrays, or tuples of arrays.
    scheduler : ``"threads"`` in this process, ``"processes"`` on this machine, ``"synchronous"``
        for one after the other, or the address of a running dask.distributed scheduler, such as
        ``"tcp://10.0.0.1:8786"``.
    workers : number of threads or processes, by default one for each core; a cluster has its own.

    Raises
    ------
    ConfigError : the scheduler is none of these, a cluster cannot be reached, or one of its workers
        computes with other code or libraries.
    WorkerError : a process was ended from outside, or a cluster lost a block with several workers.
    """
    here = _HERE.get(scheduler)
    if here is None and "://" not in scheduler:
        raise ConfigError(
            f"expected {', '.join(map(repr, _HERE))} or an address, found {scheduler!r}",
            place="scheduler",
            mend="Name one of these, such as tcp://10.0.0.1:8786 for a cluster.",
        )
    if not blocks:
        return []
    told = _Progress(len(blocks))
    if here is None:
        return _map_on_cluster(function, blocks, scheduler, told)
    # Without arguments, because dask would search them for the names of other tasks.
    graph: Graph = {number: (partial(function, block),) for number, block in enumerate(blocks)}
    return here(graph, workers, told)


class _Progress:
    """Tells the log of each tenth of the blocks that is done."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    def step(self, *_: Any) -> None:
        """Count one block, whatever dask says of it."""
        before, self.done = self.done, self.done + 1
        if self.done * 10 // self.total > before * 10 // self.total:
            log.info("%d of %d blocks done", self.done, self.total)

    @property
    def callbacks(self) -> list[tuple[Any, ...]]:
        """What dask calls in this process: at the start, before and after a task, at the end."""
        return [(None, None, None, self.step, None)]


# --- On this machine ---


def _one_by_one(graph: Graph, _: int | None, told: _Progress) -> list[Any]:
    return list(dask.local.get_sync(graph, list(graph), callbacks=told.callbacks))


def _on_threads(graph: Graph, workers: int | None, told: _Progress) -> list[Any]:
    if workers == 1:
        return _one_by_one(graph, workers, told)
    found = dask.threaded.get(graph, list(graph), num_workers=workers, callbacks=told.callbacks)
    return list(found)


def _on_processes(graph: Graph, workers: int | None, told: _Progress) -> list[Any]:
    """Start processes afresh: one that is forked from threads may wait for a lock for ever."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        with _inherited(_ONE_THREAD_EACH), pool:
            found = dask.multiprocessing.get(
                graph,
                list(graph),
                pool=pool,
                chunksize=1,
                func_dumps=packed,
                func_loads=pickle.loads,
                callbacks=told.callbacks,
            )
    except BrokenProcessPool as error:
        raise WorkerError(
            "a process was ended from outside before its block was done",
            place="scheduler processes",
            mend="It may have run out of memory: give fewer workers, or use threads.",
        ) from error
    return list(found)


_HERE: dict[str, Callable[[Graph, int | None, _Progress], list[Any]]] = {
    "threads": _on_threads,
    "processes": _on_processes,
    "synchronous": _one_by_one,
}


@contextmanager
def _inherited(variables: dict[str, str]) -> Iterator[None]:
    """Set variables for processes started meanwhile: libraries read them as they are loaded."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# --- On a cluster ---


def _map_on_cluster(
    function: Callable[[Block], Result], blocks: Sequence[Block], address: str, told: _Progress
) -> list[Result]:
    """Send blocks within their tasks, and make one message of what may befall a cluster.

    A block that is sent ahead of its task, as dask advises for large ones, is lost with the worker
    that holds it. What is within a task stays with the scheduler, which gives it to another worker.
    """
    from dask.distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        with _connected(address) as client:
            return _gathered(client, function, blocks, told)
    except KilledWorker as error:
        raise WorkerError(
            f"a block was given up after {error.allowed_failures + 1} workers had ended while they"
            f" had it, the last of them {error.last_worker.address}",
            place=address,
            mend="Read the log of that worker: it may have run out of memory.",
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise WorkerError(
            f"the cluster was lost after {told.done} of {told.total} blocks",
            place=address,
            mend="See why its scheduler ended, start it, and run again.",
        ) from error
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a worker lacks what the work needs ({error})",
            place=address,
            mend="Install the same on every machine of the cluster.",
        ) from error


def _gathered(
    client: Client,
    function: Callable[[Block], Result],
    blocks: Sequence[Block],
    told: _Progress,
) -> list[Any]:
    """Send a block for each that is done, so that the cluster never holds the whole input."""
    from dask.distributed import as_completed

    results: list[Any] = [None] * len(blocks)
    position_of: dict[Any, int] = {}
    ahead = enumerate(blocks)
    running = as_completed(loop=client.loop)  # type: ignore[no-untyped-call]

    def send(count: int) -> None:
        for position, block in islice(ahead, count):
            sent = client.submit(pickle.loads, pickle.dumps(_Errand(function, block)), pure=False)
            position_of[sent.key] = position
            running.add(sent)  # type: ignore[no-untyped-call]

    send(max(_LEAST_SENT, _SENT_FOR_EACH_THREAD * sum(client.nthreads().values())))  # type: ignore[no-untyped-call]
    for future in running:
        results[position_of.pop(future.key)] = future.result()
        told.step()
        send(1)
    return results


class _Errand:
    """Work that is done where it is unpacked.

    A cluster is sent ``pickle.loads`` and bytes. Where this package is missing or is another, that
    is an error of the task; a worker that cannot unpack the task itself ends, and all of them do so
    in turn.
    """

    def __init__(self, function: Callable[[Block], Any], block: Block) -> None:
        self.parts = packed((function, block)), this_installation()

    def __reduce__(self) -> tuple[Any, ...]:
        return _run, self.parts


def _run(work: bytes, sent_from: dict[str, str]) -> Any:
    """Unpack a function and its block where they have come to, and apply one to the other."""
    require_same_installation(sent_from)
    function, block = pickle.loads(work)
    return function(block)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    from dask.distributed import Client

    try:
        # In a thread of its own, because a notebook has a loop of events in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _knock(address, CONNECT_WITHIN_S)).result()
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        told = " ".join(str(error).split())
        raise ConfigError(
            f"no dask.distributed scheduler answers within {CONNECT_WITHIN_S:g} s ({told})",
            place=f"compute.scheduler {address}",
            mend="Start it (dask scheduler), correct the address, or compute on threads.",
        ) from error
    client = Client(address, set_as_default=False, timeout=CONNECT_WITHIN_S)  # type: ignore[no-untyped-call]
    with client:
        if not client.nthreads():  # type: ignore[no-untyped-call]
            log.warning("%s has no workers yet: waiting for the first", address)
        yield client


async def _knock(address: str, within_s: float) -> None:
    """See that a scheduler answers, before there is a client.

    A client that could not connect is closed when its memory is freed. That may be while another is
    being made, which then waits for ever for a lock that its own thread holds.
    """
    from distributed.comm.core import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await connect(address, timeout=within_s, **arguments)  # type: ignore[no-untyped-call]
    await comm.close()


# --- What is sent ---


class _Pickler(pickle.Pickler):
    """Packs polygons by the array, in a fifth of the time that they take one by one."""

    def reducer_override(self, given: Any) -> Any:
        """Return how to make an array of polygons again; all else is packed as it ever is."""
        if isinstance(given, np.ndarray) and given.dtype == np.object_ and _are_plain(given):
            return _polygons, shapely.to_ragged_array(given)[1:]
        return NotImplemented


def packed(given: Any) -> bytes:
    """Pickle a thing, with arrays of shapes in one piece."""
    buffer = BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(given)
    return buffer.getvalue()


def _are_plain(given: npt.NDArray[np.object_]) -> bool:
    """Tell whether these are polygons, in a row, and nothing of them is lost in an array."""
    if given.ndim != 1 or not len(given) or not shapely.is_geometry(given).all():
        return False
    plain = shapely.get_type_id(given) == _POLYGON
    plain &= ~shapely.is_empty(given) & (shapely.get_coordinate_dimension(given) == 2)
    return bool((plain & (shapely.get_srid(given) == 0)).all())


def _polygons(
    coordinates: npt.NDArray[np.float64], offsets: tuple[npt.NDArray[Any], ...]
) -> npt.NDArray[np.object_]:
    found: npt.NDArray[np.object_] = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, coordinates, offsets
    )
    return found


# --- How work is cut ---


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
