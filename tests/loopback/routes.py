"""Several servers behind one address, told apart by how a path begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.loopback.server import Answer, Asked

Answering = Callable[[Asked], Answer]


def routed(routes: Mapping[str, Answering]) -> Answering:
    """Answer by the longest route that a path begins with; 404 where there is none.

    A server is asked for what follows its route, so that it need not know where it stands.
    """

    def answer(asked: Asked) -> Answer:
        fitting = [one for one in routes if asked.path == one or asked.path.startswith(f"{one}/")]
        if not fitting:
            return Answer(
                b"<html><body>Not found</body></html>", 404, {"Content-Type": "text/html"}
            )
        route = max(fitting, key=len)
        return routes[route](replace(asked, path=asked.path.removeprefix(route)))

    return answer
