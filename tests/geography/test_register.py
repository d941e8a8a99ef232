from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import RegisterError
from healthycities.geography.district_history import ONE_DAY, Change, DistrictHistory
from healthycities.geography.districts import (
    FIRST_DATE,
    LAST_ASKED,
    LAST_DATE,
    carry_codes,
    district_history,
    district_map,
    known_districts,
)
from healthycities.geography.register import (
    Authority,
    Membership,
    Register,
    Succession,
    as_at_of_register,
)

SEPTEMBER_2026 = date(2026, 9, 30)

# Key, GSS code where one is published, number of districts; of September 2026.
STANDING = {
    "greater_london": ("E61000001", 33),
    "greater_manchester": ("E47000001", 10),
    "south_yorkshire": ("E47000002", 4),
    "west_yorkshire": ("E47000003", 5),
    "liverpool_city_region": ("E47000004", 6),
    "tees_valley": ("E47000006", 5),
    "west_midlands": ("E47000007", 7),
    "cambridgeshire_peterborough": ("E47000008", 6),
    "west_of_england": ("E47000009", 3),
    "york_north_yorkshire": ("E47000012", 2),
    "east_midlands": ("E47000013", 17),
    "north_east": ("E47000014", 7),
    "devon_torbay": ("E47000015", 9),
    "hull_east_yorkshire": ("E47000016", 2),
    "greater_lincolnshire": ("E47000017", 9),
    "lancashire": ("E47000018", 14),
    "cheshire_warrington": (None, 3),
    "cumbria": (None, 2),
    "sussex_brighton": (None, 13),
    "hampshire_solent": (None, 14),
}

DAYS = st.dates(FIRST_DATE, LAST_DATE)


@pytest.fixture(scope="module")
def register() -> Register:
    """Return the register of the package."""
    return Register.load()


def keys(register: Register, as_at: date) -> set[str]:
    """Return the keys of the authorities that stand at a date."""
    return {authority.key for authority in register.authorities(as_at)}


def one(register: Register, key: str, as_at: date) -> Authority:
    """Return one authority as it is at a date."""
    return register.in_scope(as_at, [key])[0]


def member(key: str, *districts: str, since: date = date(2020, 1, 1)) -> Authority:
    """Return an authority of the given districts."""
    return Authority(
        key,
        f"The {key}",
        key,
        None,
        "MCA",
        "mayoral",
        since,
        None,
        tuple(Membership(code) for code in districts),
    )


def test_authorities_of_september_2026_with_their_codes_and_sizes(register: Register):
    """Twenty authorities stand, each with its published GSS code and number of districts."""
    found = {
        authority.key: (
            authority.gss_code,
            len(register.members(authority.key, SEPTEMBER_2026)),
        )
        for authority in register.authorities(SEPTEMBER_2026)
    }
    assert found == STANDING
    assert sum(size for _, size in STANDING.values()) == 171


def test_area_code_is_the_key_where_no_gss_code_is_known(register: Register):
    """The authorities of 2026 have no GSS code yet and are told apart by their key."""
    codes = {authority.key: authority.area_code for authority in register.everyone}
    assert codes["cumbria"] == "cumbria"
    assert codes["greater_manchester"] == "E47000001"
    assert len(set(codes.values())) == len(codes)


def test_greater_manchester_is_its_ten_districts(register: Register):
    """Greater Manchester has E08000001 to E08000010 from its first day on."""
    ten = tuple(f"E080000{number:02}" for number in range(1, 11))
    assert register.members("greater_manchester", SEPTEMBER_2026) == ten
    assert register.members("greater_manchester", date(2011, 4, 1)) == ten
    assert "greater_manchester" not in keys(register, date(2011, 3, 31))


def test_london_has_its_33_districts_at_every_date(register: Register):
    """The City and the 32 boroughs are Greater London's, though it is no combined authority."""
    for as_at in (FIRST_DATE, date(2019, 5, 2), LAST_DATE):
        found = register.members("greater_london", as_at)
        assert found == tuple(f"E090000{number:02}" for number in range(1, 34))
        assert one(register, "greater_london", as_at).kind == "GLA"


