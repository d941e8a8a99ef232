"""Official files of a configuration: fetched, pinned, renewed, and had without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.loopback.server import Loopback
from tests.stages.publishers import DISTRICTS, GRID, POPULATION, Publishers

from healthycities.cli import main
from healthycities.errors import ConfigError, DownloadError
from healthycities.settings import Settings
from healthycities.stages import fetch as stage
from healthycities.stages.wanted import wanted_files

UID = "0x0123456789"


def fetched(settings: Settings) -> dict[str, bytes]:
    """Return the files that are at their places, by name."""
    return {path.name: path.read_bytes() for path in sorted(Path(settings.fetched_dir).iterdir())}


def pins(settings: Settings) -> str:
    """Return the lock file."""
    return Path(settings.lock_file).read_text(encoding="utf-8")


def forget(settings: Settings) -> None:
    """Take away all that was fetched, but for the pins: a clone on another machine."""
    shutil.rmtree(settings.fetched_dir)
    shutil.rmtree(Path(settings.data_dir) / "cache")


def test_each_file_is_fetched_from_its_publisher_and_pinned(project: Callable[..., Settings]):
    """As a file, as a layer and as a table; the layer is England's part alone."""
    settings = project()
    lines = stage.fetch(settings)
    assert [line.split(",")[0] for line in lines] == [
        f"{name}: fetched" for name in (DISTRICTS, GRID, POPULATION)
    ]
    found = fetched(settings)
    assert found[GRID] == b"gridcode,x,y,pm252022g\n1,500,500,7.5\n"
    assert b"Hartlepool" in found[DISTRICTS]
    assert b"Anglesey" not in found[DISTRICTS]
    assert found[POPULATION].splitlines()[0].startswith(b"DATE,GEOGRAPHY_CODE,GENDER,C_AGE")
    for address in ("uk-air.defra.gov.uk", "services1.arcgis.com", "www.nomisweb.co.uk"):
        assert f"https://{address}/" in pins(settings)
    assert "localhost" not in pins(settings)


def test_what_is_there_is_not_asked_for_again(project: Callable[..., Settings], server: Loopback):
    """Neither from its place, nor from the store when its place is empty."""
    settings = project()
    stage.fetch(settings)
    asked = len(server.asked)
    assert all(": is there," in line for line in stage.fetch(settings))
    shutil.rmtree(settings.fetched_dir)
    assert all(": from the store," in line for line in stage.fetch(settings))
    assert len(server.asked) == asked


