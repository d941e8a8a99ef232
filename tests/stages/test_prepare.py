from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from healthycities import tables
from healthycities.errors import HealthycitiesError
from healthycities.stages.prepare import prepare

HOW = {
    "as_at": "2026-09-30",
    "divides": False,
    "vintage": None,
    "crs": None,
    "layer": None,
    "columns": {},
}
CENTROIDS = "FID,LSOA21CD,x,y\n1,E01000002,400000.5,300000.0\n2,E01000001,410000.0,310000.0\n"


def test_prepare_writes_a_table_of_one_form(tmp_path: Path):
    """Two centroids are read from a CSV file and stand in the schema of their source."""
    raw, out = tmp_path / "centroids.csv", tmp_path / "deep" / "centroids.parquet"
    raw.write_text(CENTROIDS, encoding="utf-8")
    prepare("centroids", [raw], out, HOW)
    table = tables.checked(pd.read_parquet(out), tables.CENTROIDS)
    assert dict(zip(table["small_area_code"], table["easting_m"], strict=True)) == {
        "E01000001": 410_000.0,
        "E01000002": 400_000.5,
    }


def test_prepare_takes_the_columns_that_the_configuration_names(tmp_path: Path):
    """A file with columns of its own is read by what is said of them."""
    raw, out = tmp_path / "centroids.csv", tmp_path / "centroids.parquet"
    raw.write_text(CENTROIDS.replace(",x,", ",east,"), encoding="utf-8")
    prepare("centroids", [raw], out, {**HOW, "columns": {"x": "east"}})
    assert len(pd.read_parquet(out)) == 2


def test_prepare_writes_the_same_bytes_twice(tmp_path: Path):
    """The prepared file depends on the raw file alone."""
    raw, first, second = (tmp_path / name for name in ("c.csv", "1.parquet", "2.parquet"))
    raw.write_text(CENTROIDS, encoding="utf-8")
    for out in (first, second):
        prepare("centroids", [raw], out, HOW)
    assert first.read_bytes() == second.read_bytes()


def test_prepare_leaves_what_stands_where_a_file_is_bad(tmp_path: Path):
    """A bad file stops the step before its output is touched, and nothing else is left."""
    raw, out = tmp_path / "centroids.csv", tmp_path / "centroids.parquet"
    raw.write_text(CENTROIDS.replace("400000.5", "n/a"), encoding="utf-8")
    out.write_text("of an earlier run", encoding="utf-8")
    with pytest.raises(HealthycitiesError, match="line 2"):
        prepare("centroids", [raw], out, HOW)
    assert out.read_text(encoding="utf-8") == "of an earlier run"
    assert sorted(item.name for item in tmp_path.iterdir()) == [raw.name, out.name]
