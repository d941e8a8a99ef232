"""The coordinate reference system of tables that hold coordinates and do not say their own."""

from __future__ import annotations

from healthycities.errors import CrsError
from healthycities.sources.raw import Raw
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID


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
