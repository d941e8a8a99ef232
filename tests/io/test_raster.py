from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from healthycities.errors import CrsError, SourceError
from healthycities.io.raster import read_grid, write_grid
from healthycities.spatial.grid import Grid

GRID = Grid(x_min_m=1000.0, y_max_m=5000.0, cell_size_m=1000.0, n_rows=3, n_columns=4)
VALUES = np.array([[0.1, 2, 3, np.nan], [5, 6, 7, 8], [9, 1e-300, np.pi, 12]])


def raster(path: Path, values: np.ndarray = VALUES, **profile: object) -> Path:
    """Write a raster of someone else's, as told."""
    bands = values if values.ndim == 3 else values[None]
    count, height, width = bands.shape
    given = {
        "driver": "GTiff", "dtype": bands.dtype, "crs": "EPSG:27700",
        "transform": rasterio.Affine(*GRID.transform),
    } | profile  # fmt: skip
    with rasterio.open(path, "w", count=count, height=height, width=width, **given) as out:
        out.write(bands)
    return path


def test_a_grid_comes_back_as_it_was(tmp_path):
    """Every bit of every value, missing ones, and the grid itself."""
    write_grid(tmp_path / "a.tif", VALUES, GRID)
    values, grid = read_grid(tmp_path / "a.tif")
    np.testing.assert_array_equal(values, VALUES)
    assert values.dtype == np.float64
    assert grid == GRID


def test_the_same_values_give_the_same_bytes(tmp_path):
    """Nothing of the time or the place goes into the file, and no second file beside it."""
    write_grid(tmp_path / "a.tif", VALUES, GRID)
    write_grid(tmp_path / "b.tif", VALUES.copy(), GRID)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.tif", "b.tif"}


def test_any_raster_reader_sees_tiles_compression_and_missing_values(tmp_path):
    """Nodata is NaN, the blocks are tiles, the system is named."""
    write_grid(tmp_path / "a.tif", np.zeros((600, 700)), Grid(0, 600_000, 1000, 600, 700))
    with rasterio.open(tmp_path / "a.tif") as found:
        assert np.isnan(found.nodata)
        assert found.block_shapes == [(256, 256)]
        assert found.profile["compress"] == "deflate"
        assert found.crs.to_epsg() == 27700


def test_values_of_another_shape_are_refused_and_nothing_is_written(tmp_path):
    """A grid and its values are of one shape."""
    with pytest.raises(SourceError, match=r"shape \(3, 4\), found \(4, 3\)"):
        write_grid(tmp_path / "a.tif", VALUES.T, GRID)
    assert list(tmp_path.iterdir()) == []


def test_the_nodata_value_of_others_is_missing(tmp_path):
    """A number that stands for no value becomes NaN, never a concentration."""
    values = np.array([[1, -9999], [3, 4]], dtype=np.float32)
    found, _ = read_grid(raster(tmp_path / "a.tif", values, nodata=-9999))
    np.testing.assert_array_equal(found, [[1, np.nan], [3, 4]])


def test_scaled_values_are_read_as_meant(tmp_path):
    """Whole numbers with a scale and an offset are values of 10.5 and 12."""
    path = raster(tmp_path / "a.tif", np.array([[5, 20]], dtype=np.int16))
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets = (0.1,), (10.0,)
    np.testing.assert_allclose(read_grid(path)[0], [[10.5, 12.0]])


@pytest.mark.parametrize(
    ("profile", "error", "problem"),
    [
        ({"crs": None}, CrsError, "projected coordinate reference system, found none"),
        ({"crs": "EPSG:4326"}, CrsError, "found EPSG:4326"),
        ({"transform": rasterio.Affine(1000, 0, 0, 0, 1000, 0)}, SourceError, "north up"),
        ({"transform": rasterio.Affine(1000, 0, 0, 0, -500, 0)}, SourceError, "square cells"),
        ({"transform": rasterio.Affine(1000, 5, 0, 5, -1000, 0)}, SourceError, "square cells"),
    ],
)
def test_grids_that_cannot_be_laid_are_refused(tmp_path, profile, error, problem):
    """No system, degrees, or cells that are not square and north up: told with the file."""
    with pytest.raises(error, match=rf"a\.tif: expected .*{problem}"):
        read_grid(raster(tmp_path / "a.tif", **profile))


def test_a_system_is_said_where_the_file_does_not(tmp_path):
    """`crs` fills what the file leaves out, and does not overrule what it says."""
    raster(tmp_path / "a.tif", crs=None)
    assert read_grid(tmp_path / "a.tif", crs="EPSG:27700")[1] == GRID
    raster(tmp_path / "b.tif")
    assert read_grid(tmp_path / "b.tif", crs="EPSG:27700")[1] == GRID
    with pytest.raises(CrsError, match=r"says EPSG:27700, and `crs` .* says EPSG:3035"):
        read_grid(tmp_path / "b.tif", crs="EPSG:3035")
    with pytest.raises(CrsError, match="not a coordinate reference system: 'British'"):
        read_grid(tmp_path / "a.tif", crs="British")


def test_several_bands_are_refused(tmp_path):
    """Which band is meant is not guessed."""
    with pytest.raises(SourceError, match="expected one band, found 2"):
        read_grid(raster(tmp_path / "a.tif", np.stack([VALUES, VALUES])))


@pytest.mark.parametrize("content", [None, b"", b"not a raster"])
def test_a_file_that_is_no_raster_is_told(tmp_path, content):
    """Absent, empty and foreign files are named."""
    path = tmp_path / "a.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.tif: cannot be read as a raster"):
        read_grid(path)


def test_a_cut_raster_is_told(tmp_path):
    """A file that ends early is refused, not filled up."""
    rng = np.random.default_rng(1)
    write_grid(tmp_path / "a.tif", rng.random((600, 700)), Grid(0, 600_000, 1000, 600, 700))
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"b\.tif: cannot be read as a raster"):
        read_grid(tmp_path / "b.tif")
