"""The default configuration, which the steps are given parts of."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.stages.publishers import project, publishers, server

from healthycities.settings import Settings, from_mapping

__all__ = ["project", "publishers", "server", "settings"]

DEFAULT = Path(__file__).resolve().parents[2] / "config" / "config.yaml"


@pytest.fixture
def settings() -> Settings:
    """Return the default configuration."""
    return from_mapping(yaml.safe_load(DEFAULT.read_text(encoding="utf-8")))
