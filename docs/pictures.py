"""Draws the pictures of the docs from the results of five runs: ``python docs/pictures.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd

from healthycities import catalogue
from healthycities.errors import SourceError
from healthycities.metrics.measures import filled
from healthycities.publish.classes import guidelines
from healthycities.publish.drawing import LARGE_MAP_IN, Panel, draw_map

IMAGES = Path(__file__).parent / "images"
RESULTS = Path("results")


def layer(run: str, name: str) -> gpd.GeoDataFrame:
    """Read a layer of a run's result."""
    file = RESULTS / run / f"healthycities_{run}.gpkg"
    if not file.is_file():
        raise SourceError("the run has no result yet", file=file, mend="Run it first.")
    return gpd.read_file(file, layer=name)


def england() -> None:
    """Draw the demonstration: PM2.5 of authorities and districts."""
    areas, districts = layer("demo_SYNTHETIC", "authorities"), layer("demo_SYNTHETIC", "districts")
    measure = filled(catalogue.metrics()["air_quality"], {}, "pm25")["{pollutant}_mean_ugm3"]
    column = f"{measure.name}_2023"
    base = gpd.GeoSeries([districts.union_all()], crs=districts.crs)
    draw_map(
        IMAGES / "demo_pm25.png",
        [
            Panel("Authorities", areas.geometry, areas[column], base),
            Panel("Districts", districts.geometry, districts[column]),
        ],
        title=f"SYNTHETIC: {measure.title}, 2023",
        unit=measure.unit,
        outlines=areas.geometry,
        guidelines=guidelines(measure.name, measure),
    )


def london() -> None:
    """Draw NOx by borough in the first and the last year."""
    boroughs = layer("london_nox", "districts")
    draw_map(
        IMAGES / "london_nox.png",
        [
            Panel(str(year), boroughs.geometry, boroughs[f"nox_mean_ugm3_{year}"])
            for year in (2003, 2012)
        ],
        title="NOx where people live, annual mean weighted by people",
        unit="µg/m³ as NO2",
    )


def england_fraction() -> None:
    """Draw the share of mortality attributable to PM2.5 by authority, first and last year."""
    run, name = "england_pm25_fraction", "pm25_by_district_attributable_pct"
    areas, england = layer(run, "authorities"), layer(run, "england")
    draw_map(
        IMAGES / "england_pm25_fraction.png",
        [
            Panel(str(year), areas.geometry, areas[f"{name}_{year}"], england.geometry)
            for year in (2015, 2021)
        ],
        title="Mortality at 30 and over attributable to PM2.5, by authority",
        unit="% of mortality",
    )


def manchester() -> None:
    """Draw the share of people near a greenspace by district."""
    run = "greater_manchester_greenspace"
    column = "greenspace_any_300m_straight_pct_2020"
    districts = layer(run, "districts")
    draw_map(
        IMAGES / "manchester_greenspace.png",
        [Panel("Districts", districts.geometry, districts[column])],
        title="People within 300 m of an access point to a greenspace, 2020",
        unit="% of people",
    )


def green_cover() -> None:
    """Draw the share of land that is green by small area."""
    run, column = "greater_manchester_green_cover_SYNTHETIC", "green_cover_pct_2023"
    areas, districts = layer(run, "small_areas"), layer(run, "districts")
    draw_map(
        IMAGES / "green_cover.png",
        [Panel("Small areas", areas.geometry, areas[column])],
        title="SYNTHETIC: green cover, share of the land",
        unit="% of land",
        outlines=districts.geometry,
        size_in=LARGE_MAP_IN,
    )


def main() -> int:
    """Draw every picture."""
    IMAGES.mkdir(exist_ok=True)
    try:
        for draw in (england, london, manchester, green_cover, england_fraction):
            draw()
    except SourceError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
