"""Asks publishers over https: patiently, within limits, and from where it broke off."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from healthycities.download.addresses import at_mirror, require_https, without_secrets
from healthycities.download.answers import (
    PassingError,
    is_pressed,
    length,
    network,
    refusal,
    require_no_page,
    require_within,
)
from healthycities.download.partial_file import Marks, PartialFile, range_headers, range_start
from healthycities.download.space import require_space, writing
from healthycities.errors import DownloadError
from healthycities.io.hashing import sha256

LARGEST_READ_BYTES = 1 << 28
"""Of an answer that is held in memory, unless said otherwise."""

LARGEST_FILE_BYTES = 1 << 33
"""Of a file that is downloaded, unless said otherwise; the largest that is used is below 3 GB."""

_BLOCK_BYTES = 1 << 16
_MOST_REDIRECTS = 10
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_LONGEST_ASKED_WAIT_S = 300.0
"""How long a publisher may make us wait before a try."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Received:
    """A small answer, whole in memory.

    Parameters
    ----------
    headers : their names compare in any case.
    body : decoded from what it was compressed with on its way.
    address : that was asked, without secrets.
    """

    headers: Mapping[str, str]
    body: bytes
    address: str


@dataclass(frozen=True)
class Downloaded:
    """A file that has come whole: its size and SHA-256, and the marks that its publisher gave."""

    size_bytes: int
    sha256: str
    last_modified: str | None
    etag: str | None


@dataclass(frozen=True)
class _Expected:
    """What a file must be: None where nobody said."""

    md5: str | None
    size_bytes: int | None
    largest_bytes: int


