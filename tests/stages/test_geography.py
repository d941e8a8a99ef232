from __future__ import annotations

import json
from datetime import date

import pytest

from healthycities.errors import RegisterError
from healthycities.geography.district_history import Change, DistrictHistory
from healthycities.geography.districts import FIRST_DATE, LAST_ASKED, LAST_DATE, district_history
from healthycities.geography.register import Authority, Membership, Register, as_at_of_register
from healthycities.stages.geography import authority_answer, district_answer, find, geography

SEPTEMBER_2026 = date(2026, 9, 30)
DAYS = (FIRST_DATE, date(2019, 1, 1), SEPTEMBER_2026, LAST_ASKED)


@pytest.fixture(scope="module")
def register() -> Register:
    """Return the register of the package."""
    return Register.load()


def lines(area: str, as_at: date = SEPTEMBER_2026, since: int = 2011) -> list[str]:
    """Return what is said of an area, without the indents."""
    return [line.strip() for line in geography(area, as_at, since).splitlines()]


def joined(area: str, as_at: date = SEPTEMBER_2026, since: int = 2011) -> str:
    """Return what is said of an area on one line."""
    return " ".join(" ".join(lines(area, as_at, since)).split())


def test_an_authority_is_told_as_it_was_at_the_date():
    """Tees Valley in 2019: its days, its mayor of 2017, and five districts that never changed."""
    assert geography("E47000006", date(2019, 1, 1)) == (
        "Tees Valley Combined Authority (E47000006)\n"
        "    key:         tees_valley\n"
        "    2019-01-01:  standing\n"
        "    mayor:       in office; first election 2017-05-04\n"
        "    stands:      since 2016-04-01\n"
        "    kind:        MCA\n"
        "    tier:        mayoral, in September 2026\n"
        "    came after:  none\n"
        "    replaced by: none\n"
        "\n"
        "5 districts on 2019-01-01\n"
        "    E06000001 Hartlepool: since 2011 or before\n"
        "    E06000002 Middlesbrough: since 2011 or before\n"
        "    E06000003 Redcar and Cleveland: since 2011 or before\n"
        "    E06000004 Stockton-on-Tees: since 2011 or before\n"
        "    E06000005 Darlington: since 2011 or before\n"
        "\n"
        "How values of 2011-01-01 reach it\n"
        "    They are of the same 5 districts, for no code changed: exact.\n"
    )


def test_seven_districts_of_2019_reach_north_yorkshire():
    """Each is named with its last day and what it became, and with York they add up exactly."""
    told = lines("york_north_yorkshire", since=2019)
    assert "E06000065 North Yorkshire: since 2023-04-01" in told
    ended = [line for line in told if line.startswith("until 2023-03-31: ")]
    assert [line.split()[2] for line in ended] == [f"E07000{n}" for n in range(163, 170)]
    assert all(line.endswith("was merged into E06000065") for line in ended)
    assert "How values of 2019-01-01 reach it" in told
    assert told[-1] == "They are of 8 districts, all of them whole, and are added up: exact."


def test_codes_that_ended_before_the_year_are_left_out():
    """Asked from 2024 on, North Yorkshire is one code and always was."""
    told = lines("york_north_yorkshire", since=2024)
    assert not [line for line in told if line.startswith("until")]
    assert told[-1] == "They are of the same 2 districts, for no code changed: exact."


def test_who_came_before_and_after_is_told():
    """North of Tyne came after the North East of 2014 and gave way to that of 2024."""
    told = joined("north of tyne", date(2025, 1, 1))
    assert "2025-01-01: ended" in told
    assert "mayor: none; first election 2019-05-02" in told
    assert "stands: since 2018-11-02, until 2024-05-06" in told
    assert "came after: North East (E47000005)" in told
    assert "replaced by: North East Mayoral Combined Authority (E47000014)" in told
    assert "3 districts on 2024-05-06, its last day" in told


def test_an_authority_before_it_stands_has_the_districts_of_its_first_day():
    """York and North Yorkshire was not there in 2019; its members of December 2023 are told."""
    told = lines("E47000012", date(2019, 1, 1))
    assert "2019-01-01:  to come" in told
    assert "2 districts on 2023-12-20, its first day" in told


def test_people_moved_with_a_border_are_not_passed_over():
    """Barnsley's and Sheffield's borders moved in 2025: their values are theirs but for that."""
    told = joined("south_yorkshire", since=2020)
    assert "They are of 4 districts, all of them whole, and are added up: exact." in told
    for code, name in (("E08000016", "Barnsley"), ("E08000019", "Sheffield")):
        moved = f"{code} {name}: people moved by the border of 2025-04-01 are not carried."
        assert moved in told


