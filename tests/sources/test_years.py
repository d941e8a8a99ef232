from __future__ import annotations

from datetime import date

import pytest

from healthycities.errors import SourceError
from healthycities.io.tabular import exactly, read_csv
from healthycities.sources.raw import Raw
from healthycities.sources.years import rows_of_year

LAYOUT = [exactly("value"), exactly("year", required=False)]


def of_year(tmp_path, text, year=2022, *, name="values.csv", said=None, vintage=None):
    """Return the values of a year."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    raw = Raw((path,), date(2026, 9, 30), year=year, vintage=vintage)
    return rows_of_year(read_csv([path], LAYOUT), raw, "year", said).rows["value"].tolist()


def test_a_column_tells_the_rows(tmp_path):
    """Rows of the year asked for, or of the vintage that stands in for it; others are refused."""
    text = "value,year\n1,2021\n2,2022\n3,2022\n"
    assert of_year(tmp_path, text) == ["2", "3"]
    assert of_year(tmp_path, text, vintage=2021) == ["1"]
    with pytest.raises(SourceError, match="expected values of 2023, found those of 2021, 2022"):
        of_year(tmp_path, text, 2023)


def test_without_a_column_something_else_has_to_say_it(tmp_path):
    """The path, the vintage or the file's own words, which may not be of another year."""
    text = "value\n1\n"
    assert of_year(tmp_path, text, name="of_2022.csv") == ["1"]
    assert of_year(tmp_path, text, vintage=2019) == ["1"]
    assert of_year(tmp_path, text, said=2022) == ["1"]
    with pytest.raises(SourceError, match=r"expected values of 2022, .* that it is of 2021"):
        of_year(tmp_path, text, said=2021)
    with pytest.raises(SourceError, match="neither the path nor a column says 2022"):
        of_year(tmp_path, text)
