from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import GeometryError, SchemaError, SourceError
from healthycities.sources import road_links, road_nodes
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw


def raw(*paths: Path, **columns: str) -> Raw:
    """Return what a reader is given for some files."""
    return Raw(paths=paths, as_at=date(2025, 5, 1), columns=columns)


def line(number: int) -> shapely.LineString:
    """Return a line of 5 m, apart from those of other numbers."""
    return shapely.LineString([(4e5 + number, 3e5), (4e5 + number + 3, 3e5 + 4)])


def written(path: Path, shapes: list[Any] | None = None, **columns: list[str | None]) -> Path:
    """Write links of class B Road, one after the other, with the columns given."""
    count = len(next(iter(columns.values())))
    usual = {
        "id": [f"link {n}" for n in range(count)],
        "start_node": [f"node {n}" for n in range(count)],
        "end_node": [f"node {n + 1}" for n in range(count)],
        "road_classification": ["B Road"] * count,
    }
    shapes = shapes or [line(n) for n in range(count)]
    gpd.GeoDataFrame(usual | columns, geometry=shapes, crs=27700).to_file(path)
    return path


def test_the_demonstration_is_read(tmp_path: Path):
    """All links but the motorways come out, measured, and their nodes are read beside them."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001", "E06000002"])
    path = tmp_path / STATIC_FILES["roads"]
    layer = gpd.read_file(path, layer="road_link").sort_values("id")
    walked = layer[layer["road_classification"] != "Motorway"]
    found = road_links.read(raw(path))
    assert 0 < len(walked) < len(layer)
    assert found[fields.LINK_ID].tolist() == walked["id"].tolist()
    assert found[fields.START_NODE_ID].tolist() == walked["start_node"].tolist()
    assert found[fields.END_NODE_ID].tolist() == walked["end_node"].tolist()
    assert found.geometry.tolist() == walked.geometry.tolist()
    assert (found[fields.LENGTH_M] - walked["length"].to_numpy()).abs().max() <= 0.5
    known = set(road_nodes.read(raw(path))[fields.NODE_ID])
    assert {*found[fields.START_NODE_ID], *found[fields.END_NODE_ID]} <= known


@pytest.mark.parametrize(
    ("key", "start", "end", "kind", "use"),
    [
        ("id", "start_node", "end_node", "road_classification", "road_function"),
        ("id", "startNode", "endNode", "roadClassification", "roadFunction"),
        ("identifier", "startNode", "endNode", "class", "function"),
    ],
)
def test_names_of_each_format(tmp_path: Path, key: str, start: str, end: str, kind: str, use: str):
    """GeoPackage, GML and shapefile name the columns differently."""
    columns = {
        key: ["b", "a"], start: ["s1", "s2"], end: ["e1", "e2"], kind: ["A Road", "Unknown"],
        use: ["A Road", "Local Road"],
    }  # fmt: skip
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame(columns, geometry=[line(0), line(1)], crs=27700).to_file(path)
    found = road_links.read(raw(path))
    assert list(found.columns) == [
        "link_id", "start_node_id", "end_node_id", "length_m", "geometry",
    ]  # fmt: skip
    assert found.iloc[:, :4].to_numpy().tolist() == [["a", "s2", "e2", 5], ["b", "s1", "e1", 5]]


def test_motorways_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """A motorway by class or by function goes, and how many went is logged."""
    path = written(
        tmp_path / "a.gpkg",
        road_classification=["Motorway", "A Road", "A Road", "Unclassified"],
        road_function=["A Road", "Motorway", "A Road", None],
    )
    with caplog.at_level(logging.INFO):
        found = road_links.read(raw(path))
    assert found["link_id"].tolist() == ["link 2", "link 3"]
    assert "left out 2 motorways of 4 links" in caplog.text


def test_nothing_but_motorways_is_refused(tmp_path: Path):
    """An extract of motorways would leave nothing to walk on."""
    path = written(tmp_path / "a.gpkg", road_classification=["Motorway"] * 2)
    with pytest.raises(SourceError, match=r"a\.gpkg: holds motorways only, 2 of them"):
        road_links.read(raw(path))


def test_a_file_without_classes_is_refused(tmp_path: Path):
    """Motorways could not be told from other roads."""
    path = tmp_path / "a.gpkg"
    content = {"id": ["a"], "start_node": ["s"], "end_node": ["e"]}
    gpd.GeoDataFrame(content, geometry=[line(0)], crs=27700).to_file(path)
    with pytest.raises(SchemaError, match="such as road_classification, found none"):
        road_links.read(raw(path))


def test_a_link_of_two_tiles_is_taken_once(tmp_path: Path):
    """The same link in two tiles is one; with another node it is an error."""
    one, two = written(tmp_path / "a.gpkg", id=["a"]), written(tmp_path / "b.gpkg", id=["a", "b"])
    assert road_links.read(raw(one, two))["link_id"].tolist() == ["a", "b"]
    other = written(tmp_path / "c.gpkg", id=["a"], end_node=["elsewhere"])
    with pytest.raises(SchemaError, match=r"c\.gpkg: a: expected each feature once"):
        road_links.read(raw(one, other))


def test_links_without_ids_are_numbered(tmp_path: Path):
    """A network of one's own need not name its links."""
    found = road_links.read(raw(written(tmp_path / "a.gpkg", id=[None, None])))
    assert found["link_id"].tolist() == ["row 1", "row 2"]


