"""People of each district by sex, band of age, and whether they say that their health is good."""

from __future__ import annotations

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import SourceCard
from healthycities.errors import SourceError
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.sources import codes, nomis
from healthycities.sources.ages import ages, require_no_gap
from healthycities.sources.raw import Raw
from healthycities.sources.years import rows_of_year

CARD = SourceCard(
    title="General health of districts by sex and age",
    publisher="Office for National Statistics",
    product="Census 2021, create a custom dataset: general health by age and sex",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    address="https://www.ons.gov.uk/datasets/create (verify)",
    layout=(
        "CSV of the Census of 2021, of usual residents by lower tier local authority: Lower tier "
        "local authorities Code, Age (… categories), Sex (2 categories), General health (… "
        "categories), Observation, with the rows whose value is 0. Or, of a survey, a row for each "
        "district, sex and band: LADyyCD, sex (male or female), age_from, age_to (empty in the "
        "last band), people_good_health, people_asked, and year where the file holds several. "
        "Bands are those of five years, single years, or made of whole bands of five years, and "
        "begin at 0: where a survey asks adults alone, give children a band from elsewhere, as the "
        "publisher has imputed them with the census. Rows outside England are left out; districts "
        "of older years are summed to those of the date reported on."
    ),
    kind="table",
    by=("year",),
    optional=True,
    tells_years=True,
)

CENSUS_YEAR = 2021
"""The year of every table with the columns of that census."""

_AGE, _SEX, _HEALTH, _COUNT = "age", "sex", "health", "count"
_CATEGORIES = r"( \([A-Z]\))? \(\d+ categories\)( label)?"
_CENSUS = (
    codes.DISTRICT._replace(
        published=r"Lower tier local authorities code", example="Lower tier local authorities Code"
    ),
    Column(_AGE, f"Age{_CATEGORIES}", "Age (B) (18 categories)"),
    Column(_SEX, f"Sex{_CATEGORIES}", "Sex (2 categories)"),
    Column(_HEALTH, f"General health{_CATEGORIES}", "General health (6 categories)"),
    Column(_COUNT, r"Observation|Count", "Observation"),
)
_SURVEY = (
    codes.DISTRICT,
    exactly(_SEX),
    exactly(fields.AGE_FROM),
    exactly(fields.AGE_TO),
    exactly(fields.PEOPLE_GOOD_HEALTH),
    exactly(fields.PEOPLE_ASKED),
    exactly(fields.YEAR, required=False),
)

_GOOD = {"very good health", "good health", "very good or good health"}
_ALL_ANSWERS = (
    {"very good health", "good health", "fair health", "bad health", "very bad health"},
    {"very good or good health", "fair health", "bad or very bad health"},
)
"""Answers of a census in five and in three categories: a table has all of one of them."""
_NO_ANSWER = "does not apply"

_KEYS = [fields.DISTRICT_CODE, fields.SEX, fields.AGE_FROM, fields.AGE_TO]
_SUMMED = [fields.PEOPLE_ASKED, fields.PEOPLE_GOOD_HEALTH]
_MEND_BANDS = (
    "Give every age a band: of a survey that asks adults alone, give children one from elsewhere, "
    "such as the census; leave age_to of the last band empty."
)


def read(raw: Raw) -> pd.DataFrame:
    """Read those asked and those in good health, in districts of the date reported on.

    Returns
    -------
    Table of `tables.GENERAL_HEALTH`; its bands are the same for all districts and sexes.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or bands of age leave a gap, overlap or do not begin
        at 0; or an answer, a sex, a district or a band is missing or not understood, or stands
        twice; or more people are in good health than were asked; or the year is not known, or is
        not there.
    RegisterError : a district is unknown.
    """
    found = read_csv(raw.paths, _CENSUS, _SURVEY, renamed=raw.columns)
    is_census = found.has(_HEALTH)
    table = codes.english_districts(found if is_census else rows_of_year(found, raw, fields.YEAR))
    people = _of_census(table, raw) if is_census else _of_survey(table)
    year = CENSUS_YEAR if is_census else raw.data_year
    require_no_gap(people, file=table.files, mend=_MEND_BANDS)
    nomis.require_every_combination(people, _KEYS[:-1], file=table.files)
    carried = codes.summed_districts(table, raw)
    people = people.assign(**{fields.DISTRICT_CODE: carried[people.index]})
    frame = people.groupby(_KEYS, as_index=False)[_SUMMED].sum()
    frame = frame.assign(**{fields.YEAR: year})[list(tables.GENERAL_HEALTH.columns)]
    return tables.checked(frame, tables.GENERAL_HEALTH, file=table.files)


