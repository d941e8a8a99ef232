"""Which room may import which, and which libraries, read from the source text."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import healthycities
from healthycities import catalogue

ROOT = Path(healthycities.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the ground up: a room imports itself and the rooms of lower floors, never one above it or
# beside it, so that no two rooms can rest on each other. A room is a folder, or a module of the
# package itself; a new one is given its floor here.
FLOORS = (
    {"errors", "fields", "level_names", "pollutants", "synthetic", "given", "package_tables"},
    {"tables", "catalogue"},
    {"libraries", "formulas", "offers"},
    {"spatial"},
    {"io", "geography", "health"},
    {"sources", "settings", "download"},
    {"overlaps"},
    {"metrics"},
    {"publish"},
    {"stages"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Parsed by Snakemake at every start: none of these, nor what they import, may be slow to load.
CHEAP = (
    "settings",
    "catalogue",
    "libraries",
    "sources.demo.names",
    "stages.check",
    "stages.failures",
    "stages.needs",
    "stages.raw_state",
    "stages.wanted",
)
IMPORTS = re.compile(r"^from healthycities((?:\.\w+)*) import (.+)$", re.MULTILINE)
SLOW = {
    "dask",
    "distributed",
    "geopandas",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "pyogrio",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
    "xarray",
}


def name_of(file: Path) -> str:
    """Return a file's path below the package."""
    return file.relative_to(ROOT).as_posix()


def room_of(file: Path) -> str:
    """Return the room that a file stands in."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Yield each dotted name that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{a.name}" for a in node.names)


def libraries(file: Path) -> set[str]:
    """Return the top names of all that a file imports."""
    return {name.split(".")[0] for name in imported(file)}


def rooms_imported(file: Path) -> set[str]:
    """Return the rooms that a file imports from."""
    return {name.split(".")[1] for name in imported(file) if name.startswith("healthycities.")}


def importing(library: str) -> set[str]:
    """Return the files that import a library."""
    return {name_of(file) for file in FILES if library in libraries(file)}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_file_stands_in_a_known_room(file: Path):
    """A new room is given its place among the others before anything imports it."""
    assert room_of(file) == "__init__" or room_of(file) in FLOOR_OF


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_one_way(file: Path):
    """A file imports its own room and lower floors, and neither above nor beside it."""
    room = room_of(file)
    others = rooms_imported(file) - {room}
    assert {other for other in others if FLOOR_OF[other] >= FLOOR_OF[room]} == set()


def test_the_package_itself_imports_nothing():
    """Importing any module runs the package's own file first, so that must do nothing."""
    assert not list(imported(ROOT / "__init__.py"))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_are_written_in_full(file: Path):
    """No import is relative: the catalogue follows full names to tell what a module rests on."""
    assert not [name for name in imported(file) if name.startswith(".")]


@pytest.mark.parametrize("module", CHEAP)
def test_what_is_read_at_every_parse_names_no_slow_library(module: str):
    """Neither the module nor anything it imports names a slow library, in any function."""
    files = catalogue._files_behind(f"healthycities.{module}")
    assert ROOT / f"{module.replace('.', '/')}.py" in files
    assert {name_of(file): libraries(file) & SLOW for file in files} == {
        name_of(file): set() for file in files
    }


@pytest.mark.parametrize("module", CHEAP)
def test_what_is_read_at_every_parse_loads_no_slow_library(module: str):
    """In a fresh process, importing the module brings no slow library in by any way."""
    code = f"import sys, healthycities.{module}; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in result.stdout.split()}
    assert f"healthycities.{module}" in result.stdout.split()
    assert not loaded & SLOW


def test_the_workflow_parses_what_is_cheap_only():
    """The Snakefile and the rules import modules that are held to be cheap, and small ones."""
    small = {"errors"}
    files = [ROOT.parents[1] / "Snakefile", *(ROOT.parents[1] / "workflow").rglob("*.smk")]
    names = {
        name
        for file in files
        for module, names in IMPORTS.findall(file.read_text(encoding="utf-8"))
        for name in ([module.lstrip(".")] if module else names.split(", "))
    }
    assert names - small == set(CHEAP) - {"settings"}


def test_only_the_rules_know_the_workflow_engine():
    """Nothing in the package imports snakemake: each verb runs by hand as it does in a rule."""
    assert importing("snakemake") == set()


def test_dask_is_imported_in_one_module_only():
    """No other module of the package imports dask."""
    assert importing("dask") | importing("distributed") == {"spatial/parallel.py"}


def test_readers_and_writers_stay_out_of_the_pure_rooms():
    """Numbers of health and space are computed without opening a file."""
    for library in ("rasterio", "pyogrio", "pyarrow"):
        rooms = {name.split("/")[0] for name in importing(library)}
        assert not rooms & {"health", "spatial", "geography"}


def test_every_room_and_module_says_what_it_holds():
    """A name that says nothing, such as utils, is given to no module and no folder."""
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    parts = {
        part.removesuffix(".py").strip("_") for file in FILES for part in name_of(file).split("/")
    }
    assert not parts & vague


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_bare_assert_and_nothing_swallowed(file: Path):
    """A check that -O would remove, or an error that nobody hears of, is in no module."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            assert not broad or raises, f"line {node.lineno}"


def compiled(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return the functions of a module that numba compiles."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(
            "_compiled" in ast.unparse(one) or "njit" in ast.unparse(one)
            for one in node.decorator_list
        )
    ]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_compiled_code_rests_on_its_own_file_alone(file: Path):
    """What numba has stored is stale when another file that it rests on changes, so none may."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    ours = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("healthycities")
        for alias in node.names
    }
    for function in compiled(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.AnnAssign):
                node.annotation = ast.Constant(None)
        used = {
            node.id
            for statement in function.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Name)
        }
        assert not used & ours, f"{file.name}: {function.name} rests on {used & ours}"
