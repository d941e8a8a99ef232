from __future__ import annotations

import pandas as pd
import pytest

from healthycities import tables
from healthycities.catalogue import Measure
from healthycities.errors import AlignmentError
from healthycities.geography.carrying import carrying
from healthycities.geography.levels import Levels
from healthycities.metrics.carried import carried, with_estimates
from healthycities.metrics.rows import rows

# Somerset of 2023, in the four districts of 2022 that became it, of 100, 200, 300 and 400 people.
SOMERSET, SWINDON = "E06000066", "E06000030"
PARTS = ("E07000187", "E07000188", "E07000189", "E07000246")
PEOPLE = dict(zip(PARTS, (100.0, 200.0, 300.0, 400.0), strict=True))
WEIGHTS = carrying([(SWINDON, SWINDON), *((SOMERSET, part) for part in PARTS)], PEOPLE)


def deaths() -> pd.DataFrame:
    """Return deaths by sex: 10 and 20 in Somerset, 5 of males in Swindon."""
    frame = pd.DataFrame(
        {
            "district_code": [SWINDON, SOMERSET, SOMERSET],
            "year": 2023,
            "cause_icd10": "all",
            "sex": ["male", "female", "male"],
            "age_from": 0,
            "age_to": 120,
            "deaths": [5.0, 20.0, 10.0],
        }
    )
    return tables.checked(frame, tables.DEATHS)


def population() -> pd.DataFrame:
    """Return the people of the same districts, as published."""
    frame = pd.DataFrame(
        {
            "district_code": [SOMERSET, SWINDON],
            "published_district_code": [SOMERSET, SWINDON],
            "year": 2023,
            "sex": "persons",
            "age_from": 0,
            "age_to": 120,
            "people": [1000.0, 500.0],
        }
    )
    return tables.checked(frame, tables.POPULATION)


def areas() -> pd.DataFrame:
    """Return the five districts, two of Somerset's in one authority and all in another."""
    frame = pd.DataFrame(
        {
            "district_code": [*PARTS, SWINDON],
            "district_name": ["Mendip", "Sedgemoor", "South", "Taunton and West", "Swindon"],
            "authority_code": ["two", "two", None, None, "two"],
            "authority_name": ["Two of four", "Two of four", None, None, "Two of four"],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "all_england": True,
        }
    )
    return tables.checked(frame.sort_values("district_code"), tables.DISTRICT_AREAS)


def test_counts_are_divided_by_people_and_nothing_is_lost():
    """Of 20 females who died the parts get 2, 4, 6 and 8; Swindon keeps its 5 males."""
    found, divided = carried({"deaths": deaths(), "district_parts": WEIGHTS})
    frame = tables.checked(found["deaths"], tables.DEATHS)
    women = frame[frame["sex"] == "female"].set_index("district_code")["deaths"]
    assert women.to_dict() == pytest.approx(dict(zip(PARTS, (2, 4, 6, 8), strict=True)))
    assert frame["deaths"].sum() == pytest.approx(35)
    assert frame.loc[frame["district_code"] == SWINDON, "deaths"].tolist() == [5]
    assert "district_parts" not in found
    assert [one.counts.tolist() for one in divided] == [[5, 30]]


def test_each_part_has_people_of_its_own():
    """A part stands as if published, so that metrics by published district find its people."""
    found, _ = carried({"population": population(), "district_parts": WEIGHTS})
    frame = tables.checked(found["population"], tables.POPULATION)
    assert frame.set_index("published_district_code")["people"].to_dict() == pytest.approx(
        {**PEOPLE, SWINDON: 500}
    )
    assert (frame["published_district_code"] == frame["district_code"]).all()


def test_answers_are_divided_together():
    """Of 500 asked and 400 in good health each part has its part, and so the share of the whole."""
    health = pd.DataFrame(
        {
            "district_code": [SOMERSET, SWINDON],
            "year": 2021,
            "sex": "male",
            "age_from": 0,
            "age_to": 120,
            "people_asked": [500.0, 70.0],
            "people_good_health": [400.0, 60.0],
        }
    )
    found, divided = carried({"general_health": health, "district_parts": WEIGHTS})
    frame = tables.checked(found["general_health"], tables.GENERAL_HEALTH)
    asked = frame.set_index("district_code")["people_asked"].to_dict()
    shares = dict(zip(PARTS, (50, 100, 150, 200), strict=True))
    assert asked == pytest.approx({**shares, SWINDON: 70})
    of_parts = frame["district_code"].isin(PARTS)
    good = frame.loc[of_parts, "people_good_health"] / frame.loc[of_parts, "people_asked"]
    assert good.tolist() == pytest.approx([0.8] * 4)
    assert [one.counts.tolist() for one in divided] == [[70, 500]]


def test_a_mean_holds_for_every_part():
    """What all of Somerset breathes each part of it breathes, and no count was divided."""
    pm25 = pd.DataFrame(
        {
            "district_code": [SOMERSET, SWINDON],
            "published_district_code": [SOMERSET, SWINDON],
            "year": 2023,
            "pm25_ugm3": [7.0, 9.0],
        }
    )
    found, divided = carried({"district_pm25": pm25, "district_parts": WEIGHTS})
    frame = tables.checked(found["district_pm25"], tables.DISTRICT_PM25)
    assert frame.set_index("district_code")["pm25_ugm3"].to_dict() == {
        **dict.fromkeys(PARTS, 7.0),
        SWINDON: 9.0,
    }
    assert divided == []


