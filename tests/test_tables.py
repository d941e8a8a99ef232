from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from healthycities import fields, tables
from healthycities.errors import SchemaError

SCHEMAS = {
    name: schema
    for name, schema in vars(tables).items()
    if name.isupper() and hasattr(schema, "columns")
}
NAMED = {value for name, value in vars(fields).items() if name.isupper()}


@pytest.fixture
def lookup() -> pd.DataFrame:
    """Return the districts of two small areas."""
    return pd.DataFrame(
        {
            "small_area_code": ["E01000001", "E01000002"],
            "district_code": ["E09000001", "E06000001"],
        }
    )


@pytest.fixture
def people() -> pd.DataFrame:
    """Return the people of two small areas, none in the second."""
    return pd.DataFrame(
        {
            "small_area_code": ["E01000001", "E01000002"],
            "year": [2022, 2022],
            "people": [1675.5, 0.0],
        }
    )


@pytest.fixture
def measures() -> pd.DataFrame:
    """Return one result with an interval, and one that is missing with the reason."""
    return pd.DataFrame(
        {
            "area_code": ["E47000001", "E47000002"],
            "area_name": ["Greater Manchester", "South Yorkshire"],
            "level": "authority",
            "first_year": 2023,
            "year": 2023,
            "metric": "deaths_rate",
            "sex": "persons",
            "age": "0 to 74",
            "value": [150.5, np.nan],
            "lower": [140.0, np.nan],
            "upper": [160.0, np.nan],
            "unit": "per 100,000",
            "statistic": "directly standardised rate",
            "method": "Dobson",
            "confidence": [0.95, np.nan],
            "numerator": [1000.0, 9.0],
            "denominator": [660_000.0, 6000.0],
            "covered_share": [1.0, 0.5],
            "estimated_share": [0.0, 0.25],
            "note": [None, "fewer than 10 deaths"],
        }
    )


def said(frame: pd.DataFrame, schema: Any) -> str:
    """Return the message for a table that breaks its schema."""
    with pytest.raises(SchemaError) as error:
        tables.checked(frame, schema, file="people.csv")
    return str(error.value)


def test_a_table_that_keeps_its_schema_is_handed_on(
    lookup: pd.DataFrame, people: pd.DataFrame, measures: pd.DataFrame
):
    """A sound table comes back as it is, missing values included where they may be."""
    assert tables.checked(lookup, tables.SMALL_AREA_LOOKUP) is lookup
    assert tables.checked(people, tables.SMALL_AREA_POPULATION) is people
    assert tables.checked(measures, tables.MEASURES) is measures


def test_a_message_says_file_column_row_expected_found_and_mend(people: pd.DataFrame):
    """A negative count is told in full."""
    assert said(people.assign(people=[1.0, -1.0]), tables.SMALL_AREA_POPULATION) == (
        "people.csv: column people, row 1: expected a number of 0 or more, found -1.0. "
        "Correct the source, or the names under `columns` in the configuration."
    )


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("people", [1.0, np.nan], "column people, row 1: expected a value, found nan"),
        ("people", [1.0, np.inf], "column people, row 1: expected a finite number, found inf"),
        ("people", [-1.0, np.nan], r"column people, row \d: .* \(and 1 more\)"),
        ("people", [1, 2], "column people: expected dtype('float64'), found 'int64'"),
        ("year", [2022, 1980], "column year, row 1: expected 1981 to 2100, found 1980"),
        (
            "small_area_code",
            ["E01000001", "W01000001"],
            "row 1: expected the code of an English small area, such as E01000001",
        ),
        (
            "small_area_code",
            ["E0100001", "E01000001"],
            "row 0: expected the code of an English small area, such as E01000001",
        ),
        ("small_area_code", [None, "E01000001"], "row 0: expected a value, found"),
    ],
)
def test_a_value_out_of_place_is_named(
    people: pd.DataFrame, column: str, values: list[Any], message: str
):
    """Missing, infinite, untyped, early and foreign values are each told with their place."""
    found = said(people.assign(**{column: values}), tables.SMALL_AREA_POPULATION)
    assert message in found or re.search(message, found)


def test_columns_are_neither_more_nor_fewer_nor_in_another_order(lookup: pd.DataFrame):
    """A column that is absent, strange or out of order is named."""
    schema = tables.SMALL_AREA_LOOKUP
    absent = said(lookup.drop(columns="district_code"), schema)
    assert "people.csv: column district_code: expected a column of this name." in absent
    strange = said(lookup.assign(region="x"), schema)
    assert "people.csv: column region: expected no column of this name." in strange
    swapped = said(lookup[["district_code", "small_area_code"]], schema)
    assert "expected the columns in the order of the schema" in swapped


def test_a_row_comes_once(lookup: pd.DataFrame):
    """A small area with two rows is named with the number of rows at fault."""
    twice = pd.concat([lookup, lookup.iloc[:1]], ignore_index=True)
    message = said(twice, tables.SMALL_AREA_LOOKUP)
    assert "column small_area_code, row 0: expected each row once, found 'E01000001'" in message
    assert "(and 1 more)" in message


