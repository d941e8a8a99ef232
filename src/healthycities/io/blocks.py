"""Large rasters, read by their own blocks so that each is decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader

from healthycities.io.atomic import replacing
from healthycities.io.raster import grid_of, unreadable
from healthycities.spatial.grid import Grid
from healthycities.spatial.spans import Window
from healthycities.spatial.streaming import Block, Read

_WINDOW_CELLS = 1 << 20
"""Cells that a window aims at: large enough to hide the cost of a call, small enough to hold."""

_TILE_CELLS = 512
"""Side of the tiles of a raster that is written here."""

_CACHE_BYTES = 1 << 26
"""What GDAL may keep of decoded blocks; none is read twice, and its default is 5 % of memory."""


@dataclass(frozen=True)
class BlockRaster:
    """A raster that is read window by window.

    Parameters
    ----------
    path : the file.
    grid : its grid.
    windows : whole blocks of the file, row by row from the north, that cover it once. They depend
        on the file alone.
    whole_numbers : whether its values are whole numbers, with no scale or offset.
    driver : GDAL's name of the format.
    """

    path: Path
    grid: Grid
    windows: tuple[Window, ...]
    whole_numbers: bool
    driver: str

    @property
    def read(self) -> Read:
        """The function that decodes windows; it opens the file each time that it is called."""
        return partial(read_windows, self.path)


def block_raster(path: Path, *, crs: str | None = None) -> BlockRaster:
    """Find the grid and the blocks of a raster of one band, tiled or in strips, of any kind.

    Parameters
    ----------
    path : the raster.
    crs : its coordinate reference system, where the file does not say it.

    Raises
    ------
    SourceError : the file is absent or unreadable, has several bands, or cells that are not square
        or not north-up.
    CrsError : the coordinate reference system is not known, is not what ``crs`` says, or is in
        degrees.
    """
    with _opened(path) as raster:
        grid = grid_of(path, raster, crs)
        windows = tuple(_windows(grid, *raster.block_shapes[0]))
        return BlockRaster(path, grid, windows, _is_whole(raster), raster.driver)


def _is_whole(raster: DatasetReader) -> bool:
    return np.dtype(raster.dtypes[0]).kind in "iu" and not _is_scaled(raster)


def _is_scaled(raster: DatasetReader) -> bool:
    return (raster.scales[0], raster.offsets[0]) != (1.0, 0.0)


def _windows(grid: Grid, block_rows: int, block_columns: int) -> Iterator[Window]:
    """Join blocks side by side, and then bands of blocks, until they are large enough."""
    block_columns = min(block_columns, grid.n_columns)
    side_by_side = max(1, _WINDOW_CELLS // (block_rows * block_columns))
    n_columns = min(block_columns * side_by_side, grid.n_columns)
    n_rows = block_rows * max(1, _WINDOW_CELLS // (block_rows * n_columns))
    for row in range(0, grid.n_rows, n_rows):
        for column in range(0, grid.n_columns, n_columns):
            yield Window(
                row,
                column,
                min(n_rows, grid.n_rows - row),
                min(n_columns, grid.n_columns - column),
            )


def write_windows(
    path: Path,
    grid: Grid,
    values_of: Callable[[Window], npt.NDArray[Any]],
    *,
    dtype: str,
    nodata: float,
    description: str,
) -> None:
    """Write a raster tile by tile, as a tiled GeoTIFF; no more than a tile is held at a time.

    Parameters
    ----------
    path : the final name; the file appears under it only when it is whole.
    grid : its grid.
    values_of : gives the values of a window, (rows, columns); called for each tile, row by row
        from the north. The same values give the same bytes.
    dtype : kind of the numbers, such as ``uint8``.
    nodata : the number that stands for no value.
    description : what the band holds, as a GIS shows it.
    """
    profile = {
        "driver": "GTiff", "height": grid.n_rows, "width": grid.n_columns, "count": 1,
        "dtype": dtype, "nodata": nodata, "crs": grid.crs,
        "transform": rasterio.Affine(*grid.transform), "tiled": True, "blockxsize": _TILE_CELLS,
        "blockysize": _TILE_CELLS, "compress": "deflate", "bigtiff": "if_safer",
    }  # fmt: skip
    with replacing(path) as temporary, rasterio.open(temporary, "w", **profile) as raster:
        raster.set_band_description(1, description)
        for row in range(0, grid.n_rows, _TILE_CELLS):
            for column in range(0, grid.n_columns, _TILE_CELLS):
                height = min(_TILE_CELLS, grid.n_rows - row)
                window = Window(row, column, height, min(_TILE_CELLS, grid.n_columns - column))
                raster.write(values_of(window), 1, window=_at(window))


def _at(window: Window) -> rasterio.windows.Window:
    return rasterio.windows.Window(window.column, window.row, window.n_columns, window.n_rows)


def read_windows(path: Path, windows: Sequence[Window]) -> Iterator[Block]:
    """Decode windows of a raster, one after the other.

    Values are as the file means them: as they are stored, or float64 where it names a scale or an
    offset.

    Raises
    ------
    SourceError : the file is absent, or cannot be read.
    """
    with _opened(path) as raster:
        for window in windows:
            yield _block(raster, window)


@contextmanager
def _opened(path: Path) -> Iterator[DatasetReader]:
    try:
        # One thread for each reader: the blocks of several windows are decoded side by side.
        with (
            rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_NUM_THREADS=1),
            rasterio.open(path, sharing=False) as raster,
        ):
            yield raster
    except RasterioIOError as error:
        raise unreadable(path, error) from error


def _block(raster: DatasetReader, window: Window) -> Block:
    at = _at(window)
    values = raster.read(1, window=at)
    present = _present(raster, at, values)
    if _is_scaled(raster):
        values = values.astype(np.float64) * raster.scales[0] + raster.offsets[0]
    return Block(values, present)


def _present(
    raster: DatasetReader, at: rasterio.windows.Window, values: npt.NDArray[np.generic]
) -> npt.NDArray[np.bool_] | None:
    """Return where there is a value, or None where there is one everywhere."""
    flags = raster.mask_flag_enums[0]
    if flags == [MaskFlags.all_valid]:
        return None
    if flags == [MaskFlags.nodata] and values.dtype.kind in "iu":
        # As the mask that GDAL would make, without going through the blocks again.
        present = np.asarray(values != raster.nodata)
    else:
        present = np.asarray(raster.read_masks(1, window=at) != 0)
    return None if present.all() else present
