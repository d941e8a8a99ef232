from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback.arcgis import INVALID_URL, FeatureLayer, esri_shape
from tests.loopback.plain import DirectClient
from tests.loopback.routes import routed
from tests.loopback.served import Serve, publishing
from tests.loopback.server import Answer, Asked

from healthycities.download.arcgis import describe, fetch, polygons
from healthycities.errors import DownloadError
from healthycities.sources import (
    centroids,
    districts,
    small_area_changes,
    small_area_lookup,
    small_areas,
)
from healthycities.sources.raw import Raw

ROUTE = "/ESMARspQHYMw9BZ9/arcgis/rest/services/LAD_MAY_2025_UK_BGC_V2/FeatureServer/0"
AS_AT = date(2025, 6, 1)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serve]:
    """Serve until the test ends."""
    with publishing(tmp_path) as serve:
        yield serve


def squares(count: int, column: str = "LAD25CD", code: str = "E0700{:04d}") -> gpd.GeoDataFrame:
    """Draw districts that are squares of a kilometre in a row, in two columns."""
    east = 400_000 + 1_000 * np.arange(count)
    return gpd.GeoDataFrame(
        {
            column: [code.format(number) for number in range(1, count + 1)],
            column.replace("CD", "NM"): [f"Place {number}" for number in range(1, count + 1)],
        },
        geometry=shapely.box(east, 300_000, east + 1_000, 301_000),
        crs="EPSG:27700",
    )


def fetched(served: Any, layer: Any, to: Path, **options: Any) -> Any:
    """Serve a layer, fetch it, and return the server."""
    at = served(ROUTE, layer)
    fetch(at.client, at.address, to, pause_s=0, **options)
    return at


def refused(served: Any, layer: Any, to: Path, **options: Any) -> DownloadError:
    """Return the error that a fetch ends in."""
    with pytest.raises(DownloadError) as caught:
        fetched(served, layer, to, **options)
    return caught.value


def on_page(number: int, change: Callable[[dict[str, Any]], Any], times: int = 1) -> Any:
    """Change what the page that begins at a record holds, the first so many times it is asked."""
    left = [times]

    def altered(asked: Asked, answer: dict[str, Any]) -> Any:
        if asked.query.get("resultOffset") == str(number) and left[0]:
            left[0] -= 1
            return change(answer)
        return answer

    return altered


# --- Layers that are read by the sources ---


def test_districts_are_fetched_page_by_page_and_read(served, tmp_path):
    """All pages under the layer's own limit, sorted by object id, in metres and in two fields."""
    to = tmp_path / "districts.geojson"
    at = fetched(served, FeatureLayer(squares(10), largest_page=4), to, fields=[r"LAD\d\dCD"])
    assert at.asked("resultOffset", "resultRecordCount", "outFields", "orderByFields") == [
        (start, "4", "FID,LAD25CD", "FID ASC") for start in ("0", "4", "8")
    ]
    found = gpd.read_file(to)
    assert found.crs.to_epsg() == 27700
    assert list(found.columns) == ["LAD25CD", "geometry"]
    assert (found.area == 1e6).all()
    real = squares(2).assign(LAD25CD=["E06000001", "E06000002"])
    at = fetched(served, FeatureLayer(real), to, fields=["lad25cd", "LAD25NM"])
    read = districts.read(Raw((to,), AS_AT))
    assert list(read.iloc[:, 0]) == ["E06000001", "E06000002"]
    assert shapely.equals(read.geometry.to_numpy(), real.geometry.to_numpy()).all()


def test_small_areas_with_islands_and_holes_are_read(served, tmp_path):
    """Shapes of several parts and with holes come out as they were drawn, to the centimetre."""
    ground = squares(2, "LSOA21CD", "E0100{:04d}")
    island = shapely.box(402_500, 300_000, 402_600, 300_100.006)
    pierced = ground.geometry[0].difference(shapely.box(400_400, 300_400, 400_600, 300_600))
    ground.loc[0, "geometry"] = shapely.union(pierced, island)
    to = tmp_path / "small_areas.geojson"
    fetched(served, FeatureLayer(ground), to)
    read = small_areas.read(Raw((to,), AS_AT))
    assert read.area.tolist() == pytest.approx([1e6 - 200**2 + 100 * 100.01, 1e6], abs=1e-6)


