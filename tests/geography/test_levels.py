from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthycities.geography.levels import Levels

EVERY = ("small_area", "district", "authority", "england", "deprivation_decile")


@pytest.fixture
def table():
    """Return three small areas, the last of them in no authority."""
    return pd.DataFrame(
        {
            "small_area_code": ["A", "B", "C"],
            "small_area_name": ["a", "b", "c"],
            "district_code": ["E2", "E2", "E1"],
            "district_name": ["Two", "Two", "One"],
            "authority_code": ["X", "X", None],
            "authority_name": ["Ex", "Ex", None],
            "deprivation_decile": pd.array([10, 1, 1], dtype="Int64"),
            "all_england": True,
        }
    )


def test_every_level_weighs_the_small_areas_that_lie_in_it(table):
    """Each area has a 1 for each of its small areas, and the order is that of the codes."""
    found = {level.level: level for level in Levels(table).of_small_areas(EVERY)}
    assert set(found) == set(EVERY)
    assert found["district"].names.tolist() == ["One", "Two"]
    assert found["district"].weights.matrix.toarray().tolist() == [[0, 0, 1], [1, 1, 0]]
    assert found["authority"].weights.matrix.toarray().tolist() == [[1, 1, 0]]
    assert found["england"].weights.matrix.toarray().tolist() == [[1, 1, 1]]
    assert found["small_area"].weights.matrix.toarray().tolist() == np.eye(3).tolist()
    assert found["deprivation_decile"].names.tolist() == [
        "Deprivation decile 1 (most deprived)",
        "Deprivation decile 10 (least deprived)",
    ]


def test_a_part_of_england_is_not_england(table):
    """Where districts are missing, there is no level England that would claim to be the whole."""
    levels = Levels(table.assign(all_england=False))
    assert [level.level for level in levels.of_small_areas(["authority", "england"])] == [
        "authority"
    ]


def test_deciles_of_a_part_of_england_say_so(table):
    """National deciles of the areas in a run are not England's deciles."""
    (level,) = Levels(table.assign(all_england=False)).of_small_areas(["deprivation_decile"])
    assert level.names[0] == "Deprivation decile 1 (most deprived), in the areas of this run"


def test_without_deciles_there_is_no_level_of_deciles(table):
    """Deciles that are not given make no areas."""
    nothing = pd.array([pd.NA] * 3, dtype="Int64")
    levels = Levels(table.assign(deprivation_decile=nothing))
    assert not list(levels.of_small_areas(["deprivation_decile"]))


def test_districts_are_weighed_in_the_areas_above_them(table):
    """District One is in England and in no authority; there is no level below a district."""
    levels = Levels(table)
    assert levels.districts["district_code"].tolist() == ["E1", "E2"]
    found = {level.level: level for level in levels.of_districts(EVERY)}
    assert set(found) == {"district", "authority", "england"}
    assert found["authority"].weights.matrix.toarray().tolist() == [[0, 1]]


def test_without_small_areas_districts_are_the_smallest(table):
    """Districts, authorities and England are there; small areas and deciles are not."""
    columns = ["small_area_code", "small_area_name", "deprivation_decile"]
    levels = Levels(table.drop(columns=columns).drop_duplicates(ignore_index=True))
    found = {level.level: level for level in levels.of_smallest(EVERY)}
    assert set(found) == {"district", "authority", "england"}
    assert found["authority"].weights.columns.tolist() == ["E2", "E1"]
    assert found["authority"].weights.matrix.toarray().tolist() == [[1, 0]]
    assert (levels.smallest, Levels(table).smallest) == ("district_code", "small_area_code")
