"""Deaths of each district by cause, sex and band of age."""

from __future__ import annotations

import logging
import re

import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import SourceError
from healthycities.geography.districts import named
from healthycities.health.causes import ALL_CAUSES, EXTERNAL_CAUSES
from healthycities.io.tabular import Table, exactly, read_csv
from healthycities.sources import ages, codes, nomis
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Deaths by cause",
    publisher="Office for National Statistics, through Nomis",
    product="Mortality statistics: underlying cause, sex and age (NM_161_1)",
    licence="Open Government Licence v3.0",
    attribution=(
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
    ),
    offers=(
        Offer(
            name="deaths_{cause_group}_{year}.csv",
            protocol="nomis",
            address="https://www.nomisweb.co.uk/api/v01/dataset/NM_161_1.data.csv"
            "?geography=TYPE424&date={year}&cause_of_death=0,{causes},U509%2CV01-Y89&gender=1,2"
            "&age=1...20&measure=1&measures=20100",
            size_mb=25,
            first_year=2013,
            fields=(
                "DATE",
                "GEOGRAPHY_CODE",
                "CAUSE_OF_DEATH_NAME",
                "GENDER",
                "AGE_NAME",
                "MEASURE",
                "OBS_VALUE",
                "RECORD_COUNT",
            ),
        ),
    ),
    renewed="each year, in autumn; earlier years are not revised",
    fresh_days=400,
    layout=(
        "CSV of Nomis: DATE, GEOGRAPHY_CODE, CAUSE_OF_DEATH_NAME (which begins with its codes of "
        "ICD-10), GENDER (0 all, 1 male, 2 female), AGE_NAME, MEASURE (1 is deaths), OBS_VALUE, "
        "RECORD_COUNT, in one or more pages, with the rows whose value is 0. Rows outside England "
        "are left out; districts of older years are summed to those of the date reported on."
    ),
    kind="table",
    by=("year",),
)

logger = logging.getLogger(__name__)

_CAUSE, _AGE_NAME, _MEASURE = "CAUSE_OF_DEATH_NAME", "AGE_NAME", "MEASURE"
_DEATHS = "1"
_LAYOUT = nomis.layout(
    fields.DISTRICT_CODE, exactly(_CAUSE), exactly(_AGE_NAME), exactly(_MEASURE, required=False)
)
_AGES = "ages"
_ALL_AGES = f"0-{tables.OLDEST_AGE}"

_CODES = r"[A-Z]\d\d(-[A-Z]\d\d)?"
_OTHER_CODES = "other"


def read(raw: Raw) -> pd.DataFrame:
    """Read the deaths of each English district, in codes of the date reported on.

    Returns
    -------
    Rows of the sexes and bands of age that the files have; totals only where the parts are not
    there, as sex ``persons`` or ages 0 to `tables.OLDEST_AGE`. Causes that are not one code or
    one range of codes are left out, and named in the log.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or the answer is cut short or lacks the year; or
        bands of age leave a gap or overlap; or a row is missing, or stands twice; or a total is
        not the sum of its parts; or a name of a cause or an age is not understood.
    RegisterError : a district is unknown.
    """
    found = read_csv(raw.paths, _LAYOUT, renamed=raw.columns)
    counts, year = nomis.counts_of_year(found, raw)
    table = _with_one_range(codes.english_districts(_only_deaths(counts)))
    table.require_unique([fields.DISTRICT_CODE, _CAUSE, nomis.GENDER, _AGE_NAME])
    parts = _parts(table)
    carried = codes.summed_districts(table, raw)
    parts = parts.assign(
        **{
            fields.DISTRICT_CODE: carried[parts.index],
            fields.SEX: nomis.require_sexes(parts[nomis.GENDER], file=table.files),
        }
    )
    keys = [fields.DISTRICT_CODE, fields.CAUSE_ICD10, fields.SEX, fields.AGE_FROM, fields.AGE_TO]
    frame = parts.groupby(keys, as_index=False)[fields.DEATHS].sum()
    frame = frame.assign(**{fields.YEAR: year})[list(tables.DEATHS.columns)]
    return tables.checked(frame, tables.DEATHS, file=table.files)


def _only_deaths(table: Table) -> Table:
    """Leave out rates, which the same answer may hold."""
    if not table.has(_MEASURE):
        return table
    is_count = table.rows[_MEASURE] == _DEATHS
    if not is_count.any():
        raise SourceError(
            "there is no row of deaths (MEASURE 1)",
            file=table.files,
            mend="Ask Nomis for measure=1.",
        )
    return table.where(is_count)


# --- Causes ---


def icd10(name: str) -> str | None:
    """Return the codes that the name of a cause begins with.

    Returns
    -------
    ``all``, one code or range of codes, ``other`` for anything wider, or None where the name
    begins with no code.
    """
    if re.match(r"A00-R99, ?U00-Y89\b", name):
        return ALL_CAUSES
    # U50.9, deaths under investigation, are external too, and stand in no range of the others.
    if re.match(r"U509, ?V01-Y89\b", name):
        return EXTERNAL_CAUSES
    found = re.match(r"[A-Z]\d\d\S*", name)
    if found is None:
        return None
    return found[0] if re.fullmatch(_CODES, found[0]) else _OTHER_CODES


def _with_one_range(table: Table) -> Table:
    """Leave out the causes that are not one range of codes."""
    names = table.rows[_CAUSE]
    causes = names.map({name: icd10(name) for name in names.unique()})
    table.require(causes.notna(), _CAUSE, "a cause that begins with its codes, as C00-C97")
    wider = causes == _OTHER_CODES
    if wider.any():
        logger.info("%s: left out %s", table.files, named(names[wider].unique().tolist()))
    kept = table.rows.assign(**{fields.CAUSE_ICD10: causes})[~wider]
    return Table(kept, table.sheets, table.starts, table.own_names)


# --- Parts and totals ---


def _label(age_from: pd.Series, age_to: pd.Series) -> pd.Series:
    return age_from.astype(str) + "-" + age_to.astype(str)


def _parts(table: Table) -> pd.DataFrame:
    """Return deaths by district, cause, sex and band: every combination, and no totals."""
    file = table.files
    bands = ages.ages(table, _AGE_NAME)
    frame = pd.DataFrame(
        {
            fields.DISTRICT_CODE: table.rows[fields.DISTRICT_CODE],
            fields.CAUSE_ICD10: table.rows[fields.CAUSE_ICD10],
            nomis.GENDER: table.whole_numbers(nomis.GENDER),
            _AGES: _label(bands[fields.AGE_FROM], bands[fields.AGE_TO]),
            fields.DEATHS: table.numbers(nomis.VALUE, at_least=0),
        }
    )
    for name, total in ((nomis.GENDER, nomis.ALL_SEXES), (_AGES, _ALL_AGES)):
        frame = nomis.without_totals(frame, name, total, value=fields.DEATHS, file=file)
    keys = [fields.DISTRICT_CODE, fields.CAUSE_ICD10, nomis.GENDER, _AGES]
    nomis.require_every_combination(frame, keys, file=file)
    frame = frame.drop(columns=_AGES).join(bands)
    ages.require_no_gap(frame, file=file, mend="Ask Nomis for age=1...20.")
    return frame
