from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthycities.errors import CrsError, HealthycitiesError, SchemaError, SourceError
from healthycities.io.raster import write_grid
from healthycities.sources.air_quality import GRID, read
from healthycities.sources.raw import Raw
from healthycities.spatial.grid import FloatArray, Grid

TITLES = "pm2.5,,,\r\n2024,,,\r\nannual mean,,,\r\nug m-3,,,\r\n,,,\r\n"
HEADER = "gridcode,x,y,pm252024g\r\n"
ROWS = "55671,460500,1219500,2.995311\r\n633817,386500,381500,MISSING\r\n"


def grid(tmp_path: Path, text: str, pollutant: str = "pm25", year: int = 2024,
         **said: object) -> FloatArray:  # fmt: skip
    """Read a file of this text."""
    path = tmp_path / "map.csv"
    path.write_bytes(text.encode())
    return read(Raw((path,), date(2025, 6, 1), year=year, pollutant=pollutant, **said))


@pytest.mark.parametrize(
    "text",
    [TITLES + HEADER + ROWS, HEADER + ROWS, TITLES + HEADER.replace("grid", "ukgrid") + ROWS],
)
def test_the_published_layout_is_laid_onto_the_frame(tmp_path, text):
    """A value stands in the row and column of its cell, MISSING and all other cells are NaN."""
    found = grid(tmp_path, text)
    assert found.shape == (1300, 700)
    assert found[80, 460] == 2.995311
    assert np.isfinite(found).sum() == 1


@settings(max_examples=30)
@given(st.integers(0, 699), st.integers(0, 1299), st.floats(0, 1000))
def test_every_cell_finds_its_place(tmp_path_factory, column, row, value):
    """Cell, centre and number come back, to the last bit, wherever the cell lies."""
    x_m, y_m = column * 1000 + 500, 1_300_000 - row * 1000 - 500
    text = f"x,y,pm252024\n{x_m},{y_m},{value!r}\n"
    found = grid(tmp_path_factory.mktemp("cell"), text)
    assert np.argwhere(np.isfinite(found)).tolist() == [[row, column]]
    assert found[row, column] == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TITLES.replace("2024", "2023") + HEADER + ROWS, "year 2024, .* is of 2023 and 2024"),
        (TITLES + HEADER.replace("2024", "2022") + ROWS, "year 2024, .* is of 2022 and 2024"),
        (TITLES.replace("pm2.5", "pm10") + HEADER + ROWS, "pollutant pm25, .* pm10 and pm25"),
        (HEADER.replace("pm25", "no2") + ROWS, "expected pollutant pm25, .* it is of no2"),
        (HEADER.replace("pm252024g", "pm102024g") + ROWS, "pollutant pm25, .* is of pm10"),
    ],
)
def test_a_file_of_another_year_or_pollutant_is_refused(tmp_path, text, problem):
    """The lines above the header and the name of the column are believed, not the path."""
    with pytest.raises(SourceError, match=problem):
        grid(tmp_path, text)


def test_files_of_two_years_are_not_read_together(tmp_path):
    """Neither by the name of the column nor by the lines above the header."""
    paths = (tmp_path / "a.csv", tmp_path / "b.csv")
    first, second = ROWS.splitlines(keepends=True)
    raw = Raw(paths, date(2025, 6, 1), year=2024, pollutant="pm25")
    paths[0].write_text(TITLES + HEADER + first)
    paths[1].write_text(TITLES + HEADER.replace("2024", "2023") + second)
    with pytest.raises(SchemaError, match=r"b.csv: line 6: .* the column pm252024g"):
        read(raw)
    paths[1].write_text(TITLES.replace("2024", "2023") + HEADER + second)
    with pytest.raises(SourceError, match="is of 2023 and 2024"):
        read(raw)


def test_a_vintage_stands_in_for_the_year(tmp_path):
    """A file of 2024 may serve another year, when the configuration says so."""
    assert np.isfinite(grid(tmp_path, TITLES + HEADER + ROWS, year=2030, vintage=2024)).any()
    with pytest.raises(SourceError, match="expected year 2030"):
        grid(tmp_path, TITLES + HEADER + ROWS, year=2030)


def test_a_column_of_the_user(tmp_path):
    """The sole other column is taken whatever its name; of several, `columns` says which."""
    rows = "55671,460500,1219500,3.5\n"
    assert grid(tmp_path, "gridcode,x,y,mean\n" + rows)[80, 460] == 3.5
    two = "gridcode,x,y,mean,model\n55671,460500,1219500,3.5,a\n"
    with pytest.raises(SchemaError, match="one column pm252024g, found 'mean', 'model'"):
        grid(tmp_path, two)
    assert grid(tmp_path, two, columns={"pm252024g": "mean"})[80, 460] == 3.5


