"""How far downloads are: bars on a terminal, lines in a log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

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

Follow = Callable[[str], AbstractContextManager[Told]]
"""Follows one download, given its name, until the block ends; threads may call it."""

_LINE_EACH_BYTES = 100_000_000

_log = logging.getLogger(__name__)


@contextmanager
def followed(console: Console) -> Iterator[Follow]:
    """Show several downloads until the block ends.

    Parameters
    ----------
    console : a terminal, which shows a bar for each that is under way; or what is none: then a
        line is logged for each 100 MB.
    """
    if not console.is_terminal:
        yield _in_lines
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    before = sys.stderr
    with Progress(*columns, console=console, transient=True) as bars, _logged_above(before):

        @contextmanager
        def follow(name: str) -> Iterator[Told]:
            task = bars.add_task(name, total=None)
            try:
                yield lambda have, total: bars.update(task, completed=have, total=total)
            finally:
                bars.remove_task(task)

        yield follow


@contextmanager
def _logged_above(stream: TextIO) -> Iterator[None]:
    """Lead what is logged to a stream through the bars, which keep their place below it."""
    handlers = [
        one
        for one in logging.getLogger().handlers
        if isinstance(one, logging.StreamHandler) and one.stream is stream
    ]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)


@contextmanager
def _in_lines(name: str) -> Iterator[Told]:
    next_bytes = _LINE_EACH_BYTES

    def tell(have_bytes: int, total_bytes: int | None) -> None:
        nonlocal next_bytes
        if have_bytes >= next_bytes:
            next_bytes = have_bytes + _LINE_EACH_BYTES
            of = f" of {total_bytes / 1e6:,.0f}" if total_bytes else ""
            _log.info("%s: %.0f%s MB", name, have_bytes / 1e6, of)

    yield tell
