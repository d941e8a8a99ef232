"""Publishers on loopback together with a client that asks them, for tests of the protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.loopback.plain import PlainClient
from tests.loopback.routes import Answering, routed
from tests.loopback.server import Loopback, serving


@dataclass(frozen=True)
class Served:
    """A server under way, a client for it, and the address of a route of it."""

    server: Loopback
    client: PlainClient
    address: str

    def asked(self, *names: str) -> list[tuple[str | None, ...]]:
        """Return the values of some parameters in each request that had the first of them."""
        queries = [one.query for one in self.server.asked if names[0] in one.query]
        return [tuple(query.get(name) for name in names) for query in queries]


Serve = Callable[[str, Answering], Served]


@contextmanager
def publishing(folder: Path) -> Iterator[Serve]:
    """Give what serves one publisher at a route, until the block ends."""
    with ExitStack() as stack:

        def serve(route: str, answering: Answering) -> Served:
            server = stack.enter_context(serving(routed({route: answering}), folder))
            return Served(server, PlainClient(server), server.address + route)

        yield serve
