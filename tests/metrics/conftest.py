"""Five small areas: two districts of one authority, and one district of none."""

from __future__ import annotations

import pandas as pd
import pytest

from healthycities.catalogue import Measure
from healthycities.geography.levels import Levels

SMALL_AREAS = [f"E0100000{n}" for n in range(1, 6)]
BOLTON, BURY, SWINDON = "E08000001", "E08000002", "E06000030"


@pytest.fixture
def areas() -> pd.DataFrame:
    """Return the table of areas; its districts stand for all of England."""
    return pd.DataFrame(
        {
            "small_area_code": SMALL_AREAS,
            "small_area_name": [f"Area {n}" for n in range(1, 6)],
            "district_code": [BOLTON, BOLTON, BURY, BURY, SWINDON],
            "district_name": ["Bolton", "Bolton", "Bury", "Bury", "Swindon"],
            "authority_code": ["E47000001"] * 4 + [None],
            "authority_name": ["Greater Manchester Combined Authority"] * 4 + [None],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([1, 10, 1, 2, 10], dtype="Int64"),
            "all_england": True,
        }
    )


@pytest.fixture
def levels(areas: pd.DataFrame) -> Levels:
    """Return the levels of the five small areas."""
    return Levels(areas)


@pytest.fixture
def population() -> pd.DataFrame:
    """Return 100, 300, 200, 400 and 1000 people, in another order than the areas."""
    people = {"small_area_code": SMALL_AREAS, "year": 2022, "people": [100.0, 300, 200, 400, 1000]}
    return pd.DataFrame(people).iloc[::-1].reset_index(drop=True)


@pytest.fixture
def measure() -> Measure:
    """Return some measure."""
    return Measure("share_pct", "A share", "%", "neither", "proportion", "Counted.")
