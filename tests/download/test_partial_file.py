from __future__ import annotations

from pathlib import Path

import pytest

from healthycities.download.partial_file import Marks, PartialFile, range_headers, range_start

TIME = "Wed, 01 Jan 2025 00:00:00 GMT"


@pytest.mark.parametrize(
    ("marks", "validator"),
    [
        (Marks("a", '"x"', TIME), '"x"'),
        (Marks("a", 'W/"x"', TIME), TIME),
        (Marks("a", None, TIME), TIME),
        (Marks("a", 'W/"x"'), None),
        (Marks("a"), None),
    ],
)
def test_what_tells_one_file_from_a_later_one(marks: Marks, validator: str | None):
    """A weak tag may stand for other bytes, so it asks for no range (RFC 9110, 13.1.5)."""
    assert marks.validator == validator
    wanted = {"Range": "bytes=5-", "If-Range": validator} if validator else {}
    assert range_headers(marks, 5) == wanted


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("bytes 5-9/10", (5, 10)),
        ("bytes 5-9/*", (5, None)),
        ("bytes */10", (None, None)),
        ("bytes 5-9", (None, None)),
        ("", (None, None)),
    ],
)
def test_where_a_part_starts(value: str, start: tuple[int | None, int | None]):
    """Content-Range gives the first byte and the size of the whole."""
    assert range_start({"Content-Range": value}) == start


def test_marks_deny_each_other_only_in_what_both_say():
    """A server that leaves a header out of a part does not say that the file changed."""
    marks = Marks("a", '"x"', TIME, 10)
    assert not marks.denies(Marks("a"))
    assert not marks.denies(marks)
    assert marks.denies(Marks("a", '"y"'))
    assert marks.denies(Marks("a", total_bytes=11))
    assert marks.denies(Marks("a", last_modified="Thu, 02 Jan 2025 00:00:00 GMT"))


def test_a_file_that_is_begun_again_keeps_nothing(tmp_path: Path):
    """Neither bytes nor marks of before are there; without bytes there is nothing to go on with."""
    partial = PartialFile(tmp_path / "x.part")
    marks = Marks("a", '"x"')
    partial.begin(marks)
    assert partial.marks("a") is None
    partial.file.write_bytes(b"12345")
    assert (partial.size_bytes, partial.marks("a"), partial.marks("b")) == (5, marks, None)
    partial.begin(Marks("a", '"y"'))
    assert partial.size_bytes == 0
    partial.drop()
    assert list(tmp_path.iterdir()) == []
