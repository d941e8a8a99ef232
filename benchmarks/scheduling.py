"""What it costs to have blocks scheduled: the same blocks by dask and in a plain loop.

Both cover the same zones in the same blocks on one core, so that the difference between them is
the scheduler's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.inputs import Sizes, irregular_zones
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.coverage import CellCoverage, cell_coverage
from healthycities.spatial.grid import Grid, ObjectArray
from healthycities.spatial.parallel import BLOCK_SIZE, hilbert_order, map_blocks, row_blocks


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    zones, grid = irregular_zones(sizes.zones, sizes).to_numpy(), sizes.grid
    blocks = [zones[block] for block in row_blocks(hilbert_order(zones), BLOCK_SIZE)]
    yield Race(
        f"scheduling of {len(blocks)} blocks of {BLOCK_SIZE} zones",
        {
            "dask, one thread": Contender(lambda: by_dask(blocks, grid)),
            "plain loop": Contender(lambda: in_a_loop(blocks, grid)),
        },
        [Claim("scheduling_overhead", "dask, one thread", "plain loop", 0.95)],
        difference=largest_difference,
        tolerance=0.0,
    )


def by_dask(blocks: Sequence[ObjectArray], grid: Grid) -> list[CellCoverage]:
    """Cover block after block as the workflow does."""
    return map_blocks(partial(cell_coverage, grid=grid), blocks, workers=1)


def in_a_loop(blocks: Sequence[ObjectArray], grid: Grid) -> list[CellCoverage]:
    """Cover block after block with nothing between."""
    return [cell_coverage(block, grid) for block in blocks]


def largest_difference(ours: Sequence[CellCoverage], peer: Sequence[CellCoverage]) -> float:
    """Compare every fraction, of which each block must have as many."""
    pairs = zip(ours, peer, strict=True)
    return max(float(abs(one.fraction - other.fraction).max()) for one, other in pairs)
