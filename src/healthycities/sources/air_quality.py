"""Annual mean concentrations of air pollutants on a 1 km grid."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from healthycities.catalogue import Offer, SourceCard
from healthycities.errors import CrsError, SchemaError, SourceError
from healthycities.io.raster import read_grid
from healthycities.io.tabular import Column, Table, exactly, read_csv
from healthycities.pollutants import POLLUTANTS
from healthycities.sources.national_grid import require_national_grid
from healthycities.sources.raw import Raw
from healthycities.spatial.grid import OFF_GRID, FloatArray, Grid, IntArray

CARD = SourceCard(
    title="Modelled background concentrations, 1 km",
    publisher="Department for Environment, Food and Rural Affairs",
    product="UK-AIR Pollution Climate Mapping (PCM), annual means",
    licence="Open Government Licence v3.0",
    attribution=(
        "© Crown copyright [year] Defra via uk-air.defra.gov.uk, licensed under the Open "
        "Government Licence."
    ),
    offers=(
        Offer(
            name="mappm25{year}g.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm25{year}g.csv",
            size_mb=9,
            pollutant="pm25",
            first_year=2007,
        ),
        Offer(
            name="mappm25{year}gh.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm25{year}gh.csv",
            size_mb=9,
            pollutant="pm25",
            first_year=2006,
            last_year=2006,
        ),
        Offer(
            name="mappm25{year}ac.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm2505ac.csv",
            size_mb=9,
            pollutant="pm25",
            first_year=2005,
            last_year=2005,
        ),
        Offer(
            name="mappm25{year}g.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm25{year}g.csv",
            size_mb=9,
            pollutant="pm25",
            first_year=2004,
            last_year=2004,
        ),
        Offer(
            name="mappm10{year}g.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm10{year}g.csv",
            size_mb=9,
            pollutant="pm10",
            first_year=2007,
        ),
        Offer(
            name="mappm10{year}gh.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm10{year}gh.csv",
            size_mb=9,
            pollutant="pm10",
            first_year=2006,
            last_year=2006,
        ),
        Offer(
            name="mappm10{year}ac.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm1005ac.csv",
            size_mb=9,
            pollutant="pm10",
            first_year=2005,
            last_year=2005,
        ),
        Offer(
            name="mappm10{year}g.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm10{year}g.csv",
            size_mb=9,
            pollutant="pm10",
            first_year=2004,
            last_year=2004,
        ),
        Offer(
            name="mappm25{year}grav.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm25{year}grav.csv",
            size_mb=9,
            pollutant="pm25",
            first_year=2003,
            last_year=2003,
        ),
        Offer(
            name="mappm10{year}s15a.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mappm10{year}s15a.csv",
            size_mb=9,
            pollutant="pm10",
            first_year=2003,
            last_year=2003,
        ),
        Offer(
            name="mapno2{year}.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mapno2{year}.csv",
            size_mb=9,
            pollutant="no2",
            first_year=2003,
        ),
        Offer(
            name="mapnox{year}.csv",
            protocol="file",
            address="https://uk-air.defra.gov.uk/datastore/pcm/mapnox{year}.csv",
            size_mb=9,
            pollutant="nox",
            first_year=2003,
        ),
    ),
    renewed="each year, about a year after its end; earlier years may be revised",
    fresh_days=400,
    layout=(
        "CSV: lines that name the pollutant, year, statistic and unit, then gridcode (or "
        "ukgridcode), x, y (the centre of a cell, metres in EPSG:27700) and a column such as "
        "pm252024g, µg/m³; MISSING where there is no value. Or a GeoTIFF of annual means in µg/m³, "
        "of EPSG:27700 and the same 1 km cells."
    ),
    kind="grid",
    by=("pollutant", "year"),
)

GRID = Grid(x_min_m=0, y_max_m=1_300_000, cell_size_m=1000, n_rows=1300, n_columns=700)
"""The frame that every file is laid onto: the National Grid, in Defra's 1 km cells."""

HIGHEST_UGM3 = 1000.0
"""No annual mean in the open air comes near it; a number above is of another unit."""

