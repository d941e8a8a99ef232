"""Schemas of the tables that are handed from one room to the next.

A table that breaks its schema is never handed on: :func:`checked` says which column and which row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from healthycities import fields
from healthycities.errors import SchemaError
from healthycities.level_names import DISTRICT, PLACES_KEY, SMALL_AREA
from healthycities.pollutants import POLLUTANTS

Frame = TypeVar("Frame", bound=pd.DataFrame)

SEXES = ("persons", "male", "female")
OLDEST_AGE = 120
"""``age_to`` of an open-ended band, such as 90 and over."""


def _is_text(series: pd.Series) -> pd.Series:
    return series.map(lambda value: isinstance(value, str) and value != "").astype(bool)


def _is_finite(series: pd.Series) -> pd.Series:
    return series.abs() < float("inf")


_TEXT = pa.Check(_is_text, error="text that is not empty")
_FINITE = pa.Check(_is_finite, error="a finite number")
_AT_LEAST_0 = pa.Check.ge(0, error="a number of 0 or more")


def _text(*, missing: bool = False) -> pa.Column:
    return pa.Column(None, _TEXT, nullable=missing)


def _code(pattern: str, said: str, *, missing: bool = False) -> pa.Column:
    return pa.Column(None, pa.Check.str_matches(pattern, error=said), nullable=missing)


def _small_area() -> pa.Column:
    return _code(r"^E01\d{6}$", "the code of an English small area, such as E01000001")


def _district() -> pa.Column:
    return _code(r"^E0[6-9]\d{6}$", "the code of an English district, such as E08000003")


def _number(*checks: pa.Check, missing: bool = False) -> pa.Column:
    return pa.Column("float64", [_FINITE, *checks], nullable=missing)


def _whole(lowest: int, highest: int) -> pa.Column:
    return pa.Column("int64", pa.Check.in_range(lowest, highest, error=f"{lowest} to {highest}"))


def _year() -> pa.Column:
    return _whole(1981, 2100)


def _sex() -> pa.Column:
    return pa.Column(None, pa.Check.isin(SEXES, error=f"one of {', '.join(SEXES)}"))


def _schema(columns: dict[str, pa.Column], *, unique: list[str] | None = None) -> Any:
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=unique)


DISTRICTS = _schema(
    {fields.DISTRICT_CODE: _district(), fields.DISTRICT_NAME: _text(), "geometry": pa.Column()},
    unique=[fields.DISTRICT_CODE],
)
"""One row for each district, in codes of the date reported on."""

SMALL_AREAS = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.SMALL_AREA_NAME: _text(),
        "geometry": pa.Column(),
    },
    unique=[fields.SMALL_AREA_CODE],
)

SMALL_AREA_LOOKUP = _schema(
    {fields.SMALL_AREA_CODE: _small_area(), fields.DISTRICT_CODE: _district()},
    unique=[fields.SMALL_AREA_CODE],
)
"""The district of each small area, in codes of the date reported on."""

CENTROIDS = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.EASTING_M: _number(pa.Check.in_range(0, 700_000, error="0 to 700,000 m")),
        fields.NORTHING_M: _number(pa.Check.in_range(0, 1_300_000, error="0 to 1,300,000 m")),
    },
    unique=[fields.SMALL_AREA_CODE],
)

SMALL_AREA_POPULATION = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.YEAR: _year(),
        fields.PEOPLE: _number(_AT_LEAST_0),
    },
    unique=[fields.SMALL_AREA_CODE],
)
"""People of all ages; ``year`` is the year that the numbers are of."""

CENSUS_POPULATION = _schema(
    {fields.SMALL_AREA_CODE: _small_area(), fields.PEOPLE: _number(_AT_LEAST_0)},
    unique=[fields.SMALL_AREA_CODE],
)
"""People of all ages at a census."""

SMALL_AREA_CHANGES = _schema(
    {fields.SMALL_AREA_CODE: _small_area(), fields.LATER_SMALL_AREA_CODE: _small_area()},
    unique=[fields.SMALL_AREA_CODE, fields.LATER_SMALL_AREA_CODE],
)
"""Small areas of one census, and those of the next with ground of them."""

POPULATION = _schema(
    {
        fields.DISTRICT_CODE: _district(),
        fields.PUBLISHED_DISTRICT_CODE: _district(),
        fields.YEAR: _year(),
        fields.SEX: _sex(),
        fields.AGE_FROM: _whole(0, OLDEST_AGE),
        fields.AGE_TO: _whole(0, OLDEST_AGE),
        fields.PEOPLE: _number(_AT_LEAST_0),
    },
    unique=[fields.PUBLISHED_DISTRICT_CODE, fields.SEX, fields.AGE_FROM],
)
"""People of one year by single year of age, or by band; no totals among the parts.

