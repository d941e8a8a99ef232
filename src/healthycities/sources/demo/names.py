"""Names of the raw files of the demonstration: the publishers', marked. Cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from healthycities.synthetic import SYNTHETIC

DISTRICTS_SINCE = date(2025, 4, 1)
"""The day since which England has the districts that the demonstration has: those of May 2025."""

WITH_DISTRICTS = ("deaths", "districts", "general_health", "population", "small_area_lookup")
"""Sources whose codes of districts are read."""


def _marked(names: Mapping[str, str]) -> Mapping[str, str]:
    """Say in each name that the values are made up, wherever the file may be copied to."""
    marked = {}
    for source, name in names.items():
        stem, dot, suffix = name.rpartition(".")
        marked[source] = f"{stem}_{SYNTHETIC}{dot}{suffix}"
    return MappingProxyType(marked)


STATIC_FILES: Mapping[str, str] = _marked(
    {
        "districts": "Local_Authority_Districts_May_2025_Boundaries_UK_BGC.gpkg",
        "small_areas": "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC.gpkg",
        "small_area_lookup": "LSOA21_WD25_LAD25_EW_LU.csv",
        "centroids": "LSOA_PopCentroids_EW_2021.csv",
        "general_health": "census_2021_general_health_by_age_and_sex.csv",
        "greenspace": "opgrsp_gb.gpkg",
        "roads": "oproad_gb.gpkg",
        "deprivation": "File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv",
    }
)
"""Source to the one file that serves every year."""

LAND_COVER_FILE = f"ESA_WorldCover_10m_2021_v200_EPSG27700_{SYNTHETIC}.tif"
"""The raster of land cover in classes, which only a run that asks for it has."""

NDVI_FILE = f"NDVI_10m_2021_EPSG27700_{SYNTHETIC}.tif"
"""The raster of NDVI, which a run that asks for it has in place of the classes."""

YEARLY_FILES: Mapping[str, str] = _marked(
    {
        "pm25": "mappm25{year}g.csv",
        "pm10": "mappm10{year}g.csv",
        "no2": "mapno2{year}.csv",
        "deaths": "nomis_NM_161_1_{year}.csv",
        "population": "nomis_NM_2002_1_{year}.csv",
        "small_area_population": "nomis_NM_2014_1_{year}.csv",
    }
)
"""Source, or pollutant of the air-quality grids, to the file of a year."""

_LAYERS = {
    "greenspace_sites": "greenspace",
    "greenspace_access_points": "greenspace",
    "road_links": "roads",
    "road_nodes": "roads",
}
"""Sources that are layers of one file."""


def file_name(
    source: str, year: object = "", pollutant: object = "", *, of_ndvi: bool = False
) -> str:
    """Return the name of the file of a source, for a year and pollutant where it has them.

    That of land cover holds classes, or NDVI.
    """
    name = str(pollutant) or _LAYERS.get(source, source)
    land_cover = NDVI_FILE if of_ndvi else LAND_COVER_FILE
    return {**STATIC_FILES, **YEARLY_FILES, "land_cover": land_cover}[name].format(year=year)


DRAWN = frozenset({*STATIC_FILES, *YEARLY_FILES, *_LAYERS, "air_quality", "land_cover"})
"""Every source that the demonstration has, and a few names more."""

WORLD_FILE = "world.parquet"
"""The model's own state: one row for each small area."""
