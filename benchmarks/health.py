"""Rates, ratios, life tables and slope indices of districts: in blocks, and area by area in a loop.

Districts, ten years and two sexes, each with 20 bands of age and 10 tenths of deprivation; limits
of slopes are simulated with as many draws as those of the attributable burden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from benchmarks.burden import SEXES, YEARS
from benchmarks.inputs import SEED, Sizes
from benchmarks.race import Claim, Contender, Race
from healthycities.health.inequality import concentration_index, slope_index
from healthycities.health.life import (
    ABRIDGED_STARTS,
    life_expectancy,
    potential_years_of_life_lost,
    probability_of_dying,
)
from healthycities.health.rates import (
    Estimate,
    FloatArray,
    crude_rate,
    directly_standardised_rate,
    indirectly_standardised_rate,
    proportion,
    standardised_ratio,
)
from healthycities.health.standards import european_standard_population_2013
from healthycities.spatial.parallel import map_blocks, row_blocks

_CONFIDENCE = 0.95
_BLOCK = 250
_TENTHS = 10
_PEER = "plain loop over areas"


class Counts(NamedTuple):
    """Deaths and people, (cells, bands), and a rate of each tenth with its error, (cells, 10)."""

    deaths: FloatArray
    people: FloatArray
    rate: FloatArray
    error: FloatArray

    def part(self, cells: FloatArray) -> Counts:
        """Return those of some cells."""
        return Counts(*(every[cells] for every in self))


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    counts = counts_of(sizes)
    deaths, people = counts.deaths.sum(axis=0), counts.people.sum(axis=0)
    asked = partial(statistics, reference=deaths, people=people, draws=sizes.draws)
    yield Race(
        f"rates and life tables of {len(counts.deaths):,} areas, years and sexes",
        {
            "one thread": Contender(lambda: in_blocks(counts, asked, 1)),
            "two threads": Contender(lambda: in_blocks(counts, asked, 2), threads=2),
            _PEER: Contender(lambda: one_by_one(counts, asked)),
        },
        [
            Claim("health_statistics", "two threads", _PEER, 5.0),
            Claim("two_cores_health_statistics", "two threads", "one thread", 1.8),
        ],
        difference=largest_difference,
        tolerance=1e-9,
    )


@cache
def counts_of(sizes: Sizes) -> Counts:
    """Draw the counts of districts of England's size, with its mortality by age."""
    draw = np.random.default_rng(SEED)
    n = sizes.burden_areas * YEARS * SEXES
    starts = np.array(ABRIDGED_STARTS)
    people = draw.uniform(2000, 12_000, (n, len(starts)))
    risk = np.minimum(5e-5 * np.exp(starts * 0.09), 0.3)
    rate = 1000 + np.linspace(-200, 200, _TENTHS) + draw.normal(0, 30, (n, _TENTHS))
    return Counts(
        draw.poisson(people * risk).astype(np.float64), people, rate, np.full((n, _TENTHS), 30.0)
    )


def statistics(counts: Counts, reference: FloatArray, people: FloatArray, draws: int) -> FloatArray:
    """Return values and limits of every statistic of every cell, (cells, figures)."""
    deaths, total = counts.deaths.sum(axis=-1), counts.people.sum(axis=-1)
    standard = european_standard_population_2013((0, *ABRIDGED_STARTS[2:]), below=None)
    under_5 = [
        np.concatenate([part[..., :2].sum(axis=-1, keepdims=True), part[..., 2:]], axis=-1)
        for part in (counts.deaths, counts.people)
    ]
    tenths = np.ones_like(counts.rate)
    life = life_expectancy(counts.deaths, counts.people, ABRIDGED_STARTS, _CONFIDENCE)
    slope = slope_index(tenths, counts.rate, counts.error, repetitions=draws)
    found = [
        crude_rate(deaths, total, 100_000, _CONFIDENCE),
        proportion(deaths, total, _CONFIDENCE),
        directly_standardised_rate(*under_5, standard, 100_000, _CONFIDENCE),
        standardised_ratio(counts.deaths, counts.people, reference, people, 100, _CONFIDENCE),
        indirectly_standardised_rate(
            counts.deaths, counts.people, reference, people, 100_000, _CONFIDENCE
        ),
        Estimate(*(part[..., 0] for part in life)),
        probability_of_dying(counts.deaths, counts.people, ABRIDGED_STARTS),
        potential_years_of_life_lost(counts.deaths, ABRIDGED_STARTS),
        slope.sii,
        slope.rii,
        concentration_index(tenths, counts.rate, counts.error),
    ]
    return np.stack([part for one in found for part in one], axis=-1)


def in_blocks(counts: Counts, asked: Callable[[Counts], FloatArray], workers: int) -> FloatArray:
    """Ask for whole blocks of cells, on threads of dask."""
    blocks = [counts.part(cells) for cells in row_blocks(np.arange(len(counts.deaths)), _BLOCK)]
    return np.concatenate(map_blocks(asked, blocks, workers=workers))


def one_by_one(counts: Counts, asked: Callable[[Counts], FloatArray]) -> FloatArray:
    """Ask for one cell after the other, as an analyst would write it."""
    return np.stack([asked(counts.part(cell)) for cell in range(len(counts.deaths))])


def largest_difference(ours: FloatArray, peer: FloatArray) -> float:
    """Return the largest difference as a share; endless for a gap that one side alone has."""
    gap = np.isnan(ours) & np.isnan(peer)
    apart = np.abs(ours - peer) / np.maximum(np.abs(peer), 1e-9)
    return float(np.nan_to_num(np.where(gap, 0.0, apart), nan=np.inf).max())
