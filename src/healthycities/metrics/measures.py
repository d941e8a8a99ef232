"""The measures of a metric with their braces filled: names, titles, units and methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any

from healthycities.catalogue import Measure, MetricCard
from healthycities.health.files import CONCENTRATION_RESPONSE_FILE
from healthycities.health.guidelines import guideline_ugm3
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS

GUIDELINES = ("who2021", "england2040")


def filled(
    card: MetricCard, keys: Mapping[str, Any], pollutant: str | None = None
) -> dict[str, Measure]:
    """Return the measures of a card for a pollutant, by the name that they have on the card.

    Parameters
    ----------
    card : card of the metric.
    keys : the configuration that the card names, such as ``{"greenspace.radius_m": 300}``; the last
        part of a key fills a brace.
    pollutant : name of the pollutant, for a metric that is given by pollutant.
    """
    words = {key.rpartition(".")[2]: _said(value) for key, value in keys.items()}
    words |= _pollutant_words(pollutant) | _function_words(words.get("concentration_response"))
    words |= _green_words(keys)
    return {
        measure.name: _filled(measure, words)
        for measure in card.measures
        if pollutant is None or not measure.pollutants or pollutant in measure.pollutants
    }


def _pollutant_words(pollutant: str | None) -> dict[str, str]:
    if pollutant is None:
        return {}
    limits = {name: guideline_ugm3(pollutant, name) for name in GUIDELINES}
    return {
        "pollutant": pollutant,
        "pollutant_label": POLLUTANTS[pollutant].label,
        **{f"{name}_ugm3": _said(limit) for name, limit in limits.items() if limit is not None},
    }


def _function_words(crf_id: str | None) -> dict[str, str]:
    """Return the risk of a concentration-response function, and where it is from."""
    functions = {row["crf_id"]: row for row in rows(CONCENTRATION_RESPONSE_FILE)}
    return (
        {}
        if crf_id is None
        else {f"function_{name}": text for name, text in functions[crf_id].items()}
    )


def _green_words(keys: Mapping[str, Any]) -> dict[str, str]:
    """Return which cells are green, by classes or else by a threshold."""
    classes = keys.get("green_cover.green_classes")
    threshold = keys.get("green_cover.ndvi_threshold")
    if classes is not None:
        codes = "class" if len(classes) == 1 else "classes"
        return {"green_cells": f"the {codes} {_said(classes)}"}
    return {} if threshold is None else {"green_cells": f"cells with an NDVI above {threshold:g}"}


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