A district that others merged into has the rows of each of them, in ``published_district_code``.
"""

DISTRICT_PM25 = _schema(
    {
        fields.DISTRICT_CODE: _district(),
        fields.PUBLISHED_DISTRICT_CODE: _district(),
        fields.YEAR: _year(),
        fields.PM25_UGM3: _number(_AT_LEAST_0, missing=True),
    },
    unique=[fields.PUBLISHED_DISTRICT_CODE],
)
"""Annual means of one year by district as published, with the district that it became."""

LOCAL_MEASUREMENTS = _schema(
    {
        fields.SENSOR_ID: _text(),
        fields.POLLUTANT: pa.Column(None, pa.Check.isin(POLLUTANTS)),
        fields.YEAR: _year(),
        fields.EASTING_M: _number(pa.Check.in_range(0, 700_000, error="0 to 700,000 m")),
        fields.NORTHING_M: _number(pa.Check.in_range(0, 1_300_000, error="0 to 1,300,000 m")),
        fields.MEASURED_UGM3: _number(_AT_LEAST_0),
        fields.MEASURED_DAYS: _whole(1, 366),
    },
    unique=[fields.SENSOR_ID, fields.POLLUTANT],
)
"""Annual means of one year, a row for each sensor and pollutant, and the days that they rest on."""

FINGERTIPS = _schema(
    {
        fields.AREA_CODE: _code(r"^E\d{8}$", "the code of an English area, such as E92000001"),
        fields.PUBLISHED_AREA_CODE: _code(r"^E\d{8}$", "the code of an English area"),
        fields.PUBLISHED_AREA_TYPE: _text(),
        fields.INDICATOR_ID: _whole(1, 10**9),
        fields.INDICATOR_NAME: _text(),
        fields.PUBLISHED_SEX: _text(),
        fields.PUBLISHED_AGE: _text(),
        fields.FIRST_YEAR: _year(),
        fields.YEAR: _year(),
        fields.PUBLISHED_VALUE: _number(missing=True),
        fields.PUBLISHED_LOWER: _number(missing=True),
        fields.PUBLISHED_UPPER: _number(missing=True),
        fields.PUBLISHED_NOTE: _text(missing=True),
    },
    unique=[
        fields.AREA_CODE,
        fields.INDICATOR_ID,
        fields.PUBLISHED_SEX,
        fields.PUBLISHED_AGE,
        fields.FIRST_YEAR,
        fields.YEAR,
    ],
)
"""Published results of areas by indicator, sex, age and years, and 95 % limits.

