"""Which of a publisher's files a configuration means. Cheap to import."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

from healthycities.catalogue import Offer, SourceCard

NOTHING: Mapping[str, str] = MappingProxyType({})
"""No words: for sources whose files have none but the year in their names."""

REMOTE = "://"
"""Part of a path that is an address, and has to be fetched before it can be read."""


def offered(
    card: SourceCard,
    *,
    as_at: date,
    vintage: int | None = None,
    year: int | None = None,
    pollutant: str | None = None,
    words: Mapping[str, str] = NOTHING,
) -> Offer | None:
    """Return the file of a source that is meant, its braces filled; None where none is offered.

    Parameters
    ----------
    card : the source.
    as_at : the date whose districts are reported on; of several vintages of districts the first is
        taken whose codes are no newer.
    vintage : the year that is asked for by name; of a file for each year, the year whose values
        stand in for those of others.
    year, pollutant : of a source that has a file for each.
    words : fill the other braces of its name and address; see `Offer`.
    """
    wanted = vintage if vintage is not None else year
    return next(
        (
            offer.filled({**words, "year": wanted})
            for offer in card.offers
            if offer.pollutant in ("", pollutant) and _fits(offer, card, as_at, vintage, wanted)
        ),
        None,
    )


def _fits(
    offer: Offer, card: SourceCard, as_at: date, vintage: int | None, wanted: int | None
) -> bool:
    if "year" in card.by:
        return wanted is not None and offer.has_year(wanted)
    if vintage is not None:
        return offer.vintage == vintage
    return not offer.since or date.fromisoformat(offer.since) <= as_at


def told(card: SourceCard) -> str:
    """Say what is offered of a source, for a message about what is not."""
    return "; ".join(dict.fromkeys(_told(offer) for offer in card.offers)) or "no file"


def _told(offer: Offer) -> str:
    if offer.first_year:
        of = f" of {offer.pollutant}" if offer.pollutant else ""
        if offer.first_year == offer.last_year:
            return f"{offer.first_year}{of}"
        last = f"to {offer.last_year}" if offer.last_year else "on"
        return f"the years from {offer.first_year} {last}{of}"
    since = f" (districts since {offer.since})" if offer.since else ""
    return f"vintage {offer.vintage}{since}" if offer.vintage else offer.name


def at(offer: Offer, address: str) -> Offer:
    """Return an offer at another address, to which its publisher has moved it.

    Its name says so, because what stands under the plain name was fetched from elsewhere.
    """
    name = PurePosixPath(offer.name)
    mark = hashlib.sha256(address.encode()).hexdigest()[:8]
    return replace(
        offer,
        name=f"{name.stem}_{mark}{name.suffix}",
        address=address,
        standing="as the configuration gives it",
    )


def own(address: str) -> Offer:
    """Return a file of one's own that has to be fetched: of https, s3, gs or the like.

    Its name is the end of its path, after the name of the host, so that two such files with one
    name are told apart where they are from two hosts.
    """
    parts = urlsplit(address)
    name = PurePosixPath(parts.path).name
    return Offer(
        name=f"{parts.hostname or parts.scheme}_{name}",
        protocol="file",
        address=address,
        size_mb=0.0,
        standing="as the configuration gives it",
    )


def clashes(offers: Iterable[Offer]) -> list[str]:
    """Name the files that would be two different things."""
    first: dict[str, Offer] = {}
    wrong = []
    for offer in offers:
        other = first.setdefault(offer.name, offer)
        if (other.address, other.member) != (offer.address, offer.member):
            wrong.append(f"{offer.name} is of {other.address} and of {offer.address}")
    return list(dict.fromkeys(wrong))
