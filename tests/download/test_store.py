from __future__ import annotations

import hashlib
import shutil
import stat
from datetime import date
from pathlib import Path

import pytest

from healthycities.download.store import Kept, Store
from healthycities.errors import DownloadError

ADDRESS = "https://publisher.example/x.csv"
DAY = date(2026, 1, 2)
BODY = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store of nothing."""
    return Store(tmp_path / "store")


def kept(store: Store, body: bytes = BODY, address: str = ADDRESS) -> Kept:
    """Bring a file into the store."""
    path = store.partial(address, ".csv")
    path.write_bytes(body)
    return store.keep(path, address, DAY)


def altered(store: Store) -> None:
    """Write into a stored file, as somebody might who has the right to."""
    path = store.find(SHA256)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(BODY.replace(b"1", b"9"))


def test_a_file_is_kept_by_what_it_holds(store: Store):
    """Its name is its SHA-256, nobody may write to it, and nothing stays under way."""
    found = kept(store)
    path = store.folder / "files" / SHA256[:2] / SHA256
    assert found == Kept(sha256=SHA256, size_bytes=8, fetched_on=DAY)
    assert path.read_bytes() == BODY
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert not store.partial(ADDRESS, ".csv").exists()


def test_the_same_file_is_kept_once(store: Store):
    """Two addresses that give the same bytes share one file, and each is remembered."""
    one, two = kept(store), kept(store, address="https://other.example/y.csv")
    assert one == two == store.given_by(ADDRESS) == store.given_by("https://other.example/y.csv")
    assert len(list((store.folder / "files").rglob("?" * 64))) == 1


def test_what_an_address_gave_is_remembered_whoever_asked(store: Store):
    """Secrets make no difference; an address that nobody asked gave nothing."""
    found = kept(store, address=f"{ADDRESS}?uid=1")
    assert store.given_by(f"{ADDRESS}?uid=2") == found
    assert store.given_by("https://other.example/") is None
    assert store.partial(f"{ADDRESS}?uid=1", ".csv") == store.partial(ADDRESS, ".csv")
    assert store.partial(ADDRESS, ".csv") != store.partial("https://other.example/", ".csv")


def test_a_note_that_is_damaged_tells_nothing(store: Store):
    """An address whose note cannot be read counts as not asked."""
    kept(store)
    (note,) = (store.folder / "answers").iterdir()
    note.write_text("{")
    assert store.given_by(ADDRESS) is None


def test_what_is_placed_can_be_written_without_harm(store: Store, tmp_path: Path):
    """A file that is placed is a copy: who alters it alters no other, and not the store."""
    kept(store)
    one, two = tmp_path / "one" / "x.csv", tmp_path / "two" / "x.csv"
    assert store.place(SHA256, one)
    assert store.place(SHA256, two)
    one.write_bytes(b"altered by QGIS")
    assert two.read_bytes() == BODY
    assert store.find(SHA256) is not None


def test_a_file_that_is_not_there_is_not_placed(store: Store, tmp_path: Path):
    """Nothing is written, and what stood there stays."""
    (tmp_path / "x.csv").write_bytes(b"before")
    assert not store.place(SHA256, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b"before"


@pytest.mark.parametrize("use", ["find", "place", "given_by", "keep"])
def test_a_file_that_was_altered_counts_as_not_there(store: Store, tmp_path: Path, use: str):
    """It is removed when it is used, and never given; the right one may come again."""
    kept(store)
    altered(store)
    if use == "find":
        assert store.find(SHA256) is None
    elif use == "given_by":
        assert store.given_by(ADDRESS) is None
    elif use == "place":
        assert not store.place(SHA256, tmp_path / "x.csv")
        assert list(tmp_path.iterdir()) == [store.folder]
    else:
        kept(store)
        assert store.find(SHA256).read_bytes() == BODY  # type: ignore[union-attr]
        return
    assert not list((store.folder / "files").rglob("?" * 64))


def test_a_copy_that_went_wrong_is_not_placed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It is the copy that is hashed, not what it was made of."""
    kept(store)
    monkeypatch.setattr(shutil, "copyfile", lambda _stored, to: to.write_bytes(b"a,b\n"))
    assert not store.place(SHA256, tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_a_disk_without_room_is_told_before_a_copy(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nothing is begun that the disk has no room for."""
    kept(store)
    usage = shutil.disk_usage(tmp_path)._replace(free=7)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(DownloadError, match="the disk has 7 bytes free, and 8 are needed"):
        store.place(SHA256, tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
