from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities import tables
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.metrics import pm25_by_district
from healthycities.metrics.measures import filled

KEYS = {"burden.leading": "comeap2022_pm25"}
MEAN, SHARE = "pm25_by_district_ugm3", "pm25_by_district_attributable_pct"
GREATER_MANCHESTER, ENGLAND = "E47000001", "E92000001"
CUMBERLAND, PARTS = "E06000063", ("E07000026", "E07000028", "E07000029")


def means(values: dict[str, float], became: dict[str, str] | None = None) -> pd.DataFrame:
    """Return published means, each under the district that it became."""
    rows = [((became or {}).get(code, code), code, 2022, value) for code, value in values.items()]
    columns = ["district_code", "published_district_code", "year", "pm25_ugm3"]
    return pd.DataFrame(rows, columns=columns).astype({"pm25_ugm3": "float64"})


def people(
    counts: dict[str, tuple[float, float]], became: dict[str, str] | None = None
) -> pd.DataFrame:
    """Return people under 30 and at 30 and over of districts as published."""
    rows = [
        ((became or {}).get(code, code), code, 2022, "persons", start, end, count)
        for code, pair in counts.items()
        for (start, end), count in zip(((0, 29), (30, 120)), pair, strict=True)
    ]
    columns = ["district_code", "published_district_code", "year", "sex", "age_from", "age_to"]
    return pd.DataFrame(rows, columns=[*columns, "people"])


PEOPLE = people({BOLTON: (100.0, 300.0), BURY: (300.0, 100.0), SWINDON: (200.0, 200.0)})


@pytest.fixture
def areas() -> pd.DataFrame:
    """Return two districts of one authority and one of none, which stand for all of England."""
    return pd.DataFrame(
        {
            "district_code": [SWINDON, BOLTON, BURY],
            "district_name": ["Swindon", "Bolton", "Bury"],
            "authority_code": [None, GREATER_MANCHESTER, GREATER_MANCHESTER],
            "authority_name": [None, "Greater Manchester", "Greater Manchester"],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "all_england": True,
        }
    )


def computed(
    areas: pd.DataFrame,
    published: pd.DataFrame,
    population: pd.DataFrame = PEOPLE,
    year: int = 2022,
) -> pd.DataFrame:
    """Return the rows, by measure and area."""
    inputs = {"areas": areas, "district_pm25": published, "population": population}
    card = pm25_by_district.CARD
    rows = pd.concat(pm25_by_district.compute(Given(inputs, KEYS, year), filled(card, KEYS)))
    tables.checked(rows, tables.MEASURES)
    return rows.set_index(["metric", "area_code"])


def fraction(ugm3: float, rr: float = 1.08) -> float:
    """Return the fraction by its formula."""
    return 1 - rr ** (-ugm3 / 10)


def test_one_district_by_hand(areas):
    """At 10 µg/m³ the fraction is 1 - 1/1.08 = 7.41 %, with 5.66 and 8.26 % from the risk."""
    found = computed(areas, means({BOLTON: 10, BURY: 5, SWINDON: 0}))
    share = found.loc[(SHARE, BOLTON)]
    assert [round(share[name], 2) for name in ("value", "lower", "upper")] == [7.41, 5.66, 8.26]
    assert (share["age"], share["confidence"]) == ("30 and over", 0.95)
    assert (share["numerator"], share["denominator"]) == (pytest.approx(300 * 0.08 / 1.08), 300)
    assert found["value"][MEAN, BOLTON] == 10
    assert found["value"][SHARE, SWINDON] == 0


def test_an_authority_weighs_means_by_all_and_fractions_by_older_people(areas):
    """400 people each make (10 + 5)/2; 300 and 100 at 30 and over weigh the fractions."""
    found = computed(areas, means({BOLTON: 10, BURY: 5, SWINDON: 0}))
    assert found["value"][MEAN, GREATER_MANCHESTER] == pytest.approx(7.5)
    for column, rr in (("value", 1.08), ("lower", 1.06), ("upper", 1.09)):
        weighed = 100 * (0.75 * fraction(10, rr) + 0.25 * fraction(5, rr))
        assert found[column][SHARE, GREATER_MANCHESTER] == pytest.approx(weighed)
        assert found[column][SHARE, ENGLAND] == pytest.approx(weighed * 400 / 600)