``area_code`` is that of the date reported on; sex, age and area type are as the publisher has them.
"""

DEATHS = _schema(
    {
        fields.DISTRICT_CODE: _district(),
        fields.YEAR: _year(),
        fields.CAUSE_ICD10: _code(r"^(all|[A-Z]\d\d(-[A-Z]\d\d)?)$", "'all', or codes as C00-C97"),
        fields.SEX: _sex(),
        fields.AGE_FROM: _whole(0, OLDEST_AGE),
        fields.AGE_TO: _whole(0, OLDEST_AGE),
        fields.DEATHS: _number(_AT_LEAST_0),
    },
    unique=[fields.DISTRICT_CODE, fields.CAUSE_ICD10, fields.SEX, fields.AGE_FROM],
)
"""Deaths of one year by cause, sex and band of age; no totals of sexes or ages among the parts."""

GENERAL_HEALTH = _schema(
    {
        fields.DISTRICT_CODE: _district(),
        fields.YEAR: _year(),
        fields.SEX: _sex(),
        fields.AGE_FROM: _whole(0, OLDEST_AGE),
        fields.AGE_TO: _whole(0, OLDEST_AGE),
        fields.PEOPLE_ASKED: _number(_AT_LEAST_0),
        fields.PEOPLE_GOOD_HEALTH: _number(_AT_LEAST_0),
    },
    unique=[fields.DISTRICT_CODE, fields.SEX, fields.AGE_FROM],
)
"""People whose health is known and those of them in good health; bands follow each other from 0."""

GREENSPACE_SITES = _schema(
    {
        fields.SITE_ID: _text(),
        fields.SITE_FUNCTION: _text(),
        fields.SITE_NAME: _text(missing=True),
        fields.SITE_AREA_M2: _number(_AT_LEAST_0),
        "geometry": pa.Column(),
    },
    unique=[fields.SITE_ID],
)

GREENSPACE_ACCESS_POINTS = _schema(
    {
        fields.ACCESS_POINT_ID: _text(),
        fields.ACCESS_TYPE: _text(),
        fields.SITE_ID: _text(missing=True),
        "geometry": pa.Column(),
    },
    unique=[fields.ACCESS_POINT_ID],
)
"""``site_id`` is missing where the publisher of an extract left it out."""

ROAD_NODES = _schema({fields.NODE_ID: _text(), "geometry": pa.Column()}, unique=[fields.NODE_ID])

ROAD_LINKS = _schema(
    {
        fields.LINK_ID: _text(),
        fields.START_NODE_ID: _text(),
        fields.END_NODE_ID: _text(),
        fields.LENGTH_M: _number(_AT_LEAST_0),
        "geometry": pa.Column(),
    },
    unique=[fields.LINK_ID],
)
"""Roads that one may walk, each drawn from its start node to its end node."""

DEPRIVATION = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.DEPRIVATION_RANK: _whole(1, 100_000),
        fields.DEPRIVATION_DECILE: _whole(1, 10),
    },
    unique=[fields.SMALL_AREA_CODE],
)
"""Rank 1 and decile 1 are the most deprived."""

_REGION = {
    fields.REGION_CODE: _code(r"^E12\d{6}$", "the code of a region, such as E12000001"),
    fields.REGION_NAME: _text(),
    fields.WHOLE_REGION: pa.Column(bool),
}
"""The region of an area, and whether all of its districts are reported on."""

AREAS = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.SMALL_AREA_NAME: _text(),
        fields.DISTRICT_CODE: _district(),
        fields.DISTRICT_NAME: _text(),
        fields.AUTHORITY_CODE: _text(missing=True),
        fields.AUTHORITY_NAME: _text(missing=True),
        **_REGION,
        fields.DEPRIVATION_DECILE: pa.Column(
            "Int64", pa.Check.in_range(1, 10, error="1 to 10"), nullable=True
        ),
        fields.ALL_ENGLAND: pa.Column(bool),
    },
    unique=[fields.SMALL_AREA_CODE],
)
"""Every small area reported on and the larger areas that it lies in."""

DISTRICT_AREAS = _schema(
    {
        fields.DISTRICT_CODE: _district(),
        fields.DISTRICT_NAME: _text(),
        fields.AUTHORITY_CODE: _text(missing=True),
        fields.AUTHORITY_NAME: _text(missing=True),
        **_REGION,
        fields.ALL_ENGLAND: pa.Column(bool),
    },
    unique=[fields.DISTRICT_CODE],
)
"""The same for a run without small areas: every district reported on."""

PLACE_LIST = _schema(
    {
        fields.PLACE_CODE: _text(),
        fields.PLACE_NAME: _text(),
        fields.PART_CODE: _code(r"^E0[16789]\d{6}$", "the code of a small area or a district"),
    },
    unique=[fields.PART_CODE],
)
"""A set of places of one's own as a list: small areas or districts, each in one place."""

PLACE_OUTLINES = _schema(
    {fields.PLACE_CODE: _text(), fields.PLACE_NAME: _text(), "geometry": pa.Column()},
    unique=[fields.PLACE_CODE],
)
"""A set of places of one's own as outlines."""

PLACES = _schema(
    {
        fields.PLACE_SET: _code(PLACES_KEY, "the name of a set of places"),
        fields.PLACE_CODE: _text(),
        fields.PLACE_NAME: _text(),
        fields.PART_CODE: _code(r"^E0[16789]\d{6}$", "the code of a small area or a district"),
        fields.PART_SHARE: _number(pa.Check.in_range(0, 1, error="0 to 1")),
        fields.ASSIGNED_BY: pa.Column(None, pa.Check.isin(("list", "centroid", "area"))),
        fields.GROUND_SHARE: _number(pa.Check.in_range(0, 1, error="0 to 1"), missing=True),
    },
    unique=[fields.PLACE_SET, fields.PLACE_CODE, fields.PART_CODE],
)
"""Places of one's own, and the share of each of the run's smallest areas that lies in them.

``ground_share`` is the share of a place's outline that its small areas cover; missing of a list.
"""