def test_centroids_take_x_and_y_from_their_points(served, tmp_path):
    """A layer of points without such fields gets the two columns, to the centimetre."""
    points = gpd.GeoDataFrame(
        {"LSOA21CD": ["E01000001", "E01000002"], "GlobalID": ["a", "b"]},
        geometry=shapely.points([[532_151.537, 181_615.234], [532_384.8, 181_811.0]]),
        crs="EPSG:27700",
    )
    to = tmp_path / "centroids.csv"
    fetched(served, FeatureLayer(points), to, fields=["LSOA21CD"], form="csv")
    assert to.read_text() == (
        "LSOA21CD,x,y\nE01000001,532151.54,181615.23\nE01000002,532384.8,181811.0\n"
    )
    read = centroids.read(Raw((to,), AS_AT))
    assert read.iloc[0].tolist() == ["E01000001", 532_151.54, 181_615.23]


def test_points_keep_the_coordinates_that_they_have_as_fields(served, tmp_path):
    """Fields x and y of the layer stand in the file once, as published."""
    points = gpd.GeoDataFrame(
        {"LSOA21CD": ["E01000001"], "X": [532_151.538], "Y": [181_615.0]},
        geometry=shapely.points([[532_151.538, 181_615.0]]),
        crs="EPSG:27700",
    )
    to = tmp_path / "centroids.csv"
    fetched(served, FeatureLayer(points), to, form="csv", fields=["LSOA21CD", "x", "y"])
    assert to.read_text() == "LSOA21CD,X,Y\nE01000001,532151.538,181615.0\n"


def test_tables_are_read_as_lookups(served, tmp_path):
    """Tables have no shapes; names with commas, quotes and accents survive, null is empty."""
    rows = pd.DataFrame(
        {
            "LSOA21CD": ["E01000001", "E01000002"],
            "LSOA21NM": ['Ynys Môn, "A"', None],
            "LAD25CD": ["E08000003", "E08000003"],
        }
    )
    to = tmp_path / "lookup.csv"
    at = fetched(served, FeatureLayer(rows, largest_page=1), to, form="csv")
    assert at.asked("returnGeometry") == [("false",)] * 2
    assert to.read_text(encoding="utf-8").splitlines() == [
        "FID,LSOA21CD,LSOA21NM,LAD25CD",
        '1,E01000001,"Ynys Môn, ""A""",E08000003',
        "2,E01000002,,E08000003",
    ]
    assert len(small_area_lookup.read(Raw((to,), AS_AT))) == 2
    changes = rows.rename(columns={"LAD25CD": "LSOA11CD"}).assign(LSOA11CD="E01000009")
    fetched(served, FeatureLayer(changes), to, form="csv", fields=["LSOA11CD", "LSOA21CD"])
    assert len(small_area_changes.read(Raw((to,), AS_AT))) == 2


def test_only_the_records_wanted_are_fetched(served, tmp_path):
    """The condition holds for the count as for the pages."""
    rows = pd.DataFrame({"LSOA21CD": ["E01000001", "W01000001", "E01000002"]})
    to = tmp_path / "lookup.csv"
    layer = FeatureLayer(rows, largest_page=1)
    fetched(served, layer, to, form="csv", fields=["LSOA21CD"], where="LSOA21CD LIKE 'E%'")
    assert to.read_text().split() == ["LSOA21CD", "E01000001", "E01000002"]


def test_the_same_layer_gives_the_same_bytes(served, tmp_path):
    """However it is cut into pages, and whoever edited it in between."""
    one, other = tmp_path / "one.geojson", tmp_path / "other.geojson"
    fetched(served, FeatureLayer(squares(7), largest_page=3), one)
    fetched(served, FeatureLayer(squares(7), largest_page=5, edited=None), other)
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_text().splitlines()) == 7 + 2


def test_a_layer_says_what_it_is(served):
    """Its name, fields, kind of shape and limit, never above 2,000 records."""
    at = served(ROUTE, FeatureLayer(squares(1), largest_page=16_000))
    layer = describe(at.client, at.address + "/")
    assert layer.name == "LAD_MAY_2025_UK_BGC"
    assert layer.fields == ("FID", "LAD25CD", "LAD25NM")
    assert layer.page_records == 2_000
    assert layer.edited == 1_748_000_000_000


