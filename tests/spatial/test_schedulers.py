from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from dask.distributed import LocalCluster
from tests.spatial import schedulers

from healthycities import libraries
from healthycities.errors import ConfigError, GeometryError, WorkerError
from healthycities.io.blocks import BlockRaster, block_raster
from healthycities.spatial import parallel
from healthycities.spatial.area import union_area_m2
from healthycities.spatial.grid import Grid
from healthycities.spatial.parallel import map_blocks, packed
from healthycities.spatial.spans import Window
from healthycities.spatial.streaming import class_areas, statistics
from healthycities.spatial.weights import Weights

GRID = Grid(1000.0, 90_000.0, 10.0, 600, 700)
EVERYWHERE = ("synchronous", "threads", "processes", "cluster")


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Start a cluster of two processes for this machine alone, and end them after the tests."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    ) as started:
        yield started


@pytest.fixture
def address(request: pytest.FixtureRequest, cluster: LocalCluster) -> str:
    """Return what the scheduler of a test is called."""
    return cluster.scheduler_address if request.param == "cluster" else request.param


def everywhere_cut(*sizes: int) -> pytest.MarkDecorator:
    """Try every scheduler with every way to cut the work; processes, slow to start, with one."""
    cases = [(one, size) for one in EVERYWHERE for size in sizes if one != "processes"]
    cases.append(("processes", sizes[0]))
    return pytest.mark.parametrize(("address", "size"), cases, indirect=["address"])


everywhere = pytest.mark.parametrize("address", EVERYWHERE, indirect=True)
elsewhere = pytest.mark.parametrize("address", ["processes", "cluster"], indirect=True)


def stars(n: int, seed: int) -> np.ndarray:
    """Return n irregular polygons over the grid and the ground about it."""
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 19, endpoint=False)
    radius = draw.uniform(20, 400, (n, 1)) * draw.uniform(0.5, 1, (n, 19))
    centre = draw.uniform((900, 83_900), (8100, 90_100), (n, 2))[:, np.newaxis]
    spokes = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return shapely.polygons(centre + radius[..., np.newaxis] * spokes)


def bits(result: object) -> list[bytes]:
    """Return all numbers of a result as bytes."""
    return [np.asarray(getattr(result, one.name)).tobytes() for one in fields(result)]


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> BlockRaster:
    """Write a raster of classes in tiles, which whoever needs a window opens by itself."""
    path = tmp_path_factory.mktemp("raster") / "classes.tif"
    values = np.random.default_rng(8).integers(0, 5, GRID.shape, dtype=np.uint8)
    profile = {"driver": "GTiff", "dtype": "uint8", "crs": GRID.crs, "nodata": 4, "count": 1}
    tiles = {"tiled": True, "blockxsize": 128, "blockysize": 64}
    with rasterio.open(
        path,
        "w",
        height=GRID.n_rows,
        width=GRID.n_columns,
        transform=rasterio.Affine(*GRID.transform),
        **profile,
        **tiles,
    ) as out:
        out.write(values, 1)
    return block_raster(path)


# --- The same to the byte ---


@everywhere_cut(7, 40, 1000)
def test_weights_are_the_same_everywhere(address: str, size: int):
    """The matrix, its ids and its totals are those of one block after the other, bit by bit."""
    zones = geopandas.GeoSeries(stars(150, 1), [f"Z{n}" for n in range(150)], crs=GRID.crs)
    expected = Weights.from_grid(zones, GRID, scheduler="synchronous")
    found = Weights.from_grid(zones, GRID, scheduler=address, workers=2, block_size=size)
    for part in ("data", "indices", "indptr"):
        ours, theirs = getattr(found.matrix, part), getattr(expected.matrix, part)
        assert ours.tobytes() == theirs.tobytes()
    assert found.row_total.tobytes() == expected.row_total.tobytes()
    assert found.rows.tolist() == expected.rows.tolist()


@everywhere_cut(9, 30, 1000)
def test_union_areas_are_the_same_everywhere(address: str, size: int):
    """So are areas of overlapping shapes, those in several parts among them."""
    zones, parts = stars(120, 2), stars(300, 3)
    shapes = np.append(parts[2:], shapely.multipolygons(parts[:2]).buffer(0))
    expected = union_area_m2(zones, shapes, scheduler="synchronous", block_size=50)
    found = union_area_m2(zones, shapes, scheduler=address, workers=2, block_size=size)
    assert found.tobytes() == expected.tobytes()


@everywhere_cut(60, 200, 600)
def test_a_streamed_raster_gives_the_same_everywhere(address: str, size: int, raster: BlockRaster):
    """So are classes and statistics of a file, however many rows are read in one go.

    Sums are added window by window, so that it is the windows that must be the same.
    """
    zones = stars(60, 4)
    windows = [Window(row, 0, size, GRID.n_columns) for row in range(0, GRID.n_rows, size)]
    given = (zones, GRID, windows, raster.read)
    classes = class_areas(*given, [2, 0, 3], scheduler=address, workers=2)
    assert bits(classes) == bits(class_areas(*given, [2, 0, 3], scheduler="synchronous"))
    figures = statistics(*given, threshold=1.5, scheduler=address, workers=2)
    assert bits(figures) == bits(statistics(*given, threshold=1.5, scheduler="synchronous"))


