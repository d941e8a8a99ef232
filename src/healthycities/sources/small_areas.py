"""Boundaries of the small areas: lower layer super output areas."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.io.vector import (
    ENGLAND_BOX_M,
    Published,
    english,
    joined,
    polygons,
    read_published,
)
from healthycities.sources.raw import Raw
from healthycities.tables import SMALL_AREAS, checked

CARD = SourceCard(
    title="Boundaries of small areas (lower layer super output areas)",
    publisher="Office for National Statistics",
    product="Lower layer Super Output Areas December 2021 Boundaries (EW), generalised (BGC)",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
        "Contains OS data © Crown copyright and database right [year]"
    ),
    offers=(
        Offer(
            name="small_areas_2021.geojson",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V5/FeatureServer/0",
            size_mb=120,
            vintage=2021,
            fields=("LSOA21CD", "LSOA21NM"),
            where="LSOA21CD LIKE 'E%'",
        ),
        Offer(
            name="small_areas_2011.geojson",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "LSOA_Dec_2011_Boundaries_Generalised_Clipped_BGC_EW_V3/FeatureServer/0",
            size_mb=120,
            vintage=2011,
            fields=("LSOA11CD", "LSOA11NM"),
            where="LSOA11CD LIKE 'E%'",
            product="Lower Layer Super Output Areas December 2011 Boundaries (EW), generalised"
            " (BGC)",
        ),
    ),
    renewed="after each census",
    layout=(
        "One polygon for each small area, with its code in LSOA21CD and its name in LSOA21NM, or "
        "LSOA11CD and LSOA11NM. Several files, such as one for each borough, are read one after "
        "the other. Where these stand in other columns, say columns: {LSOA21CD: its_name, "
        "LSOA21NM: its_name}. GeoPackage, GeoJSON, TopoJSON, shapefile or GeoParquet, also "
        "gzipped; Wales is left out."
    ),
    kind="places",
)

_COLUMNS = {
    fields.SMALL_AREA_CODE: Published(r"LSOA(11|21)CD", "LSOA21CD"),
    fields.SMALL_AREA_NAME: Published(r"LSOA(11|21)NM", "LSOA21NM"),
}


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read the boundaries of small areas from one or more files.

    Returns
    -------
    Table of `tables.SMALL_AREAS`: valid MultiPolygons in EPSG:27700, sorted by code.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; or a code is there twice.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    areas = joined(parts, fields.SMALL_AREA_CODE)
    return areas.sort_values(fields.SMALL_AREA_CODE, ignore_index=True)


def _read_file(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    named = read_published(path, _COLUMNS, columns=raw.columns, crs=raw.crs, layer=raw.layer)
    kept = english(named, fields.SMALL_AREA_CODE, file=path)
    shaped = polygons(kept, fields.SMALL_AREA_CODE, box=ENGLAND_BOX_M, file=path)
    return checked(shaped, SMALL_AREAS, file=path)
