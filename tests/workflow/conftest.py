"""The workflow, run as users run it, on a small city-region.

It runs from a copy of the checkout, so that nothing is written into the checkout, and that a test
may edit the code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthycities.settings import Settings, from_mapping
from healthycities.synthetic import SYNTHETIC

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "workflow", "profiles", "config", "src")

Config = dict[str, Any]


def copy_checkout(to: Path) -> Path:
    """Copy what a run needs; compiled code comes along, and is still in date."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / part)
    return to


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """Return a configuration with some keys changed, such as ``greenspace.radius_m``."""
    new: Config = yaml.safe_load(yaml.safe_dump(config))
    for key, value in changes.items():
        *sections, last = key.split(".")
        part = new
        for section in sections:
            part = part[section]
        part[last] = value
    return new


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and all that it printed."""

    code: int
    text: str

    @property
    def jobs(self) -> dict[str, int]:
        """Number of jobs of each rule, from the table that Snakemake prints, without the total."""
        table = re.search(r"^job +count\n[- ]+\n((?:\w+ +\d+\n)+)", self.text, re.MULTILINE)
        rows = [] if table is None else [line.split() for line in table[1].splitlines()]
        return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}

    @property
    def told(self) -> list[str]:
        """What each job is for, in the words of the rules' messages, in order of the alphabet."""
        return sorted(re.findall(r"^Job \d+: (.*)$", self.text, re.MULTILINE))

    @property
    def errors(self) -> list[str]:
        """Lines that say what is wrong."""
        return [line for line in self.text.splitlines() if line.startswith("error: ")]


@dataclass(frozen=True)
class Workplace:
    """A working folder, and the checkout that runs in it."""

    folder: Path
    checkout: Path

    def run(self, config: Config, *arguments: str, cores: int = 2) -> Outcome:
        """Run the workflow on a configuration, and return how it ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)]
        command += ["--snakefile", str(self.checkout / "Snakefile"), "--directory", "."]
        command += ["--configfile", str(file)]
        paths = [str(self.checkout / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        result = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return Outcome(result.returncode, result.stdout + result.stderr)

    def plan(self, config: Config, *arguments: str) -> Outcome:
        """Tell what would run."""
        outcome = self.run(config, "--dry-run", *arguments)
        assert outcome.code == 0, outcome.text
        return outcome


@dataclass(frozen=True)
class Run:
    """A run that has ended well."""

    place: Workplace
    config: Config
    outcome: Outcome

    @property
    def settings(self) -> Settings:
        """The configuration as the workflow reads it."""
        return from_mapping(self.config)

    @property
    def results(self) -> Path:
        """Folder of the results."""
        return self.place.folder / self.settings.run_dir

    @property
    def raw(self) -> Path:
        """Folder of the raw files."""
        return self.results / "steps" / "raw"

    @property
    def package(self) -> Path:
        """The GeoPackage."""
        return self.results / self.settings.geopackage_name


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout."""
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def small() -> Config:
    """Return the default configuration, made small: one authority, few small areas."""
    default = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    return changed(default, {"authorities": ["tees_valley"], "demo.scale": 0.02})


@pytest.fixture(scope="session")
def finished(checkout: Path, small: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run on two cores that all tests share; they only read it."""
    place = Workplace(tmp_path_factory.mktemp("run"), checkout)
    outcome = place.run(small)
    assert outcome.code == 0, outcome.text
    return Run(place, small, outcome)


@pytest.fixture
def of_files(finished: Run, tmp_path: Path) -> Run:
    """Return a run, not yet begun, on files of one's own: the demonstration's, as published."""
    data = tmp_path / "data"
    data.mkdir()
    for file in finished.raw.iterdir():
        shutil.copy2(file, data / file.name.replace(f"_{SYNTHETIC}", ""))
    paths = {
        "districts": "Local_Authority_Districts_May_2025_Boundaries_UK_BGC.gpkg",
        "small_areas": "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC.gpkg",
        "small_area_lookup": "LSOA21_WD25_LAD25_EW_LU.csv",
        "centroids": "LSOA_PopCentroids_EW_2021.csv",
        "small_area_population": "nomis_NM_2014_1_{year}.csv",
        "population": "nomis_NM_2002_1_{year}.csv",
        "deaths": "nomis_NM_161_1_{year}.csv",
        "air_quality": "map{pollutant}{year}*.csv",
        "greenspace_sites": "opgrsp_gb.gpkg",
        "greenspace_access_points": "opgrsp_gb.gpkg",
        "road_links": "oproad_gb.gpkg",
        "road_nodes": "oproad_gb.gpkg",
        "deprivation": "File_7_IoD2025_All_Ranks_Scores_Deciles_Population_Denominators.csv",
    }
    sources = {name: {"provider": "file", "path": path} for name, path in paths.items()}
    config = changed(finished.config, {"sources": sources, "run": "files_SYNTHETIC"})
    return Run(Workplace(tmp_path, finished.place.checkout), config, Outcome(0, ""))
