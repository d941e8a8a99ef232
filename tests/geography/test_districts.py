from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import RegisterError, SourceError
from healthycities.geography.districts import (
    CHANGES_FILE,
    DISTRICTS_FILE,
    FIRST_DATE,
    LAST_DATE,
    Change,
    carry_code,
    carry_codes,
    carry_into,
    checked_changes,
    known_districts,
    live_districts,
    named,
    newer_districts,
    parse_date,
    require_whole,
    why_not_live,
)
from healthycities.package_tables import rows

DAYS = st.dates(FIRST_DATE, LAST_DATE)

# Number of English districts on a day: 326 until April 2019, as after the changes of 2009.
NUMBERS = {
    date(2011, 1, 1): 326,
    date(2019, 3, 31): 326,
    date(2019, 4, 1): 317,
    date(2020, 4, 1): 314,
    date(2021, 4, 1): 309,
    date(2023, 4, 1): 296,
    date(2025, 4, 1): 296,
    date(2027, 3, 31): 296,
}


def change(old: str, new: str, day: date) -> Change:
    """Return a change between two codes, which serve as names too."""
    return Change(old, old, new, new, day)


@pytest.mark.parametrize(("as_at", "number"), NUMBERS.items())
def test_number_of_districts_of_england(as_at: date, number: int):
    """Known districts are as many as England had on the day."""
    assert len(known_districts(as_at)) == number


@pytest.mark.parametrize(
    ("as_at", "code"),
    [
        (date(2019, 3, 31), "E07000190"),
        (date(2019, 4, 1), "E07000246"),
        (date(2023, 3, 31), "E07000246"),
        (date(2023, 4, 1), "E06000066"),
        (LAST_DATE, "E06000066"),
    ],
)
def test_a_chain_of_changes_is_followed_as_far_as_the_date(as_at: date, code: str):
    """Taunton Deane became Somerset West and Taunton in 2019 and Somerset in 2023."""
    assert carry_code("E07000190", as_at) == code


def test_carried_codes_keep_their_order_and_tell_what_was_recoded():
    """Codes come back in the order given, as often as given, and each recoding is listed once."""
    carried = carry_codes(["E08000016", "E08000003", "E08000016"], date(2025, 4, 1))
    assert carried.codes == ["E08000038", "E08000003", "E08000038"]
    assert carried.recoded == {"E08000016": "E08000038"}


def test_barnsley_and_sheffield_change_code_on_1_april_2025():
    """The old codes live until 31 March 2025 and the new ones from the next day."""
    before, after = known_districts(date(2025, 3, 31)), known_districts(date(2025, 4, 1))
    assert {code: before[code] for code in set(before) - set(after)} == {
        "E08000016": "Barnsley",
        "E08000019": "Sheffield",
    }
    assert {code: after[code] for code in set(after) - set(before)} == {
        "E08000038": "Barnsley",
        "E08000039": "Sheffield",
    }


def test_a_recoded_district_keeps_its_name():
    """A code changed for a boundary change stands for a district of the same name."""
    recoded = [row for row in rows(CHANGES_FILE) if row["kind"].endswith("recode")]
    assert len(recoded) == 8
    assert all(row["old_name"] == row["new_name"] for row in recoded)


def test_names_of_changed_districts_agree():
    """A code has one name wherever it stands in the tables."""
    named_as = {(row["district_code"], row["district_name"]) for row in rows(DISTRICTS_FILE)}
    for row in rows(CHANGES_FILE):
        named_as |= {(row["old_code"], row["old_name"]), (row["new_code"], row["new_name"])}
    assert len(named_as) == len({code for code, _ in named_as})


def test_undoing_a_merger_brings_back_its_parts():
    """Of three districts, two merged in 2015 and the merged one was recoded in 2020."""
    changes = [
        change("A", "AB", date(2015, 1, 1)),
        change("B", "AB", date(2015, 1, 1)),
        change("AB", "X", date(2020, 1, 1)),
    ]
    latest = {"X": "X", "C": "C"}
    assert list(live_districts(date(2020, 1, 1), latest, changes)) == ["C", "X"]
    assert list(live_districts(date(2019, 12, 31), latest, changes)) == ["AB", "C"]
    assert list(live_districts(date(2014, 12, 31), latest, changes)) == ["A", "B", "C"]


def test_undoing_takes_changes_in_any_order():
    """The order of the rows of the table does not matter."""
    latest = {row["district_code"]: row["district_name"] for row in rows(DISTRICTS_FILE)}
    changes = [
        Change(*(row[column] for column in ("old_code", "old_name", "new_code", "new_name")), day)
        for row in rows(CHANGES_FILE)
        for day in [date.fromisoformat(row["effective_date"])]
    ]
    random.Random(0).shuffle(changes)
    assert live_districts(date(2018, 1, 1), latest, changes) == known_districts(date(2018, 1, 1))


@given(DAYS, DAYS)
def test_districts_of_a_day_become_the_districts_of_any_later_day(first: date, second: date):
    """Carried forward, the districts of a day are all of those of the later day and no other."""
    early, late = sorted((first, second))
    assert set(carry_codes(known_districts(early), late).codes) == set(known_districts(late))


@given(DAYS, DAYS, DAYS)
def test_carrying_in_two_steps_is_carrying_in_one(first: date, second: date, third: date):
    """A code carried to a day and on to a later one is where it would be carried at once."""
    start, middle, end = sorted((first, second, third))
    codes = known_districts(start)
    steps = carry_codes(carry_codes(codes, middle).codes, end).codes
    assert steps == carry_codes(codes, end).codes


