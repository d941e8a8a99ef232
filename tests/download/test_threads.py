from __future__ import annotations

import threading

import pytest

from healthycities.download.threads import as_they_end
from healthycities.errors import DownloadError


def test_every_item_ends_once_with_its_result():
    """Whatever the number of threads, each item comes back with what was made of it."""
    for at_once in (1, 3, 50):
        found = dict(as_they_end(lambda n: n * n, range(20), at_once=at_once))
        assert found == {n: n * n for n in range(20)}
    assert list(as_they_end(lambda n: n, [], at_once=3)) == []


def test_no_more_are_under_way_than_allowed():
    """Two at a time, and truly two."""
    lock, together = threading.Lock(), threading.Barrier(2)
    under_way, most = 0, 0

    def work(_item: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(10)
        with lock:
            under_way -= 1

    assert len(list(as_they_end(work, range(10), at_once=2))) == 10
    assert most == 2


def test_an_error_that_can_be_mended_lets_the_others_end():
    """It is the result of its item."""

    def work(item: int) -> int:
        if item == 1:
            raise DownloadError("no")
        return item

    found = dict(as_they_end(work, range(3), at_once=1))
    assert str(found.pop(1)) == "no."
    assert found == {0: 0, 2: 2}


def test_any_other_error_ends_all(monkeypatch: pytest.MonkeyPatch):
    """What nobody foresaw is raised where the results are awaited, and where it happened."""
    happened = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _told: happened.set())
    with pytest.raises(ZeroDivisionError):
        list(as_they_end(lambda n: 1 // n, [0], at_once=1))
    assert happened.wait(10)
