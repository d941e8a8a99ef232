"""Places of one's own, on a row of four small areas of 1 km, in two districts.

::

    1 | 2 | 3 | 4      1, 2: district E06000001; 3, 4: district E06000002
"""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from healthycities import tables
from healthycities.errors import AlignmentError, GeometryError
from healthycities.given import Given
from healthycities.overlaps.places import build

CODES = [f"E0100000{n}" for n in (1, 2, 3, 4)]
FIRST, SECOND = "E06000001", "E06000002"
ELSEWHERE, FAR = "E06000003", "E01000009"


def areas(*, all_england: bool = True) -> pd.DataFrame:
    """Return the small areas."""
    districts = [FIRST, FIRST, SECOND, SECOND]
    frame = pd.DataFrame(
        {
            "small_area_code": CODES,
            "small_area_name": CODES,
            "district_code": districts,
            "district_name": districts,
            "authority_code": None,
            "authority_name": None,
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([1, 2, 3, 4], dtype="Int64"),
            "all_england": all_england,
        }
    )
    return tables.checked(frame, tables.AREAS)


def listed(members: dict[str, str]) -> pd.DataFrame:
    """Return a list of parts and their places."""
    codes = list(members.values())
    columns = {"place_code": codes, "place_name": codes, "part_code": list(members)}
    return tables.checked(pd.DataFrame(columns), tables.PLACE_LIST)


def outlines(**spans: tuple[float, float]) -> gpd.GeoDataFrame:
    """Return places as wide as a span of the row, in kilometres, and as high as it."""
    shapes = [box(1000 * west, 0, 1000 * east, 1000) for west, east in spans.values()]
    columns = {"place_code": list(spans), "place_name": list(spans)}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:27700")


def built(
    frame: pd.DataFrame, *, assign: str = "centroid", all_england: bool = True
) -> dict[str, dict[str, float]]:
    """Return the share of each part of each place of one set."""
    table = areas(all_england=all_england)
    shapes = [box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(4)]
    inputs = {
        "areas": table,
        "small_area_lookup": pd.concat(
            [
                table[["small_area_code", "district_code"]],
                pd.DataFrame({"small_area_code": [FAR], "district_code": [ELSEWHERE]}),
            ]
        ),
        "small_areas": gpd.GeoDataFrame(
            {"small_area_code": CODES}, geometry=shapes, crs="EPSG:27700"
        ),
        # People live in the west of each small area.
        "centroids": pd.DataFrame(
            {
                "small_area_code": CODES,
                "easting_m": [200.0, 1200.0, 2200.0, 3200.0],
                "northing_m": 500.0,
            }
        ),
        "places_mine": frame,
    }
    found = tables.checked(
        build(Given(inputs, {"places_assigned": {"mine": assign}})), tables.PLACES
    )
    assert set(found["place_set"]) == {"mine"}
    assert set(found["assigned_by"]) == {assign if "geometry" in frame else "list"}
    by_place = found.groupby("place_code")
    return {
        str(code): dict(zip(rows["part_code"], rows["part_share"], strict=True))
        for code, rows in by_place
    }


def test_a_list_of_small_areas_is_taken_as_it_is():
    """Each area lies whole in its place; one may lie in none."""
    found = built(listed({CODES[0]: "A", CODES[2]: "A", CODES[3]: "B"}))
    assert found == {"A": {CODES[0]: 1.0, CODES[2]: 1.0}, "B": {CODES[3]: 1.0}}


def test_a_list_of_districts_is_one_of_their_small_areas():
    """A district stands for all small areas that lie in it."""
    found = built(listed({FIRST: "A", SECOND: "B"}))
    assert found == {"A": dict.fromkeys(CODES[:2], 1.0), "B": dict.fromkeys(CODES[2:], 1.0)}


def test_areas_in_no_place_are_counted(caplog):
    """A set need not cover the run, and the log says what it leaves."""
    with caplog.at_level(logging.INFO):
        built(listed({CODES[0]: "A"}))
    assert "places.mine: 3 of 4 areas lie in no place: E01000002; E01000003" in caplog.text


@pytest.mark.parametrize("part", [FAR, ELSEWHERE])
def test_a_place_that_reaches_out_of_the_run_is_left_out_and_told(part: str, caplog):
    """A part of it would pass for the whole."""
    own = FIRST if part == ELSEWHERE else CODES[0]
    other = SECOND if part == ELSEWHERE else CODES[3]
    with caplog.at_level(logging.INFO):
        found = built(listed({own: "A", part: "A", other: "B"}), all_england=False)
    assert list(found) == ["B"]
    assert "left out 1 that do not lie wholly in the areas reported on: A" in caplog.text


