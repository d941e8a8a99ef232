from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from tests.download.conftest import Asking, AskingFrom
from tests.loopback.server import Answer, Asked

from healthycities.download.client import Client
from healthycities.download.fetching import (
    FileRequest,
    Outcome,
    fetch_all,
    fetch_file,
    standing,
)
from healthycities.download.pins import Pins
from healthycities.download.store import Store
from healthycities.errors import DownloadError

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


def sha256_of(body: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(body).hexdigest()


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


def test_a_stored_file_that_was_altered_is_fetched_again(asking: AskingFrom, tmp_path: Path):
    """What somebody wrote into the store is not placed, and the publisher's file replaces it."""
    with asking(giving(TABLE)) as it:
        project = Project(tmp_path, it)
        project.fetch()
        project.target.unlink()
        (altered,) = (project.store.folder / "files").rglob("?" * 64)
        altered.chmod(0o644)
        altered.write_bytes(b"altered")
        assert project.standing == "missing"
        assert project.fetch(today=LATER).how == "fetched"
    assert project.target.read_bytes() == TABLE
    assert list(stored(project.store).values()) == [TABLE]
    assert project.pins.read()["pm25/2024"].fetched_on == FIRST_DAY


def test_offline_nothing_is_asked(asking: AskingFrom, tmp_path: Path):
    """What is neither placed nor stored is told, pinned or not, and no byte is asked for."""
    with asking(giving(TABLE)) as it:
        project = Project(tmp_path, it)
        with pytest.raises(DownloadError, match=r"pm25\.csv: pm25/2024: no file is pinned, and it"):
            project.fetch(offline=True)
        with pytest.raises(DownloadError, match="an update asks the publisher"):
            project.fetch(offline=True, update=True)
        assert it.server.asked == []
        project.fetch()
        other = Project(tmp_path, it, tmp_path / "empty store")
        other.target.unlink()
        with pytest.raises(DownloadError, match=r"the file pinned \(53 bytes, SHA-256 \w{12}…"):
            other.fetch(offline=True)
    assert len(it.server.asked) == 1
    assert not other.target.exists()


def test_a_changed_file_is_refused_until_it_is_wanted(asking: AskingFrom, tmp_path: Path):
    """The difference is told and nothing changes; an update takes it and tells it again."""
    with asking(giving(TABLE, NEW_TABLE)) as it:
        project = Project(tmp_path, it)
        project.fetch()
        pins = project.pins.file.read_bytes()
        project.target.unlink()
        other_store = Project(tmp_path, it, tmp_path / "store of another machine")
        with pytest.raises(
            DownloadError,
            match=r"pinned are 53 bytes, SHA-256 \w+…, of 2026-01-02; "
            r"found are 78 bytes, SHA-256 \w+…, of 2031-05-06.*fetch --update",
        ):
            other_store.fetch(today=LATER)
        assert not project.target.exists()
        assert project.pins.file.read_bytes() == pins
        outcome = other_store.fetch(today=LATER, update=True)
    assert outcome.how == "fetched"
    told = r"was 53 bytes, SHA-256 \w+…, of 2026-01-02; is 78 bytes, SHA-256 \w+…, of 2031-05-06"
    assert re.fullmatch(told, outcome.difference or "")
    assert project.target.read_bytes() == NEW_TABLE
    assert project.pins.read()["pm25/2024"].fetched_on == LATER
    assert stored(other_store.store).keys() == {sha256_of(NEW_TABLE)}


def test_an_update_that_finds_the_same_changes_nothing(asking: AskingFrom, tmp_path: Path):
    """The publisher is asked, and the pins keep their bytes, with the day of before."""
    with asking(giving(TABLE)) as it:
        project = Project(tmp_path, it)
        project.fetch()
        pins = project.pins.file.read_bytes()
        outcome = project.fetch(today=LATER, update=True)
    assert (outcome.how, outcome.difference) == ("fetched", None)
    assert len(it.server.asked) == 2
    assert project.pins.file.read_bytes() == pins


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"address": "https://publisher.example/other.csv"}, "the address pinned is https://loc"),
        ({"vintage": "2025"}, "the vintage pinned is 2024, and 2025 is asked for"),
        ({"member": "a.csv"}, "the member pinned is none, and a.csv is asked for"),
    ],
)
def test_a_pin_of_something_else_is_refused(
    asking: AskingFrom, tmp_path: Path, asked: dict[str, str], message: str
):
    """What is asked for now must be what was pinned, or be taken by an update."""
    with asking(giving(TABLE)) as it:
        Project(tmp_path, it).fetch()
        other = Project(tmp_path, it, **asked)
        with pytest.raises(DownloadError, match=rf"sources\.lock\.json: pm25/2024: {message}"):
            other.fetch()
    assert len(it.server.asked) == 1


