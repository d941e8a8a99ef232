from __future__ import annotations

import io
import logging
import sys

import pytest
from rich.console import Console

from healthycities.download.progress import followed


def test_a_log_has_a_line_for_each_100_mb(caplog: pytest.LogCaptureFixture):
    """However small the steps, and whether or not the size of the whole is known."""
    caplog.set_level(logging.INFO)
    with followed(Console(file=io.StringIO())) as follow, follow("roads") as told:
        for step in range(1, 2501):
            told(step * 100_000, 250_000_000)
        told(400_000_000, None)
    assert [one.getMessage() for one in caplog.records] == [
        "roads: 100 of 250 MB",
        "roads: 200 of 250 MB",
        "roads: 400 MB",
    ]


def test_what_is_logged_stands_above_the_bars(monkeypatch: pytest.MonkeyPatch):
    """A handler of standard error writes to the terminal of the bars, and afterwards as before."""
    screen, error = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    handler = logging.StreamHandler()
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        with (
            followed(Console(file=screen, force_terminal=True, width=100)) as follow,
            follow("roads") as told,
        ):
            told(1_000_000, 2_000_000)
            logger.warning("try 2 of 6 follows")
        logger.warning("done")
    finally:
        logger.removeHandler(handler)
    assert "try 2 of 6 follows" in screen.getvalue()
    assert "roads" in screen.getvalue()
    assert error.getvalue() == "done\n"
