"""Green cover from a raster that stays where it is: when it runs, and what it gives."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from tests.workflow.conftest import ROOT, Config, Run, Workplace, changed
from tests.workflow.test_rerun import disturbed

from healthycities.sources.demo.names import LAND_COVER_FILE, NDVI_FILE
from healthycities.synthetic import SYNTHETIC

EXAMPLE = ROOT / "config" / "examples" / "greater_manchester_green_cover.yaml"
NDVI_EXAMPLE = ROOT / "config" / "examples" / "greater_manchester_ndvi.yaml"
OVERLAP = "Building small_area_green_cover (threads: 1)"
PUBLISH = "Writing the results"
METRIC = "Computing green_cover of 2023"


@pytest.fixture(scope="module")
def example() -> Config:
    """Return the example's configuration, made small: one authority, few small areas."""
    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return changed(config, {"authorities": ["tees_valley"], "demo.scale": 0.02})


@pytest.fixture(scope="module")
def green(checkout: Path, example: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run on a raster of one's own, which stands outside of the results."""
    place = Workplace(tmp_path_factory.mktemp("green"), checkout)
    drawn = place.run(example, f"results/{example['run']}_{SYNTHETIC}/steps/raw/{LAND_COVER_FILE}")
    assert drawn.code == 0, drawn.text
    own = place.folder / "data" / "land_cover.tif"
    own.parent.mkdir()
    Run(place, example, drawn).raw.joinpath(LAND_COVER_FILE).rename(own)
    given = {"provider": "file", "path": own.name, "vintage": 2021}
    config = changed(example, {"sources.land_cover": given})
    outcome = place.run(config)
    assert outcome.code == 0, outcome.text
    return Run(place, config, outcome)


def test_the_example_computes_green_cover_and_the_default_does_not(
    finished: Run, example: Config, tmp_path: Path
):
    """The raster is drawn, checked, laid over the areas and measured; else no job of these is."""
    plan = Workplace(tmp_path, finished.place.checkout).plan(example)
    told = [
        "Writing the demonstration's land cover (SYNTHETIC)",
        "Checking the raster of land_cover",
        OVERLAP,
        METRIC,
    ]
    assert set(told) <= set(plan.told)
    words = ("green_cover", "land cover", "land_cover")
    assert not [told for told in finished.outcome.told if any(word in told for word in words)]
    assert not (finished.raw / LAND_COVER_FILE).exists()


def test_the_raster_is_neither_copied_nor_written_again(green: Run):
    """What is handed on is its path and hash; nothing of its size is in the folder of the run."""
    own = green.place.folder / "data" / "land_cover.tif"
    told = json.loads((green.results / "steps" / "prepared" / "land_cover.json").read_text("utf-8"))
    content = own.read_bytes()
    assert told["path"] == "data/land_cover.tif"
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert not list(green.results.rglob("*.tif"))


def test_provenance_names_the_raster_by_its_hash(green: Run):
    """It stands among the inputs as every other file does, with the year that it is of."""
    told = json.loads((green.results / "provenance.json").read_text(encoding="utf-8"))
    (one,) = [one for one in told["inputs"] if one["source"] == "land_cover"]
    own = green.place.folder / "data" / "land_cover.tif"
    assert one["sha256"] == hashlib.sha256(own.read_bytes()).hexdigest()
    assert (one["size_bytes"], one["year"]) == (own.stat().st_size, 2021)


def test_green_areas_add_up_from_level_to_level(green: Run):
    """Small areas add up to districts, and districts to the authority, to the last digits."""
    measures = pd.read_parquet(green.results / "measures.parquet")
    land = measures[measures["metric"] == "green_cover_pct"]
    sums = land.groupby("level")[["numerator", "denominator"]].sum()
    for level in ("district", "authority", "deprivation_decile"):
        assert sums.loc[level].tolist() == pytest.approx(sums.loc["small_area"].tolist(), rel=1e-9)
    assert land["value"].between(0, 100).all()
    assert land["note"].str.contains("land cover of 2021").all()


def test_nothing_runs_a_second_time(green: Run):
    """With nothing changed, no job is left."""
    assert green.place.plan(green.config).told == []


def test_another_class_is_another_overlap(green: Run):
    """What is green reruns the overlap and the metric; the raster is not checked again."""
    plan = green.place.plan(changed(green.config, {"green_cover.green_classes": [10]}))
    assert plan.told == [OVERLAP, METRIC, PUBLISH]


def test_a_raster_of_other_content_is_measured_anew(green: Run):
    """One cell more or less: the file is checked, laid over and measured again."""
    own = green.place.folder / "data" / "land_cover.tif"
    with disturbed([own], lambda content: content):
        with rasterio.open(own, "r+") as raster:
            raster.write(np.full((9, 9), 10, np.uint8), 1, window=((0, 9), (0, 9)))
        plan = green.place.plan(green.config)
    assert plan.told == [
        OVERLAP,
        "Checking the raster of land_cover",
        METRIC,
        PUBLISH,
    ]


# --- A raster of NDVI ---


@pytest.fixture(scope="module")
def ndvi(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of the example on NDVI, made small: one authority, few small areas."""
    config = yaml.safe_load(NDVI_EXAMPLE.read_text(encoding="utf-8"))
    small = changed(
        config, {"authorities": ["tees_valley"], "demo.scale": 0.02, "burden": {"draws": 100}}
    )
    place = Workplace(tmp_path_factory.mktemp("ndvi"), checkout)
    outcome = place.run(small)
    assert outcome.code == 0, outcome.text
    return Run(place, small, outcome)


def test_the_example_on_ndvi_tells_what_a_target_would_prevent(ndvi: Run):
    """Only the raster of NDVI is drawn; districts add up, and homes are greener than nothing."""
    assert (ndvi.raw / NDVI_FILE).exists()
    assert not (ndvi.raw / LAND_COVER_FILE).exists()
    measures = pd.read_parquet(ndvi.results / "measures.parquet")
    prevented = measures[measures["metric"] == "deaths_prevented_ndvi_target"]
    sums = prevented.groupby("level")[["value", "denominator"]].sum()
    assert sums.loc["district"].tolist() == pytest.approx(sums.loc["authority"].tolist())
    (whole,) = prevented[prevented["level"] == "authority"].to_dict("records")
    assert 0 < whole["lower"] < whole["value"] < whole["upper"]
    homes = measures[measures["metric"] == "ndvi_around_homes"]
    assert homes["value"].between(0.1, 0.9).all()
    assert homes["note"].str.contains("NDVI of 2021").all()


def test_another_target_takes_no_new_overlap(ndvi: Run):
    """The means around homes are built once; what is aimed at reruns the deaths alone."""
    plan = ndvi.place.plan(changed(ndvi.config, {"green_cover.ndvi_target": 0.6}))
    assert plan.told == ["Computing ndvi_target_deaths of 2023", PUBLISH]
