"""Links of OS Open Roads, without the motorways."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SourceError
from healthycities.io.vector import (
    ENGLAND_BOX_M,
    UK_BOX_M,
    Published,
    joined,
    lines,
    read_published,
    wholly_within,
    with_ids,
)
from healthycities.sources.raw import Raw
from healthycities.tables import ROAD_LINKS, checked

CARD = SourceCard(
    title="Road links",
    publisher="Ordnance Survey",
    product="OS Open Roads, layer road_link",
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
        "Layer road_link of the GeoPackage: lines with id, start_node, end_node, "
        "road_classification and road_function, in EPSG:27700, each drawn from its start to its "
        "end. Those that reach farther than some 10 km beyond England are left out, and of a "
        "GeoPackage not read. GML writes startNode, endNode, roadClassification and roadFunction, "
        "shapefiles identifier, class and function. Links that either of the last two calls "
        "Motorway are left out, as nobody walks there; a file may leave out the function. Lengths "
        "are those of the lines, not the published ones in whole metres. Several files, such as "
        "tiles, are read one after the other, and a link that is the same in two tiles is taken "
        "once. Links without an id are numbered by row. Where the columns have other names, say "
        "columns: {start_node: its_name}."
    ),
    kind="places",
)

_LAYER = r"(\w+_)?road_?link"
_CLASS, _FUNCTION = "road_classification", "road_function"
_COLUMNS = {
    fields.LINK_ID: Published(r"id|identifier", "id", optional=True),
    fields.START_NODE_ID: Published(r"start_?node", "start_node"),
    fields.END_NODE_ID: Published(r"end_?node", "end_node"),
    _CLASS: Published(r"road_?classification|class", _CLASS),
    _FUNCTION: Published(r"road_?function|function", _FUNCTION, optional=True),
}
_MOTORWAY = "Motorway"

_log = logging.getLogger(__name__)


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read road links from one or more files.

    Returns
    -------
    Table of `tables.ROAD_LINKS`: LineStrings in EPSG:27700 that are no motorways, their lengths
    measured from them, sorted by id.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; an id is there twice; or a file
        holds motorways only.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    links = joined(parts, fields.LINK_ID, repeats=True)
    return links.sort_values(fields.LINK_ID, ignore_index=True)


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
    known = with_ids(named, fields.LINK_ID, file=path, of_several=len(raw.paths) > 1)
    # Nodes are read of the same box: a link that reaches out of it would lack one of its ends.
    near = wholly_within(known, ENGLAND_BOX_M, file=path)
    shaped = lines(_walkable(near, path), fields.LINK_ID, box=UK_BOX_M, file=path)
    shaped.insert(len(shaped.columns) - 1, fields.LENGTH_M, shaped.length)
    return checked(shaped, ROAD_LINKS, file=path)


def _walkable(links: gpd.GeoDataFrame, file: Path) -> gpd.GeoDataFrame:
    """Leave out the motorways, and log how many."""
    motorway = links[[_CLASS, _FUNCTION]].eq(_MOTORWAY).any(axis=1)
    if len(links) and motorway.all():
        raise SourceError(
            f"holds motorways only, {len(links)} of them",
            file=file,
            mend="Give a file with all roads: nobody walks along a motorway.",
        )
    _log.info("%s: left out %d motorways of %d links", file, motorway.sum(), len(links))
    return links.loc[~motorway].drop(columns=[_CLASS, _FUNCTION]).reset_index(drop=True)
