from __future__ import annotations

from healthycities.catalogue import ALWAYS, sources_behind
from healthycities.settings import Settings
from healthycities.stages.needs import sources_used


def test_sources_used_include_what_an_overlap_may_use(settings: Settings):
    """Deprivation stands behind the areas where it is given, and not where it is not."""
    sources = {name: one for name, one in settings.sources.items() if name != "deprivation"}
    without = settings.model_copy(update={"sources": sources})
    always = {"districts", "small_areas", "small_area_lookup"}
    assert sources_used(settings, ALWAYS) == always | {"deprivation"}
    assert sources_used(without, ALWAYS) == always
    assert sources_behind(ALWAYS) == always
    assert sources_used(settings, ["air_quality:pm25"]) == {"air_quality"}
