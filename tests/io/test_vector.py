from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import CrsError, GeometryError, SchemaError, SourceError
from healthycities.io import vector
from healthycities.io.vector import (
    BRITISH_NATIONAL_GRID,
    ENGLAND_BOX_M,
    REPAIR_TOLERANCE,
    UK_BOX_M,
    Published,
    from_degrees,
    read_places,
)

FILE = Path("places.gpkg")
# Ordnance Survey, "A guide to coordinate systems in Great Britain": a point in Norfolk, on OSGB36
# at 52 39' 27.2531" N, 1 43' 4.5177" E, lies at these metres of the National Grid.
GUIDE_DEGREES = (1 + 43 / 60 + 4.5177 / 3600, 52 + 39 / 60 + 27.2531 / 3600)
GUIDE_M = (651_409.903, 313_177.270)
IN_DEGREES = (-1.5, 52.5)
WANTED = {
    "code": Published(r"LAD\d\dCD", "LAD25CD"),
    "name": Published(r"LAD\d\dNM", "LAD25NM", optional=True),
}


def square(x: float, y: float, side: float = 100.0) -> shapely.Polygon:
    """Return a square by its south-west corner."""
    return shapely.box(x, y, x + side, y + side)


def places(*shapes: Any, **columns: Any) -> gpd.GeoDataFrame:
    """Return features on the British National Grid, with codes E08000001 on."""
    codes = [f"E080000{n:02}" for n in range(1, len(shapes) + 1)]
    table = pd.DataFrame({"code": codes, **columns})
    return gpd.GeoDataFrame(table, geometry=np.array(shapes, object), crs=BRITISH_NATIONAL_GRID)


def geojson(
    path: Path, *points: tuple[float, float], crs: str | None = None, cut: int | None = None
) -> Path:
    """Write a GeoJSON file of points; ``cut`` keeps only the first bytes."""
    features = [
        {
            "type": "Feature",
            "properties": {"LAD25CD": f"E080000{n:02}"},
            "geometry": {"type": "Point", "coordinates": point},
        }
        for n, point in enumerate(points, 1)
    ]
    content: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    text = json.dumps(content).encode()
    path.write_bytes((gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)[:cut])
    return path


def topojson(path: Path, *points: tuple[float, float], crs: str | None = None) -> Path:
    """Write a TopoJSON file of points."""
    shapes = [
        {"type": "Point", "coordinates": point, "properties": {"LAD25CD": "E08000001"}}
        for point in points
    ]
    objects = {"places": {"type": "GeometryCollection", "geometries": shapes}}
    content: dict[str, Any] = {"type": "Topology", "objects": objects, "arcs": []}
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content))
    return path


def two_layers(path: Path) -> Path:
    """Write a GeoPackage of two layers of one point each, and a table without shapes."""
    point = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(4e5, 3e5)], crs=27700)
    point.to_file(path, layer="greenspace_site")
    point.assign(n=2).to_file(path, layer="access_point")
    pyogrio.write_dataframe(pd.DataFrame({"n": [3]}), path, layer="notes")
    return path


# --- Files ---


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.parquet", "a.shp"])
def test_every_format_gives_the_same_features(tmp_path: Path, name: str):
    """GeoJSON, also gzipped, GeoPackage, GeoParquet and shapefile: the same columns and shapes."""
    path = geojson(tmp_path / "first.geojson", IN_DEGREES, (-1.6, 52.5))
    frame = gpd.read_file(path)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    elif name.endswith(".parquet"):
        frame.to_parquet(tmp_path / name)
    else:
        frame.to_file(tmp_path / name)
    found, expected = read_places(tmp_path / name), read_places(path)
    assert found["LAD25CD"].tolist() == ["E08000001", "E08000002"]
    assert found.geom_equals_exact(expected, 1e-6).all()
    assert found.crs == BRITISH_NATIONAL_GRID


def test_reading_writes_nothing_beside_the_file(tmp_path: Path):
    """A folder that holds a gzipped file holds only that after it was read."""
    path = geojson(tmp_path / "a.geojson.gz", *[IN_DEGREES] * 20_000)
    assert len(read_places(path)) == 20_000
    assert list(tmp_path.iterdir()) == [path]


def test_heights_are_left_out(tmp_path: Path):
    """A third coordinate is dropped from GeoParquet as from other files."""
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(4e5, 3e5, 12)], crs=27700)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_file(tmp_path / "a.gpkg")
    for name in ("a.parquet", "a.gpkg"):
        assert not read_places(tmp_path / name).has_z.any()


