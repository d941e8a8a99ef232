"""How far modelled concentrations are from what local sensors measured. It changes nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Level, Levels
from healthycities.given import Given
from healthycities.health.agreement import Agreement, agreement
from healthycities.metrics.rows import divided, joined, rows, year_note, year_of
from healthycities.sources.air_quality import GRID
from healthycities.spatial.grid import OFF_GRID, FloatArray, IntArray

CARD = MetricCard(
    title="Measured and modelled air pollution",
    needs=("local_measurements", "air_quality", "districts", "areas"),
    by=("pollutant", "year"),
    levels=("authority", "england"),
    measures=(
        Measure(
            name="measured_bias_{pollutant}_ugm3",
            title="{pollutant_label}, measured minus modelled, mean of sensors",
            unit="µg/m³",
            direction="neither",
            statistic="mean difference",
            method="Annual mean of each sensor minus that of the 1 km cell that it stands in; mean "
            "of sensors, each counted once. Above 0 the model is too low. Interval of Student's t "
            "over sensors, from two on. Numerator: sum of the differences; denominator: sensors.",
        ),
        Measure(
            name="measured_scatter_{pollutant}_ugm3",
            title="{pollutant_label}, measured minus modelled, standard deviation of sensors",
            unit="µg/m³",
            direction="lower is better",
            statistic="standard deviation",
            method="Standard deviation of the differences of sensors, from two on. Denominator: "
            "sensors.",
        ),
        Measure(
            name="measured_rmse_{pollutant}_ugm3",
            title="{pollutant_label}, measured and modelled, root mean square error",
            unit="µg/m³",
            direction="lower is better",
            statistic="root mean square error",
            method="Root of the mean squared difference of sensors. Numerator: sum of the squared "
            "differences; denominator: sensors.",
        ),
        Measure(
            name="measured_fractional_bias_{pollutant}_pct",
            title="{pollutant_label}, fractional bias, measured minus modelled",
            unit="%",
            direction="neither",
            statistic="fractional bias",
            method="Measured minus modelled mean of sensors, over the mean of both; between -200 % "
            "and 200 %. Denominator: sensors.",
        ),
    ),
    caveats=(
        "A check on the modelled values, which no other metric uses: nothing is corrected by it.",
        "The model gives the background of a square kilometre: a sensor beside a road measures "
        "more than it can show, and the difference is then no error of the model.",
        "Low-cost sensors have errors of their own, PM in damp air above all: give values "
        "corrected beside a reference instrument.",
        "Sensors stand where somebody put them, not where people live on average; those near one "
        "another are not independent, and the interval is then too narrow.",
    ),
)

_CONFIDENCE = 0.95
_ONE = "one sensor: no interval"

_log = logging.getLogger(__name__)


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one pollutant and year."""
    levels = Levels.of(given)
    table, grid = given.inputs["local_measurements"], given.inputs["air_quality"]
    sensors = table[table[fields.POLLUTANT] == given.pollutant]
    of_year = year_of(sensors) if len(sensors) else given.year
    apart = _other_year(of_year, grid.year)
    found = Sensors.of(sensors, grid.values, given.inputs["districts"])
    for level in levels.of_districts(CARD.levels):
        compared = _compared(level, found, apart)
        note = year_note("measurements", of_year, given.year)
        yield from _rows(level, measures, given.year, compared, note)


def _other_year(measured: int, modelled: int | None) -> str | None:
    """Say that measurements of one year are not compared with a model of another."""
    if modelled in (None, measured):
        return None
    return f"measurements of {measured} are not compared with concentrations of {modelled}"


# --- Where sensors stand ---


class Sensors(NamedTuple):
    """Sensors of one pollutant and year.

    Parameters
    ----------
    district : code of the district that each stands in, or None where it stands in none.
    measured, modelled : n float64 in µg/m³; NaN where the grid has no value.
    """

    district: npt.NDArray[np.object_]
    measured: FloatArray
    modelled: FloatArray

    @classmethod
    def of(cls, table: pd.DataFrame, grid_ugm3: FloatArray, districts: gpd.GeoDataFrame) -> Sensors:
        """Find the district and the cell of each sensor of `tables.LOCAL_MEASUREMENTS`."""
        x_m, y_m = (
            table[axis].to_numpy(np.float64) for axis in (fields.EASTING_M, fields.NORTHING_M)
        )
        within = districts_of(x_m, y_m, districts)
        lost = sum(code is None for code in within)
        if lost:
            _log.info("local_measurements: %d of %d sensors lie in no district", lost, len(within))
        return cls(within, table[fields.MEASURED_UGM3].to_numpy(), _at(x_m, y_m, grid_ugm3))


