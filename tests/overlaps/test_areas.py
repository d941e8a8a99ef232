from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from healthycities import tables
from healthycities.errors import AlignmentError, RegisterError
from healthycities.geography.districts import known_districts
from healthycities.given import Given
from healthycities.overlaps.areas import build, with_column

AS_AT = "2026-09-30"
BATH, BRISTOL, SOUTH_GLOUCESTERSHIRE, SWINDON = "E06000022", "E06000023", "E06000025", "E06000030"
MEMBERS = [BATH, BRISTOL, SOUTH_GLOUCESTERSHIRE]


def given(
    districts: list[str],
    *,
    authorities: object = "all",
    deciles: bool = True,
    include: tuple[str, ...] = (),
) -> Given:
    """Return the sources of one small area a district, in the order given, numbered from 1."""
    codes = [f"E01{n:06d}" for n in range(1, len(districts) + 1)]
    names = [f"Area {n}" for n in range(1, len(districts) + 1)]
    inputs = {
        "small_area_lookup": pd.DataFrame({"small_area_code": codes, "district_code": districts}),
        "small_areas": pd.DataFrame({"small_area_code": codes, "small_area_name": names})[::-1],
    }
    inputs["districts"] = pd.DataFrame({"district_code": sorted(set(districts))})
    if deciles:
        ranks = range(1, len(codes) + 1)
        inputs["deprivation"] = pd.DataFrame(
            {
                "small_area_code": codes,
                "deprivation_rank": ranks,
                "deprivation_decile": [1 + rank % 10 for rank in ranks],
            }
        )
    return Given(
        inputs, {"authorities": authorities, "authorities_as_at": AS_AT, "include": include}
    )


def west_of_england(**options: object) -> Given:
    """Return Swindon, which is in no authority, and the three districts of one authority."""
    return given([SWINDON, *MEMBERS], authorities=["west_of_england"], **options)


def test_all_of_england_is_told_as_such():
    """With every district of the date, all rows say so, sorted by code, in the schema."""
    districts = sorted(known_districts(date.fromisoformat(AS_AT)), reverse=True)
    areas = build(given(districts))
    tables.checked(areas, tables.AREAS)
    assert areas["all_england"].all()
    assert areas["district_code"].tolist() == districts
    assert areas["small_area_code"].is_monotonic_increasing


def test_england_without_one_district_is_refused():
    """Where all authorities are wanted, so is England: a missing district of none is named."""
    districts = set(known_districts(date.fromisoformat(AS_AT))) - {SWINDON}
    with pytest.raises(RegisterError, match=r"1 of England's 296 districts .* E06000030 Swindon"):
        build(given(sorted(districts)))


def test_a_lookup_that_is_cut_short_is_refused():
    """A small area that is drawn but not in the lookup would be missing from every sum."""
    whole = west_of_england()
    lookup = whole.inputs["small_area_lookup"]
    inputs = {**whole.inputs, "small_area_lookup": lookup[lookup["district_code"] != SWINDON]}
    with pytest.raises(AlignmentError, match="1 are not, the first of them E01000001"):
        build(Given(inputs, whole.keys))


def test_a_district_without_a_boundary_is_refused():
    """A district that cannot be drawn is named before anything is computed."""
    whole = west_of_england()
    inputs = {**whole.inputs, "districts": pd.DataFrame({"district_code": [BATH, SWINDON]})}
    with pytest.raises(AlignmentError, match=r"2 have none: E06000023 Bristol.*E06000025"):
        build(Given(inputs, whole.keys))


def test_each_small_area_has_its_district_and_authority():
    """Names and codes of district and authority stand beside a small area; Swindon has none."""
    areas = build(given(sorted(known_districts(date.fromisoformat(AS_AT)))))
    rows = areas.set_index("district_code")
    assert rows.loc[BRISTOL, "district_name"] == "Bristol, City of"
    assert rows.loc[BRISTOL, "authority_code"] == "E47000009"
    assert rows.loc[BRISTOL, "authority_name"] == "West of England Combined Authority"
    assert rows.loc[SWINDON, "district_name"] == "Swindon"
    assert rows.loc[SWINDON, ["authority_code", "authority_name"]].isna().all()


def test_only_small_areas_of_the_chosen_authority_are_reported_on():
    """Swindon's small area is left out, the others keep their codes, names and deciles."""
    areas = build(west_of_england())
    tables.checked(areas, tables.AREAS)
    assert areas["district_code"].tolist() == MEMBERS
    assert areas["small_area_code"].tolist() == ["E01000002", "E01000003", "E01000004"]
    assert areas["small_area_name"].tolist() == ["Area 2", "Area 3", "Area 4"]
    assert areas["deprivation_decile"].tolist() == [3, 4, 5]
    assert not areas["all_england"].any()


def test_without_small_areas_there_is_a_row_for_each_district():
    """Only boundaries of districts: those of the authority, named, in codes' order; no Swindon."""
    whole = west_of_england()
    areas = build(Given({"districts": whole.inputs["districts"]}, whole.keys))
    tables.checked(areas, tables.DISTRICT_AREAS)
    assert areas["district_code"].tolist() == MEMBERS
    assert set(areas["authority_code"]) == {"E47000009"}
    assert not areas["all_england"].any()


