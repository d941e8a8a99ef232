"""Tables: published CSV files read with care, and prepared Parquet files.

A published CSV file is rarely a table alone: titles stand above its header, notes below its last
row, numbers carry thousands separators, and columns change their name with every vintage. What is
read here is found by the names of its columns, and whatever is wrong is told with the number of
its line, as an editor shows it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from healthycities.errors import SchemaError, SourceError
from healthycities.io.atomic import replacing

_HIGHEST_HEADER = 100
"""Records in which a header is looked for; the longest seen has 5 lines above it."""

_LONGEST_NAME = 150
"""Characters of a column's name that a message shows: a web page is one long line."""

_NUMBER = r"^[+-]?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_DOWNLOAD_AGAIN = "Download the file again."
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Column(NamedTuple):
    """A column to look for.

    Parameters
    ----------
    name : the name that it is given.
    published : regular expression of the names that it is published under, in any case.
    example : one of these names, for messages.
    required : whether a file without it is refused.
    """

    name: str
    published: str
    example: str
    required: bool = True

    def is_published_as(self, name: str) -> bool:
        """Whether a name is one that the column is published under."""
        return re.fullmatch(self.published, name, re.IGNORECASE) is not None


def exactly(published: str, *, required: bool = True) -> Column:
    """Return a column that is always published under one name, and keeps it."""
    return Column(published, re.escape(published), published, required)


Layout = Sequence[Column]


