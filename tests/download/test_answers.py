from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthycities.download.answers import length, require_no_page, retry_after_s
from healthycities.errors import DownloadError

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90),
        ("Thu, 01 Jan 2026 12:01:30 -0000", 90),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        (None, 0),
        ("", 0),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
        ("soon", 0),
        ("Thu, 99 Jan 2026 12:01:30 GMT", 0),
    ],
)
def test_how_long_to_wait(value: str | None, wait_s: float):
    """Retry-After is a number of seconds or a date (RFC 9110, 10.2.3); nonsense asks nothing."""
    assert retry_after_s(value, NOW) == wait_s


@pytest.mark.parametrize(
    ("headers", "size_bytes"),
    [
        ({"Content-Length": "10"}, 10),
        ({"Content-Length": "10", "Content-Encoding": "identity"}, 10),
        ({"Content-Length": "10", "Content-Encoding": "gzip"}, None),
        ({"Content-Length": "10", "Transfer-Encoding": "chunked"}, None),
        ({"Content-Length": "ten"}, None),
        ({}, None),
    ],
)
def test_how_large_a_file_is(headers: dict[str, str], size_bytes: int | None):
    """Content-Length is the size of the file only where nothing was pressed on its way."""
    assert length(headers) == size_bytes


@pytest.mark.parametrize(
    "start",
    [
        b"<html>",
        b"\xef\xbb\xbf<!DOCTYPE html>",
        b"  <!-- a --><!-- b -->\n<HTML lang='en'>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    ],
)
def test_what_begins_like_a_page_is_one(start: bytes):
    """Whatever its headers say, it is refused, also where it has no title."""
    with pytest.raises(DownloadError, match=r"x: expected a file, found a web page\. Look"):
        require_no_page("x", {"Content-Type": "application/json"}, start)


@pytest.mark.parametrize(
    "start", [b"", b"a,b\n<html>", b'{"html": 1}', b"<?xml version='1.0'?><gml>", b"<htmlx>", b"PK"]
)
def test_what_begins_otherwise_is_none(start: bytes):
    """Tables, JSON, GML and archives are let through."""
    require_no_page("x", {"Content-Type": "text/plain"}, start)