def test_all_of_england_is_told_by_districts_too():
    """With every district drawn rows say so; one that is not drawn is named."""
    codes = sorted(known_districts(date.fromisoformat(AS_AT)))
    keys = {"authorities": "all", "authorities_as_at": AS_AT, "include": []}
    areas = build(Given({"districts": pd.DataFrame({"district_code": codes[::-1]})}, keys))
    assert areas["district_code"].tolist() == codes
    assert areas["all_england"].all()
    some = pd.DataFrame({"district_code": [code for code in codes if code != SWINDON]})
    with pytest.raises(RegisterError, match=f"are not in districts: {SWINDON}"):
        build(Given({"districts": some}, keys))


def test_deciles_are_missing_where_no_deprivation_is_given():
    """Without the source every decile is missing, and the table still keeps its schema."""
    areas = build(west_of_england(deciles=False))
    tables.checked(areas, tables.AREAS)
    assert areas["deprivation_decile"].isna().all()


def test_an_authority_that_lacks_a_district_is_refused():
    """A total of the West of England without Bristol would be wrong, so that it is told."""
    with pytest.raises(RegisterError, match=BRISTOL):
        build(given([BATH, SOUTH_GLOUCESTERSHIRE], authorities=["west_of_england"]))


def test_a_district_of_another_date_is_refused():
    """A code that has ended is told by name, not left out."""
    ended = "E07000026"  # Allerdale, until 31 March 2023
    with pytest.raises(RegisterError, match=ended):
        build(given([ended, *MEMBERS], authorities=["west_of_england"]))


@pytest.mark.parametrize(
    ("source", "said"), [("small_areas", "boundary"), ("deprivation", "deprivation decile")]
)
def test_a_small_area_without_boundary_or_decile_is_refused(source: str, said: str):
    """The message counts the small areas without one and names the first."""
    whole = west_of_england()
    inputs = dict(whole.inputs)
    inputs[source] = inputs[source][~inputs[source]["small_area_code"].isin(["E01000003"])]
    told = f"expected a {said} for each of 3 small areas, but 1 have none, the first.*E01000003"
    with pytest.raises(AlignmentError, match=told):
        build(Given(inputs, whole.keys))


def test_what_is_not_reported_on_may_lack_a_boundary():
    """A boundary absent from another part of England is no error."""
    whole = west_of_england()
    inputs = dict(whole.inputs)
    inputs["small_areas"] = inputs["small_areas"].query("small_area_code != 'E01000001'")
    assert len(build(Given(inputs, whole.keys))) == 3


def test_a_column_is_added_by_code_and_not_by_order():
    """Values find their small area whatever their order, and the order of the areas stays."""
    areas = pd.DataFrame({"small_area_code": ["b", "a"]})
    other = pd.DataFrame({"small_area_code": ["a", "c", "b"], "x": [1.0, 3.0, 2.0]})
    assert with_column(areas, other, "x", "x")["x"].tolist() == [2.0, 1.0]


def test_planned_authorities_are_owners_where_they_are_included():
    """Norwich is in none of the authorities that stand, and in a planned one when asked for."""
    districts, norwich = sorted(known_districts(date.fromisoformat(AS_AT))), "E07000148"
    by_default = build(given(districts)).set_index("district_code")
    included = build(given(districts, include=("planned",))).set_index("district_code")
    assert pd.isna(by_default.loc[norwich, "authority_code"])
    assert included.loc[norwich, ["authority_code", "authority_name"]].tolist() == [
        "norfolk_suffolk",
        "Norfolk and Suffolk Combined County Authority (planned)",
    ]
    planned = {"norfolk_suffolk", "greater_essex"}
    others = included[~included["authority_code"].isin(planned)]
    assert others["authority_code"].equals(by_default.loc[others.index, "authority_code"])


def test_a_planned_authority_is_reported_on_by_its_key():
    """The seven districts of Norfolk and five of Suffolk are reported on, and no other."""
    districts = sorted(known_districts(date.fromisoformat(AS_AT)))
    areas = build(given(districts, authorities=["norfolk_suffolk"], include=("planned",)))
    assert len(areas) == 12
    assert set(areas["authority_code"]) == {"norfolk_suffolk"}


def test_each_area_lies_in_its_region_and_says_whether_all_of_it_is_reported_on():
    """The West of England is a part of the South West; of London every district is there."""
    areas = build(west_of_england())
    assert set(areas["region_code"]) == {"E12000009"}
    assert set(areas["region_name"]) == {"South West"}
    assert not areas["whole_region"].any()
    london = [code for code in known_districts(date.fromisoformat(AS_AT)) if code[:3] == "E09"]
    whole = build(given(london, authorities=["greater_london"]))
    assert set(whole["region_name"]) == {"London"}
    assert whole["whole_region"].all()
