"""What is known of each measure and source of a run, and whom the numbers are owed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from healthycities import catalogue
from healthycities.errors import ConfigError, SchemaError
from healthycities.settings import Settings, SourceSettings
from healthycities.synthetic import SYNTHETIC

DEMO_LICENCE = "MIT; names, centres and population of the districts: Open Government Licence v3.0"
DEMO_ORIGIN = (
    "Names, centres and mid-2020 population of the districts: Office for National Statistics, "
    "licensed under the Open Government Licence v3.0."
)


_PLACES = "places."


@dataclass(frozen=True)
class Credit:
    """What is said of one source wherever its values are used."""

    source: str
    title: str
    publisher: str
    product: str
    licence: str
    attribution: str
    address: str


def credits_of(settings: Settings) -> dict[str, Credit]:
    """Return the credit of each source that the configuration uses, by name, sorted.

    Made-up values are not credited to the publisher whose layout they have.

    Raises
    ------
    ConfigError : the configuration uses a source that has no card.
    """
    cards = catalogue.sources()
    unknown = sorted(set(settings.sources) - set(cards))
    if unknown:
        raise ConfigError(
            f"unknown source {', '.join(unknown)}; known are {', '.join(sorted(cards))}",
            place="sources",
        )
    of_sources = {
        name: _demo(name, cards[name], settings.sources[name])
        if settings.sources[name].provider == "demo"
        else _published(name, cards[name], settings)
        for name in sorted(settings.sources)
    }
    own = (_own(name, settings) for name in sorted(settings.places))
    return of_sources | {credit.source: credit for credit in own}


def source_of_places(name: str) -> str:
    """Return what a set of places of one's own is called as a source."""
    return f"{_PLACES}{name}"


def is_places(source: str) -> bool:
    """Whether a source is a set of places of one's own."""
    return source.startswith(_PLACES)


def _own(name: str, settings: Settings) -> Credit:
    """Return the credit of a set of places, as the configuration tells it."""
    given = settings.places[name]
    title = given.title or name.replace("_", " ").capitalize()
    return Credit(
        source=source_of_places(name),
        title=title,
        publisher=given.publisher,
        product=Path(given.path).name,
        licence=given.licence,
        attribution=given.attribution or f"{title}: {given.publisher}.",
        address="",
    )


def _published(name: str, card: catalogue.SourceCard, settings: Settings) -> Credit:
    given, offer = settings.sources[name], _offer(name, settings)
    return Credit(
        source=name,
        title=card.title,
        publisher=given.publisher or card.publisher,
        product=given.product or (offer.product if offer else "") or card.product,
        licence=given.licence or card.licence,
        attribution=given.attribution or _dated(card.attribution, _years(name, settings)),
        address=card.where_from,
    )


def _offer(name: str, settings: Settings) -> catalogue.Offer | None:
    """Return the first file that is fetched of a source from its publisher, where any is."""
    official = settings.sources[name].provider == "official"
    return settings.offer(name, *settings.cases(name)[0]) if official else None


def _years(name: str, settings: Settings) -> str:
    """Return the year or years that a source's files are of; nothing where they are not known."""
    offer = _offer(name, settings)
    vintage = settings.sources[name].vintage or (offer.vintage if offer else None)
    if vintage:
        return str(vintage)
    if "year" not in catalogue.sources()[name].by:
        return ""
    years = settings.data_years(name)
    first, last = years[0], years[-1]
    return str(first) if first == last else f"{first} to {last}"


def _dated(attribution: str, years: str) -> str:
    """Fill in the year of a publisher's wording, or leave it out."""
    return attribution.replace("[year]", years).replace("  ", " ").replace(" .", ".").strip()


def _demo(name: str, card: catalogue.SourceCard, given: SourceSettings) -> Credit:
    return Credit(
        source=name,
        title=f"{SYNTHETIC}: {card.title}",
        publisher="healthycities",
        product=f"{SYNTHETIC} values in the layout of: {card.product}",
        licence=given.licence or DEMO_LICENCE,
        attribution=given.attribution
        or f"{SYNTHETIC} values made by healthycities, not data of any publisher. {DEMO_ORIGIN}",
        address="",
    )


@dataclass(frozen=True)
class Guide:
    """What each measure is, and the sources that it rests on.

    Parameters
    ----------
    measures : what each measure is, by its name.
    sources_of : names of the sources behind each measure, by its name.
    credits : the sources of the run, by name.
    """

    measures: Mapping[str, catalogue.Measure]
    sources_of: Mapping[str, tuple[str, ...]]
    credits: Mapping[str, Credit]

    def require(self, names: Iterable[str]) -> None:
        """Hold that measures are described.

        Raises
        ------
        SchemaError : naming those without a description or sources.
        """
        known = self.measures.keys() & self.sources_of.keys()
        missing = sorted(set(names) - known)
        if missing:
            raise SchemaError(
                f"measures without a description or sources: {', '.join(missing)}",
                mend="Put them on the card of their metric, under the name that its rows have.",
            )

    def named(self, sources: Iterable[str]) -> tuple[Credit, ...]:
        """Return the credits of those of some sources that the run uses, sorted by name."""
        wanted = set(sources)
        return tuple(credit for name, credit in self.credits.items() if name in wanted)

    def behind(self, metric: str) -> tuple[Credit, ...]:
        """Return the credits of the sources behind a measure."""
        return self.named(self.sources_of[metric])


def joined(parts: Iterable[str]) -> str | None:
    """Join texts, each once and in the order of their first appearance; None for none."""
    return "; ".join(dict.fromkeys(part for part in parts if part)) or None