def _sexes(table: Table) -> pd.Series:
    sexes = table.rows[_SEX].str.lower()
    table.require(sexes.isin(["male", "female"]), _SEX, "male or female")
    return sexes


# --- The Census of 2021 ---


def _require_census_year(table: Table, raw: Raw) -> None:
    if raw.vintage not in (None, CENSUS_YEAR):
        raise SourceError(
            f"the table is of the Census of {CENSUS_YEAR}, and vintage says {raw.vintage}",
            file=table.files,
            mend=f"Leave vintage out, or say {CENSUS_YEAR}.",
        )


def _of_census(table: Table, raw: Raw) -> pd.DataFrame:
    """Return people by district, sex and band, as they were counted."""
    _require_census_year(table, raw)
    table.require_unique([fields.DISTRICT_CODE, _AGE, _SEX, _HEALTH])
    answers = table.rows[_HEALTH].str.lower()
    known = {_NO_ANSWER}.union(*_ALL_ANSWERS)
    table.require(answers.isin(known), _HEALTH, "an answer such as Very good health")
    given = table.where(answers != _NO_ANSWER)
    _require_all_answers(set(answers[given.rows.index]), given)
    people = pd.DataFrame(
        {
            fields.DISTRICT_CODE: given.rows[fields.DISTRICT_CODE],
            fields.SEX: _sexes(given),
            _HEALTH: answers[given.rows.index],
            fields.PEOPLE_ASKED: given.numbers(_COUNT, at_least=0),
        }
    ).join(ages(given, _AGE))
    nomis.require_every_combination(people, [*_KEYS[:-1], _HEALTH], file=table.files)
    is_good = people[_HEALTH].isin(_GOOD)
    people[fields.PEOPLE_GOOD_HEALTH] = people[fields.PEOPLE_ASKED].where(is_good, 0.0)
    summed = people.groupby(_KEYS, sort=False)
    # Each district, sex and band keeps the place of its first row, by which districts are carried.
    first = people.drop_duplicates(_KEYS).index
    return summed[_SUMMED].sum().reset_index().set_index(first)


def _require_all_answers(found: set[str], table: Table) -> None:
    """Require the answers that are not good as well, without which all would be in health."""
    if found not in _ALL_ANSWERS:
        raise SourceError(
            f"expected the answers {' or '.join(map(_said, _ALL_ANSWERS))}, found {_said(found)}",
            file=table.files,
            place=f"column {table.own_names[_HEALTH]}",
            mend="Take general health with all its categories, and one set of them.",
        )


def _said(answers: set[str]) -> str:
    return f"({', '.join(sorted(answers))})"


# --- A survey ---


def _of_survey(table: Table) -> pd.DataFrame:
    """Return people by district, sex and band, as they were asked."""
    sexes = _sexes(table)
    table.require_unique([fields.DISTRICT_CODE, _SEX, fields.AGE_FROM])
    good = table.numbers(fields.PEOPLE_GOOD_HEALTH, at_least=0)
    asked = table.numbers(fields.PEOPLE_ASKED, at_least=0)
    no_more = good <= asked
    table.require(no_more, fields.PEOPLE_GOOD_HEALTH, "no more people than were asked")
    return pd.DataFrame(
        {
            fields.DISTRICT_CODE: table.rows[fields.DISTRICT_CODE],
            fields.SEX: sexes,
            fields.AGE_FROM: table.whole_numbers(fields.AGE_FROM),
            fields.AGE_TO: _last_ages(table),
            fields.PEOPLE_ASKED: asked,
            fields.PEOPLE_GOOD_HEALTH: good,
        }
    )


def _last_ages(table: Table) -> pd.Series:
    """Return the last age of each band, that of all ages where it is left empty."""
    last = table.numbers(fields.AGE_TO, at_least=0, missing=("",)).fillna(tables.OLDEST_AGE)
    table.require(last == last.round(), fields.AGE_TO, "a whole number")
    return last.astype("int64")