def test_unknown_small_areas_are_named_with_the_nearest():
    """A code that no lookup of England has is an error, and so are the areas of another census."""
    with pytest.raises(AlignmentError) as caught:
        built(listed({CODES[0]: "A", "E01000021": "B"}))
    assert str(caught.value).startswith(
        "places.mine: 1 of its 2 small areas are not in the small-area lookup: E01000021 (nearest"
        " known: E01000002, E01000001)"
    )


def test_places_of_other_parts_of_england_are_left_out():
    """A lookup of a part of England does not know them; one that it knows in part is an error."""
    assert list(built(listed({CODES[0]: "A", "E01000021": "B"}), all_england=False)) == ["A"]
    with pytest.raises(AlignmentError, match="E01000021"):
        built(listed({CODES[0]: "A", "E01000021": "A"}), all_england=False)


def test_a_set_without_any_place_is_refused():
    """Nothing would be reported of it."""
    with pytest.raises(AlignmentError, match=r"places\.mine: none of its 1 places lies wholly"):
        built(listed({FAR: "A"}), all_england=False)


def test_a_run_of_districts_takes_lists_of_districts():
    """Small areas are then not known, and listing them is an error."""
    table = areas().drop(columns=["small_area_code", "small_area_name", "deprivation_decile"])
    table = tables.checked(table.drop_duplicates("district_code"), tables.DISTRICT_AREAS)
    keys = {"places_assigned": {"mine": "centroid"}}
    found = build(Given({"areas": table, "places_mine": listed({FIRST: "A"})}, keys))
    assert found["part_code"].tolist() == [FIRST]
    with pytest.raises(AlignmentError, match="lists small areas, and the run reports on districts"):
        build(Given({"areas": table, "places_mine": listed({CODES[0]: "A"})}, keys))


# --- Outlines ---


def test_small_areas_lie_where_their_people_live():
    """Half of the ground of area 2 is in A, where its people live; of area 4 nothing is."""
    found = built(outlines(A=(0, 1.5), B=(1.5, 3)))
    assert found == {"A": dict.fromkeys(CODES[:2], 1.0), "B": {CODES[2]: 1.0}}


def test_small_areas_are_divided_by_area_where_that_is_said():
    """A quarter of area 2 is in A and three quarters in B."""
    found = built(outlines(A=(0, 1.25), B=(1.25, 4)), assign="area")
    assert found["A"] == pytest.approx({CODES[0]: 1.0, CODES[1]: 0.25})
    assert found["B"] == pytest.approx({CODES[1]: 0.75, CODES[2]: 1.0, CODES[3]: 1.0})


def test_slivers_are_inaccuracies_of_the_outline():
    """Half a hundredth across the border, or short of it, divides no area."""
    found = built(outlines(A=(0, 1.005), B=(1.005, 3.995)), assign="area")
    assert found == {"A": {CODES[0]: 1.0}, "B": dict.fromkeys(CODES[1:], 1.0)}


def test_what_lies_in_no_place_is_lost_to_none():
    """Of area 4 a half is in B, and stays a half."""
    found = built(outlines(A=(0, 2), B=(2, 3.5)), assign="area")
    assert found["B"] == pytest.approx({CODES[2]: 1.0, CODES[3]: 0.5})


def test_one_on_a_border_lies_in_the_first_place():
    """A centroid on the line between two places counts once."""
    found = built(outlines(A=(0, 1.2), B=(1.2, 4)))
    assert found["A"] == dict.fromkeys(CODES[:2], 1.0)


@pytest.mark.parametrize("assign", ["centroid", "area"])
def test_places_that_overlap_are_refused(assign: str):
    """Area 2 would count twice, in both of its places, which are named."""
    with pytest.raises(
        GeometryError, match=r"places\.mine: 1 small .* twice, .*E01000002, in A and B"
    ):
        built(outlines(A=(0, 2), B=(1, 4)), assign=assign)


def test_an_outline_that_reaches_out_of_a_part_of_england_is_left_out(caplog):
    """Of all England it may reach into the sea, which the log tells."""
    drawn = outlines(A=(0, 2), B=(2, 6))
    with caplog.at_level(logging.INFO):
        assert list(built(drawn)) == ["A", "B"]
    assert "reach into the sea or out of the areas reported on: B (50.0 %)" in caplog.text
    assert list(built(drawn, all_england=False)) == ["A"]


def test_the_share_of_ground_is_told():
    """Of an outline of 4 km, half is ground of small areas."""
    inputs = {
        "areas": areas(),
        "small_areas": gpd.GeoDataFrame(
            {"small_area_code": CODES},
            geometry=[box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(4)],
            crs="EPSG:27700",
        ),
        "places_mine": outlines(B=(2, 6)),
    }
    found = build(Given(inputs, {"places_assigned": {"mine": "area"}}))
    np.testing.assert_allclose(found["ground_share"], 0.5)
