"""The measures of a metric with their braces filled: names, titles, units and methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from healthycities.catalogue import Measure, MetricCard
from healthycities.health.access_standards import WALK
from healthycities.health.causes import DEATHS_OF_OUTCOME
from healthycities.health.files import CONCENTRATION_RESPONSE_FILE
from healthycities.health.guidelines import guideline_ugm3
from healthycities.metrics.pooled import POOLED_KEY
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS

GUIDELINES = ("who2021", "england2040")
STANDARDS_KEY = "greenspace.used_standards"
LEADING_STANDARD_KEY = "greenspace.leading_standard"
_IF_WALK = (
    " It asks for a walk, which is no shorter than the straight line: this share is an upper bound."
)
_FUNCTION = "{function}"
_ONE_FUNCTION = ("burden.leading", "green_cover.concentration_response")


NO_STANDARD: Mapping[str, Any] = MappingProxyType({})


def standards_of(card: MetricCard, keys: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the standards that a metric is given by; one that says nothing for other metrics."""
    return keys[STANDARDS_KEY] if "standard" in card.by else [NO_STANDARD]


def filled(
    card: MetricCard,
    keys: Mapping[str, Any],
    pollutant: str | None = None,
    standard: Mapping[str, Any] = NO_STANDARD,
) -> dict[str, Measure]:
    """Return a card's measures for a pollutant or standard, by the names they have on the card.

    One whose name holds ``{function}`` is there once for each concentration-response function after
    the leading one, by the name with the function filled in.

    Parameters
    ----------
    card : card of the metric.
    keys : the configuration that the card names, such as ``{"mortality.confidence": 0.95}``; the
        last part of a key fills a brace.
    pollutant : name of the pollutant, for a metric that is given by pollutant.
    standard : one of `standards_of`, for a metric that is given by standard.
    """
    words = {key.rpartition(".")[2]: _said(value) for key, value in keys.items()}
    words |= _period_words(keys) | _pollutant_words(pollutant) | _green_words(keys)
    words |= _standard_words(standard or keys.get(LEADING_STANDARD_KEY, NO_STANDARD))
    return {
        name: _filled(measure, words | _function_words(function))
        for measure in card.measures
        for name, function in _cases(measure.name, keys)
        if _is_of(pollutant, measure.pollutants)
        and _is_of(standard.get("distance_kind"), measure.distance_kinds)
    }


def _is_of(case: str | None, cases: tuple[str, ...]) -> bool:
    """Whether a measure is given for a case; where it names none, it is given for all."""
    return case is None or not cases or case in cases


def _pollutant_words(pollutant: str | None) -> dict[str, str]:
    if pollutant is None:
        return {}
    limits = {name: guideline_ugm3(pollutant, name) for name in GUIDELINES}
    return {
        "pollutant": pollutant,
        "pollutant_label": POLLUTANTS[pollutant].label,
        **{f"{name}_ugm3": _said(limit) for name, limit in limits.items() if limit is not None},
    }


def _standard_words(standard: Mapping[str, Any]) -> dict[str, str]:
    """Return what a standard asks for, and in words how large and along which way."""
    if not standard:
        return {}
    size_ha = standard["min_area_ha"]
    return {
        **{f"standard_{name}": _said(value) for name, value in standard.items()},
        "standard": standard["standard_id"],
        "of_size": f"of {size_ha:g} ha or more" if size_ha else "of any size",
        "if_walk": _IF_WALK if standard["distance_kind"] == WALK else "",
    }


def _cases(name: str, keys: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the name of a measure and the function that it tells of: the leading one, or others."""
    leading, *others = keys.get("burden.functions") or (_one_function(keys),)
    if _FUNCTION not in name:
        yield name, leading
        return
    for function in others:
        yield name.replace(_FUNCTION, function), function


def _one_function(keys: Mapping[str, Any]) -> str | None:
    """Return the function of a metric that knows one only, or None."""
    return next((keys[key] for key in _ONE_FUNCTION if key in keys), None)


def _function_words(crf_id: str | None) -> dict[str, str]:
    """Return the risk of a concentration-response function, and where it is from."""
    if crf_id is None:
        return {}
    functions = {row["crf_id"]: row for row in rows(CONCENTRATION_RESPONSE_FILE)}
    told = {f"function_{name}": text for name, text in functions[crf_id].items()}
    deaths = DEATHS_OF_OUTCOME.get(functions[crf_id]["outcome"], "deaths")
    return {**told, "function": crf_id, "function_deaths": deaths}


def _period_words(keys: Mapping[str, Any]) -> dict[str, str]:
    """Return how many years a rate or a life table rests on, and what people of these years are."""
    years = keys.get(POOLED_KEY, 1)
    if years == 1:
        return {"period": "one year", "people": "people"}
    return {"period": f"{years} years together", "people": "person-years"}


def _green_words(keys: Mapping[str, Any]) -> dict[str, str]:
    """Return which cells are green, by classes or else by a threshold; and the NDVI aimed at."""
    classes = keys.get("green_cover.green_classes")
    threshold = keys.get("green_cover.ndvi_threshold")
    target = keys.get("green_cover.ndvi_target")
    aim = {"ndvi_target": "the target" if target is None else _said(target)}
    if classes is not None:
        codes = "class" if len(classes) == 1 else "classes"
        return {**aim, "green_cells": f"the {codes} {_said(classes)}"}
    if threshold is not None:
        return {**aim, "green_cells": f"cells with an NDVI above {threshold:g}"}
    # A configuration that says neither has no such metric, and may ask what it is.
    return {**aim, "green_cells": "cells that are green"}


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _filled(measure: Measure, words: Mapping[str, str]) -> Measure:
    texts = {
        part.name: getattr(measure, part.name).format_map(words)
        for part in dataclass_fields(measure)
        if isinstance(getattr(measure, part.name), str)
    }
    return replace(measure, **texts)
