"""Pictures of what coverage and means cost against the number of zones, cells and layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import geopandas
from matplotlib.figure import Figure

from benchmarks import coverage, means
from benchmarks.inputs import Sizes, irregular_zones, layers
from healthycities.spatial.grid import FloatArray, Grid
from healthycities.spatial.grid_values import cell_values
from healthycities.spatial.weights import Aggregate, Weights

_RUNS = 3


class _Costs(dict[str, list[tuple[int, float]]]):
    """Points of each line: an amount of something, and the median seconds that it took."""

    def add(self, name: str, amount: int, work: Callable[[], Any]) -> None:
        """Do the work a few times and add a point."""
        taken_s = []
        for _ in range(_RUNS):
            start = time.perf_counter()
            work()
            taken_s.append(time.perf_counter() - start)
        self.setdefault(name, []).append((amount, median(taken_s)))


def draw(sizes: Sizes, folder: Path) -> Iterator[Path]:
    """Measure the three costs and draw each; yield the files."""
    yield _drawn("number of zones", _by_zones(sizes), folder / "cost_by_zones.png")
    yield _drawn("number of cells", _by_cells(sizes), folder / "cost_by_cells.png")
    yield _drawn("number of layers", _by_layers(sizes), folder / "cost_by_layers.png")


def _by_zones(sizes: Sizes) -> _Costs:
    return _of_coverage(
        (n, irregular_zones(n, sizes), sizes.grid)
        for n in (sizes.zones // 64, sizes.zones // 16, sizes.zones // 4)
    )


def _by_cells(sizes: Sizes) -> _Costs:
    zones = irregular_zones(sizes.zones // 16, sizes)
    grids = [_resized(sizes.grid, factor) for factor in (0.5, 1, 2, 4)]
    return _of_coverage((grid.size, zones, grid) for grid in grids)


def _by_layers(sizes: Sizes) -> _Costs:
    zones, grid = irregular_zones(sizes.zones // 16, sizes), sizes.grid
    weights = Weights.from_grid(zones, grid, workers=2)

    def built(cells: FloatArray) -> Aggregate:
        return Weights.from_grid(zones, grid, workers=2).aggregate(cells, workers=2)

    costs = _Costs()
    for n in sizes.layers:
        stack = layers(n, grid)
        cells = cell_values(stack, grid, ("layer", "y", "x"))
        costs.add("weights built, two threads", n, partial(built, cells))
        costs.add("weights stored, two threads", n, partial(weights.aggregate, cells, workers=2))
        costs.add("exactextract", n, partial(means.by_exactextract, stack, grid, zones))
    return costs


def _of_coverage(cases: Iterable[tuple[int, geopandas.GeoSeries, Grid]]) -> _Costs:
    costs = _Costs()
    for amount, zones, grid in cases:
        costs.add("one thread", amount, partial(coverage.on_one_thread, zones, grid))
        costs.add("two threads", amount, partial(coverage.on_two_threads, zones, grid))
        costs.add("exactextract", amount, partial(coverage.by_exactextract, zones, grid))
    return costs


def _resized(grid: Grid, factor: float) -> Grid:
    """Return a grid of the same ground with more or fewer cells along each side."""
    return replace(
        grid,
        cell_size_m=grid.cell_size_m / factor,
        n_rows=int(grid.n_rows * factor),
        n_columns=int(grid.n_columns * factor),
    )


def _drawn(across: str, costs: _Costs, file: Path) -> Path:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in costs.items():
        axes.loglog(*zip(*points, strict=True), marker="o", label=name)
    axes.set(xlabel=across, ylabel="seconds")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=120)
    return file
