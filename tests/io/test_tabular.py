from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import SchemaError, SourceError
from healthycities.io.tabular import Column, exactly, read_csv, read_parquet, write_parquet

CODE = Column("code", r"LSOA\d\dCD", "LSOA21CD")
PEOPLE = exactly("People")
LAYOUT = (CODE, PEOPLE)
PLAIN = "LSOA21CD,People\nE01000001,12\nE01000002,30\n"


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that writes a CSV file and returns its path."""

    def written(text: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def people(*files: Path) -> list[float]:
    """Read the numbers of files of the layout."""
    return read_csv(files, LAYOUT).numbers("People", at_least=0).tolist()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        "\ufeff" + PLAIN,
        "Mid-2021 people,\n,,\n\n" + PLAIN,
        "A title over\n\nmany lines, with commas\n" + PLAIN,
        '"A title, quoted\nover two lines"\n' + PLAIN,
        PLAIN.replace("\n", "\n\n"),
        PLAIN + ",\n,\n",
        PLAIN.replace("LSOA21CD,People", " lsoa21cd , people "),
        PLAIN.replace("LSOA21CD,People", 'LSOA21CD,"\nPeople\n"'),
        PLAIN.replace("12", '" 12 "'),
        PLAIN.replace("E01000001,", '"E01000001",'),
    ],
)
def test_a_table_is_found_whatever_stands_around_it(write, text):
    """Titles, blank lines, a mark of order, line ends, spaces and quotes change nothing."""
    assert people(write(text)) == [12, 30]


def test_gzip_is_read_whatever_the_name(write):
    """A gzipped file is known by its content."""
    assert people(write(gzip.compress(PLAIN.encode()), "table.csv")) == [12, 30]


def test_windows_text_is_read(write):
    """A name in the older Windows encoding does not stop the numbers."""
    text = "LSOA21CD,Name,People\nE01000001,Ynys Môn,12\n"
    assert people(write(text.encode("cp1252"))) == [12]


def test_notes_below_a_table_are_no_rows(write):
    """A row that has nothing in the required columns is passed over, also between others."""
    text = "Name,LSOA21CD,People\nA,E01000001,12\nsee note,,\nB,E01000002,30\n1. A note,,\n"
    assert people(write(text)) == [12, 30]


@pytest.mark.parametrize(
    ("text", "number"),
    [("16,149", 16149), ("1,234,567", 1234567), ("16149", 16149), ("0", 0), ("1e3", 1000),
     ("2.50", 2.5), (".5", 0.5), ("+7", 7)],
)  # fmt: skip
def test_numbers_are_understood(write, text, number):
    """Thousands separators, fractions and powers of ten are numbers."""
    assert people(write(f'LSOA21CD,People\nE01000001,"{text}"\n')) == [number]


@pytest.mark.parametrize(
    "text", ["n/a", "", "1,5", "12,34", "1 234", "0x10", "nan", "inf", "1e999", "-5", "£12", "e5"]
)
def test_what_is_no_number_is_told_with_its_line(write, text):
    """The line is the editor's, though a title and a blank line stand above."""
    path = write(f'A title\n\nLSOA21CD,People\nE01000001,12\n\nE01000002,"{text}"\n')
    with pytest.raises(SchemaError) as caught:
        people(path)
    assert caught.value.file == str(path)
    assert caught.value.place == "line 6, column People"
    assert caught.value.problem == (
        f"expected a number of 0 or more, found {repr(text) if text else 'nothing'}"
    )


def test_lines_are_counted_through_cells_of_several_lines(write):
    """A line break within quotes counts, in the header and in the rows."""
    path = write('"LSOA21CD","Peo-\nple","People"\n"E01000001","a\nb\nc",1\n"E01000002","d",x\n')
    with pytest.raises(SchemaError) as caught:
        people(path)
    assert caught.value.place == "line 6, column People"


def test_missing_values_are_nan_only_where_their_text_is_known(write):
    """The text that a publisher writes for a missing value becomes NaN, never 0."""
    table = read_csv([write("LSOA21CD,People\nE01000001,MISSING\nE01000002,3\n")], LAYOUT)
    found = table.numbers("People", missing=("MISSING",))
    assert np.isnan(found.iloc[0])
    assert found.iloc[1] == 3
    with pytest.raises(SchemaError, match="found 'MISSING'"):
        table.numbers("People")