def test_absent_file(tmp_path: Path):
    """A file that is not there is named."""
    with pytest.raises(SourceError, match=r"a\.gpkg: no such file"):
        read_places(tmp_path / "a.gpkg")


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.parquet"])
def test_empty_file(tmp_path: Path, name: str):
    """A file of no bytes is told from one that cannot be read."""
    (tmp_path / name).touch()
    with pytest.raises(SourceError, match="the file is empty"):
        read_places(tmp_path / name)


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.parquet"])
def test_truncated_file(tmp_path: Path, name: str):
    """A download that broke off half way is an error that names the file, not fewer features."""
    path = geojson(tmp_path / name, *((-1.5 - n / 1e4, 52.5) for n in range(2000)))
    frame = gpd.read_file(geojson(tmp_path / "whole.geojson", *[IN_DEGREES] * 2000))
    if name == "a.gpkg":
        path.unlink()
        frame.to_file(path)
    if name == "a.parquet":
        frame.to_parquet(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=name):
        read_places(path)


@pytest.mark.parametrize("cut_kb", range(4, 200, 12))
def test_a_geopackage_cut_anywhere_is_refused(tmp_path: Path, cut_kb: int):
    """Wherever a GeoPackage is cut, no part of it is taken for the whole."""
    path = tmp_path / "a.gpkg"
    places(*(square(4e5 + n, 3e5) for n in range(99))).to_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: min(cut_kb * 1024, len(content) - 4096)])
    with pytest.raises(SourceError, match=r"a\.gpkg"):
        read_places(path)


