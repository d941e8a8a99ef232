"""Tables of Nomis (https://www.nomisweb.co.uk/api/v01/help).

Nomis cuts a long answer short without a word. Tables are therefore asked for page by page, each
page begins where the last one ended, and the file is written only when as many rows have come as
RECORD_COUNT says that there are.

What a query asks for stands in its address. Where it asks for causes of death by their codes of
ICD-10, as in ``cause_of_death=0,C00-C97,J30-J98``, these are looked up in the code list of the
table, as Nomis has numbers of its own for them. Districts are asked for by a number for each
vintage of boundaries, of which public code gives these (verify): TYPE464 before April 2015,
TYPE446 of April 2015, TYPE434 of April 2019, TYPE432 of April 2021, TYPE424 of April 2023; TYPE151
are the small areas of 2021 and TYPE298 those of 2011. Abolished districts may have rows whose
value is 0.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_plus, urlencode

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from healthycities.download.protocols import Client
from healthycities.errors import DownloadError, SchemaError
from healthycities.health.causes import CodeRange, code_range

GUEST_ROWS, MEMBER_ROWS = 25_000, 100_000
"""Rows asked for at once: as many as a guest may, and for members a page that memory can hold."""

_ADDRESS = re.compile(r"(.+/NM_\d+_\d+)\.data\.csv\?(.+)")
_CAUSES = "cause_of_death"
_COUNT, _OFFSET = "RECORD_COUNT", "RECORD_OFFSET"


class _ChangedError(DownloadError):
    """The table is not now what it was when its first page was read."""


class _Page(NamedTuple):
    """The names of the columns as Nomis writes them, and the cells of each row."""

    header: list[str]
    rows: list[list[str]]

    def at(self, name: str) -> int:
        """Return where a column stands, whatever the case of its name."""
        return [one.upper() for one in self.header].index(name)


def fetch(client: Client, address: str, to: Path, *, uid: str | None = None) -> None:
    """Write all rows of a query to one CSV file, in the order that Nomis gives them.

    Parameters
    ----------
    address : of the table in CSV and without a uid, ``…/NM_161_1.data.csv?geography=TYPE424&…``.
        RECORD_COUNT is added to its ``select``, where it has one.
    to : receives the file; what stands there is overwritten.
    uid : of a member of Nomis; goes into what is asked, and into no file and no message.

    Raises
    ------
    DownloadError : the address is none of a table, or holds a uid; the answer is no table, or has
        no row; a cause is not in the code list; or the table changed again while it was read for
        the second time.
    """
    query = _prepared(client, address)
    for attempt in Retrying(
        retry=retry_if_exception_type(_ChangedError), stop=stop_after_attempt(2), reraise=True
    ):
        with attempt, to.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for number, page in enumerate(_pages(client, query, uid)):
                writer.writerows(page.rows if number else [page.header, *page.rows])


# --- What is asked ---


def _prepared(client: Client, address: str) -> str:
    """Return the address of a query that says how many rows it has, with the numbers of causes."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise DownloadError(
            "expected the address of a table, such as …/NM_2002_1.data.csv?geography=TYPE424",
            file=address,
            mend="Give it so as `address` under this source in the configuration.",
        )
    dataset, query = match.groups()
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    if any(name.lower() == "uid" for name, _ in pairs):
        raise DownloadError(
            "the address of a table holds a uid, which is a secret of its owner",
            file=dataset,
            mend="Take it out of the address, and give it through the environment.",
        )
    prepared = [_prepared_pair(client, dataset, name, value) for name, value in pairs]
    return f"{dataset}.data.csv?{'&'.join(prepared)}"


def _prepared_pair(client: Client, dataset: str, name: str, value: str) -> str:
    items = value.split(",")
    if name.lower() == "select" and _COUNT.lower() not in map(str.lower, items):
        items.append(_COUNT)
    if name.lower() == _CAUSES:
        items = _numbers_of_causes(client, dataset, items)
    return f"{name}={','.join(items)}"


# --- Code lists ---


def codes(client: Client, dataset: str, dimension: str) -> dict[str, str]:
    """Return what Nomis calls each value of a dimension of a table.

    Parameters
    ----------
    dataset : its address, ``https://www.nomisweb.co.uk/api/v01/dataset/NM_161_1``.
    dimension : such as ``cause_of_death``.

    Returns
    -------
    dict of the value asked for in a query, such as 9, to its name, such as ``I00-I99 IX Diseases
    of the circulatory system``.

    Raises
    ------
    DownloadError : the answer is no code list of SDMX in JSON.
    """
    address = f"{dataset}/{dimension}.def.sdmx.json"
    answer = client.json(address)
    try:
        (listed,) = answer["structure"]["codelists"]["codelist"]
        return {str(one["value"]): str(one["description"]["value"]) for one in listed["code"]}
    except (KeyError, TypeError, ValueError) as error:
        raise DownloadError(
            f"expected a code list of SDMX, found {str(answer)[:200]}",
            file=address,
            mend="Check in a browser whether Nomis still has the table.",
        ) from error