@examples(st.lists(st.floats(0, 50), min_size=3, max_size=3))
def test_the_fraction_of_a_whole_is_not_that_of_its_mean_exposure(values):
    """The fraction bends down, so that the mean of fractions never exceeds that of the mean."""
    areas = pd.DataFrame(
        {
            "district_code": [BOLTON, BURY, SWINDON],
            "district_name": ["Bolton", "Bury", "Swindon"],
            "authority_code": None,
            "authority_name": None,
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "all_england": True,
        }
    )
    even = people(dict.fromkeys((BOLTON, BURY, SWINDON), (0.0, 100.0)))
    found = computed(areas, means(dict(zip((BOLTON, BURY, SWINDON), values, strict=True))), even)
    share, mean = found["value"][SHARE, ENGLAND], found["value"][MEAN, ENGLAND]
    assert share <= 100 * fraction(mean) + 1e-9
    assert share >= 100 * min(map(fraction, values)) - 1e-9


def cumbria(population: pd.DataFrame, values: tuple[float, ...] = (4.0, 6.0, 8.0)) -> pd.DataFrame:
    """Return the rows of Cumberland, whose three former districts have these means."""
    areas = pd.DataFrame(
        {
            "district_code": [CUMBERLAND],
            "district_name": ["Cumberland"],
            "authority_code": [None],
            "authority_name": [None],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "all_england": False,
        }
    )
    published = means(dict(zip(PARTS, values, strict=True)), dict.fromkeys(PARTS, CUMBERLAND))
    return computed(areas, published, population)


def test_districts_that_merged_are_weighed_by_their_own_people():
    """(100 x 4 + 200 x 6 + 300 x 8) / 600 = 6.67, and fractions by 50, 50 and 100 older people."""
    counts = {PARTS[0]: (50.0, 50.0), PARTS[1]: (150.0, 50.0), PARTS[2]: (200.0, 100.0)}
    found = cumbria(people(counts, dict.fromkeys(PARTS, CUMBERLAND)))
    assert found["value"][MEAN, CUMBERLAND] == pytest.approx(4000 / 600)
    weighed = 0.25 * fraction(4) + 0.25 * fraction(6) + 0.5 * fraction(8)
    assert found["value"][SHARE, CUMBERLAND] == pytest.approx(100 * weighed)
    assert found["denominator"][SHARE, CUMBERLAND] == 200


def test_a_former_district_without_a_value_counts_in_neither_sum():
    """Without Carlisle the mean rests on 400 of 600 people, and says so."""
    counts = {PARTS[0]: (50.0, 50.0), PARTS[1]: (150.0, 50.0), PARTS[2]: (200.0, 100.0)}
    population = people(counts, dict.fromkeys(PARTS, CUMBERLAND))
    found = cumbria(population, (4.0, np.nan, 8.0)).loc[(MEAN, CUMBERLAND)]
    assert found["value"] == pytest.approx((100 * 4 + 300 * 8) / 400)
    assert found["covered_share"] == pytest.approx(400 / 600)
    assert found["note"] == "rests on 66.7 % of the whole"


def test_people_that_do_not_tell_the_former_districts_apart_are_refused():
    """The people of Cumberland as one cannot weigh the means of its three former districts."""
    with pytest.raises(AlignmentError, match=r"3 have none: E07000026; E07000028; E07000029"):
        cumbria(people({CUMBERLAND: (400.0, 200.0)}))


def test_people_of_older_districts_weigh_what_these_became(areas):
    """Concentrations by a new code, and people by an older one that became it: Barnsley's."""
    new, old = "E08000038", "E08000016"
    barnsley = areas[:1].assign(district_code=new, district_name="Barnsley", all_england=False)
    for published, counted in ((new, old), (old, new), (old, old)):
        found = computed(
            barnsley,
            means({published: 8.0}, {old: new}),
            people({counted: (1.0, 2.0)}, {old: new}),
        )
        assert found.loc[(MEAN, new), ["value", "denominator"]].tolist() == [8, 3]


def test_a_district_that_was_not_published_has_no_value(areas):
    """Bury is null, and its authority rests on the people of Bolton alone."""
    found = computed(areas, means({BOLTON: 10, SWINDON: 5}))
    assert np.isnan(found["value"][SHARE, BURY])
    assert found["note"][SHARE, BURY] == "no data"
    assert found["value"][SHARE, GREATER_MANCHESTER] == pytest.approx(100 * fraction(10))
    assert found["note"][SHARE, GREATER_MANCHESTER] == "rests on 75.0 % of the whole"


def test_a_district_without_people_is_refused(areas):
    """A district that the population lacks would be missing from every sum."""
    some = PEOPLE[PEOPLE["district_code"] != BURY]
    with pytest.raises(AlignmentError, match="1 have none: E08000002"):
        computed(areas, means({BOLTON: 10, BURY: 5, SWINDON: 0}), some)


def test_values_of_another_year_are_told(areas):
    """Concentrations and people of 2022 that stand in for 2023 are said so."""
    found = computed(areas, means({BOLTON: 10, BURY: 5, SWINDON: 0}), year=2023)
    assert found["note"][MEAN, BOLTON] == "concentrations of 2022; people of 2022"
