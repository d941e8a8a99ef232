"""Burden with its interval for districts and what they make up, from draws of one year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure
from healthycities.geography.levels import Level, Levels
from healthycities.health.draws import Cells, Counts, Groups, Plan, drawn
from healthycities.health.rates import Estimate
from healthycities.health.response import ConcentrationResponse, Exposure
from healthycities.metrics.at_risk import AGE
from healthycities.metrics.rows import divided, notes_of, rows
from healthycities.spatial.grid import FloatArray


def plan_of(keys: Mapping[str, Any]) -> Plan:
    """Return how much is drawn, as the configuration says."""
    return Plan(
        seed=keys["burden.seed"],
        n_draws=keys["burden.draws"],
        confidence=keys["burden.confidence"],
    )


@dataclass(frozen=True)
class Places:
    """Districts with their exposure, the areas that they make up, and the plan of the draws.

    ``year`` is that of the deaths: the same deaths are drawn alike wherever they stand in.
    """

    levels: tuple[Level, ...]
    districts: Sequence[str]
    exposure: Exposure
    year: int
    plan: Plan

    @classmethod
    def of(
        cls,
        levels: Levels,
        wanted: Sequence[str],
        exposure: Exposure,
        year: int,
        plan: Plan,
    ) -> Places:
        """Take those of the wanted levels that there are."""
        districts = levels.districts[fields.DISTRICT_CODE].tolist()
        return cls(tuple(levels.of_districts(wanted)), districts, exposure, year, plan)

    def drawn(
        self,
        function: ConcentrationResponse,
        events: FloatArray,
        what: str,
        counts: Counts = "poisson",
        events_se: FloatArray | float = 0.0,
    ) -> list[Estimate]:
        """Return what a function attributes of events, with limits, for the areas of each level.

        Parameters
        ----------
        function : of the kind of the exposure.
        events : (districts,) 0 or more; NaN stays missing.
        what : name of the events; those of one name and year are drawn alike.
        counts, events_se : as `healthycities.health.draws.Plan` and `Cells` take them.
        """
        names = [f"{district} {self.year} {what}" for district in self.districts]
        cells = Cells(names, self.districts, self.exposure, events, events_se=events_se)
        sums = drawn(cells, function, replace(self.plan, counts=counts), groups_of(self.levels))
        return list(by_level(sums.sums.estimate(self.plan.confidence), self.levels))


def groups_of(levels: Iterable[Level]) -> Groups:
    """Return the areas of all levels as sums of their districts, numbered one level after another.

    Parameters
    ----------
    levels : whose weights have the same districts as columns, each 1 in one area at most.
    """
    of_cells, n = [], 0
    for level in levels:
        areas, districts = level.weights.matrix.nonzero()
        group = np.full(level.weights.matrix.shape[1], -1, dtype=np.int64)
        group[districts] = areas + n
        of_cells.append(group)
        n += len(level.names)
    return Groups(np.stack(of_cells), n)


def by_level(estimate: Estimate, levels: Iterable[Level]) -> Iterator[Estimate]:
    """Yield the part of each level of an estimate of `groups_of`."""
    start = 0
    for level in levels:
        stop = start + len(level.names)
        yield Estimate(*(part[start:stop] for part in estimate))
        start = stop


# --- Rows ---

FRACTIONS = ("attributable fraction", "prevented fraction")
"""Statistics of measures that are a share of the events, in percent."""


class Whole(NamedTuple):
    """What an exposure causes, or a target prevents, of which whole; by area.

    ``covered`` is the share of the whole whose exposure is known.
    """

    caused: Estimate
    events: FloatArray
    covered: FloatArray

    @classmethod
    def of(cls, level: Level, caused: Estimate, events: FloatArray, covered: FloatArray) -> Whole:
        """Add the events of districts up; one without any leaves the sum without them."""
        matrix = level.weights.matrix
        total = matrix @ events
        known = matrix @ (events * np.nan_to_num(covered))
        return cls(caused, total, divided(known, total))


def burden_rows(
    level: Level,
    measure: Measure,
    year: int,
    whole: Whole,
    confidence: float,
    note: str | None,
) -> pd.DataFrame:
    """Return what is attributed or prevented, or its share where that is the measure."""
    n_areas = len(whole.events)
    is_share = measure.statistic in FRACTIONS
    scale = divided(np.full(n_areas, 100.0), whole.events) if is_share else np.ones(n_areas)
    value, lower, upper = (part * scale for part in whole.caused)
    return rows(
        level,
        measure,
        year,
        value=value,
        lower=lower,
        upper=upper,
        confidence=confidence,
        numerator=whole.caused.value,
        denominator=whole.events,
        covered_share=whole.covered,
        age=AGE,
        notes=notes_of(value, np.nan_to_num(whole.covered), note),
    )
