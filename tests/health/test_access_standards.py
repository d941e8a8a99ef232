from __future__ import annotations

import pytest

from healthycities.errors import ConfigError
from healthycities.health import access_standards as module
from healthycities.health.access_standards import access_standards
from healthycities.package_tables import rows


@pytest.mark.parametrize(
    ("name", "min_area_ha", "max_distance_m", "kind"),
    [
        ("who_300m", 0.5, 300, "straight line"),
        ("doorstep", 0.5, 200, "walk"),
        ("local", 2, 300, "walk"),
        ("neighbourhood", 10, 1000, "walk"),
        ("wider_neighbourhood", 20, 2000, "any"),
        ("district", 100, 5000, "any"),
        ("subregional", 500, 10_000, "any"),
        ("eip_15_minutes", 0, 1000, "walk"),
    ],
)
def test_standards_as_published(name, min_area_ha, max_distance_m, kind):
    """The WHO's, Natural England's and the Environmental Improvement Plan's, in numbers."""
    found = access_standards()[name]
    assert found["min_area_ha"] == min_area_ha
    assert found["max_distance_m"] == max_distance_m
    assert found["distance_kind"] == kind


def test_file_says_where_each_standard_is_from():
    """Every row has a source and how far it was checked, and stands once, in its own order."""
    table = rows("health/data/greenspace_standards.csv")
    assert all(row["name"] and row["source"] and row["standing"] for row in table)
    assert list(access_standards()) == [row["standard_id"] for row in table]


def test_a_strange_kind_of_distance_is_refused(monkeypatch: pytest.MonkeyPatch):
    """A kind that nothing measures by is told with its row, and not passed over."""
    row = {**rows("health/data/greenspace_standards.csv")[1], "distance_kind": "flight"}
    monkeypatch.setattr(module, "rows", lambda _: [row])
    with pytest.raises(ConfigError, match=r"doorstep: expected a kind.*found 'flight'"):
        access_standards()
