"""Concentrations that sensors of one's own measured, as a check on the modelled ones.

What a sensor measured in part of a year is not an annual mean. A sensor counts in a year where its
periods cover at least three quarters of it: the data capture below which Defra's technical guidance
for local air quality management, LAQM.TG(22), asks that a mean be annualised before it is compared
(verify). Nothing is annualised here.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.catalogue import SourceCard
from healthycities.errors import CrsError, SchemaError
from healthycities.geography.districts import named
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.io.vector import UK_BOX_DEGREES, from_degrees
from healthycities.pollutants import POLLUTANTS
from healthycities.sources.air_quality import HIGHEST_UGM3
from healthycities.sources.national_grid import require_england, require_national_grid
from healthycities.sources.raw import Raw

CARD = SourceCard(
    title="Local measurements of air pollution",
    publisher="Whoever runs the sensors",
    product="Concentrations by sensor, pollutant and period",
    licence="That of the measurements: say it as licence in the configuration",
    attribution="Measurements by those who run the sensors.",
    address="https://uk-air.defra.gov.uk/data/ (verify); or sensors of your own",
    layout=(
        "CSV, one row for each sensor, pollutant and period: sensor_id; easting and northing "
        "(metres in EPSG:27700), or else lon and lat (degrees in WGS 84, EPSG:4326, which are "
        "reprojected); pollutant (pm25, pm10, no2 or nox); period, a year such as 2022 or two "
        "dates, the first and the last day, as 2022-01-05/2022-02-01, or else these days in the "
        "columns start and end; value, the mean of the period in µg/m³, corrected as you would "
        "report it. Periods of one sensor may follow each other, but not overlap; each is of the "
        "year that its middle day lies in. Where they cover at least 75 % of the days of a year, "
        "their mean by days stands for the year; otherwise the sensor is left out of it. A sensor "
        "that was moved is another sensor."
    ),
    kind="table",
    by=("year",),
    optional=True,
    tells_years=True,
)

LEAST_SHARE_OF_YEAR = 0.75
"""Share of the days of a year that an annual mean rests on at least: LAQM.TG(22) (verify)."""

_LONGEST_DAYS = 366
_X, _Y, _LON, _LAT = "easting", "northing", "lon", "lat"
_PERIOD, _START, _END, _VALUE = "period", "start", "end", "value"
_METRES = (
    Column(_X, r"easting(_m)?", _X),
    Column(_Y, r"northing(_m)?", _Y),
)
_DEGREES = (
    Column(_LON, r"lon(gitude)?", _LON),
    Column(_LAT, r"lat(itude)?", _LAT),
)
_LAYOUTS = tuple(
    (
        exactly(fields.SENSOR_ID),
        *place,
        exactly(fields.POLLUTANT),
        *period,
        Column(_VALUE, r"value(_ugm3)?", _VALUE),
    )
    for place in (_METRES, _DEGREES)
    for period in ((exactly(_PERIOD),), (exactly(_START), exactly(_END)))
)

_POLLUTANT_OF = {
    text.lower(): one.name for one in POLLUTANTS.values() for text in (one.name, one.label)
}
_DATE = r"\d{4}-\d\d-\d\d"
_KEYS = [fields.SENSOR_ID, fields.POLLUTANT]
_PLACE = [fields.EASTING_M, fields.NORTHING_M]
_MEND_PLACE = (
    "Correct the line: metres of EPSG:27700 under easting and northing, or degrees of WGS 84 under"
    " lon and lat."
)

_log = logging.getLogger(__name__)


def read(raw: Raw) -> pd.DataFrame:
    """Read the annual mean of each sensor that measured for most of a year.

    All rows of the file are checked, those of other years too. A file without a sensor that counts
    in the year gives an empty table, which the log tells of.

    Returns
    -------
    Table of `tables.LOCAL_MEASUREMENTS`, by sensor and pollutant; metres in EPSG:27700, µg/m³.

    Raises
    ------
    SourceError, SchemaError : see `read_csv`; or a sensor has no id, two places, or periods that
        overlap; or a pollutant or a date is not understood; or a period is longer than a year; or a
        concentration is below 0 or above 1000 µg/m³.
    CrsError : a place lies outside England, or the configuration gives it another system.
    """
    table = read_csv(raw.paths, *_LAYOUTS, renamed=raw.columns)
    table.require(table.rows[fields.SENSOR_ID] != "", fields.SENSOR_ID, "the id of a sensor")
    frame = pd.DataFrame(
        {
            fields.SENSOR_ID: table.rows[fields.SENSOR_ID],
            fields.POLLUTANT: _pollutants(table),
            fields.MEASURED_UGM3: _concentrations(table),
        }
    ).join([_places(table, raw), _periods(table)])
    _require_one_place(frame, table)
    _require_no_overlap(frame, table)
    annual = _annual_means(frame, raw.data_year, table)
    return tables.checked(annual, tables.LOCAL_MEASUREMENTS, file=table.files)


def _pollutants(table: Table) -> pd.Series:
    names = table.rows[fields.POLLUTANT].str.lower().map(_POLLUTANT_OF)
    table.require(names.notna(), fields.POLLUTANT, f"a pollutant, one of {', '.join(POLLUTANTS)}")
    return names


def _concentrations(table: Table) -> pd.Series:
    ugm3 = table.numbers(_VALUE, at_least=0)
    table.require(ugm3 <= HIGHEST_UGM3, _VALUE, f"a mean of at most {HIGHEST_UGM3:g} µg/m³")
    return ugm3


# --- Where ---


def _places(table: Table, raw: Raw) -> pd.DataFrame:
    """Return easting and northing of each row, in metres of EPSG:27700."""
    if table.has(_X):
        require_national_grid(raw)
        metres = np.column_stack([table.numbers(_X), table.numbers(_Y)])
    else:
        metres = from_degrees(_degrees(table, raw), raw.paths[0])
    frame = pd.DataFrame(metres, columns=_PLACE, index=table.rows.index)
    require_england(frame, table, mend=_MEND_PLACE)
    return frame


def _degrees(table: Table, raw: Raw) -> np.ndarray:
    """Return longitude and latitude of each row, which lie in the United Kingdom."""
    if raw.crs is not None and raw.crs.upper() != "EPSG:4326":
        raise CrsError(
            f"expected degrees of WGS 84 (EPSG:4326) under {_LON} and {_LAT}, and `crs` of this"
            f" source says {raw.crs}",
            file=raw.paths[0],
            mend="Leave `crs` out, or give metres of EPSG:27700 under easting and northing.",
        )
    west, south, east, north = UK_BOX_DEGREES
    degrees = []
    for name, lowest, highest in ((_LON, west, east), (_LAT, south, north)):
        numbers = table.numbers(name)
        said = f"degrees of {lowest:g} to {highest:g}, as {name} in the United Kingdom"
        table.require(numbers.between(lowest, highest), name, said)
        degrees.append(numbers)
    return np.column_stack(degrees)


def _require_one_place(frame: pd.DataFrame, table: Table) -> None:
    first = frame.groupby(fields.SENSOR_ID)[_PLACE].transform("first")
    moved = (frame[_PLACE] != first).any(axis=1)
    column = _X if table.has(_X) else _LON
    table.require(~moved, column, "each sensor in one place; one that was moved takes another id")


# --- When ---


def _periods(table: Table) -> pd.DataFrame:
    """Return the first and last day of each row."""
    if table.has(_PERIOD):
        days = _split(table.rows[_PERIOD])
        columns = (_PERIOD, _PERIOD)
    else:
        days = table.rows[[_START, _END]]
        columns = (_START, _END)
    start, end = (
        _dates(table, days[name], column)
        for name, column in zip((_START, _END), columns, strict=True)
    )
    length = (end - start).dt.days + 1
    table.require(length >= 1, columns[1], "a last day that is not before the first")
    table.require(length <= _LONGEST_DAYS, columns[1], "a period of a year at most")
    return pd.DataFrame({_START: start, _END: end})


def _split(periods: pd.Series) -> pd.DataFrame:
    """Return the two dates of periods such as 2022 or 2022-01-05/2022-02-01, as text."""
    year = periods.str.fullmatch(r"\d{4}")
    whole = periods.where(~year, periods + "-01-01/" + periods + "-12-31")
    return whole.str.extract(rf"^(?P<{_START}>{_DATE})/(?P<{_END}>{_DATE})$")


def _dates(table: Table, days: pd.Series, column: str) -> pd.Series:
    plain = days.where(days.str.fullmatch(_DATE).eq(True))
    dates = pd.to_datetime(plain, format="%Y-%m-%d", errors="coerce")
    said = "a date such as 2022-01-31"
    if column == _PERIOD:
        said = "a year such as 2022, or two dates such as 2022-01-05/2022-02-01"
    table.require(dates.notna(), column, said)
    return dates


def _require_no_overlap(frame: pd.DataFrame, table: Table) -> None:
    """Refuse periods of one sensor and pollutant that have days in common."""
    ordered = frame.sort_values([*_KEYS, _START, _END], kind="stable")
    same = (ordered[_KEYS] == ordered[_KEYS].shift()).all(axis=1)
    overlap = same & (ordered[_START] <= ordered[_END].shift())
    if overlap.any():
        at = int(np.flatnonzero(overlap)[0])
        row, before = int(ordered.index[at]), int(ordered.index[at - 1])
        (file, line), (_, other) = table.place(row), table.place(before)
        sensor, pollutant = ordered.loc[row, _KEYS]
        raise SchemaError(
            f"the period of {pollutant} of sensor {sensor} overlaps with that on line {other}",
            file=file,
            place=f"line {line}",
            mend="Keep one of the two lines, or give each sensor an id of its own.",
        )


# --- Annual means ---


def _annual_means(frame: pd.DataFrame, year: int | None, table: Table) -> pd.DataFrame:
    """Return the mean of each sensor by the days of a year, where these are enough."""
    first, last = pd.Timestamp(f"{year}-01-01"), pd.Timestamp(f"{year}-12-31")
    middle = frame[_START] + (frame[_END] - frame[_START]) // 2
    ours = frame[middle.dt.year == year]
    days = (ours[_END].clip(upper=last) - ours[_START].clip(lower=first)).dt.days + 1
    summed = (
        ours.assign(days=days, product=days * ours[fields.MEASURED_UGM3])
        .groupby([*_KEYS, *_PLACE], as_index=False)[["days", "product"]]
        .sum()
    )
    enough = summed["days"] >= LEAST_SHARE_OF_YEAR * ((last - first).days + 1)
    _tell(summed, enough, year, table)
    kept = summed[enough].reset_index(drop=True)
    columns = {
        fields.YEAR: pd.Series(year, index=kept.index, dtype="int64"),
        fields.MEASURED_UGM3: (kept["product"] / kept["days"]).astype("float64"),
        fields.MEASURED_DAYS: kept["days"].astype("int64"),
    }
    return kept.assign(**columns)[list(tables.LOCAL_MEASUREMENTS.columns)]


def _tell(summed: pd.DataFrame, enough: pd.Series, year: int | None, table: Table) -> None:
    """Log how many sensors count in a year, and which do not."""
    _log.info("%s: %d annual means of %d", table.files, enough.sum(), year)
    if not enough.all():
        short = summed[~enough]
        told = (short[fields.SENSOR_ID] + " " + short[fields.POLLUTANT]).tolist()
        _log.info(
            "%s: left out %d that measured less than %g %% of %d: %s",
            *(table.files, len(short), 100 * LEAST_SHARE_OF_YEAR, year, named(told)),
        )
