"""Which files a run fetches from their publishers. Cheap to import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from healthycities import catalogue
from healthycities.catalogue import Offer
from healthycities.errors import ConfigError
from healthycities.offers import clashes
from healthycities.settings import Settings
from healthycities.stages.needs import needs_of, sources_used

_ASKED = ("name", "protocol", "address", "member", "fields", "where", "vintage")
"""What of an offer says which file is asked for."""


@dataclass(frozen=True)
class Wanted:
    """A file that is fetched.

    Parameters
    ----------
    offer : what it is and how it is asked for.
    sources : the sources that are read from it.
    """

    offer: Offer
    sources: tuple[str, ...]

    @property
    def keys(self) -> str:
        """What the job that fetches it needs to know, as JSON: no word that is for people alone."""
        told = {name: value for name, value in asdict(self.offer).items() if name in _ASKED}
        return json.dumps(told, sort_keys=True)

    @property
    def licence(self) -> str:
        """Licence of the publisher."""
        return catalogue.sources()[self.sources[0]].licence


def wanted_files(settings: Settings) -> dict[str, Wanted]:
    """Return each file that a run fetches, by its name, sorted.

    Raises
    ------
    ConfigError : two files would have one name.
    """
    asked = list(_asked(settings))
    wrong = clashes(offer for _, offer in asked)
    if wrong:
        raise ConfigError(
            f"two files that are fetched would have one name: {'; '.join(wrong)}",
            place="sources",
            mend="Put one of them below data_dir, and give its path.",
        )
    found: dict[str, Wanted] = {}
    for source, offer in sorted(asked, key=lambda pair: pair[1].name):
        of = found[offer.name].sources if offer.name in found else ()
        found[offer.name] = Wanted(offer, tuple(sorted({*of, source})))
    return found


def _asked(settings: Settings) -> Iterator[tuple[str, Offer]]:
    """Yield source and file, for each year and pollutant."""
    used = sources_used(settings, needs_of(settings))
    for source in sorted(used & set(settings.sources)):
        if settings.sources[source].is_fetched:
            for one in settings.cases(source):
                offer = settings.offer(source, *one)
                if offer is not None:
                    yield source, offer