# --- What goes wrong ---


@everywhere
def test_an_error_comes_home_as_it_was(address: str):
    """An error of a block has its own kind, its parts, and a message that is made but once."""
    with pytest.raises(GeometryError) as told:
        map_blocks(schedulers.refused, schedulers.numbered(6), scheduler=address, workers=2)
    error = told.value
    assert type(error) is GeometryError
    assert (error.problem, error.file) == ("too thin", "zones.gpkg")
    assert (error.place, error.mend) == ("zone 3", "Widen it.")
    assert str(error) == "zones.gpkg: zone 3: too thin. Widen it."


def killed_half_way(address: str, folder: Path) -> list[np.ndarray]:
    """Run 30 blocks, and kill one of two workers while each is within one of the later blocks."""
    work = partial(schedulers.doubled_when_told, folder=folder)
    with ThreadPoolExecutor(1) as runner:
        run = runner.submit(map_blocks, work, schedulers.numbered(30), scheduler=address)
        os.kill(schedulers.waiting(folder, 2)[0], signal.SIGKILL)
        (folder / "go").touch()
        return run.result(timeout=schedulers.WAIT_S)


def test_a_run_outlives_a_worker(cluster: LocalCluster, tmp_path: Path):
    """One of two workers is killed with a block in work and others done: the results are right."""
    found = killed_half_way(cluster.scheduler_address, tmp_path)
    expected = map_blocks(schedulers.doubled, schedulers.numbered(30), scheduler="synchronous")
    assert [one.tolist() for one in found] == [one.tolist() for one in expected]


def test_a_block_that_ends_every_worker_is_given_up(cluster: LocalCluster):
    """It is not tried for ever, and what is told is one sentence and what to do."""
    with pytest.raises(WorkerError, match=r"given up after \d workers had ended.*memory\.$"):
        map_blocks(schedulers.ended, [1], scheduler=cluster.scheduler_address)


def test_a_process_that_ends_is_told():
    """Where the system ends a process, the run ends too and says what to do."""
    with pytest.raises(WorkerError, match=r"ended from outside.*fewer workers"):
        map_blocks(schedulers.ended, [1, 2], scheduler="processes", workers=2)


def test_a_cluster_that_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """That a cluster has no workers is told, and so is that its scheduler ended meanwhile."""
    file = tmp_path / "scheduler.json"
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--scheduler-file",
        str(file),
    ]
    here = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with (
        subprocess.Popen([*command, *here], stderr=subprocess.DEVNULL) as scheduler,
        ThreadPoolExecutor(1) as runner,
    ):
        try:
            schedulers.until(lambda: file.exists() and file.read_text().endswith("}"))
            address = json.loads(file.read_text())["address"]
            run = runner.submit(map_blocks, schedulers.doubled, [1, 2], scheduler=address)
            schedulers.until(lambda: f"{address} has no workers yet" in caplog.text)
        finally:
            scheduler.kill()
        with pytest.raises(WorkerError, match=rf"^{address}: the cluster was lost after 0 of 2"):
            run.result(timeout=schedulers.WAIT_S)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Hold a port of this machine on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_cluster_that_is_not_there(closed_port: int, monkeypatch: pytest.MonkeyPatch):
    """Where nobody answers, one message names the address, and the wait is short."""
    monkeypatch.setattr(parallel, "CONNECT_WITHIN_S", 0.5)
    address = f"tcp://127.0.0.1:{closed_port}"
    with pytest.raises(ConfigError, match=rf"{address}: no dask\.distributed .* 0\.5 s \(.*\)\."):
        map_blocks(schedulers.doubled, [1], scheduler=address)


def test_no_client_is_made_of_a_cluster_that_is_not_there(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
):
    """One that fails to start hangs the next, if its memory is freed while that one starts."""
    made: list[str] = []
    monkeypatch.setattr(parallel, "CONNECT_WITHIN_S", 0.5)
    monkeypatch.setattr("dask.distributed.Client", lambda address, **_: made.append(address))
    with pytest.raises(ConfigError, match="Start it"):
        map_blocks(schedulers.doubled, [1], scheduler=f"tcp://127.0.0.1:{closed_port}")
    assert not made


@pytest.mark.parametrize("address", ["tcp://nowhere", "tls://127.0.0.1:9", "ftp://127.0.0.1:9"])
def test_an_address_that_cannot_be_one(address: str, monkeypatch: pytest.MonkeyPatch):
    """So it is where a port, a certificate or a known kind of address is wanting."""
    monkeypatch.setattr(parallel, "CONNECT_WITHIN_S", 0.5)
    with pytest.raises(ConfigError, match="Start it"):
        map_blocks(schedulers.doubled, [1], scheduler=address)


