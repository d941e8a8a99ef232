"""pyproject.toml declares, requirements.lock pins, environment.yml repeats for conda users."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
DEVELOPMENT = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYTHONS = ("3.11.0", "3.12.0", "3.13.0")

# What conda calls a package, where that is not what pip calls it.
CONDA_NAMES = {
    "dask": {"dask", "distributed"},  # dask[distributed]
    "matplotlib": {"matplotlib-base"},
    "snakemake": {"snakemake-minimal"},
}
# What Python calls a package, where that is not what pip calls it.
IMPORT_NAMES = {"pyyaml": "yaml"}
EXTRAS_IMPORTED = {"distributed"}  # comes with dask[distributed]


class Pin(NamedTuple):
    """An entry of the lock: its requirement, and the hashes that a download must have one of."""

    requirement: Requirement
    hashes: list[str]

    @property
    def name(self) -> str:
        """Name in the form that compares."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version that may be installed."""
        (specifier,) = self.requirement.specifier
        return specifier.version

    def applies(self, environment: dict[str, str]) -> bool:
        """Whether it is installed in an environment."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


def pins() -> list[Pin]:
    """Return the entries of the lock."""
    text = re.sub(r"(?m)^ *#.*\n", "", LOCK).replace("\\\n", " ")
    split = [line.split(" --hash=") for line in text.splitlines() if line.strip()]
    return [Pin(Requirement(first), [item.strip() for item in rest]) for first, *rest in split]


PINS = pins()


def environment(python: str) -> dict[str, str]:
    """Return the environment of this machine with another Python."""
    short = ".".join(python.split(".")[:2])
    changed = {"python_version": short, "python_full_version": python, "extra": ""}
    return {**{k: str(v) for k, v in default_environment().items()}, **changed}


def locked(python: str) -> dict[str, str]:
    """Return the version of each package that the lock gives a Python."""
    return {pin.name: pin.version for pin in PINS if pin.applies(environment(python))}


def conda() -> dict[str, SpecifierSet]:
    """Return the bound of each package of the conda environment."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    found = [re.fullmatch(r"([a-z0-9-]+)(.*)", line) for line in content["dependencies"]]
    return {match[1]: SpecifierSet(match[2]) for match in found if match}


# --- pyproject.toml and environment.yml ---


def test_conda_users_get_the_same_packages_with_the_same_bounds():
    """Every declared package, and Python and pip, are in environment.yml; nothing else is."""
    expected = {
        name: requirement.specifier
        for requirement in (*RUNTIME, *DEVELOPMENT)
        for name in CONDA_NAMES.get(requirement.name, {requirement.name})
    }
    expected["python"] = SpecifierSet(PROJECT["requires-python"])
    expected["pip"] = SpecifierSet()
    assert conda() == expected


def test_every_declared_package_has_a_lower_bound_and_no_other():
    """A bound above would shut users out; none below would let untried versions in."""
    for requirement in (*RUNTIME, *DEVELOPMENT):
        assert [item.operator for item in requirement.specifier] == [">="], requirement.name


def test_declared_packages_stand_once_and_in_order():
    """Each list is sorted, and no package is in both or twice."""
    for declared in (RUNTIME, DEVELOPMENT):
        names = [requirement.name for requirement in declared]
        assert names == sorted(names)
    every = [requirement.name for requirement in (*RUNTIME, *DEVELOPMENT)]
    assert len(every) == len(set(every))


# --- requirements.lock ---


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: f"{pin.name}-{pin.version}")
def test_every_entry_of_the_lock_is_one_version_with_hashes(pin: Pin):
    """An entry is name==version, has hashes, and is fetched from no place of its own."""
    assert [item.operator for item in pin.requirement.specifier] == ["=="]
    assert "*" not in pin.version
    assert pin.requirement.url is None
    assert not pin.requirement.extras
    assert pin.hashes
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", item) for item in pin.hashes)
    assert len(pin.hashes) == len(set(pin.hashes))


def test_the_lock_names_no_index_and_no_address():
    """Where packages come from is the user's to say; the hashes say what they must be."""
    assert "://" not in LOCK
    options = {line.split()[0] for line in LOCK.splitlines() if line.lstrip().startswith("-")}
    assert {option.partition("=")[0] for option in options} == {"--hash"}


@pytest.mark.parametrize("python", PYTHONS)
def test_every_declared_package_is_locked_within_its_bound(python: str):
    """For each Python that is allowed, a pin exists and keeps what pyproject.toml declares."""
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    found = locked(python)
    for requirement in (*RUNTIME, *DEVELOPMENT):
        assert requirement.specifier.contains(found[requirement.name]), requirement.name


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_has_one_version_of_each_package(python: str):
    """No two entries of one package apply together."""
    names = [pin.name for pin in PINS if pin.applies(environment(python))]
    assert len(names) == len(set(names))


def needed() -> Iterator[Requirement]:
    """Yield all that the declared packages need, through every package between."""
    here = environment(".".join(map(str, sys.version_info[:3])))
    waiting = [*RUNTIME, *DEVELOPMENT]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        yield requirement
        for extra in ("", *requirement.extras):
            key = (canonicalize_name(requirement.name), extra)
            if key not in seen:
                seen.add(key)
                inner = [Requirement(line) for line in requires(requirement.name) or ()]
                waiting += [
                    item
                    for item in inner
                    if item.marker is None or item.marker.evaluate({**here, "extra": extra})
                ]


def installed_as_locked() -> bool:
    """Whether the packages that run these tests are those of the lock."""
    found = locked(".".join(map(str, sys.version_info[:3])))
    try:
        return all(version(name) == pinned for name, pinned in found.items())
    except PackageNotFoundError:
        return False


def test_the_lock_is_whole_and_holds_nothing_over():
    """Whatever a locked package needs is locked within its bounds, and all of it is needed."""
    if not installed_as_locked():
        pytest.skip("the environment was not made from requirements.lock")
    found = locked(".".join(map(str, sys.version_info[:3])))
    names = set()
    for requirement in needed():
        name = canonicalize_name(requirement.name)
        names.add(name)
        assert requirement.specifier.contains(found[name], prereleases=True), str(requirement)
    assert names == set(found)


# --- What is declared and what is imported ---


def imported() -> set[str]:
    """Return the top names of all that the package imports, but for itself and Python's own."""
    names = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"healthycities"}


def importable() -> set[str]:
    """Return the names under which the declared packages are imported."""
    return {IMPORT_NAMES.get(requirement.name, requirement.name) for requirement in RUNTIME}


def test_whatever_is_imported_is_declared():
    """The package imports nothing that is there by chance, as a need of another."""
    assert imported() <= importable() | EXTRAS_IMPORTED
    assert len(imported()) > 5


def test_whatever_is_declared_is_imported():
    """No package is installed for nothing; Snakemake is run, not imported."""
    assert importable() - imported() == {"snakemake"}
