from __future__ import annotations

from itertools import product

import pytest

from healthycities import catalogue
from healthycities.health.access_standards import access_standards
from healthycities.metrics.measures import filled, standards_of
from healthycities.settings import from_mapping

CONFIG = {
    "run": "r",
    "years": [2022],
    "pollutants": ["pm25", "pm10", "no2", "nox"],
    "authorities_as_at": "2026-09-30",
    "sources": {name: {"provider": "demo"} for name in catalogue.sources()},
    "burden": {"concentration_response": ["comeap2022_pm25", "hrapie2013_pm25", "eea_pm25"]},
    "green_cover": {"green_classes": [10, 30]},
    "greenspace": {"standards": list(access_standards())},
}
BURDEN = {"burden.draws": 10_000, "burden.seed": 3, "burden.confidence": 0.95}


def every_measure():
    """Return all measures of all metrics, filled."""
    settings = from_mapping(CONFIG)
    for name, card in catalogue.metrics().items():
        keys = settings.keys(*card.settings)
        pollutants = settings.pollutants if "pollutant" in card.by else (None,)
        for case in product(pollutants, standards_of(card, keys)):
            for measure in filled(card, keys, *case).values():
                yield name, measure


def of_standard(metric, **changes):
    """Return the measures of a metric for a standard like Natural England's for a neighbourhood."""
    standard = {**access_standards()["neighbourhood"], **changes}
    return list(filled(catalogue.metrics()[metric], {}, standard=standard).values())


def test_braces_are_filled_from_the_standard():
    """The distance and the size of the site stand in the title as the standard gives them."""
    (measure,) = of_standard("greenspace_access")
    assert measure.name == "greenspace_neighbourhood_straight_pct"
    assert measure.title == (
        "Greenspace: Neighbourhood (straight line), people within 1000 m of one of 10 ha or more"
    )
    assert "Natural England Accessible Greenspace Standards 2023; seen in" in measure.method
    (measure,) = of_standard("greenspace_access", min_area_ha=0.0)
    assert measure.title.endswith("of one of any size")


def test_a_straight_line_says_where_the_standard_asks_for_a_walk():
    """A share that is too high beside the standard's own words says that it is."""
    for kind, told in (("walk", True), ("any", False), ("straight line", False)):
        (measure,) = of_standard("greenspace_access", distance_kind=kind)
        assert ("asks for a walk" in measure.method) is told


def test_only_standards_that_ask_for_a_walk_are_walked():
    """A standard of 10 km in no way said is not measured along roads."""
    (measure,) = of_standard("greenspace_walk")
    assert measure.name == "greenspace_neighbourhood_walk_pct"
    assert of_standard("greenspace_walk", distance_kind="any") == []
    assert of_standard("greenspace_walk", distance_kind="straight line") == []


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


def test_the_function_that_leads_stands_in_the_method():
    """A measure without a function in its name is told by the first one, with its source."""
    card = catalogue.metrics()["attributable_deaths"]
    found = filled(card, BURDEN | {"burden.functions": ["eea_pm25", "comeap2022_pm25"]})
    method = found["deaths_attributable_pm25"].method
    assert "per 10 µg/m³ above 5 (European Environment Agency" in method
    assert "10000 draws (seed 3)" in method


def test_each_further_function_has_a_measure_of_its_own():
    """Those after the first are named in name, title and method; where there is one, none is."""
    card = catalogue.metrics()["attributable_deaths"]
    names = ["comeap2022_pm25", "eea_pm25", "hrapie2013_pm25"]
    by_function = [f"deaths_attributable_by_{name}" for name in names[1:]]
    found = filled(card, BURDEN | {"burden.functions": names})
    assert list(found)[3:] == by_function
    assert found[by_function[0]].name == by_function[0]
    assert found[by_function[0]].title.endswith("attributable to PM2.5, by eea_pm25")
    assert "WHO Europe HRAPIE 2013" in found[by_function[1]].method
    assert [found[name].counts for name in by_function] == ["deaths from natural causes"] * 2
    assert found["deaths_attributable_pm25"].counts == "deaths from all causes"
    assert len(filled(card, BURDEN | {"burden.functions": names[:1]})) == 3


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
