"""A layer of an ArcGIS feature service, made from a table or from places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from tests.loopback.server import Answer, Asked

INVALID_URL = {"error": {"code": 400, "message": "Invalid URL", "details": ["Invalid URL"]}}
"""What the services answer, with HTTP 200, for a layer that they do not have."""

_SHAPES = {"Polygon": "esriGeometryPolygon", "MultiPolygon": "esriGeometryPolygon",
           "Point": "esriGeometryPoint"}  # fmt: skip
_TYPES = {"i": "esriFieldTypeInteger", "f": "esriFieldTypeDouble"}


def _unaltered(asked: Asked, answer: dict[str, Any]) -> Any:
    return answer


@dataclass
class FeatureLayer:
    """Answers what follows ``…/FeatureServer/0``: the layer's description, counts and pages.

    Parameters
    ----------
    rows : a table, or places in EPSG:27700; their object ids are 1, 2, … in this order.
    largest_page : records that it gives at once, whatever is asked for.
    crs : coordinate reference system that it answers in, whatever is asked for.
    altered : is given each answer before it is sent, and may give another, or an `Answer`.
    edited : when the layer was last edited.
    """

    rows: pd.DataFrame
    name: str = "LAD_MAY_2025_UK_BGC"
    largest_page: int = 2_000
    object_id: str = "FID"
    crs: int = 27700
    altered: Callable[[Asked, dict[str, Any]], Any] = _unaltered
    edited: int | None = 1_748_000_000_000
    _records: list[dict[str, Any]] = field(default_factory=list, repr=False)
    _shapes: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.show(self.rows)

    def show(self, rows: pd.DataFrame) -> None:
        """Publish other rows in place of those that are there."""
        self.rows = rows
        columns = pd.DataFrame(rows[[name for name in rows.columns if name != "geometry"]])
        plain = json.loads(columns.to_json(orient="records", double_precision=15))
        self._records = [{self.object_id: number, **one} for number, one in enumerate(plain, 1)]
        drawn = isinstance(rows, gpd.GeoDataFrame)
        self._shapes = rows.geometry.to_crs(self.crs).to_numpy() if drawn else None

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        answer = self._page(asked.query) if asked.path == "/query" else self._description()
        altered = self.altered(asked, answer)
        if isinstance(altered, Answer):
            return altered
        body = json.dumps(altered, ensure_ascii=False, separators=(",", ":")).encode()
        return Answer(body, headers={"Content-Type": "application/json; charset=utf-8"})

    def _description(self) -> dict[str, Any]:
        kinds = self.rows.dtypes.map(lambda kind: _TYPES.get(kind.kind, "esriFieldTypeString"))
        shape = _shape_type(self.rows)
        return {
            "currentVersion": 11.5, "id": 0, "name": self.name,
            "type": "Table" if shape is None else "Feature Layer",
            "geometryType": shape or "",
            "objectIdField": self.object_id,
            "fields": [{"name": self.object_id, "type": "esriFieldTypeOID"}]
            + [{"name": str(name), "type": kind} for name, kind in kinds.items()
               if name != "geometry"],
            "maxRecordCount": self.largest_page,
            "supportedQueryFormats": "JSON, geoJSON, PBF",
            "advancedQueryCapabilities": {"supportsPagination": True},
            "editingInfo": {"lastEditDate": self.edited},
        }  # fmt: skip

    def _page(self, query: Any) -> dict[str, Any]:
        if query.get("f") != "json":
            return _refused("'f' parameter is invalid")
        chosen = self._where(query.get("where", ""))
        if chosen is None:
            return _refused("'where' parameter is invalid")
        if query.get("returnCountOnly") == "true":
            return {"count": len(chosen)}
        start = int(query.get("resultOffset", 0))
        size = min(int(query.get("resultRecordCount", self.largest_page)), self.largest_page)
        fields = query["outFields"].split(",")
        shape = _shape_type(self.rows) if query["returnGeometry"] == "true" else None
        answer: dict[str, Any] = {"objectIdFieldName": self.object_id}
        if shape:
            answer |= {"geometryType": shape, "spatialReference": {"wkid": self.crs}}
        page = chosen[start : start + size]
        answer["features"] = [self._feature(one, fields, drawn=shape is not None) for one in page]
        return answer | ({"exceededTransferLimit": True} if start + size < len(chosen) else {})

    def _where(self, condition: str) -> list[dict[str, Any]] | None:
        """Return the records of ``1=1`` or of ``FIELD LIKE 'E%'``, which is all that it knows."""
        if condition == "1=1":
            return self._records
        found = re.fullmatch(r"(\w+) LIKE '(\w*)%'", condition)
        if found is None or found[1] not in self.rows:
            return None
        return [one for one in self._records if str(one[found[1]]).startswith(found[2])]

    def _feature(self, record: dict[str, Any], fields: list[str], *, drawn: bool) -> dict[str, Any]:
        kept = record if fields == ["*"] else {name: record[name] for name in fields}
        shape = self._shapes[record[self.object_id] - 1] if drawn else None
        return {"attributes": kept} | ({"geometry": esri_shape(shape)} if drawn else {})


def _refused(detail: str) -> dict[str, Any]:
    told = "Cannot perform query. Invalid query parameters."
    return {"error": {"code": 400, "message": told, "details": [detail]}}


def _shape_type(rows: pd.DataFrame) -> str | None:
    if not isinstance(rows, gpd.GeoDataFrame):
        return None
    return _SHAPES[next(kind for kind in rows.geom_type if kind)]


def esri_shape(shape: Any) -> dict[str, Any] | None:
    """Return a shape in Esri's JSON: shells of polygons clockwise, their holes anticlockwise."""
    if shape is None:
        return None
    if shape.geom_type == "Point":
        return {"x": shape.x, "y": shape.y}
    parts = shapely.get_parts(shapely.orient_polygons(shape, exterior_cw=True))
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return {"rings": [[list(vertex) for vertex in ring.coords] for ring in rings]}
