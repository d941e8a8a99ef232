"""The Downloads API of Ordnance Survey, and the store that it leads on to."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
from tests.loopback.server import Answer, Asked

SIGNATURE = "0123456789abcdef"
"""What a file's address in the store holds, and no log should."""


@dataclass(frozen=True)
class Product:
    """A product: its version, and the bytes of its files by name, area and format."""

    version: str
    files: Mapping[tuple[str, str, str], bytes]


@dataclass
class OsDownloads:
    """Answers what follows ``/downloads/v1/products``, and in `stored` what follows its store.

    Parameters
    ----------
    products : names such as OpenGreenspace to products.
    route, store : where it and its store are served.
    """

    products: Mapping[str, Product]
    route: str = "/downloads/v1/products"
    store: str = "/storage"

    def __call__(self, asked: Asked) -> Answer:
        """Answer with a product, the list of its files, or where one of them is."""
        name, _, rest = asked.path.strip("/").partition("/")
        product = self.products.get(name)
        if product is None or rest not in ("", "downloads"):
            return _json({"error": "Not found"}, 404)
        here = f"https://{asked.headers['host']}{self.route}/{name}"
        if not rest:
            told = {"id": name, "version": product.version, "url": here}
            return _json({**told, "downloadsUrl": f"{here}/downloads"})
        files = [
            (file, area, form, body)
            for (file, area, form), body in product.files.items()
            if area == asked.query.get("area", area) and form == asked.query.get("format", form)
        ]
        if "redirect" in asked.query and len(files) == 1:
            query = f"X-Amz-Expires=120&X-Amz-Signature={SIGNATURE}"
            return Answer(status=307, headers={"Location": f"{self.store}/{files[0][0]}?{query}"})
        return _json([_entry(here, *one) for one in files])

    def stored(self, asked: Asked) -> Answer:
        """Answer with a file, or with what a range asks of it."""
        files = {
            name: body for one in self.products.values() for (name, *_), body in one.files.items()
        }
        body = files.get(asked.path.strip("/"))
        if body is None or asked.query.get("X-Amz-Signature") != SIGNATURE:
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403)
        marks = {"ETag": f'"{_md5(body)}"', "Accept-Ranges": "bytes"}
        first = asked.headers.get("range", "").removeprefix("bytes=").partition("-")[0]
        if asked.headers.get("if-range", marks["ETag"]) != marks["ETag"] or not first:
            return Answer(body, headers=marks)
        span = {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
        return Answer(body[int(first) :], 206, {**marks, **span})


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status, {"Content-Type": "application/json"})


def _entry(here: str, file: str, area: str, form: str, body: bytes) -> dict[str, Any]:
    return {
        "md5": _md5(body).upper(),
        "size": len(body),
        "url": f"{here}/downloads?area={area}&format={form.replace(' ', '+')}&redirect",
        "format": form,
        "area": area,
        "fileName": file,
    }


def zipped_geopackage(layers: Mapping[str, gpd.GeoDataFrame], member: str, folder: Path) -> bytes:
    """Return a zip with a GeoPackage of some layers, as ``Data/opgrsp_gb.gpkg``, and a text."""
    path = folder / Path(member).name
    for name, places in layers.items():
        places.to_file(path, layer=name, driver="GPKG")
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Doc/licence.txt", "Open Government Licence")
        archive.write(path, member)
    path.unlink()
    return content.getvalue()