def test_a_table_of_the_districts_reported_on_stays_as_it_is():
    """Nothing is touched, and nothing estimated, where every district is one of the date."""
    own = deaths().query("district_code == @SWINDON")
    found, divided = carried({"deaths": own, "district_parts": WEIGHTS})
    assert found["deaths"] is own
    assert divided == []


def test_results_are_told_the_share_that_was_divided():
    """A part is estimated whole; two parts beside Swindon by 9 of 14 deaths; England by nothing."""
    measure = Measure("deaths", "Deaths", "deaths", "lower is better", "count", "Counted.")
    levels = Levels(areas())
    given = pd.concat(
        [
            rows(level, measure, 2023, value=level.weights.row_total)
            for level in levels.of_districts(("district", "authority", "england"))
        ],
        ignore_index=True,
    )
    given.loc[given["area_code"] == PARTS[0], "note"] = "deaths of 2022"
    _, divided = carried({"deaths": deaths(), "district_parts": WEIGHTS})
    found = with_estimates(given, levels, divided)
    share = found.set_index("area_code")["estimated_share"]
    # Of 30 deaths two parts have 3 and 6, and Swindon has 5 of its own.
    assert share.to_dict() == pytest.approx(
        {**dict.fromkeys(PARTS, 1.0), SWINDON: 0.0, "two": 9 / 14, "E92000001": 0.0}
    )
    told = found.set_index("area_code")["note"]
    assert told["two"] == "64.3 % divided among areas by people"
    assert told[PARTS[0]] == "deaths of 2022; 100.0 % divided among areas by people"
    assert pd.isna(told["E92000001"])
    tables.checked(found, tables.MEASURES)


def test_of_several_years_together_the_share_is_of_all_of_them():
    """The first part had 10 deaths of its own in 2022, and gets 3 of the 30 of 2023: 3 of 13."""
    earlier = deaths().query("district_code == @SWINDON")
    earlier = pd.concat([earlier, earlier.assign(district_code=PARTS[0], deaths=10.0)])
    years = [earlier.assign(year=2022), deaths()]
    own = [(code, code) for code in (SWINDON, *PARTS)]
    weights = carrying([*own, *((SOMERSET, part) for part in PARTS)], PEOPLE)
    found, divided = carried({"deaths": years, "district_parts": weights})
    assert sum(one["deaths"].sum() for one in found["deaths"]) == pytest.approx(50)
    measure = Measure("deaths", "Deaths", "deaths", "lower is better", "count", "Counted.")
    levels = Levels(areas())
    level = next(levels.of_districts(("district",)))
    given = rows(level, measure, 2023, value=level.weights.row_total)
    told = with_estimates(given, levels, divided)
    share = told.set_index("area_code")["estimated_share"]
    assert share[PARTS[0]] == pytest.approx(3 / 13)
    assert (share[SWINDON], share[PARTS[1]]) == (0, 1)


def test_rows_are_as_they_were_where_nothing_was_divided():
    """Without weights there is no share to tell."""
    measure = Measure("deaths", "Deaths", "deaths", "lower is better", "count", "Counted.")
    levels = Levels(areas())
    level = next(levels.of_districts(("england",)))
    given = rows(level, measure, 2023, value=level.weights.row_total)
    assert with_estimates(given, levels, []) is given


# --- Small areas ---

# E01000001 and 2 merged into 11; 3 was split into 12 and 13; 4 stayed.
OLD = [f"E0100000{n}" for n in (1, 2, 3, 4)]
CENSUS = carrying(
    [
        (OLD[0], "E01000011"),
        (OLD[1], "E01000011"),
        (OLD[2], "E01000012"),
        (OLD[2], "E01000013"),
        (OLD[3], OLD[3]),
    ]
)


def small_area_population(codes: list[str]) -> pd.DataFrame:
    """Return 100, 200, 300, … people of small areas."""
    people = [100.0 * n for n in range(1, len(codes) + 1)]
    return pd.DataFrame({"small_area_code": codes, "year": 2020, "people": people})


def test_people_of_another_census_are_carried():
    """100 and 200 merge to 300; 300 are split in halves; 400 stay."""
    given = {"small_area_population": small_area_population(OLD), "small_area_parts": CENSUS}
    found, divided = carried(given)
    people = found["small_area_population"].set_index("small_area_code")["people"].to_dict()
    assert people == {OLD[3]: 400, "E01000011": 300, "E01000012": 150, "E01000013": 150}
    assert divided[0].counts.tolist() == [100, 200, 300, 400]


def test_people_of_the_census_reported_on_stay_as_they_are():
    """A table of the small areas wanted is left alone, though one of them has its old code."""
    own = small_area_population([OLD[3], "E01000011", "E01000012", "E01000013"])
    found, divided = carried({"small_area_population": own, "small_area_parts": CENSUS})
    assert found["small_area_population"] is own
    assert divided == []


def test_people_that_are_missing_are_named():
    """A small area that became one reported on and has no people would make it too small."""
    given = {"small_area_population": small_area_population(OLD[:3]), "small_area_parts": CENSUS}
    with pytest.raises(AlignmentError, match="1 have none: E01000004"):
        carried(given)
