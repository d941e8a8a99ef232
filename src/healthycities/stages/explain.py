"""What a metric is: from its card, the formulas behind it, its settings and its sources."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from healthycities import catalogue
from healthycities.catalogue import Measure, MetricCard
from healthycities.errors import ConfigError
from healthycities.formulas import Formula, formulas_behind
from healthycities.publish.guide import Credit, credits_of
from healthycities.settings import Section, Settings
from healthycities.stages.described import described
from healthycities.stages.needs import overlaps_used, sources_used

WIDTH = 88
DISCLOSURE = ("disclosure.rule", "disclosure.below", "disclosure.base")
"""What the publication of counts of people reads."""

_STANDARDS = ("greenspace.standards", "greenspace.own_standards")
MADE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "greenspace.used_standards": _STANDARDS,
        "greenspace.leading_standard": _STANDARDS,
        "greenspace.sizes_ha": _STANDARDS,
        "greenspace.walk_sizes_ha": _STANDARDS,
        "green_cover.ndvi_buffer_m": ("green_cover.concentration_response",),
        "places_assigned": ("places",),
        "burden.functions": ("burden.concentration_response",),
        "burden.leading": ("burden.concentration_response",),
    }
)
"""The keys that a user writes, behind those that are worked out from them."""

_INDENT = "    "


@dataclass(frozen=True)
class Parameter:
    """A key of the configuration that a metric reads, with its value."""

    key: str
    value: str
    about: str


@dataclass(frozen=True)
class Explanation:
    """All that is known of a metric in a configuration.

    Parameters
    ----------
    name : of the metric's file.
    measures : what it gives; with braces left where the configuration has no pollutant or standard.
    sources : names of the sources behind it; ``credits`` has those that the configuration gives.
    """

    name: str
    card: MetricCard
    measures: tuple[Measure, ...]
    parameters: tuple[Parameter, ...]
    formulas: tuple[Formula, ...]
    sources: tuple[str, ...]
    credits: Mapping[str, Credit]

    def levels_of(self, measure: Measure) -> tuple[str, ...]:
        """Return the levels that a measure is given for."""
        return measure.levels or self.card.levels


def explain(name: str, settings: Settings) -> str:
    """Return what a metric or one of its measures is, as lines of at most 100 characters.

    Parameters
    ----------
    name : of a file of metrics, or of a measure as it is called in the results.

    Raises
    ------
    ConfigError : there is none of that name, with the names that are nearest to it.
    """
    known = {metric: explanation(metric, settings) for metric in catalogue.metrics()}
    if name in known:
        return "\n".join(_lines(known[name], known[name].measures)) + "\n"
    of_measure = {one.name: (found, one) for found in known.values() for one in found.measures}
    if name not in of_measure:
        raise _unknown(name, [*known, *of_measure])
    found, measure = of_measure[name]
    return "\n".join(_lines(found, [measure])) + "\n"


def explanation(metric: str, settings: Settings) -> Explanation:
    """Return what is known of a metric in a configuration."""
    card = catalogue.metrics()[metric]
    needs = settings.uses(card)
    return Explanation(
        metric,
        card,
        described(card, settings) or card.measures,
        tuple(_parameter(key, settings) for key in _keys(card, needs, settings)),
        formulas_behind(metric),
        tuple(sorted(sources_used(settings, needs) | catalogue.sources_needed(card))),
        credits_of(settings),
    )


def _keys(card: MetricCard, needs: Iterable[str], settings: Settings) -> tuple[str, ...]:
    """Return the keys that a metric, its overlaps and the publication of its counts read."""
    overlaps = sorted(overlaps_used(settings, needs))
    of_overlaps = [key for name in overlaps for key in catalogue.overlaps()[name].settings]
    counts = any(measure.counts for measure in card.measures)
    read = [*card.settings, *of_overlaps, *(DISCLOSURE if counts else ())]
    return tuple(dict.fromkeys(key for one in read for key in MADE_OF.get(one, (one,))))


def _parameter(key: str, settings: Settings) -> Parameter:
    section, _, name = key.rpartition(".")
    held: Section = settings.keys(section)[section] if section else settings
    about = type(held).model_fields[name].description or ""
    return Parameter(key, _said(settings.keys(key)[key]), about)


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple, Mapping)):
        return ", ".join(map(str, value)) or "none"
    return (
        "not given" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _unknown(name: str, known: list[str]) -> ConfigError:
    near = get_close_matches(name, known, n=3, cutoff=0.3)
    nearest = f"; nearest are {', '.join(near)}" if near else ""
    return ConfigError(
        f"no metric or measure is called '{name}'{nearest}",
        mend=f"Metrics are {', '.join(catalogue.metrics())}.",
    )


# --- Plain text ---


def _lines(found: Explanation, measures: Iterable[Measure]) -> Iterator[str]:
    yield f"{found.card.title} ({found.name})"
    for measure in measures:
        yield from ("", measure.name, *_indented(measure.title))
        yield from _named("unit", measure.unit)
        yield from _named("direction", measure.direction)
        yield from _named("statistic", measure.statistic)
        yield from _named("levels", ", ".join(found.levels_of(measure)))
        yield from _named("method", measure.method)
    if found.formulas:
        yield from ("", "Formulas")
    for formula in found.formulas:
        # Their lines are kept: a formula is not to be wrapped.
        yield from textwrap.indent(f"{formula.text}\n\n{formula.notes}", _INDENT).splitlines()
        yield from (f"{_INDENT}[{formula.name}]", "")
    if found.parameters:
        yield from (*([] if found.formulas else [""]), "Parameters")
    for one in found.parameters:
        yield from _indented(f"{one.key} = {one.value}")
        yield from _indented(one.about, 2)
    yield from ("", "Sources")
    for licence, sources in _by_licence(found).items():
        yield from _indented(licence)
        for source in sources:
            yield from _indented(source, 2)
    if found.card.caveats:
        yield from ("", "What it cannot tell")
    for caveat in found.card.caveats:
        yield from _indented(caveat)


def _by_licence(found: Explanation) -> dict[str, list[str]]:
    """Return the sources under each licence, in words."""
    said: dict[str, list[str]] = {}
    for name in found.sources:
        card, credit = catalogue.sources()[name], found.credits.get(name)
        licence = card.licence if credit is None else credit.licence
        title = f"{card.title} (not in this configuration)" if credit is None else credit.title
        said.setdefault(licence, []).append(f"{name}: {title}")
    return said


def _named(name: str, text: str) -> Iterator[str]:
    head = f"{_INDENT}{name + ':':<11}"
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), **_WHOLE_WORDS
    )


def _indented(text: str, depth: int = 1) -> list[str]:
    indent = depth * _INDENT
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, **_WHOLE_WORDS
    )


_WHOLE_WORDS: Any = {"break_long_words": False, "break_on_hyphens": False}
