from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from tests.publish.conftest import DEVON, MEASURES, NAMES, NOT_USED, TEES, A, Run, air, mortality

from healthycities import catalogue
from healthycities.catalogue import MetricCard
from healthycities.publish.report import decimals_for, number

VOID = {"meta", "img", "br", "link", "input", "hr"}
OUTSIDE = ("http:", "https:", "//", "file:")


class Page(HTMLParser):
    """What a page holds: its tags in order, tables as rows of texts, and whether they close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag == "caption":
            self.captions.append("")

    def handle_endtag(self, tag: str) -> None:
        """Hold that tags close in turn."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data
        elif "caption" in self.open:
            self.captions[-1] += data
        if "style" not in self.open:
            self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each tag of a name."""
        return [attrs for name, attrs in self.tags if name == tag]


def page(run: Run) -> Page:
    """Publish a run and read its report."""
    return Page((run.publish() / "report.html").read_text(encoding="utf-8"))


def test_the_page_stands_alone_and_is_in_english(run: Run):
    """British English, one h1, no script, and no address but those within the page."""
    told = page(run)
    assert told.of("html") == [{"lang": "en-GB"}]
    assert len(told.of("h1")) == 1
    assert not told.of("script")
    assert not told.of("link")
    addresses = [
        value or ""
        for _, attrs in told.tags
        for key, value in attrs.items()
        if key in ("src", "href")
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    ids = {attrs["id"] for attrs in told.of("section")}
    assert {address[1:] for address in addresses if address.startswith("#")} <= ids


def test_made_up_values_have_a_banner_and_real_ones_none(run: Run, make_run: Callable[..., Run]):
    """SYNTHETIC stands at the top of the page, and in its title, where values are made up."""
    told = page(run)
    assert told.tags[[tag for tag, _ in told.tags].index("body") + 1][1]["class"] == "banner"
    real = page(make_run("real", provider="file"))
    assert "SYNTHETIC" not in " ".join(real.text)
    assert "banner" not in [attrs.get("class") for attrs in real.of("div")]


def test_the_overview_has_each_authority_with_its_intervals(run: Run):
    """Tees Valley has 3,750 (3,375 to 4,125) deaths per 100,000 and 7.0 µg/m³; Devon none."""
    run.measures = [air(), mortality()]
    rows = run.measures[1]
    rows.loc[rows["area_code"] == DEVON, ["value", "lower", "upper"]] = float("nan")
    told = page(run)
    table = {row[0]: row[1:] for row in told.tables[0]}
    assert list(table) == [
        "Area",
        f"{NAMES[DEVON]}*",
        "Torbay",
        NAMES[TEES],
        "Hartlepool",
        "Middlesbrough",
        "England",
    ]
    assert table["Area"][1].startswith("PM2.5, annual mean <by people> µg/m³, 2023")
    assert table[NAMES[TEES]] == ["3,750 3,375 to 4,125", "7.0"]
    assert table[f"{NAMES[DEVON]}*"] == ["no data", "12.0"]
    assert table["England"] == ["1,800 1,620 to 1,980", "10.0"]
    assert "No mayor had been elected" in " ".join(told.text)


def test_many_measures_stand_in_several_tables(run: Run, monkeypatch: pytest.MonkeyPatch):
    """Of ten headlines eight are in the first table of the overview, and two in the next."""
    names = [f"measure_{n}" for n in range(10)]
    kind = MEASURES["pm25_mean_ugm3"]
    run.described = {name: replace(kind, name=name, title=name) for name in names}
    run.sources_of = dict.fromkeys(names, ("air_quality",))
    run.measures = [air().assign(metric=name) for name in names]
    cards = {
        name: MetricCard(title=name, needs=(), measures=(run.described[name],)) for name in names
    }
    monkeypatch.setattr(catalogue, "metrics", lambda: cards)
    told = page(run)
    head = "Headline measures of the last year"
    assert told.captions[:2] == [head, f"{head}, continued"]
    heads = [[cell.split()[0] for cell in table[0]] for table in told.tables[:2]]
    assert heads == [["Area", *names[:8]], ["Area", *names[8:]]]


def test_a_value_that_covers_a_part_is_marked(run: Run):
    """A mean over less than all people has a dagger."""
    rows = run.measures[0]
    rows.loc[rows["area_code"] == TEES, "covered_share"] = 0.9
    table = {row[0]: row[1:] for row in page(run).tables[0]}
    assert table[NAMES[TEES]][1] == "7.0†"
    assert table["England"][1] == "10.0"


def test_every_picture_is_within_the_page_and_told_in_words(run: Run):
    """Two maps of each measure, as SVG in the page, with the lowest and highest in their texts."""
    pictures = page(run).of("img")
    assert len(pictures) == 4
    for picture in pictures:
        head, _, content = str(picture["src"]).partition(",")
        assert head == "data:image/svg+xml;base64"
        svg = base64.b64decode(content).decode()
        assert "<svg" in svg
        assert not any(f'href="{start}' in svg for start in OUTSIDE)
    said = str(pictures[3]["alt"])
    assert "Tees Valley Combined Authority. Lowest: Hartlepool, 4.00. Highest: Middles" in said
    assert "Without data: 0 of 2 areas" in said


def test_several_years_are_a_trend_and_a_table(run: Run):
    """Two years of PM2.5 make a picture more and a table by year; one year makes neither."""
    one = page(run)
    assert "so no trend is shown" in " ".join(one.text)
    run.measures = [air(2022), air(), mortality()]
    two = page(run)
    assert len(two.of("img")) == len(one.of("img")) + 1
    assert len(two.tables) == len(one.tables) + 1
    assert two.captions[-1].endswith("by year")


def test_years_together_are_told_as_a_span(run: Run):
    """Rates of three years are headed and captioned by all of them, means of air by their year."""
    pooled = [mortality(year).assign(first_year=year - 2) for year in (2022, 2023)]
    run.measures = [air(2022), air(2023), *pooled]
    told = page(run)
    text = " ".join(" ".join(told.text).split())
    assert "Deaths from all causes, 2021 to 2023, per 100,000 people a year. Lower" in text
    assert "Deaths from all causes, 2020 to 2023, per 100,000" in text
    assert "Each point is of several years" in text
    assert "A number of several years, such as 2020 to 2022, rests on the counts of all" in text
    assert "per 100,000 people a year, 2021 to 2023" in told.tables[0][0][1]
    assert told.tables[0][0][2].endswith("µg/m³, 2023")
    alts = [attrs["alt"] or "" for attrs in told.of("img")]
    assert any("in 2021 to 2023, in per 100,000" in alt for alt in alts)
    assert any(alt.startswith("Map of PM2.5") and " in 2023, in" in alt for alt in alts)


def test_spans_of_one_measure_head_its_columns(run: Run):
    """A table by year of rates of three years has a column for each span."""
    run.measures = [mortality(year).assign(first_year=year - 2) for year in (2022, 2023)]
    heads = [cell.split(" per ")[0] for cell in page(run).tables[-1][0][1:]]
    assert heads == ["2020 to 2022", "2021 to 2023"]


def test_years_of_one_span_each_are_told_as_before(run: Run):
    """Where nothing is pooled there is no word of several years."""
    assert "several years" not in " ".join(page(run).text)


def test_years_of_another_method_are_not_called_a_trend(run: Run):
    """A change of method is said at the table by year."""
    run.measures = [air(2022).assign(method="Another."), air(), mortality()]
    assert "The method changed between years" in page(run).captions[-1]


def test_notes_and_sources_are_told(make_run: Callable[..., Run]):
    """What a value's note says stands under its table, and each source of them its attribution."""
    run = make_run("real", provider="file")
    rows = run.measures[1]
    rows.loc[rows["area_code"] == TEES, "note"] = "a note of Tees Valley"
    text = " ".join(page(run).text)
    assert f"Deaths from all causes, 2023; {NAMES[TEES]}: a note of Tees Valley" in text
    for name in run.settings.sources:
        assert (f"Attribution of {name}" in text) == (name != NOT_USED)