def test_fewer_features_than_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Should the library stop early without an error, the number of features gives it away."""
    path = geojson(tmp_path / "a.geojson", IN_DEGREES, IN_DEGREES, IN_DEGREES)
    whole = pyogrio.read_dataframe(path)
    monkeypatch.setattr(pyogrio, "read_dataframe", lambda *_, **__: whole[:2])
    with pytest.raises(SourceError, match=r"a\.geojson: expected 3 features, found 2"):
        read_places(path)


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz", "a.gpkg", "a.parquet"])
def test_a_page_saved_instead_of_the_file(tmp_path: Path, name: str):
    """An error page of a web server is no source."""
    (tmp_path / name).write_text("<html>404 Not Found</html>")
    with pytest.raises(SourceError, match="cannot be read"):
        read_places(tmp_path / name)


def test_a_file_without_features(tmp_path: Path):
    """A well-formed file may not be without features."""
    with pytest.raises(SourceError, match="holds no features"):
        read_places(geojson(tmp_path / "a.geojson"))


def test_parquet_without_geometry(tmp_path: Path):
    """A plain table is not taken for places."""
    pd.DataFrame({"LAD25CD": ["E08000001"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_places(tmp_path / "a.parquet")


def test_layers(tmp_path: Path):
    """The layer asked for comes first, then the usual one, in whatever case it is written."""
    path = two_layers(tmp_path / "a.gpkg")
    assert read_places(path, layer="access_point")["n"].tolist() == [2]
    assert read_places(path, usual_layer="Greenspace_?Site")["n"].tolist() == [1]
    both = read_places(path, layer="access_point", usual_layer="greenspace_site")
    assert both["n"].tolist() == [2]


def test_an_only_layer_needs_no_name(tmp_path: Path):
    """Whatever the only layer is called, it is the one."""
    path = tmp_path / "extract.gpkg"
    places(square(4e5, 3e5)).to_file(path, layer="mine")
    assert len(read_places(path, usual_layer="greenspace_site")) == 1


@pytest.mark.parametrize("asked", [{"layer": "parks"}, {"usual_layer": "parks"}, {}])
def test_a_layer_that_is_not_there(tmp_path: Path, asked: dict[str, str]):
    """The layers that have shapes are listed, and where to name one."""
    path = two_layers(tmp_path / "a.gpkg")
    with pytest.raises(SourceError, match=r"shapes: greenspace_site, access_point\. .*`layer`"):
        read_places(path, **asked)


def test_prepared_files_come_back_and_keep_their_bytes(tmp_path: Path):
    """The same content gives the same bytes, whatever the index, and reads as it was."""
    frame = places(square(4e5, 3e5), square(5e5, 3e5), name=["a", None])
    vector.write_geoparquet(tmp_path / "a.parquet", frame)
    vector.write_geoparquet(tmp_path / "b.parquet", frame.set_axis([7, 9]))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    found = vector.read_geoparquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(frame))
    assert found.crs == BRITISH_NATIONAL_GRID


def test_prepared_files_are_on_the_grid(tmp_path: Path):
    """Neither writing nor reading a prepared file takes another reference system."""
    path = tmp_path / "a.parquet"
    degrees = places(square(4e5, 3e5)).to_crs(4326)
    with pytest.raises(CrsError, match="expected shapes in EPSG:27700, found EPSG:4326"):
        vector.write_geoparquet(path, degrees)
    assert not path.exists()
    degrees.to_parquet(path)
    with pytest.raises(CrsError, match=r"a\.parquet.*found EPSG:4326"):
        vector.read_geoparquet(path)
    with pytest.raises(SourceError, match="no such file"):
        vector.read_geoparquet(tmp_path / "b.parquet")


# --- Coordinate reference systems ---


def test_degrees_become_metres_of_the_grid(tmp_path: Path):
    """A point that the Ordnance Survey publishes in degrees and in metres comes out in metres."""
    path = topojson(tmp_path / "a.topojson", GUIDE_DEGREES)
    point = read_places(path, crs="EPSG:4277").geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx(GUIDE_M, abs=0.01)


def test_a_reprojection_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """The log says from what to what, and how accurately; nothing where nothing is moved."""
    caplog.set_level(logging.INFO)
    read_places(geojson(tmp_path / "a.geojson", IN_DEGREES))
    assert "a.geojson: reprojected from EPSG:4326 to EPSG:27700" in caplog.text
    assert "accuracy" in caplog.text
    caplog.clear()
    read_places(topojson(tmp_path / "a.topojson", GUIDE_M), crs="EPSG:27700")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (IN_DEGREES, r"degrees of longitude and latitude \(EPSG:4326\)\. .*`crs: EPSG:4326`"),
        (GUIDE_M, r"metres of the British National Grid \(EPSG:27700\)\. .*`crs: EPSG:27700`"),
        ((-166_979, 6_891_042), r"metres of Web Mercator \(EPSG:3857\)\. .*`crs: EPSG:3857`"),
        ((5e7, 5e7), r"no system used for the United Kingdom\. Ask the publisher"),
    ],
)
def test_a_file_that_does_not_say_its_system(
    tmp_path: Path, point: tuple[float, float], words: str
):
    """The error tells the range of the coordinates, what they look like and the line to write."""
    path = topojson(tmp_path / "a.topojson", point)
    with pytest.raises(CrsError, match=rf"x runs from .* and y from .* look like {words}"):
        read_places(path)


@pytest.mark.parametrize("claimed", ["EPSG:4326", "urn:ogc:def:crs:EPSG::27700"])
def test_topojson_says_no_system_whatever_gdal_claims(tmp_path: Path, claimed: str):
    """The format has no place for a system, so that one found there is not believed."""
    path = topojson(tmp_path / "a.topojson", GUIDE_M, crs=claimed)
    with pytest.raises(CrsError, match="does not say"):
        read_places(path)
    assert read_places(path, crs="EPSG:27700").geometry.iloc[0] == shapely.Point(GUIDE_M)


@pytest.mark.parametrize(
    ("point", "crs", "guess"),
    [
        (IN_DEGREES, "EPSG:27700", "EPSG:4326"),
        (GUIDE_M, "EPSG:4326", "EPSG:27700"),
        (GUIDE_M, "EPSG:3857", "EPSG:27700"),
    ],
)
def test_coordinates_that_deny_the_configured_system(
    tmp_path: Path, point: tuple[float, float], crs: str, guess: str
):
    """A wrong ``crs`` is not believed where the coordinates lie elsewhere."""
    path = topojson(tmp_path / "a.topojson", point)
    with pytest.raises(CrsError, match=rf"coordinates deny {crs}.*`crs: {guess}`"):
        read_places(path, crs=crs)


def test_geojson_is_in_degrees_unless_its_coordinates_deny_it(tmp_path: Path):
    """Metres in a GeoJSON file without ``crs`` stop the run, until the configuration says so."""
    path = geojson(tmp_path / "a.geojson", GUIDE_M)
    with pytest.raises(CrsError, match=r"coordinates deny EPSG:4326.*`crs: EPSG:27700`"):
        read_places(path)
    assert read_places(path, crs="EPSG:27700").geometry.iloc[0] == shapely.Point(GUIDE_M)
    zipped = geojson(tmp_path / "a.geojson.gz", GUIDE_M)
    assert read_places(zipped, crs="EPSG:27700").geometry.iloc[0] == shapely.Point(GUIDE_M)


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz"])
def test_a_configured_system_may_not_contradict_geojson(tmp_path: Path, name: str):
    """What the file itself says stands: the error names both systems."""
    path = geojson(tmp_path / name, GUIDE_M, crs="urn:ogc:def:crs:EPSG::27700")
    with pytest.raises(CrsError, match=r"in EPSG:27700, the configuration .* EPSG:4326"):
        read_places(path, crs="EPSG:4326")


def test_a_configured_system_may_not_contradict_a_geopackage(tmp_path: Path):
    """The same holds for formats that are not text."""
    places(square(4e5, 3e5)).to_file(tmp_path / "a.gpkg")
    with pytest.raises(CrsError, match=r"in EPSG:27700, the configuration .* EPSG:4326"):
        read_places(tmp_path / "a.gpkg", crs="EPSG:4326")


def test_the_same_system_by_another_name_is_no_contradiction(tmp_path: Path):
    """CRS84 and EPSG:4326 differ in the order of their axes alone, which GDAL settles."""
    path = geojson(tmp_path / "a.geojson", IN_DEGREES, crs="urn:ogc:def:crs:OGC:1.3:CRS84")
    found = read_places(path, crs="EPSG:4326")
    assert found.geom_equals_exact(read_places(path), 0).all()


def test_an_unknown_system_in_the_configuration(tmp_path: Path):
    """A slip in ``crs`` is told with what was found."""
    path = topojson(tmp_path / "a.topojson", GUIDE_M)
    with pytest.raises(CrsError, match="found 'EPSG:277000'"):
        read_places(path, crs="EPSG:277000")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:27700"])
def test_missing_shapes_are_left_to_be_told_by_name(tmp_path: Path, crs: str):
    """A feature without a shape passes the reader, whatever the system, and is named after it."""
    frame = places(square(4e5, 3e5), None).to_crs(crs)
    frame.to_file(tmp_path / "a.gpkg")
    found = read_places(tmp_path / "a.gpkg")
    with pytest.raises(GeometryError, match=r"E08000002: expected a polygon, found no shape\."):
        vector.polygons(found, "code", box=ENGLAND_BOX_M, file=FILE)


# --- Columns ---


def columns_of(mapping: dict[str, str], *names: str) -> gpd.GeoDataFrame:
    """Take the wanted columns of a file that has some names, all holding E08000001."""
    frame = places(square(4e5, 3e5)).drop(columns="code")
    frame = frame.assign(**dict.fromkeys(names, "E08000001"))
    return vector.published_columns(frame, WANTED, columns=mapping, file=FILE)


@pytest.mark.parametrize("name", ["LAD16CD", "LAD25CD", "lad23cd"])
def test_columns_are_found_by_pattern(name: str):
    """Any year and any case; an optional column that is not there is missing throughout."""
    found = columns_of({}, name, "other")
    assert list(found.columns) == ["code", "name", "geometry"]
    assert found["code"].tolist() == ["E08000001"]
    assert found["name"].isna().all()


def test_columns_are_found_by_the_configuration():
    """Any published name may be written there, and it goes before the pattern."""
    assert columns_of({"LAD19CD": "area"}, "area")["code"].tolist() == ["E08000001"]
    assert columns_of({"lad25cd": "area"}, "area", "LAD24CD")["code"].tolist() == ["E08000001"]


@pytest.mark.parametrize(
    ("mapping", "names", "message"),
    [
        ({}, ["area_code"], r"such as LAD25CD, found none; the file has: area_code\. .*columns: "),
        ({"LAD25CD": "code"}, ["area"], r"expected one column 'code', found none; .*: area\."),
        ({"LAD25NM": "area"}, ["LAD25CD"], r"expected one column 'area', found none"),
        ({}, ["LAD24CD", "LAD25CD"], r"such as LAD25CD, found LAD24CD, LAD25CD"),
        ({"LADCD": "area"}, ["area"], r"\(LAD25CD, LAD25NM\), found 'LADCD'"),
    ],
)
def test_columns_that_cannot_be_told(mapping: dict[str, str], names: list[str], message: str):
    """None, two, or a key that is no published name: the error lists what the file has."""
    with pytest.raises(SchemaError, match=message):
        columns_of(mapping, *names)


@pytest.mark.parametrize("empty", [None, ""])
def test_a_value_that_is_missing(empty: str | None):
    """The feature is named by its number, counted from 1; in an optional column it may be."""
    frame = places(*[square(4e5, 3e5)] * 2, LAD25CD=["E08000001", empty], LAD25NM=[empty, "b"])
    with pytest.raises(SchemaError, match="column LAD25CD, feature 2: expected a value"):
        vector.published_columns(frame, WANTED, columns={}, file=FILE)
    full = frame.assign(LAD25CD=["E08000001", "E08000002"])
    found = vector.published_columns(full, WANTED, columns={}, file=FILE)
    assert found["name"].isna().tolist() == [True, False]


def test_numbers_become_text():
    """An id that a file holds as a number is the same id as text."""
    frame = places(square(4e5, 3e5), LAD25CD=[17])
    found = vector.published_columns(frame, WANTED, columns={}, file=FILE)
    assert found["code"].tolist() == ["17"]


def test_only_the_columns_wanted_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a file of many columns GDAL is asked for those that are wanted, by their own names."""
    file = tmp_path / "places.gpkg"
    frame = places(square(4e5, 3e5), area="E06000001", LAD25NM="Here", other=1)
    frame.to_file(file, driver="GPKG", engine="pyogrio")
    asked = []
    read = pyogrio.read_dataframe
    monkeypatch.setattr(
        pyogrio,
        "read_dataframe",
        lambda *where, **how: asked.append(how["columns"]) or read(*where, **how),
    )
    found = vector.read_published(file, WANTED, columns={"LAD25CD": "area"})
    assert asked == [["area", "LAD25NM"]]
    assert found.drop(columns="geometry").to_dict("list") == {
        "code": ["E06000001"],
        "name": ["Here"],
    }
    with pytest.raises(SchemaError, match=r"the file has: code, area, LAD25NM, other\."):
        vector.read_published(file, WANTED, columns={})