def test_whole_numbers_refuse_fractions(write):
    """A fraction where a whole number belongs is told; 4.0 is whole."""
    table = read_csv([write("LSOA21CD,People\nE01000001,4.0\n")], LAYOUT)
    assert table.whole_numbers("People").tolist() == [4]
    assert table.whole_numbers("People").dtype == "int64"
    table = read_csv([write("LSOA21CD,People\nE01000001,4.5\n")], LAYOUT)
    with pytest.raises(SchemaError, match=r"line 2, column People: expected a whole number"):
        table.whole_numbers("People")


def test_columns_of_the_user_are_given_published_names(write):
    """`columns` maps a published name, of any vintage of it, to the file's own."""
    path = write("lsoa11_code,all_people\nE01000001,12\n")
    renamed = {"LSOA11CD": "lsoa11_code", "People": "ALL_PEOPLE"}
    table = read_csv([path], LAYOUT, renamed=renamed)
    assert table.numbers("People").tolist() == [12]
    assert table.rows["code"].tolist() == ["E01000001"]


def test_a_missing_column_is_told_with_those_found(write):
    """The message names the columns found and says how to use `columns`."""
    path = write("Title,\n\nLSOA21CD,Persons\nE01000001,12\n")
    with pytest.raises(SchemaError) as caught:
        people(path)
    assert caught.value.place == "line 3"
    assert caught.value.problem == (
        "expected a header with the column People, found the columns 'LSOA21CD', 'Persons'"
    )
    assert "`columns: {People: name in your file}`" in str(caught.value)


def test_a_name_in_columns_that_the_file_lacks_is_told(write):
    """The name that the configuration gives is the one that is said to be missing."""
    with pytest.raises(SchemaError, match="the column persons, found the columns 'LSOA21CD'"):
        read_csv([write(PLAIN)], LAYOUT, renamed={"People": "persons"})


def test_a_key_in_columns_that_no_column_has_is_told(write):
    """A published name that is misspelt in the configuration is not passed over."""
    with pytest.raises(SchemaError, match="'Peple', which is not a column of this source"):
        read_csv([write(PLAIN)], LAYOUT, renamed={"Peple": "People"})


def test_two_columns_that_may_be_meant_are_told(write):
    """The user is asked which; the answer is followed."""
    path = write("LSOA11CD,LSOA21CD,People\nE01000009,E01000001,12\n")
    with pytest.raises(SchemaError, match="one column LSOA21CD, found 'LSOA11CD', 'LSOA21CD'"):
        people(path)
    table = read_csv([path], LAYOUT, renamed={"LSOA21CD": "LSOA21CD"})
    assert table.rows["code"].tolist() == ["E01000001"]


def test_a_column_that_a_file_may_lack(write):
    """Whether it is there can be asked, and it is no reason to refuse a file."""
    layout = (*LAYOUT, exactly("Total", required=False))
    assert not read_csv([write(PLAIN)], layout).has("Total")
    assert read_csv([write("LSOA21CD,People,Total\nE01000001,1,2\n")], layout).has("Total")


def test_the_first_layout_that_fits_is_used(write):
    """Of several layouts, the one that the header has is read."""
    table = read_csv([write(PLAIN)], (CODE, exactly("Persons")), LAYOUT)
    assert table.has("People")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n \n", "the file is empty"),
        (b",,\n,,\n", "expected a header"),
        (b"LSOA21CD,People\n", "no row below the header on line 1"),
        (b"Title\nLSOA21CD,People\n,\n", "no row below the header on line 2"),
        (PLAIN.encode() + b"E01000003", "line 4: expected 2 fields as in the header on line 1, "
                                        "found 1: the file is cut short"),
        (PLAIN.encode() + b'E01000003,"16,1', "ends within quotes: the file is cut short"),
        (PLAIN.encode() + b'"E0100', "the file is cut short"),
        (b"LSOA21CD,People\nE01000001,1,2\nE01000002,3\n",
         "line 2: expected 2 fields as in the header on line 1, found 3"),
        (gzip.compress(PLAIN.encode() * 99)[:-9], "the gzip file is cut short or damaged"),
        (gzip.compress(PLAIN.encode())[:-8] + b"12345678", "cut short or damaged"),
        (b"PK\x03\x04rest", "found a workbook or a zip archive"),
    ],
)  # fmt: skip
def test_files_that_are_not_whole_are_refused(write, text, problem):
    """An empty, cut or foreign file is a SourceError that says what is wrong."""
    with pytest.raises(SourceError, match=problem):
        people(write(text))


