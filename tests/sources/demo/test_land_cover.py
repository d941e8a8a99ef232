from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely import box
from tests.sources.demo.conftest import SCALE, SEED, TEES_VALLEY

from healthycities.errors import SourceError
from healthycities.sources import land_cover as source
from healthycities.sources.demo import files
from healthycities.sources.demo.land_cover import (
    BUILT_UP,
    CLASSES,
    CROPS,
    GRASS,
    TREES,
    WATER,
    Drawing,
    grid_around,
    shares,
)
from healthycities.sources.demo.names import LAND_COVER_FILE, NDVI_FILE, STATIC_FILES
from healthycities.sources.raw import Raw
from healthycities.spatial.spans import Window


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the Tees Valley with its raster."""
    folder = tmp_path_factory.mktemp("places")
    files.write_places(folder, seed=SEED, scale=SCALE, districts=TEES_VALLEY)
    files.write_land_cover(folder, seed=SEED)
    return folder


def test_the_grid_is_of_whole_kilometres_around_the_places():
    """From 1,500 m to 2,500 m and 4,000 m to 5,000 m, the corners are whole kilometres outside."""
    grid = grid_around([1500.0, 4000.0, 2500.0, 5000.0])
    assert (grid.x_min_m, grid.y_max_m, grid.cell_size_m) == (1000.0, 5000.0, 10.0)
    assert grid.shape == (100, 200)


def test_shares_of_the_classes_add_up_to_all():
    """Shares are 0 or more and add up to 1; where more people live, no less is built up."""
    density, deprivation = np.meshgrid([0.0, 10, 1000, 5000, 50_000], [-3.0, 0, 4])
    found = shares(density.ravel(), deprivation.ravel())
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (np.diff(found[:, 0].reshape(3, 5), axis=1) >= 0).all()


def test_a_drawing_does_not_depend_on_its_windows():
    """A part of a window is what is drawn of it alone, and another seed draws otherwise."""
    grid = grid_around([0, 0, 6000, 6000])
    areas = pd.DataFrame({"x": [1000.0, 5000], "y": [1000.0, 5000]})
    areas = areas.assign(density=[100.0, 8000.0], deprivation=[0.0, 1.0])
    whole = Drawing(areas, grid, 1).classes(Window(0, 0, 600, 600))
    part = Drawing(areas, grid, 1).classes(Window(37, 301, 5, 190))
    np.testing.assert_array_equal(part, whole[37:42, 301:491])
    other = Drawing(areas, grid, 2).classes(Window(0, 0, 600, 600))
    assert (other != whole).any()


def test_classes_come_in_the_shares_that_are_asked_for():
    """Over a whole pattern of patches each class has its share, to a fiftieth."""
    grid = grid_around([0, 0, 10_240, 10_240])
    density, deprivation = np.array([2000.0]), np.array([0.0])
    areas = pd.DataFrame({"x": 5000.0, "y": 5000.0, "density": density, "deprivation": deprivation})
    drawn = Drawing(areas, grid, 3).classes(Window(0, 0, 1024, 1024))
    found = [(drawn == code).mean() for code in CLASSES]
    np.testing.assert_allclose(found, shares(density, deprivation)[0], atol=0.02)


def test_the_raster_covers_the_small_areas_and_says_that_it_is_synthetic(places: Path):
    """It is read as a user's own would be, reaches around every small area, and is marked."""
    path = places / LAND_COVER_FILE
    areas = gpd.read_file(places / STATIC_FILES["small_areas"])
    with rasterio.open(path) as raster:
        assert box(*raster.bounds).contains(box(*areas.total_bounds))
        assert set(np.unique(raster.read(1))) <= set(CLASSES)
        assert raster.nodata == 0
        assert raster.descriptions[0].startswith("SYNTHETIC")
    assert path.stem.endswith("_SYNTHETIC")
    assert source.read(Raw((path,), date(2026, 9, 30))).size_bytes == path.stat().st_size


def test_more_is_built_up_where_more_people_live(places: Path):
    """The cells around the densest tenth of the seats are built up more than the sparsest's."""
    world = pd.read_parquet(places / "world.parquet").sort_values("density")
    tenth = len(world) // 10 or 1
    with rasterio.open(places / LAND_COVER_FILE) as raster:

        def built(seats: pd.DataFrame) -> float:
            cells = [raster.index(x, y) for x, y in zip(seats["x"], seats["y"], strict=True)]
            values = raster.read(1)
            near = [values[row - 20 : row + 20, column - 20 : column + 20] for row, column in cells]
            return float(np.mean([(part == BUILT_UP).mean() for part in near]))

        assert built(world.tail(tenth)) > built(world.head(tenth))


def test_the_same_seed_gives_the_same_bytes(places: Path, tmp_path: Path):
    """A second drawing equals the first to the byte."""
    files.write_places(tmp_path, seed=SEED, scale=SCALE, districts=TEES_VALLEY)
    files.write_land_cover(tmp_path, seed=SEED)
    names = (LAND_COVER_FILE, STATIC_FILES["small_areas"])
    for name in names:
        assert (tmp_path / name).read_bytes() == (places / name).read_bytes()


def test_land_cover_without_places_is_refused(tmp_path: Path):
    """The error names the file that is missing."""
    with pytest.raises(SourceError, match=r"world\.parquet"):
        files.write_land_cover(tmp_path, seed=SEED)


def test_ndvi_is_that_of_the_classes(tmp_path: Path):
    """Trees are greener than grass, grass than roofs; water is below 0; all to two digits."""
    files.write_places(tmp_path, seed=SEED, scale=SCALE, districts=TEES_VALLEY)
    files.write_ndvi(tmp_path, seed=SEED)
    files.write_land_cover(tmp_path, seed=SEED)
    with rasterio.open(tmp_path / NDVI_FILE) as raster:
        ndvi, bounds = raster.read(1), raster.bounds
        assert raster.descriptions[0].startswith("SYNTHETIC")
    with rasterio.open(tmp_path / LAND_COVER_FILE) as raster:
        classes = raster.read(1)
        assert raster.bounds == bounds
    mean = {code: float(ndvi[classes == code].mean()) for code in CLASSES}
    assert mean[WATER] < 0 < mean[BUILT_UP] < mean[CROPS] < mean[GRASS] < mean[TREES] < 1
    assert (ndvi[classes == WATER] < 0).all()
    assert (ndvi[classes != WATER] > 0).all()
    np.testing.assert_allclose(ndvi, np.round(ndvi.astype(np.float64), 2), atol=1e-6)


def test_a_drawing_of_ndvi_does_not_depend_on_its_windows():
    """A part of a window is what is drawn of it alone."""
    grid = grid_around([0, 0, 6000, 6000])
    areas = pd.DataFrame({"x": [1000.0, 5000], "y": [1000.0, 5000]})
    drawing = Drawing(areas.assign(density=[100.0, 8000.0], deprivation=[0.0, 1.0]), grid, 1)
    whole = drawing.ndvi(Window(0, 0, 600, 600))
    part = drawing.ndvi(Window(37, 301, 5, 190))
    np.testing.assert_array_equal(part, whole[37:42, 301:491])