def test_a_worker_with_other_libraries_computes_nothing(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
):
    """A result is never of two versions: the libraries that differ are told, on both sides."""
    other = {**libraries.this_installation(), "shapely": "99.1"}
    monkeypatch.setattr(parallel, "this_installation", lambda: other)
    with pytest.raises(ConfigError, match=r"shapely 99\.1 there and \d.+ here\. Install"):
        map_blocks(schedulers.doubled, [1], scheduler=cluster.scheduler_address)


def test_a_worker_without_the_package_is_told(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
):
    """Where a worker cannot import what the work needs, it says so and lives on."""
    lost = ModuleNotFoundError("No module named 'healthycities'", name="healthycities")
    monkeypatch.setattr(parallel, "packed", lambda _: pickle.dumps(schedulers.Raising(lost)))
    with pytest.raises(ConfigError, match=r"a worker lacks .*'healthycities'.* every machine"):
        map_blocks(schedulers.doubled, [1], scheduler=cluster.scheduler_address)


# --- Processes ---


def test_processes_are_others_with_one_thread_each(monkeypatch: pytest.MonkeyPatch):
    """Blocks are in other processes, whose libraries are told to start no threads of their own."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    given = {"scheduler": "processes", "workers": 1}
    assert map_blocks(schedulers.process_of, [1], **given) != [os.getpid()]
    assert map_blocks(schedulers.threads_told, [1], **given) == [["1"] * 4]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@elsewhere
def test_progress_is_told_from_elsewhere(address: str, caplog: pytest.LogCaptureFixture):
    """Whoever computes, the log of this process says how far it is."""
    with caplog.at_level("INFO", "healthycities"):
        map_blocks(schedulers.doubled, schedulers.numbered(20), scheduler=address, workers=2)
    told = [record.getMessage() for record in caplog.records if "blocks done" in record.msg]
    assert told == [f"{n} of 20 blocks done" for n in range(2, 21, 2)]


def test_nothing_is_left_behind():
    """Once the blocks are done, their processes have ended, and no thread waits for them."""
    before = set(threading.enumerate())
    (process,) = map_blocks(schedulers.process_of, [1], scheduler="processes", workers=1)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert set(threading.enumerate()) <= before


# --- What is sent ---


@pytest.mark.parametrize(
    "shapes",
    [
        stars(5, 6),
        [shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2), shapely.box(0, 0, 1, 1)],
        [shapely.box(0, 0, 9, 9), shapely.multipolygons([shapely.box(0, 0, 1, 1)])],
        [shapely.Point(1, 2), None, shapely.LineString([(0, 0), (1, 1)])],
        [shapely.Polygon(), shapely.box(0, 0, 1, 1)],
        [shapely.set_srid(shapely.box(0, 0, 1, 1), 27700)],
        [shapely.Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])],
        ["E01000001", None, 3],
        [],
    ],
)
def test_what_is_sent_arrives_as_it_was(shapes: list[object]):
    """Shapes of every kind, with holes, heights or a reference, come out the same to the bit."""
    given = np.array(shapes, dtype=np.object_)
    found = pickle.loads(packed((given, 1)))[0]
    assert (found.dtype, found.shape) == (given.dtype, given.shape)
    for ours, theirs in zip(found, given, strict=True):
        assert type(ours) is type(theirs)
        if isinstance(theirs, shapely.Geometry):
            assert shapely.to_wkb(ours, include_srid=True) == shapely.to_wkb(
                theirs, include_srid=True
            )
        else:
            assert ours == theirs


def small_stars(n: int) -> np.ndarray:
    """Return n polygons that are small beside the ground that they are scattered over."""
    middle = shapely.centroid(stars(n, 7))
    return shapely.buffer(middle, 30)


def weighed(n: int, _: BlockRaster) -> None:
    """Weigh cells in blocks of n zones."""
    zones = geopandas.GeoSeries(small_stars(400), [f"Z{n}" for n in range(400)], crs=GRID.crs)
    Weights.from_grid(zones, GRID, block_size=n)


def joined(n: int, _: BlockRaster) -> None:
    """Measure union areas in blocks of n zones."""
    union_area_m2(small_stars(400), small_stars(900), block_size=n)


def streamed(n: int, raster: BlockRaster) -> None:
    """Measure classes in bands, as many as 400 zones give blocks."""
    n_rows = GRID.n_rows * n // 400
    windows = [Window(row, 0, n_rows, GRID.n_columns) for row in range(0, GRID.n_rows, n_rows)]
    class_areas(small_stars(400), GRID, windows, raster.read, [1])


@pytest.mark.parametrize(
    ("module", "work"), [("covering", weighed), ("area", joined), ("streaming", streamed)]
)
def test_no_task_carries_the_whole_input(
    module: str, work: Callable[[int, BlockRaster], None], raster: BlockRaster,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """Cut into twenty, a task with all that it is sent is below a sixth of one that has it all."""
    sizes = []

    def measured(function, blocks, **_):
        sizes.append(max(len(packed((function, block))) for block in blocks))
        return [function(block) for block in blocks]

    monkeypatch.setattr(f"healthycities.spatial.{module}.map_blocks", measured)
    work(400, raster)
    work(20, raster)
    whole, part = sizes
    assert part < whole / 6