def test_a_planned_authority_is_told_as_planned():
    """Its name, its standing and its days say so, and it has no mayor whatever the date."""
    told = lines("Greater Essex", LAST_ASKED)
    assert told[0] == "Greater Essex Combined County Authority (planned) (no GSS code)"
    assert "2028-12-31:  planned" in told
    assert "mayor:       none; first election 2028-05-04 (planned)" in told
    assert "stands:      not yet" in told


def test_a_district_that_ended_is_told_with_what_it_became():
    """Barnsley's old code lived to March 2025 and was in South Yorkshire since 2014."""
    told = lines("E08000016")
    assert told[0] == "E08000016 Barnsley"
    assert "2026-09-30:  has ended; its ground is in E08000038 Barnsley" in told
    assert told[-1] == (
        "South Yorkshire Mayoral Combined Authority (E47000002): since 2014-04-01, until 2025-03-31"
    )
    later = joined("E08000038", date(2020, 6, 1))
    assert "2020-06-01: has not come yet; its ground is in E08000016 Barnsley" in later


def test_an_older_map_has_the_ground_of_a_newer_district_in_several():
    """Cumberland of 2023 was three districts, each of which had ground of it."""
    told = joined("Cumberland", date(2020, 1, 1))
    assert (
        "has not come yet; its ground is in E07000026 Allerdale; E07000028 Carlisle;"
        " E07000029 Copeland" in told
    )


def test_a_day_whose_codes_are_not_known_is_told_as_such():
    """Elmbridge in 2028 is not said to live; what was announced stands there with its source."""
    told = joined("Elmbridge", date(2028, 1, 1))
    assert "2028-01-01: not known; lives on 2027-03-31" in told
    assert "to become East Surrey on 2027-04-01, whose code is not known" in told
    assert "(secondary; verify)" in told
    assert "to become" not in joined("Elmbridge", LAST_DATE)
    of_authority = joined("greater_london", date(2027, 4, 1))
    assert "Codes are known up to 2027-03-31, and these are of that day." in of_authority


@pytest.mark.parametrize(
    ("area", "as_at", "key"),
    [
        ("E47000006", SEPTEMBER_2026, "tees_valley"),
        ("e47000006", SEPTEMBER_2026, "tees_valley"),
        ("tees_valley", SEPTEMBER_2026, "tees_valley"),
        ("tees valley", SEPTEMBER_2026, "tees_valley"),
        ("Tees Valley Combined Authority", SEPTEMBER_2026, "tees_valley"),
        ("North East", SEPTEMBER_2026, "north_east"),
        ("North East", date(2015, 1, 1), "north_east_2014"),
        ("north_east", date(2015, 1, 1), "north_east_2014"),
        ("E47000014", date(2015, 1, 1), "north_east"),
        ("cumbria", date(2015, 1, 1), "cumbria"),
    ],
)
def test_an_authority_is_found_by_code_key_or_name(
    register: Register, area: str, as_at: date, key: str
):
    """Of several of one name it is the one that stands at the date."""
    found = find(area, register, as_at)
    assert found == register.authority(key)


@pytest.mark.parametrize(
    ("area", "as_at", "code"),
    [
        ("E08000016", SEPTEMBER_2026, "E08000016"),
        ("barnsley", SEPTEMBER_2026, "E08000038"),
        ("Barnsley", date(2020, 1, 1), "E08000016"),
        ("Craven", SEPTEMBER_2026, "E07000163"),
    ],
)
def test_a_district_is_found_by_code_or_name(register: Register, area: str, as_at: date, code: str):
    """Of two codes of one name it is the one that lives at the date."""
    assert find(area, register, as_at) == code


def test_a_name_of_several_of_which_none_stands_asks_for_more(register: Register):
    """In 2013 there was no North East yet; the three of that name are told with their codes."""
    with pytest.raises(RegisterError) as error:
        find("north east", register, date(2013, 1, 1))
    assert str(error.value) == (
        "'north east' is the name of 3, of which 0 at 2013-01-01: north_east (E47000014), "
        "north_east_2014 (E47000005), north_east_2018 (E47000010). Give a code or a key."
    )


@pytest.mark.parametrize(
    ("area", "near"),
    [
        ("E47000066", "Hull and East Yorkshire Combined Authority (E47000016)"),
        ("greter manchester", "Greater Manchester Combined Authority (E47000001)"),
        ("Barnsly", "E08000038 Barnsley"),
        ("E0800003", "E08000037 Gateshead"),
    ],
)
def test_what_is_unknown_is_told_with_the_nearest(area: str, near: str):
    """A misspelt code or name is answered with those near it, by code and name."""
    with pytest.raises(RegisterError, match=f"'{area}' is no authority and no district") as error:
        geography(area, SEPTEMBER_2026)
    assert near in str(error.value)


