from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import CrsError, SchemaError
from healthycities.sources import small_areas
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw
from healthycities.tables import SMALL_AREAS, checked

AS_AT = date(2025, 5, 1)


def raw(*paths: Path, **columns: str) -> Raw:
    """Return what a reader is given for some files."""
    return Raw(paths=paths, as_at=AS_AT, columns=columns)


def layer(path: Path, *codes: str, code: str = "LSOA21CD", name: str = "LSOA21NM") -> Path:
    """Write squares side by side, one for each code."""
    shapes = [shapely.box(4e5 + 100 * n, 3e5, 4e5 + 100 * n + 100, 3e5 + 100) for n in range(9)]
    columns = {code: codes, name: [f"Area {each}" for each in codes]}
    gpd.GeoDataFrame(columns, geometry=shapes[: len(codes)], crs=27700).to_file(path)
    return path


def test_the_demonstration_is_read(tmp_path: Path):
    """The demonstration writes the publisher's layout: all of its small areas come out."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001", "E06000002"])
    path = tmp_path / STATIC_FILES["small_areas"]
    found, written = small_areas.read(raw(path)), gpd.read_file(path)
    assert found[fields.SMALL_AREA_CODE].tolist() == sorted(written["LSOA21CD"])
    assert found.area.sum() == pytest.approx(written.area.sum(), rel=1e-12)
    assert found.crs == "EPSG:27700"
    assert checked(found, SMALL_AREAS) is found


def test_several_files_are_sorted_together(tmp_path: Path):
    """One file for each borough, of either census, in order of code."""
    one = layer(tmp_path / "a.gpkg", "E01000003", "E01000001")
    two = layer(tmp_path / "b.gpkg", "E01000002", code="lsoa21cd", name="lsoa21nm")
    found = small_areas.read(raw(one, two))
    assert found[fields.SMALL_AREA_CODE].tolist() == ["E01000001", "E01000002", "E01000003"]
    assert found[fields.SMALL_AREA_NAME].iloc[1] == "Area E01000002"
    assert found.index.tolist() == [0, 1, 2]
    older = layer(tmp_path / "c.gpkg", "E01000001", code="LSOA11CD", name="LSOA11NM")
    assert len(small_areas.read(raw(older))) == 1


def test_wales_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """The publisher's file holds England and Wales."""
    caplog.set_level(logging.INFO)
    found = small_areas.read(raw(layer(tmp_path / "a.gpkg", "W01000001", "E01000001")))
    assert found[fields.SMALL_AREA_CODE].tolist() == ["E01000001"]
    assert "left out 1 features outside England" in caplog.text


def test_other_names_of_columns(tmp_path: Path):
    """An extract that renames its columns is read once the configuration says how."""
    path = layer(tmp_path / "a.gpkg", "E01000001", code="area_code", name="area_name")
    with pytest.raises(SchemaError, match=r"LSOA21CD, found none; .*: area_code, area_name\."):
        small_areas.read(raw(path))
    assert len(small_areas.read(raw(path, LSOA21CD="area_code", LSOA21NM="area_name"))) == 1


def test_a_small_area_in_two_files(tmp_path: Path):
    """Two files of one borough are told by the code that they share."""
    one, two = (layer(tmp_path / name, "E01000001") for name in ("a.gpkg", "b.gpkg"))
    with pytest.raises(SchemaError, match=r"b\.gpkg: E01000001: .*a\.gpkg too"):
        small_areas.read(raw(one, two))


def test_areas_of_another_kind(tmp_path: Path):
    """Middle layer areas are not taken for lower layer ones."""
    path = layer(tmp_path / "a.gpkg", "E02000001")
    with pytest.raises(SchemaError, match=r"a\.gpkg: .*small area.*found 'E02000001'"):
        small_areas.read(raw(path))


def test_a_file_without_reference_system(tmp_path: Path):
    """The message names the line of the configuration that is wanted."""
    frame = gpd.read_file(layer(tmp_path / "a.gpkg", "E01000001"))
    with pytest.warns(UserWarning, match="crs"):
        frame.set_crs(None, allow_override=True).to_file(tmp_path / "b.gpkg")
    with pytest.raises(CrsError, match="`crs: EPSG:27700`"):
        small_areas.read(raw(tmp_path / "b.gpkg"))
    known = Raw(paths=(tmp_path / "b.gpkg",), as_at=AS_AT, crs="EPSG:27700")
    assert len(small_areas.read(known)) == 1