def test_the_north_east_before_it_was_divided(register: Register):
    """On 1 November 2018 one North East of seven districts stands; it has no mayor."""
    day = date(2018, 11, 1)
    assert "north_east_2014" in keys(register, day)
    assert not {"north_of_tyne", "north_east_2018", "north_east"} & keys(register, day)
    north_east = one(register, "north_east_2014", day)
    assert len(register.members("north_east_2014", day)) == 7
    assert not north_east.mayor_in_office(day)


def test_the_north_east_divided_by_the_tyne(register: Register):
    """From 2 November 2018 four districts are south of the Tyne and three north of it."""
    day = date(2018, 11, 2)
    assert "north_east_2014" not in keys(register, day)
    assert register.members("north_east_2018", day) == (
        "E06000047",
        "E08000023",
        "E08000024",
        "E08000037",
    )
    north = one(register, "north_of_tyne", day)
    assert register.members("north_of_tyne", day) == ("E06000057", "E08000021", "E08000022")
    assert north.gss_code == "E47000011"
    assert not north.mayor_in_office(day)


def test_north_of_tyne_elects_its_mayor(register: Register):
    """North of Tyne has a mayor from 2 May 2019, and its southern neighbour never has one."""
    assert not one(register, "north_of_tyne", date(2019, 5, 1)).mayor_in_office(date(2019, 5, 1))
    assert one(register, "north_of_tyne", date(2019, 5, 2)).mayor_in_office(date(2019, 5, 2))
    day = date(2024, 5, 6)
    assert not one(register, "north_east_2018", day).mayor_in_office(day)


def test_the_north_east_made_whole_again(register: Register):
    """On 6 May 2024 both halves stand, on the next day the mayoral North East of seven alone."""
    halves = {"north_of_tyne", "north_east_2018"}
    assert halves <= keys(register, date(2024, 5, 6))
    assert "north_east" not in keys(register, date(2024, 5, 6))
    day = date(2024, 5, 7)
    assert not halves & keys(register, day)
    whole = one(register, "north_east", day)
    before = [register.members(half, date(2024, 5, 6)) for half in halves]
    assert set(register.members("north_east", day)) == {code for half in before for code in half}
    assert whole.mayor_in_office(day)


def test_barnsley_and_sheffield_have_their_codes_of_the_day(register: Register):
    """South Yorkshire's districts change code on 1 April 2025 and stay its districts."""
    before = register.members("south_yorkshire", date(2025, 3, 31))
    after = register.members("south_yorkshire", date(2025, 4, 1))
    assert set(before) == {"E08000016", "E08000017", "E08000018", "E08000019"}
    assert set(after) == {"E08000017", "E08000018", "E08000038", "E08000039"}


def test_an_authority_has_the_districts_that_became_its_own(register: Register):
    """Before April 2023 York and North Yorkshire's area is York and seven districts."""
    districts = replace(
        next(a for a in register.everyone if a.key == "york_north_yorkshire"),
        established=date(2022, 1, 1),
    )
    found = Register((districts,)).members("york_north_yorkshire", date(2022, 6, 1))
    assert found == ("E06000014", *(f"E07000{number}" for number in range(163, 170)))


def test_north_somerset_is_in_no_authority(register: Register):
    """North Somerset is a neighbour of the West of England and not a member, at any date."""
    for as_at in (date(2011, 6, 1), date(2017, 2, 9), SEPTEMBER_2026, LAST_DATE):
        live = known_districts(as_at)
        assert live["E06000024"] == "North Somerset"
        assert register.membership(as_at, live)["E06000024"] is None


def test_tees_valley_is_mayoral_and_not_established_in_september_2026(register: Register):
    """The tiers of September 2026 are three, and predecessors have none."""
    tiers = {authority.key: authority.tier for authority in register.everyone}
    assert tiers["tees_valley"] == "mayoral"
    assert tiers["greater_manchester"] == "established_mayoral"
    assert tiers["lancashire"] == "foundation"
    assert tiers["north_of_tyne"] is None


