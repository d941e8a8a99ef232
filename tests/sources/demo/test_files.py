from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from tests.sources.demo.conftest import SCALE, SEED, TEES_VALLEY, YEAR

from healthycities.errors import SourceError
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES, WORLD_FILE, YEARLY_FILES


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of each file of a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def yearly(folder: Path, source: str) -> Path:
    """Return a file of the demonstration's year."""
    return folder / YEARLY_FILES[source].format(year=YEAR)


def test_every_file_is_written_and_no_other(demo: Path):
    """The folder holds what the names promise, and nothing half-written."""
    expected = {*STATIC_FILES.values(), WORLD_FILE}
    expected |= {name.format(year=YEAR) for name in YEARLY_FILES.values()}
    assert set(digests(demo)) == expected


def test_the_same_arguments_give_the_same_bytes_and_years_keep_apart(demo: Path, tmp_path: Path):
    """A second run equals the first to the byte, also where another year was written before."""
    before = digests(demo)
    files.write_places(tmp_path, seed=SEED, scale=SCALE, districts=TEES_VALLEY)
    files.write_year(tmp_path, YEAR + 1, seed=SEED)
    files.write_year(tmp_path, YEAR, seed=SEED)
    again = digests(tmp_path)
    assert {name: again[name] for name in before} == before
    assert set(again) - set(before) == {n.format(year=YEAR + 1) for n in YEARLY_FILES.values()}


def test_another_seed_gives_other_values(demo: Path, tmp_path: Path):
    """The seed reaches every file but the boundaries of the districts, which draw nothing."""
    files.write_places(tmp_path, seed=SEED + 1, scale=SCALE, districts=TEES_VALLEY)
    files.write_year(tmp_path, YEAR, seed=SEED + 1)
    before, after = digests(demo), digests(tmp_path)
    same = {name for name in before if before[name] == after[name]}
    assert same == {STATIC_FILES["districts"], STATIC_FILES["small_area_lookup"]}


def test_a_year_without_places_is_refused(tmp_path: Path):
    """The error names the file that is missing."""
    with pytest.raises(SourceError, match=WORLD_FILE):
        files.write_year(tmp_path, YEAR, seed=SEED)


def test_boundary_layers(demo: Path):
    """Districts are all of England's whatever was asked for; small areas are those asked for."""
    districts = gpd.read_file(demo / STATIC_FILES["districts"])
    assert list(districts.columns) == [
        "LAD25CD", "LAD25NM", "BNG_E", "BNG_N", "LONG", "LAT", "geometry",
    ]  # fmt: skip
    assert len(districts) == 296
    assert districts["LONG"].between(-7, 2).all()
    assert districts["LAT"].between(49.5, 56).all()
    areas = gpd.read_file(demo / STATIC_FILES["small_areas"])
    assert list(areas.columns) == ["LSOA21CD", "LSOA21NM", "BNG_E", "BNG_N", "geometry"]
    assert areas["LSOA21CD"].iloc[0] == "E01900001"
    assert areas["LSOA21NM"].iloc[0] == "Hartlepool synthetic 001"
    assert districts.crs.to_epsg() == areas.crs.to_epsg() == 27700


@pytest.mark.parametrize("source", ["districts", "small_areas", "greenspace", "roads"])
def test_geopackages_say_that_they_are_synthetic(demo: Path, source: str):
    """The description that QGIS shows starts with the word."""
    connection = sqlite3.connect(demo / STATIC_FILES[source])
    found = connection.execute("select description from gpkg_contents").fetchall()
    connection.close()
    assert found
    assert all(text.startswith("SYNTHETIC") for (text,) in found)


def test_tables_of_small_areas_agree(demo: Path):
    """Lookup, centroids, deprivation, population and boundaries hold the same small areas."""
    lookup = pd.read_csv(demo / STATIC_FILES["small_area_lookup"])
    assert list(lookup.columns) == [
        "LSOA21CD", "LSOA21NM", "WD25CD", "WD25NM", "LAD25CD", "LAD25NM",
    ]  # fmt: skip
    assert set(lookup["LAD25CD"]) == set(TEES_VALLEY)
    assert lookup.groupby("WD25CD")["LAD25CD"].nunique().eq(1).all()
    centroids = pd.read_csv(demo / STATIC_FILES["centroids"])
    assert list(centroids.columns) == ["FID", "LSOA21CD", "x", "y"]
    deprivation = pd.read_csv(demo / STATIC_FILES["deprivation"])
    people = pd.read_csv(yearly(demo, "small_area_population"))
    boundaries = gpd.read_file(demo / STATIC_FILES["small_areas"], ignore_geometry=True)
    codes = lookup["LSOA21CD"].tolist()
    assert centroids["LSOA21CD"].tolist() == codes
    assert deprivation["LSOA code (2021)"].tolist() == codes
    assert people["GEOGRAPHY_CODE"].tolist() == codes
    assert boundaries["LSOA21CD"].tolist() == codes


