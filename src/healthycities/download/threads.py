"""Work that waits for others, done several at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from healthycities.errors import HealthycitiesError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def as_they_end(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, at_once: int
) -> Iterator[tuple[_Item, _Result | HealthycitiesError]]:
    """Yield each item with its result, or with the error that a user can mend, as they end.

    The threads are daemons: they keep nobody who stops the program waiting for a silent server.
    Whatever they do must stand being killed at any moment.

    Parameters
    ----------
    work : done for each item, in one thread or another.
    items : begun in this order.
    at_once : how many are under way at a time, 1 or more.

    Raises
    ------
    Exception : any other error of ``work``, at once.
    """
    waiting: queue.SimpleQueue[_Item] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[_Item, _Result | BaseException]] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    count = waiting.qsize()
    for _ in range(min(at_once, count)):
        threading.Thread(target=_do, args=(work, waiting, ended), daemon=True).start()
    for _ in range(count):
        item, result = ended.get()
        if isinstance(result, BaseException) and not isinstance(result, HealthycitiesError):
            raise result
        yield item, result


def _do(
    work: Callable[[_Item], _Result],
    waiting: queue.SimpleQueue[_Item],
    ended: queue.SimpleQueue[tuple[_Item, _Result | BaseException]],
) -> None:
    while not waiting.empty():
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            ended.put((item, work(item)))
        except HealthycitiesError as error:
            ended.put((item, error))
        except BaseException as error:
            ended.put((item, error))
            raise
