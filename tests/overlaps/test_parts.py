from __future__ import annotations

import pandas as pd
import pytest

from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps import district_parts, small_area_parts

SOMERSET = "E06000066"
MENDIP, SEDGEMOOR, SOUTH, TAUNTON = "E07000187", "E07000188", "E07000189", "E07000246"
CODES = [f"E0100000{n}" for n in range(1, 6)]


def lookup(*districts: str) -> pd.DataFrame:
    """Return a small area in each of some districts, in order."""
    return pd.DataFrame({"small_area_code": CODES[: len(districts)], "district_code": districts})


def census(*people: float) -> pd.DataFrame:
    """Return people of the first small areas."""
    return pd.DataFrame({"small_area_code": CODES[: len(people)], "people": people})


def test_a_newer_district_is_divided_by_the_people_of_the_small_areas():
    """Of 1,000 people in Somerset 100 + 200 live in Mendip: three tenths of it."""
    given = Given(
        {
            "small_area_lookup": lookup(MENDIP, MENDIP, SEDGEMOOR, SOUTH, TAUNTON),
            "census_population": census(100, 200, 100, 200, 400),
        },
        {"authorities_as_at": "2022-12-31"},
    )
    weights = district_parts.build(given)
    column = weights.matrix[:, [weights.columns.tolist().index(SOMERSET)]].toarray().ravel()
    shares = {code: share for code, share in zip(weights.rows, column, strict=True) if share}
    assert shares == pytest.approx({MENDIP: 0.3, SEDGEMOOR: 0.1, SOUTH: 0.2, TAUNTON: 0.4})
    # Every district of the date stands for itself.
    assert set(weights.rows) <= set(weights.columns)


def test_a_small_area_without_people_stops_it():
    """Its district would get too small a share."""
    given = Given(
        {"small_area_lookup": lookup(MENDIP, SEDGEMOOR), "census_population": census(100)},
        {"authorities_as_at": "2022-12-31"},
    )
    with pytest.raises(AlignmentError, match="1 have none, the first of them E01000002"):
        district_parts.build(given)


def changes() -> pd.DataFrame:
    """Return an area that stayed, and one that was split into two."""
    pairs = [(CODES[0], CODES[0]), (CODES[1], CODES[2]), (CODES[1], CODES[3])]
    return pd.DataFrame(pairs, columns=["small_area_code", "later_small_area_code"])


def small_areas(*codes: str) -> pd.DataFrame:
    """Return a lookup of some small areas."""
    return pd.DataFrame({"small_area_code": codes, "district_code": MENDIP})


def test_small_areas_of_2011_reach_those_of_2021():
    """Without their people, an area is divided among its two parts equally."""
    given = Given(
        {
            "small_area_lookup": small_areas(CODES[0], CODES[2], CODES[3]),
            "small_area_changes": changes(),
        }
    )
    weights = small_area_parts.build(given)
    assert weights.rows.tolist() == [CODES[0], CODES[2], CODES[3]]
    assert weights.columns.tolist() == CODES[:2]
    assert weights.matrix.toarray().tolist() == [[1, 0], [0, 0.5], [0, 0.5]]


def test_people_at_the_census_divide_small_areas():
    """Parts of 300 and 100 people get three quarters and one."""
    given = Given(
        {
            "small_area_lookup": small_areas(CODES[0], CODES[2], CODES[3]),
            "small_area_changes": changes(),
            "census_population": census(50, 0, 300, 100),
        }
    )
    assert small_area_parts.build(given).matrix.toarray()[:, 1].tolist() == [0, 0.75, 0.25]


def test_small_areas_of_2021_reach_those_of_2011():
    """Where those of 2011 are reported on, the two parts are summed again."""
    given = Given(
        {
            "small_area_lookup": small_areas(CODES[0], CODES[1]),
            "small_area_changes": changes(),
        }
    )
    weights = small_area_parts.build(given)
    assert weights.rows.tolist() == CODES[:2]
    assert weights.matrix.toarray().tolist() == [[1, 0, 0], [0, 1, 1]]


def test_small_areas_of_neither_census_are_refused():
    """A code that the changes do not know is named."""
    given = Given(
        {
            "small_area_lookup": small_areas(CODES[0], CODES[2], "E01999999"),
            "small_area_changes": changes(),
        }
    )
    with pytest.raises(AlignmentError, match="1 are not, the first of them E01999999"):
        small_area_parts.build(given)
