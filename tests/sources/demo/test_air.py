from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthycities.sources.demo import air, england


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    """Return the cells of England."""
    return air.cells()


def test_grid_codes_are_the_publishers():
    """Rows of the published file of 2024: 55671 at 460500, 1219500; 633817 at 386500, 381500."""
    x, y = np.array([460500.0, 386500.0]), np.array([1219500.0, 381500.0])
    assert air.grid_code(x, y).tolist() == [55671, 633817]


def test_cells_cover_england_and_its_shore(grid: pd.DataFrame):
    """Cells are centres of whole kilometres, in order of code, and only the sea has no land."""
    assert grid["gridcode"].is_unique
    assert grid["gridcode"].is_monotonic_increasing
    assert (grid[["x", "y"]] % 1000 == 500).all(axis=None)
    assert 0.9 < grid["land"].mean() < 1
    assert grid["land"].sum() * 1e6 > england.outline().area


def test_concentrations_are_plausible_and_fall(grid: pd.DataFrame):
    """Annual means lie in the range of England's, more where people are, less a decade later."""
    people = england.district_centres()
    early, late = (air.concentrations(grid, people, year, seed=1) for year in (2015, 2025))
    for name, low, high in (("pm25", 4.5, 13), ("pm10", 8, 21), ("no2", 2.5, 50)):
        assert low < np.nanmin(early[name]) < np.nanmax(early[name]) < high
        assert np.nanmean(late[name]) < np.nanmean(early[name])
        assert (np.isnan(early[name]) == ~grid["land"]).all()
    westminster, dartmoor = (
        air.at(grid, early["pm25"], np.array([x]), np.array([y]))
        for x, y in ((530_000.0, 180_000.0), (262_000.0, 80_000.0))
    )
    assert westminster > dartmoor + 1


def test_at_reads_the_cell_that_holds_the_point(grid: pd.DataFrame):
    """A point anywhere in a cell gets that cell's value."""
    values = grid["gridcode"].to_numpy(dtype=float)
    cell = grid[grid["land"]].iloc[1000]
    for shift in (-499.0, 0.0, 499.0):
        found = air.at(grid, values, np.array([cell["x"] + shift]), np.array([cell["y"] - shift]))
        assert found.tolist() == [cell["gridcode"]]
