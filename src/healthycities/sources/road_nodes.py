"""Nodes of OS Open Roads: where roads meet or end."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.vector import (
    ENGLAND_BOX_M,
    UK_BOX_M,
    Published,
    joined,
    points,
    read_published,
)
from healthycities.sources.raw import Raw
from healthycities.tables import ROAD_NODES, checked

CARD = SourceCard(
    title="Road nodes",
    publisher="Ordnance Survey",
    product="OS Open Roads, layer road_node",
    licence="Open Government Licence v3.0",
    attribution="Contains OS data © Crown copyright and database right [year]",
    offers=(
        Offer(
            name="oproad_gb.gpkg",
            protocol="os_downloads",
            address="https://api.os.uk/downloads/v1/products/OpenRoads/downloads"
            "?area=GB&format=GeoPackage",
            size_mb=700,
            member="Data/oproad_gb.gpkg",
        ),
    ),
    renewed="twice a year, in April and October",
    fresh_days=200,
    layout=(
        "Layer road_node of the GeoPackage: points with id, in EPSG:27700; shapefiles write "
        "identifier. Several files, such as tiles, are read one after the other, and a node that "
        "is the same in two tiles is taken once. Take them of the same edition as the links, whose "
        "start_node and end_node name them. Where the column has another name, say columns: {id: "
        "its_name}."
    ),
    kind="places",
)

_LAYER = r"(\w+_)?road_?node"
_COLUMNS = {fields.NODE_ID: Published(r"id|identifier", "id")}


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read road nodes from one or more files.

    Returns
    -------
    Table of `tables.ROAD_NODES`: Points in EPSG:27700, sorted by id.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; or an id is there twice.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    nodes = joined(parts, fields.NODE_ID, repeats=True)
    return nodes.sort_values(fields.NODE_ID, ignore_index=True)


def _read_file(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    named = read_published(
        path,
        _COLUMNS,
        columns=raw.columns,
        crs=raw.crs,
        layer=raw.layer,
        usual_layer=_LAYER,
        near=ENGLAND_BOX_M,
    )
    shaped = points(named, fields.NODE_ID, box=UK_BOX_M, file=path)
    return checked(shaped, ROAD_NODES, file=path)
