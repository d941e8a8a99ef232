from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from healthycities.catalogue import Direction
from healthycities.geography.register import Register
from healthycities.publish.wording import (
    DIRECTIONS,
    counted,
    listed,
    period_said,
    split_name,
    split_titles,
    years_said,
)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Tees Valley Combined Authority", ("Tees Valley", " Combined Authority")),
        (
            "Devon and Torbay Combined County Authority",
            ("Devon and Torbay", " Combined County Authority"),
        ),
        ("Greater London Authority", ("Greater London", " Authority")),
        ("Hartlepool", ("Hartlepool", "")),
    ],
)
def test_a_name_is_parted_from_the_words_for_its_kind(name: str, parts: tuple[str, str]):
    """What a small screen leaves out is the kind of authority and no part of the place."""
    assert split_name(name) == parts


def test_every_authority_is_told_from_the_others_without_its_kind():
    """The short names of one day are all different, and none says what it is."""
    names = {authority.name for authority in Register.load().authorities(date(2026, 9, 30))}
    short = [split_name(name)[0] for name in names]
    assert len(set(short)) == len(names)
    assert not any("Authority" in name for name in short)


def test_titles_are_parted_where_the_head_tells_them_apart():
    """Two measures of PM2.5 keep their whole titles; that of NO2 is known by its first word."""
    assert split_titles(["NO2, mean", "PM2.5, mean", "PM2.5, share", "Deaths"]) == [
        ("NO2", ", mean"),
        ("PM2.5, mean", ""),
        ("PM2.5, share", ""),
        ("Deaths", ""),
    ]


@pytest.mark.parametrize(
    ("words", "said"), [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")]
)
def test_words_are_listed_as_they_are_read(words: list[str], said: str):
    """Commas part all but the last two."""
    assert listed(words) == said


def test_one_is_counted_in_the_singular():
    """One authority, no districts, thousands with a comma."""
    assert counted(1, "authority", "authorities") == "1 authority"
    assert counted(0, "district", "districts") == "0 districts"
    assert counted(4835, "small area", "small areas") == "4,835 small areas"


def test_a_period_is_said_by_its_ends():
    """A period of one year is that year."""
    assert period_said(2021, 2023) == "2021 to 2023"
    assert period_said(2023, 2023) == "2023"


def test_years_that_follow_one_another_are_drawn_together():
    """A gap parts them, and a year alone stands alone."""
    assert years_said([2010, 2003, 2004, 2005, 2005]) == "2003 to 2005, 2010"


def test_every_direction_has_a_sentence():
    """Whatever direction a card may have reads well in a caption."""
    assert set(DIRECTIONS) == set(get_args(Direction))
    assert all(said[0].isupper() and said.endswith(".") for said in DIRECTIONS.values())
