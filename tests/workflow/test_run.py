"""What a whole run hands over."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from tests.workflow.conftest import ROOT, Run, Workplace, changed

from healthycities import catalogue
from healthycities.publish.disclose import COARSENED
from healthycities.settings import Settings
from healthycities.sources.demo.names import WORLD_FILE
from healthycities.stages.publish import measures_of

LAYERS = ("authorities", "districts", "small_areas")
KEY = ["area_code", "level", "year", "metric", "sex", "age"]
TEXTS = ["area_name", "unit", "statistic", "method", "note"]
NUMBERS = [
    "value",
    "lower",
    "upper",
    "confidence",
    "numerator",
    "denominator",
    "covered_share",
    "estimated_share",
]


@pytest.fixture(scope="module")
def measures(finished: Run) -> pd.DataFrame:
    """Return the long table of results."""
    return pd.read_parquet(finished.results / "measures.parquet")


def result_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of the folder itself, by name."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


def test_the_folder_holds_the_five_results_and_nothing_else(finished: Run):
    """Five files, under final names only; steps, logs and benchmarks stand in their folders."""
    assert sorted(result_files(finished.results)) == [
        "healthycities_demo_SYNTHETIC.gpkg",
        "measures.csv",
        "measures.parquet",
        "provenance.json",
        "report.html",
    ]
    assert {item.name for item in finished.results.iterdir() if item.is_dir()} == {
        "benchmarks",
        "logs",
        "steps",
    }


def test_no_temporary_file_is_left(finished: Run):
    """No file of the run is hidden or called a part."""
    left = [
        file for file in finished.results.rglob("*") if file.name[0] == "." or ".part" in file.name
    ]
    assert left == []


def test_every_job_has_a_log_and_a_benchmark(finished: Run):
    """As many logs and benchmarks of the same names as jobs ran, and each benchmark has a time."""
    logs = {file.stem for file in (finished.results / "logs").iterdir()}
    benchmarks = {file.stem: file for file in (finished.results / "benchmarks").iterdir()}
    assert logs == set(benchmarks)
    assert len(logs) == sum(finished.outcome.jobs.values())
    for file in benchmarks.values():
        assert pd.read_csv(file, sep="\t")["s"].gt(0).all()


def test_the_geopackage_holds_layers_and_tables(finished: Run):
    """A part of England has no layer of England; measures and dictionary are plain tables."""
    layers = dict(pyogrio.list_layers(finished.package))
    assert list(layers) == [*LAYERS, "measures", "authority_years", "dictionary"]
    assert {layers[name] for name in LAYERS} == {"MultiPolygon"}
    assert layers["measures"] is None
    assert layers["dictionary"] is None


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_open_on_the_national_grid(finished: Run, layer: str):
    """Each layer opens in geopandas, on EPSG:27700, with a valid shape for each area."""
    frame = gpd.read_file(finished.package, layer=layer)
    assert frame.crs.to_epsg() == 27700
    assert len(frame) > 0
    assert frame.geometry.is_valid.all()
    assert not frame.geometry.is_empty.any()


def test_the_region_is_the_one_asked_for(finished: Run):
    """Tees Valley has five districts, and they tile it."""
    authorities = gpd.read_file(finished.package, layer="authorities")
    districts = gpd.read_file(finished.package, layer="districts")
    assert len(authorities) == 1
    assert len(districts) == 5
    assert districts.area.sum() == pytest.approx(authorities.area.sum(), rel=1e-9)


def test_every_measure_is_given_at_every_level_and_year_that_it_promises(
    finished: Run, measures: pd.DataFrame
):
    """Each card's measures have rows for both years at each level that Tees Valley has.

    It is a part of England and of its region, and no places of one's own are given.
    """
    lacking = ("outside_authorities", "region", "place", "england")
    promised = {
        (name, level, year)
        for metric in finished.settings.chosen_metrics
        for name, measure in measures_of(only(finished, metric)).items()
        for level in measure[0].levels or catalogue.metrics()[metric].levels
        for year in (2022, 2023)
        if level not in lacking
    }
    given = set(measures[["metric", "level", "year"]].itertuples(index=False, name=None))
    assert given == promised


def only(run: Run, metric: str) -> Settings:
    """Return the settings of a run with one metric."""
    return run.settings.model_copy(update={"metrics": (metric,)})


def test_every_area_has_every_measure_of_its_level(measures: pd.DataFrame):
    """No area is left out of a measure that others of its level and year have."""
    counts = measures.groupby(["level", "metric", "year", "sex", "age"])["area_code"].nunique()
    by_level = counts.groupby("level")
    assert by_level.min().equals(by_level.max())
    assert not measures.duplicated(KEY).any()


def test_csv_parquet_and_geopackage_agree(finished: Run, measures: pd.DataFrame):
    """The same rows in the same order, every number to the last bit."""
    csv = pd.read_csv(finished.results / "measures.csv", dtype=dict.fromkeys(NUMBERS, str))
    package = pyogrio.read_dataframe(finished.package, layer="measures")
    for other in (csv, package):
        assert list(other.columns) == list(measures.columns)
        for column in NUMBERS:
            np.testing.assert_array_equal(other[column].to_numpy(float), measures[column])
        for column in [*KEY, *TEXTS]:
            assert other[column].tolist() == measures[column].tolist()


def test_wide_layers_hold_the_numbers_of_the_long_table(finished: Run, measures: pd.DataFrame):
    """A column of a layer is a measure and year of the long table, for persons."""
    layer = pyogrio.read_dataframe(finished.package, layer="districts", read_geometry=False)
    long = measures.query("level == 'district' and metric == 'pm25_mean_ugm3' and year == 2022")
    wide = layer.set_index("district_code" if "district_code" in layer else "area_code")
    values = wide["pm25_mean_ugm3_2022"].reindex(long["area_code"])
    np.testing.assert_array_equal(values.to_numpy(), long["value"].to_numpy())


def test_synthetic_is_said_everywhere(finished: Run, measures: pd.DataFrame):
    """In the names, beside each number, in each layer's description, and in the report."""
    assert "SYNTHETIC" in finished.package.name
    assert "SYNTHETIC" in finished.results.name
    assert measures["note"].str.contains("SYNTHETIC").all()
    for name, _ in pyogrio.list_layers(finished.package):
        metadata = pyogrio.read_info(finished.package, layer=name)["layer_metadata"]
        assert "SYNTHETIC" in metadata["DESCRIPTION"]
    report = (finished.results / "report.html").read_text(encoding="utf-8")
    assert "SYNTHETIC" in re.sub(r"<head>.*?</head>", "", report, flags=re.DOTALL)[:5000]


