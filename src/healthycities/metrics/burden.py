"""Burden with its interval for districts and what they make up, from draws of one year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from healthycities import fields
from healthycities.geography.levels import Level, Levels
from healthycities.health.draws import Cells, Counts, Groups, Plan, drawn
from healthycities.health.rates import Estimate
from healthycities.health.response import ConcentrationResponse, Exposure
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
    exposure_ugm3: FloatArray
    year: int
    plan: Plan

    @classmethod
    def of(
        cls,
        levels: Levels,
        wanted: Sequence[str],
        exposure_ugm3: FloatArray,
        year: int,
        plan: Plan,
    ) -> Places:
        """Take those of the wanted levels that there are."""
        districts = levels.districts[fields.DISTRICT_CODE].tolist()
        return cls(tuple(levels.of_districts(wanted)), districts, exposure_ugm3, year, plan)

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
        function : of PM2.5.
        events : (districts,) 0 or more; NaN stays missing.
        what : name of the events; those of one name and year are drawn alike.
        counts, events_se : as `healthycities.health.draws.Plan` and `Cells` take them.
        """
        names = [f"{district} {self.year} {what}" for district in self.districts]
        exposure = Exposure("pm25", self.exposure_ugm3)
        cells = Cells(names, self.districts, exposure, events, events_se=events_se)
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
