from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities.errors import HealthycitiesError, RegisterError, SchemaError, SourceError
from healthycities.sources.district_pm25 import read
from healthycities.sources.raw import Raw

BOLTON, BURY = "E08000001", "E08000002"
CUMBERLAND = ["E07000026", "E07000028", "E07000029"]
TITLES = (
    "population-weighted annual mean PM2.5 concentration for 2023 (ugm-3),,,,\r\n"
    "The total PM2.5 concentration should be used for health burden calculations,,,,\r\n"
)
DEFRA = (
    "LA code,PM2.5 2023 (total),PM2.5 2023 (non-anthropogenic),PM2.5 2023 (anthropogenic),"
    "Local Authority\r\n"
)
INDEX = "ltla21_code,year,indicator,value\n"


def pm25(tmp_path: Path, text: str, year: int = 2023, **said: object) -> pd.DataFrame:
    """Read a file of this text."""
    path = tmp_path / str(said.pop("name", "popwmpm25byUKlocalauthority.csv"))
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2026, 9, 30), year=year, **said))


def test_the_layout_of_defra(tmp_path, caplog):
    """The total is read, by code; Scotland is left out; districts are sorted."""
    rows = (
        f"{BURY},8.5,0.4,8.1,Bury\r\nS12000017,3.8,0.4,3.4,Highland\r\n{BOLTON},8.25,0.3,7.95,x\r\n"
    )
    with caplog.at_level(logging.INFO):
        found = pm25(tmp_path, TITLES + DEFRA + rows)
    assert found.to_numpy().tolist() == [[BOLTON, BOLTON, 2023, 8.25], [BURY, BURY, 2023, 8.5]]
    assert "left out 1 rows of other areas" in caplog.text


def test_the_layout_of_the_health_index(tmp_path):
    """Of several indicators and years only the wanted rows are read."""
    rows = (
        f"{BOLTON},2019,Air pollution,9.1\n{BOLTON},2020,Air pollution,7.4\n"
        f"{BOLTON},2020,Physical activity,62\n{BURY},2020,Air pollution,7.5\n"
    )
    found = pm25(tmp_path, INDEX + rows, 2020)
    assert found["pm25_ugm3"].tolist() == [7.4, 7.5]
    assert set(found["year"]) == {2020}
    stands_in = pm25(tmp_path, INDEX + rows, 2022, vintage=2019)
    assert stands_in.to_numpy().tolist() == [[BOLTON, BOLTON, 2019, 9.1]]


def test_columns_of_the_user(tmp_path):
    """Other names are told by the configuration."""
    columns = {"LAD25CD": "area", "value": "mean", "year": "of"}
    found = pm25(tmp_path, f"area,of,mean\n{BOLTON},2023,7\n", columns=columns)
    assert found["pm25_ugm3"].tolist() == [7.0]


def test_what_is_missing_is_not_zero(tmp_path):
    """An empty cell and MISSING are NaN, and a 0 stays one."""
    text = f"LAD21CD,year,value\n{BOLTON},2023,\n{BURY},2023,MISSING\nE08000003,2023,7\n"
    found = pm25(tmp_path, text + "E08000004,2023,0\n")
    assert np.array_equal(found["pm25_ugm3"], [np.nan, np.nan, 7, 0], equal_nan=True)


def test_merged_districts_keep_their_parts(tmp_path):
    """Cumbria's old districts stand under the new one that each became; recodings are theirs."""
    codes = [*CUMBERLAND, "E08000016"]
    text = "LAD21CD,year,value\n" + "".join(f"{code},2023,6.{code[-1]}\n" for code in codes)
    found = pm25(tmp_path, text)
    assert found["published_district_code"].tolist() == codes
    assert found["district_code"].tolist() == ["E06000063"] * 3 + ["E08000038"]
    assert found["pm25_ugm3"].tolist() == [6.6, 6.8, 6.9, 6.6]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (f"{BOLTON},2023,-1\n", SchemaError, "a number of 0 or more, found '-1'"),
        (f"{BOLTON},2023,7200\n", SchemaError, "at most 100 µg/m³, found '7200'"),
        (f"{BOLTON},2023,0.0072\n", SourceError, "in µg/m³, found a median of 0.0072: another"),
        (f"{BOLTON},2023,\n", SourceError, "no district has a value"),
        (f"{BOLTON},2023,7\n{BOLTON},2023,8\n", SchemaError, "stands there and on line 2"),
        (f"{BOLTON},2022,7\n", SourceError, "expected values of 2023, found those of 2022"),
        ("1,2023,7\n", SourceError, "no English district in it; column LAD21CD holds 1"),
        ("E08000099,2023,7\n", RegisterError, "'E08000099' is unknown"),
        ("E07000026,2023,7\n", SourceError, "E06000063 Cumberland: expected all districts of one"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path, text: str, error: type[HealthycitiesError], message: str
):
    """Other units, repeats, other years, old numbers for codes, unknown and partial districts."""
    with pytest.raises(error, match=message):
        pm25(tmp_path, "LAD21CD,year,value\n" + text)


def test_another_indicator_is_refused(tmp_path):
    """A file of the Health Index without the one that is PM2.5 says what it has."""
    with pytest.raises(SourceError, match="indicator Air pollution, found Noise"):
        pm25(tmp_path, INDEX + f"{BOLTON},2023,Noise,7\n")


def test_the_year_has_to_be_said_somewhere(tmp_path):
    """By a column, the header, the path or the vintage; one that is said wrong is refused."""
    bare = f"LAD21CD,value\n{BOLTON},7\n"
    with pytest.raises(SourceError, match="neither the path nor a column says 2023"):
        pm25(tmp_path, bare, name="pm25.csv")
    assert pm25(tmp_path, bare, name="pm25_2023.csv")["year"].tolist() == [2023]
    assert pm25(tmp_path, bare, name="pm25.csv", vintage=2019)["year"].tolist() == [2019]
    with pytest.raises(SourceError, match="of 2022, but the file says that it is of 2023"):
        pm25(tmp_path, TITLES + DEFRA + f"{BOLTON},7,1,6,Bolton\r\n", 2022)
