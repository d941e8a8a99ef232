"""How far downloads are: bars on a terminal, lines in a log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

Told = Callable[[int, int | None], None]
"""Takes the bytes that have come, and the size of the whole where it is known."""

_LINE_EACH_BYTES = 100_000_000

_log = logging.getLogger(__name__)


@contextmanager
def followed(console: Console) -> Iterator[Callable[[str], Told]]:
    """Show several downloads until the block ends.

    Parameters
    ----------
    console : a terminal, which shows a bar for each download; or what is none: then a line is
        logged for each 100 MB.

    Yields
    ------
    What begins to follow one download, given its name; threads may call it.
    """
    if not console.is_terminal:
        yield _Lines
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:

        def begin(name: str) -> Told:
            task = bars.add_task(name, total=None)
            return lambda have, total: bars.update(task, completed=have, total=total)

        yield begin


class _Lines:
    """Tells a log how far one download is, seldom."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next_bytes = _LINE_EACH_BYTES

    def __call__(self, have_bytes: int, total_bytes: int | None) -> None:
        if have_bytes >= self._next_bytes:
            self._next_bytes = have_bytes + _LINE_EACH_BYTES
            of = f" of {total_bytes / 1e6:,.0f}" if total_bytes else ""
            _log.info("%s: %.0f%s MB", self._name, have_bytes / 1e6, of)
