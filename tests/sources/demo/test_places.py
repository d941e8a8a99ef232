from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.sources.demo.conftest import SCALE, SEED, TEES_VALLEY

from healthycities.errors import ConfigError
from healthycities.sources.demo import places


@pytest.fixture(scope="module")
def tees_valley(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the five districts of the Tees Valley."""
    return places.chosen_districts(districts, TEES_VALLEY)


@pytest.fixture(scope="module")
def areas(tees_valley: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the small areas of the Tees Valley."""
    return places.small_areas(tees_valley, seed=SEED, scale=SCALE)


def test_number_of_small_areas(areas: gpd.GeoDataFrame):
    """Middlesbrough's 141,285 people at 1,675 each make 84, of which a twentieth is 4."""
    counts = areas["district_name"].value_counts()
    assert counts["Middlesbrough"] == 4
    assert places.small_area_counts(np.array([2226]), 0.05).tolist() == [2]


def test_small_areas_partition_their_districts(
    areas: gpd.GeoDataFrame, tees_valley: gpd.GeoDataFrame
):
    """Small areas share their edges exactly and fill each district."""
    assert shapely.coverage_is_valid(areas.geometry.to_numpy())
    assert areas.is_valid.all()
    filled = areas.area.groupby(areas["district_code"]).sum()
    assert filled.to_numpy() == pytest.approx(tees_valley.area.to_numpy(), rel=1e-6)
    whole = areas.dissolve("district_code").geometry.to_numpy()
    beside = shapely.symmetric_difference(whole, tees_valley.geometry.to_numpy())
    assert (shapely.area(beside) < 1e-6 * tees_valley.area).all()


def test_people_live_in_their_small_area(areas: gpd.GeoDataFrame):
    """The population-weighted centroid lies inside the shape."""
    assert shapely.contains_xy(areas.geometry.to_numpy(), areas["x"], areas["y"]).all()


def test_people_of_small_areas_sum_to_their_district(
    areas: gpd.GeoDataFrame, tees_valley: gpd.GeoDataFrame
):
    """At mid-2020 the small areas hold the district's real number of people."""
    summed = areas.groupby("district_code")["people"].sum()
    assert summed.tolist() == tees_valley["people"].tolist()


def test_towns_are_dense(districts: gpd.GeoDataFrame):
    """In a rural district most people live on a small part of the land."""
    rural = places.chosen_districts(districts, ["E06000065"])
    areas = places.small_areas(rural, seed=SEED, scale=0.1).sort_values("density", ascending=False)
    dense = areas["people"].cumsum() < 0.6 * areas["people"].sum()
    assert areas.loc[dense, "area_km2"].sum() < 0.2 * areas["area_km2"].sum()


def test_deprivation_is_alike_among_neighbours_and_higher_in_the_north(
    districts: gpd.GeoDataFrame,
):
    """Small areas are nearer in deprivation to their neighbours than to others."""
    areas = places.small_areas(districts, seed=SEED, scale=0.03)
    tree = shapely.STRtree(areas.geometry.to_numpy())
    first, second = tree.query(areas.geometry.to_numpy(), predicate="intersects")
    latent = areas["deprivation"].to_numpy()
    pairs = first < second
    assert np.corrcoef(latent[first[pairs]], latent[second[pairs]])[0, 1] > 0.3
    assert np.corrcoef(latent, np.log(areas["density"]))[0, 1] > 0.2
    north = areas["y"] > areas["y"].median()
    assert latent[north].mean() > latent[~north].mean()


def test_ranks_and_deciles_by_hand():
    """The highest score is rank 1; twenty areas make ten deciles of two."""
    rank, decile = places.rank_and_decile(np.array([3.0, 9.0, 1.0, 9.0]))
    assert rank.tolist() == [3, 1, 4, 2]
    assert decile.tolist() == [8, 3, 10, 5]
    assert np.bincount(places.rank_and_decile(np.arange(20.0))[1]).tolist() == [0, *[2] * 10]


def test_a_year_without_change_keeps_its_people():
    """Growth is counted from 2020, and an area never empties."""
    areas = pd.DataFrame({"people": [1000, 1], "growth": [0.01, -0.9]})
    assert places.people_in(areas, 2020).tolist() == [1000, 1]
    assert places.people_in(areas, 2022).tolist() == [1020, 1]


def test_unknown_district_is_refused(districts: gpd.GeoDataFrame):
    """A code from before a change of boundaries is named in the error."""
    with pytest.raises(ConfigError, match="E08000016"):
        places.chosen_districts(districts, ["E08000016"])
