"""Grids of numbers, as GeoTIFF."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioIOError
from rasterio.io import DatasetReader

from healthycities.errors import CrsError, SourceError
from healthycities.io.atomic import replacing
from healthycities.spatial.grid import FloatArray, Grid

_TILE = 256
_FLOAT_PREDICTOR = 3


class YearlyGrid(NamedTuple):
    """Values of a grid, and the year that they are of; None where the file does not say."""

    values: FloatArray
    year: int | None


_YEAR_TAG = "YEAR"


def write_grid(path: Path, values: FloatArray, grid: Grid, *, year: int | None = None) -> None:
    """Write values to a GeoTIFF, float64, tiled; the same values give the same bytes.

    Parameters
    ----------
    path : the final name; the file appears under it only when it is whole.
    values : (rows, columns) of ``grid``, from the north-west; NaN where there is no value.
    year : the year that the values are of, kept as a tag.

    Raises
    ------
    SourceError : the values are not of the grid's shape.
    """
    if values.shape != grid.shape:
        raise SourceError(f"expected values of shape {grid.shape}, found {values.shape}", file=path)
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            height=grid.n_rows,
            width=grid.n_columns,
            count=1,
            dtype="float64",
            nodata=math.nan,
            crs=CRS.from_user_input(grid.crs),
            transform=rasterio.Affine(*grid.transform),
            tiled=True,
            blockxsize=_TILE,
            blockysize=_TILE,
            compress="deflate",
            predictor=_FLOAT_PREDICTOR,
        ) as raster,
    ):
        raster.write(values.astype(np.float64), 1)
        if year is not None:
            raster.update_tags(**{_YEAR_TAG: str(year)})


def read_yearly_grid(path: Path) -> YearlyGrid:
    """Read a grid that :func:`write_grid` wrote, with its year.

    Raises
    ------
    SourceError, CrsError : as :func:`read_grid` raises them.
    """
    values, _ = read_grid(path)
    with rasterio.open(path) as raster:
        year = raster.tags().get(_YEAR_TAG)
    return YearlyGrid(values, None if year is None else int(year))


def read_grid(path: Path, *, crs: str | None = None) -> tuple[FloatArray, Grid]:
    """Read the one band of a raster, float64 with NaN where it has no value, and its grid.

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
    try:
        with rasterio.open(path) as raster:
            grid = grid_of(path, raster, crs)
            return _values(raster), grid
    except RasterioIOError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: RasterioIOError) -> SourceError:
    """Return the error that says that a file is no raster, or that a part of it is damaged."""
    return SourceError(
        f"cannot be read as a raster ({error})",
        file=path,
        mend="Correct the path, or get the file again.",
    )


def _values(raster: DatasetReader) -> FloatArray:
    """Return values as the file means them: masked, scaled and offset."""
    stored = raster.read(1, masked=True).astype(np.float64).filled(np.nan)
    return np.asarray(stored * raster.scales[0] + raster.offsets[0], dtype=np.float64)


def grid_of(path: Path, raster: DatasetReader, crs: str | None) -> Grid:
    """Return the grid of an open raster of one band.

    Raises
    ------
    SourceError, CrsError : as :func:`read_grid` raises them.
    """
    if raster.count != 1:
        raise SourceError(
            f"expected one band, found {raster.count}",
            file=path,
            mend="Write the band that holds the values to a file of its own.",
        )
    a, b, c, d, e, f = tuple(raster.transform)[:6]
    if b or d or e >= 0 or not math.isclose(a, -e):
        raise SourceError(
            f"expected square cells, north up, found the transform {(a, b, c, d, e, f)}",
            file=path,
            mend="Warp the raster to a north-up grid of square cells.",
        )
    return Grid(c, f, a, raster.height, raster.width, _crs(path, raster.crs, crs))


def _crs(path: Path, own: CRS | None, said: str | None) -> str:
    """Return the system of a file, which says its own or is said to have one."""
    given = _parsed(path, said)
    if own and given and own != given:
        raise CrsError(
            f"the file says {own.to_string()}, and `crs` of this source says {said}",
            file=path,
            mend="Remove `crs` where the file is right, or correct the file.",
        )
    crs = own or given
    if not crs or not crs.is_projected:
        raise CrsError(
            "expected a projected coordinate reference system, found "
            + (crs.to_string() if crs else "none"),
            file=path,
            mend="Say it in `crs` of this source where the file does not; a raster in degrees must "
            "be warped to EPSG:27700.",
        )
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _parsed(path: Path, said: str | None) -> CRS | None:
    try:
        return None if said is None else CRS.from_user_input(said)
    except CRSError as error:
        raise CrsError(
            f"`crs` of this source is not a coordinate reference system: {said!r}",
            file=path,
            mend="Write it as EPSG:27700.",
        ) from error
