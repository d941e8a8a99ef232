"""Step 1: files of their publishers, to where a run reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from healthycities.catalogue import Offer
from healthycities.download import arcgis, nomis, object_store, os_downloads
from healthycities.download.client import Client
from healthycities.download.fetching import (
    FileRequest,
    Outcome,
    Standing,
    fetch_all,
    fetch_file,
    standing,
)
from healthycities.download.pins import Pins
from healthycities.download.progress import Told
from healthycities.download.store import Store
from healthycities.errors import ConfigError
from healthycities.settings import DownloadSettings, Settings
from healthycities.stages.wanted import Wanted, wanted_files

CACHE = "HEALTHYCITIES_CACHE"
"""Names the folder of what was fetched, where several projects share it."""

NOMIS_UID = "NOMIS_UID"
"""Names the key of a registered user of Nomis, who may ask for more at once."""


def store_of(data_dir: Path) -> Store:
    """Return the store that the environment names, or the project's own."""
    shared = os.environ.get(CACHE)
    return Store(Path(shared) if shared else data_dir / "cache")


def request_of(offer: Offer, *, largest_bytes: int) -> FileRequest:
    """Return what is asked for, and how.

    Its address says all of it, so that a file is fetched again when any of it changes, and so that
    people can open it.

    Parameters
    ----------
    offer : pinned under its name.
    largest_bytes : that it may have: downloaded, and unpacked.
    """
    address = _whole_address(offer)
    return FileRequest(
        name=offer.name,
        address=address,
        vintage=str(offer.vintage or ""),
        member=offer.member or None,
        fetch=_writer(offer, address, largest_bytes),
        largest_bytes=largest_bytes,
    )


def _whole_address(offer: Offer) -> str:
    """Return the address with the rows and columns that are wanted."""
    if offer.protocol == "arcgis":
        form = "csv" if offer.name.endswith(".csv") else "geojson"
        asked = {"where": offer.where or "1=1", "outFields": ",".join(offer.fields) or "*"}
        asked |= {"outSR": "27700", "f": form}
        return f"{offer.address}/query?{urlencode(asked, quote_via=quote)}"
    if offer.protocol == "nomis":
        return f"{offer.address}&select={','.join(offer.fields)}"
    return offer.address


def _writer(
    offer: Offer, address: str, largest_bytes: int
) -> Callable[[Client, Path], object] | None:
    """Return what writes the file with a client; None for one that is downloaded as it stands."""
    if offer.protocol == "arcgis":
        return lambda client, to: arcgis.fetch(client, address, to)
    if offer.protocol == "nomis":
        return lambda client, to: nomis.fetch(client, address, to, uid=os.environ.get(NOMIS_UID))
    if offer.protocol == "os_downloads":
        return lambda client, to: os_downloads.fetch(client, address, to)
    if not address.startswith("https://"):
        return lambda _client, to: object_store.fetch(address, to, largest_bytes=largest_bytes)
    return None


def standings(settings: Settings, wanted: Mapping[str, Wanted]) -> dict[str, Standing]:
    """Return where each file of a run is, by its name: asks nobody, and reads all that is here.

    Raises
    ------
    DownloadError : the pins are damaged, or of something else than is asked for.
    """
    store, pins = store_of(Path(settings.data_dir)), Pins(Path(settings.lock_file))
    largest_bytes = settings.downloads.largest_bytes
    return {
        name: standing(
            request_of(one.offer, largest_bytes=largest_bytes),
            Path(settings.fetched_dir) / name,
            store=store,
            pins=pins,
        )
        for name, one in wanted.items()
    }


def download(
    keys: Mapping[str, Any],
    downloads: Mapping[str, Any],
    lock_file: Path,
    out: Path,
) -> Outcome:
    """Bring one file to its place, as a job of the workflow does.

    Parameters
    ----------
    keys : what it is; see `Wanted.keys`.
    downloads : the section of the configuration.
    lock_file : the pins of the project; the store stands beside it, where the environment names
        no other.
    out : where the file is wanted.

    Raises
    ------
    DownloadError : it cannot be had, or is not the one that is pinned.
    """
    how = DownloadSettings.model_validate(dict(downloads))
    offer = Offer(**{**keys, "fields": tuple(keys["fields"]), "size_mb": 0.0})
    client = client_of(how)
    try:
        return fetch_file(
            request_of(offer, largest_bytes=how.largest_bytes),
            out,
            store=store_of(lock_file.parent),
            pins=Pins(lock_file),
            client=client,
            offline=how.offline,
        )
    finally:
        client.close()


