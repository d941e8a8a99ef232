"""Layers of ArcGIS feature services, as the ONS Open Geography Portal publishes them.

A layer is asked for page by page, in Esri's own JSON: unlike GeoJSON, which by its standard is in
degrees, an answer in it says the coordinate reference system that it is in, and every service
speaks it. What is written is sorted by object id and rounded, so that the same layer gives the
same bytes.

The services answer errors with HTTP 200, cut pages short as they see fit, and change while they
are read; all of this is looked for. Names of fields and parameters are those of
https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TextIO
from urllib.parse import parse_qsl, urlencode

import numpy as np
import numpy.typing as npt
import shapely
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from healthycities.download.protocols import Client
from healthycities.errors import DownloadError

Form = Literal["geojson", "csv"]
_FORMS: Mapping[str, Form] = MappingProxyType({"geojson": "geojson", "csv": "csv"})

LARGEST_PAGE = 2_000
"""Records asked for at once, where the layer itself does not give fewer."""

DECIMALS = 2
"""Decimals of a coordinate: a centimetre."""

_NATIONAL_GRID = 27700
_CRS = f"urn:ogc:def:crs:EPSG::{_NATIONAL_GRID}"
_POLYGON, _POINT = "esriGeometryPolygon", "esriGeometryPoint"

_ADDRESS = re.compile(r"(.+/(?:Feature|Map)Server/\d+)(?:/query)?/?(?:\?(.*))?")
_OURS = frozenset({"f", "where", "outfields", "outsr", "returngeometry", "geometryprecision",
                   "orderbyfields", "resultoffset", "resultrecordcount"})  # fmt: skip
"""Parameters of an address, in small letters, that are read, or that each page is given anew."""

_TRY_LATER = frozenset({429, 500, 502, 503, 504})
_TRIES, _LONGEST_PAUSE_S = 4, 60.0
_FIND_THE_NAME = (
    "Layers are renamed when they are published again: look up the current one at "
    "https://geoportal.statistics.gov.uk and give it as `address` under this source in the "
    "configuration (sources.NAME.address)."
)

Ring = npt.NDArray[np.float64]


class _BusyError(DownloadError):
    """The service asks to be asked later."""


class _ChangedError(DownloadError):
    """The layer is not now what it was when its first page was read."""


@dataclass(frozen=True)
class Layer:
    """What a layer says of itself.

    Parameters
    ----------
    address : ends in ``/FeatureServer/`` and the layer's number.
    name : the layer's name, which carries its vintage.
    object_id : field that tells records apart.
    fields : names of all fields, in the layer's order.
    shape : Esri's word for the kind of its shapes; None for a table.
    page_records : records to be asked for at once.
    edited : when the layer was last edited, in milliseconds since 1970, where it says so.
    """

    address: str
    name: str
    object_id: str
    fields: tuple[str, ...]
    shape: str | None
    page_records: int
    edited: int | None


def fetch(
    client: Client,
    address: str,
    to: Path,
    *,
    fields: Sequence[str] | None = None,
    where: str | None = None,
    form: Form | None = None,
    pause_s: float = 1.0,
) -> None:
    r"""Write all records of a layer to one file.

    Parameters
    ----------
    address : the layer, ending in ``/FeatureServer/0``, or a query of it, ending in
        ``/query?where=1%3D1&outFields=LAD25CD,LAD25NM&f=geojson``.
    to : receives the file; what stands there is overwritten.
    fields : the fields wanted, as names or regular expressions of names, in any case, such as
        ``LAD\d\dCD``; each must find one. None for the ``outFields`` of the address, or for all.
    where : SQL of the records wanted; None for that of the address, or for all.
    form : ``geojson`` for polygons or points in metres of EPSG:27700; ``csv`` for a table, with
        the columns x and y, in the same metres, where the layer has points; None for the ``f`` of
        the address, or for geojson. A feature service itself knows no csv.
    pause_s : longest pause before a service that said it was busy is asked for the second time;
        each next one may be twice as long.

    Raises
    ------
    DownloadError : the layer is not there, is empty, lacks a field, answers an error or in another
        coordinate reference system, or changed again while it was read for the second time.
    """
    query = _query(address, fields, where, form)
    for attempt in Retrying(
        retry=retry_if_exception_type(_ChangedError), stop=stop_after_attempt(2), reraise=True
    ):
        with attempt:
            _fetch_once(_Service(client, pause_s), query, to)


def describe(client: Client, address: str, *, pause_s: float = 1.0) -> Layer:
    """Return what a layer says of itself.

    Raises
    ------
    DownloadError : the address is not that of a layer, or there is no layer of that name.
    """
    return _described(_Service(client, pause_s), _query(address, None, None, None).layer)


# --- What is asked ---


@dataclass(frozen=True)
class _Query:
    """A layer, and what is wanted of it; no fields are all."""

    layer: str
    fields: tuple[str, ...]
    where: str
    form: Form


def _query(
    address: str, fields: Sequence[str] | None, where: str | None, form: Form | None
) -> _Query:
    """Read what an address asks for, where nothing else is said."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise _bad_address(
            "expected the address of a layer, which ends in /FeatureServer/0", address
        )
    said = {name.lower(): value for name, value in parse_qsl(match[2] or "")}
    others = sorted(said.keys() - _OURS)
    if others:
        raise _bad_address(f"the parameter {', '.join(others)} is none that is understood", address)
    named = said.get("outfields", "*")
    wanted = tuple(fields if fields is not None else () if named == "*" else named.split(","))
    for name in wanted:
        if not _is_expression(name):
            raise _bad_address(f"{name} is neither a field nor a regular expression", address)
    asked_form = form or said.get("f", "geojson")
    if asked_form not in _FORMS:
        raise _bad_address(f"expected f=geojson or f=csv, found f={asked_form}", address)
    return _Query(
        layer=match[1],
        fields=wanted,
        where=where or said.get("where", "1=1"),
        form=_FORMS[asked_form],
    )


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _bad_address(problem: str, address: str) -> DownloadError:
    return DownloadError(
        problem, file=address, mend="Correct `address` under this source in the configuration."
    )


