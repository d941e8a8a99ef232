"""Weights of the 1 km cells of the air-quality grid in each small area."""

from __future__ import annotations

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.given import Given
from healthycities.sources.air_quality import GRID
from healthycities.spatial.weights import Weights

CARD = OverlapCard(
    title="Share of each 1 km cell of the air-quality grid that each small area covers",
    needs=("areas", "small_areas"),
    suffix=".npz",
    parallel=True,
)


def build(given: Given) -> Weights:
    """Weigh the cells of the grid in the small areas reported on, by exact coverage."""
    shapes = given.inputs["small_areas"].set_index(fields.SMALL_AREA_CODE).geometry
    zones = shapes.loc[given.inputs["areas"][fields.SMALL_AREA_CODE]]
    return Weights.from_grid(zones, GRID, scheduler=given.scheduler, workers=given.workers)