# --- Features ---


def test_other_countries_are_left_out(caplog: pytest.LogCaptureFixture):
    """Wales, Scotland and Northern Ireland go, and the log counts them."""
    caplog.set_level(logging.INFO)
    codes = ["W06000001", "E08000001", "S12000005", "N09000001"]
    frame = places(*[square(4e5, 3e5)] * 4).assign(code=codes)
    assert vector.english(frame, "code", file=FILE)["code"].tolist() == ["E08000001"]
    assert "left out 3 features outside England" in caplog.text


@pytest.mark.parametrize("code", ["X08000001", "Bolton", "E0800001", " E08000001"])
def test_a_code_of_no_country(code: str):
    """What is no code at all is not dropped in silence."""
    frame = places(*[square(4e5, 3e5)] * 2).assign(code=["W06000001", code])
    with pytest.raises(SchemaError, match=f"feature 2: .*found '{code}'"):
        vector.english(frame, "code", file=FILE)


def test_a_file_without_england():
    """A file of Wales alone is the wrong file."""
    frame = places(square(4e5, 3e5)).assign(code=["W06000001"])
    with pytest.raises(SourceError, match="no English features"):
        vector.english(frame, "code", file=FILE)


def test_files_are_joined_in_order():
    """Features come one file after the other, counted from 0."""
    one, two = places(square(4e5, 3e5)), places(square(5e5, 3e5)).assign(code="E08000002")
    found = vector.joined({Path("a"): one, Path("b"): two}, "code")
    assert found["code"].tolist() == ["E08000001", "E08000002"]
    assert found.index.tolist() == [0, 1]


