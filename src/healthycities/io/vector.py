"""Reads shapes of any format that GDAL reads, and says what is wrong with them.

All that comes out is on the British National Grid. What is done on the way, such as a reprojection
or a repaired ring, is logged; what cannot be settled is an error.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyarrow.lib import ArrowException

from healthycities.errors import CrsError, GeometryError, SchemaError, SourceError
from healthycities.io.atomic import replacing
from healthycities.spatial.grid import BRITISH_NATIONAL_GRID, FloatArray

Shapes = npt.NDArray[np.object_]
Box = tuple[float, float, float, float]

UK_BOX_M: Box = (-10_000, -10_000, 700_000, 1_300_000)
"""Lowest easting and northing, highest easting and northing; St Kilda lies at -116 m east."""

UK_BOX_DEGREES: Box = (-9, 49, 3, 62)
"""Lowest longitude and latitude, highest longitude and latitude."""

ENGLAND_BOX_M: Box = (70_000, -5_000, 670_000, 670_000)
"""About 10 km wider than England, for boundaries that reach beyond the shore."""

REPAIR_TOLERANCE = 1e-3
"""Largest part of a shape's area that a repair may change.

In the published districts of 2016 to 2025, of which up to 35 % are invalid, no repair changes more
than 3e-5 of a district: spikes and touching rings left by generalisation. A ring whose meaning is
in doubt, such as a figure of eight, changes far more than 1e-3.
"""

_log = logging.getLogger(__name__)


class Published(NamedTuple):
    """A column as its publisher names it: a regular expression (any case), and an example."""

    pattern: str
    example: str
    optional: bool = False


class _System(NamedTuple):
    """A coordinate reference system, and where the United Kingdom lies in it."""

    words: str
    crs: str
    box: Box


# The first that fits is taken: degrees would fit into the metres too.
_SYSTEMS = (
    _System("degrees of longitude and latitude", "EPSG:4326", UK_BOX_DEGREES),
    _System("metres of the British National Grid", BRITISH_NATIONAL_GRID, UK_BOX_M),
    _System("metres of Web Mercator", "EPSG:3857", (-1_100_000, 6_200_000, 350_000, 8_800_000)),
)


# --- Files ---


def _every(names: Sequence[str]) -> Sequence[str]:
    return names


def read_places(
    path: Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    usual_layer: str | None = None,
    chosen: Callable[[Sequence[str]], Sequence[str | None]] = _every,
    near: Box | None = None,
) -> gpd.GeoDataFrame:
    """Read the features of a file, on the British National Grid.

    GeoPackage, GeoJSON, TopoJSON, shapefile and whatever else GDAL reads, also gzipped
    (``.geojson.gz``), and GeoParquet. TopoJSON is taken to say no coordinate reference system
    whatever GDAL claims, and GeoJSON to be in degrees unless it says another (RFC 7946).

    Parameters
    ----------
    path : the file.
    crs : coordinate reference system of a file that does not say its own.
    layer : layer to read; None for the only one, or the usual one.
    usual_layer : regular expression of the publisher's name for the layer, in any case.
    chosen : gives of the names of all columns those to read, None for none; of GeoParquet all are.
    near : of a GeoPackage on the British National Grid, which has an index of its shapes, only
        those that touch this box are read.

    Returns
    -------
    The columns of the file, and its shapes in two dimensions, in metres. Shapes may be missing,
    empty or invalid; see `polygons`, `lines` and `points`.

    Raises
    ------
    SourceError : the file is absent, empty, truncated, unreadable or without features, or the layer
        is not there or not told.
    CrsError : the coordinate reference system is not told, told twice, or denied by coordinates.
    """
    _require_content(path)
    if path.suffix == ".parquet":
        frame, stated = _read_parquet(path)
    else:
        frame, stated = _read_gdal(path, layer, usual_layer, chosen, near)
    if not len(frame):
        where = "" if near is None else " in or near England"
        raise _source_error(f"holds no features{where}", path)
    return _on_the_grid(frame, stated, crs, path)


def read_published(
    path: Path,
    wanted: Mapping[str, Published],
    *,
    columns: Mapping[str, str],
    crs: str | None = None,
    layer: str | None = None,
    usual_layer: str | None = None,
    near: Box | None = None,
) -> gpd.GeoDataFrame:
    """Read features with the columns wanted of them, as text and under our names.

    No other column is held in memory, but for GeoParquet, which is read whole.

    Parameters
    ----------
    path, crs, layer, usual_layer, near : as `read_places` takes them.
    wanted, columns : as `published_columns` takes them.

    Raises
    ------
    HealthycitiesError : as `read_places` and `published_columns` raise it.
    """
    chosen = partial(_published_names, wanted, columns, path)
    frame = read_places(
        path, crs=crs, layer=layer, usual_layer=usual_layer, chosen=chosen, near=near
    )
    return published_columns(frame, wanted, columns=columns, file=path)


def write_geoparquet(path: Path, frame: gpd.GeoDataFrame) -> None:
    """Write shapes on the British National Grid; the same content gives the same bytes.

    Raises
    ------
    CrsError : the shapes are not on the British National Grid.
    """
    _require_grid(frame, path)
    with replacing(path) as temporary:
        frame.to_parquet(
            temporary,
            index=False,
            compression="zstd",
            geometry_encoding="WKB",
            schema_version="1.1.0",
        )


def read_geoparquet(path: Path) -> gpd.GeoDataFrame:
    """Read a file of `write_geoparquet`.

    Raises
    ------
    SourceError : the file is absent, empty or no GeoParquet.
    CrsError : its shapes are not on the British National Grid.
    """
    _require_content(path)
    frame, _ = _read_parquet(path)
    _require_grid(frame, path)
    return frame


def _source_error(problem: str, path: Path, mend: str | None = None) -> SourceError:
    return SourceError(problem, file=path, mend=mend or "Download the file again.")


def _require_content(path: Path) -> None:
    if not path.exists():
        raise _source_error("no such file", path, "Correct the path, or fetch the file.")
    if path.stat().st_size == 0:
        raise _source_error("the file is empty", path)


def _require_grid(frame: gpd.GeoDataFrame, path: Path) -> None:
    if frame.crs is None or not _same(frame.crs, BRITISH_NATIONAL_GRID):
        raise CrsError(
            f"expected shapes in {BRITISH_NATIONAL_GRID}, found {_told_crs(frame.crs)}",
            file=path,
            mend="Prepare the source again.",
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn the errors of the libraries that read into one that names the file."""
    try:
        yield
    except (RuntimeError, ValueError, OSError, ArrowException, shapely.GEOSException) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise _source_error(f"cannot be read ({reason})", path) from error


