import numpy as np
import pytest

from healthycities.errors import AlignmentError
from healthycities.spatial.grid import Grid
from healthycities.spatial.grid_values import cell_values

GRID = Grid(x_min_m=100.0, y_max_m=230.0, cell_size_m=10.0, n_rows=3, n_columns=4)
NORTH_UP = np.arange(12).reshape(3, 4)
X_M = np.array([105.0, 115, 125, 135])
Y_M = np.array([225.0, 215, 205])


def test_rows_from_the_north_stay_as_they_are():
    """An array that runs as the grid does is numbered along its rows, and keeps its type."""
    found = cell_values(NORTH_UP.astype(np.uint8), GRID, x_m=X_M, y_m=Y_M)
    assert found.tolist() == list(range(12))
    assert found.dtype == np.uint8
    assert cell_values(NORTH_UP, GRID).tolist() == list(range(12))


@pytest.mark.parametrize("turn_y", [1, -1])
@pytest.mark.parametrize("turn_x", [1, -1])
@pytest.mark.parametrize("axes", ["yx", "xy"])
def test_any_order_and_direction_of_axes(axes, turn_x, turn_y):
    """Rows from the south, columns from the east and transposed arrays give the same cells."""
    given = NORTH_UP[::turn_y, ::turn_x]
    given = given if axes == "yx" else given.T
    found = cell_values(given, GRID, axes, x_m=X_M[::turn_x], y_m=Y_M[::turn_y])
    assert found.tolist() == list(range(12))


@pytest.mark.parametrize("axes", [("layer", "y", "x"), ("y", "layer", "x"), ("x", "y", "layer")])
def test_layers_come_to_lie_side_by_side(axes):
    """Wherever the axis of layers stands, the values of a cell are a row of the result."""
    stack = np.stack([NORTH_UP, NORTH_UP + 100])
    given = stack.transpose([["layer", "y", "x"].index(axis) for axis in axes])
    found = cell_values(given, GRID, axes)
    assert found.tolist() == [[cell, cell + 100] for cell in range(12)]
    assert found.flags.c_contiguous


def test_values_find_the_cells_of_their_centres():
    """The value of each cell, made from its own centre, is where the grid puts that centre."""
    south_up = Y_M[::-1, np.newaxis] * 1000 + X_M
    x_m, y_m = GRID.centres()
    assert cell_values(south_up, GRID, y_m=Y_M[::-1]).tolist() == (y_m * 1000 + x_m).tolist()


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (NORTH_UP, {"axes": ("x", "y")}, "expected 3 rows and 4 columns"),
        (NORTH_UP, {"axes": ("y", "x", "layer")}, "expected an axis 'y'"),
        (NORTH_UP, {"axes": ("lat", "lon")}, "expected an axis 'y'"),
        (NORTH_UP[:2], {}, "found \\(2, 4\\)"),
        (NORTH_UP, {"y_m": Y_M + 10}, "axis y"),
        (NORTH_UP, {"y_m": Y_M[[0, 2, 1]]}, "axis y"),
        (NORTH_UP, {"x_m": X_M[:3]}, "axis x"),
        (NORTH_UP, {"x_m": []}, "axis x"),
        (NORTH_UP, {"x_m": X_M * np.nan}, "axis x"),
    ],
)
def test_an_array_of_another_grid_is_refused(given, options, message):
    """Axes, lengths and centres that are not the grid's are an error; nothing is resampled."""
    with pytest.raises(AlignmentError, match=message):
        cell_values(given, GRID, **options)
