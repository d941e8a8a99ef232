from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthycities.errors import ConfigError, SourceError
from healthycities.geography.districts import known_districts
from healthycities.package_tables import rows
from healthycities.sources.demo.names import DISTRICTS_SINCE, WITH_DISTRICTS
from healthycities.stages.check import check, checked_settings

DEFAULT = Path(__file__).resolve().parents[2] / "config" / "config.yaml"
FILE = Path("mine.yaml")


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """Return the default configuration, with a folder for files of one's own."""
    default = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    return {**default, "data_dir": str(tmp_path)}


def with_source(config: dict[str, Any], **sources: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with some sources given otherwise."""
    return {**config, "sources": {**config["sources"], **sources}}


def test_check_says_what_is_asked_for(config: dict[str, Any]):
    """The lines name the file, the result, the years and the metrics."""
    lines = check({**config, "metrics": ["ncd_mortality"], "years": [2023]}, FILE)
    assert lines == [
        "mine.yaml: no error found",
        "results: results/demo_SYNTHETIC/healthycities_demo_SYNTHETIC.gpkg",
        "years: 2023",
        "metrics: ncd_mortality",
    ]


def test_check_says_which_years_are_taken_together(config: dict[str, Any]):
    """Of three years the lines name each span, and the metrics that rest on it."""
    asked = {**config, "metrics": ["air_quality", "ncd_mortality"], "years": [2022, 2023]}
    lines = check({**asked, "mortality": {**config["mortality"], "pooled_years": 3}}, FILE)
    assert "years together: 2020 to 2022, 2021 to 2023 (ncd_mortality)" in lines


def test_a_lost_file_of_an_earlier_year_says_why_it_is_wanted(
    config: dict[str, Any], tmp_path: Path
):
    """Deaths of 2022 are wanted for 2023 where two years are taken together."""
    (tmp_path / "d2023.csv").touch()
    mine = with_source(config, deaths={"provider": "file", "path": "d{year}.csv"})
    asked = {**mine, "years": [2023], "mortality": {**config["mortality"], "pooled_years": 2}}
    told = r"d2022\.csv \(of 2022, for mortality\.pooled_years is 2\)"
    with pytest.raises(SourceError, match=told):
        check(asked, FILE)
    (tmp_path / "d2022.csv").touch()
    check(asked, FILE)


def test_a_source_that_the_demonstration_lacks_is_told(config: dict[str, Any]):
    """PM2.5 of districts is never made up: it is asked for as a file."""
    asked = with_source(config, district_pm25={"provider": "demo"})
    with pytest.raises(ConfigError, match="sources: the demonstration does not have district_pm25"):
        check(asked, FILE)


def test_check_says_what_is_left_out(config: dict[str, Any], tmp_path: Path):
    """A metric that `all` is without is named, with the source that it lacks; with it, nothing."""
    left_out = "left out: green_cover, which needs sources.land_cover"
    assert check(config, FILE)[-5:] == [
        left_out,
        "left out: measured_bias, which needs sources.local_measurements",
        "left out: ndvi_target_deaths, which needs green_cover.ndvi_target, sources.land_cover",
        "left out: pm25_by_district, which needs sources.district_pm25",
        "left out: residential_ndvi, which needs green_cover.ndvi_threshold, sources.land_cover",
    ]
    (tmp_path / "lc.tif").touch()
    raster = with_source(config, land_cover={"provider": "file", "path": "lc.tif"})
    assert left_out not in check({**raster, "green_cover": {"green_classes": [10]}}, FILE)


@pytest.mark.parametrize("authorities", ["all", ["cumbria", "greater_manchester"]])
def test_the_demonstration_draws_the_land_cover_of_one_authority(
    config: dict[str, Any], authorities: object
):
    """A raster of 10 m of more than one authority is not drawn, and the message says what to do."""
    drawn = with_source(config, land_cover={"provider": "demo"})
    drawn = {**drawn, "green_cover": {"green_classes": [10]}}
    assert checked_settings({**drawn, "authorities": ["cumbria"]})
    with pytest.raises(ConfigError, match=r"authorities: .* one authority at a time\. Name one"):
        checked_settings({**drawn, "authorities": authorities}, FILE)


def test_every_lost_file_is_named(config: dict[str, Any], tmp_path: Path):
    """Of two years of deaths one file is there; the other is named, with two more sources."""
    (tmp_path / "deaths_2022.csv").touch()
    mine = with_source(
        config,
        deaths={"provider": "file", "path": "deaths_{year}.csv"},
        centroids={"provider": "file", "path": "centroids.csv"},
        districts={"provider": "file", "path": "districts/*.gpkg"},
    )
    with pytest.raises(SourceError) as caught:
        checked_settings(mine, FILE)
    assert [line.strip() for line in str(caught.value).splitlines()[1:-1]] == [
        f"sources.districts: {tmp_path}/districts/*.gpkg",
        f"sources.centroids: {tmp_path}/centroids.csv",
        f"sources.deaths: {tmp_path}/deaths_2023.csv",
    ]
    assert str(caught.value).startswith("mine.yaml: 3 files of the configuration cannot be found")


def test_a_pattern_is_found_where_one_file_fits(config: dict[str, Any], tmp_path: Path):
    """Each pollutant and year needs a file of its own; a star may stand for part of its name."""
    for pollutant in ("pm25", "pm10", "no2"):
        for year in (2022, 2023):
            (tmp_path / f"map{pollutant}{year}g.csv").touch()
    grids = {"provider": "file", "path": "map{pollutant}{year}*.csv"}
    assert checked_settings(with_source(config, air_quality=grids))
    (tmp_path / "mapno22023g.csv").unlink()
    with pytest.raises(SourceError, match="1 file of"):
        checked_settings(with_source(config, air_quality=grids))


def test_a_folder_is_no_file(config: dict[str, Any], tmp_path: Path):
    """A path that leads to a folder is as good as lost."""
    (tmp_path / "centroids.csv").mkdir()
    mine = with_source(config, centroids={"provider": "file", "path": "centroids.csv"})
    with pytest.raises(SourceError, match=r"sources\.centroids"):
        checked_settings(mine)


def test_what_every_run_draws_must_be_given(config: dict[str, Any]):
    """Without districts there is no map of them, whatever the metrics: told by name."""
    sources = {name: given for name, given in config["sources"].items() if name != "districts"}
    with pytest.raises(ConfigError, match="sources: every run needs districts"):
        checked_settings({**config, "sources": sources}, FILE)


def test_a_map_that_the_demonstration_lacks_is_refused(config: dict[str, Any]):
    """The demonstration draws PM2.5, PM10 and NO2; NOx needs a file of one's own."""
    with pytest.raises(ConfigError, match="pollutants: the demonstration has no map of nox"):
        checked_settings({**config, "pollutants": ["pm25", "nox"]}, FILE)


def test_a_date_before_the_demonstrations_districts_is_refused(config: dict[str, Any]):
    """The demonstration has the districts since April 2025; an older map needs other files."""
    before = DISTRICTS_SINCE - timedelta(days=1)
    with pytest.raises(ConfigError) as caught:
        checked_settings({**config, "authorities_as_at": before}, FILE)
    assert str(caught.value) == (
        "mine.yaml: authorities_as_at: the demonstration has the districts since 2025-04-01, not"
        " those of 2025-03-31. Give 2025-04-01 or a later date, or files of your own for"
        " sources.deaths, sources.districts, sources.general_health, sources.population,"
        " sources.small_area_lookup."
    )
    assert checked_settings({**config, "authorities_as_at": DISTRICTS_SINCE})


def test_an_older_date_may_stand_beside_what_has_no_districts(
    config: dict[str, Any], tmp_path: Path
):
    """With one's own tables of districts, the demonstration's air and greenspace serve any date."""
    (tmp_path / "a.csv").touch()
    own = {"provider": "file", "path": "a.csv"}
    yearly = {**own, "vintage": 2022}
    by_year = ("deaths", "population")
    given = {name: yearly if name in by_year else own for name in WITH_DISTRICTS}
    older = {**config, "authorities_as_at": date(2024, 1, 1)}
    assert checked_settings(with_source(older, **given))
    given.pop("deaths")
    with pytest.raises(ConfigError, match=r"files of your own for sources\.deaths\.$"):
        checked_settings(with_source(older, **given))


def test_the_demonstration_has_the_districts_of_its_day():
    """Its codes are those of that day, and not those of the day before."""
    codes = {row["lad_code"] for row in rows("sources/demo/data/lad_centres.csv")}
    assert codes == set(known_districts(DISTRICTS_SINCE))
    assert codes != set(known_districts(DISTRICTS_SINCE - timedelta(days=1)))
