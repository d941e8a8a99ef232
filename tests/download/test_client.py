from __future__ import annotations

import gzip
import hashlib
import json
import logging
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.download.conftest import Asking, AskingFrom
from tests.loopback.server import Answer, Asked, serving

from healthycities.download.client import Client, Downloaded
from healthycities.errors import DownloadError

BLOCK = 1 << 16
BODY = bytes(range(256)) * (BLOCK // 256) * 5 + b"the end"
FIRST = {"ETag": '"one"', "Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}


def in_turn(*answers: Answer) -> Callable[[Asked], Answer]:
    """Return what gives one answer after the other, and the last one for ever."""
    left = iter(answers)
    last = answers[-1]

    def answer(_asked: Asked) -> Answer:
        return next(left, last)

    return answer


class Ranges(NamedTuple):
    """A server that knows ranges, and cuts its first answers short."""

    body: bytes = BODY
    etag: str | None = '"one"'
    last_modified: str | None = None
    cuts: Iterator[int] = iter(())

    def __call__(self, asked: Asked) -> Answer:
        """Answer as RFC 9110 says that ranges and If-Range are answered."""
        marks = {"ETag": self.etag, "Last-Modified": self.last_modified}
        headers = {name: value for name, value in marks.items() if value is not None}
        wanted = asked.headers.get("range")
        if wanted is None or asked.headers.get("if-range") not in headers.values():
            return Answer(self.body, headers=headers, cut_at=next(self.cuts, None))
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.body):
            return Answer(status=416, headers={"Content-Range": f"bytes */{len(self.body)}"})
        told = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        return Answer(
            self.body[start:],
            status=206,
            headers={**headers, "Content-Range": told},
            cut_at=next(self.cuts, None),
        )


# --- What goes well ---


def test_a_body_comes_with_its_headers(asking: AskingFrom):
    """What the server says is what is returned, and the client says who it is."""
    with asking(in_turn(Answer(b"a,b\n1,2\n", headers={"X-Total": "1"}))) as it:
        received = it.client.read(it.at("table.csv"))
    assert received.body == b"a,b\n1,2\n"
    assert received.headers["x-total"] == "1"
    assert received.address == it.at("table.csv")
    assert it.server.asked[0].headers["user-agent"].startswith("healthycities/")


def test_a_body_pressed_on_its_way_comes_as_it_was(asking: AskingFrom):
    """A small answer may come as gzip, and is unpacked."""
    packed = Answer(gzip.compress(b"[1, 2]"), headers={"Content-Encoding": "gzip"})
    with asking(in_turn(packed)) as it:
        assert it.client.json(it.at("list")) == [1, 2]


def test_a_file_comes_whole_with_its_hash_and_marks(asking: AskingFrom, tmp_path: Path):
    """Its bytes are those of the server, asked for as they are; nothing is left beside it."""
    to = tmp_path / "new" / "file.bin"
    with asking(in_turn(Answer(BODY, headers=FIRST))) as it:
        found = it.client.download(
            it.at("file.bin"), to, md5=hashlib.md5(BODY).hexdigest(), size_bytes=len(BODY)
        )
    assert to.read_bytes() == BODY
    assert found == Downloaded(
        len(BODY), hashlib.sha256(BODY).hexdigest(), FIRST["Last-Modified"], '"one"'
    )
    assert list(to.parent.iterdir()) == [to]
    assert it.server.asked[0].headers["accept-encoding"] == "identity"


def test_progress_is_told(asking: AskingFrom, tmp_path: Path):
    """The bytes that came grow to the size of the whole, which is told too."""
    told: list[tuple[int, int | None]] = []
    with asking(in_turn(Answer(BODY)), told=lambda *one: told.append(one)) as it:
        it.client.download(it.at("x"), tmp_path / "x")
    assert [have for have, _ in told] == [BLOCK * n for n in range(1, 6)] + [len(BODY)]
    assert {total for _, total in told} == {len(BODY)}


def test_a_size_is_known_before_the_file_comes(asking: AskingFrom):
    """What the server announces is told, also of a body that breaks off; or None."""
    answers = (Answer(BODY, cut_at=0), Answer(BODY, headers={"Content-Encoding": "gzip"}))
    with asking(in_turn(*answers)) as it:
        assert it.client.size_bytes(it.at("x")) == len(BODY)
        assert it.client.size_bytes(it.at("x")) is None


def test_progress_of_pages_adds_up(asking: AskingFrom):
    """A client that reads a file page by page tells how much of it has come in all."""
    told: list[tuple[int, int | None]] = []
    with asking(
        in_turn(Answer(b"12345"), Answer(b"678")), told=lambda *one: told.append(one)
    ) as it:
        it.client.read(it.at("1"))
        it.client.read(it.at("2"))
    assert told == [(5, None), (8, None)]


def test_a_file_that_is_pressed_all_the_same_is_unpacked(asking: AskingFrom, tmp_path: Path):
    """A server that ignores what was asked for gives the file itself in the end."""
    packed = Answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip", **FIRST})
    with asking(in_turn(packed)) as it:
        assert it.client.download(it.at("x"), tmp_path / "x").size_bytes == len(BODY)
    assert (tmp_path / "x").read_bytes() == BODY


# --- Trying again ---


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(asking: AskingFrom, status: int):
    """A passing fault is waited out, and then the answer is returned."""
    with asking(in_turn(Answer(status=status), Answer(b"yes"))) as it:
        assert it.client.read(it.at("x")).body == b"yes"
    assert it.waits_s == [1.0]


def test_waits_grow_up_to_a_ceiling_and_end(asking: AskingFrom, caplog: pytest.LogCaptureFixture):
    """Waits double from 1 s up to 60 s, each is logged, and after the last try there is an end."""
    with (
        asking(in_turn(Answer(status=503)), tries=9) as it,
        pytest.raises(
            DownloadError,
            match=r"/x: answered 503 Service Unavailable, at the last of 9 tries\. Try again later",
        ),
    ):
        it.client.read(it.at("x"))
    assert it.waits_s == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(it.server.asked) == 9
    assert "try 2 of 9 follows in 1 s" in caplog.text


def test_half_of_a_wait_is_by_chance(asking: AskingFrom):
    """At the least chance the waits are half of those at the greatest."""
    with (
        asking(in_turn(Answer(status=503)), tries=4, chance=lambda: 0.0) as it,
        pytest.raises(DownloadError),
    ):
        it.client.read(it.at("x"))
    assert it.waits_s == [0.5, 1, 2]


@pytest.mark.parametrize(("asked_s", "waited_s"), [("7", 7), ("0", 1), ("86400", 300), ("?", 1)])
def test_a_publisher_says_how_long_to_wait(asking: AskingFrom, asked_s: str, waited_s: float):
    """Retry-After is honoured up to five minutes, and one that says nothing changes nothing."""
    busy = Answer(status=429, headers={"Retry-After": asked_s})
    with asking(in_turn(busy, Answer(b"yes"))) as it:
        assert it.client.read(it.at("x")).body == b"yes"
    assert it.waits_s == [waited_s]


def test_a_body_that_breaks_off_is_asked_for_again(asking: AskingFrom):
    """A truncated answer is never returned."""
    with asking(in_turn(Answer(b"0123456789", cut_at=4), Answer(b"0123456789"))) as it:
        assert it.client.read(it.at("x")).body == b"0123456789"
    assert len(it.waits_s) == 1


def test_a_server_that_says_nothing_is_left(asking: AskingFrom):
    """A hang ends after the time that is allowed for it, at each try."""
    with (
        asking(in_turn(Answer(b"late", waits_s=30)), read_s=0.2, tries=2) as it,
        pytest.raises(DownloadError, match=r"nothing came for 0\.2 s, at the last of 2 tries"),
    ):
        it.client.read(it.at("x"))


def test_a_server_that_is_not_there_is_told(asking: AskingFrom):
    """A port on which nobody listens is tried again, and then told."""
    with asking(in_turn(Answer())) as it:
        address = it.at("x")
    with pytest.raises(DownloadError, match="the connection failed or broke off, at the last of 6"):
        it.client.read(address)


# --- What would not go better ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_told_at_once(asking: AskingFrom, status: int):
    """An answer that would be the same next time is not asked for again."""
    with (
        asking(in_turn(Answer(status=status))) as it,
        pytest.raises(DownloadError, match=rf"/x: answered {status} \w+"),
    ):
        it.client.read(it.at("x"))
    assert len(it.server.asked) == 1


def test_a_certificate_that_does_not_fit_is_told_at_once(asking: AskingFrom):
    """One for another host, though signed by who is trusted, is neither accepted nor retried."""
    with (
        asking(in_turn(Answer(b"x")), certified_for="other.example") as it,
        pytest.raises(DownloadError, match=r"certificate of its server is not trusted: Hostname"),
    ):
        it.client.read(it.at("x"))
    assert it.waits_s == []
    assert it.server.asked == []


def test_a_certificate_of_an_unknown_authority_is_told(
    asking: AskingFrom, monkeypatch: pytest.MonkeyPatch
):
    """Without the authority of the server in the environment, nothing is asked."""
    with asking(in_turn(Answer(b"x"))) as it:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(DownloadError, match="REQUESTS_CA_BUNDLE"):
            Client(sleep=it.waits_s.append).read(it.at("x"))
    assert it.server.asked == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_authorities_come_from_the_environment(
    asking: AskingFrom, monkeypatch: pytest.MonkeyPatch, name: str
):
    """Each of the usual names is honoured."""
    with asking(in_turn(Answer(b"x"))) as it:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.setenv(name, str(it.server.authority_file))
        assert Client().read(it.at("x")).body == b"x"


def test_authorities_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch):
    """The name of the variable and of its file stand in the message."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/lost.pem")
    with pytest.raises(DownloadError, match=r"SSL_CERT_FILE: the environment names /lost\.pem"):
        Client()


def test_a_proxy_comes_from_the_environment(asking: AskingFrom, monkeypatch: pytest.MonkeyPatch):
    """With a proxy that nobody serves the address is not asked directly."""
    with asking(in_turn(Answer(b"x")), tries=1) as it:
        monkeypatch.setenv("HTTPS_PROXY", "http://me:hidden@127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(DownloadError, match="proxy does not let it through") as caught:
            it.client.read(it.at("x"))
    assert it.server.asked == []
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://example.org/x", "ftp://example.org/x", "file:///etc/hosts", "https:///x"]
)
def test_only_https_is_asked(address: str):
    """Any other address is refused before anything is sent."""
    with pytest.raises(DownloadError, match="only https addresses are asked"):
        Client().read(address)


def test_redirects_are_followed(asking: AskingFrom):
    """An address that leads on, by a path or whole, is followed."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/there":
            return Answer(b"yes")
        return Answer(status=302, headers={"Location": "/there"})

    with asking(answer) as it:
        assert it.client.read(it.at("here?a=1")).body == b"yes"
    assert [one.path for one in it.server.asked] == ["/here", "/there"]


