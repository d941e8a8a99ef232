"""People of each district by sex and single year of age."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SourceError
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.sources import codes, nomis
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Population of districts by sex and age",
    publisher="Office for National Statistics, through Nomis",
    product="Mid-year population estimates (NM_2002_1)",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="population_{year}.csv",
            protocol="nomis",
            address="https://www.nomisweb.co.uk/api/v01/dataset/NM_2002_1.data.csv"
            "?geography=TYPE424&date={year}&gender=1,2&c_age=101...191&measures=20100",
            size_mb=6,
            first_year=2011,
            fields=("DATE", "GEOGRAPHY_CODE", "GENDER", "C_AGE", "OBS_VALUE", "RECORD_COUNT"),
        ),
    ),
    renewed="each year, in summer; earlier years are revised after a census",
    fresh_days=400,
    layout=(
        "CSV of Nomis: DATE, GEOGRAPHY_CODE, GENDER (0 all, 1 male, 2 female), C_AGE (200 all "
        "ages, 101 to 191 single years, 191 is 90 and over), OBS_VALUE, RECORD_COUNT, in one or "
        "more pages; or one row for each district or part of one: LADyyCD and a column for each "
        "year of age, 0 to 90+ for persons, or M0 to M90 and F0 to F90 for the sexes. Rows "
        "outside England are left out; districts of older years are summed to those of the date "
        "reported on."
    ),
    kind="table",
    by=("year",),
)

_AGES = range(91)
_OLDEST = _AGES[-1]
_FIRST_C_AGE = 101
_TOTAL, _PART_OF_DISTRICT = "total", "part"
_KEYS = [
    fields.DISTRICT_CODE,
    fields.PUBLISHED_DISTRICT_CODE,
    fields.SEX,
    fields.AGE_FROM,
]

_NOMIS = nomis.layout(fields.DISTRICT_CODE, exactly(nomis.C_AGE))


def _ages(sex: str, published: str, example: str, oldest: str) -> list[Column]:
    """Return a column for each year of age; in ``published`` and ``example``, # is the age."""
    columns = [
        Column(f"{sex} {age}", published.replace("#", str(age)), example.replace("#", str(age)))
        for age in _AGES[:-1]
    ]
    return [*columns, Column(f"{sex} {_OLDEST}", oldest, example.replace("#", f"{_OLDEST}+"))]


_AREA = (
    codes.DISTRICT,
    Column(_TOTAL, r"All Ages|Total", "All Ages", required=False),
    Column(
        _PART_OF_DISTRICT,
        rf"Ward code( \d)?|WD\d\dCD|{codes.SMALL_AREA.published}",
        "WD20CD",
        required=False,
    ),
)
_PERSONS = (*_AREA, *_ages("persons", r"(Age )?#", "#", r"(Aged? )?90 ?(\+|and over)"))
_BY_SEX = (
    *_AREA,
    *_ages("male", "M#", "M#", r"M90\+?"),
    *_ages("female", "F#", "F#", r"F90\+?"),
)


def read(raw: Raw) -> pd.DataFrame:
    """Read the people of each English district, in codes of the date reported on.

    Returns
    -------
    Rows of males and females, or of persons where the files have no sexes; no totals. A district
    that others merged into has rows for each of them.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or the answer of Nomis is cut short or lacks the
        year; or a sex or age is missing; or a total is not the sum of its parts; or a number is
        negative; or an area stands twice.
    RegisterError : a district is unknown.
    """
    found = read_csv(raw.paths, _NOMIS, _PERSONS, _BY_SEX, renamed=raw.columns)
    if found.has(nomis.DATE):
        table, year = nomis.counts_of_year(found, raw)
        people = _of_nomis(codes.english_districts(table), raw)
    else:
        year = nomis.require_year(raw)
        people = _of_wide(codes.english_districts(found), raw)
    frame = people.groupby(_KEYS, as_index=False)[fields.PEOPLE].sum()
    oldest = frame[fields.AGE_FROM] == _OLDEST
    age_to = frame[fields.AGE_FROM].mask(oldest, tables.OLDEST_AGE)
    frame = frame.assign(**{fields.YEAR: year, fields.AGE_TO: age_to})
    return tables.checked(
        frame[list(tables.POPULATION.columns)], tables.POPULATION, file=found.files
    )


