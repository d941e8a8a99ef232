"""Clients that ask once, for tests of the protocols alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import requests
from tests.loopback.routes import Answering
from tests.loopback.server import Asked, Loopback

from healthycities.errors import DownloadError


class PlainAnswer(NamedTuple):
    """An answer, whole in memory."""

    headers: dict[str, str]
    body: bytes


class PlainClient:
    """Asks a server on loopback over TLS, and raises DownloadError for all that is not 200."""

    def __init__(self, server: Loopback) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(server.authority_file)

    def read(self, address: str) -> PlainAnswer:
        """Return an answer of any kind."""
        answer = self._session.get(address, timeout=30)
        if answer.status_code != 200:
            raise DownloadError(f"answered {answer.status_code}", file=address)
        if answer.content.lower().startswith(b"<!doctype html"):
            raise DownloadError("expected a file, found a web page", file=address)
        return PlainAnswer(dict(answer.headers), answer.content)

    def json(self, address: str) -> Any:
        """Return an answer that is JSON."""
        try:
            return json.loads(self.read(address).body)
        except ValueError as error:
            raise DownloadError("expected JSON", file=address) from error

    def download(
        self, address: str, to: Path, *, md5: str | None = None, size_bytes: int | None = None
    ) -> None:
        """Write an answer to a file, and check what is told of it."""
        body = self.read(address).body
        if size_bytes is not None and size_bytes != len(body):
            raise DownloadError(
                f"has {len(body)} bytes, and {size_bytes} were announced", file=address
            )
        found = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if md5 is not None and found != md5.lower():
            raise DownloadError(f"has the MD5 {found}, and {md5} was announced", file=address)
        to.write_bytes(body)


class DirectClient:
    """Asks what would answer behind a server, without one: for very many questions."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def read(self, address: str) -> PlainAnswer:
        """Return an answer of any kind."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self._answering(Asked("GET", parts.path, query, {}))
        return PlainAnswer(dict(answer.headers), answer.body)

    def json(self, address: str) -> Any:
        """Return an answer that is JSON."""
        return json.loads(self.read(address).body)

    def download(self, address: str, to: Path, **_: object) -> None:
        """Write an answer to a file."""
        to.write_bytes(self.read(address).body)
