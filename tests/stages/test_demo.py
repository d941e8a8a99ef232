from __future__ import annotations

from pathlib import Path

import pandas as pd

from healthycities.sources.demo.names import file_name
from healthycities.stages.demo import draw_places


def test_the_demonstration_has_a_planned_authority_where_it_is_included(tmp_path: Path):
    """Small areas are drawn for the twelve districts of Norfolk and Suffolk."""
    keys = {
        "demo": {"seed": 1, "scale": 0.005},
        "authorities": ["norfolk_suffolk"],
        "authorities_as_at": "2026-09-30",
        "include": ["planned"],
    }
    draw_places(tmp_path, keys)
    lookup = pd.read_csv(tmp_path / file_name("small_area_lookup"))
    assert lookup["LAD25CD"].nunique() == 12


def test_the_demonstration_is_cut_to_the_authorities_asked_for(tmp_path: Path):
    """Small areas are drawn for the five districts of Tees Valley and for no other."""
    keys = {
        "demo": {"seed": 1, "scale": 0.005},
        "authorities": ["tees_valley"],
        "authorities_as_at": "2026-09-30",
        "include": [],
    }
    draw_places(tmp_path, keys)
    lookup = pd.read_csv(tmp_path / file_name("small_area_lookup"))
    assert sorted(lookup["LAD25CD"].unique()) == [f"E0600000{n}" for n in range(1, 6)]