_CODE, _X, _Y, _VALUE = "gridcode", "x", "y", "value"
_MISSING = ("MISSING", "")
_LAYOUT = (
    Column(_CODE, "(uk)?gridcode", "gridcode", required=False),
    exactly(_X),
    exactly(_Y),
    Column(_VALUE, r"(?!((uk)?gridcode|x|y)$).+", "pm252024g"),
)
_NAMES = "|".join(POLLUTANTS)


def read(raw: Raw) -> FloatArray:
    """Read one pollutant's annual means of one year.

    Returns
    -------
    (1300, 700) µg/m³ on `GRID`, NaN where the file has no value.

    Raises
    ------
    SourceError, SchemaError : see `read_csv` and `read_grid`; or the file is of another year or
        pollutant; or a cell has two values, a code of another cell, a concentration below 0 or
        above 1000 µg/m³; or no cell has a value.
    CrsError : the cells are not those of `GRID`.
    """
    is_raster = raw.paths[0].suffix.lower() in (".tif", ".tiff")
    values = _read_raster(raw) if is_raster else _read_table(raw)
    if np.isnan(values).all():
        raise SourceError("no cell has a value", file=raw.paths[0], mend="Get the file again.")
    return values


# --- The CSV of Defra ---


def _read_table(raw: Raw) -> FloatArray:
    require_national_grid(raw)
    table = read_csv(raw.paths, _LAYOUT, renamed=raw.columns)
    _require_asked(table, raw)
    x_m, y_m = table.numbers(_X), table.numbers(_Y)
    cells = _cells(table, x_m, y_m)
    _require_codes(table, x_m, y_m)
    ugm3 = table.numbers(_VALUE, at_least=0, missing=_MISSING)
    sound = ugm3.isna() | (ugm3 <= HIGHEST_UGM3)
    table.require(sound, _VALUE, f"a concentration of at most {HIGHEST_UGM3:g} µg/m³")
    values = np.full(GRID.size, np.nan)
    values[cells] = ugm3
    return values.reshape(GRID.shape)


def _titles(table: Table) -> list[str]:
    return [title for sheet in table.sheets for title in sheet.titles]


def _named_pollutants(table: Table) -> set[str]:
    """Return the pollutants that the lines above the header and the column of values name."""
    plain = (title.lower().replace(".", "") for title in _titles(table))
    column = _value_column(table)
    return {title for title in plain if title in POLLUTANTS} | ({column[1]} if column else set())


def _named_years(table: Table) -> set[int]:
    """Return the years that the lines above the header and the column of values name."""
    years = {int(title) for title in _titles(table) if re.fullmatch(r"\d{4}", title)}
    column = _value_column(table)
    return years | ({int(column[2])} if column else set())


def _value_column(table: Table) -> re.Match[str] | None:
    """Take apart a name such as pm252024g; None for a name of the user's own."""
    return re.fullmatch(rf"({_NAMES})(\d{{4}})g?", table.own_names[_VALUE].lower())


def _require_asked(table: Table, raw: Raw) -> None:
    """Require that a file that says its year and pollutant is the one that is asked for."""
    for what, asked, said in (
        ("pollutant", raw.pollutant, _named_pollutants(table)),
        ("year", raw.data_year, _named_years(table)),
    ):
        if said - {asked}:
            raise SourceError(
                f"expected {what} {asked}, but the file says that it is of "
                f"{' and '.join(sorted(map(str, said)))}",
                file=table.files,
                mend="Correct the path of the source, or its vintage.",
            )


def _cells(table: Table, x_m: pd.Series, y_m: pd.Series) -> IntArray:
    """Return the cell of each row, from its centre."""
    cells = pd.Series(GRID.cell_of(x_m, y_m), index=x_m.index)
    half = GRID.cell_size_m / 2
    centred = (x_m % GRID.cell_size_m == half) & (y_m % GRID.cell_size_m == half)
    sound = centred & (cells != OFF_GRID)
    if not sound.all():
        raise _not_a_centre(table, int(sound.index[~sound][0]))
    again = cells.duplicated()
    if again.any():
        raise _twice(table, cells, int(again.index[again][0]))
    return np.asarray(cells, dtype=np.int64)


