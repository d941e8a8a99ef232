from __future__ import annotations

import pytest

from healthycities import catalogue
from healthycities.metrics.measures import filled
from healthycities.settings import from_mapping

CONFIG = {
    "run": "r",
    "years": [2022],
    "pollutants": ["pm25", "pm10", "no2", "nox"],
    "authorities_as_at": "2026-09-30",
    "sources": {name: {"provider": "demo"} for name in catalogue.sources()},
    "green_cover": {"green_classes": [10, 30]},
}


def every_measure():
    """Return all measures of all metrics, filled."""
    settings = from_mapping(CONFIG)
    for name, card in catalogue.metrics().items():
        for pollutant in settings.pollutants if "pollutant" in card.by else (None,):
            for measure in filled(card, settings.keys(*card.settings), pollutant).values():
                yield name, measure


def test_braces_are_filled_from_the_settings():
    """The radius and the size of the site stand in the title as the configuration gives them."""
    card = catalogue.metrics()["greenspace_access"]
    keys = {"greenspace.radius_m": 400, "greenspace.min_site_area_ha": 2.0}
    (measure,) = filled(card, keys).values()
    assert measure.title == (
        "People within 400 m of an access point to a greenspace of 2 ha or more"
    )


@pytest.mark.parametrize(
    ("classes", "threshold", "said"),
    [
        ([10, 30], None, "Area of the classes 10, 30 over"),
        ([10], None, "Area of the class 10 over"),
        (None, 0.4, "Area of cells with an NDVI above 0.4 over"),
    ],
)
def test_what_is_green_is_said(classes, threshold, said):
    """The codes of the classes, or the threshold, stand in the method of green cover."""
    card = catalogue.metrics()["green_cover"]
    keys = {"green_cover.green_classes": classes, "green_cover.ndvi_threshold": threshold}
    assert filled(card, keys)["green_cover_pct"].method.startswith(said)


def test_guidelines_are_said_with_their_value():
    """The WHO guideline for PM2.5 is 5 µg/m³, PM10's 15 and NO2's 10; England's target is 10."""
    card = catalogue.metrics()["air_quality"]
    for pollutant, limit in (("pm25", "5"), ("pm10", "15"), ("no2", "10")):
        measure = filled(card, {}, pollutant)["people_above_who2021_{pollutant}_pct"]
        assert f"({limit} µg/m³)" in measure.title
    target = filled(card, {}, "pm25")["people_above_england2040_{pollutant}_pct"]
    assert "(10 µg/m³)" in target.title


@pytest.mark.parametrize(("metric", "measure"), list(every_measure()))
def test_every_measure_is_told_in_full(metric, measure):
    """No brace is left; unit, statistic and method are there; the name fits a column."""
    texts = (measure.title, measure.unit, measure.statistic, measure.method)
    assert all(texts), metric
    assert not any("{" in text for text in (measure.name, *texts))
    assert measure.name.isidentifier()
    assert len(measure.name) <= 45


def test_names_of_measures_are_unique():
    """No two metrics give a measure of the same name."""
    names = [measure.name for _, measure in every_measure()]
    assert len(names) == len(set(names))
