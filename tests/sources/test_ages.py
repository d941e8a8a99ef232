from __future__ import annotations

import pandas as pd
import pytest

from healthycities.errors import SchemaError, SourceError
from healthycities.io.tabular import exactly, read_csv
from healthycities.sources.ages import ages, band, require_no_gap


@pytest.mark.parametrize(
    ("name", "ages"),
    [
        ("Aged under 1", (0, 0)), ("Under 1", (0, 0)), ("Aged 1 to 4", (1, 4)),
        ("Aged 5 to 9", (5, 9)), ("Aged 10-14", (10, 14)), ("10 - 14", (10, 14)),
        ("Aged 90 and over", (90, 120)), ("90+", (90, 120)), ("All ages", (0, 120)),
        ("total (all ages)", (0, 120)), ("Aged unknown", None), ("", None),
        ("Aged under 1 year", (0, 0)), ("Aged 4 years and under", (0, 4)),
        ("Aged 5 to 9 years", (5, 9)), ("Aged 15 years", (15, 15)), ("Age 3", (3, 3)),
        ("Aged 1 year", (1, 1)), ("Aged 85 years and over", (85, 120)), ("15", None),
    ],
)  # fmt: skip
def test_bands_of_age(name, ages):
    """First and last age of a band, in every way that they are written."""
    assert band(name) == ages


def test_names_of_a_column(tmp_path):
    """Each row has its first and last age; a name that is not understood is told by its line."""
    path = tmp_path / "a.csv"
    path.write_text("AGE_NAME\nAged 1 to 4\n90+\n", encoding="utf-8")
    table = read_csv([path], [exactly("AGE_NAME")])
    assert ages(table, "AGE_NAME").to_numpy().tolist() == [[1, 4], [90, 120]]
    path.write_text("AGE_NAME\nAged 1 to 4\nold\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="line 3, column AGE_NAME: expected a band of ages"):
        ages(read_csv([path], [exactly("AGE_NAME")]), "AGE_NAME")


@pytest.mark.parametrize(
    "bands",
    [[(1, 120)], [(0, 4), (6, 120)], [(0, 4), (4, 120)], [(0, 120), (5, 9)], [(0, 4), (5, 89)]],
)
def test_a_gap_or_an_overlap_is_refused(bands):
    """Bands follow each other from 0 to the oldest; those that do may come in any order."""
    require_no_gap(bands_of([(5, 120), (0, 4), (5, 120)]), file="a.csv", mend="Mend it.")
    with pytest.raises(SourceError, match=r"a.csv: expected bands .* from 0 .*\. Mend it\.$"):
        require_no_gap(bands_of(bands), file="a.csv", mend="Mend it.")


def bands_of(pairs):
    """Return a table of bands."""
    return pd.DataFrame(pairs, columns=["age_from", "age_to"])
