from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities.errors import SourceError
from healthycities.sources.air_quality import GRID, read
from healthycities.sources.raw import Raw

PM25_2024 = "air/mappm252024g_first_rows.csv"
PM25_2019 = "air_quality/mappm252019g_first_rows.csv"
LONDON_YEARS = [*range(2003, 2009), *range(2010, 2013)]


def given(file: Path, pollutant: str, year: int) -> Raw:
    """Return what the reader is given of a real file."""
    return Raw((file,), date(2025, 6, 1), year=year, pollutant=pollutant)


def at(values: np.ndarray, x_m: float, y_m: float) -> float:
    """Return the value at a point."""
    return float(values.ravel()[GRID.cell_of(x_m, y_m)])


def test_published_rows_of_2024_stand_in_their_cells(real):
    """The first is in Shetland, the others near Manchester; nothing else has a value."""
    values = read(given(real / PM25_2024, "pm25", 2024))
    assert at(values, 460_500, 1_219_500) == 2.995311
    assert at(values, 386_500, 381_500) == 6.469633
    table = pd.read_csv(real / PM25_2024, skiprows=5)
    assert np.isfinite(values).sum() == len(table)
    assert np.nansum(values) == pytest.approx(table["pm252024g"].sum(), rel=1e-15)


def test_missing_of_2019_is_missing(real):
    """Cells of MISSING are NaN, and those with a number keep it."""
    values = read(given(real / PM25_2019, "pm25", 2019))
    table = pd.read_csv(real / PM25_2019, skiprows=5, na_values="MISSING")
    assert table.iloc[:, 3].isna().sum() > 0
    cells = GRID.cell_of(table["x"], table["y"])
    np.testing.assert_array_equal(values.ravel()[cells], table.iloc[:, 3])
    assert np.isnan(at(values, 460_500, 1_221_500))


@pytest.mark.parametrize(("pollutant", "year"), [("no2", 2024), ("pm10", 2024), ("pm25", 2023)])
def test_a_file_asked_for_another_year_or_pollutant_is_refused(real, pollutant, year):
    """The five lines above the header say what the file is of."""
    with pytest.raises(SourceError, match="but the file says that it is of"):
        read(given(real / PM25_2024, pollutant, year))


@pytest.mark.parametrize("year", LONDON_YEARS)
def test_london_has_its_1577_cells_every_year(real, year):
    """Each value stands at its centre; codes keep the rule of the national files."""
    file = real / f"air/london/london-mapnox{year}.csv"
    values = read(given(file, "nox", year))
    table = pd.read_csv(file, na_values="MISSING")
    assert len(table) == 1577
    cells = GRID.cell_of(table["x"], table["y"])
    np.testing.assert_array_equal(values.ravel()[cells], table[f"nox{year}"])
    assert np.isfinite(values).sum() == table[f"nox{year}"].notna().sum()


def test_london_grew_cleaner(real):
    """NOx of the cells that all nine years have fell from 2003 to 2012, and stays below 300."""
    maps = [read(given(real / f"air/london/london-mapnox{y}.csv", "nox", y)) for y in LONDON_YEARS]
    common = np.isfinite(maps).all(axis=0)
    assert 1500 < common.sum() <= 1577
    assert maps[-1][common].mean() < maps[0][common].mean()
    assert np.nanmax(maps) < 300