def _not_a_centre(table: Table, row: int) -> CrsError:
    file, line = table.place(row)
    return CrsError(
        "expected the centre of a 1 km cell of the National Grid in metres of EPSG:27700, such as "
        f"x 460500, y 1219500, found x {table.rows.loc[row, _X]}, y {table.rows.loc[row, _Y]}",
        file=file,
        place=f"line {line}",
        mend="Use Defra's own file: cells are not moved or reprojected here.",
    )


def _twice(table: Table, cells: pd.Series, row: int) -> SchemaError:
    file, line = table.place(row)
    first_file, first = table.place(int(cells.index[cells == cells[row]][0]))
    return SchemaError(
        f"the cell at x {table.rows.loc[row, _X]}, y {table.rows.loc[row, _Y]} stands there and "
        f"on line {first}" + ("" if file == first_file else f" of {first_file}"),
        file=file,
        place=f"line {line}",
        mend="Keep one of the two lines.",
    )


def _require_codes(table: Table, x_m: pd.Series, y_m: pd.Series) -> None:
    """Require that codes are those of the cells, which holds in Defra's files since 2003.

    They count 690 cells along a row, from the north: a shifted or swapped column betrays itself.
    """
    if not table.has(_CODE):
        return
    expected = 896_321 + (x_m - 500) / 1000 - 690 * (y_m - 500) / 1000
    wrong = table.whole_numbers(_CODE) != expected
    if wrong.any():
        row = int(wrong.index[wrong][0])
        file, line = table.place(row)
        raise SourceError(
            f"expected code {expected[row]:.0f} for the cell at x {x_m[row]:.0f}, "
            f"y {y_m[row]:.0f}, found {table.rows.loc[row, _CODE]}",
            file=file,
            place=f"line {line}, column {table.own_names[_CODE]}",
            mend="Get the file again: a row or a column has moved.",
        )


# --- A raster of the user's own ---


def _read_raster(raw: Raw) -> FloatArray:
    path = raw.paths[0]
    if len(raw.paths) > 1:
        raise SourceError(
            f"expected one raster, found {len(raw.paths)}",
            file=path,
            mend="Merge them into one, or name one in the path of the source.",
        )
    values, grid = read_grid(path, crs=raw.crs)
    row, column = _offset(raw, grid)
    sound = np.isnan(values) | (values >= 0) & (values <= HIGHEST_UGM3)
    if not sound.all():
        at = np.argwhere(~sound)[0]
        raise SchemaError(
            f"expected a concentration of 0 to {HIGHEST_UGM3:g} µg/m³, found {values[tuple(at)]:g}",
            file=path,
            place=f"row {at[0] + 1}, column {at[1] + 1}",
            mend="Correct the value; where there is none, write the file's nodata value.",
        )
    laid = np.full(GRID.shape, np.nan)
    laid[row : row + grid.n_rows, column : column + grid.n_columns] = values
    return laid


def _offset(raw: Raw, grid: Grid) -> tuple[int, int]:
    """Return how many cells a raster's corner lies below and right of the corner of `GRID`."""
    path = raw.paths[0]
    if grid.crs != GRID.crs:
        raise CrsError(
            f"expected {GRID.crs}, found {grid.crs}",
            file=path,
            mend="Resample it onto the 1 km cells of the National Grid with a tool that you trust "
            "for means: nothing is reprojected here.",
        )
    column = (grid.x_min_m - GRID.x_min_m) / GRID.cell_size_m
    row = (GRID.y_max_m - grid.y_max_m) / GRID.cell_size_m
    aligned = grid.cell_size_m == GRID.cell_size_m and column % 1 == 0 and row % 1 == 0
    inside = 0 <= column <= GRID.n_columns - grid.n_columns
    if not aligned or not (inside and 0 <= row <= GRID.n_rows - grid.n_rows):
        raise SourceError(
            "expected cells of 1000 m whose corners lie on whole kilometres of the National Grid, "
            f"found cells of {grid.cell_size_m:g} m from x {grid.x_min_m:g}, y {grid.y_max_m:g}",
            file=path,
            mend="Average it onto these cells, or cut it to the frame of 700 by 1300 km.",
        )
    return int(row), int(column)
