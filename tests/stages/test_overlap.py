from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from healthycities.errors import SchemaError
from healthycities.stages.overlap import overlap


def drawn(codes: list[str]) -> gpd.GeoDataFrame:
    """Return a square for each code."""
    squares = [box(400_000 + n, 300_000, 400_001 + n, 300_001) for n in range(len(codes))]
    content = {"small_area_code": codes, "small_area_name": codes}
    return gpd.GeoDataFrame(content, geometry=squares, crs="EPSG:27700")


def test_overlap_holds_its_result_to_the_schema(tmp_path: Path):
    """A decile of 11 would break the table of areas, so that it is told and not written."""
    codes = ["E01000001", "E01000002", "E01000003"]
    members = ["E06000022", "E06000023", "E06000025"]
    inputs = {
        "small_area_lookup": pd.DataFrame({"small_area_code": codes, "district_code": members}),
        "deprivation": pd.DataFrame(
            {"small_area_code": codes, "deprivation_rank": 1, "deprivation_decile": [1, 2, 11]}
        ),
    }
    paths = {name: tmp_path / f"{name}.parquet" for name in inputs}
    for name, table in inputs.items():
        table.to_parquet(paths[name], index=False)
    shapes, out = tmp_path / "shapes.parquet", tmp_path / "out.parquet"
    drawn(codes).to_parquet(shapes)
    districts = tmp_path / "districts.parquet"
    renamed = {"small_area_code": "district_code", "small_area_name": "district_name"}
    drawn(members).rename(columns=renamed).to_parquet(districts)
    keys = {"authorities": ["west_of_england"], "authorities_as_at": "2026-09-30", "include": []}
    with pytest.raises(SchemaError, match="1 to 10"):
        overlap(
            "areas",
            {**paths, "small_areas": shapes, "districts": districts},
            out,
            keys,
            scheduler="synchronous",
            workers=1,
        )
    assert not out.exists()


def test_processes_are_started_from_the_command_line(tmp_path: Path):
    """`python -m healthycities` on two processes writes the bytes that one thread writes."""
    codes = [f"E01{number:06d}" for number in range(1, 1101)]
    areas, shapes = tmp_path / "areas.parquet", tmp_path / "shapes.parquet"
    pd.DataFrame({"small_area_code": codes[::-1]}).to_parquet(areas, index=False)
    drawn(codes).to_parquet(shapes)
    expected, out = tmp_path / "expected.npz", tmp_path / "out.npz"
    inputs = {"areas": areas, "small_areas": shapes}
    overlap("small_area_cells", inputs, expected, {}, scheduler="synchronous", workers=1)
    command = [sys.executable, "-m", "healthycities", "overlap", "small_area_cells"]
    given = ["--input", *(f"{name}={path}" for name, path in inputs.items()), "--keys", "{}"]
    where = ["--scheduler", "processes", "--workers", "2", "--out", str(out)]
    result = subprocess.run([*command, *given, *where], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "2 of 2 blocks done" in result.stderr
    assert out.read_bytes() == expected.read_bytes()
