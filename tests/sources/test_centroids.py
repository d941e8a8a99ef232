from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from healthycities.errors import CrsError, SchemaError
from healthycities.sources.centroids import read
from healthycities.sources.raw import Raw


def centroids(tmp_path: Path, text: str, **said: object) -> pd.DataFrame:
    """Read centroids of this text."""
    path = tmp_path / "centroids.csv"
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2025, 6, 1), **said))


@pytest.mark.parametrize("header", ["FID,LSOA21CD,x,y", "objectid,lsoa11cd,X,Y"])
def test_centroids_are_read_sorted_and_without_wales(tmp_path, header):
    """Columns are found in any case; metres are kept to the last digit."""
    text = f"{header}\n1,E01000002,423162.659,564144.35700000077486\n2,W01000001,300000,200000\n"
    found = centroids(tmp_path, text + "3,E01000001,532151,181615\n")
    assert found.to_numpy().tolist() == [
        ["E01000001", 532151.0, 181615.0],
        ["E01000002", 423162.659, 564144.35700000077486],
    ]


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [
        ("-0.0952", "51.518", "which look like degrees"),
        ("51.518", "-0.0952", "which look like degrees"),
        ("181615", "932151", "expected a point of England in metres of EPSG:27700, found x 181615"),
        ("-10600", "6711000", "expected a point of England"),
        ("0", "0", "expected a point of England"),
    ],
)
def test_coordinates_outside_england_are_told(tmp_path, x, y, problem):
    """Degrees, metres of another system, and columns exchanged: with the line."""
    text = f"LSOA21CD,x,y\nE01000001,532151,181615\nE01000002,{x},{y}\n"
    with pytest.raises(CrsError, match=problem) as caught:
        centroids(tmp_path, text)
    assert caught.value.place == "line 3"


def test_another_system_is_not_converted_in_silence(tmp_path):
    """`crs` may confirm EPSG:27700; any other is refused."""
    text = "LSOA21CD,x,y\nE01000001,532151,181615\n"
    assert len(centroids(tmp_path, text, crs="epsg:27700")) == 1
    with pytest.raises(CrsError, match="says EPSG:4326"):
        centroids(tmp_path, text, crs="EPSG:4326")


def test_a_small_area_that_stands_twice_is_named(tmp_path):
    """With both lines."""
    text = "LSOA21CD,x,y\nE01000001,532151,181615\nE01000001,532151,181615\n"
    with pytest.raises(SchemaError, match="line 3: E01000001 stands there and on line 2"):
        centroids(tmp_path, text)