@dataclass(frozen=True)
class Sheet:
    """The text of a CSV file, and where its table begins.

    Parameters
    ----------
    file : the file.
    text : all of its text.
    header : the header's cells.
    header_line : the line that the header begins on, counted from 1.
    body_line, body_starts : the line after the header, and the place in ``text`` where it begins.
    titles : cells above the header that hold something.
    """

    file: Path
    text: str = field(repr=False)
    header: tuple[str, ...]
    header_line: int
    body_line: int
    body_starts: int
    titles: tuple[str, ...]

    @property
    def body(self) -> str:
        """The text below the header."""
        return self.text[self.body_starts :]

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record below the header that is not blank, with the line it begins on."""
        reader = csv.reader(io.StringIO(self.body, newline=""))
        begins = self.body_line
        for cells in reader:
            if "".join(cells).strip() or len(cells) == len(self.header):
                yield begins, cells
            begins = self.body_line + reader.line_num


@dataclass(frozen=True)
class Table:
    """Rows of one or more CSV files of one layout, as text, and where each row stands.

    Parameters
    ----------
    rows : text under the names of the columns; the index counts the records of all files.
    sheets : the files.
    starts : the index of each file's first record.
    own_names : the name that the files have for each column.
    """

    rows: pd.DataFrame
    sheets: tuple[Sheet, ...] = field(repr=False)
    starts: tuple[int, ...]
    own_names: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, name: str) -> bool:
        """Whether the files have a column that they may lack."""
        return name in self.rows

    @property
    def files(self) -> str:
        """Names of the files, for a message about all of them."""
        more = len(self.sheets) - 1
        return f"{self.sheets[0].file}{f' and {more} more' if more else ''}"

    def where(self, kept: pd.Series) -> Table:
        """Return the rows for which ``kept`` is true."""
        return replace(self, rows=self.rows[kept])

    def by_file(self) -> list[tuple[Path, pd.DataFrame]]:
        """Return the rows of each file."""
        number = np.searchsorted(self.starts, self.rows.index.to_numpy(), side="right") - 1
        return [(sheet.file, self.rows[number == n]) for n, sheet in enumerate(self.sheets)]

    def place(self, row: int) -> tuple[Path, int]:
        """Return the file and the line of a row, given its index."""
        number = int(np.searchsorted(self.starts, row, side="right")) - 1
        sheet, record = self.sheets[number], row - self.starts[number]
        return sheet.file, next(islice(sheet.lines(), record, None))[0]

    def wrong(self, row: int, name: str, expected: str) -> SchemaError:
        """Return the error that a cell is not what was expected."""
        file, line = self.place(row)
        found = self.rows[name].loc[row]
        return SchemaError(
            f"expected {expected}, found {repr(found) if found else 'nothing'}",
            file=file,
            place=f"line {line}, column {self.own_names[name]}",
            mend="Correct the line, or download the file again.",
        )

    def require(self, sound: pd.Series, name: str, expected: str) -> None:
        """Raise for the first row that is not sound; ``sound`` has the index of the rows.

        Raises
        ------
        SchemaError : naming the file, the line, the column and what was found.
        """
        if not sound.all():
            raise self.wrong(int(sound.index[~sound][0]), name, expected)

    def numbers(
        self, name: str, *, at_least: float = -np.inf, missing: Sequence[str] = ()
    ) -> pd.Series:
        """Return a column's numbers, float64; thousands separators are understood.

        Parameters
        ----------
        name : the column.
        at_least : the lowest number that is possible.
        missing : texts that stand for a value that is missing, which becomes NaN.

        Raises
        ------
        SchemaError : text where a number belongs, or a number below the lowest.
        """
        text = self.rows[name]
        absent = text.isin(missing)
        expected = "a number" if np.isinf(at_least) else f"a number of {at_least:g} or more"
        self.require(_is_number(text) | absent, name, expected)
        plain = text.mask(absent).str.replace(",", "", regex=False)
        numbers = pd.to_numeric(plain).astype("float64")
        self.require(absent | (numbers.abs() < np.inf) & (numbers >= at_least), name, expected)
        return numbers

    def whole_numbers(self, name: str) -> pd.Series:
        """Return a column's numbers, int64.

        Raises
        ------
        SchemaError : text, or a fraction, where a whole number belongs.
        """
        numbers = self.numbers(name)
        self.require(numbers == np.floor(numbers), name, "a whole number")
        return numbers.astype("int64")

    def require_unique(self, names: Sequence[str]) -> None:
        """Require that no two rows have the same text in all of some columns.

        Raises
        ------
        SchemaError : naming what stands twice, and both of its lines.
        """
        again = self.rows.duplicated(list(names))
        if again.any():
            self._stands_twice(int(self.rows.index[again][0]), list(names))

    def _stands_twice(self, row: int, names: list[str]) -> NoReturn:
        same = (self.rows[names] == self.rows.loc[row, names]).all(axis=1)
        file, line = self.place(row)
        first_file, first_line = self.place(int(self.rows.index[same][0]))
        first = f"line {first_line}" + ("" if first_file == file else f" of {first_file}")
        raise SchemaError(
            f"{', '.join(self.rows.loc[row, names])} stands there and on {first}",
            file=file,
            place=f"line {line}",
            mend="Keep one of the two lines.",
        )


def _is_number(text: pd.Series) -> pd.Series:
    found = pc.match_substring_regex(pa.array(text, pa.string()), _NUMBER)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=text.index)


# --- From a file to text ---


def _read_bytes(file: Path) -> bytes:
    """Read a file, through gzip where it is gzipped, whatever its name says."""
    try:
        content = file.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            f"the gzip file is cut short or damaged ({error})", file=file, mend=_DOWNLOAD_AGAIN
        ) from error
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror or error}",
            file=file,
            mend="Correct the path of the source, or put the file there.",
        ) from error


def _decode(content: bytes) -> str:
    """Decode UTF-8, with a mark at its front or not, or the Windows text of older files."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_text(file: Path) -> str:
    content = _read_bytes(file)
    if content.startswith(_ZIP):
        raise SourceError(
            "expected a CSV file, found a workbook or a zip archive",
            file=file,
            mend="Save the sheet that holds the table as CSV, or unpack the archive.",
        )
    text = _decode(content)
    if not text.strip():
        raise SourceError("the file is empty", file=file, mend=_DOWNLOAD_AGAIN)
    return text


# --- The header ---


class _Candidate(NamedTuple):
    """A record that may be the header: its cells and line, and where the next one starts."""

    cells: list[str]
    line: int
    next_line: int
    next_starts: int


def _first_records(file: Path, text: str) -> list[_Candidate]:
    stream = io.StringIO(text, newline="")
    reader = csv.reader(iter(stream.readline, ""))
    records = []
    begins = 1
    try:
        for cells in islice(reader, _HIGHEST_HEADER):
            records.append(_Candidate(cells, begins, reader.line_num + 1, stream.tell()))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(
            f"expected CSV, found something else ({error})", file=file, place=f"line {begins}"
        ) from error
    records = [record for record in records if "".join(record.cells).strip()]
    if not records:
        raise SourceError(
            f"expected a header, found {_HIGHEST_HEADER} blank lines",
            file=file,
            mend=_DOWNLOAD_AGAIN,
        )
    return records


def _plain(name: str) -> str:
    """Return a name without the spaces and line breaks that a spreadsheet leaves in it."""
    return " ".join(name.split())