# --- Pages ---


def test_a_short_page_in_the_middle_is_gone_on_from(served, tmp_path):
    """The next page begins where the short one ended, whatever the service says is left."""

    def short(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "features": answer["features"][:1], "exceededTransferLimit": False}

    layer = FeatureLayer(squares(9), largest_page=4, altered=on_page(4, short))
    to = tmp_path / "districts.geojson"
    at = fetched(served, layer, to)
    assert [start for (start,) in at.asked("resultOffset")] == ["0", "4", "5"]
    assert len(gpd.read_file(to)) == 9


def test_a_layer_that_says_once_too_often_that_there_is_more(served, tmp_path):
    """An empty page after the last record ends it."""
    layer = FeatureLayer(squares(4), largest_page=4, altered=on_page(0, lambda one: one | _MORE))
    to = tmp_path / "districts.geojson"
    at = fetched(served, layer, to)
    assert [start for (start,) in at.asked("resultOffset")] == ["0", "4"]
    assert len(gpd.read_file(to)) == 4


_MORE = {"exceededTransferLimit": True}


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one | {"features": one["features"][1:] + one["features"][:1]},
        lambda one: one | {"features": one["features"] + one["features"][-1:]},
        lambda one: one | {"features": []},
    ],
    ids=["order", "twice", "missing"],
)
def test_pages_that_change_once_are_read_again(served, tmp_path, change):
    """A record out of order, twice or missing starts the layer over, and the file is whole."""
    layer = FeatureLayer(squares(9), largest_page=4, altered=on_page(4, change))
    to = tmp_path / "districts.geojson"
    fetched(served, layer, to)
    assert gpd.read_file(to)["FID"].tolist() == list(range(1, 10))


def test_pages_that_change_again_stop_with_one_message(served, tmp_path):
    """The second time, the layer is told to be at work on."""
    layer = FeatureLayer(
        squares(9), largest_page=4, altered=on_page(8, lambda one: one | {"features": []}, 2)
    )
    error = refused(served, layer, tmp_path / "districts.geojson")
    assert "changes while it is read: expected 9 records, found 8" in str(error)
    assert "Try again later" in str(error)


def test_a_service_that_never_ends_is_stopped(served, tmp_path):
    """Pages with ever new records, and the word that there are more, after all that it counted."""

    def altered(asked: Asked, answer: dict[str, Any]) -> dict[str, Any]:
        start = int(asked.query.get("resultOffset", -1))
        page = {"features": [{"attributes": {"FID": start + 1, "LAD25CD": "E06000001"}}]}
        return answer if start < 0 else page | _MORE

    rows = pd.DataFrame({"LAD25CD": ["E06000001"] * 3})
    layer = FeatureLayer(rows, altered=altered)
    error = refused(served, layer, tmp_path / "lookup.csv", form="csv", fields=["LAD25CD"])
    assert "expected 3 records, found 4" in str(error)


def test_a_layer_edited_under_way_is_read_again(served, tmp_path):
    """A record that goes as another comes leaves the count and the order as they were."""

    def edit(answer: dict[str, Any]) -> dict[str, Any]:
        if layer.edited == 1:
            layer.show(squares(10).iloc[1:].reset_index(drop=True))
            layer.edited = 2
        return answer

    layer = FeatureLayer(squares(9), largest_page=4, altered=on_page(4, edit), edited=1)
    to = tmp_path / "districts.geojson"
    fetched(served, layer, to)
    assert gpd.read_file(to)["LAD25CD"].tolist() == squares(10)["LAD25CD"].tolist()[1:]


PAGE_FAULTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "short": lambda page: page[: len(page) // 2],
    "empty": lambda _: [],
    "first missing": lambda page: page[1:],
    "twice": lambda page: page[:1] + page,
    "backwards": lambda page: page[::-1],
}


