from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from healthycities.errors import CrsError, HealthycitiesError, SchemaError
from healthycities.sources.local_measurements import read
from healthycities.sources.raw import Raw

METRES = "sensor_id,easting,northing,pollutant,period,value\n"
DEGREES = "sensor_id,lon,lat,pollutant,period,value\n"
DATES = "sensor_id,easting,northing,pollutant,start,end,value\n"
HERE = "384000,398000"


def measured(tmp_path: Path, text: str, year: int = 2022, **said: object) -> pd.DataFrame:
    """Read a file of this text."""
    path = tmp_path / "sensors.csv"
    path.write_text(text, encoding="utf-8")
    return read(Raw((path,), date(2026, 9, 30), year=year, **said))


def test_a_row_for_each_sensor_pollutant_and_year(tmp_path):
    """Rows of the year are kept, by sensor and pollutant, with all days of the year."""
    rows = (
        f"b,{HERE},pm25,2022,9.5\na,384500.25,398000,NO2,2022,31\nb,{HERE},pm25,2021,11\n"
        f"b,{HERE},PM10,2022,15\n"
    )
    found = measured(tmp_path, METRES + rows)
    assert found.to_numpy().tolist() == [
        ["a", "no2", 2022, 384500.25, 398000.0, 31.0, 365],
        ["b", "pm10", 2022, 384000.0, 398000.0, 15.0, 365],
        ["b", "pm25", 2022, 384000.0, 398000.0, 9.5, 365],
    ]


def test_degrees_are_brought_to_the_national_grid_and_told(tmp_path, caplog):
    """The Ordnance Survey's worked point: 52°39'28.8282"N 1°42'57.8663"E is 651409.8, 313177.4."""
    with caplog.at_level(logging.INFO):
        found = measured(tmp_path, DEGREES + "a,1.716073973,52.65800783,pm25,2022,9\n")
    # A machine without the grid of OSTN15 has seven parameters alone, here 3 m away.
    assert found["easting_m"][0] == pytest.approx(651409.8, abs=5)
    assert found["northing_m"][0] == pytest.approx(313177.4, abs=5)
    assert "reprojected from EPSG:4326" in caplog.text


def test_columns_of_the_user(tmp_path):
    """Longer names are known; others are told by the configuration."""
    header = "site,longitude,latitude,pollutant,period,value_ugm3\n"
    columns = {"sensor_id": "site"}
    found = measured(tmp_path, header + "a,-2.24,53.48,pm25,2022,9\n", columns=columns)
    assert found["sensor_id"].tolist() == ["a"]
    assert 383_000 < found["easting_m"][0] < 385_000


def test_periods_that_follow_each_other_are_averaged_by_days(tmp_path):
    """181 days at 10 and 184 at 20: 2022 has a mean of 15.041."""
    rows = f"a,{HERE},pm25,2022-01-01,2022-06-30,10\na,{HERE},pm25,2022-07-01,2022-12-31,20\n"
    found = measured(tmp_path, DATES + rows)
    assert found["measured_ugm3"][0] == pytest.approx((181 * 10 + 184 * 20) / 365)
    assert found["measured_days"][0] == 365


@pytest.mark.parametrize(("last", "counts"), [("2022-10-01", True), ("2022-09-30", False)])
def test_a_sensor_counts_from_three_quarters_of_a_year_on(tmp_path, caplog, last, counts):
    """274 of 365 days are more than 75 %, 273 are less; what is left out is told."""
    text = METRES + f"a,{HERE},pm25,2022-01-01/{last},9\n"
    with caplog.at_level(logging.INFO):
        found = measured(tmp_path, text)
    assert len(found) == counts
    assert ("less than 75 % of 2022: a pm25" in caplog.text) is not counts


def test_a_period_is_of_the_year_of_its_middle_day(tmp_path):
    """Tubes of 5 January to 4 January are of the first year, by its 361 days, and of no other."""
    text = METRES + f"a,{HERE},no2,2022-01-05/2023-01-04,30\n"
    assert measured(tmp_path, text)["measured_days"].tolist() == [361]
    assert measured(tmp_path, text, 2023).empty
    split = f"b,{HERE},no2,2021-07-01/2022-06-30,30\nb,{HERE},no2,2022-07-01/2023-06-30,30\n"
    assert measured(tmp_path, METRES + split).empty


def test_a_leap_year_has_a_day_more(tmp_path):
    """2024 has 366 days, of which 274 are less than 75 %."""
    text = METRES + f"a,{HERE},no2,2024,30\nb,{HERE},no2,2024-01-01/2024-09-30,30\n"
    assert measured(tmp_path, text, 2024)["measured_days"].tolist() == [366]


