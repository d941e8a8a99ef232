from __future__ import annotations

import pytest

from healthycities import catalogue
from healthycities.catalogue import Measure, MetricCard
from healthycities.publish.topics import OTHER, Topic, topics


def measure(name: str, statistic: str = "mean") -> Measure:
    """Return a measure of some name."""
    return Measure(
        name=name, title=name, unit="", direction="neither", statistic=statistic, method=""
    )


CARDS = {
    "burden": MetricCard(
        title="Burden", needs=(), measures=(measure("deaths", "count"), measure("deaths_pct"))
    ),
    "air": MetricCard(
        title="Air",
        needs=(),
        by=("pollutant", "year"),
        measures=(measure("{pollutant}_mean"), measure("people_above_{pollutant}_pct")),
    ),
    "parks": MetricCard(
        title="Parks",
        needs=(),
        by=("standard", "year"),
        measures=(measure("parks_{standard}_pct"),),
    ),
}


@pytest.fixture(autouse=True)
def metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be two metrics."""
    monkeypatch.setattr(catalogue, "metrics", lambda: CARDS)


def test_measures_are_gathered_by_the_card_that_names_them():
    """A metric's first measure leads, for each pollutant; of a count its share is mapped."""
    names = ["no2_mean", "pm25_mean", "people_above_no2_pct", "deaths", "deaths_pct"]
    described = {name: measure(name, "count" if name == "deaths" else "mean") for name in names}
    assert topics(names, described) == (
        Topic(
            "Air",
            (("no2_mean", "pm25_mean"), ("people_above_no2_pct",)),
            ("no2_mean", "pm25_mean"),
            ("no2_mean", "pm25_mean"),
        ),
        Topic("Burden", (("deaths",), ("deaths_pct",)), ("deaths",), ("deaths_pct",)),
    )


def test_the_first_standard_leads():
    """Standards are shown in the order of the configuration, and the first alone is drawn."""
    described = {name: measure(name) for name in ("parks_who_pct", "parks_local_pct")}
    assert topics(sorted(described), described) == (
        Topic("Parks", (tuple(described),), ("parks_who_pct",), ("parks_who_pct",)),
    )


def test_several_measures_may_lead(monkeypatch: pytest.MonkeyPatch):
    """The first two lead and are mapped where the card says that two do."""
    three = tuple(map(measure, ("male", "female", "at_65")))
    card = MetricCard(title="Life", needs=(), measures=three, headlines=2)
    monkeypatch.setattr(catalogue, "metrics", lambda: {"life": card})
    (topic,) = topics(["at_65", "female", "male"], {one.name: one for one in three})
    assert topic.measures == ("male", "female", "at_65")
    assert topic.headlines == topic.mapped == ("male", "female")


def test_a_measure_of_no_card_is_shown_all_the_same():
    """What no card names comes last, under a title of its own."""
    (topic,) = topics(["strange"], {"strange": measure("strange")})
    assert topic == Topic(OTHER, (("strange",),), ("strange",), ("strange",))
