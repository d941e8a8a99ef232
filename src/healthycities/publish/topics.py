"""Which measures a reader is shown first, and which belong together: as the metrics' cards say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from healthycities import catalogue
from healthycities.catalogue import Measure, MetricCard

OTHER = "Other measures"
COUNT = "count"


@dataclass(frozen=True)
class Topic:
    """The measures of one metric.

    Parameters
    ----------
    families : names of all of them, in the order of the card; those of one measure of the card,
        such as its pollutants, stand together.
    headlines : the leading ones, as many as the card says; each for every pollutant where the
        metric is given by pollutant, and of the first standard that the configuration names where
        it is given by standard.
    mapped : the ones to draw as maps: the headlines, or where those are counts, which grow with
        the people of an area, the first that is not.
    """

    title: str
    families: tuple[tuple[str, ...], ...]
    headlines: tuple[str, ...]
    mapped: tuple[str, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of all measures, in the order of the card."""
        return _names(self.families)


def topics(names: Iterable[str], measures: Mapping[str, Measure]) -> tuple[Topic, ...]:
    """Return the topics that some measures belong to, in the order of the names of the metrics.

    Parameters
    ----------
    names : measures to show.
    measures : what each measure is, by its name, in the order that they are shown in.
    """
    shown = set(names)
    waiting = [name for name in measures if name in shown]
    found = []
    for _, card in sorted(catalogue.metrics().items()):
        families = _families(card, waiting)
        taken = {name for family in families for name in family}
        waiting = [name for name in waiting if name not in taken]
        if families:
            found.append(_topic(card.title, families, measures, card.headlines, _in_family(card)))
    if waiting:
        found.append(_topic(OTHER, [sorted(waiting)], measures))
    return tuple(found)


def _families(card: MetricCard, names: Sequence[str]) -> list[list[str]]:
    """Names of each measure of a card: several where a pollutant or a standard stands in it."""
    families = []
    left = list(names)
    for measure in card.measures:
        pattern = _pattern(measure.name)
        family = [name for name in left if pattern.fullmatch(name)]
        left = [name for name in left if name not in family]
        families.append(family)
    return [family for family in families if family]


def _in_family(card: MetricCard) -> int | None:
    """How many measures of a family lead: of standards one, for they are of the same kind."""
    return 1 if "standard" in card.by else None


def _pattern(template: str) -> re.Pattern[str]:
    parts = [
        re.escape(text) + (".+" if brace else "") for text, brace, *_ in Formatter().parse(template)
    ]
    return re.compile("".join(parts))


def _topic(
    title: str,
    families: list[list[str]],
    measures: Mapping[str, Measure],
    leading: int = 1,
    in_family: int | None = None,
) -> Topic:
    rates = [[name for name in family if measures[name].statistic != COUNT] for family in families]
    first = next((family for family in rates if family), [])
    return Topic(
        title=title,
        families=tuple(map(tuple, families)),
        headlines=_names(family[:in_family] for family in families[:leading]),
        mapped=_names(family[:in_family] for family in rates[:leading]) or tuple(first[:in_family]),
    )


def _names(families: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(name for family in families for name in family)
