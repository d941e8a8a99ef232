"""Rows of the tables in docs/examples.md, to be compared with a new run."""

from __future__ import annotations

from tests.workflow.conftest import ROOT


def documented(name: str) -> list[str]:
    """Return the cells behind the name of a row; the name stands in one table only."""
    lines = (ROOT / "docs/examples.md").read_text("utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in row.strip("|").split("|")][1:]
