"""Greenspace sites of OS Open Greenspace."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.vector import (
    UK_BOX_M,
    Published,
    joined,
    polygons,
    read_published,
    with_ids,
)
from healthycities.sources.raw import Raw
from healthycities.tables import GREENSPACE_SITES, checked

CARD = SourceCard(
    title="Greenspace sites",
    publisher="Ordnance Survey",
    product="OS Open Greenspace, layer greenspace_site",
    licence="Open Government Licence v3.0",
    attribution="Contains OS data © Crown copyright and database right [year]",
    offers=(
        Offer(
            name="opgrsp_gb.gpkg",
            protocol="os_downloads",
            address="https://api.os.uk/downloads/v1/products/OpenGreenspace/downloads"
            "?area=GB&format=GeoPackage",
            size_mb=60,
            member="Data/opgrsp_gb.gpkg",
        ),
    ),
    renewed="twice a year, in April and October",
    fresh_days=200,
    layout=(
        "Layer greenspace_site of the GeoPackage: polygons with id, function and "
        "distinctive_name_1, in EPSG:27700; GML and shapefiles write distinctiveName1 and "
        "distName1. Several files, such as tiles, are read one after the other, and a site that "
        "is the same in two tiles is taken once. Sites without an id are numbered by row. Where "
        "the columns have other names, say columns: {function: its_name, distinctive_name_1: "
        "its_name}. Sites in Scotland and Wales stay, as those near the border count in distances."
    ),
    kind="places",
)

_LAYER = r"(\w+_)?greenspace_?site"
_COLUMNS = {
    fields.SITE_ID: Published(r"id", "id", optional=True),
    fields.SITE_FUNCTION: Published(r"function", "function"),
    fields.SITE_NAME: Published(
        r"distinctive_?name_?1|distName1", "distinctive_name_1", optional=True
    ),
}


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read greenspace sites from one or more files.

    Returns
    -------
    Table of `tables.GREENSPACE_SITES`: valid MultiPolygons in EPSG:27700, their areas measured
    from them, sorted by id. Sites may overlap, such as a play space within a park.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; or an id is there twice.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    sites = joined(parts, fields.SITE_ID, repeats=True)
    return sites.sort_values(fields.SITE_ID, ignore_index=True)


def _read_file(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    named = read_published(
        path, _COLUMNS, columns=raw.columns, crs=raw.crs, layer=raw.layer, usual_layer=_LAYER
    )
    known = with_ids(named, fields.SITE_ID, file=path, of_several=len(raw.paths) > 1)
    shaped = polygons(known, fields.SITE_ID, box=UK_BOX_M, file=path)
    shaped.insert(len(_COLUMNS), fields.SITE_AREA_M2, shaped.area)
    return checked(shaped, GREENSPACE_SITES, file=path)