def test_a_redirect_to_http_is_not_followed(asking: AskingFrom, tmp_path: Path):
    """It is told with both addresses, and the other server is asked nothing."""
    (tmp_path / "plain").mkdir()
    with serving(in_turn(Answer(b"x")), tmp_path / "plain", secure=False) as plain:
        led = Answer(status=301, headers={"Location": f"{plain.address}/x?uid=0x1"})
        with (
            asking(in_turn(led)) as it,
            pytest.raises(DownloadError, match=r"/here: leads to http://.*/x, and only") as caught,
        ):
            it.client.read(it.at("here"))
    assert plain.asked == []
    assert "0x1" not in str(caught.value)


def test_the_body_of_a_redirect_is_not_waited_for(asking: AskingFrom):
    """However long it would take, the client is already asking elsewhere."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/there":
            return Answer(b"yes")
        return Answer(b"x", status=302, headers={"Location": "/there"}, waits_s=600)

    with asking(answer, tries=1, read_s=2) as it:
        assert it.client.read(it.at("here")).body == b"yes"


def test_a_redirect_to_nowhere_is_told(asking: AskingFrom):
    """What is no address at all is not followed either."""
    with (
        asking(in_turn(Answer(status=302, headers={"Location": "https://[x/"}))) as it,
        pytest.raises(DownloadError, match="/x: leads to an address that cannot be read, and only"),
    ):
        it.client.read(it.at("x"))


def test_a_ring_of_redirects_ends(asking: AskingFrom):
    """An address that leads on for ever is left after ten times."""
    with (
        asking(in_turn(Answer(status=307, headers={"Location": "/x"}))) as it,
        pytest.raises(DownloadError, match="leads on more than 10 times"),
    ):
        it.client.read(it.at("x"))
    assert len(it.server.asked) == 11


PAGE = b"\n<!-- a note -->\n<!DOCTYPE HTML>\n<title>Back &amp; soon \n friends</title>We are sorry"


@pytest.mark.parametrize(
    "page",
    [
        Answer(PAGE, headers={"Content-Type": "text/csv"}),
        Answer(PAGE, headers={"Content-Type": "Text/HTML; charset=utf-8"}),
    ],
    ids=["by its start", "by its type"],
)
def test_a_web_page_is_no_file(asking: AskingFrom, tmp_path: Path, page: Answer):
    """A page with status 200 is told with its title, and nothing is kept of it."""
    with asking(in_turn(page)) as it:
        message = r"expected a file, found a web page titled 'Back & soon friends'"
        with pytest.raises(DownloadError, match=message):
            it.client.download(it.at("x"), tmp_path / "to" / "x")
        with pytest.raises(DownloadError, match=message):
            it.client.json(it.at("x"))
    assert list((tmp_path / "to").iterdir()) == []


def test_what_is_not_json_is_told(asking: AskingFrom):
    """The beginning of what came instead is shown."""
    with (
        asking(in_turn(Answer(b"Sorry: busy"))) as it,
        pytest.raises(DownloadError, match=r"expected JSON, found what begins with 'Sorry: busy'"),
    ):
        it.client.json(it.at("x"))


# --- Limits ---


def test_a_body_that_says_it_is_too_large_is_not_begun(asking: AskingFrom, tmp_path: Path):
    """The size that the server announces is held against the limit."""
    with asking(in_turn(Answer(BODY))) as it:
        with pytest.raises(DownloadError, match="is of 327,687 bytes or more, and 1,000 are"):
            it.client.read(it.at("x"), largest_bytes=1000)
        with pytest.raises(DownloadError, match="is of 327,687 bytes or more, and 1,000 are"):
            it.client.download(it.at("x"), tmp_path / "to" / "x", largest_bytes=1000)
    assert list((tmp_path / "to").iterdir()) == []


def test_a_body_that_says_less_than_it_is_is_cut(asking: AskingFrom, tmp_path: Path):
    """A small gzip that grows beyond the limit is left while it comes, and nothing is kept."""
    bomb = Answer(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})
    told = [0]
    with asking(in_turn(bomb), told=lambda have, _total: told.append(have)) as it:
        with pytest.raises(DownloadError, match=r"is of [\d,]+ bytes or more, and 1,000,000"):
            it.client.read(it.at("x"), largest_bytes=1_000_000)
        with pytest.raises(DownloadError, match=r"is of [\d,]+ bytes or more, and 1,000,000"):
            it.client.download(it.at("x"), tmp_path / "to" / "x", largest_bytes=1_000_000)
    assert 900_000 < max(told) <= 1_000_000
    assert list((tmp_path / "to").iterdir()) == []


def test_a_disk_without_room_is_told_beforehand(
    asking: AskingFrom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A file that does not fit is not begun."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with (
        asking(in_turn(Answer(BODY))) as it,
        pytest.raises(DownloadError, match="has 1,000 bytes free, and 327,687 are needed"),
    ):
        it.client.download(it.at("x"), tmp_path / "to" / "x")
    assert not (tmp_path / "to" / "x").exists()


# --- Files that come in parts ---


@pytest.mark.parametrize(
    "marks",
    [
        {"etag": '"one"'},
        {"etag": None, "last_modified": FIRST["Last-Modified"]},
        {"etag": 'W/"one"', "last_modified": FIRST["Last-Modified"]},
    ],
    ids=["entity tag", "time", "weak tag and time"],
)
def test_a_file_that_breaks_off_is_gone_on_with(
    asking: AskingFrom, tmp_path: Path, marks: dict[str, str]
):
    """Each try asks for the rest alone, if the file is still the same."""
    cuts = iter([BLOCK * 2, BLOCK + 5])
    with asking(Ranges(**marks, cuts=cuts)) as it:
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert [one.headers.get("range") for one in it.server.asked] == [
        None,
        f"bytes={BLOCK * 2}-",
        f"bytes={BLOCK * 3}-",
    ]
    strong = marks["etag"] if marks["etag"] == '"one"' else FIRST["Last-Modified"]
    assert [one.headers.get("if-range") for one in it.server.asked] == [None, strong, strong]


def test_a_later_call_goes_on_too(asking: AskingFrom, tmp_path: Path):
    """What came before an end without success is not asked for again."""
    with asking(Ranges(cuts=iter([BLOCK, 0])), tries=2) as it:
        with pytest.raises(DownloadError, match="ended before it was whole, at the last of 2"):
            it.client.download(it.at("x"), tmp_path / "x")
        assert not (tmp_path / "x").exists()
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert it.server.asked[-1].headers["range"] == f"bytes={BLOCK}-"


def broken_off(it: Asking, to: Path) -> None:
    """Download what breaks off at the only try."""
    with pytest.raises(DownloadError, match="ended before it was whole"):
        it.client.download(it.at("x"), to)


NEW = b"new" + BODY


@pytest.mark.parametrize(
    "later",
    [
        Ranges(NEW, etag='"two"'),
        Answer(NEW, headers={"ETag": '"two"'}),
        Answer(NEW, headers={"ETag": '"one"'}),
    ],
    ids=["changed", "changed, without ranges", "ranges ignored"],
)
def test_a_file_that_changed_or_comes_whole_is_begun_again(
    asking: AskingFrom, tmp_path: Path, later: Callable[[Asked], Answer] | Answer
):
    """A server that gives all of the file has all of it written, from the first byte on."""
    answers = iter([Ranges(cuts=iter([BLOCK]))])

    def answer(asked: Asked) -> Answer:
        now = next(answers, later)
        return now if isinstance(now, Answer) else now(asked)

    with asking(answer, tries=1) as it:
        broken_off(it, tmp_path / "x")
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == NEW
    assert "range" in it.server.asked[1].headers


def rest(start: int, total: int, etag: str = '"one"') -> Answer:
    """Return a part that a server without care gives."""
    told = {"Content-Range": f"bytes {start}-{len(NEW) - 1}/{total}", "ETag": etag}
    return Answer(NEW[start:], status=206, headers=told)


def pressed(answer: Answer) -> Answer:
    """Return an answer pressed on its way."""
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return replace(answer, body=gzip.compress(answer.body), headers=headers)


@pytest.mark.parametrize(
    "careless",
    [
        rest(BLOCK, len(NEW), '"two"'),
        rest(BLOCK, len(NEW)),
        rest(BLOCK + 1, len(BODY)),
        Answer(NEW[BLOCK:], status=206, headers={"ETag": '"one"'}),
        pressed(rest(BLOCK, len(BODY))),
        Answer(status=416),
    ],
    ids=["other tag", "other size", "other start", "no start", "pressed", "416"],
)
def test_a_part_of_another_file_is_never_put_to_the_first(
    asking: AskingFrom, tmp_path: Path, careless: Answer
):
    """A part that does not fit is left, what had come is dropped, and all is asked for again."""
    whole = Ranges(NEW, etag='"two"')
    answers = iter([Ranges(cuts=iter([BLOCK])), lambda _asked: careless])
    with asking(lambda asked: next(answers, whole)(asked)) as it:
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == NEW
    assert [one.headers.get("range") for one in it.server.asked] == [None, f"bytes={BLOCK}-", None]


OTHER = BODY[::-1]
REST = Answer(OTHER[BLOCK:], 206, {"Content-Range": "bytes 65536-327686/327687", "ETag": '"one"'})


@pytest.mark.parametrize(
    "careless",
    [
        replace(REST, headers={**REST.headers, "ETag": '"two"'}),
        Answer(OTHER[:-BLOCK], 206, {**REST.headers, "Content-Range": "bytes 0-262150/327687"}),
        pressed(REST),
    ],
    ids=["other tag", "other start", "pressed"],
)
def test_a_part_that_fits_in_size_alone_is_not_put_to_the_first(
    asking: AskingFrom, tmp_path: Path, careless: Answer
):
    """Two parts of two files may add up to the right size: nothing but the headers tells."""
    answers = iter([Ranges(cuts=iter([BLOCK])), lambda _asked: careless])
    with asking(lambda asked: next(answers, Ranges(OTHER, '"two"'))(asked)) as it:
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == OTHER


def test_a_short_file_of_unknown_length_is_tried_again(asking: AskingFrom, tmp_path: Path):
    """Sent in chunks, it says no size: that of the publisher's list shows that it is not whole."""
    short = b"5\r\n01234\r\n0\r\n\r\n"
    chunked = Answer(short, headers={"Transfer-Encoding": "chunked"})
    with asking(in_turn(chunked, Answer(BODY))) as it:
        it.client.download(it.at("x"), tmp_path / "x", size_bytes=len(BODY))
    assert (tmp_path / "x").read_bytes() == BODY


