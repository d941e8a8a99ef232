"""Small counts at levels that cross each other, attacked by a reader who has all of them.

Six districts. Authorities and what lies outside them make up England, and so do regions, of which
each has a part of both: England less an authority, a region less an authority, and the like are
counts that a reader has too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.optimize import LinearConstraint
from tests.publish.test_disclose import PLAIN, can_be_one_number_only, within

from healthycities import tables
from healthycities.geography.levels import Levels
from healthycities.health.disclosure import suppress
from healthycities.publish.assemble import Results
from healthycities.publish.disclose import disclosed
from healthycities.settings import DisclosureSettings

CODES = [f"E0600000{n}" for n in range(1, 7)]
LEVELS = ("district", "authority", "outside_authorities", "region", "england")
DESCRIBED = {"plain": PLAIN.__class__(**{**vars(PLAIN), "counts": "deaths"})}


def areas() -> pd.DataFrame:
    """Return districts of two authorities and of none, in two regions that cut across them."""
    owners = ["E47000001", "E47000001", "E47000002", "E47000002", None, None]
    regions = ["E12000001", "E12000002", "E12000001", "E12000002", "E12000001", "E12000002"]
    frame = pd.DataFrame(
        {
            "district_code": CODES,
            "district_name": CODES,
            "authority_code": owners,
            "authority_name": owners,
            "region_code": regions,
            "region_name": regions,
            "whole_region": True,
            "all_england": True,
        }
    )
    return tables.checked(frame, tables.DISTRICT_AREAS)


def measured(deaths: np.ndarray, levels: Levels) -> pd.DataFrame:
    """Return the exact counts of every area of every level."""
    parts = [
        pd.DataFrame(
            {
                "area_code": level.weights.rows.astype(object),
                "area_name": level.names,
                "level": level.level,
                "numerator": level.weights.matrix @ deaths.astype(float),
            }
        )
        for level in levels.of_districts((*LEVELS, *levels.sets))
    ]
    rows = pd.concat(parts, ignore_index=True)
    constant = {
        "first_year": 2023,
        "year": 2023,
        "metric": "plain",
        "sex": "persons",
        "age": "all ages",
        "unit": "deaths",
        "statistic": "count",
        "method": "Counted.",
        "estimated_share": 0.0,
    }
    empty = ["lower", "upper", "confidence", "denominator", "covered_share"]
    rows = rows.assign(**constant, **dict.fromkeys(empty, np.nan), value=rows["numerator"])
    rows["note"] = pd.Series([None] * len(rows), dtype="str")
    return tables.checked(rows[list(tables.MEASURES.columns)], tables.MEASURES)


def places() -> pd.DataFrame:
    """Return two sets: one beside the authorities by a district, and one of three districts."""
    members = {("near", "P"): [0, 1, 2], ("near", "Q"): [3, 4], ("alone", "P"): [2, 3, 5]}
    rows = [
        {"place_set": name, "place_code": code, "place_name": code, "part_code": CODES[n]}
        for (name, code), numbers in members.items()
        for n in numbers
    ]
    frame = pd.DataFrame(rows).assign(part_share=1.0, assigned_by="list", ground_share=np.nan)
    return tables.checked(frame, tables.PLACES)


def published(deaths: np.ndarray, levels: Levels) -> pd.DataFrame:
    """Return the counts that are published."""
    results = Results(measured(deaths, levels), levels.areas, synthetic=False, places=levels.places)
    return disclosed(results, DESCRIBED, DisclosureSettings()).measures


def sets_of(levels: Levels) -> dict[tuple[str, str], np.ndarray]:
    """Return, for each area, 1 for each district that it is made of."""
    return {
        (level.level, str(code)): row
        for level in levels.of_districts((*LEVELS, *levels.sets))
        for code, row in zip(level.weights.rows, level.weights.matrix.toarray(), strict=True)
    }


def worked_out(rows: pd.DataFrame, deaths: np.ndarray, levels: Levels) -> list[tuple[str, str]]:
    """Return the areas of which a reader of some rows can tell a small count exactly."""
    sets = sets_of(levels)
    cells = [
        sets[level, code] for level, code in zip(rows["level"], rows["area_code"], strict=True)
    ]
    given_counts = rows["numerator"].to_numpy()
    missing = np.isnan(given_counts)
    known: LinearConstraint = within(
        cells,
        np.where(missing, 1.0, given_counts).tolist(),
        np.where(missing, np.inf, given_counts).tolist(),
    )
    return [
        area
        for area, parts in sets.items()
        if 0 < parts @ deaths < 5 and can_be_one_number_only(parts, known)
    ]


DEATHS = np.array([2, 60, 50, 40, 70, 80])
NESTED = ("district", "authority", "england")


def test_the_new_totals_would_tell_what_the_old_ones_hide():
    """What is withheld for districts, authorities and England alone, regions and the rest tell.

    Two districts of one authority shield each other there, and lie in two regions.
    """
    levels = Levels(areas())
    rows = measured(DEATHS, levels)
    nested = {area: row for area, row in sets_of(levels).items() if area[0] in NESTED}
    wholes = [row for (level, _), row in nested.items() if level != "district"]
    constraints = np.array([[*row, *-np.eye(len(wholes))[n]] for n, row in enumerate(wholes)])
    counts = np.array([*DEATHS, *(row @ DEATHS for row in wholes)], dtype=float)
    hidden = suppress(counts, sparse.csr_array(constraints))
    of_nested = rows["level"].isin(NESTED)
    withheld = of_nested.to_numpy().nonzero()[0][hidden]
    rows.loc[withheld, "numerator"] = np.nan
    assert worked_out(rows[of_nested], DEATHS, levels) == []
    assert worked_out(rows, DEATHS, levels) == [("district", CODES[0])]
    assert worked_out(published(DEATHS, levels), DEATHS, levels) == []


def test_a_place_beside_an_authority_would_tell_the_district_between_them():
    """Places are held with all other areas: an authority and a place with a district more."""
    deaths = np.array([30, 60, 3, 40, 50, 80])
    levels, plain = Levels(areas(), places()), Levels(areas())
    rows = measured(deaths, levels)
    hidden = published(deaths, plain)
    rows = pd.concat([hidden, rows[rows["level"].isin(levels.sets)]], ignore_index=True)
    assert worked_out(hidden, deaths, plain) == []
    assert ("district", CODES[2]) in worked_out(rows, deaths, levels)
    assert worked_out(published(deaths, levels), deaths, levels) == []


@pytest.mark.parametrize("alone", ["authority", "outside_authorities", "region"])
def test_the_reader_finds_what_has_no_shield(alone: str):
    """Where the small count alone is left out, each of the levels tells it."""
    levels = Levels(areas())
    deaths = np.array([30, 60, 50, 40, 3, 80])
    rows = measured(deaths, levels)
    rows.loc[rows["numerator"].between(1, 4), "numerator"] = np.nan
    rows = rows[rows["level"].isin(["district", alone, "england"])]
    assert worked_out(rows, deaths, levels) == [("district", CODES[4])]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(hnp.arrays(np.int64, 6, elements=st.integers(0, 12)))
def test_no_small_count_can_be_worked_out_from_levels_that_cross(deaths: np.ndarray):
    """No difference of England, regions, authorities, the rest and places tells 1 to 4."""
    levels = Levels(areas(), places())
    rows = published(deaths, levels)
    assert worked_out(rows, deaths, levels) == []
    assert not rows["numerator"].between(1, 4).any()
