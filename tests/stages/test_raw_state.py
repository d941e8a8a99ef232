from __future__ import annotations

import os
from pathlib import Path

import pytest

from healthycities.stages.raw_state import HASHED_BELOW_BYTES, raw_state


def written(file: Path, content: bytes, seconds: int) -> str:
    """Write a file of a date, and return its state."""
    file.write_bytes(content)
    os.utime(file, (seconds, seconds))
    return raw_state(file)


def test_a_small_file_is_told_by_its_content(tmp_path: Path):
    """Another date changes nothing, another content of the same length and date does."""
    file = tmp_path / "a.csv"
    before = written(file, b"a,b", 2_000)
    assert written(file, b"a,b", 1_000) == before
    assert written(file, b"a,c", 2_000) != before
    # SHA-256 of "abc", as FIPS 180-2 gives it.
    assert written(file, b"abc", 0) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("size", [HASHED_BELOW_BYTES, HASHED_BELOW_BYTES + 1])
def test_a_large_file_is_told_by_size_and_date(tmp_path: Path, size: int):
    """An older date changes its state as a newer one does, and so does another length."""
    file = tmp_path / "a.csv"
    before = written(file, bytes(size), 2_000)
    assert written(file, bytes(size), 2_000) == before
    states = {written(file, bytes(size), seconds) for seconds in (1_000, 2_000, 3_000)}
    assert len(states) == 3
    assert written(file, bytes(size + 1), 2_000) != before


def test_the_date_of_a_large_file_is_taken_to_the_nanosecond(tmp_path: Path):
    """Two files of one second are told apart."""
    file = tmp_path / "a.csv"
    before = written(file, bytes(HASHED_BELOW_BYTES), 1)
    os.utime(file, ns=(0, 1_000_000_500))
    assert raw_state(file) != before
