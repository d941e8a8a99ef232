from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count, product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback.nomis import Nomis
from tests.loopback.plain import DirectClient
from tests.loopback.routes import routed
from tests.loopback.served import Serve, publishing
from tests.loopback.server import Answer, Asked

from healthycities import fields
from healthycities.download.nomis import codes, fetch
from healthycities.errors import DownloadError
from healthycities.health.causes import causes_in_group
from healthycities.sources import deaths, population, small_area_population
from healthycities.sources.demo.health import CAUSES
from healthycities.sources.raw import Raw

ROUTE = "/api/v01/dataset"
AS_AT = date(2025, 6, 1)
UID = "0xsecret"
BANDS = ["Aged under 1", "Aged 1 to 4", "Aged 5 to 9", "Aged 10-89", "Aged 90 and over"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serve]:
    """Serve until the test ends."""
    with publishing(tmp_path) as serve:
        yield serve


def people(districts: int = 2, year: int = 2022) -> pd.DataFrame:
    """Make a population table: totals and single years of age, each value another."""
    place = range(1, districts + 1)
    keys = list(product([year], place, [0, 1, 2], [200, *range(101, 192)]))
    table = pd.DataFrame(keys, columns=["DATE", "PLACE", "GENDER", "C_AGE"])
    sexes = table["GENDER"].map({0: 2, 1: 1, 2: 1})
    ages = table["C_AGE"].map(lambda age: 91 if age == 200 else 1)
    codes = table.pop("PLACE").map(lambda number: f"E0800{number:04d}")
    table.insert(1, "GEOGRAPHY_CODE", codes)
    table.insert(1, "GEOGRAPHY_TYPECODE", 424)
    return table.assign(MEASURES=20100, OBS_VALUE=sexes * ages * 3)


def counted(causes: dict[int, str], districts: tuple[str, ...] = ("E08000001",)) -> pd.DataFrame:
    """Make a table of deaths, one in each row."""
    keys = list(product([2022], districts, causes, [1, 2], range(1, 6)))
    names = ["DATE", "GEOGRAPHY_CODE", "CAUSE_OF_DEATH", "GENDER", "AGE"]
    table = pd.DataFrame(keys, columns=names)
    return table.assign(
        CAUSE_OF_DEATH_NAME=table["CAUSE_OF_DEATH"].map(causes),
        AGE_NAME=table["AGE"].map(lambda age: BANDS[age - 1]),
        MEASURE=1,
        MEASURES=20100,
        OBS_VALUE=1,
    )


PEOPLE = f"{ROUTE}/NM_2002_1.data.csv?geography=TYPE424&date=2022&gender=0...2&measures=20100"
DEATHS = f"{ROUTE}/NM_161_1.data.csv?geography=TYPE424&date=2022&measure=1&measures=20100"


def fetched(served: Any, nomis: Nomis, query: str, to: Path, **options: Any) -> Any:
    """Serve some tables, fetch one, and return the server."""
    at = served(ROUTE, nomis)
    fetch(at.client, at.server.address + query, to, **options)
    return at


def refused(served: Any, nomis: Nomis, query: str, to: Path, **options: Any) -> DownloadError:
    """Return the error that a fetch ends in."""
    with pytest.raises(DownloadError) as caught:
        fetched(served, nomis, query, to, **options)
    return caught.value


def on_page(number: int, change: Callable[[Answer], Answer], times: int = 1) -> Any:
    """Change the page that begins at a row, the first so many times it is asked for."""
    left = [times]

    def altered(asked: Asked, answer: Answer) -> Answer:
        if asked.query.get("RecordOffset") == str(number) and left[0]:
            left[0] -= 1
            return change(answer)
        return answer

    return altered


def as_lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Answer], Answer]:
    """Change the lines of an answer."""
    return lambda answer: Answer(b"\r\n".join(change(answer.body.splitlines())))


# --- Tables that are read by the sources ---


def test_a_table_is_fetched_page_by_page_and_read(served, tmp_path):
    """Cut in silence at fewer rows than asked for, it comes whole under one header."""
    to = tmp_path / "population.csv"
    nomis = Nomis({"NM_2002_1": people()}, guest_rows=100)
    at = fetched(served, nomis, PEOPLE, to)
    starts = [start for (start,) in at.asked("RecordOffset")]
    assert starts == ["0", "100", "200", "300", "400", "500"]
    assert at.asked("RecordLimit") == [("25000",)] * 6
    found = pd.read_csv(to)
    assert found["RECORD_OFFSET"].tolist() == list(range(2 * 3 * 92))
    read = population.read(Raw((to,), AS_AT, year=2022))
    assert read[fields.PEOPLE].sum() == 2 * 2 * 91 * 3


