"""Whether each authority stood, and had a mayor, in each year that a result is of.

A result is computed for the area of an authority in all years, those before it stood too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType

import pandas as pd

from healthycities import fields
from healthycities.geography.districts import FIRST_DATE, LAST_ASKED
from healthycities.geography.register import ENDED, Authority, Register
from healthycities.publish.assemble import Results
from healthycities.publish.wording import listed, split_name, years_said

AUTHORITY_YEARS = "authority_years"
"""Name of the table in the GeoPackage."""

STANDS = "stands"
MAYOR_IN_OFFICE = "mayor_in_office"
STOOD_BEFORE = "stood_before"

TITLE = (
    "Whether each authority of the run stood, and had a mayor, in each year of the measures. "
    "Values are of the authority's area on the map's date in all years."
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        fields.AREA_CODE: "Code of the authority",
        fields.AREA_NAME: "Name of the authority",
        fields.YEAR: "Year",
        STANDS: "Whether the authority stood in the middle of the year, on 30 June",
        MAYOR_IN_OFFICE: "Whether the authority stood on 30 June of the year, and its first mayor "
        "had been elected",
        STOOD_BEFORE: "Authorities in whose place it came that stood on 30 June of the year, by "
        "name, with a star after those that had a mayor; null where there is none",
    }
)


def middle(year: int) -> date:
    """Return the day that a year's authorities are asked at.

    Populations of a year are estimates of 30 June, so that the rates of a year are of that day.
    """
    return date(year, 6, 30)


def authority_years(results: Results, register: Register) -> pd.DataFrame:
    """Return one row for each authority and year of the results, sorted by both.

    Columns are the keys of `TITLES`; whether it stands and has a mayor are never missing.
    """
    known = {authority.area_code: authority for authority in register.everyone}
    codes = results.names["authority"].index
    rows = [_row(known[code], register, year) for code in codes for year in results.years()]
    table = pd.DataFrame(rows, columns=list(TITLES))
    text = dict.fromkeys((fields.AREA_CODE, fields.AREA_NAME, STOOD_BEFORE), "str")
    return table.astype({**text, fields.YEAR: "int64", STANDS: bool, MAYOR_IN_OFFICE: bool})


def _row(authority: Authority, register: Register, year: int) -> tuple[object, ...]:
    day = middle(year)
    before = "; ".join(dict.fromkeys(_before(authority, register, day)))
    stands, has_mayor = authority.stands(day), authority.mayor_in_office(day)
    return authority.area_code, authority.name, year, stands, has_mayor, before or None


def _before(authority: Authority, register: Register, day: date) -> Iterator[str]:
    """Yield the names of predecessors, of whatever generation, that stood on a day."""
    for one in register.predecessors(authority.key):
        if one.stands(day):
            yield f"{one.name}{'*' if one.mayor_in_office(day) else ''}"
        elif one.status(day) != ENDED:
            yield from _before(one, register, day)


def without_mayor(table: pd.DataFrame, register: Register) -> list[str]:
    """Return what a reader must know of authorities without a mayor in some year, for the report.

    Parameters
    ----------
    table : as `authority_years` gives it.

    Returns
    -------
    Sentences, each with the authorities that it is true of: ``No mayor before 2018: South
    Yorkshire``.
    """
    known = {authority.area_code: authority for authority in register.everyone}
    alike: dict[str, list[str]] = {}
    for code, years in table.groupby(fields.AREA_CODE):
        if not years[MAYOR_IN_OFFICE].all():
            authority = known[str(code)]
            alike.setdefault(_sentence(authority, years), []).append(split_name(authority.name)[0])
    return [f"{sentence}: {listed(sorted(names))}" for sentence, names in sorted(alike.items())]


def _sentence(authority: Authority, years: pd.DataFrame) -> str:
    """Say of an authority since when it has a mayor, and in which years it did not stand."""
    mayor_since = _first_year(authority.mayor_in_office)
    no_mayor = "No mayor" if mayor_since is None else f"No mayor before {mayor_since}"
    absent = years.loc[~years[STANDS], fields.YEAR]
    if authority.planned:
        return "Planned: does not stand"
    if absent.empty:
        return no_mayor
    return f"{no_mayor}; did not stand in {years_said(absent)}"


def _first_year(holds: Callable[[date], bool]) -> int | None:
    """Return the first year in whose middle something holds, as far as the register is asked."""
    years = range(FIRST_DATE.year, LAST_ASKED.year + 1)
    return next((year for year in years if holds(middle(year))), None)