@dataclass(frozen=True)
class _Service:
    """Asks a service, again where it was busy."""

    client: Client
    pause_s: float

    def ask(self, address: str, **query: object) -> dict[str, Any]:
        """Return an answer that is no error."""
        asked = f"{address}?{urlencode({**query, 'f': 'json'})}"
        for attempt in Retrying(
            retry=retry_if_exception_type(_BusyError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=self.pause_s, max=_LONGEST_PAUSE_S),
            reraise=True,
        ):
            with attempt:
                answer = self.client.json(asked)
                _require_no_error(answer, address)
        if not isinstance(answer, dict):
            raise _unexpected("an object of JSON", answer, address)
        return answer


def _require_no_error(answer: Any, address: str) -> None:
    """Refuse an error that came with HTTP 200."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if error is None:
        return
    told = error if isinstance(error, dict) else {"message": str(error)}
    code = told.get("code")
    details = [str(text) for text in told.get("details") or () if text != told.get("message")]
    said = "; ".join(text.rstrip(".") for text in [str(told.get("message")), *details])
    renamed = code == 404 or "Invalid URL" in said
    kind = _BusyError if code in _TRY_LATER else DownloadError
    raise kind(
        f"the service answered error {code}: {said}",
        file=address,
        mend=_FIND_THE_NAME if renamed else "Try again later; if it stays so, ask the publisher.",
    )


def _unexpected(expected: str, answer: Any, address: str) -> DownloadError:
    return DownloadError(
        f"expected {expected}, found {json.dumps(answer)[:200]}",
        file=address,
        mend="Check in a browser that the address is that of a layer of a feature service.",
    )


def _described(service: _Service, address: str) -> Layer:
    told = service.ask(address)
    try:
        return _layer(address, told)
    except (KeyError, TypeError, StopIteration) as error:
        raise _unexpected("what a layer says of itself", told, address) from error


def _layer(address: str, told: Mapping[str, Any]) -> Layer:
    if not (told.get("advancedQueryCapabilities") or {}).get("supportsPagination", True):
        raise DownloadError("the layer cannot be asked for page by page", file=address)
    columns = told["fields"]
    return Layer(
        address=address,
        name=told["name"],
        object_id=told.get("objectIdField")
        or next(one["name"] for one in columns if one["type"] == "esriFieldTypeOID"),
        fields=tuple(one["name"] for one in columns if one["type"] != "esriFieldTypeGeometry"),
        shape=told.get("geometryType") or None,
        page_records=min(int(told.get("maxRecordCount") or LARGEST_PAGE), LARGEST_PAGE),
        edited=(told.get("editingInfo") or {}).get("lastEditDate"),
    )


def _counted(service: _Service, layer: Layer, where: str) -> int:
    answer = service.ask(f"{layer.address}/query", where=where, returnCountOnly="true")
    if not isinstance(answer.get("count"), int):
        raise _unexpected("a count of records", answer, layer.address)
    return int(answer["count"])


# --- Pages ---


def _fetch_once(service: _Service, query: _Query, to: Path) -> None:
    layer = _described(service, query.layer)
    _require_form(layer, query.form)
    wanted = _chosen(layer, query.fields)
    total = _counted(service, layer, query.where)
    if total == 0:
        raise DownloadError(
            f"the layer {layer.name} has no record where {query.where}",
            file=layer.address,
            mend="Correct the address or the condition of this source.",
        )
    pages = _pages(service, layer, _page_query(layer, wanted, query), total)
    records = _in_order(layer, (one for page in pages for one in page))
    with to.open("w", encoding="utf-8", newline="") as file:
        _WRITERS[query.form](file, layer, wanted, records)
    _require_unchanged(service, layer, query.where, total)


def _require_form(layer: Layer, form: Form) -> None:
    """Require shapes that can be written, of which a table of polygons needs none."""
    fitting = {"geojson": (_POLYGON, _POINT), "csv": (_POLYGON, _POINT, None)}[form]
    if layer.shape not in fitting:
        raise DownloadError(
            f"expected a layer of polygons or points, found {layer.shape or 'a table'}",
            file=layer.address,
            mend=_FIND_THE_NAME,
        )


def _chosen(layer: Layer, patterns: Sequence[str]) -> list[str]:
    """Return the names of the fields wanted, in the layer's order; of no patterns, all."""
    found = {
        pattern: {name for name in layer.fields if re.fullmatch(pattern, name, re.IGNORECASE)}
        for pattern in patterns or [".+"]
    }
    for pattern, names in found.items():
        if not names:
            raise DownloadError(
                f"the layer {layer.name} has no field {pattern}; it has {', '.join(layer.fields)}",
                file=layer.address,
                mend=_FIND_THE_NAME,
            )
    chosen = set().union(*found.values())
    return [name for name in layer.fields if name in chosen]


