from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shapely import box

from healthycities.errors import CrsError, SourceError
from healthycities.io.blocks import block_raster, write_windows
from healthycities.spatial.grid import Grid
from healthycities.spatial.spans import Window
from healthycities.spatial.streaming import class_areas

GRID = Grid(1000.0, 90_000.0, 10.0, 600, 700)
TILED = {"tiled": True, "blockxsize": 128, "blockysize": 256, "compress": "deflate"}


def raster(path: Path, values: np.ndarray, **profile: object) -> Path:
    """Write a raster of one or more bands as told."""
    bands = values if values.ndim == 3 else values[None]
    count, height, width = bands.shape
    given = {
        "driver": "GTiff", "dtype": bands.dtype, "crs": "EPSG:27700",
        "transform": rasterio.Affine(*GRID.transform),
    } | profile  # fmt: skip
    with rasterio.open(path, "w", count=count, height=height, width=width, **given) as out:
        out.write(bands)
    return path


def put_together(found, fill):
    """Return all blocks of a raster as one array, with a number where there is no value."""
    whole = None
    for window, block in zip(found.windows, found.read(found.windows), strict=True):
        whole = np.full(found.grid.shape, fill, block.values.dtype) if whole is None else whole
        rows = slice(window.row, window.row + window.n_rows)
        columns = slice(window.column, window.column + window.n_columns)
        present = True if block.present is None else block.present
        whole[rows, columns] = np.where(present, block.values, fill)
    return whole


@pytest.mark.parametrize("layout", [{}, TILED, {"driver": "COG", "blocksize": 128}])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_the_windows_together_are_the_raster(tmp_path, layout, dtype):
    """Tiles, strips and a COG, of any kind of number, come back cell by cell."""
    values = np.random.default_rng(1).integers(0, 200, GRID.shape).astype(dtype)
    found = block_raster(raster(tmp_path / "a.tif", values, **layout))
    assert found.grid == GRID
    whole = put_together(found, 0)
    assert whole.dtype == values.dtype
    np.testing.assert_array_equal(whole, values)


@pytest.mark.parametrize(
    ("layout", "rows", "columns"),
    [
        ({"tiled": True, "blockxsize": 512, "blockysize": 512}, {512, 476}, {2048, 452}),
        ({"tiled": True, "blockxsize": 256, "blockysize": 128}, {384, 76}, {2500}),
        ({"blockysize": 3}, {417, 249}, {2500}),
    ],
)
def test_windows_are_whole_blocks(tmp_path, layout, rows, columns):
    """Windows are joined blocks of about a million cells, cut only by the raster's own end."""
    path = raster(tmp_path / "a.tif", np.zeros((1500, 2500), np.uint8), **layout)
    windows = block_raster(path).windows
    assert {window.n_columns for window in windows} == columns
    assert windows[0].n_rows in rows
    assert sum(window.n_rows * window.n_columns for window in windows) == 1500 * 2500
    assert all(one[:2] < other[:2] for one, other in pairwise(windows))
    with rasterio.open(path) as opened:
        block_rows, block_columns = opened.block_shapes[0]
    assert not {window.row % block_rows for window in windows} - {0}
    assert not {window.column % block_columns for window in windows} - {0}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_nodata_is_no_value(tmp_path, dtype):
    """Cells of the file's nodata are not present; a block without any says so."""
    values = np.full((512, 512), 7, dtype)
    values[3, 4] = 200
    path = raster(tmp_path / "a.tif", values, nodata=200, **TILED)
    (block,) = block_raster(path).read([Window(0, 0, 256, 256)])
    assert np.argwhere(~block.present).tolist() == [[3, 4]]
    (block,) = block_raster(path).read([Window(256, 256, 256, 256)])
    assert block.present is None


def test_nan_as_nodata_is_no_value(tmp_path):
    """Where nodata is NaN, cells that are NaN are not present."""
    values = np.array([[1, np.nan], [3, 4]], np.float32)
    found = block_raster(raster(tmp_path / "a.tif", values, nodata=np.nan))
    (block,) = found.read(found.windows)
    assert block.present.tolist() == [[True, False], [True, True]]


def test_a_mask_is_kept(tmp_path):
    """Cells that a mask beside the band takes out are not present."""
    path = tmp_path / "a.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        raster(path, np.full((4, 4), 7, np.uint8))
        with rasterio.open(path, "r+") as out:
            mask = np.ones((4, 4), dtype=bool)
            mask[1, 2] = False
            out.write_mask(mask)
    found = block_raster(path)
    (block,) = found.read(found.windows)
    assert np.argwhere(~block.present).tolist() == [[1, 2]]


def test_scaled_values_are_read_as_meant(tmp_path):
    """Whole numbers with a scale and an offset are the values 10.5 and 12, and nodata stays so."""
    path = raster(tmp_path / "a.tif", np.array([[5, 20, -1]], dtype=np.int16), nodata=-1)
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets = (0.1,), (10.0,)
    found = block_raster(path)
    (block,) = found.read(found.windows)
    np.testing.assert_allclose(block.values[0, :2], [10.5, 12.0])
    assert block.present.tolist() == [[True, True, False]]