def test_a_code_in_two_files():
    """Both files and the code are named."""
    one, two = places(square(4e5, 3e5)), places(square(5e5, 3e5))
    with pytest.raises(SchemaError, match=r"^b: E08000001: .* found it in a too"):
        vector.joined({Path("a"): one, Path("b"): two}, "code")
    with pytest.raises(SchemaError, match="found it in a too"):
        vector.joined({Path("a"): one, Path("b"): one}, "code")


def test_the_same_feature_in_two_tiles(caplog: pytest.LogCaptureFixture):
    """Where repeats are allowed, equal features count once; one that differs is an error."""
    caplog.set_level(logging.INFO)
    one, other = places(square(4e5, 3e5)), places(square(5e5, 3e5))
    assert len(vector.joined({Path("a"): one, Path("b"): one}, "code", repeats=True)) == 1
    assert "b: took 1 repeated features once" in caplog.text
    with pytest.raises(SchemaError, match="found it in a too"):
        vector.joined({Path("a"): one, Path("b"): other}, "code", repeats=True)


def test_features_without_ids_are_numbered(caplog: pytest.LogCaptureFixture):
    """Rows count from 1; among several files the name of the file keeps them apart."""
    caplog.set_level(logging.INFO)
    frame = places(*[square(4e5, 3e5)] * 2).assign(code=pd.Series([None, None], dtype="str"))
    alone = vector.with_ids(frame, "code", file=FILE, of_several=False)
    assert alone["code"].tolist() == ["row 1", "row 2"]
    assert "numbered by row" in caplog.text
    among = vector.with_ids(frame, "code", file=FILE, of_several=True)
    assert among["code"].tolist() == ["places.gpkg row 1", "places.gpkg row 2"]


