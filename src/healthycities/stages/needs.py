"""Which sources and overlaps stand behind the things that a run computes. Cheap to import."""

from __future__ import annotations

from collections.abc import Iterable

from healthycities import catalogue
from healthycities.settings import Settings


def needs_of(settings: Settings) -> list[str]:
    """Return what the metrics of a run use, what every run does, and what it is compared with."""
    cards = [catalogue.metrics()[name] for name in settings.chosen_metrics]
    beside = [name for name in (catalogue.COMPARED_WITH,) if name in settings.sources]
    return [*(need for card in cards for need in settings.uses(card)), *catalogue.ALWAYS, *beside]


def overlaps_used(settings: Settings, needs: Iterable[str]) -> set[str]:
    """Return the overlaps that some needs use in a run, through every overlap between."""
    found: set[str] = set()
    for name in needs:
        card = catalogue.overlaps().get(name)
        if card is not None:
            found |= {name} | overlaps_used(settings, settings.uses(card))
    return found


def sources_used(settings: Settings, needs: Iterable[str]) -> set[str]:
    """Return the sources that some needs use in a run, through every overlap between.

    Beside those that they cannot do without, which `catalogue.sources_behind` tells from the cards
    alone, these are the sources that an overlap may use and that the configuration gives.

    Parameters
    ----------
    needs : needs of a metric or an overlap, such as ``("areas", "air_quality:pm25")``.
    """
    found: set[str] = set()
    for need in needs:
        name = need.partition(":")[0]
        card = catalogue.overlaps().get(name)
        found |= {name} if card is None else sources_used(settings, settings.uses(card))
    return found
