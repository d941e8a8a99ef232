from __future__ import annotations

from healthycities.catalogue import ALWAYS, COMPARED_WITH, sources_behind
from healthycities.settings import Settings, SourceSettings
from healthycities.stages.needs import needs_of, sources_used


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


def test_published_results_are_read_where_they_are_given(settings: Settings):
    """No metric rests on them, and a run that is given them reads them all the same."""
    entry = SourceSettings(provider="file", path="published.csv")
    given = settings.model_copy(update={"sources": {**settings.sources, COMPARED_WITH: entry}})
    before, after = (sources_used(one, needs_of(one)) for one in (settings, given))
    assert after - before == {COMPARED_WITH}
    assert given.chosen_metrics == settings.chosen_metrics
