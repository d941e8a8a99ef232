from __future__ import annotations

import pandas as pd

from healthycities.publish.border_faults import said, summary

BORDERS = pd.DataFrame(
    {
        "level": ["district"] * 3,
        "fault": ["overlap", "overlap", "gap"],
        "area_code": ["E08000001", "E08000003", "E08000001"],
        "other_area_code": ["E08000002", "E08000004", "E08000003"],
        "fault_area_m2": [40.0, 2.0, 12_345.6],
        "easting_m": [1000.4, 2000.0, 3000.0],
        "northing_m": [10.0, 20.0, 30.6],
    }
)


def test_the_faults_of_a_level_are_summed():
    """Two overlaps of 40 m² and 2 m² are 42 m², the larger of them told with its place."""
    assert summary(BORDERS)["district overlap"] == {
        "count": 2,
        "area_m2": 42.0,
        "largest_area_m2": 40.0,
        "largest_between": ["E08000001", "E08000002"],
        "largest_at_m": [1000, 10],
    }
    assert sorted(summary(BORDERS)) == ["district gap", "district overlap"]


def test_a_sentence_for_each_level_with_boundaries_of_its_own():
    """Faults are told in words; a level without any says so; authorities are made of districts."""
    assert said(BORDERS, ["authority", "district", "small_area"]) == [
        "Boundaries of districts have 2 overlaps of 42 m² (the largest of 40 m² at 1000 10) and"
        " 1 gap of 1.23 ha (the largest of 1.23 ha at 3000 31).",
        "Boundaries of small areas have no overlaps and no gaps.",
    ]