def test_a_year_without_measurements_is_an_empty_table(tmp_path):
    """The file is of 2022 and the run reports on 2023: nothing, in the columns of the schema."""
    found = measured(tmp_path, METRES + f"a,{HERE},pm25,2022,9\n", 2023)
    assert found.empty
    assert found.dtypes["measured_ugm3"] == "float64"
    stands_in = measured(tmp_path, METRES + f"a,{HERE},pm25,2022,9\n", 2023, vintage=2022)
    assert stands_in["year"].tolist() == [2022]


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (f"a,{HERE},pm25,2022,-1\n", SchemaError, "a number of 0 or more, found '-1'"),
        (f"a,{HERE},pm25,2022,\n", SchemaError, "a number of 0 or more, found nothing"),
        (f"a,{HERE},pm25,2022,9000\n", SchemaError, "at most 1000 µg/m³, found '9000'"),
        (f"a,{HERE},co,2022,9\n", SchemaError, "one of pm25, pm10, no2, nox, found 'co'"),
        (f",{HERE},pm25,2022,9\n", SchemaError, "the id of a sensor, found nothing"),
        (f"a,{HERE},pm25,22,9\n", SchemaError, "a year such as 2022, or two dates"),
        (f"a,{HERE},pm25,2022-02-30/2022-12-31,9\n", SchemaError, "a year such as 2022, or two"),
        (f"a,{HERE},pm25,01/02/2022,9\n", SchemaError, "a year such as 2022, or two dates"),
        (f"a,{HERE},pm25,2022-03-01/2022-02-01,9\n", SchemaError, "not before the first"),
        (f"a,{HERE},pm25,2021-01-01/2022-12-31,9\n", SchemaError, "a year at most"),
        ("a,-2.24,53.48,pm25,2022,9\n", CrsError, "which look like degrees"),
        ("a,398000,1384000,pm25,2022,9\n", CrsError, "a point of England"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path, row: str, error: type[HealthycitiesError], message: str
):
    """Numbers, pollutants, periods and places that are none, with file, line and what to do."""
    with pytest.raises(error, match=message) as caught:
        measured(tmp_path, METRES + f"z,{HERE},pm25,2019,9\n" + row)
    assert "sensors.csv" in str(caught.value.file)
    assert "line 3" in str(caught.value.place)
    assert caught.value.mend


def test_degrees_that_are_exchanged_or_elsewhere_are_refused(tmp_path):
    """Latitude under lon; and a place in Wales's sea is not in the box of England."""
    with pytest.raises(SchemaError, match="degrees of -9 to 3, as lon in the United Kingdom"):
        measured(tmp_path, DEGREES + "a,53.48,-2.24,pm25,2022,9\n")
    with pytest.raises(CrsError, match="a point of England"):
        measured(tmp_path, DEGREES + "a,-8,60,pm25,2022,9\n")


def test_another_system_is_not_converted_in_silence(tmp_path):
    """`crs` may confirm what the columns say; it cannot say otherwise."""
    degrees = DEGREES + "a,-2.24,53.48,pm25,2022,9\n"
    assert len(measured(tmp_path, degrees, crs="epsg:4326")) == 1
    with pytest.raises(CrsError, match="says EPSG:27700"):
        measured(tmp_path, degrees, crs="EPSG:27700")
    with pytest.raises(CrsError, match="says EPSG:4326"):
        measured(tmp_path, METRES + f"a,{HERE},pm25,2022,9\n", crs="EPSG:4326")


@pytest.mark.parametrize(
    "later", ["2022", "2022-12-31/2023-01-31", "2022-03-01/2022-03-02", "2021-12-01/2022-01-01"]
)
def test_periods_that_overlap_are_refused(tmp_path, later: str):
    """A year twice, a day in common, one within the other, before or after; both lines are told."""
    rows = f"a,{HERE},pm25,2022,9\nb,{HERE},pm25,{later},9\na,{HERE},pm25,{later},9\n"
    with pytest.raises(SchemaError, match="pm25 of sensor a overlaps with that on line") as caught:
        measured(tmp_path, METRES + rows)
    told = str(caught.value)
    assert "line 4" in told
    assert "line 2" in told


def test_a_sensor_stands_in_one_place(tmp_path):
    """One that was moved by 1 m is another sensor."""
    rows = f"a,{HERE},pm25,2021,9\na,384001,398000,pm25,2022,9\n"
    with pytest.raises(SchemaError, match=r"line 3.*each sensor in one place"):
        measured(tmp_path, METRES + rows)


def test_a_file_without_places_names_what_it_lacks(tmp_path):
    """The nearest layout is named, and that `columns` may give other names."""
    with pytest.raises(SchemaError, match="expected a header with the columns easting, northing"):
        measured(tmp_path, "sensor_id,pollutant,period,value\na,pm25,2022,9\n")