def _read_parquet(path: Path) -> tuple[gpd.GeoDataFrame, Any]:
    with _reading(path):
        frame = gpd.read_parquet(path)
    return frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs), frame.crs


def _read_gdal(
    path: Path,
    layer: str | None,
    usual_layer: str | None,
    chosen: Callable[[Sequence[str]], Sequence[str | None]],
    near: Box | None,
) -> tuple[gpd.GeoDataFrame, Any]:
    """Read the features, and the coordinate reference system that the file says."""
    address = f"/vsigzip/{path.resolve()}" if path.suffix == ".gz" else path
    with _reading(path):
        name = _chosen_layer(_spatial_layers(address), layer, usual_layer, path)
        facts = pyogrio.read_info(address, layer=name)
    read = [column for column in chosen(list(facts["fields"])) if column is not None]
    on_grid = facts["crs"] is not None and _same(facts["crs"], BRITISH_NATIONAL_GRID)
    bbox = near if on_grid and facts["driver"] == "GPKG" else None
    with _reading(path):
        frame = pyogrio.read_dataframe(address, layer=name, force_2d=True, columns=read, bbox=bbox)
    if bbox is not None:
        _log.info("%s: read %d of %d features, by area", path, len(frame), facts["features"])
    elif len(frame) < facts["features"]:
        raise _source_error(f"expected {facts['features']} features, found {len(frame)}", path)
    return frame, None if facts["driver"] == "TopoJSON" else frame.crs


