"""What is looked at before a run: the machine, the network, the publishers, the pins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.loopback.server import Answer, Loopback
from tests.stages.publishers import GRID, Publishers

from healthycities.errors import HealthycitiesError
from healthycities.settings import Settings
from healthycities.stages import fetch as stage
from healthycities.stages.doctor import Finding, doctor, page, require_well

TODAY = datetime.now(tz=UTC).date()


def of(findings: list[Finding], part: str) -> list[str]:
    """Return verdict and words of the findings of a part."""
    return [f"{one.verdict} {one.told}" for one in findings if one.part == part]


def test_each_publisher_is_asked_whether_it_is_still_there(
    project: Callable[..., Settings],
    server: Loopback,
):
    """The layer by its name and last edit, the file by its size."""
    found = doctor(project())
    assert of(found, "publishers") == [
        "ok districts_2025.geojson: services1.arcgis.com, layer LAD_MAY_2025_UK_BGC,"
        " edited 2025-05-23",
        f"ok {GRID}: uk-air.defra.gov.uk, 0.0 MB",
        "ok population_2022.csv: www.nomisweb.co.uk, answers",
    ]
    require_well(found)
    assert not (Path(project().data_dir)).exists()


def test_a_publisher_that_is_gone_would_stop_the_run(
    project: Callable[..., Settings],
    publishers: Publishers,
):
    """It is told with its reason and what to do; the others are looked at all the same."""
    publishers.layer.altered = lambda _asked, _answer: Answer(b"", 503)
    found = doctor(project())
    (line,) = [one for one in of(found, "publishers") if one.startswith("FAILS")]
    assert line.startswith("FAILS districts_2025.geojson: services1.arcgis.com, ")
    assert len(of(found, "publishers")) == 3 + 1
    with pytest.raises(HealthycitiesError, match=r"1 of \d+ things .* would stop the run"):
        require_well(found)


def test_offline_no_publisher_is_asked(
    project: Callable[..., Settings],
    server: Loopback,
):
    """And it is said that none was."""
    found = doctor(project(offline=True))
    assert of(found, "publishers") == ["note none is asked offline"]
    assert server.asked == []


def test_what_was_fetched_long_ago_is_told(project: Callable[..., Settings]):
    """Grids are renewed each year; what is of yesterday is not old."""
    settings = project()
    assert of(doctor(settings), "pins") == [
        f"note {settings.lock_file}: 0 of 3 files pinned, 0 of them here;"
        " healthycities fetch brings the rest"
    ]
    stage.fetch(settings)
    assert len(of(doctor(settings, today=TODAY), "pins")) == 1
    old = of(doctor(settings, today=TODAY + timedelta(days=401)), "pins")
    assert any(one.startswith(f"note {GRID} was fetched 401 days ago") for one in old)
    require_well(doctor(settings))


def test_a_file_of_certificates_that_is_not_there_is_told(
    project: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
):
    """No publisher could be asked with it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authorities.pem")
    found = doctor(project())
    assert "FAILS certificates of REQUESTS_CA_BUNDLE, whose file is not there" in of(
        found, "network"
    )


def test_a_disk_without_room_is_told(
    project: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
):
    """What is to be fetched takes three times its size; one kilobyte is not enough."""
    monkeypatch.setattr(
        "healthycities.stages.doctor.shutil.disk_usage",
        lambda _path: type("Usage", (), {"free": 1000})(),
    )
    found = of(doctor(project(offline=True)), "machine")
    assert any("0.0 GB free; about 0.1 GB are needed" in one for one in found)


def test_the_page_has_each_part_once():
    """Parts in their order, each finding on a line of its own under its part."""
    findings = [Finding("a", "ok", "one"), Finding("b", "FAILS", "two"), Finding("b", "note", "3")]
    assert page(findings) == ["a", "  ok    one", "b", "  FAILS two", "  note  3"]