def test_deprivation_layout(demo: Path):
    """Columns are worded as in File 7; rank 1 has the highest score; deciles are tenths."""
    table = pd.read_csv(demo / STATIC_FILES["deprivation"])
    index = "Index of Multiple Deprivation (IMD)"
    rank = f"{index} Rank (where 1 is most deprived)"
    decile = f"{index} Decile (where 1 is most deprived 10% of LSOAs)"
    assert list(table.columns) == [
        "LSOA code (2021)",
        "LSOA name (2021)",
        "Local Authority District code (2024)",
        "Local Authority District name (2024)",
        f"{index} Score",
        rank,
        decile,
        "Total population: mid 2022",
    ]
    ordered = table.sort_values(rank)
    assert ordered[rank].tolist() == list(range(1, len(table) + 1))
    assert ordered[f"{index} Score"].is_monotonic_decreasing
    assert ordered[decile].tolist() == np.ceil(ordered[rank] * 10 / len(table)).tolist()


def test_deprivation_has_the_district_codes_of_2024(tmp_path: Path):
    """Barnsley and Sheffield have their old codes there, and their new ones in the lookup."""
    files.write_places(tmp_path, seed=1, scale=0.01, districts=["E08000038", "E08000039"])
    old = pd.read_csv(tmp_path / STATIC_FILES["deprivation"])
    new = pd.read_csv(tmp_path / STATIC_FILES["small_area_lookup"])
    assert set(old["Local Authority District code (2024)"]) == {"E08000016", "E08000019"}
    assert set(new["LAD25CD"]) == {"E08000038", "E08000039"}


@pytest.mark.parametrize(
    ("pollutant", "title", "column"),
    [("pm25", "pm2.5", "pm252022g"), ("pm10", "pm10", "pm102022g"), ("no2", "no2", "no22022")],
)
def test_grid_layout(demo: Path, pollutant: str, title: str, column: str):
    """Five lines of metadata, the header, CRLF, whole coordinates, MISSING at sea."""
    content = yearly(demo, pollutant).read_bytes()
    lines = content.decode().split("\r\n")
    assert lines[:6] == [
        f"{title},,,",
        "2022,,,",
        "annual mean,,,",
        "ug m-3,,,",
        "SYNTHETIC,,,",
        f"gridcode,x,y,{column}",
    ]
    assert content.count(b"\n") == content.count(b"\r\n")
    assert lines[6].endswith(",MISSING")
    table = pd.read_csv(yearly(demo, pollutant), skiprows=5)
    code = 896321 + (table["x"] - 500) / 1000 - 690 * (table["y"] - 500) / 1000
    assert (table["gridcode"] == code).all()
    numbers = table.loc[table[column] != "MISSING", column].astype(float)
    assert 0.8 * len(table) < len(numbers) < len(table)
    assert (numbers > 0).all()


NOMIS_POPULATION = [
    "DATE", "DATE_NAME", "GEOGRAPHY_NAME", "GEOGRAPHY_CODE", "GENDER", "GENDER_NAME", "C_AGE",
    "C_AGE_NAME", "MEASURES", "MEASURES_NAME", "OBS_VALUE", "OBS_STATUS", "RECORD_OFFSET",
    "RECORD_COUNT",
]  # fmt: skip


def test_population_layout(demo: Path):
    """Single years of age by sex stand among their totals, as Nomis gives them, and add up."""
    table = pd.read_csv(yearly(demo, "population"))
    assert list(table.columns) == NOMIS_POPULATION
    assert (table["RECORD_COUNT"] == len(table)).all()
    assert table["RECORD_OFFSET"].tolist() == list(range(len(table)))
    assert set(table["C_AGE"]) == {200, *range(101, 192)}
    names = table.drop_duplicates("C_AGE").set_index("C_AGE")["C_AGE_NAME"]
    assert (names[101], names[190], names[191], names[200]) == (
        "Age 0", "Age 89", "Aged 90+", "All Ages",
    )  # fmt: skip
    assert dict(zip(table["GENDER"], table["GENDER_NAME"], strict=True)) == {
        0: "Total", 1: "Male", 2: "Female",
    }  # fmt: skip
    key = ["GEOGRAPHY_CODE", "GENDER"]
    whole = table[table["C_AGE"] == 200].set_index(key)["OBS_VALUE"]
    assert table[table["C_AGE"] != 200].groupby(key)["OBS_VALUE"].sum().equals(whole.sort_index())
    sexes = [whole.xs(sex, level="GENDER") for sex in (0, 1, 2)]
    assert (sexes[1] + sexes[2]).equals(sexes[0])


