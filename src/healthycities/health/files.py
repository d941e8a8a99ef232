"""Where the tables of this room stand. Cheap to import."""

from __future__ import annotations

BLOCKS_FILE = "health/data/icd10_blocks.csv"
CAUSE_GROUPS_FILE = "health/data/cause_groups.csv"
CONCENTRATION_RESPONSE_FILE = "health/data/concentration_response.csv"
GREENSPACE_STANDARDS_FILE = "health/data/greenspace_standards.csv"
GUIDELINES_FILE = "health/data/guidelines.csv"
LAGS_FILE = "health/data/lags.csv"
STANDARD_FILE = "health/data/esp2013.csv"
