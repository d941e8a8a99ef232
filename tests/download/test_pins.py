from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.download.pins import Pin, PinnedMember, Pins
from healthycities.errors import DownloadError

PIN = Pin(
    address="https://publisher.example/x.csv",
    sha256="ab" * 32,
    size_bytes=12,
    fetched_on=date(2026, 1, 2),
    vintage="2024",
)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
SIZES = st.integers(0, 1 << 40)
MEMBERS = st.builds(PinnedMember, name=st.text(min_size=1), sha256=HASHES, size_bytes=SIZES)
PINS = st.builds(
    Pin,
    address=st.text().map(lambda rest: f"https://a.uk/{rest}"),
    sha256=HASHES,
    size_bytes=SIZES,
    fetched_on=st.dates(),
    vintage=st.text(),
    member=st.none() | MEMBERS,
)


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    """Return a project's pins, which hold none."""
    return Pins(tmp_path / "data" / "sources.lock.json")


def test_a_file_that_is_not_there_holds_no_pins(pins: Pins):
    """A new project pins nothing."""
    assert pins.read() == {}


@given(st.dictionaries(st.text(), PINS, max_size=5))
def test_pins_come_back_as_they_were(wanted: dict[str, Pin]):
    """Whatever is pinned is read again, and the order in which it was pinned changes no byte."""
    with TemporaryDirectory() as folder:
        one, two = Pins(Path(folder) / "1.json"), Pins(Path(folder) / "2.json")
        for name in wanted:
            one.record(name, wanted[name])
        for name in reversed(wanted):
            two.record(name, wanted[name])
        assert one.read() == two.read() == wanted
        assert not wanted or one.file.read_bytes() == two.file.read_bytes()


def test_the_file_is_as_a_reader_expects(pins: Pins):
    """Names and keys are sorted, one to a line, and what is not there is left out."""
    pins.record("b", PIN)
    pins.record("a", PIN)
    text = pins.file.read_text(encoding="utf-8")
    assert text.startswith('{\n  "a": {\n    "address": "https://publisher.example/x.csv",\n')
    assert list(json.loads(text)) == ["a", "b"]
    assert "member" not in text
    assert text.endswith("}\n")


def test_the_same_file_keeps_its_day(pins: Pins):
    """A file that is fetched again and is the same makes no difference for a reviewer."""
    pins.record("a", PIN)
    before = pins.file.read_bytes()
    assert pins.record("a", PIN.model_copy(update={"fetched_on": date(2030, 1, 1)})) == PIN
    assert pins.file.read_bytes() == before
    changed = PIN.model_copy(update={"fetched_on": date(2030, 1, 1), "size_bytes": 13})
    assert pins.record("a", changed) == changed
    assert pins.read() == {"a": changed}


def test_those_who_pin_at_once_lose_nothing(pins: Pins):
    """Forty pins by eight threads are all there in the end."""
    threads = [
        threading.Thread(target=lambda n=n: [pins.record(f"{n}/{k}", PIN) for k in range(5)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pins.read() == {f"{n}/{k}": PIN for n in range(8) for k in range(5)}


def written(**changed: object) -> str:
    """Return the text of one entry with some keys changed; None takes a key out."""
    entry = {**PIN.model_dump(mode="json", exclude_none=True), **changed}
    return json.dumps({"pm25/2024": {k: v for k, v in entry.items() if v is not None}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"json: is not JSON: Expecting value: line 1"),
        ("<<<<<<< HEAD\n", "is not JSON: "),
        ("[]", r"json: input should be an object"),
        ("[" * 100_000, "is not JSON"),
        (written(sha256="AB" * 32), r"pm25/2024: sha256: string should match pattern"),
        (written(size_bytes="12"), r"pm25/2024: size_bytes: input should be a valid integer"),
        (written(size_bytes=-1), r"pm25/2024: size_bytes: input should be greater than"),
        (written(address="http://a.uk"), r"pm25/2024: address: string should match pattern"),
        (written(fetched_on="yesterday"), r"pm25/2024: fetched_on: input should be a valid date"),
        (written(vintage=None), r"pm25/2024: vintage: field required"),
        (written(sha265="x"), r"pm25/2024: sha265: extra inputs are not permitted"),
        (written(member={"name": "x"}), r"pm25/2024: member\.sha256: field required"),
        ('{"a": 1, "a": 2}', r"json: a: stands there twice"),
    ],
)
def test_a_damaged_file_is_one_clear_error(pins: Pins, text: str, message: str):
    """The entry and its key are named, and nothing is pinned over it."""
    pins.file.parent.mkdir()
    pins.file.write_text(text, encoding="utf-8")
    with pytest.raises(DownloadError, match=message):
        pins.read()
    with pytest.raises(DownloadError, match="version control"):
        pins.record("b", PIN)
    assert pins.file.read_text(encoding="utf-8") == text


def test_bytes_that_are_no_text_are_told(pins: Pins):
    """A file that is not of UTF-8 is damaged too."""
    pins.file.parent.mkdir()
    pins.file.write_bytes(b"\xff\xfe")
    with pytest.raises(DownloadError, match=r"sources\.lock\.json: cannot be read: "):
        pins.read()


def test_a_pin_is_found_for_what_was_pinned_alone(pins: Pins):
    """Address, vintage and member must be those of the pin; an unknown name has none."""
    pins.record("a", PIN)
    asked = {"address": f"{PIN.address}?uid=1", "vintage": "2024", "member": None}
    assert pins.find("a", **asked) == PIN  # type: ignore[arg-type]
    assert pins.find("b", **asked) is None  # type: ignore[arg-type]
    with pytest.raises(DownloadError, match="a: the vintage pinned is 2024, and 2025 is asked"):
        pins.find("a", **{**asked, "vintage": "2025"})  # type: ignore[arg-type]
