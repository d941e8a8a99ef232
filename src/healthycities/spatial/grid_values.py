"""Values of a grid's cells, whichever way the array that holds them runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from healthycities.errors import AlignmentError
from healthycities.spatial.grid import FloatArray, Grid

_SAME_PLACE_CELLS = 1e-3
"""Centres this near one another, in cells, are the same: files round them."""


def cell_values(
    values: npt.ArrayLike,
    grid: Grid,
    axes: Sequence[str] = ("y", "x"),
    *,
    x_m: npt.ArrayLike | None = None,
    y_m: npt.ArrayLike | None = None,
) -> npt.NDArray[Any]:
    """Bring an array to the order of a grid's cells: along its rows, from the north-west corner.

    Parameters
    ----------
    values : array with an axis for each of the names; its type is kept.
    grid : the grid.
    axes : names of the axes as they run: ``"y"``, ``"x"`` and, where there are layers, ``"layer"``,
        in any order.
    x_m, y_m : easting of the centres along the axis ``"x"``, and northing along ``"y"``, rising or
        falling; by default eastings rise and northings fall, as the grid's do.

    Returns
    -------
    One value for each cell, by cell number; or cells x layers, the layers of a cell side by side.

    Raises
    ------
    AlignmentError : the axes are not these, or their lengths or centres are not the grid's.
    """
    given = np.asarray(values)
    if sorted(axes) not in (["x", "y"], ["layer", "x", "y"]) or given.ndim != len(axes):
        raise AlignmentError(
            f"expected an axis 'y', an axis 'x' and at most an axis 'layer',"
            f" found {list(axes)} for an array of {given.shape}",
            mend="Name every axis of the array, in its order.",
        )
    wanted = ["y", "x", "layer"][: given.ndim]
    ordered = given.transpose([list(axes).index(name) for name in wanted])
    if ordered.shape[:2] != grid.shape:
        raise AlignmentError(
            f"expected {grid.n_rows} rows and {grid.n_columns} columns, found {ordered.shape[:2]}",
            mend="Take the array of this grid, and name its axes in their order.",
        )
    centre_x_m, centre_y_m = grid.centres()
    along_y = _direction(y_m, centre_y_m[:: grid.n_columns], grid, "y")
    along_x = _direction(x_m, centre_x_m[: grid.n_columns], grid, "x")
    turned = ordered[::along_y, ::along_x]
    return np.ascontiguousarray(turned).reshape(grid.size, *ordered.shape[2:])


def _direction(given_m: npt.ArrayLike | None, expected_m: FloatArray, grid: Grid, axis: str) -> int:
    """Return 1 where centres run as the grid's do, and -1 where they run against them."""
    if given_m is None:
        return 1
    found_m = np.asarray(given_m, dtype=np.float64)
    for direction in (1, -1):
        if found_m.shape == expected_m.shape and np.allclose(
            found_m[::direction], expected_m, rtol=0.0, atol=_SAME_PLACE_CELLS * grid.cell_size_m
        ):
            return direction
    raise AlignmentError(
        f"expected {len(expected_m)} centres from {expected_m[0]:g} m to {expected_m[-1]:g} m, or"
        f" back, found {found_m.size}"
        + (f" from {found_m.flat[0]:g} m to {found_m.flat[-1]:g} m" if found_m.size else ""),
        place=f"axis {axis}",
        mend="Give the centres of the cells, in the metres of the grid; nothing is resampled here.",
    )
