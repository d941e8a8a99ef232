"""What runs again after a change: what depends on it, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.workflow.conftest import Run, Workplace, changed, copy_checkout

PUBLISH = "Writing the results"
CHECKSUM_BELOW_BYTES = 1_000_000
YEAR_2024 = 1_704_067_200
"""Its beginning, in seconds since 1970."""


@contextmanager
def disturbed(files: list[Path], change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Write files anew, now, and put back what they were, with their times."""
    before = {file: (file.read_bytes(), file.stat()) for file in files}
    try:
        for file, (content, _) in before.items():
            file.write_bytes(change(content))
        yield
    finally:
        for file, (content, stat) in before.items():
            file.write_bytes(content)
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_nothing_runs_a_second_time(finished: Run):
    """With nothing changed, no job is left."""
    assert finished.place.plan(finished.config).told == []


def test_a_further_year_runs_its_own_jobs_only(finished: Run):
    """2024 is fetched, read and measured; no overlap is built again, nor another year touched."""
    plan = finished.place.plan(changed(finished.config, {"years": [2022, 2023, 2024]}))
    assert PUBLISH in plan.told
    assert [told for told in plan.told if "2024" not in told] == [PUBLISH]
    assert not {"overlap", "overlap_weights", "fetch_demo_places", "prepare"} & set(plan.jobs)
    assert plan.jobs == {
        "fetch_demo_year": 1,
        "prepare_year": 4,
        "prepare_grid": 3,
        "measure": 10,
        "measure_pollutant": 6,
        "publish": 1,
    }


def test_years_together_take_earlier_years_of_deaths_and_people_alone(finished: Run):
    """Two years together fetch 2021, read its deaths and people, and measure what rests on them."""
    plan = finished.place.plan(changed(finished.config, {"mortality.pooled_years": 2}))
    metrics = (
        "healthy_life_expectancy",
        "life_expectancy",
        "ncd_mortality",
        "premature_mortality",
    )
    assert plan.told == [
        *(f"Computing {metric} of {year}" for metric in metrics for year in (2022, 2023)),
        "Reading deaths of 2021",
        "Reading population of 2021",
        "Writing the demonstration's values of 2021 (SYNTHETIC)",
        PUBLISH,
    ]


def test_a_year_less_only_publishes(finished: Run):
    """With a year taken out, the results are written again from what is there."""
    plan = finished.place.plan(changed(finished.config, {"years": [2023]}))
    assert plan.told == [PUBLISH]


@pytest.mark.parametrize(
    ("key", "value", "metrics"),
    [
        (
            "mortality.confidence",
            0.99,
            (
                "healthy_life_expectancy",
                "life_expectancy",
                "ncd_mortality",
                "premature_mortality",
            ),
        ),
        ("burden.draws", 1000, ("attributable_deaths",)),
        ("burden.concentration_response", ["comeap2022_pm25"], ("attributable_deaths",)),
        ("burden.target_ugm3", 6, ("pm25_target_gain",)),
    ],
)
def test_a_key_reruns_the_metrics_that_read_it(
    finished: Run, key: str, value: object, metrics: tuple[str, ...]
):
    """A key reruns each metric that reads it, for each year, and publishes."""
    plan = finished.place.plan(changed(finished.config, {key: value}))
    computed = [f"Computing {metric} of {year}" for metric in metrics for year in (2022, 2023)]
    assert plan.told == [*computed, PUBLISH]


@pytest.mark.parametrize(
    ("own", "distances"),
    [
        ({"min_area_ha": 2, "max_distance_m": 700}, ()),
        ({"min_area_ha": 2, "max_distance_m": 700, "distance_kind": "walk"}, ()),
        ({"min_area_ha": 3, "max_distance_m": 700}, ("centroid_access",)),
        (
            {"min_area_ha": 3, "max_distance_m": 700, "distance_kind": "walk"},
            ("centroid_access", "centroid_walk"),
        ),
        (
            {"min_area_ha": 100, "max_distance_m": 700, "distance_kind": "walk"},
            ("centroid_walk",),
        ),
    ],
)
def test_a_standard_more_measures_distances_of_a_new_size_only(
    finished: Run, own: dict[str, object], distances: tuple[str, ...]
):
    """A size that no standard asked for yet, straight or on foot, takes a pass; others take none.

    Sites and access points are not read again, and no other metric is computed but the inequality
    of greenspace, where the straight distances that it reads were measured anew.
    """
    plan = finished.place.plan(changed(finished.config, {"greenspace.own_standards": {"own": own}}))
    built = [f"Building {name} (threads: 1)" for name in distances]
    unequal = ("greenspace_inequality",) if "centroid_access" in distances else ()
    metrics = ("greenspace_access", *unequal, "greenspace_walk")
    computed = [f"Computing {name} of {year}" for name in metrics for year in (2022, 2023)]
    assert plan.told == [*built, *computed, PUBLISH]


