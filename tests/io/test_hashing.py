from __future__ import annotations

from pathlib import Path

import pytest

from healthycities.errors import SourceError
from healthycities.io.hashing import sha256


def test_a_hash_is_the_published_one(tmp_path: Path):
    """The SHA-256 of "abc" and of a million "a" are those of FIPS 180-2, appendix B."""
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    file.write_bytes(b"a" * 1_000_000)
    assert sha256(file) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    """The error names the file."""
    with pytest.raises(SourceError, match=r"lost\.tif: cannot be read: No such file"):
        sha256(tmp_path / "lost.tif")
