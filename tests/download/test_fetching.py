from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from tests.download.conftest import Asking, AskingFrom
from tests.loopback.server import Answer, Asked

from healthycities.download.fetching import (
    FileRequest,
    Outcome,
    fetch_file,
    standing,
)
from healthycities.download.pins import Pins
from healthycities.download.store import Store

TABLE = b"gridcode,x,y,pm252024g\n55671,460500,1219500,2.995311\n"
NEW_TABLE = TABLE + b"55672,461500,1219500,3.1\n"
FIRST_DAY, LATER = date(2026, 1, 2), date(2031, 5, 6)


class Project:
    """A project with its pins and the store that it shares, and the file that it wants."""

    def __init__(
        self, folder: Path, it: Asking, store: Path | None = None, **asked: object
    ) -> None:
        self.store = Store(store or folder / "store")
        self.pins = Pins(folder / "data" / "sources.lock.json")
        self.target = folder / "data" / "raw" / "pm25_2024.csv"
        self.it = it
        options = {"name": "pm25/2024", "address": it.at("pm25.csv"), "vintage": "2024"}
        self.request = FileRequest(**{**options, **asked})  # type: ignore[arg-type]

    def fetch(self, *, today: date = FIRST_DAY, **options: bool) -> Outcome:
        """Bring the file."""
        return fetch_file(
            self.request,
            self.target,
            store=self.store,
            pins=self.pins,
            client=self.it.client,
            today=lambda: today,
            **options,
        )

    @property
    def standing(self) -> str:
        """Where the file is."""
        return standing(self.request, self.target, store=self.store, pins=self.pins)


def giving(*bodies: bytes) -> Callable[[Asked], Answer]:
    """Return what gives one body after the other, and the last for ever."""
    left = iter(bodies)
    return lambda _asked: Answer(next(left, bodies[-1]), headers={"ETag": '"one"'})


def stored(store: Store) -> dict[str, bytes]:
    """Return the files of a store by their names, each of which is held to be its hash."""
    files = {path.name: path.read_bytes() for path in (store.folder / "files").rglob("?" * 64)}
    assert files == {hashlib.sha256(body).hexdigest(): body for body in files.values()}
    return files


def test_a_file_is_fetched_pinned_and_placed(asking: AskingFrom, tmp_path: Path):
    """Its pin says where it is from, what it is, of when and of which edition."""
    with asking(giving(TABLE)) as it:
        project = Project(tmp_path, it)
        assert project.standing == "missing"
        outcome = project.fetch()
    assert outcome.how == "fetched"
    assert outcome.difference is None
    assert project.target.read_bytes() == TABLE
    assert json.loads(project.pins.file.read_text()) == {
        "pm25/2024": {
            "address": it.at("pm25.csv"),
            "fetched_on": "2026-01-02",
            "sha256": hashlib.sha256(TABLE).hexdigest(),
            "size_bytes": len(TABLE),
            "vintage": "2024",
        }
    }
    assert list(stored(project.store).values()) == [TABLE]
    assert list((project.store.folder / "partial").iterdir()) == []
    assert project.standing == "present"


def test_what_is_there_is_not_fetched_again(asking: AskingFrom, tmp_path: Path):
    """A second call asks nothing and changes no byte of the pins."""
    with asking(giving(TABLE, NEW_TABLE)) as it:
        project = Project(tmp_path, it)
        project.fetch()
        pins = project.pins.file.read_bytes()
        assert project.fetch(today=LATER).how == "present"
    assert len(it.server.asked) == 1
    assert project.pins.file.read_bytes() == pins


@pytest.mark.parametrize("spoil", ["gone", "altered"])
def test_what_is_stored_is_placed_offline(asking: AskingFrom, tmp_path: Path, spoil: str):
    """A file that went, or was altered, is put back from the store without asking anybody."""
    with asking(giving(TABLE)) as it:
        project = Project(tmp_path, it)
        project.fetch()
        project.target.unlink()
        if spoil == "altered":
            project.target.write_bytes(TABLE.replace(b"2.9", b"9.9"))
        assert project.standing == "stored"
        assert project.fetch(today=LATER, offline=True).how == "stored"
    assert project.target.read_bytes() == TABLE
    assert len(it.server.asked) == 1
