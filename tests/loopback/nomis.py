"""Tables of Nomis, made from data frames."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd
from tests.loopback.server import Answer, Asked

_PAGING = ("RECORD_OFFSET", "RECORD_COUNT")
_NO_DIMENSIONS = ("select", "recordlimit", "recordoffset", "uid")


def _unaltered(asked: Asked, answer: Answer) -> Answer:
    return answer


@dataclass
class Nomis:
    """Answers what follows ``/api/v01/dataset``: tables in CSV, and code lists.

    Parameters
    ----------
    tables : names such as NM_161_1 to rows, with the columns that Nomis gives them; columns that
        count the rows are made anew.
    codes : names such as NM_161_1/cause_of_death to code lists.
    guest_rows, member_rows : rows that it gives at once, whatever is asked for, without a word.
    members : the uids that it knows.
    altered : is given each answer before it is sent, and may give another.
    """

    tables: Mapping[str, pd.DataFrame]
    codes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    guest_rows: int = 25_000
    member_rows: int = 1_000_000
    members: tuple[str, ...] = ()
    altered: Callable[[Asked, Answer], Answer] = _unaltered
    _chosen: dict[tuple[tuple[str, str], ...], pd.DataFrame] = field(
        default_factory=dict, repr=False
    )

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        return self.altered(asked, self._answer(asked))

    def _answer(self, asked: Asked) -> Answer:
        if found := re.fullmatch(r"/(\w+/\w+)\.def\.sdmx\.json", asked.path):
            return _code_list(self.codes[found[1]])
        found = re.fullmatch(r"/(\w+)\.data\.csv", asked.path)
        if found is None or found[1] not in self.tables:
            return Answer(b"<html><body>Unknown dataset</body></html>", 404)
        query = {name.lower(): value for name, value in asked.query.items()}
        rows = self._rows(found[1], query)
        most = self.member_rows if query.get("uid") in self.members else self.guest_rows
        start = int(query.get("recordoffset", 0))
        page = rows.iloc[start : start + min(int(query.get("recordlimit", most)), most)]
        if "select" in query:
            page = page[[name.upper() for name in query["select"].split(",")]]
        text = page.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        return Answer(text.encode(), headers={"Content-Type": "text/csv"})

    def _rows(self, table: str, query: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of a query, counted; the same query is worked out once."""
        asked = {name: value for name, value in query.items() if name not in _NO_DIMENSIONS}
        key = (("table", table), *sorted(asked.items()))
        if key not in self._chosen:
            rows = self.tables[table]
            for name, value in asked.items():
                rows = rows[_matching(rows, name, value)]
            plain = rows.drop(columns=[name for name in _PAGING if name in rows])
            self._chosen[key] = plain.assign(RECORD_OFFSET=range(len(rows)), RECORD_COUNT=len(rows))
        return self._chosen[key]

    def show(self, table: str, rows: pd.DataFrame) -> None:
        """Publish other rows in place of those that are there."""
        self.tables = {**self.tables, table: rows}
        self._chosen.clear()


def _matching(rows: pd.DataFrame, dimension: str, value: str) -> pd.Series:
    """Tell which rows a parameter asks for: ``1,2``, ``0...2`` or ``TYPE424``."""
    if value.startswith("TYPE"):
        column = f"{dimension.upper()}_TYPECODE"
        kind = int(value.removeprefix("TYPE"))
        return rows[column] == kind if column in rows else pd.Series(True, index=rows.index)
    wanted: set[int] = set()
    for item in value.split(","):
        first, _, last = item.partition("...")
        wanted |= set(range(int(first), int(last or first) + 1))
    return rows[dimension.upper()].isin(wanted)


def _code_list(codes: Mapping[int, str]) -> Answer:
    listed = [
        {"description": {"lang": "en", "value": name}, "value": number}
        for number, name in codes.items()
    ]
    content = {"structure": {"codelists": {"codelist": [{"agencyid": "NOMIS", "code": listed}]}}}
    return Answer(json.dumps(content).encode(), headers={"Content-Type": "application/json"})
