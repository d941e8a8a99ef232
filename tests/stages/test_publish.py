from __future__ import annotations

from healthycities import catalogue
from healthycities.settings import Settings
from healthycities.stages.publish import measures_of


def test_every_measureis_known_with_its_sources(settings: Settings):
    """Each card's measures are filled, by pollutant too, and access rests on points and sites."""
    found = measures_of(settings)
    assert {f"{name}_mean_ugm3" for name in ("pm25", "pm10", "no2")} <= set(found)
    assert not [name for name in found if "{" in name]
    measure, sources = found["greenspace_who_300m_straight_pct"]
    assert "within 300 m" in measure.title
    assert {"greenspace_access_points", "greenspace_sites", "centroids"} <= set(sources)
    walks = [name for name in found if name.endswith("_walk_pct")]
    asked = ("doorstep", "local", "neighbourhood", "eip_15_minutes")
    assert walks == [f"greenspace_{name}_walk_pct" for name in asked]
    assert set().union(*(behind for _, behind in found.values())) <= set(catalogue.sources())
