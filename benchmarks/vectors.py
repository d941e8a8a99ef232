"""Greenspace within zones, and the nearest of many places, against geopandas."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas
import numpy as np

from benchmarks.inputs import CRS, Sizes, partition, places, sites
from benchmarks.race import Claim, Contender, Race
from healthycities.spatial.access import nearest_distance_m
from healthycities.spatial.area import union_area_m2
from healthycities.spatial.grid import FloatArray, ObjectArray

_SIDE_M = 1930.0
_HOMES, _ACCESS_POINTS = 1, 2


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the race of areas and the race of distances."""
    yield _areas(sizes)
    yield _distances(sizes)


def _areas(sizes: Sizes) -> Race:
    zones = partition(sizes.zones_per_side, _SIDE_M)
    shapes = sites(sizes.sites, sizes.zones_per_side * _SIDE_M)
    return Race(
        f"area of {len(shapes):,} sites in {len(zones):,} zones",
        {
            "one thread": Contender(lambda: union_area_m2(zones, shapes, workers=1)),
            "two threads": Contender(lambda: union_area_m2(zones, shapes, workers=2), threads=2),
            "geopandas overlay, dissolve": Contender(lambda: by_overlay(zones, shapes)),
        },
        [
            Claim("greenspace_union", "two threads", "geopandas overlay, dissolve", 5.0),
            Claim("two_cores_greenspace_union", "two threads", "one thread", 1.8),
        ],
        largest_difference,
        1e-9,
    )


def by_overlay(zones: ObjectArray, shapes: ObjectArray) -> FloatArray:
    """Cut all sites to all zones, join the pieces of each zone, and measure."""
    areas = geopandas.GeoDataFrame({"zone": np.arange(len(zones))}, geometry=zones, crs=CRS)
    green = geopandas.GeoDataFrame(geometry=shapes, crs=CRS)
    pieces = geopandas.overlay(green, areas, how="intersection", keep_geom_type=True)
    joined = pieces.dissolve("zone").area
    area_m2: FloatArray = joined.reindex(areas["zone"], fill_value=0.0).to_numpy()
    return area_m2


def _distances(sizes: Sizes) -> Race:
    homes, targets = places(sizes.points, _HOMES), places(sizes.targets, _ACCESS_POINTS)
    left, right = (
        geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*at.T), crs=CRS)
        for at in (homes, targets)
    )
    return Race(
        f"nearest of {len(targets):,} places to {len(homes):,} points",
        {
            "one thread": Contender(lambda: nearest_distance_m(homes, targets)),
            "two threads": Contender(
                lambda: nearest_distance_m(homes, targets, workers=2), threads=2
            ),
            "geopandas sjoin_nearest": Contender(lambda: by_sjoin_nearest(left, right)),
        },
        [
            Claim("nearest_access", "two threads", "geopandas sjoin_nearest", 10.0),
            Claim("two_cores_nearest_access", "two threads", "one thread", 1.8),
        ],
        largest_difference,
        1e-9,
    )


def by_sjoin_nearest(left: geopandas.GeoDataFrame, right: geopandas.GeoDataFrame) -> FloatArray:
    """Join the nearest, with its distance; a point with two equally near counts once."""
    joined = geopandas.sjoin_nearest(left, right, distance_col="distance_m")
    found: FloatArray = joined["distance_m"].groupby(level=0).first().to_numpy()
    return found


def largest_difference(ours: FloatArray, peer: FloatArray) -> float:
    """Return the largest difference as a share of the larger, or as it is below 1 m or 1 m2."""
    return float((np.abs(ours - peer) / np.maximum(np.maximum(ours, peer), 1.0)).max())
