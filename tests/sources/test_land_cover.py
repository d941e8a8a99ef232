from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from tests.io.test_blocks import raster

from healthycities.errors import CrsError, SourceError
from healthycities.io.hashing import sha256
from healthycities.sources import land_cover
from healthycities.sources.land_cover import read
from healthycities.sources.raw import Raw

VALUES = np.full((40, 30), 10, np.uint8)
TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}


def raw(*paths: Path, **said: object) -> Raw:
    """Return what the reader is given of some files."""
    return Raw(paths, date(2026, 9, 30), **said)


@pytest.mark.parametrize("layout", [{}, TILED, {"driver": "COG"}])
def test_a_raster_is_described_and_left_where_it_is(tmp_path: Path, layout: dict[str, object]):
    """Strips, tiles and a COG are each told by path, size, hash and vintage, and not changed."""
    path = raster(tmp_path / "a.tif", VALUES, **layout)
    before = path.read_bytes()
    found = read(raw(path, vintage=2021))
    assert (found.path, found.size_bytes, found.year) == (str(path), len(before), 2021)
    assert found.sha256 == sha256(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]


def test_no_cell_is_decoded(tmp_path: Path):
    """A file whose cells cannot be decoded, its header being whole, is described all the same."""
    noise = np.random.default_rng(1).integers(0, 99, (400, 300), dtype=np.uint8)
    path = raster(tmp_path / "a.tif", noise, **TILED)
    with rasterio.open(path) as opened:
        place = int(opened.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[place : place + 20] = bytes(20)
    path.write_bytes(content)
    with rasterio.open(path) as opened, pytest.raises(rasterio.errors.RasterioIOError):
        opened.read(1)
    assert read(raw(path)).sha256 == sha256(path)


def test_the_system_may_be_said_for_the_file(tmp_path: Path):
    """A raster that does not say its own is described with what the configuration says."""
    path = raster(tmp_path / "a.tif", VALUES, crs=None)
    assert read(raw(path, crs="EPSG:27700")).crs == "EPSG:27700"
    with pytest.raises(CrsError, match="found none"):
        read(raw(path))


@pytest.mark.parametrize(
    ("profile", "error", "problem"),
    [
        ({"crs": "EPSG:32630"}, CrsError, r"expected EPSG:27700, found EPSG:32630\. Warp it"),
        ({"crs": "EPSG:4326"}, CrsError, "found EPSG:4326"),
        ({"transform": rasterio.Affine(10, 0, 0, 0, -25, 0)}, SourceError, "square cells"),
        ({"transform": rasterio.Affine(10, 0, 0, 0, 10, 0)}, SourceError, "north up"),
        ({"driver": "PNG"}, SourceError, "expected a GeoTIFF, found PNG"),
    ],
)
def test_a_raster_of_another_kind_is_refused(
    tmp_path: Path, profile: dict[str, object], error: type[Exception], problem: str
):
    """Another system, degrees, cells that are not square or north up, other formats: each told."""
    path = raster(tmp_path / "a.tif", VALUES, **profile)
    with pytest.raises(error, match=rf"a\.tif: .*{problem}"):
        read(raw(path, crs="EPSG:27700" if profile.get("driver") == "PNG" else None))


def test_a_list_of_other_files_is_refused(tmp_path: Path):
    """A VRT only names files, whose change would go unseen."""
    path = raster(tmp_path / "a.tif", VALUES)
    rasterio.shutil.copy(path, tmp_path / "a.vrt", driver="VRT")
    with pytest.raises(SourceError, match=r"a\.vrt: expected a GeoTIFF, found VRT.*gdal_translate"):
        read(raw(tmp_path / "a.vrt"))


def test_several_bands_and_several_files_are_refused(tmp_path: Path):
    """Which band or file is meant is not guessed."""
    bands = raster(tmp_path / "a.tif", np.stack([VALUES, VALUES]))
    with pytest.raises(SourceError, match="expected one band, found 2"):
        read(raw(bands))
    with pytest.raises(SourceError, match=r"expected one raster, found 2\. .*gdalbuildvrt"):
        read(raw(bands, bands))


def test_a_block_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A raster in one strip has to be decoded whole; here at most 1,000 cells may be."""
    monkeypatch.setattr(land_cover, "_MOST_CELLS", 1000)
    path = raster(tmp_path / "a.tif", VALUES, blockysize=40)
    with pytest.raises(SourceError, match=r"at most 1,000 cells.*found blocks of 1,200\. Write it"):
        read(raw(path))