def test_some_features_without_ids_are_refused():
    """Ids stay as they are where all are there; a gap among them is named."""
    frame = places(*[square(4e5, 3e5)] * 2)
    assert vector.with_ids(frame, "code", file=FILE, of_several=True) is frame
    gap = frame.assign(code=["a", None])
    with pytest.raises(SchemaError, match="column code, feature 2"):
        vector.with_ids(gap, "code", file=FILE, of_several=False)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, "expected a polygon, found no shape"),
        (shapely.Polygon(), "expected a polygon, found an empty Polygon"),
        (shapely.MultiPolygon(), "expected a polygon, found an empty MultiPolygon"),
        (shapely.Point(4e5, 3e5), "expected a polygon, found a Point"),
        (square(0, 0), r"a place from 70,000 to 670,000 m east .* found a Polygon from 0, 0"),
        (square(4e5, 9e5), r"to 670,000 m north, found a Polygon from 400000, 900000"),
    ],
)
def test_shapes_that_are_no_places(shape: Any, message: str):
    """Missing, empty, of the wrong kind or elsewhere: the feature is named by its code."""
    frame = places(square(4e5, 3e5), shape)
    with pytest.raises(GeometryError, match=rf"places\.gpkg: E08000002: .*{message}"):
        vector.polygons(frame, "code", box=ENGLAND_BOX_M, file=FILE)


def test_places_outside_england_may_be_asked_for():
    """Scotland lies in the box of the United Kingdom."""
    frame = places(square(4e5, 9e5))
    assert len(vector.polygons(frame, "code", box=UK_BOX_M, file=FILE)) == 1


def test_a_code_twice_in_a_file():
    """Shapes and points alike: the code is named."""
    twice = places(*[square(4e5, 3e5)] * 2).assign(code="E08000001")
    with pytest.raises(SchemaError, match=r"E08000001: .*again in this file"):
        vector.polygons(twice, "code", box=ENGLAND_BOX_M, file=FILE)
    with pytest.raises(SchemaError, match=r"E08000001: .*again in this file"):
        vector.points(twice.set_geometry(twice.centroid), "code", box=UK_BOX_M, file=FILE)


def test_points_stay_points():
    """A MultiPoint of one is that point; two points are no access point."""
    here, there = shapely.Point(4e5, 3e5), shapely.Point(4e5, 3e5 + 9)
    frame = places(here, shapely.MultiPoint([there]))
    found = vector.points(frame, "code", box=UK_BOX_M, file=FILE)
    assert found.geometry.tolist() == [here, there]
    both = places(here, shapely.MultiPoint([here, there]))
    with pytest.raises(GeometryError, match="E08000002: expected one point, found a MultiPoint"):
        vector.points(both, "code", box=UK_BOX_M, file=FILE)


@pytest.mark.parametrize("shape", [None, shapely.Point(), square(4e5, 3e5), shapely.Point(-5e5, 0)])
def test_what_is_no_point(shape: Any):
    """Missing, empty, a polygon or far away: an error that names the feature."""
    frame = places(shapely.Point(4e5, 3e5), shape)
    with pytest.raises(GeometryError, match="E08000002"):
        vector.points(frame, "code", box=UK_BOX_M, file=FILE)


