"""A client that trusts the server of a test and waits for nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.loopback.server import Answer, Asked, Loopback, serving

from healthycities.download.client import Client


class Asking(NamedTuple):
    """A server, a client of it, and the seconds that the client would have waited."""

    server: Loopback
    client: Client
    waits_s: list[float]

    def at(self, path: str) -> str:
        """Return an address of the server."""
        return f"{self.server.address}/{path}"


AskingFrom = Callable[..., AbstractContextManager[Asking]]


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AskingFrom:
    """Return what serves answers and gives a client of them."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    @contextmanager
    def begin(
        answer: Callable[[Asked], Answer], certified_for: str = "localhost", **options: object
    ) -> Iterator[Asking]:
        folder = tmp_path / "authority"
        folder.mkdir(exist_ok=True)
        with serving(answer, folder, certified_for=certified_for) as server:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority_file))
            waits_s: list[float] = []
            options = {"sleep": waits_s.append, "chance": lambda: 1.0, "read_s": 5.0, **options}
            client = Client(**options)  # type: ignore[arg-type]
            try:
                yield Asking(server, client, waits_s)
            finally:
                client.close()

    return begin
