from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from healthycities import fields
from healthycities.errors import RegisterError, SchemaError, SourceError
from healthycities.geography.districts import known_districts
from healthycities.sources import districts
from healthycities.sources.demo import files
from healthycities.sources.demo.names import STATIC_FILES
from healthycities.sources.raw import Raw
from healthycities.tables import DISTRICTS, checked

AS_AT = date(2025, 5, 1)
# The districts of Cumbria to 31 March 2023, and what they became.
CUMBERLAND, WESTMORLAND = "E06000063", "E06000064"
BECAME_CUMBERLAND = ("E07000026", "E07000028", "E07000029")
BECAME_WESTMORLAND = ("E07000027", "E07000030", "E07000031")


def layer(path: Path, *codes: str, column: str = "LAD22CD") -> Path:
    """Write squares of 1 km side by side, one for each code."""
    shapes = [
        shapely.box(3.5e5 + 1e3 * n, 5.2e5, 3.5e5 + 1e3 * n + 1e3, 5.21e5)
        for n in range(len(codes))
    ]
    gpd.GeoDataFrame({column: codes}, geometry=shapes, crs=27700).to_file(path)
    return path


def read(*paths: Path, as_at: date = AS_AT, **words: Any) -> gpd.GeoDataFrame:
    """Read districts as at a date."""
    return districts.read(Raw(paths=paths, as_at=as_at, **words))


def test_the_demonstration_is_read(tmp_path: Path):
    """All 296 districts of May 2025 come out, with their names and their area."""
    files.write_places(tmp_path, seed=7, scale=0.05, districts=["E06000001"])
    path = tmp_path / STATIC_FILES["districts"]
    found, known = read(path), known_districts(AS_AT)
    assert len(found) == 296
    assert dict(zip(found["district_code"], found["district_name"], strict=True)) == known
    assert found[fields.DISTRICT_CODE].tolist() == sorted(known)
    assert found.area.sum() == pytest.approx(gpd.read_file(path).area.sum(), rel=1e-9)
    assert checked(found, DISTRICTS) is found


def test_districts_that_became_one_are_joined(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Three squares of 1 km side by side become one ring of 3 km2, and the log says which."""
    caplog.set_level(logging.INFO)
    found = read(layer(tmp_path / "a.gpkg", *BECAME_CUMBERLAND))
    assert found[fields.DISTRICT_CODE].tolist() == [CUMBERLAND]
    assert found[fields.DISTRICT_NAME].tolist() == ["Cumberland"]
    shape = found.geometry.iloc[0]
    assert (shape.geom_type, len(shape.geoms), shape.area) == ("MultiPolygon", 1, 3e6)
    assert "E07000026 to E06000063, E07000028 to E06000063" in caplog.text


def test_older_codes_stay_at_an_older_date(tmp_path: Path):
    """At a date before the change the same file comes out as it is."""
    path = layer(tmp_path / "a.gpkg", *BECAME_CUMBERLAND)
    found = read(path, as_at=date(2023, 3, 31))
    assert found[fields.DISTRICT_CODE].tolist() == list(BECAME_CUMBERLAND)


def test_a_recoded_district_keeps_its_shape(tmp_path: Path):
    """Barnsley has had another code since April 2025, and its name from the later date."""
    path = layer(tmp_path / "a.gpkg", "E08000016")
    found = read(path)
    assert found.iloc[0, :2].tolist() == ["E08000038", "Barnsley"]
    assert (
        found.geometry.iloc[0].normalize()
        == shapely.MultiPolygon(gpd.read_file(path).geometry.tolist()).normalize()
    )


def test_files_are_joined_before_they_are_carried(tmp_path: Path):
    """Parts of a district that became one may come in several files."""
    one = layer(tmp_path / "a.gpkg", *BECAME_CUMBERLAND[:2])
    two = layer(tmp_path / "b.gpkg", *BECAME_WESTMORLAND, *BECAME_CUMBERLAND[2:])
    for paths in ((one, two), (two, one)):
        found = read(*paths)
        assert found[fields.DISTRICT_CODE].tolist() == [CUMBERLAND, WESTMORLAND]
        assert found[fields.DISTRICT_NAME].tolist() == ["Cumberland", "Westmorland and Furness"]


def test_a_part_of_a_merged_district_is_refused(tmp_path: Path):
    """Two of Cumberland's three would make a Cumberland that is too small."""
    path = layer(tmp_path / "a.gpkg", *BECAME_CUMBERLAND[:2], *BECAME_WESTMORLAND)
    message = r"E06000063 Cumberland: .*E07000029\), found E07000026, E07000028\."
    with pytest.raises(SourceError, match=message):
        read(path)


@pytest.mark.parametrize(
    "codes",
    [
        # Cumberland beside all that it was made of.
        (*BECAME_CUMBERLAND, CUMBERLAND),
        # Taunton Deane became Somerset West and Taunton in 2019, and that Somerset in 2023.
        ("E07000187", "E07000188", "E07000189", "E07000190", "E07000191", "E07000246"),
        ("E08000016", "E08000038"),
    ],
)
def test_districts_of_two_dates_are_refused(tmp_path: Path, codes: tuple[str, ...]):
    """The same land drawn in the districts of two dates is not joined in silence."""
    with pytest.raises(SourceError, match="expected all districts of one date"):
        read(layer(tmp_path / "a.gpkg", *codes))


def test_a_chain_of_changes_is_whole_at_each_of_its_dates(tmp_path: Path):
    """Somerset is whole from the five districts of 2018 as from the four of 2020."""
    first = ("E07000187", "E07000188", "E07000189", "E07000190", "E07000191")
    second = ("E07000187", "E07000188", "E07000189", "E07000246")
    for name, codes in (("a.gpkg", first), ("b.gpkg", second)):
        found = read(layer(tmp_path / name, *codes))
        assert found[fields.DISTRICT_CODE].tolist() == ["E06000066"]
        assert found.area.tolist() == [len(codes) * 1e6]


def test_a_file_newer_than_the_date_is_refused(tmp_path: Path):
    """Codes cannot be carried back."""
    with pytest.raises(RegisterError, match=r"a\.gpkg: .*Cumberland is newer"):
        read(layer(tmp_path / "a.gpkg", CUMBERLAND), as_at=date(2022, 1, 1))


def test_an_unknown_code_is_refused(tmp_path: Path):
    """The file and the code are named."""
    with pytest.raises(RegisterError, match=r"a\.gpkg: .*E06000999"):
        read(layer(tmp_path / "a.gpkg", "E06000999"))


def test_any_published_name_may_be_mapped(tmp_path: Path):
    """The names of districts come from the register, so that the code alone is needed."""
    path = layer(tmp_path / "a.gpkg", "E08000003", column="area_code")
    for published in ("LAD25CD", "LAD21CD", "lad23cd"):
        found = read(path, columns={published: "area_code"})
        assert found[fields.DISTRICT_NAME].tolist() == ["Manchester"]
    with pytest.raises(SchemaError, match="LAD25CD, found none; the file has: area_code"):
        read(path)


def test_a_district_in_two_files(tmp_path: Path):
    """The same old code twice is no merger."""
    one, two = (layer(tmp_path / name, "E08000003") for name in ("a.gpkg", "b.gpkg"))
    with pytest.raises(SchemaError, match=r"b\.gpkg: E08000003: .*a\.gpkg too"):
        read(one, two)
