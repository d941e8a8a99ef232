"""Class fractions of a large raster, against exactextract and against plain decoding of its blocks.

The raster has 10 m cells of ten classes in patches, with stray cells among them, as land cover has.
It is written anew in each run, in a folder that goes with the process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import groupby
from pathlib import Path

import geopandas
import numpy as np
import rasterio
from exactextract import exact_extract
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

from benchmarks.inputs import CRS, SEED, Sizes, stars
from benchmarks.race import Claim, Contender, Race
from healthycities.io.blocks import BlockRaster, block_raster
from healthycities.spatial.grid import FloatArray, ObjectArray
from healthycities.spatial.streaming import class_areas

CELL_M = 10.0
CODES = tuple(range(1, 11))
_BLOCK = 512
_PATCHES = 4000
_STRAY = 0.02
_ZONE_RADIUS_M = 1600.0


def races(sizes: Sizes) -> Iterator[Race]:
    """Yield the one race of this kind."""
    file = land_cover(sizes.raster_side)
    zones = zones_inside(sizes.raster_zones, sizes.raster_side)
    limit = "plain decoding, two threads"
    yield Race(
        f"class fractions of {sizes.raster_side:,} x {sizes.raster_side:,} cells"
        f" over {len(zones):,} zones",
        {
            "one thread": Contender(lambda: by_spans(zones, file, 1)),
            "two threads": Contender(lambda: by_spans(zones, file, 2), threads=2),
            limit: Contender(lambda: decoded(file), threads=2),
            "exactextract": Contender(lambda: by_exactextract(zones, file)),
        },
        [
            Claim("class_fractions", "two threads", "exactextract", 20.0),
            # The limit does other work, so that there is nothing to compare.
            Claim("class_fractions_against_decoding", "two threads", limit, 1 / 3, None, False),
            Claim("two_cores_class_fractions", "two threads", "one thread", 1.8),
        ],
        difference=lambda ours, peer: float(np.abs(ours - peer).max()),
        tolerance=1e-5,
    )


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="healthycities-bench-")


@cache
def land_cover(side: int) -> Path:
    """Write a square raster of one byte a cell, deflated in blocks, and return its file."""
    file = Path(_folder().name) / f"land_cover_{side}.tif"
    draw = np.random.default_rng(SEED)
    patches = min(_PATCHES, side)
    smooth = gaussian_filter(draw.standard_normal((patches, patches)), 6, mode="wrap")
    cuts = np.quantile(smooth, np.linspace(0, 1, len(CODES) + 1)[1:-1])
    classes = (np.digitize(smooth, cuts) + 1).astype(np.uint8)
    north_west = rasterio.Affine(CELL_M, 0, 0, 0, -CELL_M, side * CELL_M)
    with rasterio.open(
        file, "w", driver="GTiff", height=side, width=side, count=1, dtype="uint8", crs=CRS,
        transform=north_west, compress="deflate", tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK,
    ) as raster:  # fmt: skip
        for row in range(0, side, _BLOCK):
            rows = np.arange(row, min(row + _BLOCK, side)) % patches
            values = classes[np.ix_(rows, np.arange(side) % patches)]
            stray = draw.random(values.shape) < _STRAY
            values = np.where(stray, draw.integers(1, 11, values.shape, dtype=np.uint8), values)
            raster.write(values, 1, window=Window(0, row, side, len(rows)))
    return file


@cache
def zones_inside(n: int, side: int) -> ObjectArray:
    """Scatter irregular zones of about 100 corners over the raster, wholly inside it."""
    draw = np.random.default_rng(SEED)
    margin_m, extent_m = 2 * _ZONE_RADIUS_M, side * CELL_M
    centres = draw.uniform(margin_m, extent_m - margin_m, (n, 2))
    return stars(centres, np.full(n, _ZONE_RADIUS_M), 97, draw, 0.35)


def by_spans(zones: ObjectArray, file: Path, threads: int) -> FloatArray:
    """Measure as the workflow does: each block decoded once."""
    raster = block_raster(file)
    found = class_areas(zones, raster.grid, raster.windows, raster.read, CODES, workers=threads)
    return found.share


def decoded(file: Path) -> int:
    """Decode every block and do nothing with it, by the same reader on as many threads."""
    raster = block_raster(file)
    bands = [list(band) for _, band in groupby(raster.windows, lambda one: one.row)]
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda band: _read(raster, band), bands))


def _read(raster: BlockRaster, band: Sequence[Window]) -> int:
    return sum(block.values.size for block in raster.read(band))


def by_exactextract(zones: ObjectArray, file: Path) -> FloatArray:
    """Run the peer as its users do: the classes of each zone and the fraction of each."""
    features = geopandas.GeoDataFrame(geometry=zones, crs=CRS)
    table = exact_extract(str(file), features, ["unique", "frac"], output="pandas")
    result = np.zeros((len(zones), len(CODES)))
    for zone, (codes, fractions) in enumerate(zip(table["unique"], table["frac"], strict=True)):
        result[zone, np.searchsorted(CODES, codes)] = fractions
    return result