# --- The layout of Nomis ---


def _of_nomis(table: Table, raw: Raw) -> pd.DataFrame:
    """Return people by district, sex and age, with rows of one district yet to be summed."""
    table.require_unique([fields.DISTRICT_CODE, nomis.GENDER, nomis.C_AGE])
    parts = _single_years(table)
    sexes = nomis.require_sexes(parts[nomis.GENDER], file=table.files)
    carried = codes.summed_districts(table, raw)
    return parts.assign(
        **{
            fields.DISTRICT_CODE: carried[parts.index],
            fields.PUBLISHED_DISTRICT_CODE: parts[fields.DISTRICT_CODE],
            fields.SEX: sexes,
            fields.AGE_FROM: parts[nomis.C_AGE] - _FIRST_C_AGE,
        }
    )


def _single_years(table: Table) -> pd.DataFrame:
    """Return the parts among totals and bands: each district, sex and year of age once."""
    file = table.files
    frame = pd.DataFrame(
        {
            fields.DISTRICT_CODE: table.rows[fields.DISTRICT_CODE],
            nomis.GENDER: table.whole_numbers(nomis.GENDER),
            nomis.C_AGE: table.whole_numbers(nomis.C_AGE),
            fields.PEOPLE: table.numbers(nomis.VALUE, at_least=0),
        }
    )
    c_ages = [_FIRST_C_AGE + age for age in _AGES]
    frame = frame[frame[nomis.C_AGE].isin([*c_ages, nomis.ALL_AGES])]
    for name, total in ((nomis.GENDER, nomis.ALL_SEXES), (nomis.C_AGE, nomis.ALL_AGES)):
        frame = nomis.without_totals(frame, name, total, value=fields.PEOPLE, file=file)
    missing = sorted(set(c_ages) - set(frame[nomis.C_AGE]))
    if missing:
        raise SourceError(
            f"expected single years of age, C_AGE 101 to 191; {len(missing)} of them are "
            f"missing, the first is {missing[0]}",
            file=file,
            mend="Ask Nomis for c_age=101...191.",
        )
    keys = [fields.DISTRICT_CODE, nomis.GENDER, nomis.C_AGE]
    nomis.require_every_combination(frame, keys, file=file)
    return frame


# --- The layouts of one row for each area ---


def _of_wide(table: Table, raw: Raw) -> pd.DataFrame:
    """Return people by district, sex and age, with rows of one district yet to be summed."""
    part = _PART_OF_DISTRICT if table.has(_PART_OF_DISTRICT) else fields.DISTRICT_CODE
    table.require_unique([part])
    layout = _PERSONS if table.has("persons 0") else _BY_SEX
    names = [column.name for column in layout[len(_AREA) :]]
    people = pd.DataFrame({name: table.numbers(name, at_least=0) for name in names})
    _require_row_totals(people.sum(axis=1), table)
    carried = codes.summed_districts(table, raw)
    published = table.rows[fields.DISTRICT_CODE].rename(fields.PUBLISHED_DISTRICT_CODE)
    keys = [carried.rename(fields.DISTRICT_CODE), published]
    summed = people.groupby(keys).sum().reset_index()
    long = summed.melt([key.name for key in keys], var_name="of", value_name=fields.PEOPLE)
    of = long["of"].str.split(" ", expand=True)
    return long.assign(**{fields.SEX: of[0], fields.AGE_FROM: of[1].astype("int64")})


def _require_row_totals(summed: pd.Series, table: Table) -> None:
    if not table.has(_TOTAL):
        return
    wrong = summed != table.numbers(_TOTAL)
    if wrong.any():
        row = int(summed.index[wrong][0])
        file, line = table.place(row)
        raise SourceError(
            f"{table.own_names[_TOTAL]} of {table.rows.loc[row, fields.DISTRICT_CODE]} is "
            f"{table.rows.loc[row, _TOTAL]}, and its ages sum to {summed[row]:g}",
            file=file,
            place=f"line {line}",
            mend="Correct the line, or download the file again.",
        )