def test_who_has_a_mayor_in_september_2026(register: Register):
    """Fourteen authorities have a mayor: two have none by design, four elect later."""
    standing = register.authorities(SEPTEMBER_2026)
    without = {a.key for a in standing if not a.mayor_in_office(SEPTEMBER_2026)}
    assert without == {
        "devon_torbay",
        "lancashire",
        "cheshire_warrington",
        "cumbria",
        "sussex_brighton",
        "hampshire_solent",
    }


def test_membership_keeps_the_order_given_and_leaves_others_out(register: Register):
    """Districts come in the order given; those of an authority out of scope have none."""
    given_codes = sorted(known_districts(SEPTEMBER_2026), reverse=True)
    found = register.membership(SEPTEMBER_2026, given_codes, ["tees_valley"])
    assert list(found) == given_codes
    owned = {code: owner.key for code, owner in found.items() if owner is not None}
    assert owned == dict.fromkeys([f"E0600000{number}" for number in range(1, 6)], "tees_valley")


def test_no_answer_of_the_register_is_wrong_on_any_day(register: Register):
    """On each of the 6,575 days from 2011 to 2028 authorities and members hold together.

    No district is in two authorities, planned ones among them, for `Register.owners` gives one
    owner to each and refuses more; no member is a code that does not live on the day, or after the
    last known day on that one; and every authority that stands has members.
    """
    days = [FIRST_DATE + timedelta(days=n) for n in range((LAST_ASKED - FIRST_DATE).days + 1)]
    assert len(days) == 6575
    for day in days:
        owners = register.owners(day, planned=True)
        live = district_history().live(min(day, LAST_DATE))
        assert owners.keys() <= live.keys()
        standing = {one.key for one in register.authorities(day, planned=True)}
        assert {owner.key for owner in owners.values()} == standing


def test_answers_change_on_turning_days_only(register: Register):
    """From a turning day to the day before the next, each day has the same districts and owners."""
    turning = register.turning_days()
    ends = [*(day - ONE_DAY for day in turning[1:]), LAST_ASKED]
    assert turning[0] == FIRST_DATE
    for start, end in zip(turning, ends, strict=True):
        first, last = (register.owners(day, planned=True) for day in (start, end))
        assert list(first.items()) == list(last.items())
        assert district_map(start).districts == district_map(end).districts
    later = [register.owners(day, planned=True) for day in turning]
    maps = [district_map(day).districts for day in turning]
    same = [a == b and c == d for a, b, c, d in zip(later, later[1:], maps, maps[1:], strict=False)]
    assert not any(same)


def test_every_living_code_of_any_day_is_known_with_its_days():
    """Each code among the districts of a day has come by then, and has not ended."""
    history = district_history()
    for day in (FIRST_DATE + timedelta(days=n) for n in range((LAST_DATE - FIRST_DATE).days + 1)):
        live = history.live(day)
        assert len(live) in (326, 317, 314, 309, 296)
    for code in history.names:
        district = history.district(code)
        assert (district.since or FIRST_DATE) <= (district.last_day or LAST_DATE)


@given(DAYS, DAYS)
def test_members_are_the_same_land_at_every_date(first: date, second: date):
    """Members of one day, carried to a later one, are the members of the later day."""
    early, late = sorted((first, second))
    register = Register.load()
    for authority in register.authorities(early):
        if authority.stands(late):
            members = register.members(authority.key, early)
            assert set(carry_codes(members, late).codes) == set(
                register.members(authority.key, late)
            )


def test_register_stands_on_each_day_it_says(register: Register):
    """An authority stands from its first day to its last, both included."""
    for authority in register.everyone:
        if authority.established is None:
            assert authority.status(LAST_ASKED) == "planned"
            continue
        assert authority.stands(authority.established)
        assert authority.status(authority.established - timedelta(days=1)) == "to come"
        if authority.last_day is not None:
            assert authority.stands(authority.last_day)
            assert authority.status(authority.last_day + timedelta(days=1)) == "ended"


# --- Errors ---


