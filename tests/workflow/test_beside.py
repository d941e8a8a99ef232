"""Local measurements and published results beside a run, which change nothing else of it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from tests.workflow.conftest import Run, Workplace, changed

from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

PUBLISH = "Writing the results"
BIAS = "measured_bias"
HARTLEPOOL = "E06000001"
PUBLISHED = (
    "Indicator ID,Indicator Name,Area Code,Area Type,Sex,Age,Category Type,Time period,Value,"
    "Lower CI 95.0 limit,Upper CI 95.0 limit,Value note\n"
    f"90366,Life expectancy,{HARTLEPOOL},District & UA,Male,All ages,,2022,50,49,51,\n"
    f"90366,Life expectancy,{HARTLEPOOL},District & UA,Male,All ages,,2020 - 22,50,49,51,\n"
)


@pytest.fixture(scope="module")
def beside(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the run that all tests share, gone on with three sensors and two published results."""
    folder = tmp_path_factory.mktemp("beside") / "run"
    shutil.copytree(finished.place.folder, folder)
    district = gpd.read_file(finished.package, layer="districts").to_crs(BRITISH_NATIONAL_GRID)
    inside = district.geometry.iloc[0].representative_point()
    rows = [f"s{n},{inside.x},{inside.y},pm25,2022,{ugm3}\n" for n, ugm3 in enumerate((9, 11, 16))]
    data = folder / "data"
    data.mkdir(exist_ok=True)
    header = "sensor_id,easting,northing,pollutant,period,value\n"
    (data / "sensors.csv").write_text(header + "".join(rows), encoding="utf-8")
    (data / "published.csv").write_text(PUBLISHED, encoding="utf-8")
    sources = {"local_measurements": "sensors.csv", "fingertips": "published.csv"}
    entries = {f"sources.{name}": {"provider": "file", "path": to} for name, to in sources.items()}
    config = changed(finished.config, entries)
    place = Workplace(folder, finished.place.checkout)
    outcome = place.run(config)
    assert outcome.code == 0, outcome.text
    return replace(finished, place=place, config=config, outcome=outcome)


def test_only_the_check_itself_runs(beside: Run):
    """The files are read, and measurements compared for each pollutant and year."""
    assert beside.outcome.told == [
        *(
            f"Computing {BIAS} of {pollutant} in {year}"
            for pollutant in ("no2", "pm10", "pm25")
            for year in (2022, 2023)
        ),
        "Reading fingertips",
        *(f"Reading local_measurements of {year}" for year in (2022, 2023)),
        PUBLISH,
    ]


def test_no_other_measure_changes(finished: Run, beside: Run):
    """Files of other metrics keep their bytes, and their rows of the results are the same."""
    before, after = (one.results / "steps" / "measured" for one in (finished, beside))
    files = sorted(file.name for file in before.iterdir())
    assert len(files) >= 20
    for name in files:
        assert (before / name).read_bytes() == (after / name).read_bytes()
    old, new = map(rows_of, (finished, beside))
    others = new[~new["metric"].str.startswith("measured_")].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, old)


def rows_of(run: Run) -> pd.DataFrame:
    """Return the long table of results."""
    return pd.read_parquet(run.results / "measures.parquet")


def test_the_bias_is_among_the_results(beside: Run):
    """Three sensors in one cell: their mean over the model is given for 2022, and null for 2023."""
    rows = rows_of(beside)
    ours = rows[(rows["metric"] == "measured_bias_pm25_ugm3") & (rows["level"] == "authority")]
    bias, empty = (ours[ours["year"] == year].iloc[0] for year in (2022, 2023))
    assert bias["denominator"] == 3
    assert bias["lower"] < bias["value"] < bias["upper"]
    # The mean of 9, 11 and 16 is 12; t at 2 degrees is 4.303, and s is √13.
    assert bias["upper"] - bias["value"] == pytest.approx(4.302653 * (13 / 3) ** 0.5, rel=1e-6)
    assert pd.isna(empty["value"])
    assert empty["note"].endswith("no sensors")


def test_published_results_stand_beside_those_of_the_run(beside: Run):
    """Of one year and of three, only the former is the same; nobody lives to 50 on average here."""
    table = pyogrio.read_dataframe(beside.package, layer="compared_with_published")
    assert table[["metric", "area_code", "first_year", "year"]].to_numpy().tolist() == [
        ["life_expectancy_male_years", HARTLEPOOL, 2022, 2022]
    ]
    rows = rows_of(beside).set_index(["metric", "area_code", "year"])
    ours = rows.loc[("life_expectancy_male_years", HARTLEPOOL, 2022)]
    assert table["difference"][0] == ours["value"] - 50
    assert table["intervals_overlap"][0] == 0
    assert table["note"][0].startswith("SYNTHETIC")
