"""Intervals of attributable deaths by simulation: blocks of draws, and a plain loop over areas.

Areas, ten years and two sexes; the risk is drawn once for all, the counts for each cell. Both give
limits for each cell, and for each authority and all areas in each year and sex, from draws that
are summed before their quantiles are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from benchmarks.inputs import SEED, Sizes
from benchmarks.race import Claim, Contender, Race
from healthycities.health.draws import Cells, Drawn, Groups, Plan, cuts, drawn, joined
from healthycities.health.rates import Estimate, FloatArray
from healthycities.health.response import Exposure, concentration_response
from healthycities.spatial.parallel import map_blocks

YEARS, SEXES, AUTHORITIES = 10, 2, 21
FUNCTION = concentration_response("comeap2022_pm25")
_PEER = "plain loop over areas"


class Work(NamedTuple):
    """What both start from."""

    cells: Cells
    groups: Groups
    plan: Plan


Limits = tuple[Estimate, Estimate]
"""Those of cells, and those of groups."""


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    work = work_of(sizes)
    yield Race(
        f"burden of {len(work.cells):,} areas, years and sexes in {sizes.draws:,} draws",
        {
            "one thread": Contender(lambda: in_blocks(work, 1)),
            "two threads": Contender(lambda: in_blocks(work, 2), threads=2),
            _PEER: Contender(lambda: plain_loop(work)),
        },
        [
            Claim("burden_draws", "two threads", _PEER, 4.0),
            Claim("two_cores_burden_draws", "two threads", "one thread", 1.6),
        ],
        difference=largest_difference,
        tolerance=0.15,
    )


@cache
def work_of(sizes: Sizes) -> Work:
    """Return areas of districts' size, in as many authorities as England has."""
    draw = np.random.default_rng(SEED)
    n, per_area = sizes.burden_areas, YEARS * SEXES
    places = [f"A{area:06d} {year}" for area in range(n) for year in range(YEARS)]
    exposure = np.repeat(draw.uniform(5, 12, n * YEARS), SEXES)
    cells = Cells(
        [f"{place} {sex}" for place in places for sex in ("female", "male")],
        [place for place in places for _ in range(SEXES)],
        Exposure("pm25", exposure),
        draw.integers(200, 2000, n * per_area).astype(np.float64),
    )
    within = np.tile(np.arange(per_area), n)
    authorities = min(AUTHORITIES, n)
    authority = np.repeat(np.arange(n) % authorities, per_area) * per_area + within
    of_cells = np.stack([authority, authorities * per_area + within])
    groups = Groups(of_cells, (authorities + 1) * per_area)
    return Work(cells, groups, Plan(SEED, sizes.draws))


def in_blocks(work: Work, workers: int) -> Limits:
    """Draw a block of cells on each thread of dask."""
    blocks = [
        (work.cells.part(*cut), work.groups.part(*cut)) for cut in cuts(len(work.cells), workers)
    ]
    found = joined(map_blocks(partial(_block, plan=work.plan), blocks, workers=workers))
    return found.cells, found.sums.estimate(work.plan.confidence)


def _block(block: tuple[Cells, Groups], plan: Plan) -> Drawn:
    cells, groups = block
    return drawn(cells, FUNCTION, plan, groups)


def plain_loop(work: Work) -> Limits:
    """Draw cell after cell with numpy's generator, as an analyst would write it."""
    cells, groups, plan = work
    generator = np.random.default_rng(SEED)
    spread = np.log(FUNCTION.rr_upper / FUNCTION.rr_lower) / (2 * 1.96)
    risks = generator.lognormal(np.log(FUNCTION.rr), spread, plan.n_draws)
    totals, central = np.zeros((groups.n, plan.n_draws)), np.zeros(groups.n)
    found = []
    for i, events in enumerate(cells.events):
        dose = cells.exposure.values[i] / FUNCTION.increment
        impacts = generator.poisson(events, plan.n_draws) * (1 - 1 / risks**dose)
        value = events * (1 - 1 / FUNCTION.rr**dose)
        for group in groups.of_cells[:, i]:
            totals[group] += impacts
            central[group] += value
        found.append((value, *np.percentile(impacts, (2.5, 97.5))))
    limits = np.percentile(totals, (2.5, 97.5), axis=-1)
    return Estimate(*np.array(found).T), Estimate(central, *limits)


def largest_difference(ours: Limits, peer: Limits) -> float:
    """Compare values and limits, as shares of the values."""
    pairs = zip(ours, peer, strict=True)
    return max(_difference(one, other) for one, other in pairs)


def _difference(one: Estimate, other: Estimate) -> float:
    parts: FloatArray = np.abs(np.stack(one) - np.stack(other)) / other.value
    return float(parts.max())