def test_only_the_rows_and_columns_asked_for_come(served, tmp_path):
    """RECORD_COUNT is added to the select, once."""
    to = tmp_path / "population.csv"
    wanted = "select=date,geography_code,gender,c_age,measures,obs_value"
    query = f"{ROUTE}/NM_2014_1.data.csv?date=2022&gender=0&c_age=200&{wanted}"
    small = people().assign(GEOGRAPHY_CODE=lambda one: "E01" + one["GEOGRAPHY_CODE"].str[3:])
    for select in ("", ",Record_Count"):
        at = fetched(served, Nomis({"NM_2014_1": small}), query + select, to)
        (asked,) = at.asked("select")
        assert asked[0].lower().split(",").count("record_count") == 1
        read = small_area_population.read(Raw((to,), AS_AT, year=2022))
        assert read[fields.PEOPLE].tolist() == [2 * 91 * 3] * 2


def test_the_same_table_gives_the_same_bytes(served, tmp_path):
    """However it is cut into pages, and whoever asks; with Unix line ends."""
    one, other, member = (tmp_path / f"{name}.csv" for name in ("one", "other", "member"))
    for to, rows in ((one, 100), (other, 333)):
        fetched(served, Nomis({"NM_2002_1": people()}, guest_rows=rows), PEOPLE, to)
    nomis = Nomis({"NM_2002_1": people()}, guest_rows=100, members=(UID,))
    at = fetched(served, nomis, PEOPLE, member, uid=UID)
    assert one.read_bytes() == other.read_bytes() == member.read_bytes()
    assert b"\r" not in one.read_bytes()
    assert at.asked("uid", "RecordLimit", "RecordOffset") == [(UID, "100000", "0")]


# --- Causes of death ---


def test_causes_are_asked_for_by_their_codes(served, tmp_path):
    """Numbers of Nomis's own are found in its code list, and a group of causes is read whole."""
    nomis = Nomis({"NM_161_1": counted(CAUSES)}, {"NM_161_1/cause_of_death": CAUSES})
    to = tmp_path / "deaths.csv"
    causes = "0,C00-C97,E10-E14,I00-I99,J30-J98,U509%2CV01-Y89"
    at = fetched(served, nomis, f"{DEATHS}&cause_of_death={causes}&gender=1,2&age=1...20", to)
    ((asked,),) = at.asked("cause_of_death")
    assert set(map(int, asked.split(","))) == set(CAUSES)
    read = deaths.read(Raw((to,), AS_AT, year=2022))
    found = set(read[fields.CAUSE_ICD10])
    assert {"all", "C00-C97", "J95", "V01-Y89"} <= found
    assert len(causes_in_group(found, "ncd4")) == 12


def test_numbers_are_asked_for_as_they_are(served, tmp_path):
    """Without a look at the code list."""
    nomis = Nomis({"NM_161_1": counted(CAUSES)})
    at = fetched(served, nomis, f"{DEATHS}&cause_of_death=0,9", tmp_path / "deaths.csv")
    assert at.asked("cause_of_death") == [("0,9",)]
    assert len(at.server.asked) == 1


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [("C50", "4"), ("C00-C97", "2"), ("C15-C26", "3"), ("C00-C60", "3,4"),
     ("A00-R99%2CU00-Y89", "0"), ("7,C50,4", "7,4"), ("K70-K76", "8,9")],
)  # fmt: skip
def test_a_range_is_the_cause_of_that_name_or_the_largest_within_it(
    served, tmp_path, asked, numbers
):
    """Never a part of one that is taken already, and a code of two numbers once."""
    listed = {
        0: "A00-R99, U00-Y89 All causes, all ages", 2: "C00-C97 Malignant neoplasms",
        3: "C15-C26 Digestive organs", 5: "C18-C21 Colon", 4: "C50 Breast", 6: "C50 Breast",
        7: "Deaths under investigation", 8: "K70-K73 Liver", 9: "K74-K76 Other liver",
        10: "K74 Fibrosis",
    }  # fmt: skip
    nomis = Nomis({"NM_161_1": counted(listed)}, {"NM_161_1/cause_of_death": listed})
    at = fetched(served, nomis, f"{DEATHS}&cause_of_death={asked}", tmp_path / "deaths.csv")
    assert at.asked("cause_of_death") == [(numbers,)]


