from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthycities.errors import SchemaError
from healthycities.metrics.mortality import (
    notes_of_rates,
    of_all_causes,
    of_cause_group,
    years_said,
)


def deaths(*causes):
    """Return a row for each cause."""
    return pd.DataFrame({"cause_icd10": causes, "year": 2021, "deaths": 1.0})


def test_all_causes_are_the_rows_of_the_whole():
    """The causes that are parts of all are left out, and parts alone are no whole."""
    assert of_all_causes(deaths("all", "C00-C97"))["cause_icd10"].tolist() == ["all"]
    with pytest.raises(SchemaError, match="found causes C00-C97, I00-I99"):
        of_all_causes(deaths("I00-I99", "C00-C97"))


def test_a_group_is_its_causes_without_their_whole():
    """The four groups are found by their codes, and all causes are none of them."""
    four = ["C00-C97", "E10-E14", "I00-I99", "J30-J98"]
    rows, causes = of_cause_group(deaths("all", *four), "ncd4")
    assert rows["cause_icd10"].tolist() == causes == four


def test_years_that_are_not_the_one_reported_are_said():
    """Deaths of 2021 stand in for 2022; people of 2022 need no word."""
    people = pd.DataFrame({"year": [2022]})
    assert years_said(deaths("all"), people, 2022) == "deaths of 2021"
    assert years_said(deaths("all"), people, 2021) == "people of 2022"


def test_notes_say_why_a_rate_is_missing():
    """A rate needs no reason, nine deaths are too few, and unknown deaths are no data."""
    notes = notes_of_rates(np.array([5.0, np.nan, np.nan]), np.array([20, 9, np.nan]), "a note")
    few = "a note; no rate is given below 10 deaths"
    assert notes.tolist() == ["a note", few, "a note; no data"]
