from __future__ import annotations

import json
from pathlib import Path

import pytest

from healthycities.io.atomic import replacing, write_json, write_text


def test_a_file_appears_when_it_is_whole(tmp_path: Path):
    """While the block runs nothing has the final name; afterwards that is all there is."""
    path = tmp_path / "new" / "table.parquet"
    with replacing(path) as temporary:
        temporary.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_is_beside_the_final_one_with_its_suffix(tmp_path: Path):
    """Drivers choose a format by suffix, and a move within a folder is not a copy."""
    path = tmp_path / "grid.tif"
    with replacing(path) as temporary:
        temporary.touch()
        assert temporary != path
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".tif")
        assert temporary.name.startswith(".")


def test_a_failure_leaves_what_stood_there(tmp_path: Path):
    """When the block raises, the old file stays and no part of the new one does."""
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half of the n")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), replacing(path) as temporary:
        fail(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_leaves_what_stood_there(tmp_path: Path):
    """A block that forgets to write is an error, not an empty or a missing file."""
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_what_an_earlier_process_left_is_not_added_to(tmp_path: Path):
    """A temporary file left under the same name is gone before the block starts."""
    path = tmp_path / "table.csv"
    with replacing(path) as temporary:
        temporary.write_text("first")
    temporary.write_text("left over")
    with replacing(path) as again:
        assert again == temporary
        assert not again.exists()
        again.write_text("second")
    assert path.read_text() == "second"


def test_text_is_utf8_with_unix_line_ends(tmp_path: Path):
    """The bytes of a text are the same on every system."""
    path = tmp_path / "notes.txt"
    write_text(path, "µg/m³\n£\n")
    assert path.read_bytes() == b"\xc2\xb5g/m\xc2\xb3\n\xc2\xa3\n"


def test_the_same_content_is_the_same_json(tmp_path: Path):
    """The order of keys does not change the bytes, and letters are not escaped."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_json(first, {"b": [1, 2], "a": {"d": "µ", "c": None}})
    write_json(second, {"a": {"c": None, "d": "µ"}, "b": [1, 2]})
    assert first.read_bytes() == second.read_bytes()
    assert first.read_text(encoding="utf-8").endswith("]\n}\n")
    assert "µ" in first.read_text(encoding="utf-8")
    assert json.loads(first.read_bytes()) == {"a": {"c": None, "d": "µ"}, "b": [1, 2]}
