from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from healthycities.errors import ConfigError, SourceError
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
        f"sources.deaths: {tmp_path}/deaths_2023.csv.",
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
