from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import GeometryError, SchemaError
from healthycities.sources import greenspace_access_points, greenspace_sites
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw
from healthycities.tables import GREENSPACE_ACCESS_POINTS, checked

FOOT, CAR = "Pedestrian", "Motor Vehicle"


def raw(*paths: Path, **columns: str) -> Raw:
    """Return what a reader is given for some files."""
    return Raw(paths=paths, as_at=date(2025, 5, 1), columns=columns)


def access(path: Path, shapes: list[Any] | None = None, **columns: list[str | None]) -> Path:
    """Write points, side by side unless other shapes are given, with the columns given."""
    count = len(next(iter(columns.values())))
    shapes = shapes or [shapely.Point(4e5 + n, 3e5) for n in range(count)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=27700).to_file(path)
    return path


def test_the_demonstration_is_read(tmp_path: Path):
    """Every access point of the demonstration is at a site that is read beside it."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001", "E06000002"])
    path = tmp_path / STATIC_FILES["greenspace"]
    written = gpd.read_file(path, layer="access_point").sort_values("id")
    found = greenspace_access_points.read(raw(path))
    assert found[fields.ACCESS_POINT_ID].tolist() == written["id"].tolist()
    assert found[fields.ACCESS_TYPE].tolist() == written["access_type"].tolist()
    assert found.geometry.tolist() == written.geometry.tolist()
    sites = greenspace_sites.read(raw(path))
    assert set(found[fields.SITE_ID]) <= set(sites[fields.SITE_ID])
    assert checked(found, GREENSPACE_ACCESS_POINTS) is found


@pytest.mark.parametrize(
    ("kind", "site"),
    [
        ("access_type", "ref_to_greenspace_site"),
        ("accessType", "refToGreenspaceSite"),
        ("accessType", "refToGSite"),
    ],
)
def test_names_of_each_format(tmp_path: Path, kind: str, site: str):
    """GeoPackage, GML and shapefile name the columns differently."""
    columns: dict[str, list[str | None]] = {kind: [FOOT, CAR], site: ["s1", "s2"]}
    found = greenspace_access_points.read(
        raw(access(tmp_path / "a.gpkg", id=["b", "a"], **columns))
    )
    assert found.iloc[:, :3].to_numpy().tolist() == [["a", CAR, "s2"], ["b", FOOT, "s1"]]


def test_an_extract_without_ids_or_sites(tmp_path: Path):
    """Points are numbered by row and their sites are missing, not guessed."""
    path = access(tmp_path / "a.gpkg", access_type=[FOOT, CAR], area_code=["E08000001"] * 2)
    found = greenspace_access_points.read(raw(path))
    assert found[fields.ACCESS_POINT_ID].tolist() == ["row 1", "row 2"]
    assert found[fields.SITE_ID].isna().all()
    assert checked(found, GREENSPACE_ACCESS_POINTS) is found


def test_rows_of_several_extracts_are_kept_apart(tmp_path: Path):
    """Row 1 of one file is not row 1 of another."""
    one = access(tmp_path / "a.gpkg", access_type=[FOOT])
    two = access(tmp_path / "b.gpkg", access_type=[CAR])
    found = greenspace_access_points.read(raw(two, one))
    assert found[fields.ACCESS_POINT_ID].tolist() == ["a.gpkg row 1", "b.gpkg row 1"]


def test_a_multi_point_of_one_is_a_point(tmp_path: Path):
    """Some writers make every point a MultiPoint; one of two is refused by its id."""
    here, there = shapely.Point(4e5, 3e5), shapely.Point(4e5, 3e5 + 9)
    columns: dict[str, list[str | None]] = {"id": ["a", "b"], "access_type": [FOOT, FOOT]}
    singles = [shapely.MultiPoint([here]), shapely.MultiPoint([there])]
    found = greenspace_access_points.read(raw(access(tmp_path / "a.gpkg", singles, **columns)))
    assert found.geometry.tolist() == [here, there]
    doubles = [shapely.MultiPoint([here]), shapely.MultiPoint([here, there])]
    path = access(tmp_path / "b.gpkg", doubles, **columns)
    with pytest.raises(GeometryError, match=r"b\.gpkg: b: expected one point"):
        greenspace_access_points.read(raw(path))


def test_polygons_are_no_access_points(tmp_path: Path):
    """The layer of sites given instead is refused by the first feature."""
    path = access(tmp_path / "a.gpkg", [shapely.box(4e5, 3e5, 5e5, 4e5)], access_type=[FOOT])
    with pytest.raises(GeometryError, match="row 1: expected a point, found a Polygon"):
        greenspace_access_points.read(raw(path))


def test_an_access_type_that_is_missing(tmp_path: Path):
    """The feature is named by its number."""
    path = access(tmp_path / "a.gpkg", id=["a", "b"], access_type=[FOOT, None])
    with pytest.raises(SchemaError, match=r"a\.gpkg: column access_type, feature 2"):
        greenspace_access_points.read(raw(path))


def test_other_names_of_columns(tmp_path: Path):
    """Columns are mapped by any of their published names."""
    path = access(tmp_path / "a.gpkg", kind=[FOOT], site=["s"], key=["k"])
    mapped = raw(path, accessType="kind", ref_to_greenspace_site="site", id="key")
    found = greenspace_access_points.read(mapped)
    assert found.iloc[0, :3].tolist() == ["k", FOOT, "s"]
