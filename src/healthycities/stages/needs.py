"""Which sources stand behind the things that a run computes. Cheap to import."""

from __future__ import annotations

from collections.abc import Iterable

from healthycities import catalogue
from healthycities.settings import Settings


def sources_behind(settings: Settings, needs: Iterable[str]) -> set[str]:
    """Return the sources that some needs rest on, through every overlap between.

    Unlike `catalogue.sources_behind`, with the sources that an overlap may use where the
    configuration gives them.

    Parameters
    ----------
    needs : needs of a metric or an overlap, such as ``("areas", "air_quality:pm25")``.
    """
    found: set[str] = set()
    for need in needs:
        name = need.partition(":")[0]
        card = catalogue.overlaps().get(name)
        found |= {name} if card is None else sources_behind(settings, settings.uses(card))
    return found
