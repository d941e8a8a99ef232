from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import RegisterError
from healthycities.geography.districts import (
    DISTRICTS_FILE,
    FIRST_DATE,
    LAST_DATE,
    carry_codes,
    known_districts,
)
from healthycities.geography.register import Authority, Register
from healthycities.package_tables import rows

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
    return Authority(key, f"The {key}", key, None, "MCA", "mayoral", since, None, districts)


def test_authorities_of_september_2026_with_their_codes_and_sizes(register: Register):
    """Twenty authorities stand, each with its published GSS code and number of districts."""
    found = {
        authority.key: (authority.gss_code, len(authority.districts))
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
    assert one(register, "greater_manchester", SEPTEMBER_2026).districts == ten
    assert one(register, "greater_manchester", date(2011, 4, 1)).districts == ten
    assert "greater_manchester" not in keys(register, date(2011, 3, 31))


def test_london_has_its_33_districts_at_every_date(register: Register):
    """The City and the 32 boroughs are Greater London's, though it is no combined authority."""
    for as_at in (FIRST_DATE, date(2019, 5, 2), LAST_DATE):
        london = one(register, "greater_london", as_at)
        assert london.districts == tuple(f"E090000{number:02}" for number in range(1, 34))
        assert london.kind == "GLA"


def test_the_north_east_before_it_was_divided(register: Register):
    """On 1 November 2018 one North East of seven districts stands; it has no mayor."""
    day = date(2018, 11, 1)
    assert "north_east_2014" in keys(register, day)
    assert not {"north_of_tyne", "north_east_2018", "north_east"} & keys(register, day)
    north_east = one(register, "north_east_2014", day)
    assert len(north_east.districts) == 7
    assert not north_east.mayor_in_office(day)


def test_the_north_east_divided_by_the_tyne(register: Register):
    """From 2 November 2018 four districts are south of the Tyne and three north of it."""
    day = date(2018, 11, 2)
    assert "north_east_2014" not in keys(register, day)
    assert one(register, "north_east_2018", day).districts == (
        "E06000047",
        "E08000023",
        "E08000024",
        "E08000037",
    )
    north = one(register, "north_of_tyne", day)
    assert north.districts == ("E06000057", "E08000021", "E08000022")
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
    before = register.in_scope(date(2024, 5, 6), halves)
    assert set(whole.districts) == {code for half in before for code in half.districts}
    assert whole.mayor_in_office(day)


def test_barnsley_and_sheffield_have_their_codes_of_the_day(register: Register):
    """South Yorkshire's districts change code on 1 April 2025 and stay its districts."""
    before = one(register, "south_yorkshire", date(2025, 3, 31)).districts
    after = one(register, "south_yorkshire", date(2025, 4, 1)).districts
    assert set(before) == {"E08000016", "E08000017", "E08000018", "E08000019"}
    assert set(after) == {"E08000017", "E08000018", "E08000038", "E08000039"}


def test_an_authority_has_the_districts_that_became_its_own(register: Register):
    """Before April 2023 York and North Yorkshire's area is York and seven districts."""
    districts = replace(
        next(a for a in register.everyone if a.key == "york_north_yorkshire"),
        established=date(2022, 1, 1),
    )
    found = Register((districts,)).authorities(date(2022, 6, 1))[0].districts
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


def test_names_of_members_are_those_of_their_districts():
    """members.csv names each district as districts.csv does."""
    names = {row["district_code"]: row["district_name"] for row in rows(DISTRICTS_FILE)}
    members = rows("geography/data/members.csv")
    assert {row["district_code"]: row["district_name"] for row in members}.items() <= names.items()
    assert len(members) == len({row["district_code"] for row in members})


@given(DAYS)
def test_no_district_has_two_authorities_at_once(as_at: date):
    """On no day from 2011 to March 2027 do two standing authorities claim one district."""
    claims = Counter(
        code for authority in Register.load().authorities(as_at) for code in authority.districts
    )
    assert max(claims.values()) == 1


@given(DAYS)
def test_every_member_lives_on_the_day(as_at: date):
    """Every member code of a day is one of the districts that live on it."""
    live = known_districts(as_at)
    for authority in Register.load().authorities(as_at):
        assert authority.districts
        assert set(authority.districts) <= set(live)


@given(DAYS, DAYS)
def test_members_are_the_same_land_at_every_date(first: date, second: date):
    """Members of one day, carried to a later one, are the members of the later day."""
    early, late = sorted((first, second))
    register = Register.load()
    later = {authority.key: set(authority.districts) for authority in register.authorities(late)}
    for authority in register.authorities(early):
        if authority.key in later:
            assert set(carry_codes(authority.districts, late).codes) == later[authority.key]


def test_register_stands_on_each_day_it_says(register: Register):
    """An authority stands from its first day to its last, both included."""
    for authority in register.everyone:
        assert authority.stands(authority.established)
        assert not authority.stands(authority.established - timedelta(days=1))
        if authority.last_day is not None:
            assert authority.stands(authority.last_day)
            assert not authority.stands(authority.last_day + timedelta(days=1))


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


@pytest.mark.parametrize("as_at", [date(2010, 12, 31), date(2027, 4, 1)])
def test_a_date_outside_the_tables_is_an_error(register: Register, as_at: date):
    """No map is given for a day before GSS codes or after the last known change."""
    with pytest.raises(RegisterError, match=f"from 2011-01-01 to 2027-03-31, not at {as_at}"):
        register.authorities(as_at)


def test_a_district_claimed_by_two_authorities_is_an_error():
    """Two that stand together may not share a district; both are named."""
    with pytest.raises(
        RegisterError, match=r"E08000003 at 2021-05-01 claimed by two authorities: The a and The b"
    ):
        Register((member("a", "E08000003"), member("b", "E08000003", since=date(2021, 5, 1))))


def test_a_district_may_pass_from_one_authority_to_another():
    """A district claimed on different days is no conflict; on one shared day it is."""
    first = replace(member("a", "E08000003"), last_day=date(2021, 4, 30))
    second = member("b", "E08000003", since=date(2021, 5, 1))
    assert [a.key for a in Register((first, second)).authorities(date(2021, 5, 1))] == ["b"]
    with pytest.raises(RegisterError, match=r"at 2021-05-01 claimed by two"):
        Register((replace(first, last_day=date(2021, 5, 1)), second))


def test_an_unsound_authority_is_an_error():
    """No district, an unknown or repeated one, a shared key and an end before the start."""
    manchester = member("a", "E08000003")
    unsound = {
        r"The a: has no district": [member("a")],
        r"authority_key a: .*'E08000099' is unknown": [member("a", "E08000099")],
        r"E08000003 is listed 2 times": [member("a", "E08000003", "E08000003")],
        r"the key 'a' is given to 2 authorities": [manchester, member("a", "E08000001")],
        r"ends on 2019-12-31, before it is established on 2020-01-01": [
            replace(manchester, last_day=date(2019, 12, 31))
        ],
    }
    for message, authorities in unsound.items():
        with pytest.raises(RegisterError, match=message):
            Register(tuple(authorities))


def test_a_fault_of_a_predecessor_names_the_file_of_predecessors():
    """Districts of an authority that ended stand in predecessors.csv, and the message says so."""
    ended = replace(member("a", "E08000099"), last_day=date(2021, 1, 1))
    with pytest.raises(RegisterError, match=r"^geography/data/predecessors\.csv: key a: "):
        Register((ended,))