def _spatial_layers(address: str | Path) -> list[str]:
    """Names of the layers that have shapes; a plain table has no type of shape."""
    return [str(name) for name, shape in pyogrio.list_layers(address) if shape is not None]


def _chosen_layer(names: Sequence[str], layer: str | None, usual: str | None, path: Path) -> str:
    if layer is not None:
        fitting = [name for name in names if name == layer]
    elif len(names) == 1:
        fitting = list(names)
    else:
        fitting = [name for name in names if usual and re.fullmatch(usual, name, re.IGNORECASE)]
    if len(fitting) != 1:
        wanted = f"no layer {layer!r}" if layer is not None else "several layers, or none"
        raise _source_error(
            f"{wanted}; layers with shapes: {', '.join(names) or 'none'}",
            path,
            "Name one of the layers as `layer` under this source in the configuration.",
        )
    return fitting[0]


# --- Coordinate reference systems ---


def _on_the_grid(
    frame: gpd.GeoDataFrame, stated: Any, given: str | None, path: Path
) -> gpd.GeoDataFrame:
    shapes = frame.geometry.to_numpy()
    crs = _settled(stated, given, shapes, path)
    moved = _reprojected(shapes, crs, path)
    _require_agreement(shapes, moved, crs, path)
    return frame.set_geometry(moved, crs=BRITISH_NATIONAL_GRID)


def _settled(stated: Any, given: str | None, shapes: Shapes, path: Path) -> pyproj.CRS:
    """Return the coordinate reference system of a file, from what it and the configuration say."""
    said = None if stated is None else pyproj.CRS(stated)
    configured = None if given is None else _parsed(given, path)
    if configured is None and said is not None:
        return said
    if configured is None:
        raise CrsError(
            "the file does not say its coordinate reference system: " + _told_range(shapes),
            file=path,
            mend=_mend(shapes),
        )
    if said is not None and not _same(said, configured) and not _says_none(path):
        raise _contradiction(said, configured, path)
    return configured


def _contradiction(said: pyproj.CRS, configured: pyproj.CRS, path: Path) -> CrsError:
    return CrsError(
        f"the file says that it is in {_told_crs(said)}, the configuration that it is in "
        f"{_told_crs(configured)}",
        file=path,
        mend="Remove `crs` under this source, or correct the file (ogr2ogr -a_srs).",
    )


def _parsed(given: str, path: Path) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(
            f"expected a coordinate reference system such as EPSG:4326, found {given!r}",
            file=path,
            mend="Correct `crs` under this source in the configuration.",
        ) from error