def test_zones_over_a_file(tmp_path):
    """From the file to the areas: the left half is class 3, the right class 5, the top missing."""
    values = np.full(GRID.shape, 3, np.uint8)
    values[:, 350:] = 5
    values[:100] = 0
    found = block_raster(raster(tmp_path / "a.tif", values, nodata=0, **TILED))
    zones = [box(1000, 84_000, 8000, 90_000), box(4000, 84_000, 5000, 85_000)]
    areas = class_areas(zones, found.grid, found.windows, found.read, [3, 5], workers=2)
    assert areas.area_m2.tolist() == [[17_500_000, 17_500_000], [500_000, 500_000]]
    np.testing.assert_allclose(areas.covered_share, [5 / 6, 1])


@pytest.mark.parametrize(
    ("profile", "error", "problem"),
    [
        ({"crs": None}, CrsError, "projected coordinate reference system, found none"),
        ({"crs": "EPSG:4326"}, CrsError, "found EPSG:4326"),
        ({"transform": rasterio.Affine(10, 0, 0, 0, 10, 0)}, SourceError, "north up"),
        ({"transform": rasterio.Affine(10, 0, 0, 0, -5, 0)}, SourceError, "square cells"),
    ],
)
def test_rasters_that_cannot_be_laid_are_refused(tmp_path, profile, error, problem):
    """No system, degrees, or cells that are not square and north up: told with the file."""
    path = raster(tmp_path / "a.tif", np.zeros((4, 4), np.uint8), **profile)
    with pytest.raises(error, match=rf"a\.tif: expected .*{problem}"):
        block_raster(path)


def test_several_bands_are_refused(tmp_path):
    """Which band is meant is not guessed."""
    path = raster(tmp_path / "a.tif", np.zeros((2, 4, 4), np.uint8))
    with pytest.raises(SourceError, match="expected one band, found 2"):
        block_raster(path)


@pytest.mark.parametrize("content", [None, b"", b"not a raster"])
def test_a_file_that_is_no_raster_is_told(tmp_path, content):
    """Absent, empty and foreign files are named."""
    if content is not None:
        (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.tif: cannot be read as a raster"):
        block_raster(tmp_path / "a.tif")


def test_a_cut_raster_is_told(tmp_path):
    """A file that ends early is refused when its blocks are read, not filled up."""
    values = np.random.default_rng(1).integers(0, 200, GRID.shape, dtype=np.uint8)
    content = raster(tmp_path / "a.tif", values, **TILED).read_bytes()
    (tmp_path / "b.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"b\.tif: cannot be read as a raster"):
        put_together(block_raster(tmp_path / "b.tif"), 0)


@pytest.mark.parametrize(
    ("dtype", "scale", "whole"),
    [("uint8", 1.0, True), ("int16", 1.0, True), ("int16", 0.0001, False), ("float32", 1.0, False)],
)
def test_the_header_says_whether_values_are_whole(tmp_path, dtype, scale, whole):
    """Whole numbers with a scale are numbers with fractions."""
    path = raster(tmp_path / "a.tif", np.zeros((4, 4), dtype))
    with rasterio.open(path, "r+") as out:
        out.scales = (scale,)
    assert block_raster(path).whole_numbers == whole
    assert block_raster(path).driver == "GTiff"


def numbered(window: Window) -> np.ndarray:
    """Return for each cell of a window a number of its row and column."""
    rows, columns = np.ogrid[: window.n_rows, : window.n_columns]
    return ((window.row + rows) * 3 + (window.column + columns) * 7) % 200


def test_a_raster_written_by_windows_comes_back(tmp_path):
    """Tiles and what is left of them at the edges hold their own cells; 0 is no value."""
    told = {"dtype": "uint8", "nodata": 0, "description": "SYNTHETIC numbers"}
    write_windows(tmp_path / "a.tif", GRID, numbered, **told)
    found = block_raster(tmp_path / "a.tif")
    assert found.grid == GRID
    np.testing.assert_array_equal(put_together(found, 0), numbered(Window(0, 0, *GRID.shape)))
    with rasterio.open(tmp_path / "a.tif") as opened:
        assert opened.block_shapes == [(512, 512)]
        assert opened.descriptions == ("SYNTHETIC numbers",)
    write_windows(tmp_path / "b.tif", GRID, numbered, **told)
    assert (tmp_path / "b.tif").read_bytes() == (tmp_path / "a.tif").read_bytes()


def test_a_raster_that_fails_on_the_way_is_not_there(tmp_path):
    """What stood under the name stays, and nothing half-written is left."""
    (tmp_path / "a.tif").write_bytes(b"before")

    def failing(window: Window) -> np.ndarray:
        if window.column:
            raise KeyError("no value")
        return numbered(window)

    with pytest.raises(KeyError):
        write_windows(tmp_path / "a.tif", GRID, failing, dtype="uint8", nodata=0, description="x")
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_bytes() == b"before"
