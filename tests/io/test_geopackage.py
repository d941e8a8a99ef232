from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from healthycities.io.geopackage import FIXED_TIME, write_geopackage

DESCRIPTIONS = {"areas": "Mean PM2.5 in µg/m³", "points": "Ways in", "notes": "What is missing"}


@pytest.fixture
def layers() -> dict[str, pd.DataFrame | gpd.GeoDataFrame]:
    """Return a layer of polygons, one of points, and a table, with missing values."""
    squares = shapely.box([0, 10], 0, [10, 30], 10)
    areas = {"code": ["A", "B"], "pm25_ugm3": [7.125, np.nan], "geometry": squares}
    points = {"code": ["P"], "geometry": shapely.points([[500_000, 200_000]])}
    return {
        "areas": gpd.GeoDataFrame(areas, crs="EPSG:27700"),
        "points": gpd.GeoDataFrame(points, crs="EPSG:27700"),
        "notes": pd.DataFrame({"code": ["A", "B"], "note": ["few deaths", None]}),
    }


@pytest.fixture
def written(tmp_path: Path, layers: dict[str, Any]) -> Path:
    """Return a GeoPackage of the layers."""
    path = tmp_path / "out.gpkg"
    write_geopackage(path, layers, descriptions=DESCRIPTIONS)
    return path


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, without altering the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        return database.execute(query).fetchall()


def test_layers_come_back_as_they_were(written: Path, layers: dict[str, Any]):
    """Values, missing values, coordinates and the reference system survive."""
    areas = gpd.read_file(written, layer="areas")
    assert areas["code"].tolist() == ["A", "B"]
    assert areas["pm25_ugm3"].tolist()[0] == 7.125
    assert np.isnan(areas["pm25_ugm3"].tolist()[1])
    assert areas.crs == "EPSG:27700"
    assert shapely.equals(areas.geometry, layers["areas"].geometry).all()
    assert gpd.read_file(written, layer="points").geometry[0] == shapely.Point(500_000, 200_000)


def test_missing_is_null_and_never_zero(written: Path):
    """In the file itself a missing number and a missing text are NULL."""
    assert asked(written, "SELECT pm25_ugm3 FROM areas WHERE code = 'B'") == [(None,)]
    assert asked(written, "SELECT note FROM notes ORDER BY code") == [("few deaths",), (None,)]


def test_layers_stand_in_the_order_given_with_their_abstracts(written: Path):
    """A reader is shown the layers in order, each with its sentence; a table has no geometry."""
    assert pyogrio.list_layers(written).tolist() == [
        ["areas", "Polygon"],
        ["points", "Point"],
        ["notes", None],
    ]
    described = asked(written, "SELECT identifier, description, data_type FROM gpkg_contents")
    assert described == [
        ("areas", "Mean PM2.5 in µg/m³", "features"),
        ("points", "Ways in", "features"),
        ("notes", "What is missing", "attributes"),
    ]


def test_version_is_one_that_older_readers_know(written: Path):
    """The file is of version 1.3 and uses no write-ahead log."""
    assert asked(written, "PRAGMA user_version") == [(10300,)]
    assert asked(written, "PRAGMA journal_mode") != [("wal",)]
    assert [item.name for item in written.parent.iterdir()] == ["out.gpkg"]


def test_two_runs_are_equal_to_the_byte(written: Path, layers: dict[str, Any], tmp_path: Path):
    """The same content written at another time gives the same bytes."""
    write_geopackage(tmp_path / "again.gpkg", layers, descriptions=DESCRIPTIONS)
    assert (tmp_path / "again.gpkg").read_bytes() == written.read_bytes()
    changed = {stamp for (stamp,) in asked(written, "SELECT last_change FROM gpkg_contents")}
    assert changed == {FIXED_TIME}


def test_the_clock_of_gdal_is_left_as_it_was(written: Path):
    """The fixed time is taken back once the file is written."""
    assert written.exists()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_a_failure_leaves_the_file_that_stood_there(
    written: Path, layers: dict[str, Any], tmp_path: Path
):
    """A layer that cannot be written leaves the last whole file under the name."""
    before = written.read_bytes()
    with pytest.raises(KeyError, match="notes"):
        write_geopackage(written, layers, descriptions={"areas": "a", "points": "b"})
    assert written.read_bytes() == before
    assert list(tmp_path.iterdir()) == [written]
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