def test_what_is_like_nothing_has_no_nearest():
    """No code and no name is made to look near."""
    with pytest.raises(RegisterError) as error:
        geography("xyzzy", SEPTEMBER_2026)
    assert "nearest" not in str(error.value)


@pytest.mark.parametrize(
    ("as_at", "since", "said"),
    [
        (date(2010, 1, 1), 2011, "can be asked from 2011-01-01 to 2028-12-31, not at 2010-01-01"),
        (date(2029, 1, 1), 2011, "can be asked from 2011-01-01 to 2028-12-31, not at 2029-01-01"),
        (date(2019, 1, 1), 2020, "expected a year from 2011 to that of 2019-01-01, found 2020"),
        (date(2019, 1, 1), 2010, "expected a year from 2011 to that of 2019-01-01, found 2010"),
    ],
)
def test_days_that_cannot_be_asked_about_are_told(as_at: date, since: int, said: str):
    """A date or a year out of the tables is an error with the limits."""
    with pytest.raises(RegisterError, match=said):
        geography("tees_valley", as_at, since)


@pytest.mark.parametrize("as_at", DAYS)
def test_every_authority_and_district_is_told_within_100_characters(
    register: Register, as_at: date
):
    """Whatever is asked at whatever date, no line is too wide for a terminal."""
    areas = [one.area_code for one in register.everyone]
    codes = [*areas, *district_history().names] if as_at == SEPTEMBER_2026 else areas
    for code in codes:
        found = geography(code, as_at)
        assert max(map(len, found.splitlines())) <= 100, code
        assert found.endswith("\n")


def test_json_has_the_same_facts(register: Register):
    """Dates are written as they are asked, and every change by the names of its parts."""
    told = json.loads(geography("york_north_yorkshire", SEPTEMBER_2026, 2019, as_json=True))
    answer = authority_answer(
        register.authority("york_north_yorkshire"), register, SEPTEMBER_2026, date(2019, 1, 1)
    )
    assert told["authority"]["first_day"] == "2023-12-20"
    assert told["mayor_in_office"] is True
    assert told["whole"] == list(answer.whole)
    assert len(answer.whole) == 8
    assert told["in_part"] == []
    before = told["districts"][1]["before"]
    assert before[0]["code"] == "E07000163"
    assert before[0]["became"][0]["new_code"] == "E06000065"
    assert before[0]["became"][0]["kind"] == "merge"


def test_json_of_a_district_has_its_authorities(register: Register):
    """County Durham was in three authorities, one after the other without a gap."""
    told = json.loads(geography("E06000047", SEPTEMBER_2026, as_json=True))
    answer = district_answer("E06000047", register, SEPTEMBER_2026, FIRST_DATE)
    assert [one["key"] for one in told["authorities"]] == [one.key for one in answer.authorities]
    assert [(one.key, one.first_day, one.last_day) for one in answer.authorities] == [
        ("north_east_2014", date(2014, 4, 15), date(2018, 11, 1)),
        ("north_east_2018", date(2018, 11, 2), date(2024, 5, 6)),
        ("north_east", date(2024, 5, 7), None),
    ]


def test_a_planned_authority_of_a_district_has_no_days(register: Register):
    """Norwich is in none that stands, and in one that is planned."""
    (planned,) = district_answer("E07000148", register, SEPTEMBER_2026, FIRST_DATE).authorities
    assert (planned.key, planned.first_day) == ("norfolk_suffolk", None)


def test_a_split_leaves_an_older_district_in_part(monkeypatch: pytest.MonkeyPatch):
    """Of a district that was split, an authority with one part is told to need an estimate."""
    day = date(2022, 1, 1)
    history = DistrictHistory(
        {"T": "Tea", "U": "You"},
        tuple(Change("S", "Ess", new, day, "split") for new in ("T", "U")),
    )
    tea = Authority("tea", "Tea", "tea", None, "MCA", None, day, None, (Membership("T"),))
    register = Register((tea,), history=history)
    answer = authority_answer(tea, register, SEPTEMBER_2026, date(2020, 1, 1))
    assert (answer.whole, answer.in_part) == ((), ("S",))
    monkeypatch.setattr(Register, "load", classmethod(lambda _: register))
    told = joined("tea", since=2020)
    assert "until 2021-12-31: S Ess was split into T and U" in told
    assert told.endswith("S is here with a part only: its values have to be divided, an estimate.")


def test_the_default_date_is_the_registers():
    """The verb without a date answers for the map that a run reports on by default."""
    assert as_at_of_register() == SEPTEMBER_2026