def _page_query(layer: Layer, wanted: Sequence[str], query: _Query) -> dict[str, object]:
    drawn = query.form == "geojson" or layer.shape == _POINT
    return {
        "where": query.where,
        "outFields": ",".join(dict.fromkeys([layer.object_id, *wanted])),
        "orderByFields": f"{layer.object_id} ASC",
        "returnGeometry": str(drawn).lower(),
        "outSR": _NATIONAL_GRID,
        "geometryPrecision": DECIMALS,
        "resultRecordCount": layer.page_records,
    }


def _pages(
    service: _Service, layer: Layer, query: Mapping[str, object], total: int
) -> Iterator[list[dict[str, Any]]]:
    """Yield pages until all records are there and the service says that there are no more.

    A page shorter than asked for is no sign of the end: the next one starts where it ended.
    """
    read, more = 0, True
    while more or read < total:
        answer = service.ask(f"{layer.address}/query", **query, resultOffset=read)
        page = answer.get("features")
        if not isinstance(page, list):
            raise _unexpected("features", answer, layer.address)
        _require_national_grid(layer, answer)
        yield page
        read += len(page)
        more = bool(answer.get("exceededTransferLimit")) and bool(page)
        if read > total or (not page and read < total):
            raise _changed(layer, f"expected {total} records, found {read}")