def _own_name(column: Column, renamed: Mapping[str, str]) -> str | None:
    """Return the name that the configuration says the file has for a column."""
    return next((own for key, own in renamed.items() if column.is_published_as(_plain(key))), None)


def _hits(cells: Sequence[str], layout: Layout, renamed: Mapping[str, str]) -> dict[str, list[int]]:
    """Find the cells that may be each column; a cell is of the first column that claims it."""
    free = {number: _plain(cell) for number, cell in enumerate(cells) if cell.strip()}
    found: dict[str, list[int]] = {}
    for column in layout:
        own = _own_name(column, renamed)
        found[column.name] = [
            number
            for number, cell in free.items()
            if (column.is_published_as(cell) if own is None else cell.lower() == own.lower())
        ]
        for number in found[column.name]:
            del free[number]
    return found


def _missing(layout: Layout, hits: Mapping[str, list[int]]) -> list[Column]:
    return [column for column in layout if column.required and not hits[column.name]]


def _require_known_names(file: Path, layouts: Sequence[Layout], renamed: Mapping[str, str]) -> None:
    columns = [column for layout in layouts for column in layout]
    for key in renamed:
        if not any(column.is_published_as(_plain(key)) for column in columns):
            known = ", ".join(dict.fromkeys(column.example for column in columns))
            raise SchemaError(
                f"`columns` gives a name for {key!r}, which is not a column of this source",
                file=file,
                mend=f"The columns are {known}.",
            )


def _no_header(
    file: Path, records: list[_Candidate], layouts: Sequence[Layout], renamed: Mapping[str, str]
) -> SchemaError:
    """Return the error for the record that comes nearest to a header."""
    tries = [
        (len(_missing(layout, hits)) - sum(map(len, hits.values())), number, layout, hits)
        for number, record in enumerate(records)
        for layout in layouts
        for hits in [_hits(record.cells, layout, renamed)]
    ]
    _, number, layout, hits = min(tries, key=lambda attempt: attempt[:1])
    absent = _missing(layout, hits)
    wanted = ", ".join(_own_name(column, renamed) or column.example for column in absent[:5])
    more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
    cells = [repr(_plain(cell)[:_LONGEST_NAME]) for cell in records[number].cells if cell.strip()]
    return SchemaError(
        f"expected a header with the column{'s' if len(absent) > 1 else ''} {wanted}{more}, "
        f"found the columns {', '.join(cells)}",
        file=file,
        place=f"line {records[number].line}",
        mend="Where your file has another name for a column, give it under `columns` of this "
        f"source, as in `columns: {{{absent[0].example}: name in your file}}`.",
    )


def _require_one_each(
    file: Path, record: _Candidate, layout: Layout, hits: Mapping[str, list[int]]
) -> None:
    for column in layout:
        found = [record.cells[number] for number in hits[column.name]]
        if len(found) > 1:
            raise SchemaError(
                f"expected one column {column.example}, found {', '.join(map(repr, found))}",
                file=file,
                place=f"line {record.line}",
                mend="Say which of them under `columns` of this source, as in "
                f"`columns: {{{column.example}: {found[0]}}}`.",
            )


class _Found(NamedTuple):
    sheet: Sheet
    layout: Layout
    positions: dict[str, int]


def _find_header(file: Path, layouts: Sequence[Layout], renamed: Mapping[str, str]) -> _Found:
    """Find the first record that has every column that a layout requires."""
    _require_known_names(file, layouts, renamed)
    text = _read_text(file)
    records = _first_records(file, text)
    for number, record in enumerate(records):
        for layout in layouts:
            hits = _hits(record.cells, layout, renamed)
            if not _missing(layout, hits):
                _require_one_each(file, record, layout, hits)
                above = [cell.strip() for earlier in records[:number] for cell in earlier.cells]
                titles = tuple(cell for cell in above if cell)
                sheet = Sheet(file, text, tuple(record.cells), *record[1:], titles)
                return _Found(sheet, layout, {name: at[0] for name, at in hits.items() if at})
    raise _no_header(file, records, layouts, renamed)


# --- The rows ---


def _skip_blank(row: pacsv.InvalidRow) -> str:
    return "error" if row.text.strip(', "\t\r\n') else "skip"


def _parse(sheet: Sheet, positions: Mapping[str, int]) -> pa.Table:
    """Parse the columns wanted below the header, as text without spaces around it."""
    body = sheet.body.encode()
    wanted = [str(position) for position in positions.values()]
    table = pacsv.read_csv(
        io.BytesIO(body),
        read_options=pacsv.ReadOptions(
            column_names=[str(number) for number in range(len(sheet.header))],
            use_threads=False,
            block_size=len(body) + 1,
        ),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=_skip_blank),
        convert_options=pacsv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=False,
        ),
    )
    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(trimmed, names=list(positions))


