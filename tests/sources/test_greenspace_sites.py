from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import GeometryError, SchemaError, SourceError
from healthycities.sources import greenspace_sites
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw
from healthycities.tables import GREENSPACE_SITES, checked

PARK, TENNIS = "Public Park Or Garden", "Tennis Court"


def raw(*paths: Path, layer: str | None = None, **columns: str) -> Raw:
    """Return what a reader is given for some files."""
    return Raw(paths=paths, as_at=date(2025, 5, 1), layer=layer, columns=columns)


def squares(*corners: tuple[float, float], side: float = 100.0) -> list[shapely.Polygon]:
    """Return squares by their south-west corners."""
    return [shapely.box(x, y, x + side, y + side) for x, y in corners]


def sites(path: Path, **columns: list[str | None]) -> Path:
    """Write sites of 1 hectare, side by side, with the columns given."""
    count = len(next(iter(columns.values())))
    shapes = squares(*((4e5 + 200 * n, 3e5) for n in range(count)))
    gpd.GeoDataFrame(columns, geometry=shapes, crs=27700).to_file(path)
    return path


def test_the_demonstration_is_read(tmp_path: Path):
    """The layer of sites is taken of the two that the file has, whole and in order of id."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001", "E06000002"])
    path = tmp_path / STATIC_FILES["greenspace"]
    written = gpd.read_file(path, layer="greenspace_site").sort_values("id")
    found = greenspace_sites.read(raw(path))
    assert found[fields.SITE_ID].tolist() == written["id"].tolist()
    assert found[fields.SITE_FUNCTION].tolist() == written["function"].tolist()
    assert found[fields.SITE_NAME].isna().sum() == written["distinctive_name_1"].isna().sum() > 0
    assert found[fields.SITE_AREA_M2].to_numpy() == pytest.approx(written.area.to_numpy())
    assert checked(found, GREENSPACE_SITES) is found


@pytest.mark.parametrize("name", ["distinctive_name_1", "distinctiveName1", "distName1"])
def test_names_of_each_format(tmp_path: Path, name: str):
    """GeoPackage, GML and shapefile name the columns differently; an area is 1 hectare."""
    path = sites(tmp_path / "a.gpkg", id=["b", "a"], function=[PARK, TENNIS], **{name: ["B", None]})
    found = greenspace_sites.read(raw(path))
    assert found[fields.SITE_ID].tolist() == ["a", "b"]
    assert found[fields.SITE_FUNCTION].tolist() == [TENNIS, PARK]
    assert found[fields.SITE_NAME].isna().tolist() == [True, False]
    assert found[fields.SITE_AREA_M2].tolist() == [10_000, 10_000]


def test_an_extract_without_ids(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Columns by other names are mapped, and the rows are numbered, which is logged."""
    caplog.set_level(logging.INFO)
    path = sites(tmp_path / "a.gpkg", site_type=[PARK, TENNIS], site_name=["A", None])
    with pytest.raises(SchemaError, match=r"function, found none; .*: site_type, site_name\."):
        greenspace_sites.read(raw(path))
    mapped = raw(path, function="site_type", distinctive_name_1="site_name")
    assert greenspace_sites.read(mapped)[fields.SITE_ID].tolist() == ["row 1", "row 2"]
    assert "numbered by row" in caplog.text


def test_a_missing_function_names_the_feature(tmp_path: Path):
    """A site of no function cannot be said to be open or not."""
    path = sites(tmp_path / "a.gpkg", id=["b", "a"], function=[PARK, None])
    with pytest.raises(SchemaError, match=r"a\.gpkg: column function, feature 2"):
        greenspace_sites.read(raw(path))


def test_tiles_share_sites(tmp_path: Path):
    """A site in two tiles counts once; two sites of one id are an error."""
    one = sites(tmp_path / "a.gpkg", id=["a", "b"], function=[PARK, PARK])
    two = sites(tmp_path / "b.gpkg", id=["a", "c"], function=[PARK, PARK])
    three = sites(tmp_path / "c.gpkg", id=["a", "d"], function=[TENNIS, PARK])
    found = greenspace_sites.read(raw(one, two))
    # The squares of "b" and "c" are the same, but their ids are not.
    assert found[fields.SITE_ID].tolist() == ["a", "b", "c"]
    with pytest.raises(SchemaError, match=r"c\.gpkg: a: .*a\.gpkg too"):
        greenspace_sites.read(raw(one, three))


def test_a_layer_that_is_not_there(tmp_path: Path):
    """The layers that are there are listed."""
    path = sites(tmp_path / "a.gpkg", id=["a"], function=[PARK])
    with pytest.raises(SourceError, match=r"no layer 'parks'; layers with shapes: a\."):
        greenspace_sites.read(raw(path, layer="parks"))


def test_scottish_sites_stay_and_far_ones_do_not(tmp_path: Path):
    """A site over the border counts in distances; one outside the kingdom is an error."""
    columns = {"id": ["scottish", "english"], "function": [PARK, PARK]}
    shapes = squares((3.3e5, 6.7e5), (3.4e5, 5.5e5))
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=27700)
    frame.to_file(tmp_path / "a.gpkg")
    assert len(greenspace_sites.read(raw(tmp_path / "a.gpkg"))) == 2
    far = frame.set_geometry(squares((3.3e5, 6.7e5), (9e5, 5.5e5)), crs=27700)
    far.to_file(tmp_path / "b.gpkg")
    with pytest.raises(GeometryError, match="english: expected a place"):
        greenspace_sites.read(raw(tmp_path / "b.gpkg"))