def test_tables_name_their_rows_columns_and_themselves(run: Run):
    """Every table has a caption, and every heading says what it heads."""
    told = page(run)
    assert len(told.captions) == len(told.tables)
    assert all(attrs.get("scope") in ("row", "col") for attrs in told.of("th"))
    assert [tag for tag, _ in told.tags].count("figcaption") == len(told.of("figure"))


def test_a_run_without_authorities_shows_its_districts(run: Run):
    """Where no district is in an authority the tables and maps are of districts."""
    run.areas["authority_code"] = pd.Series([None] * 3, dtype="str")
    run.areas["authority_name"] = pd.Series([None] * 3, dtype="str")
    run.measures = [frame[frame["level"] != "authority"] for frame in run.measures]
    table = {row[0]: row[1:] for row in page(run).tables[0]}
    assert list(table) == ["Area", "Hartlepool", "Middlesbrough", "Torbay", "England"]


def one_authority(run: Run) -> None:
    """Leave a run of Tees Valley alone, with a note of two years."""
    run.areas = run.areas[run.areas["authority_code"] == TEES].assign(all_england=False)
    frames = [air(2022).assign(note="people of 2021"), air().assign(note="people of 2021")]
    codes = {TEES, *run.areas["district_code"], *run.areas["small_area_code"]}
    run.measures = [frame[frame["area_code"].isin(codes)] for frame in frames]