BORDERS = _schema(
    {
        fields.LEVEL: pa.Column(None, pa.Check.isin((DISTRICT, SMALL_AREA))),
        fields.FAULT: pa.Column(None, pa.Check.isin(("overlap", "gap"))),
        fields.AREA_CODE: _text(),
        fields.OTHER_AREA_CODE: _text(),
        fields.FAULT_AREA_M2: _number(_AT_LEAST_0),
        fields.EASTING_M: _number(),
        fields.NORTHING_M: _number(),
    },
    unique=[fields.AREA_CODE, fields.OTHER_AREA_CODE, fields.EASTING_M, fields.NORTHING_M],
)
"""Ground that two areas of one level claim, or that they leave between them, and a point in it."""

SMALL_AREA_GREENSPACE = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.ZONE_AREA_M2: _number(_AT_LEAST_0),
        fields.GREENSPACE_AREA_M2: _number(_AT_LEAST_0),
    },
    unique=[fields.SMALL_AREA_CODE],
)

SMALL_AREA_GREEN_COVER = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.ZONE_AREA_M2: _number(_AT_LEAST_0),
        fields.WITH_DATA_AREA_M2: _number(_AT_LEAST_0),
        fields.GREEN_AREA_M2: _number(_AT_LEAST_0, missing=True),
    },
    unique=[fields.SMALL_AREA_CODE],
)
"""``green_area_m2`` is missing where no part of the area has data."""

SMALL_AREA_NDVI = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.ZONE_AREA_M2: _number(_AT_LEAST_0),
        fields.WITH_DATA_AREA_M2: _number(_AT_LEAST_0),
        fields.NDVI: _number(pa.Check.in_range(-1, 1, error="-1 to 1"), missing=True),
    },
    unique=[fields.SMALL_AREA_CODE],
)
"""Mean NDVI of the land around homes; the areas are of what is around them, not of the small area.

It is missing where nothing around them has data.
"""

PUBLIC_ACCESS_POINTS = _schema(
    {
        fields.ACCESS_POINT_ID: _text(),
        fields.EASTING_M: _number(),
        fields.NORTHING_M: _number(),
        fields.SITE_AREA_M2: _number(_AT_LEAST_0, missing=True),
    },
    unique=[fields.ACCESS_POINT_ID],
)
"""``site_area_m2`` is missing throughout where the sites are not given."""

CENTROID_DISTANCE = _schema(
    {
        fields.SMALL_AREA_CODE: _small_area(),
        fields.MIN_AREA_HA: _number(_AT_LEAST_0),
        fields.DISTANCE_M: _number(_AT_LEAST_0, missing=True),
        fields.SITES_KNOWN: pa.Column(bool),
    },
    unique=[fields.SMALL_AREA_CODE, fields.MIN_AREA_HA],
)
"""Distance to an access point of a site of ``min_area_ha`` or more, a row for each such size.

``sites_known`` is false where access points of any site count, for the sites are not given.
"""

COMPARED = _schema(
    {
        fields.AREA_CODE: _text(),
        fields.AREA_NAME: _text(),
        fields.LEVEL: _code(PLACES_KEY, "the name of a level, such as district"),
        fields.FIRST_YEAR: _year(),
        fields.YEAR: _year(),
        fields.METRIC: _text(),
        fields.SEX: _sex(),
        fields.AGE: _text(),
        fields.UNIT: _text(),
        fields.VALUE: _number(missing=True),
        fields.LOWER: _number(missing=True),
        fields.UPPER: _number(missing=True),
        fields.PUBLISHED_VALUE: _number(missing=True),
        fields.PUBLISHED_LOWER: _number(missing=True),
        fields.PUBLISHED_UPPER: _number(missing=True),
        fields.DIFFERENCE: _number(missing=True),
        fields.INTERVALS_OVERLAP: pa.Column("boolean", nullable=True),
        fields.INDICATOR_ID: _whole(1, 10**9),
        fields.INDICATOR_NAME: _text(),
        fields.PUBLISHED_AREA_CODE: _text(),
        fields.PUBLISHED_AREA_TYPE: _text(),
        fields.NOTE: _text(missing=True),
        fields.PUBLISHED_NOTE: _text(missing=True),
    },
    unique=[fields.AREA_CODE, fields.LEVEL, fields.YEAR, fields.METRIC],
)
"""Results of the run beside published ones of the same quantity, area and years; ours minus theirs.

``intervals_overlap`` is missing where one of the two has no interval of 95 %.
"""

