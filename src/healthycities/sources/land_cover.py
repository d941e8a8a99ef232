"""A land-cover or vegetation raster of any size, which is checked and stays where it is."""

from __future__ import annotations

from pathlib import Path

from healthycities.catalogue import SourceCard
from healthycities.errors import CrsError, SourceError
from healthycities.io.blocks import BlockRaster, block_raster
from healthycities.io.raster_file import RasterFile, described
from healthycities.sources.raw import Raw
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

CARD = SourceCard(
    title="Land cover or vegetation, as a raster",
    publisher="ESA WorldCover consortium",
    product="ESA WorldCover 10 m v200, or any other raster of classes or of NDVI",
    licence="Creative Commons Attribution 4.0",
    attribution=(
        "© ESA WorldCover project [year]. Contains modified Copernicus Sentinel data [year] "
        "processed by ESA WorldCover consortium."
    ),
    address="https://esa-worldcover.org/en/data-access (verify)",
    layout=(
        "One GeoTIFF of one band, tiled or in strips (a COG is one), with square cells, north up, "
        "in EPSG:27700: whole numbers of classes, or NDVI from -1 to 1. Cells without a value have "
        "the nodata value that the file names: those of any other value count as land that is not "
        "green. WorldCover is in degrees: gdalwarp -t_srs EPSG:27700 -tr 10 10 -r near -co "
        "TILED=YES -co COMPRESS=DEFLATE brings classes onto the National Grid. Several tiles are "
        "joined by gdalbuildvrt and gdal_translate, several bands parted by gdal_translate -b 1. "
        "The file is read in place, block by block, and may be of any size. Say under green_cover "
        "what is green, or which NDVI to aim at, and the year of the raster as vintage."
    ),
    kind="raster",
    optional=True,
)

_FORMATS = ("GTiff", "COG")
_MOST_CELLS = 1 << 25
"""Cells of the largest block that is decoded at once: 32 MB as bytes, 256 MB as float64."""


def read(raw: Raw) -> RasterFile:
    """Check a raster by its header, and describe it; none of its cells is decoded.

    Raises
    ------
    SourceError : there are several files; the file is no GeoTIFF, has several bands, cells that
        are not square or not north-up, or blocks that are too large to hold.
    CrsError : it is not on the British National Grid.
    """
    if len(raw.paths) > 1:
        raise SourceError(
            f"expected one raster, found {len(raw.paths)}",
            file=raw.paths[0],
            mend="Join them into one: gdalbuildvrt all.vrt *.tif, then gdal_translate -co "
            "TILED=YES -co COMPRESS=DEFLATE all.vrt all.tif.",
        )
    (path,) = raw.paths
    raster = block_raster(path, crs=raw.crs)
    _require_format(path, raster)
    _require_national_grid(path, raster)
    _require_blocks(path, raster)
    return described(path, crs=raw.crs, year=raw.data_year)


def _require_format(path: Path, raster: BlockRaster) -> None:
    """Refuse what only names other files, whose change would go unseen, and odd formats."""
    if raster.driver not in _FORMATS:
        raise SourceError(
            f"expected a GeoTIFF, found {raster.driver}",
            file=path,
            mend="Write it as one: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE.",
        )


def _require_national_grid(path: Path, raster: BlockRaster) -> None:
    if raster.grid.crs != BRITISH_NATIONAL_GRID:
        raise CrsError(
            f"expected {BRITISH_NATIONAL_GRID}, found {raster.grid.crs}",
            file=path,
            mend="Warp it: gdalwarp -t_srs EPSG:27700, with -r near for classes and -r average or "
            "bilinear for NDVI: nothing is reprojected here.",
        )


def _require_blocks(path: Path, raster: BlockRaster) -> None:
    largest = max(window.n_rows * window.n_columns for window in raster.windows)
    if largest > _MOST_CELLS:
        raise SourceError(
            f"expected blocks of at most {_MOST_CELLS:,} cells, which are decoded one by one, found"
            f" blocks of {largest:,}",
            file=path,
            mend="Write it in tiles: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE.",
        )
