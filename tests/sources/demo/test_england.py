from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from healthycities.sources.demo import england


def test_every_district_of_england_has_one_cell(districts: gpd.GeoDataFrame):
    """There are 296 districts, in order of their codes, on the British National Grid."""
    assert len(districts) == 296
    assert districts["code"].is_unique
    assert districts["code"].is_monotonic_increasing
    assert districts.crs.to_epsg() == 27700
    assert set(districts.geom_type) == {"MultiPolygon"}
    assert districts.is_valid.all()


def test_cells_partition_the_outline(districts: gpd.GeoDataFrame):
    """Cells share their edges exactly and leave no gap of a millionth of England."""
    shapes = districts.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    whole = england.outline()
    assert shapely.area(shapes).sum() == pytest.approx(whole.area, rel=1e-6)
    apart = shapely.coverage_union_all(shapes).symmetric_difference(whole)
    assert apart.area < 1e-6 * whole.area


def test_cells_have_areas_in_proportion_to_the_real_ones(districts: gpd.GeoDataFrame):
    """Each cell's share of England is within 2 % of its district's real share."""
    drawn = districts.area / districts.area.sum()
    real = districts["area_km2"] / districts["area_km2"].sum()
    assert (drawn / real - 1).abs().max() < 0.02


def test_centres_lie_in_their_cells(districts: gpd.GeoDataFrame):
    """The place where a district's people gather is inside the district."""
    inside = shapely.contains_xy(districts.geometry.to_numpy(), districts["x"], districts["y"])
    assert inside.all()


def test_most_cells_are_where_their_districts_are(districts: gpd.GeoDataFrame):
    """The map is recognisable: half of the cells lie within 4 km of the real centre, and all 25."""
    real = england.district_centres()
    centre = districts.centroid
    off_m = np.hypot(centre.x - real["x"], centre.y - real["y"])
    # The Isles of Scilly and the Isle of Wight have no land in the outline of the mainland.
    on_mainland = ~real["code"].isin(["E06000046", "E06000053"])
    assert off_m.median() < 4_000
    assert off_m[on_mainland].max() < 25_000


def test_a_point_at_sea_is_moved_inland():
    """A point 5 km off a square of land lands 2 km behind its shore, and an inland one stays."""
    land = shapely.box(0, 0, 50_000, 50_000)
    moved = england.inland(np.array([[55_000.0, 20_000.0], [10_000.0, 10_000.0]]), land)
    assert moved == pytest.approx(np.array([[48_000, 20_000], [10_000, 10_000]]))