@pytest.mark.parametrize("cause", ["Q00-Q99", "C97-C00", "U509,V01-Y89"])
def test_a_cause_that_is_not_listed_is_named(served, tmp_path, cause):
    """With the address of the list, and how a comma is written."""
    nomis = Nomis({"NM_161_1": counted(CAUSES)}, {"NM_161_1/cause_of_death": CAUSES})
    error = refused(served, nomis, f"{DEATHS}&cause_of_death={cause}", tmp_path / "deaths.csv")
    assert f"no cause of death {cause.split(',')[0]}" in str(error)
    assert "NM_161_1/cause_of_death.def.sdmx.json" in str(error)


def test_code_lists_are_read(served):
    """What Nomis calls each value; anything else is told of."""
    nomis = Nomis({}, {"NM_161_1/gender": {0: "Total", 1: "Male"}})
    at = served(ROUTE, nomis)
    assert codes(at.client, f"{at.address}/NM_161_1", "gender") == {"0": "Total", "1": "Male"}
    nomis.altered = lambda *_: Answer(b'{"structure": {"codelists": null}}')
    with pytest.raises(DownloadError, match="expected a code list of SDMX"):
        codes(at.client, f"{at.address}/NM_161_1", "gender")


# --- Faults ---


FAULTS = {
    "twice": as_lines(lambda lines: [*lines[:2], lines[1], *lines[3:]]),
    "missing": as_lines(lambda lines: lines[:1]),
    "cut": as_lines(lambda lines: [*lines[:-1], lines[-1][:9]]),
    "columns": as_lines(lambda lines: [line + b",1" for line in lines]),
    "count": as_lines(lambda lines: [lines[0], *(line[:-3] + b"999" for line in lines[1:])]),
    "nothing": lambda _: Answer(b""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_pages_that_change_once_are_read_again(served, tmp_path, fault):
    """A row twice or missing, a line cut, another count: all start over, and the file is whole."""
    to, whole = tmp_path / "population.csv", tmp_path / "whole.csv"
    fetched(served, Nomis({"NM_2002_1": people()}), PEOPLE, whole)
    altered = on_page(100, FAULTS[fault])
    fetched(served, Nomis({"NM_2002_1": people()}, guest_rows=100, altered=altered), PEOPLE, to)
    assert to.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("fault", "told"),
    [("twice", "came again"), ("missing", "says 552 rows, and 100 came"),
     ("cut", "cells where the header has"), ("columns", "columns DATE"),
     ("count", "RECORD_COUNT is not the same in all rows")],
)  # fmt: skip
def test_pages_that_change_again_stop_with_one_message(served, tmp_path, fault, told):
    """The second time, what was found is told."""
    altered = on_page(100, FAULTS[fault], times=2)
    nomis = Nomis({"NM_2002_1": people()}, guest_rows=100, altered=altered)
    error = refused(served, nomis, PEOPLE, tmp_path / "population.csv")
    assert "cut short, or the table changes while it is read" in str(error)
    assert told in str(error)


ROW_FAULTS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "short": lambda lines: lines[: 1 + len(lines) // 2],
    "empty": lambda lines: lines[:1],
    "first missing": lambda lines: lines[:1] + lines[2:],
    "twice": lambda lines: lines[:2] + lines[1:],
    "cut": lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]],
    "an error": lambda _: [b"error"],
}


@given(
    rows=st.integers(1, 12),
    page=st.integers(1, 5),
    faults=st.dictionaries(st.integers(0, 9), st.sampled_from([*ROW_FAULTS, "grows"]), max_size=4),
)
def test_whatever_happens_the_file_is_right_or_there_is_an_error(
    tmp_path_factory, rows, page, faults
):
    """Of any pages with any faults: all rows of one moment, or one clear message."""
    asked_before = count()
    published = [list(range(99 - rows, 99))]

    def altered(asked: Asked, answer: Answer) -> Answer:
        fault = faults.get(next(asked_before))
        if fault == "grows":
            published.append([published[-1][0] - 1, *published[-1]])
            nomis.show("NM_1_1", pd.DataFrame({"DATE": 2022, "OBS_VALUE": published[-1]}))
        return as_lines(ROW_FAULTS.get(str(fault), list))(answer)

    table = pd.DataFrame({"DATE": 2022, "OBS_VALUE": published[0]})
    nomis = Nomis({"NM_1_1": table}, guest_rows=page, altered=altered)
    to = tmp_path_factory.mktemp("table") / "table.csv"
    address = f"https://localhost{ROUTE}/NM_1_1.data.csv?date=2022"
    try:
        fetch(DirectClient(routed({ROUTE: nomis})), address, to)
    except DownloadError:
        assert faults
    else:
        assert pd.read_csv(to)["OBS_VALUE"].tolist() in published


