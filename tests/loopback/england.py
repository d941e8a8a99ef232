"""All publishers of England's files on one server, with what the demonstration draws."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import pandas as pd
from tests.loopback.arcgis import FeatureLayer
from tests.loopback.nomis import Nomis
from tests.loopback.os_downloads import OsDownloads, Product
from tests.loopback.routes import Answering, routed
from tests.loopback.server import Answer, Asked

from healthycities import catalogue
from healthycities.catalogue import Offer
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES, YEARLY_FILES

PUBLISHERS = {
    "https://services1.arcgis.com": "/arcgis",
    "https://uk-air.defra.gov.uk": "/uk-air",
    "https://www.nomisweb.co.uk": "/nomis",
    "https://api.os.uk": "/os",
    "https://assets.publishing.service.gov.uk": "/gov",
}
"""What the addresses of publishers begin with, and where each stands on the server."""

_LAYERS = ("districts", "small_areas", "small_area_lookup", "centroids")
_PRODUCTS = {
    "greenspace": ("OpenGreenspace", "Data/opgrsp_gb.gpkg"),
    "roads": ("OpenRoads", "Data/oproad_gb.gpkg"),
}
_TABLES = {
    "deaths": "NM_161_1",
    "population": "NM_2002_1",
    "small_area_population": "NM_2014_1",
}


def mirrors(address: str) -> dict[str, str]:
    """Return what is asked in place of each publisher, given where the server is."""
    return {publisher: f"{address}{route}" for publisher, route in PUBLISHERS.items()}


def drawn(folder: Path, years: Iterable[int], *, scale: float) -> Path:
    """Write the demonstration's files of all England, and return their folder."""
    folder.mkdir(parents=True)
    files.write_places(folder, seed=2026, scale=scale, districts=None)
    for year in years:
        files.write_year(folder, year, seed=2026)
    return folder


def england(folder: Path, years: Iterable[int]) -> Answering:
    """Serve the demonstration's files as their publishers do.

    Parameters
    ----------
    folder : as `drawn` returns it.
    years : that it has.
    """
    of_years = tuple(years)
    shop = OsDownloads(
        {product: _product(folder, name) for name, (product, _) in _PRODUCTS.items()},
        route="/os/downloads/v1/products",
        store="/store",
    )
    return routed(
        {
            **{_route(_offer(name)): _layer(folder, name) for name in _LAYERS},
            "/nomis/api/v01/dataset": _nomis(folder, of_years),
            shop.route: shop,
            "/store": shop.stored,
            **{_route(offer): _file(path) for offer, path in _plain(folder, of_years)},
        }
    )


def _offer(source: str) -> Offer:
    return catalogue.sources()[source].offers[0]


def _route(offer: Offer) -> str:
    publisher = next(one for one in PUBLISHERS if offer.address.startswith(one))
    return PUBLISHERS[publisher] + offer.address.removeprefix(publisher)


def _layer(folder: Path, source: str) -> FeatureLayer:
    path = folder / STATIC_FILES[source]
    if path.suffix == ".gpkg":
        return FeatureLayer(gpd.read_file(path), name=path.stem)
    # The service numbers its records itself.
    table = pd.read_csv(path, dtype="str").drop(columns="FID", errors="ignore")
    if {"x", "y"} <= set(table.columns):
        points = gpd.points_from_xy(table["x"].astype(float), table["y"].astype(float))
        plain = table.drop(columns=["x", "y"])
        return FeatureLayer(gpd.GeoDataFrame(plain, geometry=points, crs="EPSG:27700"), path.stem)
    return FeatureLayer(table, name=path.stem)


def _nomis(folder: Path, years: Iterable[int]) -> Nomis:
    tables = {
        name: pd.concat(
            [pd.read_csv(folder / YEARLY_FILES[source].format(year=year)) for year in years]
        )
        for source, name in _TABLES.items()
    }
    causes = tables["NM_161_1"].drop_duplicates("CAUSE_OF_DEATH")
    codes = dict(zip(causes["CAUSE_OF_DEATH"], causes["CAUSE_OF_DEATH_NAME"], strict=True))
    return Nomis(tables, {"NM_161_1/cause_of_death": codes})


def _product(folder: Path, name: str) -> Product:
    product, member = _PRODUCTS[name]
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(folder / STATIC_FILES[name], member)
    return Product("2026-10", {(f"{product}.zip", "GB", "GeoPackage"): content.getvalue()})


def _plain(folder: Path, years: Iterable[int]) -> list[tuple[Offer, Path]]:
    """Return the files that are given as they are, and where each stands."""
    of_years = [
        (offer.filled({"year": year}), folder / YEARLY_FILES[offer.pollutant].format(year=year))
        for offer in catalogue.sources()["air_quality"].offers
        if offer.pollutant in YEARLY_FILES
        for year in years
        if offer.has_year(year)
    ]
    return [*of_years, (_offer("deprivation"), folder / STATIC_FILES["deprivation"])]


def _file(path: Path) -> Answering:
    def answer(asked: Asked) -> Answer:
        return Answer(path.read_bytes(), headers={"Content-Type": "text/csv"})

    return answer
