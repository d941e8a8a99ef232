"""One small demonstration, shared by the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from healthycities.sources.demo import england, files

TEES_VALLEY = [f"E0600000{n}" for n in range(1, 6)]
SEED = 7
SCALE = 0.05
YEAR = 2022


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a demonstration of the Tees Valley, with one year."""
    folder = tmp_path_factory.mktemp("demo")
    files.write_places(folder, seed=SEED, scale=SCALE, districts=TEES_VALLEY)
    files.write_year(folder, YEAR, seed=SEED)
    return folder


@pytest.fixture(scope="package")
def districts() -> gpd.GeoDataFrame:
    """Return all districts of the schematic England."""
    return england.districts()