def test_a_table_that_grows_under_way_is_read_again(served, tmp_path):
    """A district more, published between two pages, is in the file whole."""

    def grow(answer: Answer) -> Answer:
        nomis.show("NM_2002_1", people(3))
        return nomis(Asked("GET", "/NM_2002_1.data.csv", {"date": "2022"}, {}))

    nomis = Nomis({"NM_2002_1": people()}, guest_rows=100, altered=on_page(500, grow))
    to = tmp_path / "population.csv"
    fetched(served, nomis, PEOPLE, to)
    assert pd.read_csv(to)["GEOGRAPHY_CODE"].value_counts().tolist() == [3 * 92] * 3


def test_a_year_without_data_is_told(served, tmp_path):
    """Whether Nomis answers a header alone or nothing at all."""
    query = PEOPLE.replace("2022", "1066")
    nomis = Nomis({"NM_2002_1": people()})
    for altered in (nomis.altered, lambda *_: Answer(b""), lambda *_: Answer(b"\r\n")):
        nomis.altered = altered
        error = refused(served, nomis, query, tmp_path / "population.csv")
        assert "has no row for this query: not for this year" in str(error)
        assert "date=1066" in str(error)


@pytest.mark.parametrize("body", [b"Busy", b'"error","Invalid geography"\r\n', b"A,B\r\n1,2\r\n"])
def test_what_is_no_table_is_told_as_it_begins(served, tmp_path, body):
    """An error or another table that comes with HTTP 200."""
    nomis = Nomis({"NM_2002_1": people()}, altered=lambda *_: Answer(body))
    error = refused(served, nomis, PEOPLE, tmp_path / "population.csv")
    assert "expected CSV with the column RECORD_COUNT, found what begins with" in str(error)
    assert repr(body.decode()) in str(error)


def test_columns_in_small_letters_are_known(served, tmp_path):
    """The names of columns are taken as they come, whatever their case."""

    def small(asked: Asked, answer: Answer) -> Answer:
        head, _, rest = answer.body.partition(b"\r\n")
        return Answer(head.lower() + b"\r\n" + rest)

    to = tmp_path / "population.csv"
    nomis = Nomis({"NM_2002_1": people()}, guest_rows=400, altered=small)
    fetched(served, nomis, PEOPLE, to)
    assert to.read_text().startswith("date,")
    assert len(population.read(Raw((to,), AS_AT, year=2022))) == 2 * 2 * 91


def test_text_that_is_not_utf8_is_read(served, tmp_path):
    """Accents of Windows, which old tables have, come out as they should."""
    named = people(1).assign(GEOGRAPHY_NAME="Ynys Môn")

    def altered(asked: Asked, answer: Answer) -> Answer:
        return Answer(answer.body.decode().encode("cp1252"))

    to = tmp_path / "population.csv"
    fetched(served, Nomis({"NM_2002_1": named}, altered=altered), PEOPLE, to)
    assert set(pd.read_csv(to, encoding="utf-8")["GEOGRAPHY_NAME"]) == {"Ynys Môn"}


# --- Addresses and secrets ---


def test_the_uid_stands_in_no_message(served, tmp_path, caplog):
    """An error names the query without it, and no log line of ours holds it."""
    with caplog.at_level(logging.DEBUG, logger="healthycities"):
        nomis = Nomis({"NM_2002_1": people()}, altered=lambda *_: Answer(b"error"))
        error = refused(served, nomis, PEOPLE, tmp_path / "population.csv", uid=UID)
    assert UID not in str(error) + caplog.text
    assert "geography=TYPE424" in str(error)


def test_an_address_with_a_uid_is_refused(served, tmp_path):
    """Addresses are written to files that are shared; the message does not repeat it."""
    at = served(ROUTE, Nomis({}))
    for address in (f"{PEOPLE}&uid={UID}", f"{PEOPLE}&UID={UID}"):
        with pytest.raises(DownloadError, match="holds a uid") as caught:
            fetch(at.client, at.server.address + address, tmp_path / "population.csv")
        assert UID not in str(caught.value)
    assert at.server.asked == []


def test_an_address_that_is_no_table_is_refused(served, tmp_path):
    """Before anything is asked."""
    at = served(ROUTE, Nomis({}))
    for path in ("/NM_2002_1.data.json?date=2022", "/NM_2002_1.data.csv", "/census2021-ts001.zip"):
        with pytest.raises(DownloadError, match=r"expected the address of a table"):
            fetch(at.client, at.address + path, tmp_path / "population.csv")
    assert at.server.asked == []