def test_without_marks_a_file_is_begun_again(asking: AskingFrom, tmp_path: Path):
    """A server that does not say which file it gives is not asked for the rest of it."""
    with asking(Ranges(etag=None, cuts=iter([BLOCK]))) as it:
        it.client.download(it.at("x"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert "range" not in it.server.asked[1].headers


@pytest.mark.parametrize("spoil", ["marks", "address"])
def test_what_is_no_part_of_the_file_is_begun_again(asking: AskingFrom, tmp_path: Path, spoil: str):
    """Damaged marks, or those of another address, vouch for nothing."""
    with asking(Ranges(cuts=iter([BLOCK])), tries=1) as it:
        broken_off(it, tmp_path / "x")
        if spoil == "marks":
            (tmp_path / "x.part.json").write_text("{")
        it.client.download(it.at("x" if spoil == "marks" else "y"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert "range" not in it.server.asked[1].headers


def test_parts_that_do_not_make_the_file_are_fetched_again_whole(
    asking: AskingFrom, tmp_path: Path
):
    """Where what was put together has another MD5, the next try begins from nothing."""
    with asking(Ranges(cuts=iter([BLOCK])), tries=1) as it:
        broken_off(it, tmp_path / "x")
    (tmp_path / "x.part").write_bytes(bytes(BLOCK))
    marks = json.loads((tmp_path / "x.part.json").read_text())
    with asking(Ranges()) as it:
        (tmp_path / "x.part.json").write_text(json.dumps({**marks, "address": it.at("x")}))
        it.client.download(it.at("x"), tmp_path / "x", md5=hashlib.md5(BODY).hexdigest())
    assert (tmp_path / "x").read_bytes() == BODY
    assert [one.headers.get("range") for one in it.server.asked] == [f"bytes={BLOCK}-", None]


def test_a_wrong_hash_is_told_and_nothing_kept(asking: AskingFrom, tmp_path: Path):
    """A file that came in one piece and is not what its list says is refused at once."""
    with (
        asking(in_turn(Answer(BODY))) as it,
        pytest.raises(DownloadError, match=r"/x: has the MD5 \w+, and ABC was announced"),
    ):
        it.client.download(it.at("x"), tmp_path / "to" / "x", md5="ABC")
    assert list((tmp_path / "to").iterdir()) == []
    assert len(it.server.asked) == 1


def test_a_size_that_is_not_as_announced_is_told(asking: AskingFrom, tmp_path: Path):
    """The size that a list gives is held against that of the answer, before anything comes."""
    with (
        asking(in_turn(Answer(BODY))) as it,
        pytest.raises(DownloadError, match="has 327,687 bytes, and 5 were announced"),
    ):
        it.client.download(it.at("x"), tmp_path / "to" / "x", size_bytes=5)
    assert list((tmp_path / "to").iterdir()) == []


def test_an_empty_answer_is_no_file(asking: AskingFrom, tmp_path: Path):
    """Nothing at all, with status 200, is tried again and then told."""
    with asking(in_turn(Answer()), tries=2) as it, pytest.raises(DownloadError, match="nothing"):
        it.client.download(it.at("x"), tmp_path / "x")
    assert not (tmp_path / "x").exists()


# --- Secrets and mirrors ---


def test_a_secret_is_sent_and_never_told(
    asking: AskingFrom, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Neither messages, nor logs of all details, nor what is kept on disk hold the uid."""
    caplog.set_level(logging.DEBUG)
    address = "x?uid=0xsecret&a=1"
    with asking(Ranges(cuts=iter([BLOCK, 0])), tries=2) as it:
        with pytest.raises(DownloadError) as caught:
            it.client.download(it.at(address), tmp_path / "x")
        it.client.download(it.at("x?uid=0xother&a=1"), tmp_path / "y")
        received = it.client.read(it.at(address))
        kept = (tmp_path / "x.part.json").read_text()
    assert it.server.asked[0].query == {"uid": "0xsecret", "a": "1"}
    assert received.address == it.at("x?a=1")
    printed = "".join(traceback.format_exception(caught.value))
    for text in (printed, caplog.text, kept):
        assert "/x?a=1" in text
        assert "0xsecret" not in text


@pytest.mark.parametrize("fault", ["not there", "certificate"])
def test_no_trace_of_an_error_holds_a_secret(asking: AskingFrom, fault: str):
    """What the libraries say holds the whole address, so it is not shown as the cause."""
    host = "other.example" if fault == "certificate" else "localhost"
    with asking(in_turn(Answer(b"x")), certified_for=host) as it:
        address = it.at("x?uid=0xsecret")
        if fault == "certificate":
            with pytest.raises(DownloadError) as caught:
                it.client.read(address)
    if fault == "not there":
        with pytest.raises(DownloadError) as caught:
            it.client.read(address)
    printed = "".join(traceback.format_exception(caught.value))
    assert "/x: the c" in printed
    assert "0xsecret" not in printed


def test_a_mirror_is_asked_in_place_of_the_publisher(asking: AskingFrom):
    """The longest beginning of an address is replaced, also where one leads on to it."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/b/rest/file":
            return Answer(asked.query["q"].encode())
        return Answer(status=302, headers={"Location": "https://publisher.example/deep/file?q=1"})

    with asking(answer) as it:
        mirrors = {
            "https://publisher.example": it.at("a"),
            "https://publisher.example/deep": it.at("b/rest"),
        }
        received = Client(mirrors=mirrors).read("https://publisher.example/start")
    assert received.body == b"1"
    assert received.address == "https://publisher.example/start"
    assert [one.path for one in it.server.asked] == ["/a/start", "/b/rest/file"]


def test_a_mirror_is_of_https_too():
    """A mirror through which files would come unencrypted is refused."""
    with pytest.raises(DownloadError, match="only https addresses are asked"):
        Client(mirrors={"https://publisher.example": "http://localhost:1"})
