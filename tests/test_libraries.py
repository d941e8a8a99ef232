from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from healthycities.errors import ConfigError, SourceError
from healthycities.libraries import (
    computing_with,
    installed_version,
    package_versions,
    require_same_installation,
    this_installation,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose packages stand before those that are installed."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(folder: Path, name: str, version: str, *requires: str) -> None:
    """Write what an installer writes of a package."""
    place = folder / f"{name}-{version}.dist-info"
    place.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (place / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_every_dependency_of_a_run_is_told():
    """The names are those that pyproject.toml declares, and the versions those installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = package_versions()
    assert len(versions) == len(project["dependencies"]) > 10
    for line in project["dependencies"]:
        name = line.partition(">")[0].partition("[")[0]
        assert versions[name] == metadata.version(name)
    assert list(versions) == sorted(versions)


def test_an_upgrade_is_seen(other: Path):
    """Another version of one library changes what a rule is told, and names it."""
    before = computing_with()
    install(other, "shapely", "99.1")
    after = computing_with()
    assert ", shapely 99.1" in after
    assert after.replace("shapely 99.1", f"shapely {installed('shapely', before)}") == before


def installed(name: str, text: str) -> str:
    """Return the version that a text gives a library."""
    (version,) = [part.split()[1] for part in text.split(", ") if part.split()[0] == name]
    return version


def test_the_workflow_engine_changes_no_result(other: Path):
    """A newer Snakemake computes nothing again."""
    before = computing_with()
    install(other, "snakemake", "99.1")
    assert package_versions()["snakemake"] == "99.1"
    assert computing_with() == before


def test_conditions_and_extras_are_heeded(other: Path):
    """What only developers need is left out, and what a condition asks for may be absent."""
    install(other, "there", "2.0")
    wanted = ("there>=1; python_version < '4'", "lost>=1; python_version < '3'", "numpy>=2")
    install(other, "healthycities", "0", *wanted)
    with (other / "healthycities-0.dist-info" / "METADATA").open("a") as file:
        file.write("Requires-Dist: pytest; extra == 'dev'\n")
    assert package_versions() == {"numpy": metadata.version("numpy"), "there": "2.0"}


def test_a_dependency_that_is_lost_is_named(other: Path):
    """A broken installation is told before any job, with the way to mend it."""
    install(other, "healthycities", "0", "not-there-at-all>=1")
    with pytest.raises(SourceError, match=r"needs the package not-there-at-all.* make clean run"):
        package_versions()
    with pytest.raises(SourceError, match="not-there-at-all"):
        installed_version("not-there-at-all")


def test_an_installation_is_its_python_its_libraries_and_its_code():
    """The workflow engine is no part of it, and the code is told as a digest."""
    found = this_installation()
    assert {*found} == {"python", "healthycities", *package_versions()} - {"snakemake"}
    assert len(found["healthycities"]) == 16


def test_the_same_installation_is_let_pass_and_another_is_not():
    """What differs is named with both versions, or with none where it is on one side only."""
    here = this_installation()
    require_same_installation(dict(here))
    other = {**here, "numpy": "1.0", "healthycities": "0" * 16}
    del other["shapely"]
    with pytest.raises(ConfigError, match=r"^worker on .*: the work was begun with ") as told:
        require_same_installation(other)
    assert f"numpy 1.0 there and {here['numpy']} here" in told.value.problem
    assert f"shapely none there and {here['shapely']} here" in told.value.problem
    assert "healthycities 0000000000000000 there" in told.value.problem
    assert "scipy" not in told.value.problem
