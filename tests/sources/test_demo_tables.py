"""The readers on the demonstration's files, which have the layouts of their publishers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities import fields
from healthycities.sources import (
    air_quality,
    centroids,
    deaths,
    deprivation,
    general_health,
    population,
    small_area_lookup,
    small_area_population,
)
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES, YEARLY_FILES
from healthycities.sources.raw import Raw

YEAR = 2022
READERS = {
    "small_area_lookup": small_area_lookup.read,
    "centroids": centroids.read,
    "deprivation": deprivation.read,
    "small_area_population": small_area_population.read,
    "population": population.read,
    "deaths": deaths.read,
    "general_health": general_health.read,
}
DISTRICTS = ["E06000001", "E06000002", "E08000038", "E08000039"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small demonstration, with two districts that were recoded."""
    folder = tmp_path_factory.mktemp("demo")
    files.write_places(folder, seed=3, scale=0.03, districts=DISTRICTS)
    files.write_year(folder, YEAR, seed=3)
    return folder


def raw(folder: Path, name: str, pollutant: str | None = None) -> Raw:
    """Return what the reader of a source is given."""
    file = {**STATIC_FILES, **YEARLY_FILES}[name].format(year=YEAR)
    return Raw((folder / file,), date(2026, 9, 30), year=YEAR, pollutant=pollutant)


@pytest.fixture(scope="module")
def read(demo: Path) -> dict[str, pd.DataFrame]:
    """Return every table of the demonstration."""
    return {name: reader(raw(demo, name)) for name, reader in READERS.items()}


def test_tables_hold_the_same_small_areas_and_districts(read):
    """All small areas in the same order, all districts in every table of districts."""
    codes = read["small_area_lookup"][fields.SMALL_AREA_CODE].tolist()
    for name in ("centroids", "deprivation", "small_area_population"):
        assert read[name][fields.SMALL_AREA_CODE].tolist() == codes
    for name in ("small_area_lookup", "population", "deaths", "general_health"):
        assert sorted(read[name][fields.DISTRICT_CODE].unique()) == DISTRICTS


def test_people_of_small_areas_sum_to_those_of_districts(read):
    """By the lookup, to the last person."""
    people = read["small_area_population"].merge(read["small_area_lookup"])
    small = people.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    large = read["population"].groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    pd.testing.assert_series_equal(small, large)


def test_deaths_are_all_that_the_file_holds(demo, read):
    """The counts read sum to those of the file, and part causes to no more than all."""
    raw_deaths = pd.read_csv(raw(demo, "deaths").paths[0])
    table = read["deaths"]
    assert len(table) == len(raw_deaths)
    assert table[fields.DEATHS].sum() == raw_deaths["OBS_VALUE"].sum()
    is_all = table[fields.CAUSE_ICD10] == "all"
    assert 0 < table.loc[~is_all, fields.DEATHS].sum() <= table.loc[is_all, fields.DEATHS].sum()


def test_general_health_is_all_that_the_file_holds(demo, read):
    """Everybody is asked; those in good or very good health are counted."""
    table, counted = read["general_health"], pd.read_csv(raw(demo, "general_health").paths[0])
    assert table[fields.PEOPLE_ASKED].sum() == counted["Observation"].sum()
    is_good = counted["General health (6 categories) Code"].isin([1, 2])
    assert table[fields.PEOPLE_GOOD_HEALTH].sum() == counted.loc[is_good, "Observation"].sum()
    assert table[fields.YEAR].unique().tolist() == [2021]


@pytest.mark.parametrize("pollutant", ["pm25", "pm10", "no2"])
def test_grids_hold_the_values_of_the_files(demo, pollutant):
    """Every value of the file is at its centre, and the rest of the frame is missing."""
    asked = raw(demo, pollutant, pollutant)
    values = air_quality.read(asked)
    table = pd.read_csv(asked.paths[0], skiprows=5, na_values="MISSING")
    cells = air_quality.GRID.cell_of(table["x"], table["y"])
    np.testing.assert_array_equal(values.ravel()[cells], table.iloc[:, 3])
    assert np.isfinite(values).sum() == table.iloc[:, 3].notna().sum() > 100_000