def test_unknown_district_is_named_with_the_nearest_known(register: Register):
    """A code that never was is named, with known codes near it, and the file it came from."""
    codes = [*known_districts(SEPTEMBER_2026), "E08000093"]
    with pytest.raises(RegisterError) as error:
        register.membership(SEPTEMBER_2026, codes, file="districts.gpkg")
    assert str(error.value).startswith("districts.gpkg: ")
    assert "'E08000093' is unknown (nearest known: " in str(error.value)
    assert "E08000039 Sheffield" in str(error.value)


def test_a_code_of_another_date_is_told_by_what_it_became(register: Register):
    """A district that has ended is said to have, with its successor and the day."""
    codes = [*known_districts(SEPTEMBER_2026), "E08000016"]
    with pytest.raises(RegisterError, match=r"E08000016 Barnsley ended on 2025-04-01 and is now"):
        register.membership(SEPTEMBER_2026, codes)
    with pytest.raises(RegisterError, match=r"E08000038 Barnsley is newer: it came on 2025-04-01"):
        register.membership(date(2025, 3, 31), ["E08000038"], only=[])


def test_a_district_of_wales_is_none_of_england(register: Register):
    """A code of another country is told from a misspelt one."""
    codes = [*known_districts(SEPTEMBER_2026), "W06000015"]
    with pytest.raises(RegisterError, match=r"'W06000015' is not the code of an English district"):
        register.membership(SEPTEMBER_2026, codes)


def test_a_missing_district_names_its_authority(register: Register):
    """An authority that lacks districts is named with their codes and names."""
    codes = [c for c in known_districts(SEPTEMBER_2026) if c not in ("E08000003", "E08000009")]
    with pytest.raises(
        RegisterError,
        match=r"Greater Manchester Combined Authority lacks 2 of its 10 districts: "
        r"E08000003 Manchester, E08000009 Trafford",
    ):
        register.membership(SEPTEMBER_2026, codes)


def test_a_district_given_twice_is_an_error(register: Register):
    """A district that is in the file twice is named with its number."""
    codes = [*known_districts(SEPTEMBER_2026), "E08000003"]
    with pytest.raises(RegisterError, match=r"E08000003 is given 2 times"):
        register.membership(SEPTEMBER_2026, codes)


def test_all_problems_of_a_file_come_at_once(register: Register):
    """Unknown, repeated and missing districts are told in one message."""
    codes = [c for c in known_districts(SEPTEMBER_2026) if c != "E06000001"]
    with pytest.raises(RegisterError) as error:
        register.membership(SEPTEMBER_2026, [*codes, "E99999999", "E08000003"])
    assert all(
        said in str(error.value)
        for said in ("'E99999999'", "E08000003 is given 2 times", "lacks 1 of its 5 districts")
    )


def test_unknown_key_is_named_with_the_nearest_and_all_that_stand(register: Register):
    """A misspelt key is answered with the near one and the list of keys at the date."""
    with pytest.raises(RegisterError) as error:
        register.in_scope(SEPTEMBER_2026, ["greater_manchestr"])
    assert "'greater_manchestr' is not an authority; nearest known: greater_manchester" in str(
        error.value
    )
    assert "Authorities at 2026-09-30: cambridgeshire_peterborough, " in str(error.value)


def test_a_key_that_does_not_stand_at_the_date_says_when_it_does(register: Register):
    """One established later and one that has ended are told apart."""
    with pytest.raises(RegisterError, match=r"'cumbria' is established on 2026-02-24, after 2020"):
        register.in_scope(date(2020, 1, 1), ["cumbria"])
    with pytest.raises(RegisterError, match=r"'north_of_tyne' ended on 2024-05-06, before 2026"):
        register.in_scope(SEPTEMBER_2026, ["north_of_tyne"])


@pytest.mark.parametrize("as_at", [date(2010, 12, 31), date(2029, 1, 1)])
def test_a_date_that_cannot_be_asked_about_is_an_error(register: Register, as_at: date):
    """Nothing is told of a day before GSS codes or after 2028."""
    for ask in (register.authorities, register.owners, register.in_scope):
        with pytest.raises(RegisterError, match=f"from 2011-01-01 to 2028-12-31, not at {as_at}"):
            ask(as_at)


