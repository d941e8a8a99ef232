"""The year that a table is of, where a column, the path or the configuration says it."""

from __future__ import annotations

from healthycities.errors import SourceError
from healthycities.io.tabular import Table
from healthycities.sources.raw import Raw


def rows_of_year(table: Table, raw: Raw, column: str, said: int | None = None) -> Table:
    """Return the rows of the year that is wanted, of a table that says its year somewhere.

    Parameters
    ----------
    column : column of years, which the table may lack.
    said : the year that a table without one says otherwise, such as in its header.

    Raises
    ------
    SourceError : the table is of other years, or does not say of which.
    """
    if table.has(column):
        return _with_rows_of(table, raw, column)
    if said not in (None, raw.data_year):
        raise SourceError(
            f"expected values of {raw.data_year}, but the file says that it is of {said}",
            file=table.files,
            mend="Correct the path of the source, or its vintage.",
        )
    if said is None and raw.vintage is None and str(raw.year) not in str(raw.paths[0]):
        raise SourceError(
            f"the year of the values is not known: neither the path nor a column says {raw.year}",
            file=table.files,
            mend="Put {year} into the path of the source, or give its vintage.",
        )
    return table


def _with_rows_of(table: Table, raw: Raw, column: str) -> Table:
    years = table.whole_numbers(column)
    if raw.data_year not in years.to_numpy():
        held = ", ".join(map(str, sorted(years.unique().tolist())))
        raise SourceError(
            f"expected values of {raw.data_year}, found those of {held}",
            file=table.files,
            mend="Ask for these years only, or say in vintage which of them stands in for others.",
        )
    return table.where(years == raw.data_year)