def _says_none(path: Path) -> bool:
    """Whether the file is GeoJSON without a ``crs``: GDAL then fills in the default of RFC 7946."""
    if not {".geojson", ".json"} & set(path.suffixes):
        return False
    with _reading(path), (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
        content = json.load(stream)
    return content.get("type") == "FeatureCollection" and content.get("crs") is None


def _reprojected(shapes: Shapes, crs: pyproj.CRS, path: Path) -> Shapes:
    if _same(crs, BRITISH_NATIONAL_GRID):
        return shapes
    # PROJ takes the most accurate operation that this machine has, but never a guess: without the
    # grid of OSTN15 it is one of seven parameters, good to 2 m.
    with _moving(crs, path):
        transformer = pyproj.Transformer.from_crs(
            crs, BRITISH_NATIONAL_GRID, always_xy=True, allow_ballpark=False
        )
    moved: Shapes = shapely.transform(shapes, transformer.transform, interleaved=False)
    used = _used(transformer)
    _log.info(
        "%s: reprojected from %s to %s (%s; accuracy %s m)",
        path,
        _told_crs(crs),
        BRITISH_NATIONAL_GRID,
        used.description,
        used.accuracy,
    )
    return moved


def from_degrees(lon_lat: FloatArray, path: Path) -> FloatArray:
    """Bring points in degrees of longitude and latitude to the National Grid; the log tells how.

    Parameters
    ----------
    lon_lat : n x 2 degrees of WGS 84 (EPSG:4326), longitude first.
    path : the file that they were read from, for the log.

    Returns
    -------
    n x 2 eastings and northings in metres of EPSG:27700.

    Raises
    ------
    CrsError : there is no way between the two systems.
    """
    moved = _reprojected(shapely.points(lon_lat), pyproj.CRS(_SYSTEMS[0].crs), path)
    return np.asarray(shapely.get_coordinates(moved), dtype=np.float64)


@contextmanager
def _moving(crs: pyproj.CRS, path: Path) -> Iterator[None]:
    try:
        yield
    except pyproj.exceptions.ProjError as error:
        raise CrsError(
            f"there is no way from {_told_crs(crs)} to {BRITISH_NATIONAL_GRID} ({error})",
            file=path,
            mend="Reproject the file (ogr2ogr -t_srs EPSG:27700).",
        ) from error


def _used(transformer: pyproj.Transformer) -> pyproj.Transformer:
    """Return the operation that PROJ took, of the several that it may hold ready."""
    try:
        return transformer.get_last_used_operation()
    except pyproj.exceptions.ProjError:
        # No coordinate could be moved: the check that follows says so.
        return transformer


def _same(one: Any, other: Any) -> bool:
    """Whether two systems are one, whatever the order of the axes: GDAL always gives x first."""
    first, second = pyproj.CRS(one), pyproj.CRS(other)
    return first.equals(second, ignore_axis_order=True) or (
        first.to_epsg() is not None and first.to_epsg() == second.to_epsg()
    )


def _told_crs(crs: Any) -> str:
    if crs is None:
        return "none"
    parsed = pyproj.CRS(crs)
    authority = parsed.to_authority()
    return ":".join(authority) if authority else parsed.name


def _likely(shapes: Shapes) -> _System | None:
    bounds = shapely.total_bounds(shapes)
    return next((system for system in _SYSTEMS if _in_box(bounds, system.box)), None)


def _told_range(shapes: Shapes) -> str:
    x_min, y_min, x_max, y_max = (f"{value:.10g}" for value in shapely.total_bounds(shapes))
    likely = _likely(shapes)
    words = (
        f"look like {likely.words} ({likely.crs})"
        if likely
        else "look like no system used for the United Kingdom"
    )
    return f"x runs from {x_min} to {x_max} and y from {y_min} to {y_max}, which {words}"


def _mend(shapes: Shapes) -> str:
    likely = _likely(shapes)
    if likely is None:
        return "Ask the publisher, and give it as `crs: EPSG:...` under this source."
    return f"If so, write `crs: {likely.crs}` under this source in the configuration."


def _require_agreement(shapes: Shapes, moved: Shapes, crs: pyproj.CRS, path: Path) -> None:
    """Refuse a system in which nothing lies in the United Kingdom, or degrees taken for metres."""
    # Missing and empty shapes lie nowhere; they are told of with the feature's name.
    elsewhere = _lying(moved).any() and not _within(moved, UK_BOX_M).any()
    if elsewhere or (crs.is_projected and _likely(shapes) is _SYSTEMS[0]):
        raise CrsError(
            f"the coordinates deny {_told_crs(crs)}: " + _told_range(shapes),
            file=path,
            mend=_mend(shapes),
        )


# --- Columns ---


def published_columns(
    frame: gpd.GeoDataFrame,
    wanted: Mapping[str, Published],
    *,
    columns: Mapping[str, str],
    file: Path,
) -> gpd.GeoDataFrame:
    """Take columns of text by their published names, and give them ours.

    Parameters
    ----------
    frame : features of a file.
    wanted : our name to the published one.
    columns : published name to the name that this file has, from the configuration.
    file : for messages.

    Returns
    -------
    The wanted columns, in that order, as text, and the geometry. An optional column that the file
    leaves out is missing throughout.

    Raises
    ------
    SchemaError : a column is not found, or found twice; a value of a column that is not optional is
        missing; a key of ``columns`` is no published name.
    """
    named = _published_names(wanted, columns, file, list(frame.columns))
    taken = {name: _text(frame, column) for name, column in zip(wanted, named, strict=True)}
    for name, published in wanted.items():
        if not published.optional:
            _require_values(taken[name], published.example, file)
    shapes = frame.geometry.to_numpy()
    return gpd.GeoDataFrame(taken, geometry=shapes, crs=frame.crs)


def _published_names(
    wanted: Mapping[str, Published], columns: Mapping[str, str], file: Path, names: Sequence[str]
) -> list[str | None]:
    """Return the file's name for each wanted column; None for an optional one not there."""
    _require_known_keys(wanted, columns, file)
    return [_found(names, published, columns, file) for published in wanted.values()]


def _fits(published: Published, name: str) -> bool:
    return re.fullmatch(published.pattern, name, re.IGNORECASE) is not None


def _require_known_keys(
    wanted: Mapping[str, Published], columns: Mapping[str, str], file: Path
) -> None:
    unknown = [key for key in columns if not any(_fits(each, key) for each in wanted.values())]
    if unknown:
        known = ", ".join(published.example for published in wanted.values())
        raise SchemaError(
            f"expected published names under `columns` ({known}), found {unknown[0]!r}",
            file=file,
            mend=f"Write the published name first: `columns: {{{_example(wanted)}: name_here}}`.",
        )


def _example(wanted: Mapping[str, Published]) -> str:
    return next(iter(wanted.values())).example


def _found(
    names: Sequence[str], published: Published, columns: Mapping[str, str], file: Path
) -> str | None:
    """Return the file's name for a published column; None for an optional one that is not there."""
    mapped = [name for key, name in columns.items() if _fits(published, key)]
    fitting = [
        name for name in names if (name in mapped if mapped else _fits(published, str(name)))
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and not mapped and published.optional:
        return None
    wanted = ", ".join(map(repr, mapped)) or f"such as {published.example}"
    raise SchemaError(
        f"expected one column {wanted}, found {', '.join(fitting) or 'none'}; "
        f"the file has: {', '.join(name for name in names if name != 'geometry')}",
        file=file,
        mend=f"Say which it is: `columns: {{{published.example}: name_here}}` under this source.",
    )


def _text(frame: gpd.GeoDataFrame, name: str | None) -> pd.Series:
    """Return a column as text, where what is empty is missing."""
    if name is None:
        return pd.Series([None] * len(frame), index=frame.index, dtype="str")
    text = frame[name].astype("str")
    return text.where(text != "")


def _require_values(values: pd.Series, column: str, file: Path) -> None:
    missing = np.flatnonzero(values.isna())
    if len(missing):
        raise SchemaError(
            f"expected a value in each feature, found none in {len(missing)} of {len(values)}",
            file=file,
            place=f"column {column}, feature {missing[0] + 1}",
            mend="Correct the file, or the names under `columns` in the configuration.",
        )


# --- Features ---


def english(frame: gpd.GeoDataFrame, key: str, *, file: Path) -> gpd.GeoDataFrame:
    """Keep the features whose code is English, and log how many of the other countries go.

    Raises
    ------
    SchemaError : a code is not that of an area of the United Kingdom.
    SourceError : no feature is English.
    """
    odd = np.flatnonzero(~frame[key].str.fullmatch(r"[EWSN]\d{8}"))
    if len(odd):
        raise SchemaError(
            f"expected a code such as E08000003, found {frame[key].iloc[odd[0]]!r}",
            file=file,
            place=f"feature {odd[0] + 1}",
            mend="Correct the file, or say under `columns` which column holds the codes.",
        )
    kept = frame[frame[key].str.startswith("E")].reset_index(drop=True)
    if kept.empty:
        raise _source_error("holds no English features", file, "Give a file that covers England.")
    if len(kept) < len(frame):
        _log.info("%s: left out %d features outside England", file, len(frame) - len(kept))
    return kept


def joined(
    parts: Mapping[Path, gpd.GeoDataFrame], key: str, *, repeats: bool = False
) -> gpd.GeoDataFrame:
    """Put the features of several files one after the other.

    Parameters
    ----------
    parts : file to features, each in one coordinate reference system and with the same columns.
    key : column that tells features apart.
    repeats : whether a feature that is the same in every column may come again, as in files cut
        into tiles; it is taken once, and that is logged.

    Raises
    ------
    SchemaError : a key comes twice, naming it and the files.
    """
    together = pd.concat(parts.values(), ignore_index=True)
    source = np.repeat([str(path) for path in parts], [len(part) for part in parts.values()])
    again = np.zeros(len(together), dtype=bool)
    # Within a file a key that comes again was refused when its shapes were checked.
    if repeats and len(parts) > 1:
        shapes = shapely.to_wkb(together.geometry.to_numpy())
        again = pd.DataFrame(together).assign(geometry=shapes).duplicated().to_numpy()
    if again.any():
        _log.info("%s: took %d repeated features once", source[again][0], again.sum())
    _require_no_other(together.loc[~again, key], source[~again])
    return together[~again].reset_index(drop=True)


def _require_no_other(keys: pd.Series, source: npt.NDArray[Any]) -> None:
    second = np.flatnonzero(keys.duplicated())
    if len(second):
        twice = keys.iloc[second[0]]
        first = source[int(np.flatnonzero(keys == twice)[0])]
        raise _twice_error(f"found it in {first} too", twice, len(second), source[second[0]])


def _require_once(keys: pd.Series, file: Path) -> None:
    second = keys[keys.duplicated()]
    if len(second):
        raise _twice_error("found it again in this file", second.iloc[0], len(second), file)


def _twice_error(found: str, twice: str, count: int, file: Path) -> SchemaError:
    more = f" (and {count - 1} more)" if count > 1 else ""
    return SchemaError(
        f"expected each feature once, {found}{more}",
        file=file,
        place=twice,
        mend="Remove one of the two, or say under `columns` which column tells features apart.",
    )


def with_ids(
    frame: gpd.GeoDataFrame, key: str, *, file: Path, of_several: bool
) -> gpd.GeoDataFrame:
    """Give the features of a file without ids the ids ``row 1``, ``row 2``, …, and log it.

    Parameters
    ----------
    key : column of the ids, missing throughout where the file leaves them out.
    of_several : whether the name of the file must keep its rows apart from those of others.

    Raises
    ------
    SchemaError : some features have an id and others not.
    """
    if frame[key].notna().any() or frame.empty:
        _require_values(frame[key], key, file)
        return frame
    before = f"{file.name} " if of_several else ""
    _log.info("%s: has no ids; its features are numbered by row", file)
    numbers = pd.Series(np.arange(1, len(frame) + 1)).astype("str")
    return frame.assign(**{key: before + "row " + numbers})


def wholly_within(frame: gpd.GeoDataFrame, box: Box, *, file: Path) -> gpd.GeoDataFrame:
    """Leave out features that reach out of a box, and log how many.

    One whose shape is missing or empty stays, for those who require that each has one.
    """
    shapes = frame.geometry.to_numpy()
    shapeless = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kept = shapeless | _within(shapes, box)
    if not kept.all():
        _log.info("%s: left out %d features that reach out of the area", file, (~kept).sum())
    return frame.loc[kept].reset_index(drop=True)


def polygons(frame: gpd.GeoDataFrame, key: str, *, box: Box, file: Path) -> gpd.GeoDataFrame:
    """Return features as valid MultiPolygons, and log what was repaired.

    Parameters
    ----------
    frame : features on the British National Grid.
    key : column that names a feature in messages.
    box : where they must lie, such as `ENGLAND_BOX_M`.

    Raises
    ------
    SchemaError : two features have one key.
    GeometryError : a shape is missing, empty, no polygon, lies outside the box, or a repair would
        change its area by more than `REPAIR_TOLERANCE`.
    """
    shapes, names = frame.geometry.to_numpy(), frame[key].to_numpy()
    _require_once(frame[key], file)
    _require_kind(shapes, names, (3, 6), "a polygon", file)
    _require_inside(shapes, names, box, file)
    return frame.set_geometry(as_multi(_repaired(shapes, names, file)), crs=frame.crs)


def points(frame: gpd.GeoDataFrame, key: str, *, box: Box, file: Path) -> gpd.GeoDataFrame:
    """Return features as Points; a MultiPoint of one is that point.

    Parameters
    ----------
    frame, key, box : as `polygons` takes them.

    Raises
    ------
    SchemaError : two features have one key.
    GeometryError : a shape is missing, empty, not one point, or lies outside the box.
    """
    shapes, names = frame.geometry.to_numpy(), frame[key].to_numpy()
    _require_once(frame[key], file)
    _require_kind(shapes, names, (0, 4), "a point", file)
    _require_each(shapely.get_num_geometries(shapes) == 1, "one point", shapes, names, file)
    _require_inside(shapes, names, box, file)
    return frame.set_geometry(shapely.get_geometry(shapes, 0), crs=frame.crs)


def lines(frame: gpd.GeoDataFrame, key: str, *, box: Box, file: Path) -> gpd.GeoDataFrame:
    """Return features as LineStrings, drawn in the direction that they have.

    Parameters
    ----------
    frame, key, box : as `polygons` takes them.

    Raises
    ------
    SchemaError : two features have one key.
    GeometryError : a shape is missing, empty, no line, lies outside the box, or is of several parts
        of which each does not start where another ends.
    """
    shapes, names = frame.geometry.to_numpy(), frame[key].to_numpy()
    _require_once(frame[key], file)
    _require_kind(shapes, names, (1, 5), "a line", file)
    _require_inside(shapes, names, box, file)
    whole = shapely.get_geometry(shapes, 0)
    parted = shapely.get_num_geometries(shapes) > 1
    whole[parted] = shapely.line_merge(shapes[parted], directed=True)
    _require_each(shapely.get_type_id(whole) == 1, "one line without gaps", shapes, names, file)
    return frame.set_geometry(whole, crs=frame.crs)


def _require_kind(
    shapes: Shapes, names: npt.NDArray[Any], types: tuple[int, ...], said: str, file: Path
) -> None:
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kind = np.isin(shapely.get_type_id(shapes), types)
    _require_each(present & kind, said, shapes, names, file)


def _require_inside(shapes: Shapes, names: npt.NDArray[Any], box: Box, file: Path) -> None:
    x_min, y_min, x_max, y_max = (f"{value:,.0f}" for value in box)
    said = f"a place from {x_min} to {x_max} m east and {y_min} to {y_max} m north"
    _require_each(_within(shapes, box), said, shapes, names, file)


def _require_each(
    good: npt.NDArray[np.bool_], said: str, shapes: Shapes, names: npt.NDArray[Any], file: Path
) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise GeometryError(
            f"expected {said}, found {_told_shape(shapes[bad[0]])}{more}",
            file=file,
            place=str(names[bad[0]]),
            mend="Correct the feature, or download the file again.",
        )


def _told_shape(shape: Any) -> str:
    if shape is None:
        return "no shape"
    if shape.is_empty:
        return f"an empty {shape.geom_type}"
    x_min, y_min, x_max, y_max = (f"{value:.10g}" for value in shape.bounds)
    return f"a {shape.geom_type} from {x_min}, {y_min} to {x_max}, {y_max}"


def _in_box(bounds: npt.NDArray[Any], box: Box) -> npt.NDArray[np.bool_]:
    """Whether bounds (..., 4) lie in a box; bounds that are not finite lie in none."""
    low, high = bounds[..., :2] >= box[:2], bounds[..., 2:] <= box[2:]
    inside: npt.NDArray[np.bool_] = np.all(low & high, axis=-1)
    return inside


def _within(shapes: Shapes, box: Box) -> npt.NDArray[np.bool_]:
    return _in_box(shapely.bounds(shapes), box)


def _lying(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Whether each shape is there and not empty."""
    lying: npt.NDArray[np.bool_] = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return lying


# --- Repair ---


def _repaired(shapes: Shapes, names: npt.NDArray[Any], file: Path) -> Shapes:
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    if not len(broken):
        return shapes
    before = _parts_once(shapes[broken])
    # By structure, a ring that crosses itself bounds all that it goes round, and only polygons
    # come out.
    after = shapely.make_valid(before, method="structure", keep_collapsed=False)
    change = _area_change(before, after)
    _require_slight(change, names[broken], file)
    _log_repairs(before, after, names[broken], file)
    _log.info(
        "%s: repaired %d of %d shapes; the largest change of area is %.2g, of %s",
        file,
        len(broken),
        len(shapes),
        change.max(),
        names[broken[change.argmax()]],
    )
    repaired = shapes.copy()
    repaired[broken] = after
    return repaired


def _log_repairs(before: Shapes, after: Shapes, names: npt.NDArray[Any], file: Path) -> None:
    """Say of each shape what was wrong with it, where, and by how much its repair changed it."""
    columns = (names, shapely.is_valid_reason(before), shapely.area(after) - shapely.area(before))
    for name, reason, change_m2 in zip(*columns, strict=True):
        _log.info("%s: repaired %s: %s; area changed by %+.3g m²", file, name, reason, change_m2)


def _area_change(before: Shapes, after: Shapes) -> npt.NDArray[np.float64]:
    """Change of each area as a part of the new one; infinite where nothing is left."""
    left = shapely.area(after)
    difference = np.abs(left - shapely.area(before))
    change = np.full(len(after), np.inf)
    np.divide(difference, left, out=change, where=left > 0)
    return change


def _require_slight(change: npt.NDArray[np.float64], names: npt.NDArray[Any], file: Path) -> None:
    worst = change.argmax()
    if change[worst] > REPAIR_TOLERANCE:
        raise GeometryError(
            f"the shape is invalid, and a repair would change its area by {change[worst]:.2%}, "
            f"more than {REPAIR_TOLERANCE:.2%}",
            file=file,
            place=str(names[worst]),
            mend="Draw the shape again in a GIS, or download the file again.",
        )


def _parts_once(shapes: Shapes) -> Shapes:
    """Take parts of a shape that are drawn twice once: both say that the same land is inside."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    drawn = pd.DataFrame({"owner": owner, "part": shapely.to_wkb(shapely.normalize(parts))})
    first = ~drawn.duplicated().to_numpy()
    return _gathered(parts[first], owner[first])


def as_multi(shapes: Shapes) -> Shapes:
    """Return n polygons and multi-polygons, none of them missing or empty, as MultiPolygons."""
    return _gathered(*shapely.get_parts(shapes, return_index=True))


def _gathered(parts: Shapes, owner: npt.NDArray[np.int64]) -> Shapes:
    """Gather polygons into one MultiPolygon for each owner; owners count from 0, without gaps."""
    gathered: Shapes = shapely.multipolygons(parts, indices=owner)
    return gathered
