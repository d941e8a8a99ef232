from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthycities import level_names
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
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
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


def test_authorities_and_what_lies_outside_them_make_up_england(table):
    """Area C lies in no authority: it is the rest, by name, where all of England is there."""
    levels = Levels(table)
    (outside,) = levels.of_small_areas(["outside_authorities"])
    assert outside.names.tolist() == ["England outside strategic authorities"]
    assert outside.weights.rows.tolist() == ["outside_authorities"]
    assert outside.weights.matrix.toarray().tolist() == [[0, 0, 1]]
    part = Levels(table.assign(all_england=False))
    assert not list(part.of_small_areas(["outside_authorities"]))


def test_what_lies_outside_says_so_where_planned_authorities_are_reported_on(table):
    """Their districts are in them then, so that authorities and the rest still make up England."""
    planned = table["authority_name"].where(table["authority_name"].isna(), "X (planned)")
    (outside,) = Levels(table.assign(authority_name=planned)).of_small_areas(
        ["outside_authorities"]
    )
    assert outside.names.tolist() == ["England outside strategic authorities and planned ones"]


@pytest.mark.parametrize("authority", [None, "X"])
def test_there_is_no_outside_where_all_or_nothing_is_in_authorities(table, authority):
    """What would be nothing, or all of England, is no area."""
    levels = Levels(table.assign(authority_code=authority, authority_name=authority))
    assert not list(levels.of_districts(["outside_authorities"]))


def test_a_region_is_given_where_the_run_has_all_of_it(table):
    """A part of a region would pass for the whole."""
    regions = table.assign(
        region_code=["R2", "R2", "R1"], region_name=["Second", "Second", "First"]
    )
    assert not list(Levels(regions).of_districts(["region"]))
    levels = Levels(regions.assign(whole_region=[True, True, False]))
    (found,) = levels.of_districts(["region"])
    assert found.names.tolist() == ["Second"]
    assert found.weights.matrix.toarray().tolist() == [[0, 1]]


@st.composite
def tables_of_areas(draw):
    """Draw small areas in districts, and districts in authorities or none, and in regions."""
    n_districts = draw(st.integers(1, 6))
    of_authority = draw(st.lists(st.sampled_from([None, "X", "Y"]), min_size=6, max_size=6))
    of_region = draw(st.lists(st.sampled_from(["R", "S"]), min_size=6, max_size=6))
    district = draw(st.lists(st.integers(0, n_districts - 1), min_size=1, max_size=20))
    return pd.DataFrame(
        {
            "small_area_code": [f"A{n:02d}" for n in range(len(district))],
            "small_area_name": "a",
            "district_code": [f"E{n}" for n in district],
            "district_name": [f"District {n}" for n in district],
            "authority_code": pd.array([of_authority[n] for n in district], dtype=object),
            "authority_name": pd.array([of_authority[n] for n in district], dtype=object),
            "region_code": [of_region[n] for n in district],
            "region_name": [of_region[n] for n in district],
            "whole_region": True,
            "deprivation_decile": pd.array([1] * len(district), dtype="Int64"),
            "all_england": True,
        }
    )


@settings(max_examples=60, deadline=None)
@given(tables_of_areas(), st.integers(0, 2**32 - 1))
def test_parts_add_up_whatever_the_memberships(areas, seed):
    """Districts, regions, and authorities with the rest, each add up to England, to the last one.

    Sums of whole numbers are exact, so that one person too many or too few would be seen.
    """
    people = np.random.default_rng(seed).integers(0, 3000, len(areas)).astype(float)
    sums = {
        level.level: float((level.weights.matrix @ people).sum())
        for level in Levels(areas).of_small_areas(level_names.LEVELS)
    }
    outside = sums.get("outside_authorities", 0.0)
    if areas["authority_code"].notna().any():
        assert sums["authority"] + outside == people.sum()
    for level in ("small_area", "district", "region", "england", "deprivation_decile"):
        assert sums[level] == people.sum()


# --- Places of one's own ---


def members(**places: dict[str, float]) -> pd.DataFrame:
    """Return a set of places, each with the share of each part that lies in it."""
    rows = [
        {"place_set": "mine", "place_code": code, "place_name": code.lower(), "part_code": part}
        | {"part_share": share}
        for code, parts in places.items()
        for part, share in parts.items()
    ]
    return pd.DataFrame(rows)


