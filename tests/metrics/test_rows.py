from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthycities import tables
from healthycities.catalogue import Measure
from healthycities.geography.levels import Levels
from healthycities.metrics.rows import joined, ratio_rows, rows, year_note

ALL = ("small_area", "district", "authority", "england")


def by_code(parts):
    """Return rows by area code."""
    return pd.concat(list(parts), ignore_index=True).set_index("area_code")


def test_ratios_come_from_summed_counts(levels, measure):
    """1 of 4, 3 of 4 and so on are added before they are divided, never averaged."""
    found = by_code(
        ratio_rows(
            levels.of_small_areas(ALL),
            measure,
            2022,
            numerator=np.array([1.0, 3, 0, 5, 1]),
            denominator=np.array([4.0, 4, 10, 10, 2]),
            scale=100.0,
        )
    )
    assert found["value"]["E01000001"] == 25
    assert found["value"]["E08000001"] == 50
    assert found["value"]["E08000002"] == 25
    assert found["value"]["E47000001"] == pytest.approx(100 * 9 / 28)
    assert found["value"]["E92000001"] == pytest.approx(100 * 10 / 30)
    assert found.loc["E47000001", ["numerator", "denominator"]].tolist() == [9, 28]
    assert (found["covered_share"] == 1).all()
    assert found["note"].isna().all()
    tables.checked(found.reset_index(), tables.MEASURES)


def test_parts_add_up_to_wholes(levels, measure):
    """Numerators and denominators of small areas, districts and England have the same sums."""
    parts = ratio_rows(
        levels.of_small_areas(ALL),
        measure,
        2022,
        numerator=np.array([1.0, 3, np.nan, 5, 1]),
        denominator=np.array([4.0, 4, 10, 10, 2]),
    )
    found = pd.concat(list(parts)).groupby("level")[["numerator", "denominator"]].sum()
    assert found.loc["small_area"].tolist() == [10, 20]
    assert found.loc["district"].tolist() == [10, 20]
    assert found.loc["england"].tolist() == [10, 20]


def test_a_missing_part_does_not_pull_towards_0(levels, measure):
    """A small area without a value leaves the ratio of the others, and says what it rests on."""
    found = by_code(
        ratio_rows(
            levels.of_small_areas(["small_area", "district"]),
            measure,
            2022,
            numerator=np.array([2.0, np.nan, np.nan, np.nan, 1]),
            denominator=np.array([4.0, 12, 10, 10, 2]),
            note="people of 2020",
        )
    )
    assert found.loc["E08000001", ["value", "covered_share"]].tolist() == [0.5, 0.25]
    assert found["note"]["E08000001"] == "people of 2020; rests on 25.0 % of the whole"
    assert np.isnan(found["value"]["E08000002"])
    assert np.isnan(found["numerator"]["E08000002"])
    assert found["covered_share"]["E08000002"] == 0
    assert found["note"]["E08000002"] == "people of 2020; no data"


def test_levels_of_a_measure_limit_its_rows(levels):
    """A measure that names its levels has no rows at others."""
    from healthycities.catalogue import Measure

    measure = Measure("a", "A", "%", "neither", "ratio", "m", levels=("authority",))
    ones = np.ones(5)
    found = by_code(
        ratio_rows(levels.of_small_areas(ALL), measure, 2022, numerator=ones, denominator=ones)
    )
    assert found.index.tolist() == ["E47000001"]


def test_rows_hold_every_column_and_null_where_nothing_is_said(levels, measure):
    """What is not given is null, and the columns are those of the schema in their order."""
    (level,) = levels.of_districts(["district"])
    found = rows(level, measure, 2022, value=np.array([1.0, np.nan, 3]))
    assert list(found.columns) == list(tables.MEASURES.columns)
    assert found["area_name"].tolist() == ["Swindon", "Bolton", "Bury"]
    assert found[["lower", "upper", "confidence", "numerator", "note"]].isna().all(axis=None)
    assert found["value"].isna().tolist() == [False, True, False]


def test_notes_are_joined():
    """Notes that are there stand in one line; none of them is null."""
    assert joined("a", None, "b") == "a; b"
    assert joined(None, None) is None
    assert year_note("people", 2020, 2022) == "people of 2020"
    assert year_note("people", 2022, 2022) is None


# --- Places of one's own ---


def own(areas, **places):
    """Return the levels with a set of places, each with the share of each small area."""
    members = [
        {"place_set": "mine", "place_code": code, "place_name": code, "part_code": part}
        | {"part_share": share}
        for code, parts in places.items()
        for part, share in parts.items()
    ]
    return Levels(areas, pd.DataFrame(members))


def test_a_place_counts_the_share_of_what_it_cuts_and_says_so(areas, measure):
    """1 of 4 and half of 3 of 8 are 2.5 of 8, half of it divided; what is not cut says nothing."""
    levels = own(areas, P={"E01000001": 1.0, "E01000002": 0.5}, Q={"E01000003": 1.0})
    numbers = {"numerator": np.array([1.0, 3, 2, 9, 9]), "denominator": np.array([4.0, 8, 4, 9, 9])}
    found = by_code(ratio_rows(levels.of_small_areas(["place"]), measure, 2022, **numbers))
    columns = ["numerator", "denominator", "value", "estimated_share"]
    assert found.loc["P", columns].tolist() == [2.5, 8, 2.5 / 8, 0.5]
    assert found.loc["Q", columns].tolist() == [2, 4, 0.5, 0]
    assert found.loc["P", "note"] == "50.0 % of small areas divided by area"
    assert pd.isna(found.loc["Q", "note"])
    assert set(found["level"]) == {"mine"}
    tables.checked(found.reset_index(), tables.MEASURES)


def test_a_place_that_cuts_a_district_has_no_number_by_district(areas, measure):
    """Whatever is given for it: it is null, not 0, with the district; other places have theirs."""
    levels = own(areas, P={"E01000001": 1.0}, Q={"E01000003": 1.0, "E01000004": 1.0})
    (level,) = levels.of_districts(["place"])
    given = np.array([1.0, 2.0])
    numbers = ("value", "lower", "upper", "numerator", "denominator", "covered_share")
    found = by_code([rows(level, measure, 2022, **dict.fromkeys(numbers, given))])
    assert found.loc["P", list(numbers)].isna().all()
    told = (
        "no data: counted by district, and the place cuts E08000001 Bolton (1 of its 2 small areas)"
    )
    assert found.loc["P", "note"] == told
    assert found.loc["Q", list(numbers)].tolist() == [2.0] * 6
    assert found.loc["Q", "note"] is None


def test_a_measure_that_is_not_of_places_has_no_row_of_them(areas):
    """The levels of a measure name places for all sets."""
    numbers = {"numerator": np.ones(5), "denominator": np.ones(5)}
    levels = own(areas, P={"E01000001": 1.0})
    of_districts = Measure("x", "X", "%", "neither", "share", "Counted.", levels=("district",))
    assert not list(ratio_rows(levels.of_small_areas(["place"]), of_districts, 2022, **numbers))
    of_authorities = replace(of_districts, levels=("authority",))
    assert list(ratio_rows(levels.of_small_areas(["place"]), of_authorities, 2022, **numbers))
    few = replace(of_districts, levels=("authority",), counts="deaths")
    assert few.levels == ("authority", "outside_authorities", "region")
    assert not list(ratio_rows(levels.of_small_areas(["place"]), few, 2022, **numbers))