@pytest.mark.parametrize("part", ["numerator", "denominator"])
@pytest.mark.parametrize(
    ("lower", "upper", "owner"),
    [("small_area", "district", "district_code"), ("district", "authority", "authority_code")],
)
def test_parts_add_up_to_wholes(
    finished: Run, measures: pd.DataFrame, part: str, lower: str, upper: str, owner: str
):
    """What is counted in the areas of one level is counted once in the areas above them.

    Where the rule for small counts gives attributed events in whole numbers, each is half an event
    off at most.
    """
    areas = pd.read_parquet(finished.results / "steps" / "overlaps" / "areas.parquet")
    above = areas.drop_duplicates(f"{lower}_code").set_index(f"{lower}_code")[owner]
    case = ["owner", "metric", "year", "sex", "age"]
    parts = measures[measures["level"] == lower]
    of_owners = parts.assign(owner=parts["area_code"].map(above)).groupby(case)
    sums, n_parts = of_owners[part].sum(min_count=1), of_owners.size()
    wholes = measures[measures["level"] == upper].rename(columns={"area_code": "owner"})
    found = wholes.set_index(case).reindex(sums.index)
    in_whole = found["note"].str.contains(COARSENED, regex=False) & (part == "numerator")
    assert sums.notna().any()
    np.testing.assert_allclose(found[part][~in_whole], sums[~in_whole], rtol=1e-9)
    off = (found[part] - sums)[in_whole].abs()
    assert (off.dropna() <= (n_parts[in_whole] + 1) / 2).all()


