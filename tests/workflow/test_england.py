"""All of England by config/england.yaml, from publishers that are served on this machine.

Their files have England's size: every district and small area, grids of the whole country.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from tests.loopback.england import PUBLISHERS, drawn, england, mirrors
from tests.loopback.server import Loopback, serving
from tests.workflow.conftest import ROOT, Run, Workplace, changed

from healthycities.sources.demo.names import file_name
from healthycities.sources.raw import Raw

YEARS = (2022, 2023)
FILES_OF_A_YEAR = 3 + 3  # grids of three pollutants; deaths, and two tables of people


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files that the publishers have, at the size of England."""
    return drawn(tmp_path_factory.mktemp("publishers") / "files", YEARS, scale=1.0)


@pytest.fixture(scope="module")
def publishers(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """Serve them."""
    with serving(england(published, YEARS), tmp_path_factory.mktemp("certificates")) as server:
        yield server


@pytest.fixture(scope="module")
def run(
    checkout: Path, publishers: Loopback, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """Return a run of one year, with nothing there before it."""
    given = yaml.safe_load((ROOT / "config" / "england.yaml").read_text(encoding="utf-8"))
    config = changed(
        given, {"years": [2023], "downloads": {"mirrors": mirrors(publishers.address)}}
    )
    place = Workplace(tmp_path_factory.mktemp("england"), checkout)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REQUESTS_CA_BUNDLE", str(publishers.authority_file))
        for name in ("HEALTHYCITIES_CACHE", "NOMIS_UID", "HTTPS_PROXY", "https_proxy"):
            environment.delenv(name, raising=False)
        outcome = place.run(config)
        assert outcome.code == 0, outcome.text
        yield Run(place, config, outcome)


def test_every_file_is_fetched_once_and_pinned(run: Run):
    """One job a file; the pins have the publishers' own addresses and not those of mirrors."""
    fetched = sorted(path.name for path in (run.place.folder / "data" / "fetched").iterdir())
    pins = json.loads((run.place.folder / "data" / "sources.lock.json").read_text(encoding="utf-8"))
    assert run.outcome.jobs["fetch"] == len(fetched) == 13
    assert "localhost" not in json.dumps(pins)
    for publisher in PUBLISHERS:
        assert publisher in json.dumps(pins)
    for name in fetched:
        assert f'"{name}"' in json.dumps(pins)


def test_all_of_england_is_reported_on(run: Run, published: Path):
    """Every small area and district, each authority that stands, and England itself."""
    measures = pd.read_parquet(run.results / "measures.parquet")
    areas = measures.groupby("level")["area_code"].nunique()
    small_areas = len(pd.read_csv(published / file_name("small_area_lookup")))
    assert small_areas > 33_700
    assert (areas["small_area"], areas["district"], areas["england"]) == (small_areas, 296, 1)
    assert areas["authority"] == 20
    england = measures[(measures["level"] == "england") & (measures["sex"].isin(["persons"]))]
    assert england["value"].notna().all()
    assert {"pm25_mean_ugm3", "ncd4_mortality_per100k", "deaths_attributable_pm25"} <= set(
        england["metric"]
    )


@pytest.mark.parametrize(
    "source",
    ["deaths", "population", "small_area_population", "small_area_lookup", "deprivation"],
)
def test_tables_come_as_they_were_published(run: Run, published: Path, source: str):
    """What was read of the fetched file is what the publisher's own file holds, row by row."""
    by_year = source in ("deaths", "population", "small_area_population")
    stem = f"{source}_2023" if by_year else source
    found = pd.read_parquet(run.results / "steps" / "prepared" / f"{stem}.parquet")
    path = published / file_name(source, 2023 if by_year else "")
    as_at = date.fromisoformat(str(run.config["authorities_as_at"]))
    raw = Raw((path,), as_at, year=2023 if by_year else None)
    expected = import_module(f"healthycities.sources.{source}").read(raw)
    if source == "deaths":  # asked for by the causes that are counted
        expected = expected[expected["cause_icd10"].isin(found["cause_icd10"])]
    pd.testing.assert_frame_equal(
        found.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False
    )


@pytest.mark.parametrize("source", ["districts", "small_areas"])
def test_boundaries_come_to_the_centimetre(run: Run, published: Path, source: str):
    """Each area has its code, its name, and its shape but for the rounding."""
    found = gpd.read_parquet(run.results / "steps" / "prepared" / f"{source}.parquet")
    as_at = date.fromisoformat(str(run.config["authorities_as_at"]))
    expected = import_module(f"healthycities.sources.{source}").read(
        Raw((published / file_name(source),), as_at)
    )
    plain = [name for name in expected.columns if name != "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[plain]), pd.DataFrame(expected[plain]), check_dtype=False
    )
    distance_m = found.geometry.hausdorff_distance(expected.geometry)
    assert np.nanmax(distance_m) < 0.01


def test_provenance_names_the_address_of_each_file(run: Run):
    """That of the publisher, for each file with its hash; none is of the demonstration."""
    told = json.loads((run.results / "provenance.json").read_text(encoding="utf-8"))
    assert {one["provider"] for one in told["inputs"]} == {"official"}
    assert all(one["address"].startswith(tuple(PUBLISHERS)) for one in told["inputs"])
    (boundaries,) = [one for one in told["inputs"] if one["source"] == "districts"]
    assert boundaries["file"] == "districts_2025.geojson"
    assert "2025" in boundaries["attribution"]


def test_a_second_run_has_nothing_to_do_and_asks_nobody(run: Run, publishers: Loopback):
    """Neither files nor results are made again."""
    asked = len(publishers.asked)
    outcome = run.place.run(run.config)
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == {}
    assert len(publishers.asked) == asked


def test_a_year_more_fetches_that_years_files_alone(run: Run):
    """Boundaries, greenspace and roads are not fetched, read or measured again."""
    plan = run.place.plan(changed(run.config, {"years": [2022, 2023]}))
    assert plan.jobs["fetch"] == FILES_OF_A_YEAR
    assert not {"overlap", "overlap_weights", "prepare"} & set(plan.jobs)


def test_an_older_map_takes_the_boundaries_that_fit_it(run: Run):
    """One of March 2025, whose districts are of 2023, fetches another file of boundaries."""
    plan = run.place.plan(changed(run.config, {"authorities_as_at": "2025-03-31"}))
    assert plan.jobs["fetch"] == 1
    assert "Fetching districts_2024.geojson" in plan.told


def test_a_file_that_is_lost_comes_from_the_store_offline(run: Run, publishers: Loopback):
    """With no network, when what is made of it is wanted; the same bytes again."""
    lost = run.place.folder / "data" / "fetched" / "centroids_2021.csv"
    prepared = Path(run.settings.run_dir) / "steps" / "prepared" / "centroids.parquet"
    before, made = lost.read_bytes(), (run.place.folder / prepared).read_bytes()
    lost.unlink()
    (run.place.folder / prepared).unlink()
    asked = len(publishers.asked)
    outcome = run.place.run(changed(run.config, {"downloads.offline": True}), str(prepared))
    assert outcome.code == 0, outcome.text
    assert outcome.jobs == {"fetch": 1, "prepare": 1}
    assert lost.read_bytes() == before
    assert (run.place.folder / prepared).read_bytes() == made
    assert len(publishers.asked) == asked


def test_a_file_that_its_publisher_changed_is_taken_by_word_and_what_rests_on_it_runs(
    run: Run, published: Path
):
    """Defra revises one grid: one file is fetched anew, and nothing but its pollutant runs."""
    path = published / file_name("air_quality", 2023, "pm10")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8", newline="")
    run.place.run(run.config)  # what the test before took away
    assert run.place.plan(run.config).jobs == {}
    file = run.place.folder / "config.yaml"
    command = ["-m", "healthycities", "fetch", "--update", "air_quality", "--config", str(file)]
    result = subprocess.run(
        [sys.executable, *command], cwd=run.place.folder, capture_output=True, text=True, check=True
    )
    changed_files = [line.split(":")[0] for line in result.stdout.splitlines() if "; was " in line]
    assert changed_files == ["mappm102023g.csv"]
    plan = run.place.plan(run.config)
    assert plan.jobs == {"prepare_grid": 1, "measure_pollutant": 2, "publish": 1}
    assert "Reading air_quality of pm10 in 2023" in plan.told