@pytest.mark.parametrize("code", ["E06000001", "E07000008", "E08000003", "E09000001"])
def test_districts_are_of_all_four_kinds(lookup: pd.DataFrame, code: str):
    """Unitary, non-metropolitan, metropolitan and London districts are all districts."""
    tables.checked(lookup.assign(district_code=code), tables.SMALL_AREA_LOOKUP)


@pytest.mark.parametrize("code", ["E10000003", "E47000001", "E12000007", "S12000033", "E080000031"])
def test_other_areas_are_no_districts(lookup: pd.DataFrame, code: str):
    """Counties, authorities, regions and other countries' districts are refused."""
    message = said(lookup.assign(district_code=code), tables.SMALL_AREA_LOOKUP)
    assert f"expected the code of an English district, such as E08000003, found '{code}'" in message


def test_a_shape_is_never_missing():
    """A district without a geometry is refused."""
    frame = pd.DataFrame(
        {"district_code": ["E09000001"], "district_name": ["City"], "geometry": [None]}
    )
    assert "column geometry, row 0: expected a value" in said(frame, tables.DISTRICTS)


def test_empty_text_is_not_a_name():
    """A name of no letters is refused, as a missing one is."""
    for name in ("", None):
        frame = pd.DataFrame(
            {"district_code": ["E09000001"], "district_name": [name], "geometry": ["shape"]}
        )
        assert "column district_name, row 0: expected" in said(frame, tables.DISTRICTS)


def test_a_missing_link_to_a_site_is_null_and_not_empty_text():
    """An access point may lack its site, as null; empty text is a fault of the reader."""
    points = pd.DataFrame(
        {
            "access_point_id": ["a", "b"],
            "access_type": ["Pedestrian", "Motor Vehicle"],
            "site_id": [None, "s"],
            "geometry": ["point", "point"],
        }
    )
    tables.checked(points, tables.GREENSPACE_ACCESS_POINTS)
    message = said(points.assign(site_id=["", "s"]), tables.GREENSPACE_ACCESS_POINTS)
    assert "column site_id, row 0: expected text that is not empty, found ''" in message


def test_a_distance_may_be_missing_but_not_negative():
    """A centroid with no access point to measure to has no distance, rather than 0."""
    frame = pd.DataFrame(
        {
            "small_area_code": ["E01000001", "E01000001"],
            "min_area_ha": [0.5, 2],
            "distance_m": [np.nan, 3],
            "sites_known": True,
        }
    )
    tables.checked(frame, tables.CENTROID_DISTANCE)
    twice = frame.assign(min_area_ha=2.0)
    assert "each row once" in said(twice, tables.CENTROID_DISTANCE)
    assert "0 or more" in said(frame.assign(distance_m=-0.5), tables.CENTROID_DISTANCE)


@pytest.mark.parametrize("cause", ["all", "C00-C97", "I25", "J40-J47"])
def test_causes_of_death(cause: str):
    """Deaths are of all causes, of one code, or of a range."""
    tables.checked(deaths(cause), tables.DEATHS)


@pytest.mark.parametrize("cause", ["All", "C00-", "cancer", "C0", "C00-C97 "])
def test_what_is_no_cause(cause: str):
    """A cause that no ICD-10 range says is refused."""
    message = said(deaths(cause), tables.DEATHS)
    assert f"expected 'all', or codes as C00-C97, found {cause!r}" in message


def deaths(cause: str) -> pd.DataFrame:
    """Return one row of deaths."""
    return pd.DataFrame(
        {
            "district_code": ["E09000001"],
            "year": [2022],
            "cause_icd10": [cause],
            "sex": ["male"],
            "age_from": [0],
            "age_to": [tables.OLDEST_AGE],
            "deaths": [3.0],
        }
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("level", "Region", "column level"),
        ("sex", "both", "one of persons, male, female"),
        ("covered_share", 1.5, "0 to 1"),
        ("estimated_share", -0.5, "0 to 1"),
        ("value", np.inf, "a finite number"),
        ("unit", None, "a value"),
        ("unit", "", "text that is not empty"),
        ("method", None, "a value"),
    ],
)
def test_no_result_without_its_unit_its_method_and_its_level(
    measures: pd.DataFrame, column: str, value: Any, expected: str
):
    """A result of an unknown level or sex, or without a unit or method, is refused."""
    assert expected in said(measures.assign(**{column: value}), tables.MEASURES)


def test_a_result_is_given_once(measures: pd.DataFrame):
    """Two values of one metric for one area, year, sex and age are refused."""
    assert "expected each row once" in said(measures.assign(area_code="E47000001"), tables.MEASURES)


def test_names_of_columns_come_from_one_place():
    """Every column of every schema is named in fields.py."""
    assert len(SCHEMAS) >= 10
    for schema in SCHEMAS.values():
        assert set(schema.columns) <= NAMED


def test_every_table_is_strict_and_has_a_key():
    """No table takes a strange column, another order, or one thing twice."""
    for schema in SCHEMAS.values():
        assert schema.strict
        assert schema.ordered
        assert schema.unique
        assert set(schema.unique) <= set(schema.columns)
