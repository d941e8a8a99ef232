"""Results by zone over rasters of any size, each block of the raster decoded once.

The raster comes as windows and a function that decodes them. Windows of the same rows are a band,
and a band is a task: it has the edges of the zones that reach into its rows, decodes one window
after the other and adds up what each zone covers of it. No more than a window for each worker is
held at a time. What the windows give is added in their order, so that the result is the same to
the last bit wherever the tasks run and however many run at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import shapely

from healthycities.errors import AlignmentError, ConfigError
from healthycities.spatial.coverage import require_polygons
from healthycities.spatial.grid import FloatArray, Grid, IntArray
from healthycities.spatial.parallel import map_blocks
from healthycities.spatial.spans import Edges, Spans, Window, edges_by_band, window_spans

_compiled = numba.njit(nogil=True, cache=True)


class Block(NamedTuple):
    """The values of a window of a raster.

    Parameters
    ----------
    values : (rows, columns) of the window, numbers of any kind.
    present : the same shape, false where there is no value; None where there is one everywhere. A
        value that is NaN is none either.
    """

    values: npt.NDArray[Any]
    present: npt.NDArray[np.bool_] | None = None


Read = Callable[[Sequence[Window]], Iterator[Block]]
"""Decodes windows, one after the other; on a cluster it must be possible to pickle it."""


@dataclass(frozen=True, eq=False)
class ClassAreas:
    """How much of each zone is of each class.

    Parameters
    ----------
    codes : k codes of the classes.
    area_m2 : (n, k) float64 area of each class in each zone.
    with_data_m2 : n float64 areas that have a value, of these classes or of others.
    zone_area_m2 : n float64 whole areas, including what lies off the raster.
    """

    codes: IntArray
    area_m2: FloatArray
    with_data_m2: FloatArray
    zone_area_m2: FloatArray

    @property
    def share(self) -> FloatArray:
        """Share of the area with data that is of each class, (n, k); NaN where there is none."""
        return _over(self.area_m2, self.with_data_m2[:, np.newaxis])

    @property
    def covered_share(self) -> FloatArray:
        """Share of each zone's whole area that has data."""
        return _covered(self.with_data_m2, self.zone_area_m2)


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the values are in each zone; n float64 each.

    Parameters
    ----------
    total : values times the share of their cell in the zone, added up; NaN where there is none.
    lowest, highest : extremes of all cells that the zone touches; NaN where there is none.
    above_m2, below_m2 : areas with a value above and below the threshold, 0 without one.
    with_data_m2 : areas that have a value.
    zone_area_m2 : whole areas, including what lies off the raster.
    cell_area_m2 : area of a cell of the raster.
    """

    total: FloatArray
    lowest: FloatArray
    highest: FloatArray
    above_m2: FloatArray
    below_m2: FloatArray
    with_data_m2: FloatArray
    zone_area_m2: FloatArray
    cell_area_m2: float

    @property
    def mean(self) -> FloatArray:
        """Mean over the area with data; NaN where there is none."""
        return _over(self.total, self.with_data_m2 / self.cell_area_m2)

    @property
    def share_above(self) -> FloatArray:
        """Share of the area with data that has a value above the threshold."""
        return _over(self.above_m2, self.with_data_m2)

    @property
    def share_below(self) -> FloatArray:
        """Share of the area with data that has a value below the threshold."""
        return _over(self.below_m2, self.with_data_m2)

    @property
    def covered_share(self) -> FloatArray:
        """Share of each zone's whole area that has data."""
        return _covered(self.with_data_m2, self.zone_area_m2)