@given(
    records=st.integers(1, 12),
    largest_page=st.integers(1, 5),
    faults=st.dictionaries(
        st.integers(0, 9), st.sampled_from([*PAGE_FAULTS, "busy", "refused", "grows"]), max_size=4
    ),
    says_more=st.sampled_from([True, False, None]),
)
def test_whatever_happens_the_file_is_right_or_there_is_an_error(
    tmp_path_factory, records, largest_page, faults, says_more
):
    """Of any pages with any faults: all records as they are at the end, or one clear message."""
    codes = [f"E0700{number:04d}" for number in range(99)]
    asked_before = count()

    def altered(asked: Asked, answer: dict[str, Any]) -> Any:
        if "resultOffset" not in asked.query:
            return answer
        fault = faults.get(next(asked_before))
        if fault == "grows":
            more_rows = len(layer.rows) + 1
            layer.show(pd.DataFrame({"LAD25CD": codes[99 - more_rows :]}))
            layer.edited = more_rows
        if fault in ("busy", "refused"):
            return {"error": {"code": 503 if fault == "busy" else 400, "message": "No."}}
        more = {} if says_more is None else {"exceededTransferLimit": says_more}
        return answer | {"features": PAGE_FAULTS.get(str(fault), list)(answer["features"])} | more

    rows = pd.DataFrame({"LAD25CD": codes[99 - records :]})
    layer = FeatureLayer(rows, largest_page=largest_page, altered=altered)
    to = tmp_path_factory.mktemp("layer") / "districts.csv"
    try:
        fetch(
            DirectClient(routed({"/FeatureServer/0": layer})),
            "https://localhost/FeatureServer/0",
            to,
            fields=["LAD25CD"],
            form="csv",
            pause_s=0,
        )
    except DownloadError:
        assert faults
    else:
        assert to.read_text().split() == ["LAD25CD", *layer.rows["LAD25CD"]]


# --- Errors with HTTP 200 ---


def failing(code: int, times: int) -> Any:
    """Answer the second page with an error, so many times."""
    error = {"code": code, "message": "Unable to complete operation.", "details": ["Busy."]}
    return on_page(4, lambda _: {"error": error}, times)


def test_a_busy_service_is_asked_again(served, tmp_path):
    """Errors 429 and 5xx that come with HTTP 200 are waited out."""
    for code in (429, 500, 503):
        layer = FeatureLayer(squares(9), largest_page=4, altered=failing(code, 3))
        to = tmp_path / f"{code}.geojson"
        at = fetched(served, layer, to)
        assert at.asked("resultOffset").count(("4",)) == 4
        assert len(gpd.read_file(to)) == 9


@pytest.mark.parametrize(("code", "times"), [(503, 4), (400, 1), (499, 1)])
def test_an_error_stays_an_error(served, tmp_path, code, times):
    """A service that stays busy, or refuses, is told of in its own words."""
    layer = FeatureLayer(squares(9), largest_page=4, altered=failing(code, times))
    error = refused(served, layer, tmp_path / "districts.geojson")
    assert f"error {code}: Unable to complete operation; Busy" in str(error)


def test_a_layer_that_was_renamed_tells_where_to_find_its_name(served, tmp_path):
    """The services answer Invalid URL with HTTP 200 for a layer that they do not have."""
    layer = FeatureLayer(squares(1), altered=lambda *_: INVALID_URL)
    error = refused(served, layer, tmp_path / "districts.geojson")
    assert "error 400: Invalid URL. Layers are renamed" in str(error)
    assert "geoportal.statistics.gov.uk" in str(error)
    assert "sources.NAME.address" in str(error)


@pytest.mark.parametrize(
    ("answer", "told"),
    [({}, "expected what a layer says of itself"), ([1], "expected an object of JSON, found [1]"),
     (Answer(b"<!DOCTYPE html><html></html>"), "web page")],
)  # fmt: skip
def test_what_is_no_layer_is_refused(served, tmp_path, answer, told):
    """JSON of another kind, or a web page."""
    layer = FeatureLayer(squares(1), altered=lambda *_: answer)
    assert told in str(refused(served, layer, tmp_path / "districts.geojson"))


@pytest.mark.parametrize(
    ("offset", "answer", "told"),
    [("0", {"nothing": 1}, "expected features"),
     ("0", {"features": [{"attributes": {"LAD25CD": "E1"}}]}, "expected a record with FID"),
     ("0", {"features": [{"attributes": {"FID": 1}}]}, "expected a record with LAD25CD"),
     (None, {"count": "many"}, "expected a count of records")],
)  # fmt: skip
def test_answers_that_lack_what_they_should_hold_are_refused(
    served, tmp_path, offset, answer, told
):
    """A page without features, a record without its number or a field, a count that is none."""

    def altered(asked: Asked, usual: dict[str, Any]) -> Any:
        is_page = asked.path == "/query" and asked.query.get("resultOffset") == offset
        return answer if is_page else usual

    layer = FeatureLayer(squares(1), altered=altered)
    assert told in str(refused(served, layer, tmp_path / "districts.geojson"))


