"""Bad input stops the run with one line that says where it is, what was expected, what to do."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.affinity import translate
from tests.workflow.conftest import Config, Outcome, Run, Workplace, changed, copy_checkout

DEATHS = "nomis_NM_161_1_2022.csv"
PEOPLE = "nomis_NM_2002_1_2022.csv"
SMALL_AREA_PEOPLE = "nomis_NM_2014_1_2022.csv"
CENTROIDS = "LSOA_PopCentroids_EW_2021.csv"
SMALL_AREAS = "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC.gpkg"
DISTRICTS = "Local_Authority_Districts_May_2025_Boundaries_UK_BGC.gpkg"
NO2 = "mapno22022.csv"


def edit_lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """Return what changes the lines of a text file."""

    def apply(file: Path) -> None:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(change(lines)), encoding="utf-8")

    return apply


def replaced(line: int, old: str, new: str) -> Callable[[Path], None]:
    """Return what replaces a text in one line, counted from 1."""

    def change(lines: list[str]) -> list[str]:
        assert old in lines[line - 1]
        return [*lines[: line - 1], lines[line - 1].replace(old, new, 1), *lines[line:]]

    return edit_lines(change)


def edit_shapes(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Callable[[Path], None]:
    """Return what changes the one layer of a GeoPackage."""

    def apply(file: Path) -> None:
        frame = change(gpd.read_file(file))
        file.unlink()
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            frame.to_file(file, layer=file.stem, driver="GPKG")

    return apply


def first_moved(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Move the first shape far into the North Sea."""
    shapes = [translate(frame.geometry[0], xoff=900_000), *frame.geometry[1:]]
    return frame.set_geometry(shapes, crs=frame.crs)