def test_lines_keep_their_direction():
    """Parts that follow each other are one line, in whatever order they stand."""
    whole = shapely.LineString([(4e5, 3e5), (4e5 + 9, 3e5)])
    first, second = [(4e5, 3e5), (4e5, 3e5 + 5)], [(4e5, 3e5 + 5), (4e5 + 7, 3e5 + 5)]
    parted = shapely.MultiLineString([second, first])
    nothing = shapely.MultiLineString([[(4e5, 3e5), (4e5, 3e5)]])
    frame = places(whole.reverse(), parted, nothing)
    found = vector.lines(frame, "code", box=UK_BOX_M, file=FILE).geometry
    assert found[0] == whole.reverse()
    assert found[1] == shapely.LineString([*first, second[1]])
    assert (found[2].geom_type, found[2].length) == ("LineString", 0)


@pytest.mark.parametrize(
    "parts",
    [
        [[(4e5, 3e5), (4e5, 3e5 + 5)], [(4e5, 3e5 + 6), (4e5, 3e5 + 9)]],
        [[(4e5, 3e5), (4e5, 3e5 + 5)], [(4e5, 3e5 + 9), (4e5, 3e5 + 5)]],
    ],
)
def test_parts_that_do_not_follow_each_other(parts: list[list[tuple[float, float]]]):
    """A gap, or a part drawn the other way round: no way along it could be measured."""
    frame = places(shapely.LineString(parts[0]), shapely.MultiLineString(parts))
    with pytest.raises(GeometryError, match="E08000002: expected one line without gaps, found a M"):
        vector.lines(frame, "code", box=UK_BOX_M, file=FILE)


@pytest.mark.parametrize(
    "shape",
    [None, shapely.LineString(), square(4e5, 3e5), shapely.LineString([(4e5, 3e5), (9e5, 3e5)])],
)
def test_what_is_no_line(shape: Any):
    """Missing, empty, a polygon or partly far away: an error that names the feature."""
    frame = places(shapely.LineString([(4e5, 3e5), (4e5, 3e5 + 5)]), shape)
    with pytest.raises(GeometryError, match="E08000002"):
        vector.lines(frame, "code", box=UK_BOX_M, file=FILE)


# --- Repair ---


def mended(shape: Any) -> Any:
    """Return the one shape as `polygons` gives it."""
    frame = vector.polygons(places(shape), "code", box=ENGLAND_BOX_M, file=FILE)
    return frame.geometry.iloc[0]


def spiked(width: float) -> shapely.Polygon:
    """Return a square of 100 m whose ring crosses itself in a spike of a given width (m)."""
    ring = [(0, 0), (100, 0), (100, 100), (50, 100), (50, 110), (50 + width, 100), (50, 99.9)]
    return shapely.affinity.translate(shapely.Polygon([*ring, (0, 100)]), 4e5, 3e5)


def test_valid_shapes_are_left_as_they_are():
    """A polygon with a hole becomes a MultiPolygon of one part, with the same coordinates."""
    hole = shapely.Polygon(
        square(4e5, 3e5).exterior.coords, [square(4e5 + 10, 3e5 + 10, 20).exterior.coords]
    )
    assert mended(hole) == shapely.MultiPolygon([hole])


def test_a_ring_that_touches_itself_is_repaired(caplog: pytest.LogCaptureFixture):
    """Two squares joined at a corner in one ring become two parts of the same area."""
    caplog.set_level(logging.INFO)
    ring = [(0, 0), (100, 0), (100, 100), (200, 100), (200, 200), (100, 200), (100, 100), (0, 100)]
    shape = shapely.affinity.translate(shapely.Polygon(ring), 4e5, 3e5)
    found = mended(shape)
    assert found.is_valid
    assert (len(found.geoms), found.area) == (2, 20_000)
    assert "repaired 1 of 1 shapes; the largest change of area is 0, of E08000001" in caplog.text
    assert "repaired E08000001: Ring Self-intersection[400100 300100]; area" in caplog.text


def test_a_slight_crossing_is_repaired_and_a_large_one_refused():
    """The change of area is measured against the tolerance, and told as a percentage."""
    assert not spiked(0.1).is_valid
    found = mended(spiked(0.1))
    assert found.is_valid
    assert abs(found.area - 10_000) < 10_000 * REPAIR_TOLERANCE
    bow_tie = shapely.Polygon([(4e5, 3e5), (4e5 + 90, 3e5 + 90), (4e5 + 90, 3e5), (4e5, 3e5 + 80)])
    with pytest.raises(GeometryError, match=r"E08000001: .* change its area by .*%, more than"):
        mended(bow_tie)


