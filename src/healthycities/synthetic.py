"""The word that marks every value that is made up. Cheap to import."""

from __future__ import annotations

SYNTHETIC = "SYNTHETIC"
