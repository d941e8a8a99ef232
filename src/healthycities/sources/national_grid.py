"""The coordinate reference system of tables that hold coordinates and do not say their own."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from healthycities import fields
from healthycities.errors import CrsError
from healthycities.io.tabular import Table
from healthycities.sources.raw import Raw
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID

ENGLAND_M = MappingProxyType(
    {fields.EASTING_M: (80_000, 656_000), fields.NORTHING_M: (5_000, 658_000)}
)
"""Metres of EPSG:27700 between which England lies, from Scilly to Lowestoft and Berwick."""


def require_national_grid(raw: Raw) -> None:
    """Require that the configuration does not give a table another system than EPSG:27700.

    Raises
    ------
    CrsError : it does; coordinates of a table are not converted in silence.
    """
    if raw.crs is not None and raw.crs.upper() != BRITISH_NATIONAL_GRID:
        raise CrsError(
            f"expected coordinates in {BRITISH_NATIONAL_GRID}, and `crs` of this source says"
            f" {raw.crs}",
            file=raw.paths[0],
            mend=f"Download the table in {BRITISH_NATIONAL_GRID}, or convert it.",
        )


def require_england(frame: pd.DataFrame, table: Table, *, mend: str) -> None:
    """Require that each row of a table lies in the box of England.

    Parameters
    ----------
    frame : eastings and northings, with the index of the rows of the table.
    table : where they were read from.
    mend : what to do.

    Raises
    ------
    CrsError : naming the line of the first that does not.
    """
    inside = pd.Series(data=True, index=frame.index)
    for name, (lowest, highest) in ENGLAND_M.items():
        inside &= frame[name].between(lowest, highest)
    if not inside.all():
        row = int(frame.index[~inside][0])
        x, y = frame.loc[row, fields.EASTING_M], frame.loc[row, fields.NORTHING_M]
        degrees = max(abs(x), abs(y)) <= 180
        file, line = table.place(row)
        raise CrsError(
            f"expected a point of England in metres of {BRITISH_NATIONAL_GRID},"
            f" found x {x:g}, y {y:g}" + (", which look like degrees" if degrees else ""),
            file=file,
            place=f"line {line}",
            mend=mend,
        )