def _numbers_of_causes(client: Client, dataset: str, items: Sequence[str]) -> list[str]:
    """Return causes by their numbers at Nomis; those that are numbers stay as they are."""
    if not any(_is_icd10(item) for item in items):
        return list(items)
    heads = _icd10_heads(codes(client, dataset, _CAUSES))
    found = [
        number
        for item in items
        for number in (_numbers(item, heads, dataset) if _is_icd10(item) else [item])
    ]
    return list(dict.fromkeys(found))


def _is_icd10(item: str) -> bool:
    return re.match(r"[A-Z]\d", item) is not None


def _icd10_heads(names: Mapping[str, str]) -> dict[str, str]:
    """Return the codes that names begin with, as ``C00-C97`` or ``U509,V01-Y89``, to numbers.

    A block of one code is there twice, as a block and as a code; the first of them is taken.
    """
    heads: dict[str, str] = {}
    for number, name in names.items():
        found = re.match(r"[A-Z]\d\S*((?<=,) \S+)*", name)
        if found:
            heads.setdefault(found[0].replace(" ", ""), number)
    return heads


def _numbers(item: str, heads: Mapping[str, str], dataset: str) -> list[str]:
    """Return the number of a range of ICD-10, or of the largest causes that lie within it."""
    wanted = unquote_plus(item).replace(" ", "")
    if wanted in heads:
        return [heads[wanted]]
    whole = _range(wanted)
    inside = {} if whole is None else {
        part: number for head, number in heads.items()
        if (part := _range(head)) is not None and part.within(whole)
    }  # fmt: skip
    if not inside:
        raise DownloadError(
            f"there is no cause of death {wanted}, nor any within it",
            file=f"{dataset}/{_CAUSES}.def.sdmx.json",
            mend="Take the codes that the names of the list begin with; the comma of "
            "U509,V01-Y89 is written %2C.",
        )
    largest = [one for one in inside if not any(one != other and one.within(other)
                                                for other in inside)]  # fmt: skip
    return [inside[one] for one in sorted(largest)]


def _range(head: str) -> CodeRange | None:
    """Return the range that a head is, where it is one."""
    try:
        return code_range(head)
    except SchemaError:
        return None


# --- Pages ---


def _pages(client: Client, query: str, uid: str | None) -> Iterator[_Page]:
    """Yield pages until all rows are there, and see that they are of one table."""
    size = GUEST_ROWS if uid is None else MEMBER_ROWS
    first = _page(client, query, uid, size, 0)
    if not first.rows:
        raise DownloadError(
            "Nomis has no row for this query: not for this year, or not for these areas",
            file=query,
            mend="Choose another year, or correct the address of the source.",
        )
    total, read = _counted(first, query), 0
    seen: set[bytes] = set()
    page = first
    while page.rows:
        read += len(page.rows)
        _require_same(page, first, query)
        _require_new(page, seen, query)
        yield page
        if read >= total:
            break
        page = _page(client, query, uid, size, read)
    if read != total:
        raise _changed(query, f"{_COUNT} says {total} rows, and {read} came")


def _page(client: Client, query: str, uid: str | None, size: int, start: int) -> _Page:
    member = {} if uid is None else {"uid": uid}
    asked = urlencode({"RecordLimit": size, "RecordOffset": start, **member})
    text = _decoded(client.read(f"{query}&{asked}").body)
    header, *rows = csv.reader(io.StringIO(text, newline="")) if text.strip() else [[_COUNT]]
    if _COUNT not in map(str.upper, header):
        raise DownloadError(
            f"expected CSV with the column {_COUNT}, found what begins with {text[:100]!r}",
            file=query,
            mend="Open the address in a browser: Nomis says there what it does not understand.",
        )
    rows = [row for row in rows if row]
    short = next((row for row in rows if len(row) != len(header)), None)
    if short is not None:
        raise _changed(query, f"a row has {len(short)} cells where the header has {len(header)}")
    return _Page(header, rows)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _changed(query: str, found: str) -> _ChangedError:
    return _ChangedError(
        f"the answer is cut short, or the table changes while it is read: {found}",
        file=query,
        mend="Try again later: Nomis may be at work on it.",
    )


def _counted(page: _Page, query: str) -> int:
    said = _column(page, _COUNT)
    if len(said) != 1 or not min(said).isdecimal():
        raise _changed(query, f"{_COUNT} says {', '.join(sorted(said)[:5])}")
    return int(min(said))


def _column(page: _Page, name: str) -> set[str]:
    at = page.at(name)
    return {row[at] for row in page.rows}


def _require_same(page: _Page, first: _Page, query: str) -> None:
    """Require the columns and the number of rows that the first page told."""
    if page.header != first.header:
        raise _changed(query, f"columns {', '.join(page.header)} after {', '.join(first.header)}")
    if _column(page, _COUNT) != _column(first, _COUNT):
        raise _changed(query, f"{_COUNT} is not the same in all rows")


def _require_new(page: _Page, seen: set[bytes], query: str) -> None:
    """Require rows that have not come before, and remember them."""
    named = [at for at, name in enumerate(page.header) if name.upper() != _OFFSET]
    for row in page.rows:
        mark = hashlib.blake2b("\0".join(row[at] for at in named).encode(), digest_size=16).digest()
        if mark in seen:
            raise _changed(query, f"the row {','.join(row)[:200]} came again")
        seen.add(mark)
