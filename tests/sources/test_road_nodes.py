from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import GeometryError, SchemaError
from healthycities.sources import road_nodes
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw


def raw(*paths: Path, **columns: str) -> Raw:
    """Return what a reader is given for some files."""
    return Raw(paths=paths, as_at=date(2025, 5, 1), columns=columns)


def written(path: Path, shapes: list[shapely.Geometry], **columns: list[str | None]) -> Path:
    """Write nodes with the columns given."""
    gpd.GeoDataFrame(columns, geometry=shapes, crs=27700).to_file(path)
    return path


HERE, THERE = shapely.Point(4e5, 3e5), shapely.Point(4e5, 3e5 + 9)


def test_the_demonstration_is_read(tmp_path: Path):
    """Every node of the layer comes out, by id, where it was."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001", "E06000002"])
    path = tmp_path / STATIC_FILES["roads"]
    layer = gpd.read_file(path, layer="road_node").sort_values("id")
    found = road_nodes.read(raw(path))
    assert found[fields.NODE_ID].tolist() == layer["id"].tolist()
    assert found.geometry.tolist() == layer.geometry.tolist()


@pytest.mark.parametrize("name", ["id", "identifier"])
def test_names_of_each_format(tmp_path: Path, name: str):
    """GeoPackage and shapefile name the column differently; other columns are left out."""
    columns: dict[str, list[str | None]] = {name: ["b", "a"], "form_of_road_node": ["x", "y"]}
    found = road_nodes.read(raw(written(tmp_path / "a.gpkg", [HERE, THERE], **columns)))
    assert list(found.columns) == ["node_id", "geometry"]
    assert found["node_id"].tolist() == ["a", "b"]
    assert found.geometry.tolist() == [THERE, HERE]


def test_a_node_of_two_tiles_is_taken_once(tmp_path: Path):
    """The same node in two tiles is one; at another place it is an error."""
    one = written(tmp_path / "a.gpkg", [HERE], id=["a"])
    two = written(tmp_path / "b.gpkg", [HERE, THERE], id=["a", "b"])
    assert road_nodes.read(raw(one, two))["node_id"].tolist() == ["a", "b"]
    moved = written(tmp_path / "c.gpkg", [THERE], id=["a"])
    with pytest.raises(SchemaError, match=r"c\.gpkg: a: expected each feature once"):
        road_nodes.read(raw(one, moved))


def test_a_node_without_an_id_is_refused(tmp_path: Path):
    """Links name their nodes, so that a number would be of no use."""
    with pytest.raises(SchemaError, match=r"column id, feature 2"):
        road_nodes.read(raw(written(tmp_path / "a.gpkg", [HERE, THERE], id=["a", None])))


def test_lines_are_no_nodes(tmp_path: Path):
    """The layer of links given instead is refused by the first feature."""
    path = written(tmp_path / "a.gpkg", [shapely.LineString([HERE, THERE])], id=["a"])
    with pytest.raises(GeometryError, match="a: expected a point, found a LineString"):
        road_nodes.read(raw(path))