class Client:
    """One session with the publishers, used by one thread.

    Proxies and certificates come from the environment: HTTPS_PROXY, NO_PROXY, and
    REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE, the first that is given.

    Parameters
    ----------
    mirrors : beginnings of addresses to what is asked in their place; messages and pins keep the
        publisher's own address.
    tries : how often an address is asked before the client gives up.
    connect_s, read_s : how long to wait for a connection, and for the next bytes.
    told : called with the bytes that have come and with the size of the whole, where it is known.
    sleep, chance : wait some seconds, and give a number from 0 to 1.

    Raises
    ------
    DownloadError : a mirror is not an address of https.
    """

    def __init__(
        self,
        *,
        mirrors: Mapping[str, str] | None = None,
        tries: int = 6,
        connect_s: float = 10.0,
        read_s: float = 60.0,
        told: Callable[[int, int | None], None] = lambda _have, _total: None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._mirrors = dict(mirrors or {})
        for mirror in self._mirrors.values():
            require_https(mirror)
        self._tries = tries
        self._connect_s, self._read_s = connect_s, read_s
        self._told, self._sleep, self._chance = told, sleep, chance
        self._read_bytes = 0
        self._session = _new_session()

    def read(self, address: str, *, largest_bytes: int = LARGEST_READ_BYTES) -> Received:
        """Return an answer whole.

        Parameters
        ----------
        address : of https; may hold a secret, which no message shows.
        largest_bytes : of the body, decoded.

        Raises
        ------
        DownloadError : it cannot be had, is larger, or is a web page.
        """
        return self._patiently(address, lambda: self._read_once(address, largest_bytes))

    def json(self, address: str, *, largest_bytes: int = LARGEST_READ_BYTES) -> Any:
        """Return what an answer says in JSON.

        Raises
        ------
        DownloadError : as `read` raises it, or the answer is not JSON.
        """
        received = self.read(address, largest_bytes=largest_bytes)
        try:
            return json.loads(received.body)
        except (ValueError, RecursionError) as error:
            beginning = received.body[:60].decode(errors="replace")
            raise DownloadError(
                f"expected JSON, found what begins with {beginning!r}",
                file=received.address,
                mend="Try again later; if it stays so, the publisher's service has changed.",
            ) from error

    def download(
        self,
        address: str,
        to: Path,
        *,
        md5: str | None = None,
        size_bytes: int | None = None,
        largest_bytes: int = LARGEST_FILE_BYTES,
    ) -> Downloaded:
        """Write a file, going on from what an earlier call had brought beside it.

        Parameters
        ----------
        address : of https; may hold a secret, which no message shows.
        to : where the whole file is put; what has come stays in ``<to>.part`` after a failure.
        md5, size_bytes : what the publisher says that the file is, where it says so.
        largest_bytes : that may come.

        Raises
        ------
        DownloadError : it cannot be had, is larger, is a web page, is not what md5 or size_bytes
            say, or the disk is full.
        """
        partial = PartialFile(to.with_name(f"{to.name}.part"))
        expected = _Expected(md5, size_bytes, largest_bytes)
        to.parent.mkdir(parents=True, exist_ok=True)
        done = self._patiently(address, lambda: self._go_on(address, partial, expected))
        partial.become(to)
        return done

    def size_bytes(self, address: str) -> int | None:
        """Return the size of a file in bytes, where its publisher announces it; no body is read.

        Raises
        ------
        DownloadError : the file cannot be had, or is a web page.
        """
        return self._patiently(address, lambda: self._announced_bytes(address))

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _patiently(self, address: str, once: Callable[[], _T]) -> _T:
        """Try until it goes well, fails for good, or the tries are used up."""
        require_https(address)
        told = without_secrets(address)

        def before_wait(state: RetryCallState) -> None:
            _log.warning(
                "%s: %s; try %d of %d follows in %.0f s",
                told,
                _failure(state).problem,
                state.attempt_number + 1,
                self._tries,
                state.upcoming_sleep,
            )

        try:
            return Retrying(
                stop=stop_after_attempt(self._tries),
                wait=self._wait_s,
                retry=retry_if_exception_type(PassingError),
                sleep=self._sleep,
                before_sleep=before_wait,
                reraise=True,
            )(once)
        except PassingError as failure:
            tries = f", at the last of {self._tries} tries" if self._tries > 1 else ""
            problem = f"{failure.problem}{tries}"
            # Not chained: the failure says no more than this.
            raise DownloadError(problem, file=told, mend=failure.mend) from None

    def _wait_s(self, state: RetryCallState) -> float:
        """Return how long to wait: longer each time, by chance, and as long as was asked for.

        Half of it is by chance, so that those who were turned away together do not come back
        together.
        """
        backoff_s = min(_FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT_S)
        own_s = backoff_s * (1 + self._chance()) / 2
        return max(own_s, min(_failure(state).wait_s, _LONGEST_ASKED_WAIT_S))

    @contextmanager
    def _answer(
        self, address: str, headers: Mapping[str, str], accepted: frozenset[int]
    ) -> Iterator[requests.Response]:
        """Give the answer that an address leads to, its body still to come."""
        told = without_secrets(address)
        with self._network(told):
            response = self._followed(address, headers)
        with closing(response):
            if response.status_code not in accepted:
                raise refusal(told, response)
            yield response

    def _network(self, told: str) -> AbstractContextManager[None]:
        return network(told, self._connect_s, self._read_s)

    def _blocks(self, told: str, response: requests.Response) -> Iterator[bytes]:
        with self._network(told):
            yield from response.iter_content(_BLOCK_BYTES)

    def _followed(self, address: str, headers: Mapping[str, str]) -> requests.Response:
        at = address
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._session.get(
                at_mirror(at, self._mirrors),
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self._connect_s, self._read_s),
            )
            leads_to = _redirect(response, at)
            if leads_to is None:
                return response
            response.close()
            at = leads_to
            require_https(at, led_from=address)
        raise DownloadError(
            f"leads on more than {_MOST_REDIRECTS} times",
            file=without_secrets(address),
            mend="Look for the publisher's new address.",
        )

    def _read_once(self, address: str, largest_bytes: int) -> Received:
        told = without_secrets(address)
        with self._answer(address, {}, frozenset({200})) as response:
            require_within(told, length(response.headers), largest_bytes)
            body = bytearray()
            for block in self._blocks(told, response):
                body += block
                require_within(told, len(body), largest_bytes)
                self._told(self._read_bytes + len(body), None)
            require_no_page(told, response.headers, bytes(body))
        self._read_bytes += len(body)
        return Received(response.headers, bytes(body), told)

    def _announced_bytes(self, address: str) -> int | None:
        # By GET, not HEAD, which some services refuse; the connection is closed after the headers.
        asked = {"Accept-Encoding": "identity"}
        with self._answer(address, asked, frozenset({200})) as response:
            require_no_page(without_secrets(address), response.headers, b"")
            return length(response.headers)

    def _go_on(self, address: str, partial: PartialFile, expected: _Expected) -> Downloaded:
        """Ask for what is missing of a file, and check the whole."""
        told = without_secrets(address)
        before = partial.marks(told)
        # As it is, not compressed on its way: sizes and ranges then mean bytes of the file.
        asked = {"Accept-Encoding": "identity", **range_headers(before, partial.size_bytes)}
        accepted = frozenset({200, 206, 416} if before else {200})
        with self._answer(address, asked, accepted) as response:
            blocks = self._blocks(told, response)
            resumed = before is not None and response.status_code != 200
            if before is not None and resumed:
                marks = _marks_of_rest(before, partial, response)
            else:
                marks = _marks(told, response.headers)
                _require_size(marks, expected)
                blocks = _from_start(marks, partial, response, blocks)
            self._write(marks, partial, blocks, expected.largest_bytes)
        return _checked(marks, partial, expected, resumed=resumed)

    def _write(
        self, marks: Marks, partial: PartialFile, blocks: Iterable[bytes], largest_bytes: int
    ) -> None:
        have_bytes = partial.size_bytes
        require_space(partial.file.parent, (marks.total_bytes or 0) - have_bytes)
        with writing(partial.file), partial.file.open("ab") as file:
            for block in blocks:
                have_bytes += len(block)
                if have_bytes > largest_bytes:
                    break
                file.write(block)
                file.flush()
                self._told(have_bytes, marks.total_bytes)
        if have_bytes > largest_bytes:
            partial.drop()
        require_within(marks.address, have_bytes, largest_bytes)