@pytest.mark.parametrize(
    ("row", "error", "problem"),
    [
        ("55671,460500,1219500,-0.1", SchemaError, "0 or more, found '-0.1'"),
        ("55671,460500,1219500,1000.1", SchemaError, "at most 1000 µg/m³, found '1000.1'"),
        ("55671,460500,1219500,n/a", SchemaError, "0 or more, found 'n/a'"),
        ("55672,460500,1219500,2", SourceError, "code 55671 for the cell .* found 55672"),
        ("55671,1219500,460500,2", CrsError, "the centre of a 1 km cell"),
        ("55671,460000,1219000,2", CrsError, "found x 460000, y 1219000"),
        ("55671,-1.5,52.3,2", CrsError, "found x -1.5, y 52.3"),
        ("55671,460500,1300500,2", CrsError, "found x 460500, y 1300500"),
        ("55671,,1219500,2", SchemaError, "expected a number, found nothing"),
    ],
)
def test_rows_that_cannot_be_are_told_with_their_line(tmp_path, row, error, problem):
    """Values, codes and centres: the line is that of an editor, below five lines of titles."""
    with pytest.raises(error, match=f"line 8.*{problem}"):
        grid(tmp_path, TITLES + HEADER + "633817,386500,381500,6.4\r\n" + row + "\r\n")


def test_a_cell_that_stands_twice_is_told(tmp_path):
    """Also across two files."""
    with pytest.raises(SchemaError, match=r"line 9: the cell at x 460500, .* and on line 7"):
        grid(tmp_path, TITLES + HEADER + ROWS + ROWS)
    north, south = tmp_path / "a.csv", tmp_path / "b.csv"
    north.write_text(HEADER + ROWS.splitlines()[0])
    south.write_text(HEADER + ROWS.splitlines()[1])
    raw = Raw((north, south), date(2025, 6, 1), year=2024, pollutant="pm25")
    assert np.isfinite(read(raw)).sum() == 1
    twice = Raw((north, south, north), date(2025, 6, 1), year=2024, pollutant="pm25")
    with pytest.raises(SchemaError, match="stands there and on line 2"):
        read(twice)


def test_coordinates_of_a_table_are_not_converted(tmp_path):
    """A configuration that gives them another system is refused."""
    with pytest.raises(CrsError, match="says EPSG:4326"):
        grid(tmp_path, HEADER + ROWS, crs="EPSG:4326")


def test_a_grid_without_any_value_is_refused(tmp_path):
    """All MISSING is no map."""
    with pytest.raises(SourceError, match="no cell has a value"):
        grid(tmp_path, HEADER + ROWS.splitlines()[1])


# --- A raster of the user's own ---

SMALL = Grid(x_min_m=460_000, y_max_m=1_220_000, cell_size_m=1000, n_rows=2, n_columns=3)
VALUES = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])


def raster(tmp_path: Path, values: FloatArray = VALUES, grid: Grid = SMALL) -> FloatArray:
    """Read a raster of these values."""
    write_grid(tmp_path / "map.tif", values, grid)
    return read(Raw((tmp_path / "map.tif",), date(2025, 6, 1), year=2024, pollutant="pm25"))


def test_an_aligned_raster_is_laid_onto_the_frame(tmp_path):
    """The corner at 460 km east, 1220 km north is row 80, column 460."""
    found = raster(tmp_path)
    np.testing.assert_array_equal(found[80:82, 460:463], VALUES)
    assert np.isfinite(found).sum() == 5


def test_a_raster_of_the_whole_frame_stays_as_it_is(tmp_path):
    """The prepared form can be given as a source."""
    values = np.arange(GRID.size, dtype=np.float64).reshape(GRID.shape) / GRID.size
    np.testing.assert_array_equal(raster(tmp_path, values, GRID), values)


@pytest.mark.parametrize(
    ("change", "error", "problem"),
    [
        ({"crs": "EPSG:3035"}, CrsError, "expected EPSG:27700, found EPSG:3035"),
        ({"cell_size_m": 500.0}, SourceError, "found cells of 500 m"),
        ({"x_min_m": 460_500.0}, SourceError, "found cells of 1000 m from x 460500"),
        ({"y_max_m": 1_220_250.0}, SourceError, "whole kilometres"),
        ({"x_min_m": -1000.0}, SourceError, "from x -1000"),
        ({"y_max_m": 1000.0}, SourceError, "cut it to the frame"),
    ],
)
def test_a_raster_off_the_frame_is_refused(tmp_path, change, error, problem):
    """Nothing is resampled or reprojected in silence."""
    made = {"x_min_m": 460_000.0, "y_max_m": 1_220_000.0, "cell_size_m": 1000.0}
    with pytest.raises(error, match=problem):
        raster(tmp_path, VALUES, Grid(n_rows=2, n_columns=3, **(made | change)))


@pytest.mark.parametrize("value", [-9999.0, 1000.5, np.inf])
def test_a_raster_with_a_value_that_cannot_be_is_refused(tmp_path, value):
    """A value that stands for missing and is not declared is told with its place."""
    values = VALUES.copy()
    values[1, 2] = value
    with pytest.raises(HealthycitiesError, match="row 2, column 3: expected a concentration"):
        raster(tmp_path, values)


def test_several_rasters_are_refused(tmp_path):
    """One path, one raster."""
    paths = (tmp_path / "a.tif", tmp_path / "b.tif")
    with pytest.raises(SourceError, match="expected one raster, found 2"):
        read(Raw(paths, date(2025, 6, 1), year=2024, pollutant="pm25"))