def test_a_figure_of_eight_of_no_area_is_refused():
    """Two equal lobes of opposite turn sum to no area; the repair has some, and is in doubt."""
    eight = shapely.Polygon([(4e5, 3e5), (4e5 + 90, 3e5 + 90), (4e5 + 90, 3e5), (4e5, 3e5 + 90)])
    with pytest.raises(GeometryError, match=r"100\.00%"):
        mended(eight)


def test_a_line_drawn_as_a_polygon_is_refused():
    """A ring without an inside is left with nothing."""
    flat = shapely.Polygon([(4e5, 3e5), (4e5 + 90, 3e5), (4e5, 3e5)])
    with pytest.raises(GeometryError, match="E08000001"):
        mended(flat)


def test_a_part_that_is_drawn_twice_counts_once():
    """The same ring twice, from whatever corner, is the same land, not twice as much."""
    once = square(4e5, 3e5)
    turned = shapely.Polygon(once.exterior.coords[2:4] + once.exterior.coords[:3])
    assert mended(shapely.MultiPolygon([once, turned])).area == 10_000


def test_parts_that_overlap_are_joined_within_the_tolerance():
    """Two squares of 100 m may overlap by 0.05 % of their land, not by 0.2 %."""
    first = square(4e5, 3e5)
    found = mended(shapely.MultiPolygon([first, square(4e5 + 99.9, 3e5)]))
    assert found.area == pytest.approx(19_990)
    with pytest.raises(GeometryError, match=r"E08000001: .* by 0\.20%, more than 0\.10%"):
        mended(shapely.MultiPolygon([first, square(4e5 + 99.6, 3e5)]))


def test_the_largest_change_is_told(caplog: pytest.LogCaptureFixture):
    """Only the broken shapes are touched; the log names the one that changed most."""
    caplog.set_level(logging.INFO)
    frame = places(square(4e5, 3e5), spiked(0.01), spiked(0.1))
    found = vector.polygons(frame, "code", box=ENGLAND_BOX_M, file=FILE)
    assert found.is_valid.all()
    assert found.geometry.iloc[0] == shapely.MultiPolygon([square(4e5, 3e5)])
    assert "repaired 2 of 3 shapes" in caplog.text
    assert "of E08000003" in caplog.text


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=9, unique=True
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_comes_out_is_valid_and_of_nearly_the_same_area(rings: list[list[tuple[int, int]]]):
    """Whatever rings go in: valid MultiPolygons within the tolerance come out, or an error."""
    shapes = [shapely.affinity.translate(shapely.Polygon(ring), 4e5, 3e5) for ring in rings]
    frame = places(*shapes)
    try:
        found = vector.polygons(frame, "code", box=ENGLAND_BOX_M, file=FILE)
    except GeometryError:
        assert not frame.is_valid.all()
        return
    assert found.is_valid.all()
    assert set(found.geom_type) == {"MultiPolygon"}
    assert found.area.to_numpy() == pytest.approx(frame.area.to_numpy(), rel=REPAIR_TOLERANCE)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6))
def test_multi_polygons_keep_their_parts(sizes: list[int]):
    """Each shape keeps its own parts, in order."""
    shapes = [
        shapely.MultiPolygon([square(4e5 + 200 * part, 3e5 + 200 * row) for part in range(size)])
        for row, size in enumerate(sizes)
    ]
    mixed = [shape.geoms[0] if len(shape.geoms) == 1 else shape for shape in shapes]
    assert vector.as_multi(np.array(mixed, dtype=object)).tolist() == shapes


def test_points_in_degrees_are_brought_to_the_grid(caplog):
    """The true origin of the National Grid, of OSGB36's 49° N 2° W, is 400 km east, -100 km north.

    The datum of the degrees lies about 100 m away from that of the grid, and the log says the way.
    """
    with caplog.at_level(logging.INFO):
        moved = from_degrees(np.array([[-2.0, 49.0], [-2.0, 53.0]]), Path("sensors.csv"))
    assert moved.shape == (2, 2)
    assert np.abs(moved[0] - [400_000, -100_000]).max() < 150
    assert np.abs(moved[0] - [400_000, -100_000]).max() > 50
    assert moved[1, 1] - moved[0, 1] == pytest.approx(445_000, abs=500)
    assert "sensors.csv: reprojected from EPSG:4326 to EPSG:27700" in caplog.text