def picture_of(told: Page, number: int) -> str:
    """Return a picture of a page as text."""
    return base64.b64decode(str(told.of("img")[number]["src"]).partition(",")[2]).decode()


def test_one_authority_has_its_districts_told_by_name(run: Run):
    """The page is of Tees Valley: its name above, its districts in tables, map and lines."""
    one_authority(run)
    told = page(run)
    text = " ".join(told.text)
    assert f"Health and environment of {NAMES[TEES]}" in text
    assert "1 authority, 2 districts, 2 small areas" in text
    for table in told.tables:
        assert [row[0] for row in table[1:]] == [NAMES[TEES], "Hartlepool", "Middlesbrough"]
    drawn, lines = picture_of(told, 0), picture_of(told, 1)
    assert "<!-- Authorities -->" not in drawn
    assert "<!-- Hartlepool -->" in drawn
    assert all(f"<!-- {name} -->" in lines for name in ("Tees Valley", "Middlesbrough"))
    assert "Each other line is one district" in text


def test_equal_notes_of_several_years_are_one(run: Run):
    """What is said of every value of a table stands once below it."""
    one_authority(run)
    notes = [text for text in page(run).text if "people of 2021" in text]
    assert notes == [
        "PM2.5, annual mean <by people>, 2023: people of 2021",
        "All values: people of 2021",
    ]


def test_a_note_that_says_the_share_gives_way_to_the_mark(run: Run):
    """Where a value rests on a part its dagger says so, and the rest of its note stands below."""
    one_authority(run)
    rows = run.measures[1]
    rows.loc[rows["area_code"] == A, "covered_share"] = 0.913
    rows.loc[rows["area_code"] == A, "note"] = "people of 2021; rests on 91.3 % of the whole"
    told = page(run)
    assert "91.3 %" not in " ".join(told.text)
    assert told.tables[0][2] == ["Hartlepool", "4.00†"]


def test_captions_are_plain_and_methods_stand_at_the_end(run: Run):
    """A caption says which way is better; how a measure is computed stands in a list of its own."""
    run.described["pm25_mean_ugm3"] = replace(MEASURES["pm25_mean_ugm3"], direction="neither")
    text = " ".join(page(run).text)
    assert "µg/m³. Neither a high nor a low value is better in itself. To compare with" in text
    assert "a year. Lower is better." in text
    assert text.count("Mean of cells.") == 1
    assert text.index("How each measure is computed") < text.index("Mean of cells.")


def test_limits_that_were_not_checked_are_marked_at_the_sources(run: Run):
    """No caption says verify: the figures are marked where their sources are told."""
    text = " ".join(page(run).text)
    assert "verify" not in text
    assert text.count("Figures marked so were not checked against their source") == 1
    assert text.index("WHO global air quality guidelines 2021") > text.index("Sources")
    assert "interval. Two values" in text
    assert "is its 95 % interval" in text


def test_columns_of_one_measure_are_headed_by_their_years(run: Run):
    """A table by year says its measure once, above it."""
    one_authority(run)
    told = page(run)
    assert told.captions[-1] == "PM2.5, annual mean <by people>: by year"
    assert told.tables[-1][0] == ["Area", "2022 µg/m³", "2023 µg/m³"]


@pytest.mark.parametrize(
    ("values", "decimals"), [([], 0), ([1234.5], 0), ([999.0], 1), ([9.5, 3], 2), ([-20.0], 1)]
)
def test_numbers_have_three_figures_or_more(values: list[float], decimals: int):
    """The largest value of a column settles how many decimals all of it has."""
    if values:
        assert decimals_for(pd.Series(values)) == decimals
    assert decimals_for(pd.Series(values or [1000.0])) == decimals


def test_numbers_are_written_as_in_england():
    """Commas part thousands, a true minus stands before a number below 0, and 0 has no sign."""
    assert number(1234567.8, 1) == "1,234,567.8"
    assert number(-2.5, 1) == "−2.5"
    assert number(-0.001, 1) == "0.0"
