from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import RegisterError, SourceError
from healthycities.geography import districts
from healthycities.geography.district_history import Change, DistrictHistory
from healthycities.geography.districts import (
    FIRST_DATE,
    LAST_ASKED,
    LAST_DATE,
    announced_changes,
    carry_code,
    carry_codes,
    carry_into,
    district_history,
    district_map,
    known_districts,
    named,
    newer_districts,
    parse_date,
    recoded,
    require_whole,
    why_not_live,
)

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


def test_what_is_published_of_a_district_holds_for_one_that_is_it_alone():
    """Living and recoded ones are kept; merged, split, newer and unknown ones are left out."""
    taunton, recoded_code, carlisle = "E07000190", "E08000016", "E07000028"
    now = recoded(["E08000003", recoded_code, carlisle, taunton, "E09000099"], date(2025, 4, 1))
    assert now == {"E08000003": "E08000003", recoded_code: "E08000038"}
    assert recoded(["E08000038", carlisle], date(2022, 1, 1)) == {carlisle: carlisle}


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


# --- A split, which England has had none of since 2011: two made-up codes in place of two real ---

SPLIT_DAY = date(2022, 4, 1)
HARTLEPOOL, DARLINGTON, WHOLE = "E06000001", "E06000005", "E06009999"


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Hartlepool and Darlington be what one district was split into in April 2022."""
    real = district_history()
    made_up = [Change(WHOLE, "Both", part, SPLIT_DAY, "split") for part in (HARTLEPOOL, DARLINGTON)]
    history = DistrictHistory(real.latest, (*real.changes, *made_up))
    monkeypatch.setattr(districts, "district_history", lambda: history)
    districts._possible_parts.cache_clear()
    yield
    districts._possible_parts.cache_clear()


@pytest.mark.usefixtures("split")
def test_a_split_district_lives_until_its_parts_do():
    """Before the day there is one district, and from it on there are two in its place."""
    before, after = known_districts(SPLIT_DAY - timedelta(days=1)), known_districts(SPLIT_DAY)
    assert set(before) - set(after) == {WHOLE}
    assert set(after) - set(before) == {HARTLEPOOL, DARLINGTON}


@pytest.mark.usefixtures("split")
def test_a_split_district_is_not_carried_and_says_what_it_was_split_into():
    """No one code stands for it any more: which part a value is of cannot be known from codes."""
    assert carry_codes([WHOLE], SPLIT_DAY - timedelta(days=1)).codes == [WHOLE]
    with pytest.raises(RegisterError) as error:
        carry_codes([WHOLE, "E06000002"], SPLIT_DAY, file="deaths.csv")
    assert str(error.value) == (
        "deaths.csv: 1 district code cannot be carried to 2022-04-01: E06009999 Both was split on "
        "2022-04-01 and is now divided between E06000001 Hartlepool and E06000005 Darlington. "
        "Report on a date before the split, or give a file of a date after it."
    )
    assert carry_into([WHOLE], [HARTLEPOOL, DARLINGTON]) == [None]
    assert carry_into([WHOLE], [HARTLEPOOL]) == [None]


@pytest.mark.usefixtures("split")
def test_parts_of_a_split_are_newer_districts_of_what_was_split():
    """Each part lies in the district that was split, so that its values go back to it whole."""
    before = SPLIT_DAY - timedelta(days=1)
    pairs = [pair for pair in newer_districts(before) if pair[1] == WHOLE]
    assert pairs == [(HARTLEPOOL, WHOLE), (DARLINGTON, WHOLE)]
    with pytest.raises(RegisterError, match=r"E06000001 Hartlepool is newer: it came on 2022-04"):
        carry_codes([HARTLEPOOL], before)


@pytest.mark.usefixtures("split")
def test_a_table_of_today_is_whole_whatever_was_split_before():
    """A part is made of nothing older, and is not held to lack the district it was split from."""
    today = date(2026, 9, 30)
    require_whole(known_districts(today), today)
    require_whole([HARTLEPOOL], today)


# --- After the last day whose codes are known ---

SURREY_UNTIL = date(2027, 3, 31)


def test_the_districts_of_2028_are_the_last_that_are_known():
    """The map of a later day says of which day it is, and what was announced in between."""
    late = district_map(date(2028, 6, 1))
    assert late.known_at == LAST_DATE == SURREY_UNTIL
    assert dict(late.districts) == known_districts(LAST_DATE)
    assert {one.new_name for one in late.not_carried} == {"East Surrey", "West Surrey"}


def test_a_known_day_has_nothing_that_is_not_carried():
    """Up to the last known day the map is of the day asked, and nothing is missing from it."""
    known = district_map(LAST_DATE)
    assert (known.as_at, known.known_at, known.not_carried) == (LAST_DATE, LAST_DATE, ())


def test_surreys_eleven_districts_are_announced_and_have_no_new_code():
    """Five become East Surrey and six West Surrey, on 1 April 2027; no code of theirs is known."""
    names = [one.new_name for one in announced_changes()]
    assert {one.effective for one in announced_changes()} == {date(2027, 4, 1)}
    assert (names.count("East Surrey"), names.count("West Surrey")) == (5, 6)
    assert not {"East Surrey", "West Surrey"} & set(district_history().names.values())


@pytest.mark.parametrize("as_at", [FIRST_DATE - timedelta(days=1), LAST_ASKED + timedelta(days=1)])
def test_no_map_is_told_outside_the_days_that_can_be_asked(as_at: date):
    """A day before codes began, or after 2028, is an error with the limits."""
    with pytest.raises(RegisterError, match=f"from 2011-01-01 to 2028-12-31, not at {as_at}"):
        district_map(as_at)


@pytest.mark.parametrize(
    ("code", "day"), [("E07000205", "2027-04-01"), ("E07000207", "2027-03-31")]
)
def test_an_announced_change_is_of_a_living_district_and_a_later_day(
    code: str, day: str, monkeypatch: pytest.MonkeyPatch
):
    """One of a code that has ended, or of a known day, belongs among the changes that are known."""
    row = {"old_code": code, "new_name": "New", "effective_date": day, "source": "a note"}
    monkeypatch.setattr(districts, "rows", lambda _: [row])
    with pytest.raises(RegisterError, match=rf"announced_changes\.csv: old_code {code}: expected"):
        announced_changes.__wrapped__()
