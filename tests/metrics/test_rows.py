from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthycities import tables
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
