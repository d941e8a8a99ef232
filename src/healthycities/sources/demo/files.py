"""Writes the demonstration's raw files, each in the layout of its publisher."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from healthycities.errors import SourceError
from healthycities.geography.districts import carry_codes, known_districts
from healthycities.io.atomic import replacing
from healthycities.io.blocks import write_windows
from healthycities.io.geopackage import write_geopackage
from healthycities.sources.demo import air, england, greenspace, health, land_cover, places, roads
from healthycities.sources.demo.draws import Floats, Ints
from healthycities.sources.demo.names import (
    DISTRICTS_SINCE,
    LAND_COVER_FILE,
    NDVI_FILE,
    STATIC_FILES,
    WORLD_FILE,
    YEARLY_FILES,
)
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID
from healthycities.synthetic import SYNTHETIC

__all__ = [
    "STATIC_FILES",
    "WORLD_FILE",
    "YEARLY_FILES",
    "write_land_cover",
    "write_ndvi",
    "write_places",
    "write_year",
]

_DEPRIVATION_AS_AT = date(2024, 5, 1)
"""Deprivation was published for the districts of 2024, before two of them were recoded."""

_POLLUTANT_HEADS = {"pm25": ("pm2.5", "g"), "pm10": ("pm10", "g"), "no2": ("no2", "")}
_SEXES = {0: "Total", 1: "Male", 2: "Female"}
_ALL_AGES = 200


# --- Tables to bytes ---


def _csv(columns: Mapping[str, Any], *, quoted: bool) -> bytes:
    buffer = io.BytesIO()
    style = "needed" if quoted else "none"
    options = pacsv.WriteOptions(quoting_style=style, quoting_header=style)
    pacsv.write_csv(pa.table(dict(columns)), buffer, options)
    return buffer.getvalue()


def _write_bytes(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _write_csv(path: Path, columns: Mapping[str, Any]) -> None:
    """Write a table as Nomis does: text in quotes, numbers bare, Unix line ends."""
    _write_bytes(path, _csv(columns, quoted=True))


def _repeated(names: Sequence[str], index: Ints) -> pa.Array:
    """Text of each row, from the few texts that there are."""
    return pa.array(list(names), pa.string()).take(pa.array(index))


def _constant(value: str | int, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


# --- Places ---


def _district_layer(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    centres = gpd.points_from_xy(districts["x"], districts["y"], crs=BRITISH_NATIONAL_GRID)
    degrees = centres.to_crs(4326)
    columns = {
        "LAD25CD": districts["code"],
        "LAD25NM": districts["name"],
        "BNG_E": districts["x"].round().astype("int64"),
        "BNG_N": districts["y"].round().astype("int64"),
        "LONG": np.round(degrees.x, 4),
        "LAT": np.round(degrees.y, 4),
    }
    return gpd.GeoDataFrame(columns, geometry=districts.geometry, crs=BRITISH_NATIONAL_GRID)


def _small_area_layer(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    columns = {
        "LSOA21CD": areas["code"],
        "LSOA21NM": areas["name"],
        "BNG_E": areas["x"].round().astype("int64"),
        "BNG_N": areas["y"].round().astype("int64"),
    }
    return gpd.GeoDataFrame(columns, geometry=areas.geometry, crs=BRITISH_NATIONAL_GRID)


def _lookup(areas: pd.DataFrame) -> dict[str, Any]:
    wards = places.wards(areas)
    return {
        "LSOA21CD": areas["code"],
        "LSOA21NM": areas["name"],
        "WD25CD": wards["ward_code"],
        "WD25NM": wards["ward_name"],
        "LAD25CD": areas["district_code"],
        "LAD25NM": areas["district_name"],
    }


def _centroids(areas: pd.DataFrame) -> dict[str, Any]:
    return {
        "FID": np.arange(1, len(areas) + 1),
        "LSOA21CD": areas["code"],
        "x": areas["x"],
        "y": areas["y"],
    }


def _codes_of_2024() -> dict[str, str]:
    """Return the code of 2024 of each of the demonstration's districts that had another."""
    old = known_districts(_DEPRIVATION_AS_AT)
    return {new: code for code, new in carry_codes(old, DISTRICTS_SINCE).recoded.items()}


