from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import ConfigError, SchemaError
from healthycities.health.causes import (
    CodeRange,
    causes_in_group,
    code_range,
    group_ranges,
)
from healthycities.package_tables import rows

RESPIRATORY = [
    *("J30-J39", "J40-J47", "J60-J70", "J80-J84", "J85-J86", "J90-J94"),
    *("J95", "J96", "J98"),
]
"""Parts of chronic respiratory disease as Nomis gives them."""
NOMIS = ["all", "C00-C97", "E10-E14", "I00-I99", *RESPIRATORY]
GROUPS = [row["group_id"] for row in rows("health/data/cause_groups.csv")]


def test_four_major_diseases_of_the_nomis_table():
    """From the causes that the ONS takes from Nomis, all but the total make up the group."""
    assert causes_in_group(NOMIS, "ncd4") == NOMIS[1:]


def test_group_is_the_ranges_of_the_file():
    """The four major groups are those of SDG indicator 3.4.1."""
    assert group_ranges("ncd4") == (
        CodeRange("C00", "C97"),
        CodeRange("E10", "E14"),
        CodeRange("I00", "I99"),
        CodeRange("J30", "J98"),
    )


@pytest.mark.parametrize("group_id", GROUPS)
def test_ranges_of_a_group_lie_apart(group_id):
    """No code is in two ranges of a group, so that no death could count twice."""
    assert not any(a.overlaps(b) for a, b in combinations(group_ranges(group_id), 2))


@pytest.mark.parametrize("group_id", GROUPS)
def test_a_group_is_made_up_of_its_own_ranges(group_id):
    """A table that holds the ranges of a group, and single codes in them, yields the ranges."""
    ranges = [str(part) for part in group_ranges(group_id)]
    singles = [part.first for part in group_ranges(group_id)]
    assert causes_in_group([*singles, *ranges], group_id) == sorted(ranges)


def test_largest_of_nested_causes_is_chosen():
    """Of a cause and its parts the whole is taken, whatever their order, and other causes left."""
    causes = ["C50", "C00-C97", "C15-C26", "C18", "A00-B99", "D50-D89"]
    assert causes_in_group(causes, "cancer") == ["C00-C97"]
    assert causes_in_group(causes[::-1], "cancer") == ["C00-C97"]


def test_a_larger_cause_is_passed_over():
    """A chapter that holds the whole group and more does not stand in for it, nor hinder it."""
    assert causes_in_group(["all", "J00-J99", "J30-J98"], "chronic_respiratory") == ["J30-J98"]
    assert causes_in_group(["E00-E90", "E10-E14"], "diabetes") == ["E10-E14"]


def test_one_cause_written_twice_counts_once():
    """A single code and the range of it alone are one cause."""
    assert len(causes_in_group(["I00-I99", "I00-I99"], "circulatory")) == 1
    assert len(causes_in_group([*RESPIRATORY, "J95-J95"], "chronic_respiratory")) == 9


def test_parts_make_up_a_range():
    """Where the whole is not in the table, all its parts are taken, sorted."""
    assert causes_in_group(["all", *RESPIRATORY[::-1]], "chronic_respiratory") == RESPIRATORY
    single = [f"E{number}" for number in range(10, 15)]
    assert causes_in_group(single, "diabetes") == single


@pytest.mark.parametrize("cause", ["J30-J39", "J40-J47", "J95", "J98"])
def test_parts_that_leave_a_block_out_are_refused(cause):
    """Without one of the causes that Nomis gives, the sum would pass for the whole."""
    others = [part for part in RESPIRATORY if part != cause]
    with pytest.raises(SchemaError, match=f"no cause of death holds {cause}, which the group"):
        causes_in_group(others, "chronic_respiratory")


def test_a_block_is_filled_by_its_codes():
    """Each code of E10 to E14 but one leaves that one out; all of them make up the block."""
    with pytest.raises(SchemaError, match="holds E12, which"):
        causes_in_group(["E10", "E11", "E13-E14"], "diabetes")


def test_a_range_without_deaths_is_named():
    """A table that holds nothing of some ranges stops and says what to add."""
    with pytest.raises(SchemaError, match=r"within E10-E14, J30-J98, .*Add the deaths of E10-E14"):
        causes_in_group(["all", "C00-C97", "I00-I99", "J00-J99"], "ncd4")


@pytest.mark.parametrize("cause", ["J95-J99", "J00-J39", "I95-J40"])
def test_a_cause_across_the_border_is_refused(cause):
    """A cause partly in the group stops, even beside its parts."""
    message = rf"{cause} lies partly in J30-J98 of the group 'chronic_respiratory'"
    with pytest.raises(SchemaError, match=message):
        causes_in_group(["J30-J98", cause], "chronic_respiratory")


def test_overlapping_causes_are_refused():
    """Two causes that share codes, neither holding the other, stop."""
    with pytest.raises(SchemaError, match="C10-C30 and C20-C40 overlap"):
        causes_in_group(["C10-C30", "C20-C40"], "cancer")


def test_overlap_within_a_larger_cause_does_no_harm():
    """Causes that overlap inside one that is taken whole are not counted and so not refused."""
    assert causes_in_group(["C10-C30", "C20-C40", "C00-C97"], "cancer") == ["C00-C97"]


@pytest.mark.parametrize("cause", ["", "c00", "C0", "C00-", "C00–C97", "C97-C00", "All", "C00.1"])
def test_what_is_no_cause_is_refused(cause):
    """Text that is no range of codes stops, and the message holds it."""
    with pytest.raises(SchemaError, match=f"found '{re.escape(cause)}'"):
        causes_in_group(["C00-C97", cause], "cancer")


def test_unknown_group_lists_those_that_are_known():
    """A group that is in no row of the file stops and lists the groups."""
    with pytest.raises(ConfigError, match=r"'ncd5'; known are .*circulatory, diabetes, .*ncd4"):
        causes_in_group(["all"], "ncd5")


codes = st.builds("{}{:02d}".format, st.sampled_from("BCD"), st.integers(0, 99))
some_ranges = st.lists(st.tuples(codes, codes).map(lambda pair: "-".join(sorted(pair))))


def numbers(cause: str) -> set[str]:
    """Return every code of a cause among those of the letters B to D."""
    first, last = code_range(cause)
    every = [f"{letter}{digits:02d}" for letter in "BCD" for digits in range(100)]
    return {code for code in every if first <= code <= last}


@given(some_ranges)
def test_every_code_counts_once(causes):
    """What is chosen shares no code, lies in the group, and has every code of a cause that does."""
    group = numbers("C00-C97")
    try:
        chosen = causes_in_group(causes, "cancer")
    except SchemaError:
        sets = [numbers(cause) for cause in causes]
        inside = set().union(*(one for one in sets if one <= group))
        crossing = any(a & b and not (a <= b or b <= a) for a, b in combinations([*sets, group], 2))
        assert crossing or inside != group
    else:
        covered = [code for cause in chosen for code in sorted(numbers(cause))]
        assert len(covered) == len(set(covered))
        inside = [numbers(cause) for cause in causes if numbers(cause) <= group]
        assert set(covered) == set().union(*inside)