def test_no_run_is_made_of_a_day_whose_codes_are_not_known(register: Register):
    """Districts are grouped by authority up to the last day whose codes are known, no later."""
    day = LAST_DATE + ONE_DAY
    with pytest.raises(RegisterError, match=f"from 2011-01-01 to 2027-03-31, not at {day}"):
        register.membership(day, known_districts(LAST_DATE))


def test_a_district_claimed_by_two_authorities_is_an_error():
    """Two that stand together may not share a district; both are named."""
    with pytest.raises(
        RegisterError, match=r"E08000003 at 2021-05-01 claimed by two authorities: The a and The b"
    ):
        Register((member("a", "E08000003"), member("b", "E08000003", since=date(2021, 5, 1))))


def test_a_district_and_what_it_became_are_not_claimed_by_two():
    """York's neighbour Craven became a part of North Yorkshire: who claims one claims the other."""
    craven, north_yorkshire = "E07000163", "E06000065"
    left = replace(member("a"), memberships=(Membership(craven, None, date(2023, 3, 31)),))
    left = replace(left, last_day=date(2023, 3, 31))
    with pytest.raises(RegisterError, match=r"E07000163 at 2020-01-01 claimed by two .*The a and"):
        Register((left, member("b", north_yorkshire)))
    Register((left, member("b", north_yorkshire, since=date(2023, 4, 1))))


def test_a_district_may_pass_from_one_authority_to_another():
    """A district claimed on different days is no conflict; on one shared day it is."""
    first = replace(member("a", "E08000003"), last_day=date(2021, 4, 30))
    second = member("b", "E08000003", since=date(2021, 5, 1))
    register = Register((first, second))
    assert [a.key for a in register.authorities(date(2021, 5, 1))] == ["b"]
    assert [(spell.authority.key, spell.since) for spell in register.spells("E08000003")] == [
        ("a", date(2020, 1, 1)),
        ("b", date(2021, 5, 1)),
    ]
    with pytest.raises(RegisterError, match=r"at 2021-05-01 claimed by two"):
        Register((replace(first, last_day=date(2021, 5, 1)), second))


def test_an_unsound_authority_is_an_error():
    """No district, an unknown or repeated one, a shared key and an end before the start."""
    manchester = member("a", "E08000003")
    unsound = {
        r"The a: has no district": [member("a")],
        r"authority_key a: .*'E08000099' is unknown": [member("a", "E08000099")],
        r"E08000003 is listed 2 times on 2020-01-01": [member("a", "E08000003", "E08000003")],
        r"the key 'a' is given to 2 authorities": [manchester, member("a", "E08000001")],
        r"ends on 2019-12-31, before it is established on 2020-01-01": [
            replace(manchester, last_day=date(2019, 12, 31))
        ],
    }
    for message, authorities in unsound.items():
        with pytest.raises(RegisterError, match=message):
            Register(tuple(authorities))


# --- Members that change during the life of an authority ---


def changing(*memberships: Membership, last_day: date | None = None) -> Register:
    """Return a register of one authority, since 2020, with the memberships given."""
    return Register((replace(member("a"), memberships=memberships, last_day=last_day),))


def test_members_may_join_and_leave():
    """Bolton is a member throughout, Bury until 2021 and again from 2024, Manchester from 2023."""
    register = changing(
        Membership("E08000001"),
        Membership("E08000002", None, date(2021, 12, 31)),
        Membership("E08000002", date(2024, 1, 1), None),
        Membership("E08000003", date(2023, 1, 1)),
    )
    assert register.members("a", date(2019, 12, 31)) == ()
    assert register.members("a", date(2021, 12, 31)) == ("E08000001", "E08000002")
    assert register.members("a", date(2022, 1, 1)) == ("E08000001",)
    assert register.members("a", date(2023, 1, 1)) == ("E08000001", "E08000003")
    assert register.members("a", date(2024, 1, 1)) == ("E08000001", "E08000002", "E08000003")
    assert [(one.since, one.last_day) for one in register.spells("E08000002")] == [
        (date(2020, 1, 1), date(2021, 12, 31)),
        (date(2024, 1, 1), None),
    ]