def client_of(how: DownloadSettings, told: Told = lambda _have, _total: None) -> Client:
    """Return what asks the publishers, as the configuration says."""
    return Client(mirrors=how.mirrors, tries=how.attempts, told=told)


def fetch(
    settings: Settings, *, offline: bool = False, update: Sequence[str] | None = None
) -> list[str]:
    """Bring all files of a run to their places, and say how each came.

    Parameters
    ----------
    offline : ask no network, whatever the configuration says.
    update : files or sources to be asked for anew, whose pins may change; all of them where it is
        empty, and none where it is None.

    Returns
    -------
    A line for each file.

    Raises
    ------
    ConfigError : a name of ``update`` is of no file or source of the run; or the network is to be
        asked, and not to be asked.
    DownloadError : of the files that cannot be had.
    """
    how = settings.downloads
    wanted = wanted_files(settings)
    if update is not None and (offline or how.offline):
        raise ConfigError("what is asked for anew cannot be had offline", place="--update")
    renewed = set() if update is None else _named(update, wanted)
    requests = {
        name: request_of(one.offer, largest_bytes=how.largest_bytes) for name, one in wanted.items()
    }
    outcomes: dict[Path, Outcome] = {}
    for anew in (False, True):
        outcomes |= fetch_all(
            {
                Path(settings.fetched_dir) / name: request
                for name, request in requests.items()
                if (name in renewed) == anew
            },
            store=store_of(Path(settings.data_dir)),
            pins=Pins(Path(settings.lock_file)),
            new_client=partial(client_of, how),
            offline=offline or how.offline,
            update=anew,
            at_once=how.at_once,
        )
    return [_line(path.name, one) for path, one in sorted(outcomes.items())]


_HOW = {"present": "is there", "stored": "from the store", "fetched": "fetched"}


def _line(name: str, outcome: Outcome) -> str:
    size_mb = (outcome.pin.member or outcome.pin).size_bytes / 1e6
    told = f"{name}: {_HOW[outcome.how]}, {size_mb:,.1f} MB"
    return told if outcome.difference is None else f"{told}; {outcome.difference}"


def _named(update: Sequence[str], wanted: Mapping[str, Wanted]) -> set[str]:
    """Return the files that are meant by names of files or sources; by none, all."""
    meant: set[str] = set()
    for name in update:
        found = {file for file, one in wanted.items() if name in (file, *one.sources)}
        if not found:
            raise ConfigError(
                f"no file or source of the run is called {name!r}",
                place="--update",
                mend=f"Known are {', '.join([*wanted, *_sources(wanted.values())])}.",
            )
        meant |= found
    return meant or set(wanted)


def _sources(wanted: Collection[Wanted]) -> list[str]:
    return sorted({source for one in wanted for source in one.sources})


def plan(settings: Settings) -> list[str]:
    """Say what a run would fetch, with size, licence and address, asking nobody.

    Sizes are those of the pins where there are any, and otherwise about what the publisher gives.
    """
    wanted = wanted_files(settings)
    pinned, where = Pins(Path(settings.lock_file)).read(), standings(settings, wanted)
    lines, missing_mb = [], 0.0
    for name, one in wanted.items():
        exact = name in pinned
        size_mb = pinned[name].size_bytes / 1e6 if exact else one.offer.size_mb
        missing_mb += size_mb if where[name] == "missing" else 0.0
        lines += [
            f"{name}: {_WHERE[where[name]]}, {'' if exact else 'about '}{size_mb:,.1f} MB",
            f"    for {', '.join(one.sources)}; {one.licence}",
            f"    {_whole_address(one.offer)}",
        ]
    count = list(where.values()).count("missing")
    return [*lines, f"{count} of {len(wanted)} files to be fetched, about {missing_mb:,.0f} MB"]


_WHERE = {"present": "is there", "stored": "in the store", "missing": "to be fetched"}
