from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields as parts_of
from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest

from healthycities import catalogue
from healthycities.catalogue import (
    Kind,
    Measure,
    MetricCard,
    Offer,
    OverlapCard,
    SourceCard,
    code_digest,
    read_card,
    sources_behind,
)
from healthycities.errors import ConfigError

Writer = Callable[[str, str], Path]

SOURCE = """
    from __future__ import annotations

    import a_library_that_is_not_installed
    from healthycities.catalogue import SourceCard

    TITLE = "not this"
    CARD = SourceCard(
        title="Air " "quality",
        publisher="Defra",
        product="PCM",
        licence="OGL v3",
        attribution="© Crown copyright",
        address="uk-air",
        layout="csv",
        kind="grid",
        by=("pollutant", "year"),
    )
    """

METRIC = """
    from healthycities import catalogue
    from healthycities.catalogue import Measure, MetricCard

    CARD = MetricCard(
        title="Exposure",
        needs=("levels", "air_quality"),
        measures=(
            Measure(
                name="{pollutant}_mean",
                title="Mean",
                unit="µg/m³",
                direction="lower is better",
                statistic="mean",
                method="m",
            ),
        ),
    )
    """

OVERLAP = """
    from healthycities.catalogue import OverlapCard

    CARD = OverlapCard(title="Overlap", needs=("{}", "population"))
    """


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Return a function that writes a file below a folder, and the folders above it."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / "healthycities" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def package(
    tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Return a function that forgets what was read of a small package in a temporary folder.

    metrics/exposure.py imports health/rates.py, which has a table beside it; metrics/other.py
    imports nothing; overlaps/levels.py rests on a source.
    """
    write("__init__.py", "")
    write("sources/air_quality.py", SOURCE)
    write("sources/districts.py", SOURCE)
    write("sources/raw.py", "NOT_A_CARD = 1\n")
    write("overlaps/__init__.py", "")
    write("overlaps/levels.py", OVERLAP.format("districts"))
    write("overlaps/people.py", OVERLAP.format("levels"))
    write("metrics/exposure.py", METRIC + "from healthycities.health.rates import crude\n")
    write("metrics/other.py", METRIC)
    write("health/__init__.py", "")
    write("health/rates.py", "def late():\n    import healthycities.health.bands\n")
    write("health/bands.py", "WIDTH = 5\n")
    write("health/data/esp.csv", "age,people\n0,1\n")
    write("health/data/README.md", "Where esp.csv comes from.\n")

    def forget() -> None:
        catalogue._cards.cache_clear()
        catalogue._module_file.cache_clear()
        catalogue._imported.cache_clear()
        code_digest.cache_clear()

    monkeypatch.setattr(catalogue, "PACKAGE_DIR", tmp_path / "healthycities")
    forget()
    yield forget
    forget()


# --- Cards ---


def test_a_card_is_read_without_importing_its_module(write: Writer):
    """The card of a module whose imports are not installed is read all the same."""
    card = read_card(write("air.py", SOURCE))
    assert isinstance(card, SourceCard)
    assert (card.title, card.kind, card.by) == ("Air quality", "grid", ("pollutant", "year"))
    assert card.suffix == ".tif"


def test_cards_hold_cards(write: Writer):
    """A metric's card holds its measures, and has its defaults."""
    card = read_card(write("exposure.py", METRIC))
    assert isinstance(card, MetricCard)
    assert [(type(item), item.name) for item in card.measures] == [(Measure, "{pollutant}_mean")]
    assert card.by == ("year",)
    beside = ("outside_authorities", "region", "place")
    assert card.levels == ("small_area", "district", "authority", *beside, "england")


def test_a_module_without_a_card_has_none(write: Writer):
    """A module of another use, and a card inside a function, are no cards."""
    assert read_card(write("plain.py", "OTHER = 1\nCARD_TYPES = 2\n")) is None
    assert read_card(write("inner.py", "def f():\n    CARD = 1\n")) is None


def test_a_card_is_read_and_not_run(write: Writer):
    """A card that needs code to be run is refused."""
    with pytest.raises((ValueError, KeyError)):
        read_card(write("a.py", "CARD = OverlapCard(title='a' * 3, needs=())\n"))
    with pytest.raises((ValueError, KeyError)):
        read_card(write("b.py", "CARD = exit(1)\n"))