def test_small_areas_sum_to_their_districts(demo: Path):
    """Persons of the small areas, by the lookup, are the persons of the district's file."""
    small = pd.read_csv(yearly(demo, "small_area_population"))
    assert list(small.columns) == NOMIS_POPULATION
    assert (small["GENDER"] == 0).all()
    assert (small["C_AGE"] == 200).all()
    lookup = pd.read_csv(demo / STATIC_FILES["small_area_lookup"]).set_index("LSOA21CD")
    summed = small.groupby(small["GEOGRAPHY_CODE"].map(lookup["LAD25CD"]))["OBS_VALUE"].sum()
    large = pd.read_csv(yearly(demo, "population"))
    totals = large[(large["GENDER"] == 0) & (large["C_AGE"] == 200)]
    assert summed.to_dict() == totals.set_index("GEOGRAPHY_CODE")["OBS_VALUE"].to_dict()


def test_deaths_layout(demo: Path):
    """Every district, cause, sex and band has a row, and named causes are parts of all causes."""
    table = pd.read_csv(yearly(demo, "deaths"))
    assert list(table.columns) == [
        "DATE", "GEOGRAPHY_NAME", "GEOGRAPHY_CODE", "CAUSE_OF_DEATH", "CAUSE_OF_DEATH_NAME",
        "GENDER", "GENDER_NAME", "AGE", "AGE_NAME", "MEASURE", "MEASURE_NAME", "MEASURES",
        "OBS_VALUE", "OBS_STATUS", "RECORD_OFFSET", "RECORD_COUNT",
    ]  # fmt: skip
    assert len(table) == 5 * 14 * 2 * 20
    assert (table["RECORD_COUNT"] == len(table)).all()
    bands = table.drop_duplicates("AGE").set_index("AGE")["AGE_NAME"]
    assert bands.index.tolist() == list(range(1, 21))
    assert [bands[n] for n in (1, 2, 3, 4, 19, 20)] == [
        "Aged under 1", "Aged 1 to 4", "Aged 5 to 9", "Aged 10-14", "Aged 85-89",
        "Aged 90 and over",
    ]  # fmt: skip
    key = ["GEOGRAPHY_CODE", "GENDER", "AGE"]
    every = table["CAUSE_OF_DEATH_NAME"] == "A00-R99,U00-Y89 All causes, all ages"
    named = table[~every].groupby(key)["OBS_VALUE"].sum()
    total = table[every].set_index(key)["OBS_VALUE"]
    assert (total >= named.reindex(total.index)).all()
    assert (named > 0).any()


def test_general_health_layout(demo: Path):
    """Everybody of the census year by district, age, sex and answer, as a custom dataset."""
    table = pd.read_csv(demo / STATIC_FILES["general_health"])
    age, answer = "Age (B) (18 categories)", "General health (6 categories)"
    assert list(table.columns) == [
        "Lower tier local authorities Code", "Lower tier local authorities", f"{age} Code", age,
        "Sex (2 categories) Code", "Sex (2 categories)", f"{answer} Code", answer, "Observation",
    ]  # fmt: skip
    assert len(table) == 5 * 18 * 2 * 6
    assert table[age].unique()[[0, 1, -1]].tolist() == [
        "Aged 4 years and under", "Aged 5 to 9 years", "Aged 85 years and over",
    ]  # fmt: skip
    codes = table.drop_duplicates(answer).set_index(answer)[f"{answer} Code"]
    assert codes.to_dict() == {
        "Does not apply": -8, "Very good health": 1, "Good health": 2, "Fair health": 3,
        "Bad health": 4, "Very bad health": 5,
    }  # fmt: skip
    assert not table.loc[table[answer] == "Does not apply", "Observation"].any()
    sexes = table.groupby("Sex (2 categories)")["Observation"].sum()
    oldest = table[table[age] == "Aged 85 years and over"]
    by_sex = oldest.groupby("Sex (2 categories)")["Observation"].sum()
    assert by_sex["Female"] / sexes["Female"] > by_sex["Male"] / sexes["Male"]


def test_names_can_be_read_without_the_libraries_behind_the_writers():
    """The workflow reads the names at every parse: they need nothing heavy."""
    source = Path(files.__file__).with_name("names.py").read_text(encoding="utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert imports == [
        "from __future__ import annotations",
        "from collections.abc import Mapping",
        "from datetime import date",
        "from types import MappingProxyType",
        "from healthycities.synthetic import SYNTHETIC",
    ]


def test_every_name_says_that_the_values_are_made_up():
    """A file that is copied elsewhere still says so."""
    names = [*STATIC_FILES.values(), *YEARLY_FILES.values()]
    assert all(Path(name).stem.endswith("_SYNTHETIC") for name in names)