def test_codes_that_cannot_be_carried_are_all_named():
    """A misspelt code, a newer one and a Welsh one are told with the file, and why each."""
    with pytest.raises(RegisterError) as error:
        carry_codes(
            ["E08000003", "E0800003", "E06000066", "W06000001"],
            date(2020, 1, 1),
            file="deaths.csv",
        )
    assert str(error.value) == (
        "deaths.csv: 3 district codes cannot be carried to 2020-01-01: "
        "'E0800003' is unknown (nearest known: E08000039 Sheffield, E08000038 Barnsley, "
        "E08000037 Gateshead); E06000066 Somerset is newer: it came on 2023-04-01; "
        "'W06000001' is not the code of an English district. Correct the codes, or add the "
        "change to geography/data/district_changes.csv."
    )


def test_a_code_like_no_other_has_no_nearest():
    """Where nothing is near, the message says that."""
    live = known_districts(LAST_DATE)
    assert why_not_live("E06", LAST_DATE, live) == "'E06' is unknown (no known code is near it)"


@pytest.mark.parametrize("as_at", [date(2010, 12, 31), date(2027, 4, 1)])
def test_no_map_outside_the_tables(as_at: date):
    """A day before or after the tables is an error that gives their limits."""
    with pytest.raises(RegisterError, match=f"from 2011-01-01 to 2027-03-31, not at {as_at}"):
        known_districts(as_at)


def test_a_split_district_cannot_be_carried():
    """An old code with two rows would be a split, which needs more than codes."""
    day = date(2020, 1, 1)
    with pytest.raises(RegisterError, match=r"old_code A: A A ends twice"):
        checked_changes([change("A", "B", day), change("A", "C", day)])


def test_a_district_cannot_become_one_that_has_ended():
    """A change into a code that ended on that day or before, or into itself, is an error."""
    early, late = date(2020, 1, 1), date(2021, 1, 1)
    with pytest.raises(RegisterError, match=r"C C becomes A, which has ended by then"):
        checked_changes([change("C", "A", late), change("A", "B", early)])
    with pytest.raises(RegisterError, match=r"A A becomes A, which has ended by then"):
        checked_changes([change("A", "A", early)])


def test_changes_come_in_order_of_date():
    """The table may be in any order; the changes are not."""
    early, late = date(2020, 1, 1), date(2021, 1, 1)
    changes = [change("B", "C", late), change("A", "B", early)]
    assert checked_changes(changes) == (changes[1], changes[0])


def test_a_day_that_is_none_says_where():
    """A misspelt day of a table is told with its file, its place and the form wanted."""
    with pytest.raises(
        RegisterError, match=r"^x\.csv: row a: expected a day such as 2025-04-01, found '1/4/2025'"
    ):
        parse_date("1/4/2025", "x.csv", "row a")


def test_long_lists_are_cut_in_messages():
    """Ten are named and the rest are counted."""
    assert named([str(number) for number in range(10)]).endswith("; 9")
    assert named([str(number) for number in range(12)]).endswith("; 9; and 2 more")


@pytest.mark.parametrize("year", range(2011, 2027))
def test_the_districts_of_any_date_are_whole(year: int):
    """Whatever the vintage, all of its districts make all of today's."""
    require_whole(known_districts(date(year, 7, 1)), date(2026, 9, 30))


def test_some_districts_of_those_that_became_one_are_not_the_whole():
    """Cumberland was three districts; two of them, or three and itself, are refused."""
    today, three = date(2026, 9, 30), ["E07000026", "E07000028", "E07000029"]
    require_whole(three, today)
    require_whole(["E06000063"], today)
    with pytest.raises(
        SourceError, match=r"a\.csv: E06000063 Cumberland: .* found E07000026, E07000028"
    ):
        require_whole(three[:2], today, file="a.csv")
    with pytest.raises(SourceError, match="found E06000063, E07000026"):
        require_whole(["E06000063", *three], today)


def test_codes_are_carried_into_those_of_one_unsaid_date():
    """Kettering is North Northamptonshire's in 2021 and itself in 2020; a newer code is of none."""
    kettering, north, cumberland = "E07000153", "E06000061", "E06000063"
    assert carry_into([kettering, north], [north]) == [north, north]
    assert carry_into([kettering, north], [kettering]) == [kettering, None]
    assert carry_into([cumberland], ["E07000026"]) == [None]


# Somerset of April 2023 was made of four districts, one of which was made of two in April 2019.
SOMERSET, TAUNTON_AND_WEST = "E06000066", "E07000246"
OF_SOMERSET = ("E07000187", "E07000188", "E07000189", "E07000190", "E07000191")


def test_what_became_a_newer_district_is_followed_through_every_change():
    """At the end of 2018 Somerset of 2023 was five districts, in 2020 four, and today none."""
    of_2018 = newer_districts(date(2018, 12, 31))
    assert {(SOMERSET, old) for old in OF_SOMERSET} <= set(of_2018)
    assert [new for new, _ in of_2018].count(SOMERSET) == 5
    assert {(TAUNTON_AND_WEST, old) for old in OF_SOMERSET[3:]} <= set(of_2018)
    of_2020 = [old for new, old in newer_districts(date(2020, 6, 30)) if new == SOMERSET]
    assert of_2020 == [*OF_SOMERSET[:3], TAUNTON_AND_WEST]
    assert newer_districts(date(2025, 4, 1)) == []


@given(as_at=DAYS, later=DAYS)
def test_newer_districts_are_the_way_back_of_codes_carried_forward(as_at: date, later: date):
    """Each district of a date stands beside each other code that it becomes."""
    as_at, later = sorted((as_at, later))
    live = list(known_districts(as_at))
    became = zip(live, carry_codes(live, later).codes, strict=True)
    expected = {(new, old) for old, new in became if new not in live}
    assert expected <= set(newer_districts(as_at))