def test_a_table_is_parquet_and_a_grid_is_tiff():
    """Only grids are kept as rasters; of a raster that stays where it is, its path is."""
    text = dict.fromkeys(
        ("title", "publisher", "product", "licence", "attribution", "address", "layout"), "x"
    )
    suffixes = {kind: SourceCard(kind=kind, **text).suffix for kind in get_args(Kind)}
    assert suffixes == {
        "table": ".parquet",
        "places": ".parquet",
        "grid": ".tif",
        "raster": ".json",
    }


def test_a_new_file_with_a_card_is_all_it_takes(package: Callable[[], None], write: Writer):
    """A source is found by the name of its file, without being listed anywhere."""
    assert list(catalogue.sources()) == ["air_quality", "districts"]
    write("sources/noise.py", SOURCE)
    package()
    assert list(catalogue.sources()) == ["air_quality", "districts", "noise"]


def test_sources_are_found_through_overlaps(package: Callable[[], None]):
    """What rests on an overlap rests on the overlap's sources, at any depth."""
    assert sources_behind(("people", "air_quality:pm25")) == {
        "districts",
        "population",
        "air_quality",
    }
    assert sources_behind(()) == set()


# --- Digests ---


def test_a_digest_follows_what_is_imported(package: Callable[[], None], write: Writer):
    """An edit of the module, of what it imports, and of what that imports changes its digest."""
    seen = {code_digest("metrics.exposure")}
    edits = {
        "metrics/exposure.py": METRIC + "from healthycities.health.rates import other\n",
        "health/rates.py": "def late():\n    import healthycities.health.bands  # edited\n",
        "health/bands.py": "WIDTH = 10\n",
    }
    for name, text in edits.items():
        write(name, text)
        package()
        seen.add(code_digest("metrics.exposure"))
    assert len(seen) == 4


def test_a_digest_follows_the_tables_beside_the_code(package: Callable[[], None], write: Writer):
    """A changed, a renamed and a new table in the room's data folder change the digest."""
    seen = {code_digest("metrics.exposure")}
    table = write("health/data/esp.csv", "age,people\n0,2\n")
    package()
    seen.add(code_digest("metrics.exposure"))
    table.rename(table.with_name("esp2013.csv"))
    package()
    seen.add(code_digest("metrics.exposure"))
    write("health/data/new.csv", "a\n")
    package()
    seen.add(code_digest("metrics.exposure"))
    assert len(seen) == 4


def test_a_digest_follows_the_templates_beside_the_code(package: Callable[[], None], write: Writer):
    """A page is part of the code that fills it."""
    before = code_digest("metrics.exposure")
    write("metrics/templates/page.html.jinja", "<p>")
    package()
    assert code_digest("metrics.exposure") != before


def test_a_digest_of_nothing_is_refused(package: Callable[[], None]):
    """A module that is not there has no digest that would never change."""
    with pytest.raises(ConfigError, match=r"metrics\.typo"):
        code_digest("metrics.exposure", "metrics.typo")


def test_a_digest_does_not_follow_anything_else(package: Callable[[], None], write: Writer):
    """An edit of a module that is not imported, or of a text beside a table, changes nothing."""
    before = code_digest("metrics.exposure")
    write("metrics/other.py", METRIC + "# edited\n")
    write("overlaps/levels.py", "# edited\n")
    write("health/data/README.md", "edited\n")
    write("health/unused.py", "X = 1\n")
    package()
    assert code_digest("metrics.exposure") == before


def test_a_digest_is_of_all_modules_asked_for(package: Callable[[], None], write: Writer):
    """A digest of two modules changes with either, and not with their order."""
    both = code_digest("metrics.exposure", "metrics.other")
    assert both == code_digest("metrics.other", "metrics.exposure")
    write("metrics/other.py", METRIC + "# edited\n")
    package()
    assert code_digest("metrics.exposure", "metrics.other") != both


