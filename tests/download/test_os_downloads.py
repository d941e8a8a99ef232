from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from tests.loopback.os_downloads import SIGNATURE, OsDownloads, Product, zipped_geopackage
from tests.loopback.plain import PlainClient
from tests.loopback.routes import routed
from tests.loopback.server import Answer, Asked, Loopback, serving

from healthycities.download.os_downloads import fetch, listing
from healthycities.errors import DownloadError
from healthycities.sources import greenspace_sites, road_links
from healthycities.sources.raw import Raw

AS_AT = date(2025, 6, 1)
GB = ("opgrsp_gpkg_gb.zip", "GB", "GeoPackage")


class Publisher:
    """The API and its store, which a test may put other answers into."""

    def __init__(self, **products: Product) -> None:
        self.api = OsDownloads(products)
        self.instead: dict[str, Answer] = {}
        self.server: Loopback

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        usual = routed({self.api.route: self.api, self.api.store: self.api.stored})
        return self.instead.get(asked.path) or usual(asked)

    @property
    def address(self) -> str:
        """Where its products are."""
        return f"{self.server.address}{self.api.route}"

    @property
    def client(self) -> PlainClient:
        """A client that trusts it."""
        return PlainClient(self.server)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    """Publish greenspace in three files until the test ends."""
    files = {
        GB: b"all of it",
        ("opgrsp_essh_gb.zip", "GB", "ESRI® Shapefile"): b"as shapefiles",
        ("opgrsp_gpkg_tq.zip", "TQ", "GeoPackage"): b"a tile",
    }
    publisher = Publisher(OpenGreenspace=Product("2026-04", files))
    with serving(publisher, tmp_path) as server:
        publisher.server = server
        yield publisher


def asked_instead(publisher: Publisher, path: str, content: Any) -> None:
    """Let a page of the API say something else."""
    publisher.instead[publisher.api.route + path] = Answer(json.dumps(content).encode())


def refused(publisher: Publisher, to: Path, query: str = "") -> DownloadError:
    """Return the error that a fetch ends in; nothing is written."""
    with pytest.raises(DownloadError) as caught:
        fetch(publisher.client, f"{publisher.address}/OpenGreenspace{query}", to)
    assert not to.exists()
    return caught.value


@pytest.mark.parametrize(
    "query", ["", "/", "/downloads", "/downloads?area=GB&format=GeoPackage&redirect"]
)
def test_the_geopackage_of_great_britain_is_fetched(publisher, tmp_path, query):
    """By the product's address or that of its files; the version comes back."""
    to = tmp_path / "greenspace.zip"
    address = f"{publisher.address}/OpenGreenspace{query}"
    assert fetch(publisher.client, address, to) == "2026-04"
    assert to.read_bytes() == b"all of it"


def test_what_is_offered_is_told_before_it_is_fetched(publisher):
    """The size and MD5 that the API gives, in small letters, and an address that does not lapse."""
    offer = listing(publisher.client, f"{publisher.address}/OpenGreenspace")
    assert (offer.version, offer.file_name, offer.size_bytes) == ("2026-04", GB[0], 9)
    assert offer.md5 == "1eac3d201685bb617a85ea2ff672b5b3"
    assert SIGNATURE not in offer.address
    assert {one.path.rpartition("/")[2] for one in publisher.server.asked} == {
        "OpenGreenspace", "downloads",
    }  # fmt: skip


def test_another_area_or_format_may_be_asked_for(publisher, tmp_path):
    """As the address says; a name with a sign and a space survives the query."""
    to = tmp_path / "greenspace.zip"
    address = f"{publisher.address}/OpenGreenspace/downloads"
    fetch(publisher.client, f"{address}?area=TQ", to)
    assert to.read_bytes() == b"a tile"
    fetch(publisher.client, f"{address}?format=ESRI%C2%AE+Shapefile", to)
    assert to.read_bytes() == b"as shapefiles"