def _over(part: FloatArray, whole: FloatArray) -> FloatArray:
    result: FloatArray = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def _covered(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.minimum(np.nan_to_num(_over(part, whole)), 1.0)


def class_areas(
    zones: npt.ArrayLike,
    grid: Grid,
    windows: Sequence[Window],
    read: Read,
    codes: Sequence[int],
    *,
    scheduler: str = "threads",
    workers: int | None = None,
) -> ClassAreas:
    """Measure how much of each zone is of each class of a raster of codes.

    Parameters
    ----------
    zones : n shapely polygons or multi-polygons, in the coordinates of the grid.
    grid : the raster's grid.
    windows : parts of the grid, row by row from the north, none overlapping another; what is in
        none of them has no data.
    read : decodes windows of whole numbers.
    codes : codes of the classes, each once.
    scheduler, workers : as :func:`healthycities.spatial.parallel.map_blocks` takes them.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon.
    AlignmentError : windows overlap, or a block is not of its window's shape.
    ConfigError : a code is given twice, there are none or too many, or values are no whole numbers.
    """
    shapes, wanted = require_polygons(zones), _wanted(codes)
    parts = _stream(
        shapes, grid, windows, partial(_classes_of_band, read=read, codes=wanted),
        scheduler=scheduler, workers=workers,
    )  # fmt: skip
    bins = len(wanted) + 1
    place = np.concatenate(
        [np.zeros(0, np.int64), *(zone * bins + bin_ for zone, bin_, _ in parts)]
    )
    cells = np.concatenate([np.zeros(0), *(part for _, _, part in parts)])
    area_m2 = _added(place, cells, len(shapes) * bins).reshape(-1, bins) * grid.cell_area_m2
    return ClassAreas(wanted, area_m2[:, :-1], area_m2.sum(axis=1), shapely.area(shapes))


def statistics(
    zones: npt.ArrayLike,
    grid: Grid,
    windows: Sequence[Window],
    read: Read,
    *,
    threshold: float = np.nan,
    scheduler: str = "threads",
    workers: int | None = None,
) -> Statistics:
    """Measure sum, mean, extremes and the shares beyond a threshold of a raster in each zone.

    Parameters
    ----------
    zones, grid, windows, scheduler, workers : as :func:`class_areas` takes them.
    read : decodes windows of numbers of any kind, computed with as float64.
    threshold : what values are compared with, in their unit; by default with nothing.

    Raises
    ------
    GeometryError : a zone is missing, empty or no polygon.
    AlignmentError : windows overlap, or a block is not of its window's shape.
    """
    shapes = require_polygons(zones)
    parts = _stream(
        shapes, grid, windows, partial(_statistics_of_band, read=read, threshold=threshold),
        scheduler=scheduler, workers=workers,
    )  # fmt: skip
    zone = np.concatenate([np.zeros(0, np.int64), *(zone for zone, _ in parts)])
    found = np.concatenate([np.zeros((0, _N_FIGURES)), *(figures for _, figures in parts)])
    total, weight, above, below = (_added(zone, found[:, one], len(shapes)) for one in _ADDED)
    lowest, highest = np.full(len(shapes), np.inf), np.full(len(shapes), -np.inf)
    np.minimum.at(lowest, zone, found[:, _LOWEST])
    np.maximum.at(highest, zone, found[:, _HIGHEST])
    for figure in (total, lowest, highest):
        figure[weight == 0] = np.nan
    return Statistics(
        total=total,
        lowest=lowest,
        highest=highest,
        above_m2=above * grid.cell_area_m2,
        below_m2=below * grid.cell_area_m2,
        with_data_m2=weight * grid.cell_area_m2,
        zone_area_m2=shapely.area(shapes),
        cell_area_m2=grid.cell_area_m2,
    )


def _added(place: IntArray, amounts: FloatArray, n: int) -> FloatArray:
    """Add amounts at their places, one after the other in the order given."""
    return np.bincount(place, amounts, n).astype(np.float64)


# --- Bands ---


def _stream(
    shapes: npt.NDArray[np.object_],
    grid: Grid,
    windows: Sequence[Window],
    task: Callable[[tuple[Edges, list[Window]]], list[Any]],
    *,
    scheduler: str,
    workers: int | None,
) -> list[Any]:
    """Run a task for each band of windows, and return what all windows give, in their order."""
    bands = [list(band) for _, band in groupby(windows, lambda one: (one.row, one.n_rows))]
    rows = [(band[0].row, band[0].row + band[0].n_rows) for band in bands]
    edges = edges_by_band(shapes, grid, rows)
    for band in bands:
        _require_apart(band)
    tasks = list(zip(edges, bands, strict=True))
    results = map_blocks(task, tasks, scheduler=scheduler, workers=workers)
    return [part for result in results for part in result]


def _require_apart(band: Sequence[Window]) -> None:
    for one, following in pairwise(band):
        if one.column + one.n_columns > following.column:
            raise AlignmentError(
                f"expected windows from the west that do not overlap, found {one} and {following}",
                place="windows",
                mend="Give each part of the grid once.",
            )


def _decoded(
    edges: Edges, windows: Sequence[Window], read: Read
) -> Iterator[tuple[IntArray, Spans, Block]]:
    """Yield the zones that reach into each window, what they cover of it, and its block."""
    reached = [(window, _reaching(edges, window)) for window in windows]
    wanted = [(window, part) for window, part in reached if len(part.zones)]
    if not wanted:
        return
    blocks = read([window for window, _ in wanted])
    for (window, part), block in zip(wanted, blocks, strict=True):
        if block.values.shape != (window.n_rows, window.n_columns):
            raise AlignmentError(
                f"expected a block of the shape of its window, found {block.values.shape}",
                place=str(window),
                mend="Read the windows in the order that they are given in.",
            )
        yield part.zones, window_spans(part, window), block


def _reaching(edges: Edges, window: Window) -> Edges:
    """Return the edges of those zones only whose bounds reach into the window's columns."""
    low, high = edges.bounds[:, 0], edges.bounds[:, 2]
    chosen = np.flatnonzero((low < window.column + window.n_columns) & (high > window.column))
    return edges.of(chosen)


# --- Classes ---

_MOST_CODES = 1 << 15


def _wanted(codes: Sequence[int]) -> IntArray:
    wanted = np.asarray(codes, dtype=np.int64)
    if len(np.unique(wanted)) != len(wanted) or not 0 < len(wanted) <= _MOST_CODES:
        raise ConfigError(
            f"expected 1 to {_MOST_CODES} codes, each once, found {list(codes)[:20]}",
            place="codes",
            mend="Name the codes of the classes that are asked for.",
        )
    return wanted


def _classes_of_band(
    task: tuple[Edges, list[Window]], read: Read, codes: IntArray
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    """Return zones, positions of codes and cells for each window; the last position is others."""
    return [
        _classes(zones, spans, block, codes) for zones, spans, block in _decoded(*task, read=read)
    ]


def _classes(
    zones: IntArray, spans: Spans, block: Block, codes: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    numbered = _numbered(block, codes)
    cells = _tally(
        numbered.values.ravel(),
        spans.span_indptr,
        spans.first,
        spans.end,
        spans.edge_indptr,
        # Numbers without a sign, because one with it may count from the end of an array.
        spans.cells.view(np.uint64),
        spans.fraction,
        numbered.missing + 2,
    )
    other = np.ones(numbered.missing + 2, dtype=np.bool_)
    other[numbered.of_code] = other[numbered.missing] = False
    gathered = np.column_stack([cells[:, numbered.of_code], cells[:, other].sum(axis=1)])
    zone, bin_ = np.nonzero(gathered)
    return zones[zone], bin_, gathered[zone, bin_]


class _Numbered(NamedTuple):
    """A block's values as small numbers from 0.

    ``of_code`` is the number that stands for each code, ``missing`` the one for no value, and the
    number after it for a code that no value of this kind can be. All others are of other classes.
    """

    values: npt.NDArray[Any]
    of_code: IntArray
    missing: int


def _numbered(block: Block, codes: IntArray) -> _Numbered:
    """Give each value of a block its number; bytes are numbers as they are."""
    values = block.values
    if values.dtype.kind not in "iu":
        raise ConfigError(
            f"expected classes as whole numbers, found values of {values.dtype}",
            place="raster",
            mend="Write the classes as whole numbers, or ask for a threshold.",
        )
    if values.dtype == np.uint8:
        missing = 256
        of_code = np.where((codes >= 0) & (codes < missing), codes, missing + 1)
    else:
        missing = len(codes) + 1
        of_code = np.argsort(np.argsort(codes))
        values = _ranked(values, np.sort(codes))
    if block.present is not None:
        values = np.where(block.present, values.astype(np.uint16), np.uint16(missing))
    return _Numbered(np.ascontiguousarray(values), of_code, missing)


def _ranked(values: npt.NDArray[Any], rising: IntArray) -> npt.NDArray[np.uint16]:
    """Return the place of each value among rising codes, or the place after the last."""
    at = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    return np.where(rising[at] == values, at, len(rising)).astype(np.uint16)


@_compiled
def _tally(
    numbers: npt.NDArray[Any],
    span_indptr: IntArray,
    first: IntArray,
    end: IntArray,
    edge_indptr: IntArray,
    cells: npt.NDArray[np.uint64],
    fraction: FloatArray,
    n_numbers: int,
) -> FloatArray:
    """Add up, for each zone, the cells of each number, (zones, numbers)."""
    n_zones = len(span_indptr) - 1
    result = np.zeros((n_zones, n_numbers), np.float64)
    # Four counts in turn, because one would wait for itself where neighbours are alike; of four
    # bytes each, which is faster than eight, and enough for the cells of any block.
    counts = np.zeros((4, n_numbers), np.uint32)
    for zone in range(n_zones):
        own = result[zone]
        for edge in range(edge_indptr[zone], edge_indptr[zone + 1]):
            own[numbers[cells[edge]]] += fraction[edge]
        for span in range(span_indptr[zone], span_indptr[zone + 1]):
            _count(numbers[first[span] : end[span]], counts)
        own += counts.sum(axis=0)
        counts[:] = 0
    return result


@_compiled
def _count(numbers: npt.NDArray[Any], counts: npt.NDArray[np.uint32]) -> None:
    one, whole = np.uint32(1), len(numbers) // 4 * 4
    for at in range(0, whole, 4):
        for ahead in range(4):
            counts[ahead, numbers[at + ahead]] += one
    for at in range(whole, len(numbers)):
        counts[0, numbers[at]] += one


# --- Statistics ---

_TOTAL, _WEIGHT, _ABOVE, _BELOW, _LOWEST, _HIGHEST = range(6)
_ADDED = (_TOTAL, _WEIGHT, _ABOVE, _BELOW)
_N_FIGURES = 6


def _statistics_of_band(
    task: tuple[Edges, list[Window]], read: Read, threshold: float
) -> list[tuple[IntArray, FloatArray]]:
    """Return zones and their figures for each window."""
    return [
        (zones, _figures_of(spans, block, threshold))
        for zones, spans, block in _decoded(*task, read=read)
    ]


def _figures_of(spans: Spans, block: Block, threshold: float) -> FloatArray:
    values = np.array(block.values, dtype=np.float64)
    if block.present is not None:
        values[~block.present] = np.nan
    figures: FloatArray = _figures(
        values.ravel(), spans.span_indptr, spans.first, spans.end, spans.edge_indptr, spans.cells,
        spans.fraction, float(threshold),
    )  # fmt: skip
    return figures


@_compiled
def _add(figures: FloatArray, value: float, fraction: float, threshold: float) -> None:
    if np.isnan(value):
        return
    figures[_TOTAL] += fraction * value
    figures[_WEIGHT] += fraction
    if value > threshold:
        figures[_ABOVE] += fraction
    elif value < threshold:
        figures[_BELOW] += fraction
    figures[_LOWEST] = min(figures[_LOWEST], value)
    figures[_HIGHEST] = max(figures[_HIGHEST], value)


@_compiled
def _figures(
    values: FloatArray,
    span_indptr: IntArray,
    first: IntArray,
    end: IntArray,
    edge_indptr: IntArray,
    cells: IntArray,
    fraction: FloatArray,
    threshold: float,
) -> FloatArray:
    """Work out each zone's figures, (zones, figures)."""
    n_zones = len(span_indptr) - 1
    result = np.zeros((n_zones, _N_FIGURES), np.float64)
    result[:, _LOWEST], result[:, _HIGHEST] = np.inf, -np.inf
    for zone in range(n_zones):
        for edge in range(edge_indptr[zone], edge_indptr[zone + 1]):
            _add(result[zone], values[cells[edge]], fraction[edge], threshold)
        for span in range(span_indptr[zone], span_indptr[zone + 1]):
            for cell in range(first[span], end[span]):
                _add(result[zone], values[cell], 1.0, threshold)
    return result
