"""Where the real official files are. They are read in place and never copied into the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real files; skip where it is not there, which CI may not."""
    if REAL.is_dir():
        return REAL
    if os.environ.get("CI") == "true":
        pytest.fail("the real files must be beside the project in CI: ../shared/data/real")
    pytest.skip("the real files are not beside the project (../shared/data/real)")
