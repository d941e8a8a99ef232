from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from tests.sources.demo.conftest import SEED

from healthycities.sources.demo import roads
from healthycities.sources.demo.names import STATIC_FILES, WORLD_FILE


@pytest.fixture(scope="module")
def links(demo: Path) -> gpd.GeoDataFrame:
    """Return the links of the demonstration."""
    return gpd.read_file(demo / STATIC_FILES["roads"], layer="road_link")


@pytest.fixture(scope="module")
def nodes(demo: Path) -> gpd.GeoDataFrame:
    """Return the nodes of the demonstration."""
    return gpd.read_file(demo / STATIC_FILES["roads"], layer="road_node")


@pytest.fixture(scope="module")
def ends(links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame) -> np.ndarray:
    """Return the positions of the two nodes of each link."""
    position = pd.Index(nodes["id"])
    return np.column_stack([position.get_indexer(links[end]) for end in ("start_node", "end_node")])


def test_layout(links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame):
    """Both layers have the publisher's columns and are on the British National Grid."""
    assert list(links.columns) == [
        "id", "fictitious", "road_classification", "road_function", "form_of_way", "length",
        "length_uom", "start_node", "end_node", "geometry",
    ]  # fmt: skip
    assert list(nodes.columns) == ["id", "form_of_road_node", "geometry"]
    assert links.crs.to_epsg() == nodes.crs.to_epsg() == 27700
    assert set(links.geom_type) == {"LineString"}
    assert not {*links["id"]} & {*nodes["id"]}
    assert links["id"].is_unique
    assert nodes["id"].is_unique
    assert (links["length"] == links.length.round()).all()


def test_links_start_and_end_at_their_nodes(
    links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame, ends: np.ndarray
):
    """Each link is drawn from its start node to its end node, and is longer than the straight."""
    assert (ends >= 0).all()
    at = shapely.get_coordinates(nodes.geometry)[ends]
    for end in (0, -1):
        drawn = shapely.get_coordinates(shapely.get_point(links.geometry, end))
        assert drawn == pytest.approx(at[:, end], abs=1e-9)
    straight_m = np.hypot(*(at[:, 1] - at[:, 0]).T)
    assert (links.length >= straight_m - 1e-9).all()
    assert 1.001 < links.length.sum() / straight_m.sum() < 1.1


def test_all_roads_hang_together_without_the_motorways(
    links: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame, ends: np.ndarray
):
    """Motorways are among the roads, and nobody needs one to get anywhere."""
    walked = (links["road_classification"] != "Motorway").to_numpy()
    assert 0 < (~walked).sum() < 0.2 * len(links)
    graph = csr_array(
        (np.ones(walked.sum()), tuple(ends[walked].T)), shape=(len(nodes), len(nodes))
    )
    assert connected_components(graph, directed=False)[0] == 1


def test_nodes_are_called_by_how_many_links_meet(nodes: gpd.GeoDataFrame, ends: np.ndarray):
    """A dead end has one link, and a junction three or more; both occur."""
    meeting = np.bincount(ends.ravel())
    forms = nodes["form_of_road_node"].to_numpy()
    assert set(forms[meeting == 1]) == {"road end"}
    assert set(forms[meeting == 2]) <= {"pseudo node"}
    assert set(forms[meeting > 2]) == {"junction"}


def test_people_live_by_a_road(demo: Path, nodes: gpd.GeoDataFrame):
    """Each small area's people live at a node, so that each has a way out."""
    areas = pd.read_parquet(demo / WORLD_FILE)
    homes = set(zip(areas["x"], areas["y"], strict=True))
    assert homes <= set(map(tuple, shapely.get_coordinates(nodes.geometry)))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_small_areas_have_roads_too(demo: Path, count: int):
    """One place has a network as well, though no motorway."""
    areas = pd.read_parquet(demo / WORLD_FILE).iloc[:count]
    found = roads.roads(areas, seed=SEED).links["road_classification"]
    assert len(found) > count
    assert found.eq("Motorway").any() == (count > 1)


def test_neighbours_by_hand():
    """A place near the lower side of a square is joined to all corners, and comes between two."""
    square = [(0, 0), (10, 0), (10, 10), (0, 10)]
    found = roads.neighbours(np.array([*square, (5, 4)], dtype=np.float64))
    assert found.tolist() == [[0, 3], [0, 4], [1, 2], [1, 4], [2, 3], [2, 4], [3, 4]]


places = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=25, unique=True
).filter(lambda found: len(found) < 4 or np.linalg.matrix_rank(np.diff(found, axis=0)) == 2)


@given(places)
def test_neighbours_have_nobody_between_them_and_reach_all(found: list[tuple[int, int]]):
    """No other place lies within the circle between two neighbours, and all are joined."""
    at = np.array(found, dtype=np.float64)
    pairs = roads.neighbours(at)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    for first, second in pairs:
        from_middle_m = np.hypot(*(at - at[[first, second]].mean(axis=0)).T)
        assert from_middle_m.min() >= np.hypot(*(at[first] - at[second])) / 2 - 1e-6
    graph = csr_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(at), len(at)))
    assert connected_components(graph, directed=False)[0] == 1
