from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from healthycities.errors import CrsError, HealthycitiesError, SchemaError
from healthycities.sources.own_places import read
from healthycities.sources.raw import Raw

SMALL = "LSOA21CD,place_code,place_name\n"
DISTRICTS = "LAD23CD,place_code\n"


def listed(tmp_path: Path, text: str, **said: object) -> list[list[str]]:
    """Read a list of this text, as rows of place, name and part."""
    path = tmp_path / "places.csv"
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2025, 6, 1), **said)).to_numpy().tolist()


def test_a_list_of_small_areas_is_read_by_code(tmp_path):
    """Wales is left out, and a place keeps its name."""
    text = SMALL + "E01000002,B,Bee\nW01000001,B,Bee\nE01000001,A,Ay\n"
    assert listed(tmp_path, text) == [["A", "Ay", "E01000001"], ["B", "Bee", "E01000002"]]


def test_columns_have_the_names_that_are_said(tmp_path):
    """A published lookup serves as it is; of small areas and districts the one that is named."""
    text = "LSOA21CD,LAD23CD,ICB23CD,ICB23NM\nE01000001,E08000003,E54000057,Manchester\n"
    names = {"place_code": "ICB23CD", "place_name": "ICB23NM"}
    found = listed(tmp_path, text, columns=names)
    assert found == [["E54000057", "Manchester", "E01000001"]]
    by_district = listed(tmp_path, text, columns={**names, "LAD23CD": "LAD23CD"})
    assert by_district == [["E54000057", "Manchester", "E08000003"]]


def test_a_place_without_a_name_is_called_by_its_code(tmp_path):
    """A list may leave names out, and districts may be those of an older date."""
    text = DISTRICTS + "E08000003,M\nE08000016,B\n"
    assert listed(tmp_path, text) == [["M", "M", "E08000003"], ["B", "B", "E08000038"]]


def test_districts_that_merged_are_one_part_of_their_place(tmp_path):
    """The three that became Cumberland, in one place, are Cumberland."""
    text = DISTRICTS + "E07000026,C\nE07000028,C\nE07000029,C\n"
    assert listed(tmp_path, text) == [["C", "C", "E06000063"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL + "E01000001,A,Ay\nE01000001,B,Bee\n", "E01000001 stands there and on line 2"),
        (SMALL + "E01000001,A,Ay\nE01000002,A,Other\n", "line 3.*expected one name for each place"),
        (SMALL + "E01000001,,Ay\n", "line 2.*expected the code of a place, found nothing"),
        (SMALL + "Leeds,A,Ay\n", "line 2.*expected the code of a small area"),
        (DISTRICTS + "E08000093,A\n", "E08000093.* is unknown .nearest known: "),
        (DISTRICTS + "E07000026,A\nE07000028,A\nE07000029,B\n", "E06000063 in one place"),
        (DISTRICTS + "E07000026,A\nE07000028,A\n", "E07000026, E07000028, E07000029"),
        ("LSOA21CD,name\nE01000001,A\n", "place_code"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(tmp_path, text: str, said: str):
    """A code twice, two names, no code, no area of England, parts of a district, no column."""
    with pytest.raises(HealthycitiesError, match=f"(?s){said}"):
        listed(tmp_path, text)


def outlines(tmp_path: Path, crs: str | None = "EPSG:27700", **columns: object) -> Path:
    """Write two squares side by side, the second of them first."""
    shapes = [box(401_000, 300_000, 402_000, 301_000), box(400_000, 300_000, 401_000, 301_000)]
    frame = gpd.GeoDataFrame({"place_code": ["B", "A"], **columns}, geometry=shapes, crs=crs)
    path = tmp_path / "places.shp"
    frame.to_file(path)
    return path


def test_outlines_are_read_by_code(tmp_path):
    """They are on the National Grid, sorted, and called by their codes where they have no names."""
    path = outlines(tmp_path)
    found = read(Raw((path,), date(2025, 6, 1)))
    assert found["place_code"].tolist() == found["place_name"].tolist() == ["A", "B"]
    assert found.crs.to_epsg() == 27700
    assert found.geometry.iloc[0].bounds == (400_000, 300_000, 401_000, 301_000)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_outlines_without_a_reference_system_are_refused(tmp_path):
    """Nothing is guessed; the configuration may say what the file does not."""
    path = outlines(tmp_path, crs=None)
    with pytest.raises(CrsError, match="coordinate reference system"):
        read(Raw((path,), date(2025, 6, 1)))
    assert len(read(Raw((path,), date(2025, 6, 1), crs="EPSG:27700"))) == 2


def test_an_outline_twice_is_refused(tmp_path):
    """Two shapes of one place are two rows of one code."""
    path = outlines(tmp_path, place_code=["A", "A"])
    with pytest.raises(SchemaError, match="A: expected each feature once"):
        read(Raw((path,), date(2025, 6, 1)))
