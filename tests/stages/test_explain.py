from __future__ import annotations

import pytest

from healthycities import catalogue
from healthycities.errors import ConfigError
from healthycities.settings import Settings
from healthycities.stages.explain import DISCLOSURE, explain, explanation
from healthycities.stages.publish import measures_of


def section(text: str, title: str) -> list[str]:
    """Return the lines below a heading, up to the next."""
    lines = text.splitlines()
    below = lines[lines.index(title) + 1 :]
    ends = [place for place, line in enumerate(below) if line and not line.startswith(" ")]
    return [line.strip() for line in below[: ends[0] if ends else None]]


def test_a_metric_is_told_in_full(settings: Settings):
    """Title, unit, direction, levels, formula, parameters, licence and caveats all stand there."""
    text = explain("ncd_mortality", settings)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "Mortality from non-communicable diseases (ncd_mortality)"
    assert "ncd4_mortality_under75_per100k" in lines
    assert "unit:      per 100,000 people a year" in lines
    assert "direction: lower is better" in lines
    assert "levels:    district, authority, outside_authorities, region, place, england" in lines
    assert "rate = k sum(w x/n) / sum(w) over the bands of age; Dobson's limits are" in lines
    assert "[health.rates.byars_interval]" in section(text, "Formulas")
    assert "mortality.cause_group = ncd4" in section(text, "Parameters")
    assert "disclosure.rule = suppress" in section(text, "Parameters")
    assert "deaths: SYNTHETIC: Deaths by cause" in section(text, "Sources")
    assert "renal complications" in " ".join(section(text, "What it cannot tell"))


@pytest.mark.parametrize("metric", sorted(catalogue.metrics()))
def test_every_metric_is_told_within_100_characters(metric: str, settings: Settings):
    """No line is too wide for a terminal, and no brace is left where the settings fill it."""
    text = explain(metric, settings)
    assert max(map(len, text.splitlines())) <= 100
    assert not {"{", "}"} & set(text)
    names = {one.name for one in explanation(metric, settings).measures}
    if metric in settings.chosen_metrics:
        assert names <= set(measures_of(settings))


def test_a_measure_is_told_alone(settings: Settings):
    """Of air pollution, the mean of NO2 has its own title and not that of the others."""
    text = explain("no2_mean_ugm3", settings)
    assert "NO2, annual mean weighted by people" in text
    assert "PM10" not in text
    assert "who2021" not in text


def test_parameters_are_keys_that_a_user_writes(settings: Settings):
    """Standards are told by the keys of the configuration, and counts by the rule for them."""
    keys = [one.key for one in explanation("greenspace_walk", settings).parameters]
    assert {"greenspace.standards", "greenspace.own_standards"} <= set(keys)
    assert len(keys) == len(set(keys))
    assert not set(DISCLOSURE) & set(keys)
    for metric in catalogue.metrics():
        for one in explanation(metric, settings).parameters:
            assert one.about
            place = settings.model_dump(mode="json")
            for part in one.key.split("."):
                place = place[part]


def test_a_source_that_is_not_configured_is_told_so(settings: Settings):
    """A metric can be asked about before there are files for it; its publisher's licence stands."""
    sources = {name: one for name, one in settings.sources.items() if name != "deaths"}
    text = explain("ncd_mortality", settings.model_copy(update={"sources": sources}))
    told = section(text, "Sources")
    place = told.index("deaths: Deaths by cause (not in this configuration)")
    assert catalogue.sources()["deaths"].licence in told[:place]


def test_a_metric_by_pollutant_is_told_without_any(settings: Settings):
    """Where no pollutant is chosen, the texts keep their braces."""
    text = explain("air_quality", settings.model_copy(update={"pollutants": ()}))
    assert "{pollutant}_mean_ugm3" in text


def test_an_unknown_name_is_told_with_the_nearest(settings: Settings):
    """Names of metrics come first to mind; with nothing near, all metrics are named."""
    with pytest.raises(ConfigError, match="nearest are ncd_mortality, ncd4"):
        explain("ncd_mortalty", settings)
    with pytest.raises(ConfigError, match=r"called 'zzz'\. Metrics are air_quality, "):
        explain("zzz", settings)