def _changed(layer: Layer, found: str) -> _ChangedError:
    return _ChangedError(
        f"the layer {layer.name} changes while it is read: {found}",
        file=layer.address,
        mend="Try again later: the publisher is at work on it.",
    )


def _in_order(
    layer: Layer, records: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield attributes and shape of each record, and refuse one that comes again or too late."""
    last: int | None = None
    for record in records:
        attributes = record.get("attributes") or {}
        if layer.object_id not in attributes:
            raise _unexpected(f"a record with {layer.object_id}", attributes, layer.address)
        number = attributes[layer.object_id]
        if last is not None and number <= last:
            raise _changed(layer, f"{layer.object_id} {number} came after {last}")
        last = number
        yield attributes, record.get("geometry")


def _require_unchanged(service: _Service, layer: Layer, where: str, total: int) -> None:
    now, left = _described(service, layer.address), _counted(service, layer, where)
    if now != layer or left != total:
        raise _changed(
            layer,
            f"it had {total} records and was edited at {layer.edited}, now {left} and {now.edited}",
        )


# --- Shapes ---


def _require_national_grid(layer: Layer, answer: Mapping[str, Any]) -> None:
    stated = answer.get("spatialReference") or {}
    codes = {stated[key] for key in ("wkid", "latestWkid") if stated.get(key)}
    if codes and _NATIONAL_GRID not in codes:
        raise _not_in_metres(layer, f"EPSG:{', '.join(map(str, sorted(codes)))}")


def _not_in_metres(layer: Layer, found: str) -> DownloadError:
    return DownloadError(
        f"asked for coordinates in metres of EPSG:{_NATIONAL_GRID}, found {found}",
        file=layer.address,
        mend="Download the layer by hand in that system, and give its path to this source.",
    )


def _require_metres(layer: Layer, x: float, y: float) -> None:
    """Refuse degrees: as metres these are in the sea, west of Scilly."""
    if abs(x) <= 180 and abs(y) <= 90:
        raise _not_in_metres(layer, f"x {x:g}, y {y:g}, which look like degrees")


def _point(layer: Layer, shape: Any) -> tuple[float, float] | None:
    """Return x and y; an empty point has the text NaN for both, or nothing."""
    x, y = (float((shape or {}).get(axis) or "nan") for axis in ("x", "y"))
    if not np.isfinite([x, y]).all():
        return None
    _require_metres(layer, x, y)
    return round(x, DECIMALS), round(y, DECIMALS)


def _point_geometry(layer: Layer, shape: Any) -> dict[str, Any] | None:
    found = _point(layer, shape)
    return found and {"type": "Point", "coordinates": found}


def _polygon_geometry(layer: Layer, shape: Any) -> dict[str, Any] | None:
    """Return GeoJSON of Esri's rings; None for no shape."""
    rings = [_ring(ring) for ring in (shape or {}).get("rings") or () if ring]
    for ring in rings:
        _require_metres(layer, *ring[0])
    parts = [[ring.tolist() for ring in part] for part in polygons(rings)]
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


_SHAPES: Mapping[str, Callable[[Layer, Any], dict[str, Any] | None]] = MappingProxyType(
    {_POLYGON: _polygon_geometry, _POINT: _point_geometry}
)


def _ring(vertices: Sequence[Sequence[float]]) -> Ring:
    """Return (n, 2) vertices, without heights, rounded."""
    drawn: Ring = np.array([vertex[:2] for vertex in vertices], dtype=np.float64)
    return drawn.round(DECIMALS)


def _signed_area(ring: Ring) -> float:
    """Return the area of a closed ring, which is negative where it is drawn clockwise."""
    x, y = (ring - ring[0]).T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def polygons(rings: Iterable[Ring]) -> list[list[Ring]]:
    """Sort the rings of an Esri polygon into polygons, each a shell and then its holes.

    Esri draws shells clockwise and holes anticlockwise, in one list that does not say which hole
    lies in which shell: it is the smallest that is larger than the hole and holds a point of it.
    A hole in no shell is a polygon of its own, as in Esri's own converter
    (https://github.com/terraformer-js/terraformer). Rings without area, which rounding may leave,
    go.

    Parameters
    ----------
    rings : closed rings, (n, 2) each.

    Returns
    -------
    list of polygons, with shells anticlockwise and holes clockwise as RFC 7946 wants them.
    """
    drawn = [(ring, _signed_area(ring)) for ring in rings]
    parts = [[ring[::-1]] for ring, area in drawn if area < 0]
    shells = [shapely.Polygon(part[0]) for part in parts]
    for ring, area in drawn:
        if area > 0:
            at = _holding(shells, ring)
            if at is None:
                parts.append([ring])
            else:
                parts[at].append(ring[::-1])
    return parts


def _holding(shells: Sequence[shapely.Polygon], hole: Ring) -> int | None:
    """Return which shell a hole lies in."""
    inside = shapely.Polygon(hole)
    point = inside.representative_point()
    fitting = [
        (shell.area, number)
        for number, shell in enumerate(shells)
        if shell.area > inside.area and shapely.intersects_xy(shell, point.x, point.y)
    ]
    return min(fitting)[1] if fitting else None


# --- Files ---

_Records = Iterator[tuple[dict[str, Any], Any]]


def _write_geojson(file: TextIO, layer: Layer, wanted: Sequence[str], records: _Records) -> None:
    """Write a collection with one feature a line, as each comes."""
    crs = json.dumps({"type": "name", "properties": {"name": _CRS}})
    file.write(f'{{"type": "FeatureCollection", "crs": {crs}, "features": [')
    geometry = _SHAPES[str(layer.shape)]
    for number, (attributes, shape) in enumerate(records):
        feature = {
            "type": "Feature",
            "properties": dict(zip(wanted, _values(layer, wanted, attributes), strict=True)),
            "geometry": geometry(layer, shape),
        }
        text = json.dumps(feature, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        file.write((",\n" if number else "\n") + text)
    file.write("\n]}\n")


def _write_csv(file: TextIO, layer: Layer, wanted: Sequence[str], records: _Records) -> None:
    """Write a header and one record a line, with the coordinates that no field has."""
    writer = csv.writer(file, lineterminator="\n")
    have = {name.lower() for name in wanted}
    axes = [axis for axis in "xy" if layer.shape == _POINT and axis not in have]
    writer.writerow([*wanted, *axes])
    for attributes, shape in records:
        at = dict(zip("xy", _point(layer, shape) or ("", ""), strict=True)) if axes else {}
        row = [*_values(layer, wanted, attributes), *(at[axis] for axis in axes)]
        writer.writerow(["" if value is None else value for value in row])


_WRITERS: Mapping[Form, Callable[[TextIO, Layer, Sequence[str], _Records], None]] = (
    MappingProxyType({"geojson": _write_geojson, "csv": _write_csv})
)


def _values(layer: Layer, wanted: Sequence[str], attributes: Mapping[str, Any]) -> list[Any]:
    missing = [name for name in wanted if name not in attributes]
    if missing:
        raise _unexpected(f"a record with {', '.join(missing)}", attributes, layer.address)
    return [attributes[name] for name in wanted]
