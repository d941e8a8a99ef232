from __future__ import annotations

import re

import pytest

from healthycities import fields

NAMES = {name: value for name, value in vars(fields).items() if name.isupper()}


def test_a_name_is_the_column_in_capitals():
    """Each constant is called as its column, so that neither can be mistaken for another."""
    assert {name: name.lower() for name in NAMES} == NAMES
    assert len(NAMES) > 30


@pytest.mark.parametrize("column", NAMES.values())
def test_names_can_be_columns_anywhere(column: str):
    """A name is lower-case letters, digits and underscores: it needs no quoting in any format."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", column)


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [("easting", "m"), ("northing", "m"), ("distance", "m"), ("zone_area", "m2")],
)
def test_quantities_carry_their_unit(quantity: str, unit: str):
    """A length ends in its unit, and an area too."""
    found = [column for column in NAMES.values() if column.startswith(quantity)]
    assert found
    assert all(column.endswith(f"_{unit}") for column in found)
