"""Boundaries of the local authority districts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import Offer, SourceCard
from healthycities.geography.districts import carry_codes, known_districts, require_whole
from healthycities.io.vector import (
    ENGLAND_BOX_M,
    Published,
    as_multi,
    english,
    joined,
    polygons,
    read_published,
)
from healthycities.sources.raw import Raw
from healthycities.tables import DISTRICTS, checked

CARD = SourceCard(
    title="Boundaries of local authority districts",
    publisher="Office for National Statistics",
    product="Local Authority Districts Boundaries (UK), generalised (BGC)",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
        "Contains OS data © Crown copyright and database right [year]"
    ),
    offers=(
        Offer(
            name="districts_2025.geojson",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "LAD_MAY_2025_UK_BGC_V2/FeatureServer/0",
            size_mb=30,
            since="2025-04-01",
            vintage=2025,
            fields=("LAD25CD", "LAD25NM"),
            where="LAD25CD LIKE 'E%'",
        ),
        Offer(
            name="districts_2024.geojson",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "Local_Authority_Districts_May_2024_Boundaries_UK_BGC/FeatureServer/0",
            size_mb=30,
            since="2023-04-01",
            vintage=2024,
            fields=("LAD24CD", "LAD24NM"),
            where="LAD24CD LIKE 'E%'",
        ),
        Offer(
            name="districts_2022.geojson",
            protocol="arcgis",
            address="https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/"
            "Local_Authority_Districts_December_2022_UK_BGC_V2/FeatureServer/0",
            size_mb=30,
            since="2021-04-01",
            vintage=2022,
            fields=("LAD22CD", "LAD22NM"),
            where="LAD22CD LIKE 'E%'",
        ),
    ),
    renewed="each year, in summer; when districts change",
    fresh_days=400,
    layout=(
        "One polygon for each district, with its code in LADyyCD, yy the year of the codes "
        "(LAD25CD). A file of any year since 2011 is carried to the codes of the date reported "
        "on, and names are those of that date. Where the codes stand in another column, say "
        "columns: {LAD25CD: its_name}; any LADyyCD may be written there. GeoPackage, GeoJSON, "
        "TopoJSON, shapefile or GeoParquet; areas outside England are left out."
    ),
    kind="places",
)

_COLUMNS = {fields.DISTRICT_CODE: Published(r"LAD\d\dCD", "LAD25CD")}
_log = logging.getLogger(__name__)


def read(raw: Raw) -> gpd.GeoDataFrame:
    """Read district boundaries, in the codes and names of the date asked for.

    Returns
    -------
    Table of `tables.DISTRICTS`: valid MultiPolygons in EPSG:27700, sorted by code. Not every
    district need be there.

    Raises
    ------
    HealthycitiesError : as the readers of `io.vector` raise it; a code is unknown, newer than the
        date, or there twice; or some of the districts that became one are there and others not.
    """
    parts = {path: _read_file(path, raw) for path in raw.paths}
    given = joined(parts, fields.DISTRICT_CODE)
    file = raw.paths[0] if len(raw.paths) == 1 else None
    codes = list(given[fields.DISTRICT_CODE])
    carried = carry_codes(codes, raw.as_at, file=file)
    require_whole(codes, raw.as_at, file=file)
    _log_recoded(carried.recoded, raw.as_at)
    return checked(_dissolved(given, carried.codes, raw.as_at), DISTRICTS, file=file)


def _read_file(path: Path, raw: Raw) -> gpd.GeoDataFrame:
    named = read_published(path, _COLUMNS, columns=raw.columns, crs=raw.crs, layer=raw.layer)
    kept = english(named, fields.DISTRICT_CODE, file=path)
    return polygons(kept, fields.DISTRICT_CODE, box=ENGLAND_BOX_M, file=path)


def _log_recoded(recoded: Mapping[str, str], as_at: date) -> None:
    if recoded:
        told = ", ".join(f"{old} to {new}" for old, new in sorted(recoded.items()))
        _log.info("districts recoded to those of %s: %s", as_at, told)


def _dissolved(given: gpd.GeoDataFrame, codes: list[str], as_at: date) -> gpd.GeoDataFrame:
    """Join the shapes of districts that became one, and name all by code."""
    shapes = pd.Series(list(given.geometry)).groupby(codes, sort=True).agg(_one_shape)
    names = known_districts(as_at)
    columns = {
        fields.DISTRICT_CODE: pd.Series(list(shapes.index), dtype="str"),
        fields.DISTRICT_NAME: pd.Series([names[code] for code in shapes.index], dtype="str"),
    }
    return gpd.GeoDataFrame(columns, geometry=as_multi(shapes.to_numpy()), crs=given.crs)


def _one_shape(shapes: pd.Series) -> Any:
    """Join shapes; one alone stays as it is, to the last coordinate."""
    return shapes.iloc[0] if len(shapes) == 1 else shapely.union_all(shapes.to_numpy())
