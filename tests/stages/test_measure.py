from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from healthycities import tables
from healthycities.health.access_standards import access_standards
from healthycities.stages.measure import measure

WHO = access_standards()["who_300m"]
KEYS = {"greenspace.used_standards": [WHO]}


@pytest.fixture
def access(tmp_path: Path) -> dict[str, Path]:
    """Write the inputs of access to greenspace: two small areas, 100 m and 400 m from a point."""
    areas = pd.DataFrame(
        {
            "small_area_code": ["E01000001", "E01000002"],
            "small_area_name": ["One", "Two"],
            "district_code": "E06000030",
            "district_name": "Swindon",
            "authority_code": pd.Series([None, None], dtype="str"),
            "authority_name": pd.Series([None, None], dtype="str"),
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([None, None], dtype="Int64"),
            "all_england": False,
        }
    )
    codes = areas[["small_area_code"]]
    inputs = {
        "areas": areas,
        "centroid_access": codes.assign(
            min_area_ha=0.5, distance_m=[100.0, 400.0], sites_known=True
        ),
        "small_area_population": codes.assign(year=2022, people=[1000.0, 3000.0]),
    }
    paths = {name: tmp_path / f"{name}.parquet" for name in inputs}
    for name, table in inputs.items():
        table.to_parquet(paths[name], index=False)
    return paths


def test_measure_writes_the_rows_of_one_year(access: dict[str, Path], tmp_path: Path):
    """1,000 of 4,000 people live within 300 m: 25 % of Swindon, which is in no authority."""
    out = tmp_path / "measured.parquet"
    measure("greenspace_access", access, out, KEYS, year=2022)
    rows = tables.checked(pd.read_parquet(out), tables.MEASURES)
    assert rows["level"].tolist() == ["small_area", "small_area", "district"]
    assert rows["value"].tolist() == [100.0, 0.0, 25.0]
    assert rows["numerator"].tolist() == [1000.0, 0.0, 1000.0]
    assert rows["year"].unique().tolist() == [2022]


def test_measure_computes_every_standard_of_the_configuration(
    access: dict[str, Path], tmp_path: Path
):
    """Within 300 m live a quarter, within 500 m all; each has its measure, and its method says so.

    In the order of the configuration, from one reading of the distances.
    """
    own = {**WHO, "standard_id": "own", "max_distance_m": 500}
    out = tmp_path / "measured.parquet"
    measure("greenspace_access", access, out, {"greenspace.used_standards": [own, WHO]}, year=2022)
    rows = pd.read_parquet(out).set_index("metric")
    names = [f"greenspace_{name}_straight_pct" for name in ("own", "who_300m")]
    assert rows.index.unique().tolist() == names
    assert rows.loc[names[0], "value"].tolist() == [100.0, 100.0, 100.0]
    assert rows.loc[names[1], "value"].tolist() == [100.0, 0.0, 25.0]
    assert rows.loc[names[0], "method"].str.contains("at most 500 m").all()