MEASURES = _schema(
    {
        fields.AREA_CODE: _text(),
        fields.AREA_NAME: _text(),
        fields.LEVEL: _code(PLACES_KEY, "the name of a level, such as district"),
        fields.FIRST_YEAR: _year(),
        fields.YEAR: _year(),
        fields.METRIC: _text(),
        fields.SEX: _sex(),
        fields.AGE: _text(),
        fields.VALUE: _number(missing=True),
        fields.LOWER: _number(missing=True),
        fields.UPPER: _number(missing=True),
        fields.UNIT: _text(),
        fields.STATISTIC: _text(),
        fields.METHOD: _text(),
        fields.CONFIDENCE: _number(missing=True),
        fields.NUMERATOR: _number(missing=True),
        fields.DENOMINATOR: _number(missing=True),
        fields.COVERED_SHARE: _number(pa.Check.in_range(0, 1, error="0 to 1"), missing=True),
        fields.ESTIMATED_SHARE: _number(pa.Check.in_range(0, 1, error="0 to 1")),
        fields.NOTE: _text(missing=True),
    },
    unique=[fields.AREA_CODE, fields.LEVEL, fields.YEAR, fields.METRIC, fields.SEX, fields.AGE],
)
"""The long table of results: no number travels without its unit, its method and its interval.

``first_year`` is ``year``, but for numbers of several years together, which ``year`` ends.
``estimated_share`` is the share of the counts behind it that were divided among areas by people.
"""

BY_OVERLAP: Mapping[str, Any] = MappingProxyType(
    {
        "borders": BORDERS,
        "places": PLACES,
        "small_area_greenspace": SMALL_AREA_GREENSPACE,
        "small_area_green_cover": SMALL_AREA_GREEN_COVER,
        "small_area_ndvi": SMALL_AREA_NDVI,
        "public_access_points": PUBLIC_ACCESS_POINTS,
        "centroid_access": CENTROID_DISTANCE,
        "centroid_walk": CENTROID_DISTANCE,
    }
)
"""Schema of each overlap that is a table; that of the areas is told by `areas_schema`."""


def areas_schema(areas: pd.DataFrame) -> Any:
    """Return the schema of a table of areas, which may be one of small areas or of districts."""
    return AREAS if fields.SMALL_AREA_CODE in areas else DISTRICT_AREAS


def checked(frame: Frame, schema: Any, *, file: str | Path | None = None) -> Frame:
    """Return a table once it is known to keep its schema.

    Parameters
    ----------
    frame : the table; rows are counted from 0.
    schema : one of this module.
    file : file that the table was read from, for the message.

    Raises
    ------
    SchemaError : naming the first column and row at fault, what was expected and what was found.
    """
    try:
        schema.validate(frame.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        raise _told(error, len(error.failure_cases), file) from error
    return frame


_WORDS = MappingProxyType(
    {
        "not_nullable": "a value",
        "multiple_fields_uniqueness": "each row once",
        "field_uniqueness": "each value once",
        "column_in_dataframe": "a column of this name",
        "column_in_schema": "no column of this name",
        "column_ordered": "the columns in the order of the schema",
    }
)
"""What pandera calls its own checks, in words."""


def _told(error: SchemaErrors, count: int, file: str | Path | None) -> SchemaError:
    case = error.failure_cases.iloc[0]
    check, found = str(case["check"]), case["failure_case"]
    missing_column = check in ("column_in_dataframe", "column_in_schema", "column_ordered")
    row = "" if missing_column or pd.isna(case["index"]) else f", row {case['index']}"
    more = f" (and {count - 1} more)" if count > 1 else ""
    return SchemaError(
        f"expected {_WORDS.get(check, check)}"
        + ("" if missing_column else f", found {_plain(found)!r}{more}"),
        file=file,
        place=f"column {found if missing_column else case['column']}{row}",
        mend="Correct the source, or the names under `columns` in the configuration.",
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
