"""A fetch that is killed at any moment is gone on with by the next one."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.download.conftest import AskingFrom
from tests.loopback.server import Answer, Asked

from healthycities.download.fetching import FileRequest, fetch_file
from healthycities.download.pins import Pins
from healthycities.download.store import Store

BLOCK = 1 << 16
BODY = random.Random(20260101).randbytes(BLOCK * 24 + 77)
SHA256 = hashlib.sha256(BODY).hexdigest()
KILLED = -9

FETCH = """
import sys
from pathlib import Path
from healthycities.download.client import Client
from healthycities.download.fetching import FileRequest, fetch_file
from healthycities.download.pins import Pins
from healthycities.download.store import Store

folder, address = Path(sys.argv[1]), sys.argv[2]
fetch_file(
    FileRequest("x", address, "2024"),
    folder / "raw" / "x.bin",
    store=Store(folder / "store"),
    pins=Pins(folder / "pins.json"),
    client=Client(read_s=600),
)
"""

# Kills itself before the n-th thing that changes which files there are.
KILLED_BEFORE = """
import os, signal, sys

left = int(sys.argv[3])
CHANGES = {"open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "shutil.copyfile"}

def watch(event, arguments):
    global left
    writes = event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if event in CHANGES and writes and sys.argv[1] in str(arguments[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
"""


def nothing_wrong(folder: Path) -> None:
    """Hold that every file under a final name is the right one."""
    for stored in (folder / "store" / "files").rglob("*"):
        if stored.is_file():
            assert hashlib.sha256(stored.read_bytes()).hexdigest() == stored.name
    target = folder / "raw" / "x.bin"
    assert not target.exists() or target.read_bytes() == BODY


class Holding:
    """A server of ranges that sends up to a byte, and then holds the connection."""

    def __init__(self) -> None:
        self.up_to = len(BODY)
        self.starts: list[int] = []
        self.sent = threading.Event()

    def __call__(self, asked: Asked) -> Answer:
        """Announce all of the rest, and send it as far as allowed."""
        start = int(asked.headers.get("range", "bytes=0-")[6:-1])
        self.starts.append(start)
        headers = {"ETag": '"one"', "Content-Length": str(len(BODY) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        self.sent.set()
        return Answer(BODY[start : self.up_to], status=206 if start else 200, headers=headers)


def test_a_fetch_killed_at_ten_moments_goes_on_to_the_same_bytes(
    asking: AskingFrom, tmp_path: Path
):
    """Killed when the server has sent so many bytes, ten times over, each goes on from there."""
    moments = sorted(random.Random(7).sample(range(1000, len(BODY) - 1000), 10))
    server = Holding()
    with asking(server) as it:
        command = [sys.executable, "-c", FETCH, str(tmp_path), it.at("x.bin")]
        for moment in moments:
            server.up_to = moment
            server.sent.clear()
            process = subprocess.Popen(command)
            assert server.sent.wait(60)
            await_bytes(tmp_path, moment // BLOCK * BLOCK)
            process.kill()
            assert process.wait() == KILLED
            nothing_wrong(tmp_path)
            assert not (tmp_path / "raw" / "x.bin").exists()
        server.up_to = len(BODY)
        subprocess.run(command, check=True)
    nothing_wrong(tmp_path)
    assert (tmp_path / "raw" / "x.bin").read_bytes() == BODY
    assert (tmp_path / "store" / "files" / SHA256[:2] / SHA256).exists()
    # Each began where the one before was killed, but for the block that was under way.
    assert len(server.starts) == 11
    assert all(
        0 <= moment - start < 2 * BLOCK
        for moment, start in zip(moments, server.starts[1:], strict=True)
    )


def await_bytes(folder: Path, size_bytes: int) -> None:
    """Wait until so many bytes lie in the partial file."""
    pause = threading.Event()
    for _ in range(6000):
        parts = list((folder / "store" / "partial").glob("*.part"))
        if size_bytes == 0 or (parts and parts[0].stat().st_size >= size_bytes):
            return
        pause.wait(0.01)
    raise AssertionError(f"{size_bytes} bytes never came")


def counting() -> Iterator[int]:
    """Yield 0, 1, 2, …, so far that no fetch changes files as often."""
    yield from range(200)


def test_a_fetch_killed_before_any_change_of_a_file_goes_on(asking: AskingFrom, tmp_path: Path):
    """Killed before the first, the second, … change on disk, the next fetch gives the right file.

    Every state of the disk that a fetch passes through is thus one that it was killed in.
    """
    states: set[frozenset[str]] = set()
    with asking(Holding()) as it:
        for n in counting():
            folder = tmp_path / str(n)
            folder.mkdir()
            given = [str(folder), it.at("x.bin"), str(n)]
            killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE + FETCH, *given])
            nothing_wrong(folder)
            states.add(frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*")))
            if killed.returncode == 0:
                break
            assert killed.returncode == KILLED
            fetch_file(
                FileRequest("x", it.at("x.bin"), "2024"),
                folder / "raw" / "x.bin",
                store=Store(folder / "store"),
                pins=Pins(folder / "pins.json"),
                client=it.client,
            )
            nothing_wrong(folder)
            assert (folder / "raw" / "x.bin").read_bytes() == BODY
    assert (folder / "raw" / "x.bin").read_bytes() == BODY
    assert n > 20
    assert len(states) > 15
