"""Files of object stores, from one that lives in memory."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from healthycities.download.client import Client
from healthycities.download.fetching import FileRequest, fetch_file
from healthycities.download.object_store import fetch
from healthycities.download.pins import Pins
from healthycities.download.store import Store
from healthycities.errors import DownloadError


class Bucket(MemoryFileSystem):
    """A store of objects with the addresses of Google's."""

    protocol = "gs"
    store: ClassVar[dict[str, Any]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.replace("gs://", "memory://"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return a store that answers for gs:// while the test runs."""
    # A module whose name in its package is taken by a view of what it holds.
    module = import_module("fsspec.registry")
    monkeypatch.setitem(module._registry, "gs", Bucket)
    files = Bucket()
    files.pipe("/bucket/deaths.csv", b"a,b\n1,2\n")
    return files


def test_a_file_comes_byte_for_byte(bucket: Bucket, tmp_path: Path):
    """What the store holds is what is written."""
    fetch("gs://bucket/deaths.csv", tmp_path / "x.csv", largest_bytes=100)
    assert (tmp_path / "x.csv").read_bytes() == b"a,b\n1,2\n"


def test_a_file_that_is_not_there_is_told(bucket: Bucket, tmp_path: Path):
    """With its address, and what to correct."""
    with pytest.raises(DownloadError, match=r"gs://bucket/no\.csv: there is no such file"):
        fetch("gs://bucket/no.csv", tmp_path / "x.csv", largest_bytes=100)


def test_a_file_that_is_too_large_is_refused(bucket: Bucket, tmp_path: Path):
    """Whatever the store says of its size beforehand."""
    with pytest.raises(DownloadError, match=r"Raise downloads\.largest_gb"):
        fetch("gs://bucket/deaths.csv", tmp_path / "x.csv", largest_bytes=7)


@pytest.mark.parametrize(("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs")])
def test_what_has_to_be_installed_is_named(scheme: str, package: str, tmp_path: Path):
    """The packages for object stores are none of the project's own."""
    try:
        __import__(package)
    except ImportError:
        with pytest.raises(DownloadError, match=f"pip install {package}"):
            fetch(f"{scheme}://bucket/deaths.csv", tmp_path / "x.csv", largest_bytes=100)
    else:
        pytest.skip(f"{package} is installed here")


def test_it_is_kept_and_pinned_like_any_other_file(bucket: Bucket, tmp_path: Path):
    """By the one way by which files come; the second time from where it is."""
    address = "gs://bucket/deaths.csv"
    request = FileRequest(
        "bucket_deaths.csv",
        address,
        "",
        fetch=lambda _client, to: fetch(address, to, largest_bytes=100),
    )
    target, client = tmp_path / "fetched" / "deaths.csv", Client()
    bring = partial(fetch_file, request, target, store=Store(tmp_path / "cache"), client=client)
    pins = Pins(tmp_path / "pins.json")
    assert bring(pins=pins).how == "fetched"
    assert target.read_bytes() == b"a,b\n1,2\n"
    assert bring(pins=pins).how == "present"
    assert pins.read()["bucket_deaths.csv"].address == address
    client.close()
