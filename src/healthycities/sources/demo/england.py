"""The districts of a schematic England: real centres and areas, invented edges."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from healthycities.errors import GeometryError
from healthycities.sources.demo import power
from healthycities.sources.demo.draws import Floats, Ints
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

KM_M = 1000.0
_UNIT_M = 100_000.0
_INLAND_M = 2000.0
_SNAP_M = 0.1


def _data(name: str) -> pd.DataFrame:
    with files(__package__).joinpath("data", name).open(encoding="utf-8") as file:
        return pd.read_csv(file)


def outline() -> BaseGeometry:
    """Coarse outline of England's mainland, in metres of the British National Grid."""
    return shapely.polygons(_data("england_outline.csv").to_numpy(dtype=float) * KM_M)


def district_centres() -> pd.DataFrame:
    """Districts of May 2025, by code: name, centre (x, y in m), area_km2 and people of mid-2020."""
    table = _data("lad_centres.csv").sort_values("lad_code", ignore_index=True)
    return pd.DataFrame(
        {
            "code": table["lad_code"],
            "name": table["lad_name"],
            "x": table["easting_km"] * KM_M,
            "y": table["northing_km"] * KM_M,
            "area_km2": table["area_km2"].astype(float),
            "people": table["population_mid2020"].round().astype("int64"),
        }
    )


def inland(points: Floats, region: BaseGeometry) -> Floats:
    """Move points that lie in the sea, or at its very edge, to the nearest place inland."""
    inner = region.buffer(-_INLAND_M)
    ways = shapely.shortest_line(inner, shapely.points(points))
    return np.asarray(shapely.get_coordinates(shapely.get_point(ways, 0)))


def faces_between(lines: Any) -> Any:
    """All faces between lines that meet at their common points: an exact partition."""
    return shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))


def gathered(faces: Any, owner: Ints, count: int) -> Any:
    """Join faces into one MultiPolygon for each of ``count`` owners.

    Raises
    ------
    GeometryError
        Where an owner has no face.
    """
    without = np.setdiff1d(np.arange(count), owner)
    if without.size:
        raise GeometryError(
            f"{without.size} of {count} cells of the schematic England are empty",
            mend="Choose another seed or a smaller scale.",
        )
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(1, count))
    parts = [shapely.coverage_union_all(group) for group in np.split(faces[order], starts)]
    return shapely.normalize(as_multi(np.array(parts, dtype=object)))


def as_multi(polygons: Any) -> Any:
    """Return every shape as a MultiPolygon, as the publishers do."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    return shapely.multipolygons(parts, indices=owner)


def _cells(centres: Floats, targets: Floats, region: BaseGeometry) -> Any:
    """Cells of the target areas (unit coordinates), as MultiPolygons in metres."""
    unit = shapely.transform(region, lambda xy: xy / _UNIT_M)
    weights = power.capacity_weights(centres, unit, targets)
    edges = shapely.linestrings(power.cell_edges(centres, weights) * _UNIT_M)
    edges = shapely.intersection(edges, region.buffer(_UNIT_M))
    lines = shapely.union_all([*edges, region.exterior], grid_size=_SNAP_M)
    faces = faces_between(lines)
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    within = shapely.contains_xy(region, inner)
    owner = power.owners(inner[within] / _UNIT_M, centres, weights)
    return gathered(faces[within], owner, len(centres))


def _seated(centres: Floats, cells: Any) -> Floats:
    """Nearest place to each centre that lies well inside its own cell.

    A small district beside large ones can be pushed off its centre by their areas.
    """
    widest = shapely.maximum_inscribed_circle(cells, tolerance=100)
    inner = shapely.buffer(cells, -0.6 * shapely.length(widest))
    ways = shapely.shortest_line(inner, shapely.points(centres))
    return np.asarray(shapely.get_coordinates(shapely.get_point(ways, 0)))


def districts() -> gpd.GeoDataFrame:
    """All districts of England, by code, with cells of proportionate area around their centres.

    Returns
    -------
    Columns code, name, x, y (m, inside the cell), area_km2 (the real one), people (mid-2020) and
    geometry: a partition of the outline.
    """
    region = outline()
    table = district_centres()
    centres = inland(table[["x", "y"]].to_numpy(), region)
    share = (table["area_km2"] / table["area_km2"].sum()).to_numpy()
    cells = _cells(centres / _UNIT_M, share * region.area / _UNIT_M**2, region)
    seats = _seated(centres, cells)
    return gpd.GeoDataFrame(
        table.assign(x=seats[:, 0], y=seats[:, 1]), geometry=cells, crs=BRITISH_NATIONAL_GRID
    )
