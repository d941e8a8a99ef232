"""A real HTTPS server on this machine, which answers as a test says it should."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import trustme


@dataclass(frozen=True)
class Asked:
    """One request: its path, its query with the values decoded, its headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What the server says.

    ``cut_at`` sends that many bytes of the body and then drops the connection; ``waits_s`` keeps
    the asker waiting before the body. Content-Length is that of the whole body, unless
    ``headers`` give another.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    waits_s: float = 0.0


@dataclass
class Loopback:
    """A server under way: where it is, who vouches for it, and what it was asked, in order."""

    address: str
    authority_file: Path
    asked: list[Asked]


@contextmanager
def serving(
    answer: Callable[[Asked], Answer],
    folder: Path,
    *,
    secure: bool = True,
    certified_for: str = "localhost",
) -> Iterator[Loopback]:
    """Serve on a free port of 127.0.0.1 until the block ends.

    Parameters
    ----------
    answer : called once for each request, in a thread of its own.
    folder : receives the certificate of the authority that vouches for the server, to be given to
        a client through the environment as ``REQUESTS_CA_BUNDLE``.
    secure : with TLS; without it the address starts with ``http:``.
    certified_for : the host that the certificate names; another than localhost does not fit.
    """
    asked: list[Asked] = []
    stopping = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer, asked, stopping))
    server.daemon_threads = True
    authority_file = folder / "loopback_authority.pem"
    if secure:
        _secure(server, authority_file, certified_for)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "https" if secure else "http"
    try:
        yield Loopback(f"{scheme}://localhost:{server.server_port}", authority_file, asked)
    finally:
        stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _secure(server: ThreadingHTTPServer, authority_file: Path, host: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(authority_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    # Shaken hands when first read, in the thread of the request, so that one that fails stops none.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )


def _handler(
    answer: Callable[[Asked], Answer], asked: list[Asked], stopping: threading.Event
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(sends_body=True)

        def do_HEAD(self) -> None:
            self._answer(sends_body=False)

        def _answer(self, *, sends_body: bool) -> None:
            parts = urlsplit(self.path)
            one = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
            )
            asked.append(one)
            given = answer(one)
            self.send_response(given.status)
            for name, value in {"Content-Length": str(len(given.body)), **given.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            stopping.wait(given.waits_s)
            if sends_body:
                self.wfile.write(given.body[: given.cut_at])
            if given.cut_at is not None:
                self.wfile.flush()
                self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except (ssl.SSLError, ConnectionError):
                # The asker went away, as some of these tests make it do.
                return

        def log_message(self, *arguments: object) -> None:
            return

    return Handler