def test_where_the_work_runs_reruns_nothing(finished: Run):
    """Another scheduler gives the same results, so that nothing is computed again."""
    plan = finished.place.plan(changed(finished.config, {"compute.scheduler": "synchronous"}))
    assert plan.told == []


def edited(checkout: Path, file: str) -> Path:
    """Add an empty line to a file of the package."""
    path = checkout / "src" / "healthycities" / file
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    return checkout


def test_an_edit_of_a_metric_reruns_that_metric_only(finished: Run, tmp_path: Path):
    """New code of one metric reruns it for each year, and publishes."""
    checkout = edited(copy_checkout(tmp_path / "edited"), "metrics/greenspace_area.py")
    plan = Workplace(finished.place.folder, checkout).plan(finished.config)
    assert plan.told == [f"Computing greenspace_area of {year}" for year in (2022, 2023)] + [
        PUBLISH
    ]


def test_an_edit_of_a_table_reruns_the_metrics_that_read_it(finished: Run, tmp_path: Path):
    """New numbers in a table are as new code of all that takes something from their room.

    Of what is prepared, that is the deaths, which take from it the name of all causes.
    """
    table = "health/data/concentration_response.csv"
    checkout = edited(copy_checkout(tmp_path / "edited"), table)
    plan = Workplace(finished.place.folder, checkout).plan(finished.config)
    assert "Computing attributable_deaths of 2022" in plan.told
    prepared = [told for told in plan.told if told.startswith("Reading")]
    assert prepared == [f"Reading deaths of {year}" for year in (2022, 2023)]
    assert set(plan.jobs) == {"prepare_year", "measure", "measure_pollutant", "publish"}


def test_a_touched_file_of_the_same_content_reruns_nothing(finished: Run):
    """Raw files below 1 MB are told by their content, whatever their time."""
    small = [file for file in finished.raw.iterdir() if file.stat().st_size < CHECKSUM_BELOW_BYTES]
    assert len(small) >= 10
    with disturbed(small, lambda content: content):
        plan = finished.place.plan(finished.config)
    assert plan.told == []


def test_a_file_replaced_by_an_older_one_is_read_again(of_files: Run):
    """A file keeps its date on the way from a server: one from 2024 may be newer than it looks."""
    raw = {
        "air_quality_no2_2023.tif": "mapno22023.csv",
        "small_area_population_2023.parquet": "nomis_NM_2014_1_2023.csv",
    }
    large, small = (of_files.place.folder / "data" / name for name in raw.values())
    assert small.stat().st_size < CHECKSUM_BELOW_BYTES < large.stat().st_size
    folder = of_files.results.relative_to(of_files.place.folder) / "steps" / "prepared"
    wanted = [str(folder / name) for name in raw]
    outcome = of_files.place.run(of_files.config, *wanted)
    assert outcome.code == 0, outcome.text

    with disturbed([small], lambda content: content):
        os.utime(small, (YEAR_2024, YEAR_2024))
        assert of_files.place.plan(of_files.config, *wanted).told == []
    with disturbed([small, large], lambda content: content.replace(b"5", b"6")):
        for file in (small, large):
            os.utime(file, (YEAR_2024, YEAR_2024))
        assert of_files.place.plan(of_files.config, *wanted).told == [
            "Reading air_quality of no2 in 2023",
            "Reading small_area_population of 2023",
        ]
    assert of_files.place.plan(of_files.config, *wanted).told == []


def test_an_upgrade_of_a_library_reruns_everything(finished: Run, tmp_path: Path):
    """No result is computed by two versions of a library."""
    checkout = copy_checkout(tmp_path / "upgraded")
    installed = checkout / "src" / "shapely-99.1.dist-info"
    installed.mkdir()
    text = "Metadata-Version: 2.1\nName: shapely\nVersion: 99.1\n"
    (installed / "METADATA").write_text(text, encoding="utf-8")
    plan = Workplace(finished.place.folder, checkout).plan(finished.config)
    assert plan.jobs == finished.outcome.jobs


def test_a_corrected_file_reruns_what_rests_on_it(finished: Run):
    """New deaths of 2023 are read, and the six metrics of deaths of that year; no other."""
    deaths = finished.raw / "nomis_NM_161_1_2023_SYNTHETIC.csv"
    with disturbed([deaths], lambda content: content.replace(b"20100,2,", b"20100,3,", 1)):
        plan = finished.place.plan(finished.config)
    assert plan.told == [
        "Computing attributable_deaths of 2023",
        "Computing healthy_life_expectancy of 2023",
        "Computing life_expectancy of 2023",
        "Computing ncd_mortality of 2023",
        "Computing pm25_target_gain of 2023",
        "Computing premature_mortality of 2023",
        "Reading deaths of 2023",
        PUBLISH,
    ]