def cut_in_half(file: Path) -> None:
    """Keep the first half of a file, as a broken download does."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@dataclass(frozen=True)
class Defect:
    """One thing wrong with one raw file.

    ``prepared`` is the file that the defect must keep from being made, and ``said`` are parts of
    the message: the place, what was expected and what to do.
    """

    name: str
    file: str
    prepared: str
    apply: Callable[[Path], None]
    said: tuple[str, ...]


DEFECTS = (
    Defect(
        "missing column",
        DEATHS,
        "deaths_2022.parquet",
        replaced(1, '"OBS_VALUE"', '"VALEUR"'),
        ("OBS_VALUE", "expected", "columns"),
    ),
    Defect(
        "wrong reference system",
        DISTRICTS,
        "districts.parquet",
        edit_shapes(
            lambda frame: frame.to_crs("EPSG:4326").set_crs("EPSG:27700", allow_override=True)
        ),
        ("degrees", "27700", "crs"),
    ),
    Defect(
        "missing reference system",
        SMALL_AREAS,
        "small_areas.parquet",
        edit_shapes(lambda frame: frame.set_crs(None, allow_override=True)),
        ("coordinate reference system", "crs"),
    ),
    Defect(
        "coordinates outside England",
        SMALL_AREAS,
        "small_areas.parquet",
        edit_shapes(first_moved),
        ("E01900001", "expected a place from", "Correct the feature"),
    ),
    Defect(
        "empty file",
        PEOPLE,
        "population_2022.parquet",
        lambda file: file.write_bytes(b"") and None,
        ("empty", "again"),
    ),
    Defect(
        "truncated GeoPackage",
        DISTRICTS,
        "districts.parquet",
        cut_in_half,
        ("cannot be read", "again"),
    ),
    Defect(
        "truncated table",
        SMALL_AREA_PEOPLE,
        "small_area_population_2022.parquet",
        cut_in_half,
        ("last line", "cut short", "Download the file again"),
    ),
    Defect(
        "text where a number belongs",
        NO2,
        "air_quality_no2_2022.tif",
        replaced(8, "MISSING", "n/a"),
        ("line 8", "no22022", "expected a number", "'n/a'"),
    ),
    Defect(
        "duplicate code",
        CENTROIDS,
        "centroids.parquet",
        replaced(3, "E01900002", "E01900001"),
        ("line 3: E01900001", "on line 2", "Keep one of the two"),
    ),
    Defect(
        "negative population",
        SMALL_AREA_PEOPLE,
        "small_area_population_2022.parquet",
        replaced(2, "47497", "-47497"),
        ("line 2", "OBS_VALUE", "-47497", "0 or more"),
    ),
    Defect(
        "a year that is not in the source",
        DEATHS,
        "deaths_2022.parquet",
        edit_lines(lambda lines: [line.replace("2022,", "2019,", 1) for line in lines]),
        ("expected values of 2022", "found those of 2019", "correct the path"),
    ),
)


def require_one_clear_error(outcome: Outcome, *said: str) -> None:
    """Hold that a run failed, that it says why once, and says it last."""
    assert outcome.code != 0
    assert len(outcome.errors) == 1, outcome.text
    assert [part for part in said if part not in outcome.errors[0]] == [], outcome.errors[0]
    after = outcome.text.partition(outcome.errors[0])[2].split("\n")
    assert len([line for line in after if line.strip()]) <= 4, outcome.text
    assert "Traceback" not in outcome.text


def require_no_result(run: Run) -> None:
    """Hold that the folder of the run has no file of its own, under any name."""
    assert [item for item in run.results.glob("*") if item.is_file()] == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_of_a_raw_file_is_told(of_files: Run, defect: Defect):
    """The job that reads the file fails, with one line, and leaves nothing."""
    file = of_files.place.folder / "data" / defect.file
    defect.apply(file)
    prepared = of_files.results / "steps" / "prepared" / defect.prepared
    target = prepared.relative_to(of_files.place.folder)
    outcome = of_files.place.run(of_files.config, str(target))
    require_one_clear_error(outcome, defect.file, *defect.said)
    assert list(prepared.parent.glob("*")) == []
    require_no_result(of_files)


def test_no_result_is_written_where_one_file_is_bad(of_files: Run):
    """A run that keeps going after one bad file still hands nothing over."""
    replaced(2, "95777", "-95777")(of_files.place.folder / "data" / PEOPLE)
    config = changed(of_files.config, {"metrics": ["ncd_mortality"]})
    outcome = of_files.place.run(config, "--keep-going")
    require_one_clear_error(outcome, PEOPLE, "line 2")
    measured = of_files.results / "steps" / "measured"
    assert [file.name for file in measured.iterdir()] == ["ncd_mortality_2023.parquet"]
    require_no_result(of_files)


def test_every_lost_file_is_named_at_once(of_files: Run):
    """Two files that are not there are told before any job, both of them."""
    for name in (DEATHS, CENTROIDS):
        (of_files.place.folder / "data" / name).unlink()
    outcome = of_files.place.run(of_files.config)
    require_one_clear_error(outcome, "2 files", "cannot be found")
    assert f"sources.deaths: data/{DEATHS}" in outcome.text
    assert f"sources.centroids: data/{CENTROIDS}" in outcome.text
    assert not of_files.results.exists()


def test_a_bad_configuration_is_told_before_any_job(checkout: Path, small: Config, tmp_path: Path):
    """Two bad keys are both told, with the file they stand in."""
    bad = changed(small, {"demo.seed": -300, "mortality.confidence": 95})
    outcome = Workplace(tmp_path, checkout).run(bad)
    require_one_clear_error(outcome, "config.yaml", "2 problems")
    assert "demo.seed: input should be greater than or equal to 0, found -300" in outcome.text
    assert "mortality.confidence: input should be less than 1, found 95" in outcome.text


def test_a_configuration_is_not_filled_up_from_the_default(
    checkout: Path, small: Config, tmp_path: Path
):
    """A configuration without sources is refused; it is not given the demonstration's."""
    bare = {key: value for key, value in small.items() if key != "sources"}
    outcome = Workplace(tmp_path, checkout).run(bare)
    require_one_clear_error(outcome, "config.yaml", "1 problem")
    assert "sources: this key is required" in outcome.text


def test_a_crash_is_shown_by_the_end_of_its_log(of_files: Run, tmp_path: Path):
    """What no check foresees, such as a fault of the code, is shown at the end as it is."""
    faulty = copy_checkout(tmp_path / "faulty")
    with (faulty / "src" / "healthycities" / "sources" / "centroids.py").open("a") as file:
        file.write("\n\ndef read(raw):\n    return 1 / 0\n")
    prepared = f"{of_files.settings.run_dir}/steps/prepared/centroids.parquet"
    outcome = Workplace(of_files.place.folder, faulty).run(of_files.config, prepared)
    assert outcome.code != 0
    assert "prepare_centroids.log ends with:" in outcome.text
    assert "ZeroDivisionError" in "\n".join(outcome.text.splitlines()[-8:])