def test_a_link_without_a_node_is_refused(tmp_path: Path):
    """The feature is named by its number."""
    path = written(tmp_path / "a.gpkg", end_node=["a", None])
    with pytest.raises(SchemaError, match=r"a\.gpkg: column end_node, feature 2"):
        road_links.read(raw(path))


def test_points_are_no_links(tmp_path: Path):
    """The layer of nodes given instead is refused by the first feature."""
    path = written(tmp_path / "a.gpkg", [shapely.Point(4e5, 3e5)], id=["a"])
    with pytest.raises(GeometryError, match="a: expected a line, found a Point"):
        road_links.read(raw(path))


@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_links_far_from_england_are_left_out_with_their_nodes(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
):
    """One in the Highlands goes, and one that leaves the area; each that stays has both ends."""
    ends = [
        (4e5, 3e5),
        (4e5, 3e5 + 9),
        (4e5, 669_990.0),
        (4e5, 670_010.0),
        (3e5, 9e5),
        (3e5, 9.1e5),
    ]
    pairs = [(0, 1), (2, 3), (4, 5)]
    path = written(
        tmp_path / f"links.{suffix}",
        [shapely.LineString([ends[a], ends[b]]) for a, b in pairs],
        id=["here", "across", "far"],
        start_node=[str(a) for a, _ in pairs],
        end_node=[str(b) for _, b in pairs],
    )
    points = [shapely.Point(one) for one in ends]
    of_nodes = tmp_path / f"nodes.{suffix}"
    columns = {"id": [str(n) for n in range(len(ends))]}
    gpd.GeoDataFrame(columns, geometry=points, crs=27700).to_file(of_nodes)
    with caplog.at_level(logging.INFO):
        links, nodes = road_links.read(raw(path)), road_nodes.read(raw(of_nodes))
    assert links["link_id"].tolist() == ["here"]
    assert {"0", "1"} <= set(nodes["node_id"])
    assert "that reach out of the area" in caplog.text
    if suffix == "gpkg":
        assert "read 2 of 3 features, by area" in caplog.text
        assert set(nodes["node_id"]) == {"0", "1", "2"}


def test_a_file_of_scotland_alone_is_refused(tmp_path: Path):
    """It says that nothing of it is near England."""
    far = shapely.LineString([(3e5, 9e5), (3e5, 9.1e5)])
    path = written(tmp_path / "a.gpkg", [far], id=["far"])
    with pytest.raises(SourceError, match=r"a\.gpkg: holds no features in or near England"):
        road_links.read(raw(path))