def test_modules_that_import_each_other_end(package: Callable[[], None], write: Writer):
    """A circle of imports is walked once."""
    write("health/bands.py", "import healthycities.health.rates\n")
    package()
    assert code_digest("health.bands") == code_digest("health.rates")


# --- The house as it is ---


Card = SourceCard | OverlapCard | MetricCard | Measure | Offer


def cards() -> list[tuple[str, Card]]:
    """Return every card of the package, with those inside other cards, and where it is."""
    found: list[tuple[str, Card]] = []
    for room in (catalogue.sources, catalogue.overlaps, catalogue.metrics):
        for name, card in room().items():
            found.append((f"{room.__name__}/{name}", card))
            parts = getattr(card, "measures", ()) or getattr(card, "offers", ())
            found += [(f"{room.__name__}/{name}:{item.name}", item) for item in parts]
    return found


@pytest.mark.parametrize(("place", "card"), cards(), ids=[place for place, _ in cards()])
def test_every_card_has_all_its_texts(place: str, card: object):
    """No text of a card is empty, of another type, or has space around it."""
    for part in parts_of(card):  # type: ignore[arg-type]
        value = getattr(card, part.name)
        if isinstance(value, (bool, int, float)) or value == part.default:
            continue
        texts = value if isinstance(value, tuple) else (value,)
        assert isinstance(value, tuple) or value
        for text in texts:
            assert isinstance(text, (str, Measure, Offer))
            assert not isinstance(text, str) or (text and text == text.strip())


def test_every_source_says_where_it_is_from():
    """By an address for people, or by what the workflow fetches itself; and then how often."""
    for name, card in catalogue.sources().items():
        assert bool(card.address) != bool(card.offers), name
        assert bool(card.offers) == bool(card.renewed), name


def test_what_is_offered_is_asked_for_over_https_and_has_a_name_of_its_own():
    """A file name is of one address and member; a file a year has the year in both."""
    first: dict[str, tuple[str, str]] = {}
    for card in catalogue.sources().values():
        for offer in card.offers:
            asked = (offer.address, offer.member)
            assert first.setdefault(offer.name, asked) == asked
            assert offer.address.startswith("https://")
            by_year = "year" in card.by
            of_one_year = offer.first_year == offer.last_year
            assert by_year == ("{year}" in offer.name) == bool(offer.first_year)
            assert by_year == ("{year}" in offer.address) or (by_year and of_one_year)
            assert offer.size_mb > 0
            assert ("pollutant" in card.by) == bool(offer.pollutant)
            assert "/" not in offer.name


def test_what_rests_on_deaths_says_which_it_counts():
    """Each measure of a metric that needs deaths names them, for the rule of small counts."""
    silent = [
        measure.name
        for card in catalogue.metrics().values()
        if "deaths" in sources_behind(card.needs)
        for measure in card.measures
        if not measure.counts
    ]
    assert not silent


def test_needs_are_held_by_the_house():
    """Whatever a card needs or may use is a source or an overlap, and rests on sources."""
    sources = catalogue.sources()
    known = {*sources, *catalogue.overlaps()}
    for place, card in cards():
        if isinstance(card, (OverlapCard, MetricCard)):
            needs = (*card.needs, *card.may_use)
            assert {need.partition(":")[0] for need in needs} <= known, place
            assert sources_behind(needs) <= set(sources), place


def test_names_do_not_repeat_across_rooms():
    """A need names one thing, and a measure is of one metric."""
    assert not set(catalogue.sources()) & set(catalogue.overlaps())
    places: dict[str, set[str]] = {}
    for place, card in cards():
        if isinstance(card, Measure):
            places.setdefault(card.name, set()).add(place.partition(":")[0])
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_direction_is_one_of_three(tmp_path: Path):
    """A measure is better lower, better higher, or neither; another word is refused."""
    parts = "name='a', title='A', unit='m', statistic='s', method='m', direction='{}'"
    text = f"CARD = Measure({parts})"
    file = tmp_path / "a.py"
    file.write_text(text.format("neither"), encoding="utf-8")
    assert catalogue.read_card(file).direction == "neither"
    file.write_text(text.format("up"), encoding="utf-8")
    with pytest.raises(ConfigError, match="found 'up'"):
        catalogue.read_card(file)