def _deprivation(areas: pd.DataFrame) -> dict[str, Any]:
    scores = places.score(areas["deprivation"].to_numpy())
    rank, decile = places.rank_and_decile(scores)
    index = "Index of Multiple Deprivation (IMD)"
    return {
        "LSOA code (2021)": areas["code"],
        "LSOA name (2021)": areas["name"],
        "Local Authority District code (2024)": areas["district_code"].replace(_codes_of_2024()),
        "Local Authority District name (2024)": areas["district_name"],
        f"{index} Score": scores,
        f"{index} Rank (where 1 is most deprived)": rank,
        f"{index} Decile (where 1 is most deprived 10% of LSOAs)": decile,
        "Total population: mid 2022": places.people_in(areas, 2022),
    }


def _general_health_bands() -> list[str]:
    starts = health.HEALTH_BAND_STARTS[1:-1]
    between = [f"Aged {start} to {start + 4} years" for start in starts]
    return ["Aged 4 years and under", *between, "Aged 85 years and over"]


def _general_health(answers: Ints, codes: list[str], names: list[str]) -> dict[str, Any]:
    """Table of a census: everybody by district, age, sex and answer, one after the other."""
    none = np.zeros((*answers.shape[:-1], 1), dtype=np.int64)
    values = np.concatenate([none, answers], axis=-1).transpose(0, 2, 1, 3)[:, :, ::-1]
    area, age, sex, answer = (axis.ravel() for axis in np.indices(values.shape))
    health_column, age_column = "General health (6 categories)", "Age (B) (18 categories)"
    return {
        "Lower tier local authorities Code": _repeated(codes, area),
        "Lower tier local authorities": _repeated(names, area),
        f"{age_column} Code": age + 1,
        age_column: _repeated(_general_health_bands(), age),
        "Sex (2 categories) Code": sex + 1,
        "Sex (2 categories)": _repeated(["Female", "Male"], sex),
        f"{health_column} Code": np.where(answer == 0, -8, answer),
        health_column: _repeated(["Does not apply", *health.ANSWERS], answer),
        "Observation": values.ravel(),
    }