def test_provenance_names_every_raw_file_by_its_hash(finished: Run):
    """Every raw file of the run, once a source that it serves, with its SHA-256 and size."""
    told = json.loads((finished.results / "provenance.json").read_text(encoding="utf-8"))
    files = {file.name: file for file in finished.raw.iterdir() if file.name != WORLD_FILE}
    assert {one["file"] for one in told["inputs"]} == set(files)
    assert {one["source"] for one in told["inputs"]} == set(finished.settings.sources)
    for one in told["inputs"]:
        content = files[one["file"]].read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["size_bytes"] == len(content)


def test_no_result_names_a_place_on_this_machine(finished: Run):
    """No text that is handed over holds the path of the run, of the checkout or of the project."""
    for name in ("provenance.json", "measures.csv", "report.html"):
        text = (finished.results / name).read_text(encoding="utf-8")
        for folder in (finished.place.folder, finished.place.checkout, ROOT, Path.home()):
            assert f"{folder}/" not in text


def test_the_same_configuration_gives_the_same_bytes(
    finished: Run, tmp_path_factory: pytest.TempPathFactory
):
    """A second run, in another folder and on one core, writes five files equal to the byte."""
    place = Workplace(tmp_path_factory.mktemp("again"), finished.place.checkout)
    outcome = place.run(finished.config, cores=1)
    assert outcome.code == 0, outcome.text
    again = result_files(Run(place, finished.config, outcome).results)
    first = result_files(finished.results)
    assert {name: again[name] == content for name, content in first.items()} == dict.fromkeys(
        first, True
    )


def test_files_of_ones_own_give_what_the_demonstration_gives(
    finished: Run, of_files: Run, measures: pd.DataFrame
):
    """The demonstration's files, given by paths with years in them, lead to the same numbers."""
    config = changed(of_files.config, {"metrics": ["ncd_mortality"]})
    outcome = of_files.place.run(config)
    assert outcome.code == 0, outcome.text
    own = pd.read_parquet(of_files.results / "measures.parquet").set_index(KEY)[NUMBERS]
    demo = measures.set_index(KEY)[NUMBERS]
    assert set(own.index.unique("metric")) == set(measures_of(only(finished, "ncd_mortality")))
    pd.testing.assert_frame_equal(own, demo.loc[own.index])


def test_folders_may_have_any_name(of_files: Run):
    """Spaces, commas, quotes and brackets in the names of the folders are parts of the names."""
    place = of_files.place
    (place.folder / "data").rename(place.folder / "O'Neill's [own] data")
    changes = {
        "data_dir": "O'Neill's [own] data",
        "results_dir": "Ann's results, new",
        "sources.deaths": {"provider": "demo"},
    }
    config = changed(of_files.config, changes)
    names = ("deaths_2022.parquet", "air_quality_no2_2022.tif", "centroids.parquet")
    wanted = [f"Ann's results, new/files_SYNTHETIC/steps/prepared/{name}" for name in names]
    outcome = place.run(config, *wanted)
    assert outcome.code == 0, outcome.text
    assert all((place.folder / name).is_file() for name in wanted)
    assert outcome.jobs == {
        "fetch_demo_places": 1,
        "fetch_demo_year": 1,
        "prepare": 1,
        "prepare_grid": 1,
        "prepare_year": 1,
    }


def test_every_rule_says_what_it_does_and_needs():
    """Each rule that runs a job has a log, a benchmark, threads, resources and a message."""
    rules: dict[str, set[str]] = {}
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        for block in re.split(r"^(?=rule |use rule )", text, flags=re.MULTILINE)[1:]:
            head, _, body = block.partition("\n")
            parent, name = re.match(r"(?:rule|use rule (\w+) as) (\w+)(?: with)?:", head).groups()
            own = set(re.findall(r"^    (\w+):", body, flags=re.MULTILINE))
            rules[name] = own | rules.get(parent, set())
            # Two rules that shared a log or a benchmark would write over each other.
            assert {"output", "log", "benchmark"} <= own, name
    wanted = {"log", "message", "benchmark", "threads", "resources", "params", "shell", "output"}
    assert len(rules) >= 9
    assert {name: wanted - found for name, found in rules.items()} == {
        name: set() for name in rules
    }