def test_a_set_of_places_is_a_level_of_its_name(table):
    """Asked for as places, or by its name; after all other levels; by code, whole or in part."""
    levels = Levels(table, members(Q={"C": 1.0, "B": 0.25}, P={"A": 1.0, "B": 0.75}))
    assert levels.names == (*level_names.LEVELS, "mine")
    for wanted in ("place", "mine"):
        (level,) = levels.of_small_areas([wanted])
        assert (level.level, level.on_card) == ("mine", "place")
        assert level.names.tolist() == ["p", "q"]
        assert level.weights.rows.tolist() == ["P", "Q"]
        assert level.weights.matrix.toarray().tolist() == [[1, 0.75, 0], [0, 0.25, 1]]
    assert not list(Levels(table).of_small_areas(["place"]))


def test_a_card_that_names_places_names_every_set(table):
    """A measure that is given for districts alone is given for no place."""
    (level,) = Levels(table, members(P={"A": 1.0})).of_small_areas(["place"])
    assert level.is_among(())
    assert level.is_among(("district", "place"))
    assert not level.is_among(("district",))


def test_the_share_of_what_a_place_cuts_is_told(table):
    """Of 100 and three quarters of 400 people, 300 of 400 are of an area that the place cuts."""
    levels = Levels(table, members(P={"A": 1.0, "B": 0.75}, Q={"C": 1.0}))
    (level,) = levels.of_small_areas(["mine"])
    assert level.estimated_share(np.array([100.0, 400.0, 7.0])).tolist() == [0.75, 0.0]
    (district,) = levels.of_small_areas(["district"])
    assert district.estimated_share(np.array([100.0, 400.0, 7.0])).tolist() == [0.0, 0.0]


def test_a_place_of_whole_districts_is_weighed_in_districts(table):
    """District E2 has areas A and B: P has both, Q has E1, and R, of B alone, has nothing."""
    levels = Levels(table, members(P={"A": 1.0, "B": 1.0}, Q={"C": 1.0}))
    (level,) = levels.of_districts(["place"])
    assert level.weights.columns.tolist() == ["E1", "E2"]
    assert level.weights.matrix.toarray().tolist() == [[0, 1], [1, 0]]
    assert level.unknown == (None, None)


def test_a_place_that_cuts_a_district_says_so_and_has_no_weight(table):
    """It has nothing of the district, nor of another that it holds whole."""
    levels = Levels(table, members(P={"A": 1.0, "C": 1.0}, Q={"B": 1.0}))
    (level,) = levels.of_districts(["place"])
    assert level.weights.matrix.toarray().tolist() == [[0, 0], [0, 0]]
    said = "counted by district, and the place cuts E2 Two (1 of its 2 small areas)"
    assert level.unknown == (said, said)
    assert level.owners.empty


def test_many_districts_that_are_cut_are_counted():
    """A note has room for three names."""
    n = 10
    table = pd.DataFrame(
        {
            "small_area_code": [f"A{k}" for k in range(n)],
            "district_code": [f"E{k // 2}" for k in range(n)],
            "district_name": [f"D{k // 2}" for k in range(n)],
            "all_england": True,
        }
    )
    levels = Levels(table, members(P={f"A{k}": 1.0 for k in range(0, n, 2)}))
    (level,) = levels.of_districts(["place"])
    assert level.unknown[0].endswith("E2 D2 (1 of its 2 small areas), and 2 more")


def test_districts_are_the_parts_where_there_are_no_small_areas(table):
    """A run of districts has places of districts, none of which can be cut."""
    columns = ["small_area_code", "small_area_name", "deprivation_decile"]
    areas = table.drop(columns=columns).drop_duplicates(ignore_index=True)
    (level,) = Levels(areas, members(P={"E1": 1.0})).of_districts(["mine"])
    assert level.weights.matrix.toarray().tolist() == [[1, 0]]
    assert level.unknown == ()


@settings(max_examples=60, deadline=None)
@given(tables_of_areas(), st.integers(0, 2**32 - 1))
def test_places_that_share_out_every_area_add_up_to_england(areas, seed):
    """However small areas are divided among places, nobody is lost or counted twice."""
    rng = np.random.default_rng(seed)
    codes = areas["small_area_code"]
    share = rng.integers(0, 5, len(codes)) / 4
    first, second = (
        {code: part for code, part in zip(codes, parts, strict=True) if part}
        for parts in (share, 1 - share)
    )
    people = rng.integers(0, 3000, len(codes)).astype(float)
    levels = Levels(areas, members(P=first, Q=second))
    (level,) = levels.of_small_areas(["mine"])
    assert (level.weights.matrix @ people).sum() == pytest.approx(people.sum(), rel=1e-12)
    (of_districts,) = levels.of_districts(["mine"])
    reasons = dict(zip(of_districts.weights.rows, of_districts.unknown, strict=True))
    assert set(of_districts.owners) == {code for code, why in reasons.items() if why is None}