def test_two_projects_share_what_is_fetched_on_a_day(asking: AskingFrom, tmp_path: Path):
    """A project without pins takes what another fetched today; of another day it asks anew."""
    with asking(giving(TABLE, NEW_TABLE)) as it:
        Project(tmp_path / "one", it, tmp_path / "store").fetch()
        two = Project(tmp_path / "two", it, tmp_path / "store")
        assert two.fetch().how == "stored"
        assert two.target.read_bytes() == TABLE
        three = Project(tmp_path / "three", it, tmp_path / "store")
        assert three.fetch(today=LATER).how == "fetched"
        assert three.target.read_bytes() == NEW_TABLE
        four = Project(tmp_path / "four", it, tmp_path / "store")
        assert four.fetch(offline=True).how == "stored"
    assert len(it.server.asked) == 2
    assert two.pins.file.read_bytes() == Project(tmp_path / "one", it).pins.file.read_bytes()


def test_those_who_want_one_file_at_once_fetch_it_once(asking: AskingFrom, tmp_path: Path):
    """Who comes while another is asking waits for it, and then finds the file in the store."""
    begun, waited = threading.Event(), threading.Event()

    def answer(_asked: Asked) -> Answer:
        begun.set()
        waited.wait(10)
        return Answer(TABLE)

    with asking(answer) as it:
        projects = [Project(tmp_path / str(n), it, tmp_path / "store") for n in range(3)]
        hows: list[str] = []
        threads = [
            threading.Thread(target=lambda one=one: hows.append(one.fetch().how))
            for one in projects
        ]
        threads[0].start()
        assert begun.wait(10)
        for thread in threads[1:]:
            thread.start()
        waited.set()
        for thread in threads:
            thread.join()
    assert sorted(hows) == ["fetched", "stored", "stored"]
    assert {project.target.read_bytes() for project in projects} == {TABLE}
    assert len(it.server.asked) == 1


def test_secrets_are_neither_pinned_nor_stored(asking: AskingFrom, tmp_path: Path):
    """Whoever's key is used, the pin is the same, and no file written holds it."""
    with asking(giving(TABLE)) as it:
        mine = Project(tmp_path, it, address=it.at("pm25.csv?uid=0xmine&date=2024"))
        mine.fetch()
        assert it.server.asked[0].query == {"uid": "0xmine", "date": "2024"}
        theirs = Project(tmp_path, it, address=it.at("pm25.csv?date=2024&uid=0xtheirs"))
        assert theirs.fetch().how == "present"
        assert mine.pins.read()["pm25/2024"].address == it.at("pm25.csv?date=2024")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if b"0xmine" in path.read_bytes()]


def test_a_protocol_may_write_the_file(asking: AskingFrom, tmp_path: Path):
    """What writes the file is given the client, and a path with the suffix of the target."""
    seen: list[Path] = []

    def write(client: Client, to: Path) -> None:
        seen.append(to)
        assert not to.exists()
        to.write_bytes(client.read(it.at("page/1")).body + client.read(it.at("page/2")).body)

    with asking(lambda asked: Answer(asked.path[-1:].encode())) as it:
        project = Project(tmp_path, it, fetch=write)
        (project.store.partial(project.request.address, ".csv")).write_bytes(b"half of a file")
        project.fetch()
    assert project.target.read_bytes() == b"12"
    assert seen[0].suffix == ".csv"


# --- Zips ---


