"""Products of Ordnance Survey, as its Downloads API lists them.

Public code documents the API so (https://osdatahub.os.uk/docs/downloads/overview): a product's
page gives its version, the page ``downloads`` below it lists the files with size and MD5, and the
address of each leads on, by a redirect, to a store whose address holds a signature that lapses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from healthycities.download.protocols import Client
from healthycities.errors import DownloadError

_GREAT_BRITAIN, _GEOPACKAGE = "GB", "GeoPackage"
_LOOK = "Open the address in a browser: the list says which areas and formats there are."


@dataclass(frozen=True)
class Offer:
    """A file as it is offered.

    Parameters
    ----------
    version : of the product, such as ``2026-04``.
    address : leads on to the file; holds no signature.
    file_name : such as ``opgrsp_gpkg_gb.zip``.
    size_bytes, md5 : of the file.
    """

    version: str
    address: str
    file_name: str
    size_bytes: int
    md5: str


def listing(client: Client, address: str) -> Offer:
    """Return what is offered of a product, in one area and format.

    Parameters
    ----------
    address : of the product, ``https://api.os.uk/downloads/v1/products/OpenGreenspace``, or of its
        list of files, ``…/OpenGreenspace/downloads?area=GB&format=GeoPackage&redirect``; an area
        or a format that it does not say is Great Britain or GeoPackage.

    Raises
    ------
    DownloadError : an answer is not what the API is known to give, or offers no such file or
        several.
    """
    parts = urlsplit(address)
    product = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/downloads')}"
    asked = {"area": _GREAT_BRITAIN, "format": _GEOPACKAGE, **dict(parse_qsl(parts.query))}
    wanted = {name: asked[name] for name in ("area", "format")}
    files_address = f"{product}/downloads?{urlencode(wanted)}"
    with_version, files = client.json(product), client.json(files_address)
    try:
        version = str(with_version["version"])
        offers = [_offer(version, file) for file in files if wanted.items() <= file.items()]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DownloadError(
            f"expected a product with its version and files, found {str(with_version)[:100]} "
            f"and {str(files)[:100]}",
            file=files_address,
            mend=_LOOK,
        ) from error
    return _only(offers, files, files_address)


def fetch(client: Client, address: str, to: Path) -> str:
    """Write the file that is offered of a product, and return the product's version.

    Parameters
    ----------
    address : as `listing` takes it.
    to : receives the file; what stands there is replaced.

    Raises
    ------
    DownloadError : as `listing` raises it, or the file has another size or MD5 than was offered.
    """
    offer = listing(client, address)
    client.download(offer.address, to, md5=offer.md5, size_bytes=offer.size_bytes)
    return offer.version


def _offer(version: str, file: Mapping[str, Any]) -> Offer:
    return Offer(
        version=version,
        address=str(file["url"]),
        file_name=str(file["fileName"]),
        size_bytes=int(file["size"]),
        md5=str(file["md5"]).lower(),
    )


def _only(offers: list[Offer], files: list[Mapping[str, Any]], address: str) -> Offer:
    if len(offers) == 1:
        return offers[0]
    found = ", ".join(f"{one.get('fileName')} ({one.get('format')})" for one in files[:8])
    raise DownloadError(
        f"expected one file of this area and format, found {len(offers)}; "
        f"the list holds {found or 'nothing'}",
        file=address,
        mend=_LOOK,
    )
