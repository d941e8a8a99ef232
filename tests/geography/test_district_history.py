"""Histories of invented districts, worked by hand, and that of England."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from healthycities.errors import RegisterError
from healthycities.geography.district_history import (
    Change,
    District,
    DistrictHistory,
    checked_changes,
)
from healthycities.geography.districts import FIRST_DATE, LAST_DATE, district_history

EARLY, LATE = date(2015, 1, 1), date(2020, 1, 1)
DAY = timedelta(days=1)


def change(old: str, new: str, day: date, kind: str = "recoding") -> Change:
    """Return a change between two codes; the old one serves as its name too."""
    return Change(old, old, new, day, kind)


# A and B merged in 2015 into AB, which was recoded to X in 2020; S was split in 2020 into T and U.
HISTORY = DistrictHistory(
    {"X": "X", "C": "C", "T": "T", "U": "U"},
    (
        change("A", "AB", EARLY, "merge"),
        change("B", "AB", EARLY, "merge"),
        change("AB", "X", LATE),
        change("S", "U", LATE, "split"),
        change("S", "T", LATE, "split"),
    ),
)


def test_the_districts_of_a_day_are_those_that_came_and_have_not_ended():
    """Of seven codes those that live are told for the day before each change and the day of it."""
    assert list(HISTORY.live(EARLY - DAY)) == ["A", "B", "C", "S"]
    assert list(HISTORY.live(EARLY)) == ["AB", "C", "S"]
    assert list(HISTORY.live(LATE - DAY)) == ["AB", "C", "S"]
    assert list(HISTORY.live(LATE)) == ["C", "T", "U", "X"]


def test_a_code_is_told_with_its_days_and_what_came_before_and_after():
    """The merged district came of two on its first day and became one on the day after its last."""
    assert HISTORY.district("AB") == District(
        "AB", "AB", EARLY, LATE - DAY, HISTORY.changes[:2], (change("AB", "X", LATE),)
    )
    assert HISTORY.district("C") == District("C", "C", None, None, (), ())


def test_a_split_is_several_codes_that_one_became():
    """The district that was split has a last day, two successors, and no one code to stand for."""
    split = HISTORY.district("S")
    assert [one.new_code for one in split.became] == ["T", "U"]
    assert split.last_day == LATE - DAY
    assert [one.old_code for one in HISTORY.district("T").made_of] == ["S"]
    assert HISTORY.becomes("S", {"T", "U"}, LATE) == {"T", "U"}
    assert HISTORY.whole("S", {"T", "U"}, LATE) is None


def test_what_a_district_becomes_is_followed_as_far_as_the_date():
    """A is X in 2020 and in 2019 nothing but AB; a part of S that is not wanted makes it none."""
    assert HISTORY.whole("A", {"X"}, LATE) == "X"
    assert HISTORY.whole("A", {"X"}, LATE - DAY) is None
    assert HISTORY.whole("A", {"AB", "X"}, LATE) == "AB"
    assert HISTORY.becomes("S", {"T"}, LATE) is None
    assert HISTORY.later_codes("A") == {"AB", "X"}
    assert HISTORY.later_codes("S") == {"T", "U"}


def test_a_split_that_was_undone_is_one_district_again():
    """Where all parts of a district became one, it is that one, whole."""
    history = DistrictHistory(
        {"V": "V"},
        (
            change("S", "T", EARLY, "split"),
            change("S", "U", EARLY, "split"),
            change("T", "V", LATE, "merge"),
            change("U", "V", LATE, "merge"),
        ),
    )
    assert history.whole("S", {"V"}, LATE) == "V"
    assert history.whole("S", {"T", "U"}, EARLY) is None


def test_a_part_of_a_split_may_merge_with_another():
    """S gave one part to T and one to U, which took in R: its row is a split, that of R a merge."""
    history = DistrictHistory(
        {"T": "T", "U": "U"},
        (
            change("S", "T", LATE, "split"),
            change("S", "U", LATE, "split"),
            change("R", "U", LATE, "merge"),
        ),
    )
    assert list(history.live(LATE - DAY)) == ["R", "S"]
    assert {one.old_code for one in history.district("U").made_of} == {"R", "S"}
    assert history.whole("R", {"T", "U"}, LATE) == "U"


def test_changes_come_in_order_of_date_whatever_the_order_of_the_rows():
    """A shuffled table gives the same history of England."""
    real = district_history()
    shuffled = list(real.changes)
    random.Random(0).shuffle(shuffled)
    assert DistrictHistory(real.latest, tuple(shuffled)).changes == real.changes
    assert [one.effective for one in real.changes] == sorted(one.effective for one in real.changes)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ([change("A", "B", EARLY), change("A", "C", LATE)], "A A ends on two days"),
        ([change("A", "B", LATE), change("A", "C", LATE)], "the kind split, found 'recoding'"),
        ([change("A", "B", LATE, "split")], "recoding or boundary_change, found 'split'"),
        ([change("A", "C", LATE), change("B", "C", LATE)], "the kind merge, found 'recoding'"),
        ([change("A", "B", LATE, "")], "recoding or boundary_change, found ''"),
        ([change("C", "A", LATE), change("A", "B", EARLY)], "C C becomes A, which has ended by"),
        ([change("A", "A", EARLY)], "A A becomes A, which has ended by then"),
        ([change("A", "C", EARLY), change("B", "C", LATE)], "C, which came before that day"),
        ([change("A", "B", LATE, "split")] * 2, "A A becomes B twice"),
        (
            [change("A", "B", LATE, "split"), Change("A", "Other", "C", LATE, "split")],
            "A Other is also called A",
        ),
    ],
)
def test_changes_that_contradict_one_another_are_refused(changes: list[Change], problem: str):
    """The message names the code, the file and what is wrong with it."""
    with pytest.raises(RegisterError, match=problem) as error:
        checked_changes(changes)
    assert str(error.value).startswith("geography/data/district_changes.csv: old_code ")


def test_changes_lead_to_the_latest_districts():
    """A code that has ended is not among the latest, and one that was made has to be."""
    with pytest.raises(RegisterError, match=r"A A has ended, and stands in geography/data/distri"):
        DistrictHistory({"A": "A", "B": "B"}, (change("A", "B", LATE),))
    with pytest.raises(RegisterError, match=r"A A becomes B, which is not in geography/data/"):
        DistrictHistory({"C": "C"}, (change("A", "B", LATE),))


def test_the_kinds_of_englands_changes():
    """Since 2011 there were 42 codes that merged, 8 that went with a moved border, and no split."""
    kinds = [one.kind for one in district_history().changes]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"merge": 42, "boundary_change": 8}


def test_a_district_with_a_moved_border_keeps_its_name():
    """A code changed for a boundary change stands for a district of the same name."""
    history = district_history()
    moved = [one for one in history.changes if one.kind == "boundary_change"]
    assert all(one.old_name == history.names[one.new_code] for one in moved)


def test_every_code_of_england_lives_from_its_first_day_to_its_last():
    """The days of a code are those on which it is among the districts, and no others."""
    history = district_history()
    assert len(history.names) == 346
    for code in history.names:
        district = history.district(code)
        first, last = district.since or FIRST_DATE, district.last_day or LAST_DATE
        assert code in history.live(first)
        assert code in history.live(last)
        assert district.since is None or code not in history.live(first - DAY)
        assert district.last_day is None or code not in history.live(last + DAY)