def test_an_address_says_what_is_wanted(served, tmp_path):
    """The fields, the condition and the form of a query; what is said beside it goes before."""
    ground = squares(3).assign(LAD25CD=["E06000001", "W06000001", "E06000002"])
    at = served(ROUTE, FeatureLayer(ground))
    to = tmp_path / "districts"
    query = "?where=LAD25CD+LIKE+%27E%25%27&outFields=LAD25NM,LAD25CD&outSR=27700&f=csv"
    fetch(at.client, at.address + "/query" + query, to)
    assert to.read_text() == "LAD25CD,LAD25NM\nE06000001,Place 1\nE06000002,Place 3\n"
    fetch(at.client, at.address + query, to, fields=["LAD25CD"], where="1=1", form="geojson")
    assert gpd.read_file(to)["LAD25CD"].tolist() == ground["LAD25CD"].tolist()
    fetch(at.client, at.address + "/query?where=1%3D1&outFields=*&f=csv", to)
    assert to.read_text().startswith("FID,LAD25CD,LAD25NM\n1,E06000001,Place 1\n")


@pytest.mark.parametrize(
    ("end", "told"),
    [("/ofsted", "ends in /FeatureServer/0"), ("?geometry=1,2,3,4", "the parameter geometry"),
     ("/query?f=pbf", "expected f=geojson or f=csv, found f=pbf"),
     ("/query?outFields=*,LAD25CD", "is neither a field nor")],
)  # fmt: skip
def test_an_address_that_is_not_understood_is_refused(served, tmp_path, end, told):
    """Before anything is asked: what it asks for would be left out in silence."""
    at = served(ROUTE, FeatureLayer(squares(1)))
    with pytest.raises(DownloadError, match=told):
        fetch(at.client, at.address + end, tmp_path / "districts.geojson")
    assert at.server.asked == []


# --- What a layer must hold ---


def test_a_field_that_is_not_there_is_named_with_those_that_are(served, tmp_path):
    """As when the address is that of another year."""
    error = refused(
        served, FeatureLayer(squares(1)), tmp_path / "districts.geojson", fields=["LAD23CD"]
    )
    assert "has no field LAD23CD; it has FID, LAD25CD, LAD25NM" in str(error)


def test_an_empty_layer_is_refused(served, tmp_path):
    """A layer without records, or none that fit the condition."""
    error = refused(
        served,
        FeatureLayer(squares(2)),
        tmp_path / "districts.geojson",
        where="LAD25CD LIKE 'W%'",
    )
    assert "has no record where LAD25CD LIKE 'W%'" in str(error)


def test_a_table_is_no_map(served, tmp_path):
    """Shapes cannot be had of a layer that has none."""
    table = FeatureLayer(pd.DataFrame({"LAD25CD": ["E06000001"]}))
    error = refused(served, table, tmp_path / "districts.geojson")
    assert "expected a layer of polygons or points, found a table" in str(error)


def test_a_layer_that_knows_no_pages_is_refused(served, tmp_path):
    """There would be no way to read it whole."""

    def altered(asked: Asked, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"advancedQueryCapabilities": {"supportsPagination": False}}

    layer = FeatureLayer(squares(1), altered=altered)
    error = refused(served, layer, tmp_path / "districts.geojson")
    assert "cannot be asked for page by page" in str(error)


def test_degrees_are_refused(served, tmp_path):
    """Whether the service says that it answers in degrees or keeps silent."""
    to = tmp_path / "districts.geojson"
    layer = FeatureLayer(squares(1), crs=4326)
    assert "asked for coordinates in metres of EPSG:27700, found EPSG:4326" in str(
        refused(served, layer, to)
    )
    layer.altered = lambda _, answer: answer | {"spatialReference": None}
    assert "which look like degrees" in str(refused(served, layer, to))
    points = squares(1)
    layer.show(points.set_geometry(points.centroid))
    assert "which look like degrees" in str(refused(served, layer, to, form="csv"))