def zipped(**members: bytes) -> bytes:
    """Return a zip, the same bytes each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return file.getvalue()


def test_a_member_of_a_zip_is_placed(asking: AskingFrom, tmp_path: Path):
    """The zip is stored and pinned, the member is placed and pinned too, and is then present."""
    packed = zipped(table=TABLE, other=b"x")
    with asking(giving(packed)) as it:
        project = Project(tmp_path, it, address=it.at("pm25.zip"), member="table")
        assert project.fetch().how == "fetched"
        pin = project.pins.read()["pm25/2024"]
        assert (pin.sha256, pin.size_bytes) == (sha256_of(packed), len(packed))
        assert pin.member is not None
        assert pin.member.model_dump() == {
            "name": "table",
            "sha256": sha256_of(TABLE),
            "size_bytes": len(TABLE),
        }
        assert list(stored(project.store).values()) == [packed]
        assert project.fetch().how == "present"
        project.target.unlink()
        assert project.fetch(offline=True).how == "stored"
    assert project.target.read_bytes() == TABLE


def test_two_members_of_a_zip_are_one_download(asking: AskingFrom, tmp_path: Path):
    """The second finds the zip in the store."""
    with asking(giving(zipped(a=TABLE, b=NEW_TABLE))) as it:
        one = Project(tmp_path, it, member="a")
        one.fetch()
        two = Project(tmp_path, it, member="b", name="pm25/2025")
        two.target = tmp_path / "b.csv"
        assert two.fetch().how == "stored"
    assert two.target.read_bytes() == NEW_TABLE
    assert len(it.server.asked) == 1
    assert list(one.pins.read()) == ["pm25/2024", "pm25/2025"]


def test_a_member_that_is_not_as_pinned_is_refused(asking: AskingFrom, tmp_path: Path):
    """Where the zip is the one pinned and its member is not, the pins were altered."""
    with asking(giving(zipped(table=TABLE))) as it:
        project = Project(tmp_path, it, member="table")
        project.fetch()
        project.target.unlink()
        pins = project.pins.file.read_text().replace(sha256_of(TABLE), sha256_of(NEW_TABLE))
        project.pins.file.write_text(pins)
        with pytest.raises(DownloadError, match=r"pinned is table of 53 bytes, .* altered\.$"):
            project.fetch()
    assert not project.target.exists()
    assert project.pins.file.read_text() == pins


def test_a_zip_that_means_harm_leaves_nothing(asking: AskingFrom, tmp_path: Path):
    """With a name that leads out of its folder, nothing is placed and nothing is pinned."""
    with asking(giving(zipped(**{"table": TABLE, "../evil": b"x"}))) as it:
        project = Project(tmp_path, it, member="table")
        with pytest.raises(DownloadError, match=r"may lead out of its folder: '\.\./evil'"):
            project.fetch()
    assert not project.target.exists()
    assert project.pins.read() == {}
    assert not list(tmp_path.rglob("evil"))


# --- Faults on the way ---


@pytest.mark.parametrize(
    "fault",
    [
        Answer(TABLE, cut_at=20),
        Answer(status=429, headers={"Retry-After": "3"}),
        Answer(status=500),
        Answer(b"late", waits_s=20),
        Answer(TABLE, headers={"Content-Length": "90"}, cut_at=len(TABLE)),
    ],
    ids=["truncated", "429", "500", "hang", "less than announced"],
)
def test_after_a_passing_fault_the_file_is_right(asking: AskingFrom, tmp_path: Path, fault: Answer):
    """A fault that passes leaves the right file, the right pin and nothing else."""
    answers = iter([fault])
    with asking(lambda _asked: next(answers, Answer(TABLE)), read_s=0.3) as it:
        project = Project(tmp_path, it)
        project.fetch()
    assert project.target.read_bytes() == TABLE
    assert project.pins.read()["pm25/2024"].sha256 == sha256_of(TABLE)
    assert list(stored(project.store).values()) == [TABLE]


@pytest.mark.parametrize(
    ("fault", "certified_for"),
    [
        (Answer(TABLE, cut_at=20), "localhost"),
        (Answer(status=404), "localhost"),
        (Answer(b"<!doctype html><title>Sorry</title>"), "localhost"),
        (Answer(status=302, headers={"Location": "http://localhost/x"}), "localhost"),
        (Answer(bytes(2000)), "localhost"),
        (Answer(TABLE), "other.example"),
    ],
    ids=["truncated", "404", "page", "redirect to http", "too large", "certificate"],
)
def test_after_a_lasting_fault_nothing_has_changed(
    asking: AskingFrom, tmp_path: Path, fault: Answer, certified_for: str
):
    """A fault that stays is one error, and neither target, pins nor store hold anything."""
    with asking(lambda _asked: fault, certified_for, tries=2) as it:
        project = Project(tmp_path, it, largest_bytes=1000)
        with pytest.raises(DownloadError, match=r"https://localhost:\d+/pm25\.csv: "):
            project.fetch()
    assert not project.target.exists()
    assert not project.pins.file.exists()
    assert stored(project.store) == {}


def test_a_store_that_may_not_be_written_is_told(asking: AskingFrom, tmp_path: Path):
    """Where a file stands in the way of the folder, the message names it."""
    (tmp_path / "store").write_text("I am a file")
    with asking(giving(TABLE)) as it, pytest.raises(DownloadError, match="cannot be written: "):
        Project(tmp_path, it).fetch()


# --- Several at once ---


def several(tmp_path: Path, it: Asking, count: int) -> dict[Path, FileRequest]:
    """Return requests of files 0, 1, 2, …."""
    return {
        tmp_path / "raw" / f"{n}.csv": FileRequest(f"file/{n}", it.at(str(n)), "2024")
        for n in range(count)
    }


def test_several_files_come_at_once(
    asking: AskingFrom, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """As many as allowed are asked for at the same time; all come, and each is logged."""
    caplog.set_level(logging.INFO)
    together = threading.Barrier(3)

    def answer(asked: Asked) -> Answer:
        together.wait(10)
        return Answer(asked.path.encode())

    with asking(answer) as it:
        wanted = several(tmp_path, it, 6)
        pins = Pins(tmp_path / "pins.json")
        outcomes = fetch_all(
            wanted,
            store=Store(tmp_path / "store"),
            pins=pins,
            new_client=lambda told: Client(told=told),
            at_once=3,
        )
    assert list(outcomes) == list(wanted)
    assert {target.read_text() for target in wanted} == {f"/{n}" for n in range(6)}
    assert list(pins.read()) == [f"file/{n}" for n in range(6)]
    assert "file/5: fetched, 2 bytes, SHA-256" in caplog.text


def test_all_failures_are_told_in_one_error(asking: AskingFrom, tmp_path: Path):
    """Those that can be had are had, and one error tells of all the others."""

    def answer(asked: Asked) -> Answer:
        return Answer(status=404) if asked.path in ("/1", "/3") else Answer(b"x")

    with asking(answer) as it:
        wanted = several(tmp_path, it, 5)
        with pytest.raises(DownloadError) as caught:
            fetch_all(
                wanted,
                store=Store(tmp_path / "store"),
                pins=Pins(tmp_path / "pins.json"),
                new_client=lambda told: Client(told=told),
            )
    message = str(caught.value)
    assert message.startswith("2 of 5 files cannot be had:\n  https://localhost:")
    assert message.count("answered 404 Not Found") == 2
    assert [int(target.stem) for target in wanted if target.exists()] == [0, 2, 4]


def test_one_failure_is_told_as_it_is(asking: AskingFrom, tmp_path: Path):
    """A single error needs no list."""
    with (
        asking(lambda _asked: Answer(status=410)) as it,
        pytest.raises(DownloadError, match=r"^https://localhost:\d+/0: answered 410 Gone"),
    ):
        fetch_all(
            several(tmp_path, it, 1),
            store=Store(tmp_path / "store"),
            pins=Pins(tmp_path / "pins.json"),
            new_client=lambda told: Client(told=told),
        )


def test_what_is_under_way_stops_when_all_end(
    asking: AskingFrom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """After an error that nobody foresaw, another download goes no further than its next bytes."""
    monkeypatch.setattr(threading, "excepthook", lambda _told: None)
    begun, stopped = threading.Event(), threading.Event()
    told: list[str] = []

    def reading_for_ever(client: Client, _to: Path) -> None:
        try:
            while True:
                client.read(it.at("page"))
                begun.set()
        except DownloadError as error:
            told.append(str(error))
            stopped.set()
            raise

    def wrong(_client: Client, _to: Path) -> None:
        assert begun.wait(10)
        raise ZeroDivisionError

    with asking(lambda _asked: Answer(b"x")) as it:
        with pytest.raises(ZeroDivisionError):
            fetch_all(
                {
                    tmp_path / "a": FileRequest("a", it.at("a"), "2024", fetch=reading_for_ever),
                    tmp_path / "b": FileRequest("b", it.at("b"), "2024", fetch=wrong),
                },
                store=Store(tmp_path / "store"),
                pins=Pins(tmp_path / "pins.json"),
                new_client=lambda told: Client(told=told),
            )
        assert stopped.wait(10)
    assert told == ["was stopped."]


def test_a_terminal_shows_bars(asking: AskingFrom, tmp_path: Path):
    """The names of what is under way stand there, and the bars are gone in the end."""
    screen = Console(file=io.StringIO(), force_terminal=True, width=100)
    with asking(lambda _asked: Answer(bytes(1_000_000), waits_s=0.3)) as it:
        fetch_all(
            several(tmp_path, it, 2),
            store=Store(tmp_path / "store"),
            pins=Pins(tmp_path / "pins.json"),
            new_client=lambda told: Client(told=told),
            console=screen,
        )
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "file/0" in shown
    assert "file/1" in shown


STOPPED = """
import signal
import sys
from pathlib import Path
from healthycities.download.client import Client
from healthycities.download.fetching import FileRequest, fetch_all
from healthycities.download.pins import Pins
from healthycities.download.store import Store

# A shell that runs the tests in the background has its children ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, address = Path(sys.argv[1]), sys.argv[2]
fetch_all(
    {folder / "x.csv": FileRequest("x", address, "2024")},
    store=Store(folder / "store"),
    pins=Pins(folder / "pins.json"),
    new_client=lambda told: Client(told=told, read_s=600),
)
"""


def test_who_stops_it_is_not_kept_waiting(asking: AskingFrom, tmp_path: Path):
    """Ctrl-C ends the program although the server would say nothing for ten minutes."""
    begun = threading.Event()

    def answer(_asked: Asked) -> Answer:
        begun.set()
        return Answer(TABLE, waits_s=600)

    with asking(answer) as it:
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPED, str(tmp_path), it.at("x")],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert begun.wait(60)
        os.kill(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert not (tmp_path / "x.csv").exists()
