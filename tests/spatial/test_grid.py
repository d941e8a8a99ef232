import numpy as np
import pytest
from rasterio import Affine

from healthycities.errors import GeometryError
from healthycities.spatial.grid import Grid

GRID = Grid(x_min_m=100.0, y_max_m=230.0, cell_size_m=10.0, n_rows=3, n_columns=4)


def test_cells_are_numbered_along_rows_from_the_north_west():
    """The first cell is the north-western one and the last the south-eastern one."""
    cells = GRID.cell_of([105, 135, 105, 135], [225, 225, 205, 205])
    assert cells.tolist() == [0, 3, 8, 11]
    assert (GRID.shape, GRID.size) == ((3, 4), 12)


def test_centres_lie_in_their_own_cells():
    """The centre of each cell is found in the cell of that number."""
    x_m, y_m = GRID.centres()
    assert (x_m[1], y_m[1]) == (115.0, 225.0)
    assert GRID.cell_of(x_m, y_m).tolist() == list(range(12))


def test_points_off_the_grid_have_no_cell():
    """A point beyond any side, or with a missing coordinate, is in cell -1."""
    x_m = [99.9, 140.1, 105, 105, np.nan, 105, np.inf]
    y_m = [225, 225, 230.1, 199.9, 225, np.nan, 225]
    assert GRID.cell_of(x_m, y_m).tolist() == [-1] * 7


def test_edges_between_cells_belong_to_one_cell():
    """A cell holds its west and north edge, so the grid's east and south edge are off it."""
    assert GRID.cell_of([100, 110, 140], [230, 220, 225]).tolist() == [0, 5, -1]
    assert GRID.cell_of(105, 200) == -1


def test_transform_is_that_of_rasterio():
    """The coefficients, read as rasterio's, give the corner, the size and no rotation."""
    transform = Affine(*GRID.transform)
    assert (transform.c, transform.f) == (100.0, 230.0)
    assert (transform.a, transform.b, transform.d, transform.e) == (10.0, 0.0, 0.0, -10.0)


@pytest.mark.parametrize("wrong", [{"cell_size_m": 0.0}, {"n_rows": 0}, {"x_min_m": np.nan}])
def test_a_grid_without_cells_is_refused(wrong):
    """A grid needs a finite corner and sizes above 0."""
    sound = {"x_min_m": 0.0, "y_max_m": 1.0, "cell_size_m": 1.0, "n_rows": 1, "n_columns": 1}
    with pytest.raises(GeometryError, match="above 0"):
        Grid(**(sound | wrong))
