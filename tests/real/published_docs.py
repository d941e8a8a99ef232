"""Rows of the tables in docs/examples.md, to be compared with a new run."""

from __future__ import annotations

from tests.workflow.conftest import ROOT


def documented(name: str, section: str) -> list[str]:
    """Return the cells behind the name of a row; it stands once in the section of this title."""
    page = (ROOT / "docs/examples.md").read_text("utf-8")
    (text,) = [part for part in page.split("\n## ") if part.startswith(section)]
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in row.strip("|").split("|")][1:]