def test_a_district_that_joined_after_a_merger_brings_nothing_before_it():
    """Of Cumberland's three districts only Carlisle was a member, until the three became one."""
    carlisle, cumberland, merged = "E07000028", "E06000063", date(2023, 4, 1)
    register = changing(
        Membership(carlisle, None, merged - ONE_DAY), Membership(cumberland, merged)
    )
    assert register.members("a", merged - ONE_DAY) == (carlisle,)
    assert register.members("a", merged) == (cumberland,)


@pytest.mark.parametrize(
    ("membership", "problem"),
    [
        (Membership("E07000028"), "E07000028 Carlisle ended on 2023-04-01 and is now E06000063"),
        (Membership("E08000016"), "E08000016 Barnsley ended on 2025-04-01 and is now E08000038"),
        (
            Membership("E08000038", None, date(2025, 3, 31)),
            "E08000038 Barnsley is newer: it came on 2025-04-01, at 2025-03-31",
        ),
        (
            Membership("E08000001", date(2019, 1, 1)),
            "E08000001 is a member from 2019-01-01 to 2028-12-31, not within 2020-01-01",
        ),
        (
            Membership("E08000001", date(2023, 1, 2), date(2023, 1, 1)),
            "E08000001 is a member from 2023-01-02 to 2023-01-01, not within",
        ),
        (Membership("E08000001", date(2021, 1, 1)), "The a: has no district on 2020-01-01"),
    ],
)
def test_a_membership_out_of_its_days_is_an_error(membership: Membership, problem: str):
    """A code of another day than the last of the membership, and days that do not fit, are told."""
    with pytest.raises(RegisterError, match=problem) as error:
        changing(membership)
    assert str(error.value).startswith("geography/data/members.csv: authority_key a: ")


# --- Districts that are split ---

SPLIT = DistrictHistory(
    {"T": "T", "U": "U"},
    tuple(Change("S", "S", new, date(2022, 1, 1), "split") for new in ("T", "U")),
)


def test_members_that_a_district_was_split_into_were_that_district():
    """An authority of T and U had S before; when it was split, its two parts."""
    register = Register((member("a", "T", "U"),), history=SPLIT)
    assert register.members("a", date(2021, 12, 31)) == ("S",)
    assert register.members("a", date(2022, 1, 1)) == ("T", "U")


def test_a_part_of_a_district_makes_it_no_member():
    """An authority of T alone, of a day before T was, would have a part of S; so would two of S."""
    with pytest.raises(RegisterError, match=r"S at 2020-01-01 is in The a with a part only"):
        Register((member("a", "T"),), history=SPLIT)
    with pytest.raises(RegisterError, match=r"S at 2020-01-01 claimed by two .*The a and The b"):
        Register((member("a", "T"), member("b", "U")), history=SPLIT)
    apart = (
        member("a", "T", since=date(2022, 1, 1)),
        member("b", "U", since=date(2022, 1, 1)),
    )
    assert Register(apart, history=SPLIT).members("b", date(2022, 1, 1)) == ("U",)


# --- Predecessors and successors ---


def test_who_came_in_the_place_of_whom_both_ways(register: Register):
    """The North East of 2014 became two, and these one; no other authority came so."""
    after = {a.key: [b.key for b in register.successors(a.key)] for a in register.everyone}
    before = {a.key: [b.key for b in register.predecessors(a.key)] for a in register.everyone}
    assert {key: those for key, those in after.items() if those} == {
        "north_east_2014": ["north_east_2018", "north_of_tyne"],
        "north_east_2018": ["north_east"],
        "north_of_tyne": ["north_east"],
    }
    assert {key: those for key, those in before.items() if those} == {
        "north_east_2018": ["north_east_2014"],
        "north_of_tyne": ["north_east_2014"],
        "north_east": ["north_east_2018", "north_of_tyne"],
    }