def test_real_layouts_are_read_once_unpacked(tmp_path):
    """Sites and roads, as their GeoPackages name layers and columns."""
    ground = shapely.box(530_000, 180_000, 530_100, 180_100)
    sites = {"id": ["A"], "function": ["Play Space"], "distinctive_name_1": [None]}
    road = {"id": ["L"], "start_node": ["a"], "end_node": ["b"],
            "road_classification": ["B Road"], "road_function": ["B Road"]}  # fmt: skip
    greenspace, roads = (
        gpd.GeoDataFrame(columns, geometry=[shape], crs="EPSG:27700")
        for columns, shape in (
            (sites, ground),
            (road, shapely.LineString([(530_000, 180_000), (530_100, 180_000)])),
        )
    )
    gate = gpd.GeoDataFrame({"id": ["G"]}, geometry=[ground.centroid], crs="EPSG:27700")
    packed = {
        "OpenGreenspace": zipped_geopackage(
            {"greenspace_site": greenspace, "access_point": gate}, "Data/opgrsp_gb.gpkg", tmp_path
        ),
        "OpenRoads": zipped_geopackage({"road_link": roads}, "Data/oproad_gb.gpkg", tmp_path),
    }
    publisher = Publisher(**{
        name: Product("2026-04", {(f"{name}.zip", "GB", "GeoPackage"): body})
        for name, body in packed.items()
    })  # fmt: skip
    read = {"OpenGreenspace": greenspace_sites.read, "OpenRoads": road_links.read}
    with serving(publisher, tmp_path) as publisher.server:
        for name, reads in read.items():
            fetch(publisher.client, f"{publisher.address}/{name}", tmp_path / name)
            with zipfile.ZipFile(tmp_path / name) as archive:
                (member,) = (one for one in archive.namelist() if one.startswith("Data/"))
                archive.extract(member, tmp_path)
            assert len(reads(Raw((tmp_path / member,), AS_AT))) == 1


def test_a_file_that_is_not_the_one_offered_is_refused(publisher, tmp_path):
    """Another size, or another MD5 of the same size."""
    to = tmp_path / "greenspace.zip"
    for body, told in ((b"less", "has 4 bytes, and 9"), (b"ALL OF IT", "has the MD5")):
        publisher.instead[f"{publisher.api.store}/{GB[0]}"] = Answer(body)
        assert told in str(refused(publisher, to))


def test_no_signature_is_told(publisher, tmp_path, caplog):
    """The store refuses: no message and no log line holds what its address was signed with."""
    publisher.instead[f"{publisher.api.store}/{GB[0]}"] = Answer(b"<Error/>", 403)
    with caplog.at_level(logging.DEBUG, logger="healthycities"):
        error = refused(publisher, tmp_path / "greenspace.zip")
    assert SIGNATURE not in str(error) + caplog.text


def test_what_is_not_offered_is_told_with_what_is(publisher, tmp_path):
    """No file of that area, or several of it."""
    to = tmp_path / "greenspace.zip"
    error = refused(publisher, to, "/downloads?area=XX")
    assert "expected one file of this area and format, found 0; the list holds nothing" in str(
        error
    )
    product = publisher.api.products["OpenGreenspace"]
    twice = {**product.files, ("opgrsp_gpkg_gb_2.zip", "GB", "GeoPackage"): b"more"}
    publisher.api.products = {"OpenGreenspace": replace(product, files=twice)}
    error = refused(publisher, to)
    assert "found 2; the list holds opgrsp_gpkg_gb.zip (GeoPackage), opgrsp_gpkg_gb_2" in str(error)
    assert "area=GB&format=GeoPackage" in str(error)


@pytest.mark.parametrize(
    ("path", "content"),
    [("/OpenGreenspace", {"id": "OpenGreenspace"}), ("/OpenGreenspace", [1]),
     ("/OpenGreenspace/downloads", {"error": "Busy"}), ("/OpenGreenspace/downloads", None),
     ("/OpenGreenspace/downloads", [{"area": "GB", "format": "GeoPackage", "size": 9}]),
     ("/OpenGreenspace/downloads", [{"area": "GB", "format": "GeoPackage", "size": "many",
                                     "url": "", "fileName": "", "md5": ""}])],
)  # fmt: skip
def test_answers_of_another_kind_are_refused(publisher, tmp_path, path, content):
    """A product without a version; a list that is none; a file without its size or MD5."""
    asked_instead(publisher, path, content)
    error = refused(publisher, tmp_path / "greenspace.zip")
    assert "expected a product with its version and files" in str(error)


def test_a_product_that_is_not_there_is_told(publisher, tmp_path):
    """As the API answers for a name that it does not know."""
    with pytest.raises(DownloadError, match="answered 404"):
        fetch(publisher.client, f"{publisher.address}/OpenGreen", tmp_path / "greenspace.zip")
