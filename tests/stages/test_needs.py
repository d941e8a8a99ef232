from __future__ import annotations

from healthycities.catalogue import ALWAYS, sources_behind
from healthycities.settings import Settings
from healthycities.stages.needs import sources_used


def test_sources_used_include_what_an_overlap_may_use(settings: Settings):
    """Small areas and deprivation stand behind the areas where they are given, and else not."""
    given = settings.sources
    of_small_areas = {"small_areas", "small_area_lookup", "deprivation"}

    def without(*names: str) -> Settings:
        kept = {name: one for name, one in given.items() if name not in names}
        return settings.model_copy(update={"sources": kept})

    assert sources_used(settings, ALWAYS) == {"districts"} | of_small_areas
    assert sources_used(without("deprivation"), ALWAYS) == {
        "districts",
        "small_areas",
        "small_area_lookup",
    }
    assert sources_used(without(*of_small_areas), ALWAYS) == {"districts"}
    assert sources_behind(ALWAYS) == {"districts"}
    assert sources_used(settings, ["air_quality:pm25"]) == {"air_quality"}