def districts_of(
    x_m: FloatArray, y_m: FloatArray, districts: gpd.GeoDataFrame
) -> npt.NDArray[np.object_]:
    """Return the code of the district that each point lies in, None where it lies in none.

    A point on the border of several lies in the first of them by code.

    Parameters
    ----------
    x_m, y_m : easting and northing of n points, in metres.
    districts : `tables.DISTRICTS`.
    """
    ordered = districts.sort_values(fields.DISTRICT_CODE, ignore_index=True)
    tree = shapely.STRtree(ordered.geometry.to_numpy())
    point, district = tree.query(shapely.points(x_m, y_m), predicate="intersects")
    first = np.full(len(x_m), len(ordered))
    np.minimum.at(first, point, district)
    codes = [*ordered[fields.DISTRICT_CODE], None]
    return np.array([codes[number] for number in first], dtype=object)


def _at(x_m: FloatArray, y_m: FloatArray, grid_ugm3: FloatArray) -> FloatArray:
    """Return the concentration of the cell that each point lies in."""
    cell = GRID.cell_of(x_m, y_m)
    return np.where(cell == OFF_GRID, np.nan, np.ravel(grid_ugm3)[cell])


# --- The sensors of each area ---


class _Compared(NamedTuple):
    """The agreement of each area, the share of its sensors behind it, and a note."""

    agreement: Agreement
    covered: FloatArray
    notes: list[str | None]


def _compared(level: Level, sensors: Sensors, apart: str | None) -> _Compared:
    """Compare the sensors of each area of a level; none of them where the years are ``apart``."""
    area, sensor = _members(level, sensors.district)
    known = ~np.isnan(sensors.modelled[sensor]) & (apart is None)
    there = np.bincount(area, minlength=len(level.names)).astype(np.float64)
    result = agreement(
        sensors.measured[sensor[known]],
        sensors.modelled[sensor[known]],
        area[known],
        len(level.names),
        _CONFIDENCE,
    )
    covered = divided(result.sensors, there)
    notes = [_note(int(n), int(of), apart) for n, of in zip(result.sensors, there, strict=True)]
    return _Compared(result, np.where(np.isnan(covered), 0.0, covered), notes)


def _members(level: Level, district: npt.NDArray[np.object_]) -> tuple[IntArray, IntArray]:
    """Return pairs of an area of a level and a sensor that stands in it, as numbers of both."""
    column = pd.Index(level.weights.columns).get_indexer(pd.Index(district, dtype=object))
    sensor = np.flatnonzero(column >= 0)
    pairs = level.weights.matrix[:, column[sensor]].tocoo()
    return pairs.row.astype(np.int64), sensor[pairs.col]


def _note(compared: int, there: int, apart: str | None) -> str | None:
    """Say why there is no value or no interval, or how many sensors it rests on."""
    if there == 0:
        return "no sensors"
    if apart is not None:
        return apart
    if compared == 0:
        return f"no modelled concentration at any of {there} sensors"
    rests = f"{there - compared} of {there} sensors have no modelled concentration"
    return joined(rests if compared < there else None, _ONE if compared == 1 else None)


def _rows(
    level: Level,
    measures: Mapping[str, Measure],
    year: int,
    compared: _Compared,
    note: str | None,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of each measure at one level."""
    found, bias = compared.agreement, compared.agreement.bias
    given = found.sensors > 0
    values = {
        "measured_bias_{pollutant}_ugm3": (bias.value, bias.value * found.sensors),
        "measured_scatter_{pollutant}_ugm3": (found.scatter, None),
        "measured_rmse_{pollutant}_ugm3": (found.root_mean_square, found.squares),
        "measured_fractional_bias_{pollutant}_pct": (100 * found.fractional_bias, None),
    }
    for name, (value, numerator) in values.items():
        limits = (bias.lower, bias.upper) if value is bias.value else (None, None)
        yield rows(
            level,
            measures[name],
            year,
            value=value,
            lower=limits[0],
            upper=limits[1],
            confidence=None if limits[0] is None else _CONFIDENCE,
            numerator=None if numerator is None else np.where(given, numerator, np.nan),
            denominator=found.sensors,
            covered_share=compared.covered,
            notes=np.array([joined(note, one) for one in compared.notes], dtype=object),
        )
