"""What the measures of a metric are in a configuration."""

from __future__ import annotations

from itertools import product

from healthycities.catalogue import Measure, MetricCard
from healthycities.metrics.measures import filled, standards_of
from healthycities.settings import Settings


def described(card: MetricCard, settings: Settings) -> tuple[Measure, ...]:
    """Return the measures of a card that a configuration asks for, by pollutant and standard."""
    keys = settings.keys(*card.settings)
    pollutants = settings.pollutants if "pollutant" in card.by else (None,)
    return tuple(
        measure
        for case in product(pollutants, standards_of(card, keys))
        for measure in filled(card, keys, *case).values()
    )
