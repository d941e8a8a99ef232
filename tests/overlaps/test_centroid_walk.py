from __future__ import annotations

from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point
from tests.overlaps.conftest import gates

from healthycities import tables
from healthycities.errors import AlignmentError, GeometryError
from healthycities.given import Given
from healthycities.overlaps import centroid_access, centroid_walk

EAST, NORTH = 400_000, 500_000
CORNERS = {"home": (0, 0), "corner": (0, 400), "other": (1000, 400), "park": (300, 400)}


def nodes(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    """Return nodes by name, in metres east and north of the first home."""
    shapes = [Point(EAST + east, NORTH + north) for east, north in places.values()]
    return gpd.GeoDataFrame({"node_id": list(places)}, geometry=shapes, crs="EPSG:27700")


def links(*ends: tuple[str, str]) -> gpd.GeoDataFrame:
    """Return straight links between corners."""
    shapes = [
        LineString([(EAST + CORNERS[end][0], NORTH + CORNERS[end][1]) for end in pair])
        for pair in ends
    ]
    content = {
        "link_id": [f"{a} to {b}" for a, b in ends],
        "start_node_id": [a for a, _ in ends],
        "end_node_id": [b for _, b in ends],
        "length_m": [shape.length for shape in shapes],
    }
    return gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:27700")


ROADS = {
    "road_nodes": nodes(**CORNERS),
    "road_links": links(("home", "corner"), ("corner", "park"), ("other", "park")),
}
"""North from the home, and then east."""


KEYS = {"greenspace.sizes_ha": [0.5, 10], "greenspace.walk_sizes_ha": [0.5, 10]}


def built(module, **inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the distances by small area and size, once the table is known to keep its schema."""
    table = tables.checked(module.build(Given(inputs, KEYS)), tables.CENTROID_DISTANCE)
    return table.set_index(["small_area_code", "min_area_ha"])


@pytest.fixture
def given(areas: pd.DataFrame, centroids: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the homes, and the gates of a park of 2 ha by the roads and of one of 10 ha beyond."""
    return {
        "areas": areas,
        "centroids": centroids,
        "public_access_points": gates((2, 300, 420), (10, 1000, 430)),
    }


def test_a_walk_goes_along_the_roads(given: dict[str, pd.DataFrame]):
    """North 400 m, east 300 m and 20 m to the gate; from the other home 400 m north and 30 m."""
    found = built(centroid_walk, **given, **ROADS)
    assert found["distance_m"].to_dict() == pytest.approx(
        {
            ("E01000001", 0.5): 720,
            ("E01000001", 10.0): 400 + 1000 + 30,
            ("E01000002", 0.5): 430,
            ("E01000002", 10.0): 430,
        }
    )
    assert found["sites_known"].all()


def test_both_kinds_of_distance_go_to_the_same_points(given: dict[str, pd.DataFrame]):
    """The straight line is to the same gates, and so is never longer."""
    straight = built(centroid_access, **given)["distance_m"]
    assert straight["E01000001"].tolist() == pytest.approx(
        [np.hypot(300, 420), np.hypot(1000, 430)]
    )
    assert (built(centroid_walk, **given, **ROADS)["distance_m"] >= straight).all()


def test_roads_that_do_not_lead_there(given: dict[str, pd.DataFrame]):
    """With the corner cut off, the first home has no distance, and the other still has."""
    cut = ROADS | {"road_links": links(("home", "corner"), ("other", "park"))}
    found = built(centroid_walk, **given, **cut)["distance_m"]
    assert found["E01000001"].isna().all()
    assert found["E01000002"].notna().all()


@pytest.mark.parametrize("lost", ["home", "corner"])
def test_a_link_whose_node_is_unknown_is_refused(given: dict[str, pd.DataFrame], lost: str):
    """The link and the node that it names stand in the error."""
    known = nodes(**{name: place for name, place in CORNERS.items() if name != lost})
    with pytest.raises(AlignmentError, match=rf"each of 3 .*home to corner, which names {lost}"):
        built(centroid_walk, **given, **ROADS | {"road_nodes": known})


def test_a_link_that_is_drawn_backwards_is_refused(given: dict[str, pd.DataFrame]):
    """The link is named, for what joins it part-way would be put at the wrong end."""
    backwards = ROADS["road_links"].copy()
    backwards.loc[1, "geometry"] = backwards.geometry[1].reverse()
    with pytest.raises(GeometryError, match=r"link corner to park: .*starts at its node.*300\.0 m"):
        built(centroid_walk, **given, **ROADS | {"road_links": backwards})


@pytest.mark.parametrize("module", [centroid_access, centroid_walk])
@pytest.mark.parametrize("scheduler", ["threads", "processes", "tcp://127.0.0.1:9"])
def test_distances_are_those_of_one_thread_everywhere(
    given: dict[str, pd.DataFrame], module: ModuleType, scheduler: str
):
    """One search serves all homes: it stays in this process, and asks nothing of a cluster."""
    inputs = {**given, **ROADS}
    found = module.build(Given(inputs, KEYS, scheduler=scheduler, workers=2))
    expected = module.build(Given(inputs, KEYS, scheduler="synchronous", workers=1))
    assert found["distance_m"].to_numpy().tobytes() == expected["distance_m"].to_numpy().tobytes()
    assert found.equals(expected)
