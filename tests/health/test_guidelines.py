from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from healthycities.errors import ConfigError
from healthycities.health.guidelines import guideline_ugm3
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS


@pytest.mark.parametrize(
    ("pollutant", "name", "expected"),
    [
        ("pm25", "who2021", 5),
        ("no2", "who2021", 10),
        ("pm10", "who2021", 15),
        ("pm25", "england2040", 10),
        ("no2", "england_limit", 40),
        ("nox", "who2021", None),
        ("no2", "england2040", None),
    ],
)
def test_guidelines_as_published(pollutant, name, expected):
    """Guidelines of the WHO and targets of England, and None where there is none."""
    assert guideline_ugm3(pollutant, name) == expected


def test_file_names_each_guideline_once():
    """Every row is of a known pollutant, above 0, with a source, and stands once."""
    table = rows("health/data/guidelines.csv")
    assert {row["pollutant"] for row in table} <= set(POLLUTANTS)
    assert all(float(row["value_ugm3"]) > 0 and row["source"] for row in table)
    assert max(Counter((row["pollutant"], row["name"]) for row in table).values()) == 1


@pytest.mark.parametrize(
    ("pollutant", "name", "message"),
    [
        ("pm25", "who2012", r"guidelines.csv: unknown guideline 'who2012'; .*who2021"),
        ("pm2.5", "who2021", r"unknown pollutant 'pm2.5'; known are no2, nox, pm10, pm25"),
    ],
)
def test_unknown_names_are_refused(pollutant, name, message):
    """A slip of the pen does not pass for a guideline that says nothing."""
    with pytest.raises(ConfigError, match=message):
        guideline_ugm3(pollutant, name)


def test_cheap_to_import():
    """Reading a guideline imports neither numpy nor pandas."""
    code = (
        "import sys; from healthycities.health import guidelines;"
        "print(guidelines.guideline_ugm3('pm25', 'who2021'), {'numpy', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5.0 set()"