@given(st.integers(len("LSOA21CD,People\n"), len(PLAIN) - 1))
def test_a_cut_file_never_yields_half_a_code(tmp_path_factory, length):
    """Wherever a file is cut, it is refused, or every row that is read has its whole code."""
    path = tmp_path_factory.mktemp("cut") / "table.csv"
    path.write_text(PLAIN[:length], encoding="utf-8")
    try:
        found = read_csv([path], LAYOUT).rows["code"].tolist()
    except SourceError:
        found = []
    assert found == ["E01000001", "E01000002"][: len(found)]


def test_a_file_that_is_not_there_is_told(tmp_path):
    """The message names the file."""
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read: No such file"):
        people(tmp_path / "none.csv")


def test_files_are_read_one_after_the_other_and_errors_name_the_right_one(write):
    """Rows keep the order of the files; a line is counted in its own file."""
    first, second = write(PLAIN, "a.csv"), write(PLAIN.replace("30", "x"), "b.csv")
    assert people(first, first) == [12, 30, 12, 30]
    with pytest.raises(SchemaError) as caught:
        people(first, second)
    assert (caught.value.file, caught.value.place) == (str(second), "line 3, column People")


def test_files_read_together_have_the_same_names(write):
    """A second file of another vintage is not taken for a page of the first."""
    later = write(PLAIN.replace("LSOA21CD", "LSOA11CD"), "b.csv")
    with pytest.raises(SchemaError, match=r"b.csv: line 1: .* the column LSOA21CD"):
        people(write(PLAIN, "a.csv"), later)


def test_what_stands_twice_is_named_with_both_lines(write):
    """In one file, and in two."""
    text = PLAIN.replace("E01000002", "E01000001")
    with pytest.raises(SchemaError, match="line 3: E01000001 stands there and on line 2"):
        read_csv([write(text)], LAYOUT).require_unique(["code"])
    files = [write(PLAIN, "a.csv"), write("LSOA21CD,People\nE01000002,3\n", "b.csv")]
    with pytest.raises(SchemaError, match=r"b.csv: line 2: E01000002 .* line 3 of .*a.csv"):
        read_csv(files, LAYOUT).require_unique(["code"])
    read_csv([write(PLAIN)], LAYOUT).require_unique(["code"])


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30),
    st.booleans(),
    st.integers(0, 4),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_number_that_is_written_is_read(tmp_path_factory, numbers, thousands, titles, end):
    """Whatever the separators, titles and line ends, what is read is what was written."""
    lines = ["a title,"] * titles + ["LSOA21CD,People"]
    lines += [
        f'E01{i:06},"{n:,}"' if thousands else f"E01{i:06},{n}" for i, n in enumerate(numbers)
    ]
    path = tmp_path_factory.mktemp("numbers") / "table.csv"
    path.write_bytes(end.join(lines).encode())
    assert people(path) == numbers


# --- Prepared tables ---

FRAME = pd.DataFrame(
    {"code": pd.Series(["a", None], dtype="str"), "n": [1, 2], "value": [0.1, np.nan]}
)


def test_parquet_comes_back_as_it_was(tmp_path):
    """Text, whole numbers, fractions and missing values are kept; the index is not."""
    write_parquet(tmp_path / "t.parquet", FRAME.set_axis([7, 9]))
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), FRAME)


def test_parquet_of_the_same_table_has_the_same_bytes(tmp_path):
    """Nothing of the time, the place or the index goes into the file."""
    write_parquet(tmp_path / "a.parquet", FRAME)
    write_parquet(tmp_path / "b.parquet", FRAME.copy().set_axis([5, 6]))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"not parquet"])
def test_a_prepared_table_that_cannot_be_read_is_told(tmp_path, content):
    """The message names the file and says how to get it again."""
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.parquet: expected a prepared table.*run the work"):
        read_parquet(path)
