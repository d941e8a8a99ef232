"""Addresses of files: which may be asked, where else they are served, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_plus, urlsplit

from healthycities.errors import DownloadError

_SECRETS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "client_secret",
        "key",
        "password",
        "sig",
        "signature",
        "token",
        "uid",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-credential",
        "x-goog-signature",
    }
)
"""Parameters that let the bearer in, in lower case: ``uid`` is that of Nomis."""


def without_secrets(address: str) -> str:
    """Return an address as it may be shown and kept: without keys, passwords and tokens.

    Whatever else it holds stays as it is, so that an address without secrets comes back the same.
    """
    start, hash_mark, fragment = address.partition("#")
    start, question_mark, query = start.partition("?")
    query, fragment = _without_secret_pairs(query), _without_secret_pairs(fragment)
    return "".join(
        (
            _without_user(start),
            question_mark + query if query else "",
            hash_mark + fragment if fragment else "",
        )
    )


def _without_secret_pairs(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if not _is_secret(pair))


def _is_secret(pair: str) -> bool:
    return unquote_plus(pair.partition("=")[0]).strip().lower() in _SECRETS


def _without_user(start: str) -> str:
    scheme, separator, rest = start.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path if separator else start


def require_https(address: str, *, led_from: str | None = None) -> None:
    """Refuse an address that is not one of https with a host.

    Parameters
    ----------
    address : as it will be asked.
    led_from : the address that redirects there, where one does.

    Raises
    ------
    DownloadError : it is of another scheme, or names no host.
    """
    try:
        parts = urlsplit(address)
        fits = parts.scheme.lower() == "https" and bool(parts.hostname)
    except ValueError:
        fits = False
    if fits:
        return
    told = without_secrets(address)
    if led_from is None:
        raise DownloadError(
            "only https addresses are asked", file=told, mend="Give an address of https://."
        )
    raise DownloadError(
        f"leads to {told}, and only https addresses are followed",
        file=without_secrets(led_from),
        mend="What comes unencrypted can be changed on its way: look for the publisher's new "
        "address.",
    )


def at_mirror(address: str, mirrors: Mapping[str, str]) -> str:
    """Return where an address is asked: its longest prefix that has a mirror is replaced by it.

    A prefix ends where a part of the address ends, so ``https://a.uk`` is none of
    ``https://a.uk.example``.
    """
    fitting = [prefix for prefix in mirrors if _starts(address, prefix)]
    if not fitting:
        return address
    longest = max(fitting, key=len)
    return mirrors[longest] + address.removeprefix(longest)


def _starts(address: str, prefix: str) -> bool:
    rest = address.removeprefix(prefix)
    whole_parts = not rest or prefix.endswith("/") or rest[0] in "/?#"
    return address.startswith(prefix) and whole_parts
