"""What the protocols of the publishers ask of a client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Received(Protocol):
    """A small answer, whole in memory."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""

    @property
    def body(self) -> bytes:
        """The bytes of the answer."""


class Client(Protocol):
    """Asks for addresses, with all retries, and raises DownloadError where there is no answer."""

    def read(self, address: str) -> Received:
        """Return an answer of any kind."""

    def json(self, address: str) -> Any:
        """Return an answer that is JSON."""

    def download(
        self, address: str, to: Path, *, md5: str | None = None, size_bytes: int | None = None
    ) -> object:
        """Write an answer of any size to a file, and check what is told of it."""
