"""Access points of the greenspace sites of OS Open Greenspace."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.vector import (
    UK_BOX_M,
    Published,
    joined,
    points,
    read_published,
    with_ids,
)
from healthycities.sources.raw import Raw
from healthycities.tables import GREENSPACE_ACCESS_POINTS, checked

CARD = SourceCard(
    title="Access points of greenspace sites",
    publisher="Ordnance Survey",
    product="OS Open Greenspace, layer access_point",
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
        "Layer access_point of the GeoPackage: points with id, access_type and "
        "ref_to_greenspace_site, in EPSG:27700; GML and shapefiles write accessType and "
        "refToGreenspaceSite. Several files, such as tiles, are read one after the other, and a "
        "point that is the same in two tiles is taken once. Points without an id are numbered by "
        "row; a file may leave out the site. Where the columns have other names, say columns: "
        "{access_type: its_name}."
    ),
    kind="places",
)

_LAYER = r"(\w+_)?access_?point"
_COLUMNS = {
    fields.ACCESS_POINT_ID: Published(r"id", "id", optional=True),
    fields.ACCESS_TYPE: Published(r"access_?type", "access_type"),
    # Shapefiles, whose names end at ten characters, write refToGSite.
    fields.SITE_ID: Published(
        r"ref_?to_?greenspace_?site|refToGSite", "ref_to_greenspace_site", optional=True
    ),
}


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read access points from one or more files.

    Returns
    -------
    Table of `tables.GREENSPACE_ACCESS_POINTS`: Points in EPSG:27700, sorted by id. ``site_id`` is
    missing throughout where the file leaves it out.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; or an id is there twice.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    found = joined(parts, fields.ACCESS_POINT_ID, repeats=True)
    return found.sort_values(fields.ACCESS_POINT_ID, ignore_index=True)


def _read_file(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    named = read_published(
        path, _COLUMNS, columns=raw.columns, crs=raw.crs, layer=raw.layer, usual_layer=_LAYER
    )
    known = with_ids(named, fields.ACCESS_POINT_ID, file=path, of_several=len(raw.paths) > 1)
    shaped = points(known, fields.ACCESS_POINT_ID, box=UK_BOX_M, file=path)
    return checked(shaped, GREENSPACE_ACCESS_POINTS, file=path)
