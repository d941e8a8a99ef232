import contextlib
import zipfile

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from shapely import box

from healthycities.errors import SourceError
from healthycities.io.weights import read_weights, write_weights
from healthycities.spatial.grid import Grid
from healthycities.spatial.weights import Weights

THREE = Grid(0.0, 3.0, 1.0, 3, 3)


def zones(shape):
    """Return one zone."""
    return geopandas.GeoSeries([shape], index=["A"], crs="EPSG:27700")


def stored(weights, path):
    """Write weights and return the bytes of the file."""
    write_weights(path, weights)
    return path.read_bytes()


@pytest.fixture
def box_weights():
    """Return the weights of the box from 0.5 to 2.5 over nine cells."""
    return Weights.from_grid(zones(box(0.5, 0.5, 2.5, 2.5)), THREE)


def test_stored_weights_come_back(tmp_path, box_weights):
    """Everything is read as it was written, with a grid and without."""
    for weights in (box_weights, Weights.membership(["b", "a"], ["X", "Y"])):
        write_weights(tmp_path / "deep" / "weights.npz", weights)
        again = read_weights(tmp_path / "deep" / "weights.npz")
        assert (again.matrix.toarray() == weights.matrix.toarray()).all()
        assert again.rows.tolist() == weights.rows.tolist()
        assert again.columns.tolist() == weights.columns.tolist()
        assert again.row_total.tolist() == weights.row_total.tolist()
        assert again.grid == weights.grid
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["weights.npz"]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    """The order of entries, the width of text and the time of day do not reach the file."""
    one = Weights.membership(["a", "b", "c"], ["X", "X", "X"])
    entries = (np.ones(3), ([0, 0, 0], [2, 0, 1]))
    other = Weights(
        csr_array(entries, shape=(1, 3)),
        np.array(["X"], dtype="U40"),
        np.array(["a", "b", "c"], dtype=object),
        [3],
    )
    assert stored(one, tmp_path / "one.npz") == stored(other, tmp_path / "other.npz")
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_grid_of_numpy_numbers_is_stored(tmp_path):
    """A grid read from a file, with numpy's numbers, is stored as any other."""
    grid = Grid(np.float64(0), np.float64(3), np.float32(1), np.int64(3), np.int32(3))
    weights = Weights.from_grid(zones(box(0, 0, 1, 1)), grid)
    write_weights(tmp_path / "weights.npz", weights)
    assert read_weights(tmp_path / "weights.npz").grid == THREE


def test_an_absent_file_is_an_error(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(SourceError, match=r"none\.npz: expected stored weights"):
        read_weights(tmp_path / "none.npz")


def test_foreign_files_are_errors(tmp_path):
    """Text, a bare array, pickled objects and someone else's archive are not weights."""
    path = tmp_path / "weights.npz"
    for write in (
        lambda: path.write_text("not weights"),
        lambda: path.write_bytes(b""),
        lambda: np.save(path.open("wb"), np.arange(3)),
        lambda: np.savez(path, rows=np.arange(3)),
        lambda: np.savez(path, grid=np.array([{}], dtype=object)),
        lambda: np.savez(path, grid=np.array("null"), rows=np.array(["A"])),
    ):
        write()
        with pytest.raises(SourceError, match="build the weights again"):
            read_weights(path)


@settings(max_examples=60)
@given(st.data())
def test_damaged_files_are_errors(tmp_path_factory, data):
    """A file cut short or altered in one byte is an error, or reads as what was written."""
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    weights = Weights.from_grid(zones(box(0.5, 0.5, 2.5, 2.5)), THREE, scheduler="synchronous")
    content = bytearray(stored(weights, path))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(content[:place])
    else:
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
    # A changed date inside the archive does no harm; anything else must be found out.
    with contextlib.suppress(SourceError):
        again = read_weights(path)
        assert (again.matrix.toarray() == weights.matrix.toarray()).all()
        assert again.row_total.tolist() == weights.row_total.tolist()


def test_a_failed_write_leaves_the_old_file(tmp_path, box_weights, monkeypatch):
    """When writing fails, what stood under the name stays, and nothing else is left."""
    path = tmp_path / "weights.npz"
    before = stored(box_weights, path)

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_weights(path, Weights.membership(["a"], ["X"]))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]