def _write_layers(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    sentence = f"{SYNTHETIC}: a schematic England with made-up values, in the publisher's layout"
    write_geopackage(path, layers, descriptions=dict.fromkeys(layers, sentence))


def _write_greenspace(path: Path, areas: pd.DataFrame, seed: int) -> None:
    sites = greenspace.sites(areas, seed=seed)
    points = greenspace.access_points(sites, seed=seed)
    _write_layers(path, {"greenspace_site": sites, "access_point": points})


def _write_roads(path: Path, areas: pd.DataFrame, seed: int) -> None:
    links, nodes = roads.roads(areas, seed=seed)
    _write_layers(path, {"road_link": links, "road_node": nodes})


def _write_general_health(path: Path, areas: pd.DataFrame, seed: int) -> None:
    counted = areas.assign(people=places.people_in(areas, health.CENSUS_YEAR))
    district = _by_district(counted.assign(deprived=counted["deprivation"] * counted["people"]))
    people = _people_by_age(district, seed)
    deprivation = (district["deprived"] / district["people"]).to_numpy()
    answers = health.general_health(people, deprivation, seed=seed)
    codes, names = (district[f"district_{part}"].tolist() for part in ("code", "name"))
    _write_csv(path, _general_health(answers, codes, names))


def _by_district(areas: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of the small areas of each district, by code."""
    groups = areas.groupby(["district_code", "district_name"], sort=True)
    return groups.sum(numeric_only=True).reset_index()


def _people_by_age(district: pd.DataFrame, seed: int) -> Ints:
    """Return the people of districts by sex and single year of age."""
    density = (district["people"] / district["area_km2"]).to_numpy()
    ageing = health.ageing(district["district_code"].tolist(), seed=seed)
    return health.population(district["people"].to_numpy(), density, ageing)


def _write_world(path: Path, areas: pd.DataFrame) -> None:
    with replacing(path) as temporary:
        pq.write_table(pa.Table.from_pandas(areas, preserve_index=False), temporary)


def write_places(
    folder: Path, *, seed: int, scale: float, districts: Sequence[str] | None = None
) -> None:
    """Write the files that serve every year, and the model's own state.

    Parameters
    ----------
    folder : receives the files of `STATIC_FILES` and `WORLD_FILE`.
    seed : seed of every random draw.
    scale : number of small areas as a share of the real number.
    districts : codes of the districts that have small areas and values; None for all of England.
        The boundaries are always those of all districts.

    Raises
    ------
    ConfigError
        Where a code is not one of England's districts of May 2025.
    """
    everywhere = england.districts()
    chosen = places.chosen_districts(everywhere, districts)
    areas = places.small_areas(chosen, seed=seed, scale=scale)
    plain = pd.DataFrame(areas.drop(columns="geometry"))
    paths = {source: folder / name for source, name in STATIC_FILES.items()}
    for source, layer in (
        ("districts", _district_layer(everywhere)),
        ("small_areas", _small_area_layer(areas)),
    ):
        _write_layers(paths[source], {paths[source].stem: layer})
    _write_csv(paths["small_area_lookup"], _lookup(plain))
    _write_csv(paths["centroids"], _centroids(plain))
    _write_csv(paths["deprivation"], _deprivation(plain))
    _write_general_health(paths["general_health"], plain, seed)
    _write_greenspace(paths["greenspace"], plain, seed)
    _write_roads(paths["roads"], plain, seed)
    _write_world(folder / WORLD_FILE, plain)


def write_land_cover(folder: Path, *, seed: int) -> None:
    """Write a raster of land cover of the small areas, 10 m, tile by tile, and no other file.

    Parameters
    ----------
    folder : where `write_places` wrote; receives `LAND_COVER_FILE`.
    seed : seed of every random draw.

    Raises
    ------
    SourceError
        Where the places were not written before.
    """
    drawing = _drawing(folder, seed)
    write_windows(
        folder / LAND_COVER_FILE,
        drawing.grid,
        drawing.classes,
        dtype="uint8",
        nodata=land_cover.NO_DATA,
        description=f"{SYNTHETIC}: made-up classes of land cover",
    )


def write_ndvi(folder: Path, *, seed: int) -> None:
    """Write a raster of NDVI of the same ground, `NDVI_FILE`, as `write_land_cover` does."""
    drawing = _drawing(folder, seed)
    write_windows(
        folder / NDVI_FILE,
        drawing.grid,
        drawing.ndvi,
        dtype="float32",
        nodata=land_cover.NO_NDVI,
        description=f"{SYNTHETIC}: made-up NDVI",
    )


def _drawing(folder: Path, seed: int) -> land_cover.Drawing:
    areas = _read_world(folder)
    shapes = gpd.read_file(folder / STATIC_FILES["small_areas"])
    return land_cover.Drawing(areas, land_cover.grid_around(shapes.total_bounds), seed)


# --- Years ---


def _grid_bytes(pollutant: str, year: int, grid: pd.DataFrame, values: Floats) -> bytes:
    """Write a PCM file: five lines of metadata, CRLF, and MISSING off the shore."""
    title, suffix = _POLLUTANT_HEADS[pollutant]
    head = [title, str(year), "annual mean", "ug m-3", SYNTHETIC]
    written = pc.cast(pa.array(np.round(values, 6), from_pandas=True), pa.string())
    columns = {
        "gridcode": grid["gridcode"],
        "x": grid["x"].astype("int64"),
        "y": grid["y"].astype("int64"),
        f"{pollutant}{year}{suffix}": pc.fill_null(written, "MISSING"),
    }
    lines = "".join(f"{line},,,\n" for line in head).encode() + _csv(columns, quoted=False)
    return lines.replace(b"\n", b"\r\n")


def _records(count: int) -> dict[str, Any]:
    """Return the columns that close a table of Nomis: the row's number, and how many there are."""
    return {"RECORD_OFFSET": np.arange(count), "RECORD_COUNT": _constant(count, count)}


def _population_columns(
    year: int,
    area: Ints,
    sex: Ints,
    age: Ints,
    value: Ints,
    codes: Sequence[str],
    names: Sequence[str],
) -> dict[str, Any]:
    """Columns of a population table of Nomis; ``area`` counts through the codes."""
    count = len(value)
    age_names = [*(f"Age {n}" for n in range(90)), "Aged 90+", "All Ages"]
    return {
        "DATE": _constant(year, count),
        "DATE_NAME": _constant(year, count),
        "GEOGRAPHY_NAME": _repeated(names, area),
        "GEOGRAPHY_CODE": _repeated(codes, area),
        "GENDER": sex,
        "GENDER_NAME": _repeated(list(_SEXES.values()), sex),
        "C_AGE": age,
        "C_AGE_NAME": _repeated(age_names, np.where(age == _ALL_AGES, 91, age - 101)),
        "MEASURES": _constant(20100, count),
        "MEASURES_NAME": _constant("Value", count),
        "OBS_VALUE": value,
        "OBS_STATUS": _constant("A", count),
        **_records(count),
    }


def _population(year: int, people: Ints, codes: list[str], names: list[str]) -> dict[str, Any]:
    """Table NM_2002_1: totals of the sexes and of all ages among the parts, as Nomis gives them."""
    with_totals = np.concatenate([people.sum(axis=1, keepdims=True), people], axis=1)
    values = np.concatenate([with_totals.sum(axis=2, keepdims=True), with_totals], axis=2)
    area, sex, place = (axis.ravel() for axis in np.indices(values.shape))
    age = np.where(place == 0, _ALL_AGES, 100 + place)
    return _population_columns(year, area, sex, age, values.ravel(), codes, names)


def _small_area_population(year: int, areas: pd.DataFrame, people: Ints) -> dict[str, Any]:
    """Table NM_2014_1: all persons of all ages."""
    none = np.zeros(len(areas), dtype=np.int64)
    return _population_columns(
        year,
        np.arange(len(areas)),
        none,
        none + _ALL_AGES,
        people,
        areas["code"].tolist(),
        areas["name"].tolist(),
    )


def _band_names() -> list[str]:
    fives = [f"Aged {start}-{start + 4}" for start in range(10, 90, 5)]
    return ["Aged under 1", "Aged 1 to 4", "Aged 5 to 9", *fives, "Aged 90 and over"]


def _deaths(year: int, deaths: Ints, codes: list[str], names: list[str]) -> dict[str, Any]:
    """Table NM_161_1: deaths by district, cause, sex and band of age."""
    values = deaths.transpose(0, 3, 1, 2)
    area, cause, sex, band = (axis.ravel() for axis in np.indices(values.shape))
    count = values.size
    return {
        "DATE": _constant(year, count),
        "GEOGRAPHY_NAME": _repeated(names, area),
        "GEOGRAPHY_CODE": _repeated(codes, area),
        "CAUSE_OF_DEATH": np.array(list(health.CAUSES))[cause],
        "CAUSE_OF_DEATH_NAME": _repeated(list(health.CAUSES.values()), cause),
        "GENDER": sex + 1,
        "GENDER_NAME": _repeated(list(_SEXES.values()), sex + 1),
        "AGE": band + 1,
        "AGE_NAME": _repeated(_band_names(), band),
        "MEASURE": _constant(1, count),
        "MEASURE_NAME": _constant("Deaths", count),
        "MEASURES": _constant(20100, count),
        "OBS_VALUE": values.ravel(),
        "OBS_STATUS": _constant("A", count),
        **_records(count),
    }


def _people_everywhere(areas: pd.DataFrame) -> pd.DataFrame:
    """People as points: the small areas, and the centres of the districts that have none."""
    centres = england.district_centres()
    others = centres[~centres["code"].isin(areas["district_code"])]
    return pd.concat([areas[["x", "y", "people"]], others[["x", "y", "people"]]])


def _read_world(folder: Path) -> pd.DataFrame:
    path = folder / WORLD_FILE
    if not path.is_file():
        raise SourceError(
            "the places of the demonstration are not there",
            file=path,
            mend="Write the places first, then the years.",
        )
    return pd.read_parquet(path)


def write_year(folder: Path, year: int, *, seed: int) -> None:
    """Write the files of one year beside the places, and change no other.

    Parameters
    ----------
    folder : where `write_places` wrote; receives the files of `YEARLY_FILES`.
    year : the year.
    seed : seed of every random draw.

    Raises
    ------
    SourceError
        Where the places were not written before.
    """
    areas = _read_world(folder)
    paths = {source: folder / name.format(year=year) for source, name in YEARLY_FILES.items()}
    grid = air.cells()
    maps = air.concentrations(grid, _people_everywhere(areas), year, seed=seed)
    for pollutant, values in maps.items():
        _write_bytes(paths[pollutant], _grid_bytes(pollutant, year, grid, values))
    pm25 = air.at(grid, maps["pm25"], areas["x"].to_numpy(), areas["y"].to_numpy())
    people = places.people_in(areas, year)
    _write_csv(paths["small_area_population"], _small_area_population(year, areas, people))
    _write_health(paths, year, areas.assign(people=people, pm25=pm25), seed)


def _write_health(paths: Mapping[str, Path], year: int, areas: pd.DataFrame, seed: int) -> None:
    """Write population and deaths by district; ``areas`` has that year's people and PM2.5."""
    risks = health.risk(areas["deprivation"].to_numpy(), areas["pm25"].to_numpy())
    district = _by_district(areas.assign(risk=risks * areas["people"]))
    codes, names = (district[f"district_{part}"].tolist() for part in ("code", "name"))
    people = _people_by_age(district, seed)
    relative_risk = (district["risk"] / district["people"]).to_numpy()
    died = health.deaths(people, relative_risk, year, seed=seed)
    _write_csv(paths["population"], _population(year, people, codes, names))
    _write_csv(paths["deaths"], _deaths(year, died, codes, names))
