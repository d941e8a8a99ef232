"""What answers of publishers mean: whether they may go better next time, and what to do."""

from __future__ import annotations

import html
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from healthycities.errors import DownloadError

_PASSING_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
_TRY_LATER = "Try again later: what has come is kept, and the next fetch goes on from there."
_LOOK_FOR_IT = (
    "Look whether the publisher has moved it, or give a file of your own in the configuration."
)

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_PAGE_START = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]{0,200}>\s*)?(<!--.{0,2000}?-->\s*)*<(!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_LONGEST_TITLE = 120


class PassingError(Exception):
    """What may go better at the next try.

    Parameters
    ----------
    problem : what happened, without a full stop.
    wait_s : how long the publisher asks to wait before the next try.
    mend : what to do when it does not go better.
    """

    def __init__(self, problem: str, *, wait_s: float = 0.0, mend: str = _TRY_LATER) -> None:
        self.problem = problem
        self.wait_s = wait_s
        self.mend = mend
        super().__init__(problem)


@contextmanager
def network(told: str, connect_s: float, read_s: float) -> Iterator[None]:
    """Say plainly what the libraries raise while an answer comes.

    None of it is chained: what they say holds the address with its secrets.

    Parameters
    ----------
    told : the address, without secrets.
    connect_s, read_s : how long is waited for a connection, and for the next bytes.

    Raises
    ------
    PassingError : the next try may go better.
    DownloadError : it would not.
    """
    try:
        yield
    except requests.exceptions.ConnectTimeout:
        raise PassingError(f"no connection within {connect_s:g} s") from None
    except requests.exceptions.ProxyError:
        raise PassingError(
            "the proxy does not let it through",
            mend="Correct HTTPS_PROXY, or name the host in NO_PROXY.",
        ) from None
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _broken(error, told, read_s) from None
    except (
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ):
        raise PassingError("the answer ended before it was whole") from None
    except requests.RequestException as error:
        raise DownloadError(
            f"cannot be asked: {type(error).__name__}", file=told, mend=_LOOK_FOR_IT
        ) from None


def _broken(error: requests.RequestException, told: str, read_s: float) -> Exception:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return DownloadError(
                f"the certificate of its server is not trusted: {cause.verify_message}".rstrip("."),
                file=told,
                mend="Where a proxy of your organisation signs it, name the file of that "
                "authority in REQUESTS_CA_BUNDLE.",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return PassingError(f"no encrypted connection is made: {cause.reason}")
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return PassingError(f"nothing came for {read_s:g} s")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return PassingError(
            "the name of its server is not known here",
            mend="Check the network of this machine, or run with --offline on what is there.",
        )
    return PassingError("the connection failed or broke off")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, through the arguments that urllib3 keeps it in."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def refusal(told: str, response: requests.Response) -> Exception:
    """Return the error that a status means.

    Parameters
    ----------
    told : the address, without secrets.
    response : with a status that gives no file.
    """
    status = response.status_code
    problem = f"answered {status} {response.reason or ''}".rstrip()
    if status in _PASSING_STATUSES:
        wait_s = retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
        asks = f", asking to wait {wait_s:.0f} s" if wait_s else ""
        return PassingError(problem + asks, wait_s=wait_s)
    if status in (401, 403, 407):
        mend = "Look whether the publisher asks for a key, or a proxy for a password."
        return DownloadError(problem, file=told, mend=mend)
    return DownloadError(problem, file=told, mend=_LOOK_FOR_IT)


def retry_after_s(value: str | None, now: datetime) -> float:
    """Return the seconds that ``Retry-After`` asks to wait: 0 where it asks nothing that is known.

    Parameters
    ----------
    value : a number of seconds, or a date as HTTP writes it.
    now : with its time zone.
    """
    value = (value or "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    # A date without a zone is of UTC, which is the only one that HTTP writes.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def is_pressed(headers: Mapping[str, str]) -> bool:
    """Whether a body was compressed on its way, so that its bytes are not those of the file."""
    return headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")


def length(headers: Mapping[str, str]) -> int | None:
    """Return the size of the file in bytes, where the headers say it.

    A body that is sent in chunks is as long as they are, whatever else the headers say.
    """
    value = headers.get("Content-Length", "").strip()
    of_file = not is_pressed(headers) and "Transfer-Encoding" not in headers
    known = of_file and value.isascii() and value.isdecimal()
    return int(value) if known else None


def require_within(told: str, size_bytes: int | None, largest_bytes: int) -> None:
    """Refuse a body that is larger than allowed.

    Raises
    ------
    DownloadError : it is.
    """
    if size_bytes is not None and size_bytes > largest_bytes:
        raise DownloadError(
            f"is of {size_bytes:,} bytes or more, and {largest_bytes:,} are allowed",
            file=told,
            mend=_LOOK_FOR_IT,
        )


def require_no_page(told: str, headers: Mapping[str, str], start: bytes) -> None:
    """Refuse a web page: publishers answer with one, and status 200, when something is wrong.

    Parameters
    ----------
    told : the address, without secrets.
    headers : of the answer.
    start : of its body.

    Raises
    ------
    DownloadError : the headers call it a page, or it begins like one.
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _PAGE_TYPES or _PAGE_START.match(start):
        raise DownloadError(
            f"expected a file, found a web page{_title(start)}", file=told, mend=_LOOK_FOR_IT
        )


def _title(start: bytes) -> str:
    found = _TITLE.search(start)
    if not found:
        return ""
    words = " ".join(html.unescape(found[1].decode("utf-8", errors="replace")).split())
    return f" titled {words[:_LONGEST_TITLE]!r}"
