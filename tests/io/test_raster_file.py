from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.io.test_blocks import GRID, raster

from healthycities.errors import CrsError, SourceError
from healthycities.io.raster_file import described, read_raster_file, write_raster_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a raster of noise, which no compression makes small."""
    values = np.random.default_rng(1).integers(0, 200, GRID.shape, dtype=np.uint8)
    return raster(tmp_path / "a.tif", values)


def test_a_raster_is_found_again_by_its_description(path: Path, tmp_path: Path):
    """Grid, year and values come back through a description that is small beside the raster."""
    write_raster_file(tmp_path / "a.json", described(path, crs=None, year=2021))
    found = read_raster_file(tmp_path / "a.json")
    assert (found.raster.grid, found.year) == (GRID, 2021)
    (block, *_) = found.raster.read(found.raster.windows)
    assert block.values.any()
    assert (tmp_path / "a.json").stat().st_size < path.stat().st_size / 100


def test_other_content_is_another_description(path: Path):
    """One byte more or less changes the description; a new date of the same content does not."""
    before = described(path, crs=None, year=None)
    os.utime(path, (0, 0))
    assert described(path, crs=None, year=None) == before
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    after = described(path, crs=None, year=None)
    assert after.size_bytes == before.size_bytes
    assert after != before


def test_a_relative_path_is_made_absolute(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A worker in another folder reads the same file."""
    monkeypatch.chdir(tmp_path)
    write_raster_file(Path("a.json"), described(Path("a.tif"), crs=None, year=None))
    assert read_raster_file(Path("a.json")).raster.path == path


def test_what_the_file_does_not_say_of_its_place_is_kept(tmp_path: Path):
    """The system that the configuration says is said again when the raster is opened."""
    path = raster(tmp_path / "a.tif", np.zeros((4, 4), np.uint8), crs=None)
    write_raster_file(tmp_path / "a.json", described(path, crs="EPSG:27700", year=None))
    assert read_raster_file(tmp_path / "a.json").raster.grid.crs == "EPSG:27700"
    write_raster_file(tmp_path / "b.json", described(path, crs=None, year=None))
    with pytest.raises(CrsError):
        read_raster_file(tmp_path / "b.json")


def test_a_raster_that_was_replaced_on_the_way_is_refused(path: Path, tmp_path: Path):
    """A raster of another size than the one that was checked is told, and not read."""
    write_raster_file(tmp_path / "a.json", described(path, crs=None, year=None))
    raster(path, np.zeros((4, 4), np.uint8))
    with pytest.raises(SourceError, match=r"a\.tif: expected the [\d,]+ bytes .* start the run"):
        read_raster_file(tmp_path / "a.json")
