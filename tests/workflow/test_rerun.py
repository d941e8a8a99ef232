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
        "prepare_year": 3,
        "prepare_grid": 3,
        "measure": 4,
        "measure_pollutant": 3,
        "publish": 1,
    }


def test_a_year_less_only_publishes(finished: Run):
    """With a year taken out, the results are written again from what is there."""
    plan = finished.place.plan(changed(finished.config, {"years": [2023]}))
    assert plan.told == [PUBLISH]


@pytest.mark.parametrize(
    ("key", "value", "metric"),
    [
        ("greenspace.radius_m", 400, "greenspace_access"),
        ("mortality.confidence", 0.99, "ncd_mortality"),
    ],
)
def test_a_key_reruns_the_metric_that_reads_it(finished: Run, key: str, value: object, metric: str):
    """A key of one metric reruns that metric of each year, and publishes."""
    plan = finished.place.plan(changed(finished.config, {key: value}))
    assert plan.told == [f"Computing {metric} of {year}" for year in (2022, 2023)] + [PUBLISH]


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
    """New numbers in a table of the package are as new code; what is prepared stays."""
    table = "health/data/concentration_response.csv"
    checkout = edited(copy_checkout(tmp_path / "edited"), table)
    plan = Workplace(finished.place.folder, checkout).plan(finished.config)
    assert "Computing attributable_deaths of 2022" in plan.told
    assert set(plan.jobs) <= {"measure", "measure_pollutant", "publish"}


def test_a_touched_file_of_the_same_content_reruns_nothing(finished: Run):
    """Raw files below 1 MB are told by their content, whatever their time."""
    small = [file for file in finished.raw.iterdir() if file.stat().st_size < CHECKSUM_BELOW_BYTES]
    assert len(small) >= 10
    with disturbed(small, lambda content: content):
        plan = finished.place.plan(finished.config)
    assert plan.told == []


def test_a_corrected_file_reruns_what_rests_on_it(finished: Run):
    """New deaths of 2023 are read, and the two metrics of deaths of that year; no other."""
    deaths = finished.raw / "nomis_NM_161_1_2023.csv"
    with disturbed([deaths], lambda content: content.replace(b"20100,2,", b"20100,3,", 1)):
        plan = finished.place.plan(finished.config)
    assert plan.told == [
        "Computing attributable_deaths of 2023",
        "Computing ncd_mortality of 2023",
        "Reading deaths of 2023",
        PUBLISH,
    ]
