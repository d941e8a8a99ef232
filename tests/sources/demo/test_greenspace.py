from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.sources.demo.conftest import SEED

from healthycities.overlaps.public_sites import OS_FUNCTIONS
from healthycities.sources.demo import greenspace
from healthycities.sources.demo.names import STATIC_FILES, WORLD_FILE

FUNCTIONS = set(OS_FUNCTIONS)


@pytest.fixture(scope="module")
def many(demo: Path) -> pd.DataFrame:
    """Return the small areas of the demonstration: their people have some 1,400 sites."""
    return pd.read_parquet(demo / WORLD_FILE)


@pytest.fixture(scope="module")
def sites(many: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return their greenspace sites."""
    return greenspace.sites(many, seed=SEED)


def test_the_ten_functions_occur(sites: gpd.GeoDataFrame):
    """Every function of OS Open Greenspace has sites, and identifiers are unique."""
    assert set(sites["function"]) == FUNCTIONS
    assert sites["id"].is_unique
    assert (
        sites["id"]
        .map(lambda text: bool(re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", text)))
        .all()
    )


def test_shapes_are_valid_and_of_plausible_size(sites: gpd.GeoDataFrame):
    """Sites are simple MultiPolygons of 0.05 to 100 hectares."""
    assert sites.is_valid.all()
    assert set(sites.geom_type) == {"MultiPolygon"}
    hectares = sites.area / 10_000
    assert hectares.between(0.0499, 100.01).all()
    corners = shapely.get_num_coordinates(sites.geometry.to_numpy()) - 1
    assert (corners.min(), corners.max()) == (8, 14)


def test_some_play_spaces_lie_in_parks(sites: gpd.GeoDataFrame):
    """Sites overlap as the published ones do, so that areas cannot simply be added."""
    play = sites[sites["function"] == "Play Space"].geometry.to_numpy()
    parks = sites[sites["function"] == "Public Park Or Garden"].geometry.to_numpy()
    inside = np.unique(shapely.STRtree(parks).query(play, predicate="within")[0])
    assert 0.2 < len(inside) / len(play) < 0.8


def test_names_say_that_they_are_made_up(sites: gpd.GeoDataFrame):
    """Every name that is given starts with the word SYNTHETIC; some sites have none."""
    given = sites["distinctive_name_1"].dropna()
    assert given.str.startswith("SYNTHETIC ").all()
    assert 0 < len(given) < len(sites)
    assert (
        sites[["distinctive_name_2", "distinctive_name_3", "distinctive_name_4"]]
        .isna()
        .all(axis=None)
    )


def test_access_points_lie_on_the_boundary_of_their_site(sites: gpd.GeoDataFrame):
    """Each access point lies on its site's edge; some sites have none, and none has over six."""
    points = greenspace.access_points(sites, seed=SEED)
    shapes = sites.set_index("id").geometry.loc[points["ref_to_greenspace_site"]]
    gap_m = shapely.distance(shapely.boundary(shapes.to_numpy()), points.geometry.to_numpy())
    assert gap_m.max() < 1e-6
    counts = points["ref_to_greenspace_site"].value_counts()
    assert counts.max() <= 6
    assert len(counts) < len(sites)
    assert set(points["access_type"]) == {
        "Pedestrian",
        "Motor Vehicle And Pedestrian",
        "Motor Vehicle",
    }


def test_greenspace_is_scarcer_where_deprivation_is_high(many: pd.DataFrame):
    """The same places have fewer and smaller sites when they are more deprived."""
    rich = greenspace.sites(many.assign(deprivation=-1.5), seed=SEED)
    poor = greenspace.sites(many.assign(deprivation=1.5), seed=SEED)
    assert len(poor) < 0.8 * len(rich)
    assert poor.area.median() < rich.area.median()


def test_an_area_without_parks_still_has_its_other_sites(demo: Path):
    """A single small area, where a function may be missing altogether, is no special case."""
    one = pd.read_parquet(demo / WORLD_FILE).head(1)
    for seed in range(12):
        drawn = greenspace.sites(one, seed=seed)
        assert greenspace.access_points(drawn, seed=seed).crs == drawn.crs


def test_layers_are_named_as_published(demo: Path):
    """The GeoPackage holds the publisher's two layers with its columns, and says SYNTHETIC."""
    path = demo / STATIC_FILES["greenspace"]
    layers = gpd.list_layers(path).set_index("name")["geometry_type"].to_dict()
    assert layers == {"greenspace_site": "MultiPolygon", "access_point": "Point"}
    site = gpd.read_file(path, layer="greenspace_site")
    assert list(site.columns) == [
        "id",
        "function",
        *(f"distinctive_name_{n}" for n in range(1, 5)),
        "geometry",
    ]
    point = gpd.read_file(path, layer="access_point")
    assert list(point.columns) == ["id", "access_type", "ref_to_greenspace_site", "geometry"]
    assert site.crs.to_epsg() == point.crs.to_epsg() == 27700
    assert set(point["ref_to_greenspace_site"]) <= set(site["id"])