def _ragged(sheet: Sheet, reason: Exception) -> SourceError:
    """Return the error for the first record that is not as wide as the header."""
    width = len(sheet.header)
    records = list(sheet.lines())
    at = next((n for n, (_, cells) in enumerate(records) if len(cells) != width), None)
    if at is None:
        return SourceError(f"expected CSV ({reason})", file=sheet.file, mend=_DOWNLOAD_AGAIN)
    line, cells = records[at]
    cut = at == len(records) - 1 and len(cells) < width
    return SourceError(
        f"expected {width} fields as in the header on line {sheet.header_line}, "
        f"found {len(cells)}" + (": the file is cut short" if cut else ""),
        file=sheet.file,
        place=f"line {line}",
        mend=_DOWNLOAD_AGAIN if cut else "Correct the line, or download the file again.",
    )


def _require_whole(sheet: Sheet) -> None:
    """Require that the last line does not end within quotes, which the parser lets pass."""
    last = sheet.text.rstrip("\r\n").rpartition("\n")[2]
    if last.count('"') % 2 and sheet.text.count('"') % 2:
        raise SourceError(
            "the last line ends within quotes: the file is cut short",
            file=sheet.file,
            mend=_DOWNLOAD_AGAIN,
        )


def _rows(found: _Found) -> pd.DataFrame:
    """Return the rows of a sheet; rows that have none of the required columns are notes."""
    _require_whole(found.sheet)
    if not found.sheet.body.strip():
        raise _no_rows(found.sheet)
    try:
        rows: pd.DataFrame = _parse(found.sheet, found.positions).to_pandas()
    except pa.ArrowInvalid as error:
        raise _ragged(found.sheet, error) from error
    required = [column.name for column in found.layout if column.required]
    rows = rows[(rows[required] != "").any(axis=1)]
    if rows.empty:
        raise _no_rows(found.sheet)
    return rows


def _no_rows(sheet: Sheet) -> SourceError:
    return SourceError(
        f"there is no row below the header on line {sheet.header_line}",
        file=sheet.file,
        mend=_DOWNLOAD_AGAIN,
    )


def _as_found(first: _Found) -> Layout:
    """Return the layout that the files after the first must have: its columns, by its names."""
    return [
        exactly(_plain(first.sheet.header[position]))._replace(name=name)
        for name, position in first.positions.items()
    ]


def read_csv(
    files: Sequence[Path], *layouts: Layout, renamed: Mapping[str, str] | None = None
) -> Table:
    """Read the table of one or more CSV files, gzipped or not, as text.

    The header is the first line that has every column that a layout requires; what stands above
    it, blank lines, and rows that have nothing in the required columns are passed over.

    Parameters
    ----------
    files : files whose columns have the same names; their rows are read one after the other.
    layouts : the columns to look for, in the layouts that the files may have.
    renamed : published column name to the name that the files have.

    Raises
    ------
    SourceError : a file is absent, empty, cut short, not CSV, or has no row.
    SchemaError : a file lacks a column or has two that may be it; the columns found are named.
    """
    first = _find_header(files[0], layouts, renamed or {})
    others = [_find_header(file, [_as_found(first)], {}) for file in files[1:]]
    found = [first, *others]
    parts = [_rows(each) for each in found]
    lengths = [int(part.index[-1]) + 1 for part in parts]
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    for start, part in zip(starts, parts, strict=True):
        part.index = part.index + start
    own_names = {name: _plain(first.sheet.header[at]) for name, at in first.positions.items()}
    sheets = tuple(each.sheet for each in found)
    return Table(pd.concat(parts, join="inner"), sheets, tuple(starts), own_names)


# --- Prepared tables ---


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table whole; the same content gives the same bytes. The index is not written."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def is_geoparquet(path: Path) -> bool:
    """Whether a prepared file holds shapes; one that is no Parquet does not."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return False
    return b"geo" in metadata


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table that `write_parquet` wrote.

    Raises
    ------
    SourceError : the file is absent, or is not Parquet.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError(
            f"expected a prepared table, but it cannot be read ({str(error).splitlines()[0]})",
            file=path,
            mend="Remove the file, if there is one, and run the workflow again.",
        ) from error
