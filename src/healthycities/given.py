"""What a step of the workflow is given: the things that its card needs, and keys of the config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Given:
    """What an overlap or a metric is computed from.

    Parameters
    ----------
    inputs : what the card needs, and what it may use where the configuration gives it, by name: a
        table, places, weights, or the values of a grid.
    keys : the keys of the configuration that the card names, such as ``greenspace.radius_m``.
    year : the year reported on, for a metric.
    pollutant : name of the pollutant, for a metric that is given by pollutant.
    standard : the standard of access, for a metric that is given by standard; a row of
        `healthycities.health.access_standards`.
    scheduler, workers : where parallel parts run, as `healthycities.spatial.parallel.map_blocks`
        takes them; they change no result.
    """

    inputs: Mapping[str, Any]
    keys: Mapping[str, Any] = field(default_factory=dict)
    year: int = 0
    pollutant: str = ""
    standard: Mapping[str, Any] = field(default_factory=dict)
    scheduler: str = "threads"
    workers: int = 1