def test_records_without_a_shape_keep_their_row(served, tmp_path):
    """So that the reader can name them: nothing is left out in silence."""
    ground = squares(3)
    ground.loc[1, "geometry"] = None
    to = tmp_path / "districts.geojson"
    fetched(served, FeatureLayer(ground), to)
    assert gpd.read_file(to).geometry.isna().tolist() == [False, True, False]
    for nothing in (None, {"x": "NaN", "y": "NaN"}):

        def altered(asked: Asked, answer: dict[str, Any], shape: Any = nothing) -> dict[str, Any]:
            for one in answer.get("features", [])[1:2]:
                one["geometry"] = shape
            return answer

        points = ground.set_geometry(shapely.points([[400_000.0, 300_000.0]] * 3), crs=27700)
        fetched(served, FeatureLayer(points, altered=altered), to, form="csv")
        assert to.read_text().splitlines()[2] == "2,E07000002,Place 2,,"
        fetched(served, FeatureLayer(points, altered=altered), to)
        assert gpd.read_file(to).geometry.isna().tolist() == [False, True, False]


# --- Rings ---


def rings(shape: Any) -> list[np.ndarray]:
    """Return the rings of a shape as Esri draws them."""
    return [np.array(ring) for ring in esri_shape(shape)["rings"]]


def boxes(given: list[tuple[int, int, int]]) -> Any:
    """Join squares, each of the west, the south and the side."""
    return shapely.union_all([shapely.box(x, y, x + side, y + side) for x, y, side in given])


def whole(parts: list[list[np.ndarray]]) -> Any:
    """Make one shape of polygons."""
    return shapely.MultiPolygon([(part[0], part[1:]) for part in parts])


def test_an_island_in_a_lake_on_an_island_is_sorted_out():
    """Each hole goes to the smallest shell around it, though islands lie within holes."""
    boxes = [shapely.box(n, n, 100 - n, 100 - n) for n in (0, 10, 20, 30)]
    shape = shapely.MultiPolygon(
        [(boxes[0].exterior, [boxes[1].exterior]), (boxes[2].exterior, [boxes[3].exterior])]
    )
    drawn = rings(shape)
    for order in ([0, 1, 2, 3], [3, 1, 2, 0], [1, 0, 3, 2]):
        parts = polygons([drawn[number] for number in order])
        assert sorted(len(part) for part in parts) == [2, 2]
        assert whole(parts).is_valid
        assert whole(parts).area == 100**2 - 80**2 + 60**2 - 40**2


def test_a_hole_in_no_shell_is_land_and_a_ring_without_area_goes():
    """As Esri's own converter reads them."""
    alone = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]], dtype=float)
    spike = np.array([[0, 0], [2, 0], [0, 0]], dtype=float)
    ((shell,),) = polygons([alone, spike])
    assert shapely.Polygon(shell).area == 4
    assert polygons([spike]) == []


def test_shells_are_drawn_as_geojson_draws_them():
    """Shells anticlockwise and their holes clockwise (RFC 7946, section 3.1.6)."""
    shape = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    ((shell, hole),) = polygons(rings(shape))
    assert shapely.is_ccw(shapely.LinearRing(shell))
    assert not shapely.is_ccw(shapely.LinearRing(hole))


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=8
    ),
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 5)), min_size=0, max_size=8
    ),
)
def test_every_shape_survives_esris_rings(land, water):
    """Rings of any shape with holes make the same shape again."""
    shape = boxes(land).difference(boxes(water))
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        return
    parts = polygons(rings(shape))
    assert shapely.equals(whole(parts), shape)


def test_what_is_written_is_json(served, tmp_path):
    """Any reader of JSON can read it: one collection, with its system and its features."""
    to = tmp_path / "districts.geojson"
    fetched(served, FeatureLayer(squares(2)), to, fields=["LAD25CD"])
    found = json.loads(to.read_text(encoding="utf-8"))
    assert found["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::27700"
    assert found["features"][0] == {
        "type": "Feature",
        "properties": {"LAD25CD": "E07000001"},
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[401_000, 300_000], [401_000, 301_000], [400_000, 301_000],
                             [400_000, 300_000], [401_000, 300_000]]],
        },
    }  # fmt: skip