def test_every_authority_that_ended_has_a_successor_from_the_next_day(register: Register):
    """No area is left for a day by an authority that was replaced."""
    ended = [one for one in register.everyone if one.last_day is not None]
    assert len(ended) == 3
    for one in ended:
        begun = {later.established for later in register.successors(one.key)}
        assert begun == {one.last_day + ONE_DAY}


def test_a_successor_begins_on_the_day_after_its_predecessor_ends():
    """A gap, an overlap and an end that is not known are errors; so is a key of nobody."""
    first = replace(member("a", "E08000003"), last_day=date(2021, 4, 30))
    second = member("b", "E08000003", since=date(2021, 5, 2))
    with pytest.raises(
        RegisterError,
        match=r"predecessors\.csv: authority_key b: expected The a to end on the day before The b",
    ):
        Register((first, second), (Succession("b", "a"),))
    for wrong in (replace(second, established=None), replace(second, established=date(2024, 5, 1))):
        with pytest.raises(RegisterError, match="found 2021-04-30 and"):
            Register((first, wrong), (Succession("b", "a"),))
    with pytest.raises(RegisterError, match="c: no such authority"):
        Register((first, second), (Succession("b", "c"),))


# --- Planned authorities, and days to come ---


def test_planned_authorities_are_none_that_stand(register: Register):
    """Two are planned; neither stands at any date, has a mayor, or is told without its mark."""
    planned = {one.key: one for one in register.everyone if one.planned}
    assert set(planned) == {"greater_essex", "norfolk_suffolk"}
    for day in (FIRST_DATE, SEPTEMBER_2026, LAST_ASKED):
        assert not keys(register, day) & set(planned)
        assert {one.key for one in register.authorities(day, planned=True)} >= set(planned)
        assert not any(one.mayor_in_office(day) for one in planned.values())
    assert all(one.name.endswith(" (planned)") for one in planned.values())
    assert not any("(planned)" in one.name for one in register.authorities(SEPTEMBER_2026))


def test_districts_of_planned_authorities_are_in_none_that_stands(register: Register):
    """Essex and its two neighbours, and two counties, are in no authority unless asked for."""
    essex = register.members("greater_essex", SEPTEMBER_2026)
    assert len(essex) == 14
    assert len(register.members("norfolk_suffolk", SEPTEMBER_2026)) == 12
    assert len(register.members("norfolk_suffolk", date(2019, 3, 31))) == 14
    live = known_districts(SEPTEMBER_2026)
    assert register.membership(SEPTEMBER_2026, live)[essex[0]] is None
    found = register.membership(SEPTEMBER_2026, live, planned=True)[essex[0]]
    assert found is not None
    assert found.key == "greater_essex"


def test_a_planned_authority_is_reported_on_only_when_asked_for(register: Register):
    """Its key by itself is answered with the key of the configuration that includes it."""
    with pytest.raises(RegisterError, match=r"'greater_essex' is planned .*`include: \[planned\]`"):
        register.in_scope(SEPTEMBER_2026, ["greater_essex"])
    (found,) = register.in_scope(SEPTEMBER_2026, ["greater_essex"], planned=True)
    assert found.key == "greater_essex"


@pytest.mark.parametrize(
    ("day", "elected"),
    [
        (date(2027, 5, 5), set()),
        (date(2027, 5, 6), {"cheshire_warrington", "cumbria"}),
        (date(2028, 5, 3), {"cheshire_warrington", "cumbria"}),
        (
            date(2028, 5, 4),
            {"cheshire_warrington", "cumbria", "sussex_brighton", "hampshire_solent"},
        ),
    ],
)
def test_the_four_of_2026_elect_their_mayors_later(
    register: Register, day: date, elected: set[str]
):
    """They stand since 2026; two elect in May 2027 and two in May 2028."""
    four = {"cheshire_warrington", "cumbria", "sussex_brighton", "hampshire_solent"}
    assert four <= keys(register, day)
    assert {key for key in four if register.authority(key).mayor_in_office(day)} == elected


def test_the_register_has_a_day_of_its_own():
    """What is reported on by default is told in the data, and is a day that a run can be of."""
    assert as_at_of_register() == SEPTEMBER_2026
    assert FIRST_DATE <= as_at_of_register() <= LAST_DATE
