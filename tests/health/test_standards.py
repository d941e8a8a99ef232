from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.health.published import cases

from healthycities.errors import SchemaError
from healthycities.health.standards import (
    FINEST_STARTS,
    STANDARD_STARTS,
    european_standard_population_2013,
)
from healthycities.package_tables import rows


def test_nineteen_bands_as_published():
    """All 19 bands are those that the published test data weigh with, and sum to 100,000."""
    found = european_standard_population_2013(STANDARD_STARTS, below=None)
    expected = [
        float(row["esp2013_weight"])
        for row in cases("dsr_inputs.csv")
        if row["case"] == "testdata_big"
    ]
    assert found.tolist() == expected
    assert found.sum() == 100_000


def test_file_holds_the_bands_that_the_code_names():
    """The file begins its bands at the ages that the code names, and calls them so."""
    table = rows("health/data/esp2013.csv")
    assert tuple(int(row["age_from"]) for row in table) == FINEST_STARTS
    inner = [f"{a}-{a + 4}" for a in range(5, 95, 5)]
    assert [row["age_band"] for row in table] == ["0", "1-4", *inner, "95+"]


def test_twenty_one_bands_as_published():
    """The finest bands weigh as published: under 1, 1 to 4, and 95 and over stand apart."""
    found = european_standard_population_2013(FINEST_STARTS, below=None)
    assert found.tolist() == [float(row["weight"]) for row in cases("esp2013_21band.csv")]


def test_eighteen_bands_end_with_85_and_over():
    """Where people are counted to 85 and over only, the last of 18 bands weighs 2,500."""
    found = european_standard_population_2013(range(0, 90, 5), below=None)
    everyone = european_standard_population_2013(STANDARD_STARTS, below=None)
    assert found.tolist() == [*everyone[:17].tolist(), 2_500]


def test_under_75_are_the_first_fifteen():
    """Under 75 the weights are those of the first 15 bands, and sum to 91,000."""
    found = european_standard_population_2013(range(0, 75, 5), below=75)
    everyone = european_standard_population_2013(STANDARD_STARTS, below=None)
    assert found.tolist() == everyone[:15].tolist()
    assert found.sum() == 91_000


@pytest.mark.parametrize(
    ("starts", "below", "expected"),
    [
        (range(0, 90, 5), None, 2_500),
        ([0, 70], None, 14_000),
        ([0, 70], 75, 5_000),
        ([30], 70, 52_500),
    ],
)
def test_last_band_is_open_or_ends_where_it_is_told(starts, below, expected):
    """85 and over, 70 and over, 70 to 74, and 30 to 69 weigh as their parts."""
    assert european_standard_population_2013(starts, below=below)[-1] == expected


@given(st.sets(st.sampled_from(FINEST_STARTS[1:])))
def test_joined_bands_lose_nobody(starts):
    """However the bands from 0 on are joined, they hold everybody."""
    joined = np.array(sorted({0, *starts}))
    found = european_standard_population_2013(joined, below=None)
    assert found.sum() == 100_000
    assert found.shape == joined.shape


@pytest.mark.parametrize(
    ("starts", "below", "message"),
    [
        ([0, 2, 5], None, "found 2. Join the bands of age first"),
        ([0, 5], 12, "found 12"),
        ([0, 100], None, "found 100"),
        ([5, 0], None, r"that rise, found \[5, 0\]"),
        ([0, 5, 5], None, "that rise"),
        ([0, 75], 75, "that rise"),
        ([], None, "that rise"),
    ],
)
def test_bands_that_cannot_be_joined_are_refused(starts, below, message):
    """Bands that cut a published one, or do not rise, stop."""
    with pytest.raises(SchemaError, match=message):
        european_standard_population_2013(starts, below=below)
