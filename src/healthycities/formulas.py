"""The formulas behind a metric, from the docstrings of the functions that it calls.

Read from the source text, as the cards are. A function counts where its docstring names the source
of what it computes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from healthycities import catalogue

ROOMS = ("health", "spatial")
"""Where formulas stand."""

CALLERS = ("metrics", "overlaps")
"""Where they are called from."""

_SOURCE = "Source:"
_HEADING = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?([^`]+)`")


@dataclass(frozen=True)
class Formula:
    """What one function computes, and where that is from.

    Parameters
    ----------
    name : of the function, such as ``health.rates.byars_interval``.
    text : the docstring up to its parameters.
    notes : its source, and what it was tested with.
    """

    name: str
    text: str
    notes: str


def formulas_behind(metric: str) -> tuple[Formula, ...]:
    """Return the formulas that a metric rests on, the ones that it calls itself first.

    Parameters
    ----------
    metric : name of a module of `healthycities.metrics`.
    """
    needs = (need.partition(":")[0] for need in catalogue.metrics()[metric].needs)
    overlaps = [f"overlaps.{name}" for name in needs if name in catalogue.overlaps()]
    waiting = [f"metrics.{metric}", *overlaps]
    found: dict[tuple[str, str], Formula | None] = {}
    for module in waiting:
        for room, name in _imports(module).values():
            if room in CALLERS:
                waiting.extend({f"{room}.{name}"} - set(waiting))
            elif room.partition(".")[0] in CALLERS:
                waiting.extend({room} - set(waiting))
            else:
                _follow(room, name, found)
    return tuple(formula for formula in found.values() if formula is not None)


def _follow(module: str, name: str, found: dict[tuple[str, str], Formula | None]) -> None:
    """Add the formula of a function, and those of all that it calls."""
    function = _functions(module).get(name)
    if (module, name) in found or function is None or module.partition(".")[0] not in ROOMS:
        return
    found[module, name] = _formula(f"{module}.{name}", ast.get_docstring(function) or "")
    for used in _names(function):
        _follow(*_imports(module).get(used, (module, used)), found)


def _formula(name: str, docstring: str) -> Formula | None:
    if _SOURCE not in docstring:
        return None
    text, *sections = _HEADING.split(_ROLE.sub(r"\1", docstring))
    notes = dict(zip(sections[::2], sections[1::2], strict=True)).get("Notes", "")
    return Formula(name, text.strip(), notes.strip())


def _names(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the names that a function uses, in the order of its text."""
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    yield from (node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)))


def _file(module: str) -> Path:
    return catalogue.PACKAGE_DIR.joinpath(*module.split(".")).with_suffix(".py")


@cache
def _tree(module: str) -> ast.Module:
    file = _file(module)
    return ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")


def _functions(module: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.FunctionDef)}


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Return module and name of what a module imports from this package, by the name it has there.

    Modules are named without the package, such as ``health.rates``.
    """
    head = f"{catalogue.PACKAGE}."
    return {
        alias.asname or alias.name: ((node.module or "").removeprefix(head), alias.name)
        for node in _tree(module).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(head)
        for alias in node.names
    }