class _Session(requests.Session):
    """Follows no redirect, and reads none: the client looks at each before it asks."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Return that an answer leads nowhere."""
        return None


def _new_session() -> requests.Session:
    session = _Session()
    session.headers["User-Agent"] = f"healthycities/{version('healthycities')}"
    session.verify = _trusted_authorities() or True
    logging.getLogger("urllib3.connectionpool").addFilter(_hide_secrets)
    return session


def _trusted_authorities() -> str | None:
    """Return the file or folder of the authorities to trust, where the environment names one.

    requests knows the first two names by itself, though not to say plainly that their file is not
    there. The third is the one that Python and OpenSSL know.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if value := os.environ.get(name):
            if not Path(value).exists():
                raise DownloadError(
                    f"the environment names {value}, which is not there",
                    place=name,
                    mend="Name the file of the authorities that this machine trusts.",
                )
            return value
    return None


def _hide_secrets(record: logging.LogRecord) -> bool:
    """Take the secrets out of the addresses that urllib3 writes into a log of all details."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            without_secrets(one) if isinstance(one, str) else one for one in record.args
        )
    return True


def _redirect(response: requests.Response, at: str) -> str | None:
    """Return where an answer leads, if it leads on."""
    if not response.is_redirect:
        return None
    try:
        # Headers are read as Latin-1, and addresses are sent in UTF-8.
        return urljoin(at, response.headers["Location"].encode("latin-1").decode())
    except ValueError:
        return "an address that cannot be read"


def _failure(state: RetryCallState) -> PassingError:
    failure = state.outcome.exception() if state.outcome else None
    return failure if isinstance(failure, PassingError) else PassingError("was not tried")


def _marks(told: str, headers: Mapping[str, str]) -> Marks:
    """Return the marks of a whole answer: none where it was compressed on its way all the same."""
    if is_pressed(headers):
        return Marks(told)
    return Marks(told, headers.get("ETag"), headers.get("Last-Modified"), length(headers))


def _require_size(marks: Marks, expected: _Expected) -> None:
    require_within(marks.address, marks.total_bytes, expected.largest_bytes)
    if marks.total_bytes is None or expected.size_bytes in (None, marks.total_bytes):
        return
    problem = f"has {marks.total_bytes:,} bytes, and {expected.size_bytes:,} were announced"
    raise _another(marks.address, problem)


def _from_start(
    marks: Marks, partial: PartialFile, response: requests.Response, blocks: Iterator[bytes]
) -> Iterator[bytes]:
    """Begin a file again when its first bytes are not those of a page, and return all of it."""
    first = next(blocks, b"")
    require_no_page(marks.address, response.headers, first)
    with writing(partial.file):
        partial.begin(marks)
    return itertools.chain([first], blocks)


def _marks_of_rest(before: Marks, partial: PartialFile, response: requests.Response) -> Marks:
    """Return the marks of a file whose rest comes.

    Raises
    ------
    PassingError : what comes does not go on where the file ended, or is of another file. What had
        come is dropped, so that the next try begins again.
    """
    headers = response.headers
    start, total_bytes = range_start(headers)
    now = Marks(before.address, headers.get("ETag"), headers.get("Last-Modified"), total_bytes)
    goes_on = response.status_code == 206 and start == partial.size_bytes
    if not goes_on or is_pressed(headers) or before.denies(now):
        partial.drop()
        raise PassingError("the file changed after its first part had come")
    return before if before.total_bytes is not None else replace(before, total_bytes=total_bytes)


def _checked(
    marks: Marks, partial: PartialFile, expected: _Expected, *, resumed: bool
) -> Downloaded:
    """Return what has come, when it is whole and what it should be.

    Raises
    ------
    PassingError : it is not whole, or what was put together of parts is not what it should be.
    DownloadError : what came in one piece is not what it should be.
    """
    size_bytes = partial.size_bytes
    if size_bytes == 0:
        raise PassingError("the answer held nothing")
    whole_bytes = expected.size_bytes if marks.total_bytes is None else marks.total_bytes
    if whole_bytes is not None and size_bytes < whole_bytes:
        raise PassingError(f"the file ended after {size_bytes:,} of {whole_bytes:,} bytes")
    problem = _difference(partial, size_bytes, whole_bytes, expected.md5)
    if problem is not None:
        partial.drop()
        raise PassingError(problem) if resumed else _another(marks.address, problem)
    return Downloaded(size_bytes, sha256(partial.file), marks.last_modified, marks.etag)


def _difference(
    partial: PartialFile, size_bytes: int, whole_bytes: int | None, md5: str | None
) -> str | None:
    if whole_bytes is not None and size_bytes != whole_bytes:
        return f"has {size_bytes:,} bytes, and {whole_bytes:,} were announced"
    if md5 is None:
        return None
    with partial.file.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return None if found == md5.lower() else f"has the MD5 {found}, and {md5} was announced"


def _another(told: str, problem: str) -> DownloadError:
    return DownloadError(
        problem,
        file=told,
        mend="Try again later; if it stays so, the publisher's list and file do not agree.",
    )