def test_projects_share_what_was_fetched(
    project: Callable[..., Settings],
    server: Loopback,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """A second project has the same bytes without a request, and pins of its own."""
    monkeypatch.setenv("HEALTHYCITIES_CACHE", str(tmp_path / "shared"))
    first, second = project("first"), project("second")
    stage.fetch(first)
    asked = len(server.asked)
    stage.fetch(second)
    assert len(server.asked) == asked
    assert fetched(first) == fetched(second)
    assert pins(first) == pins(second)
    assert not (Path(first.data_dir) / "cache").exists()


def test_offline_asks_nobody(project: Callable[..., Settings], server: Loopback):
    """What was never fetched is an error for each file; what was is there."""
    settings = project(offline=True)
    with pytest.raises(DownloadError, match="3 of 3 files cannot be had") as told:
        stage.fetch(settings)
    for name in (DISTRICTS, GRID, POPULATION):
        assert name in str(told.value)
    assert server.asked == []
    stage.fetch(project())
    asked = len(server.asked)
    assert len(stage.fetch(settings)) == 3
    assert len(stage.fetch(project(), offline=True)) == 3
    assert len(server.asked) == asked


def test_another_file_than_the_pinned_one_is_refused_until_it_is_asked_for(
    project: Callable[..., Settings], publishers: Publishers
):
    """A colleague's clone is told what changed; nothing takes the old file's place before that."""
    settings = project()
    stage.fetch(settings)
    before = pins(settings)
    forget(settings)
    publishers.grid += b"2,1500,500,8.5\n"
    with pytest.raises(DownloadError, match=r"has changed: pinned .*healthycities fetch --update"):
        stage.fetch(settings)
    assert sorted(fetched(settings)) == [DISTRICTS, POPULATION]
    assert pins(settings) == before
    (line,) = [one for one in stage.fetch(settings, update=["air_quality"]) if GRID in one]
    assert "; was " in line
    assert fetched(settings)[GRID] == publishers.grid
    assert json.loads(pins(settings)) != json.loads(before)


def test_only_what_is_named_is_asked_for_anew(project: Callable[..., Settings], server: Loopback):
    """By the name of a file or of a source; without a name, all."""
    settings = project()
    stage.fetch(settings)
    server.asked.clear()
    stage.fetch(settings, update=[GRID])
    assert {one.path.split("/")[1] for one in server.asked} == {"uk-air"}
    server.asked.clear()
    stage.fetch(settings, update=[])
    assert {one.path.split("/")[1] for one in server.asked} == {"uk-air", "arcgis", "nomis"}


def test_a_name_that_is_of_nothing_is_told(project: Callable[..., Settings]):
    """With those that there are."""
    with pytest.raises(ConfigError, match=r"called 'pm25'\. Known are .*population"):
        stage.fetch(project(), update=["pm25"])


def test_nothing_is_asked_for_anew_offline(project: Callable[..., Settings]):
    """The two cannot be meant together."""
    with pytest.raises(ConfigError, match="cannot be had offline"):
        stage.fetch(project(), offline=True, update=[])


def test_the_plan_asks_nobody(project: Callable[..., Settings], server: Loopback):
    """About how large, under which licence, from where; then what is left to fetch."""
    settings = project()
    lines = stage.plan(settings)
    assert f"{GRID}: to be fetched, about 9.0 MB" in lines
    assert "    for air_quality; Open Government Licence v3.0" in lines
    assert f"    https://uk-air.defra.gov.uk/datastore/pcm/{GRID}" in lines
    assert lines[-1] == "3 of 3 files to be fetched, about 45 MB"
    assert server.asked == []
    stage.fetch(settings)
    assert stage.plan(settings)[-1] == "0 of 3 files to be fetched, about 0 MB"
    shutil.rmtree(settings.fetched_dir)
    assert f"{GRID}: in the store, 0.0 MB" in stage.plan(settings)


def test_the_key_of_a_member_of_nomis_is_asked_with_and_written_nowhere(
    project: Callable[..., Settings],
    server: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    """Not in the pins, nor in the store, nor in what is logged."""
    caplog.set_level("DEBUG")
    monkeypatch.setenv("NOMIS_UID", UID)
    stage.fetch(project())
    assert any(one.query.get("uid") == UID for one in server.asked)
    written = [path for path in (tmp_path / "project").rglob("*") if path.is_file()]
    assert written
    assert not any(UID.encode() in path.read_bytes() for path in written)
    assert UID not in caplog.text


def test_a_job_brings_the_same_file(project: Callable[..., Settings], tmp_path: Path):
    """What the workflow hands to the job of a file is all that it takes."""
    settings = project()
    stage.fetch(settings)
    for name, wanted in wanted_files(settings).items():
        out = tmp_path / "job" / name
        outcome = stage.download(
            json.loads(wanted.keys),
            json.loads(settings.downloads.model_dump_json()),
            tmp_path / "job" / "sources.lock.json",
            out,
        )
        assert outcome.how == "fetched"
        assert out.read_bytes() == fetched(settings)[name]


def written(settings: Settings, folder: Path) -> Path:
    """Write a configuration as its user has it."""
    file = folder / "config.yaml"
    content = settings.model_dump(mode="json", exclude_defaults=True)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def test_the_command_line_plans_fetches_and_looks(
    project: Callable[..., Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """As a person does it: what would come, the files, what there is; then a run offline."""
    file = str(written(project(), tmp_path))
    assert main(["fetch", "--plan", "--config", file]) == 0
    assert "3 of 3 files to be fetched" in capsys.readouterr().out
    assert main(["fetch", "--config", file]) == 0
    assert f"{GRID}: fetched, 0.0 MB" in capsys.readouterr().out
    assert main(["doctor", "--config", file]) == 0
    assert "3 of 3 files pinned, 3 of them here" in capsys.readouterr().out
    assert main(["fetch", "--offline", "--config", file]) == 0
    assert f"{GRID}: is there" in capsys.readouterr().out


def test_the_command_line_ends_with_what_is_wrong(
    project: Callable[..., Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """One message and a code that a scheduler heeds, for files as for the doctor."""
    settings = project(mirrors={"https://uk-air.defra.gov.uk": "https://localhost:9"})
    file = str(written(settings, tmp_path))
    assert main(["fetch", "--offline", "--config", file]) == 1
    assert capsys.readouterr().err.count("error: ") == 1
    assert main(["doctor", "--config", file]) == 1
    told = capsys.readouterr()
    assert "FAILS" in told.out
    assert "error: " in told.err


def test_a_file_that_its_publisher_did_not_change_is_not_put_in_its_place_again(
    project: Callable[..., Settings], publishers: Publishers
):
    """Asked for anew, it keeps its date, by which the workflow tells what to do again."""
    settings = project()
    stage.fetch(settings)
    places = {name: Path(settings.fetched_dir) / name for name in fetched(settings)}
    before = {name: path.stat().st_mtime_ns for name, path in places.items()}
    publishers.grid += b"2,1500,500,8.5\n"
    stage.fetch(settings, update=[])
    after = {name: path.stat().st_mtime_ns for name, path in places.items()}
    assert [name for name in places if before[name] != after[name]] == [GRID]
