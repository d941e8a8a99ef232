"""Whether a machine can do a run: its libraries, disk and network, the publishers, the pins."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pyogrio
import pyproj
import shapely

from healthycities import catalogue
from healthycities.catalogue import Offer
from healthycities.download import arcgis, os_downloads
from healthycities.download.client import Client
from healthycities.download.pins import Pin, Pins
from healthycities.errors import HealthycitiesError
from healthycities.libraries import installed_version, package_versions
from healthycities.settings import DownloadSettings, Settings
from healthycities.stages.fetch import NOMIS_UID, client_of, standings, store_of
from healthycities.stages.wanted import Wanted, wanted_files

Verdict = Literal["ok", "note", "FAILS"]

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROBES_AT_ONCE = 8
_TO_SPARE = 3.0
"""Disk for each byte that is fetched: the file, what is unpacked of it, and what a run makes."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    part : what it is of: installation, machine, network, publishers or pins.
    verdict : ``note`` is for people to know, and stops nothing.
    """

    part: str
    verdict: Verdict
    told: str


def doctor(settings: Settings, *, today: date | None = None) -> list[Finding]:
    """Look at all that a run rests on, and change nothing.

    Parameters
    ----------
    today : the day by which what was fetched is old.
    """
    wanted = wanted_files(settings)
    # Told once: it reads every file that is here.
    missing = [name for name, where in standings(settings, wanted).items() if where == "missing"]
    return [
        *_installation(),
        *_machine(settings, sum(wanted[name].offer.size_mb for name in missing)),
        *_network(settings.downloads),
        *_publishers(settings.downloads, wanted),
        *_pins(settings, wanted, len(wanted) - len(missing), today or datetime.now(tz=UTC).date()),
    ]


def page(findings: Sequence[Finding]) -> list[str]:
    """Return findings as they are read, each part under its name."""
    lines = []
    for part in dict.fromkeys(one.part for one in findings):
        lines.append(part)
        lines += [f"  {one.verdict:5} {one.told}" for one in findings if one.part == part]
    return lines


def require_well(findings: Sequence[Finding]) -> None:
    """Refuse a machine of which something would stop the run.

    Raises
    ------
    HealthycitiesError : with how many things would.
    """
    failing = [one for one in findings if one.verdict == "FAILS"]
    if failing:
        raise HealthycitiesError(
            f"{len(failing)} of {len(findings)} things that were looked at would stop the run",
            mend="Mend what is marked FAILS above.",
        )


# --- Installation and machine ---


def _installation() -> Iterator[Finding]:
    found = partial(Finding, "installation")
    python = platform.python_version()
    yield found("ok", f"healthycities {installed_version('healthycities')}, Python {python}")
    try:
        yield found("ok", f"{len(package_versions())} packages that it needs are installed")
    except HealthycitiesError as error:
        yield found("FAILS", str(error))
    yield found(
        "ok",
        f"GDAL {pyogrio.__gdal_version_string__}, GEOS {shapely.geos_version_string},"
        f" PROJ {pyproj.proj_version_str}",
    )


def _machine(settings: Settings, missing_mb: float) -> Iterator[Finding]:
    found = partial(Finding, "machine")
    yield found("ok", f"{os.cpu_count()} cores, {_memory_gb():.1f} GB of memory")
    store = store_of(Path(settings.data_dir)).folder
    for what, folder in (
        ("data_dir", Path(settings.data_dir)),
        ("results_dir", Path(settings.results_dir)),
        ("what is fetched", store),
    ):
        yield _disk(what, folder, missing_mb * _TO_SPARE / 1000)


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _disk(what: str, folder: Path, needed_gb: float) -> Finding:
    """Tell of a folder that may not have been made yet: then of the one that it will be made in."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    free_gb = shutil.disk_usage(there).free / 1e9
    told = f"{what} ({folder}): {free_gb:,.1f} GB free"
    if not os.access(there, os.W_OK):
        return Finding("machine", "FAILS", f"{told}, but {there} may not be written to")
    if free_gb < needed_gb:
        return Finding("machine", "FAILS", f"{told}; about {needed_gb:,.1f} GB are needed")
    return Finding("machine", "ok", told)


# --- Network and publishers ---


def _network(how: DownloadSettings) -> Iterator[Finding]:
    found = partial(Finding, "network")
    yield found("note" if how.offline else "ok", f"downloads.offline is {str(how.offline).lower()}")
    proxies = [name for name in _PROXIES if os.environ.get(name)]
    if proxies:
        yield found("ok", f"asked through the proxy that {proxies[0]} names")
    authorities = [name for name in _AUTHORITIES if os.environ.get(name)]
    if authorities:
        there = Path(os.environ[authorities[0]]).exists()
        told = f"certificates of {authorities[0]}" + ("" if there else ", whose file is not there")
        yield found("ok" if there else "FAILS", told)
    for address, mirror in how.mirrors.items():
        yield found("note", f"{address} is asked at {mirror}")
    uid = "named" if os.environ.get(NOMIS_UID) else "not named, so pages of Nomis are smaller"
    yield found("ok", f"{NOMIS_UID} is {uid}")


def _publishers(how: DownloadSettings, wanted: dict[str, Wanted]) -> list[Finding]:
    """Ask each publisher, once for each thing that it offers, whether it is still there."""
    if how.offline or not wanted:
        told = "none is asked offline" if wanted else "this configuration fetches nothing"
        return [Finding("publishers", "note", told)]
    offers = {_asked_at(one.offer): one.offer for one in wanted.values()}
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        probed = list(pool.map(partial(_probed, how), offers.values()))
    # What to do is said once, however many files lack the same.
    mends = dict.fromkeys(mend for _, mend in probed if mend)
    return [*(found for found, _ in probed), *(Finding("publishers", "note", m) for m in mends)]


def _asked_at(offer: Offer) -> str:
    """Return what tells one thing of a publisher from another; the years of one are asked once."""
    path = "".join(sign for sign in offer.address if not sign.isdigit())
    return path if offer.protocol in ("file", "nomis") else offer.address


def _probed(how: DownloadSettings, offer: Offer) -> tuple[Finding, str | None]:
    """Return what a publisher answered, and what to do where that would stop the run."""
    host = urlsplit(offer.address).hostname
    try:
        with closing(client_of(how.model_copy(update={"attempts": 1}))) as client:
            told = _said(client, offer)
    except HealthycitiesError as error:
        failed = Finding("publishers", "FAILS", f"{offer.name}: {host}, {error.problem}")
        return failed, error.mend
    return Finding("publishers", "ok", f"{offer.name}: {host}, {told}"), None


def _said(client: Client, offer: Offer) -> str:
    """Ask for as little of a file as tells that it is there, and say what came."""
    if offer.protocol == "arcgis":
        layer = arcgis.describe(client, offer.address)
        return f"layer {layer.name}" + (f", edited {_day(layer.edited)}" if layer.edited else "")
    if offer.protocol == "os_downloads":
        listed = os_downloads.listing(client, offer.address)
        return f"version {listed.version}, {listed.size_bytes / 1e6:,.0f} MB"
    if offer.protocol == "nomis":
        client.size_bytes(_one_row(offer.address))
        return "answers"
    size_bytes = client.size_bytes(offer.address)
    return "is there" if size_bytes is None else f"{size_bytes / 1e6:,.1f} MB"


def _one_row(address: str) -> str:
    """Return a query for one row of a table of Nomis, of whatever cause."""
    base, _, query = address.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith("cause_of_death=")]
    cause = ["cause_of_death=0"] if len(kept) < len(query.split("&")) else []
    return f"{base}?{'&'.join([*kept, *cause, 'RecordLimit=1', 'select=OBS_VALUE,RECORD_COUNT'])}"


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).date().isoformat()


# --- Pins ---


def _pins(
    settings: Settings, wanted: dict[str, Wanted], there: int, today: date
) -> Iterator[Finding]:
    found = partial(Finding, "pins")
    if not wanted:
        return
    pinned = Pins(Path(settings.lock_file)).read()
    yield found(
        "ok" if there == len(wanted) else "note",
        f"{settings.lock_file}: {sum(name in pinned for name in wanted)} of {len(wanted)} files"
        f" pinned, {there} of them here; healthycities fetch brings the rest",
    )
    for name, one in wanted.items():
        if name in pinned:
            yield from _old(name, one, pinned[name], today)


def _old(name: str, wanted: Wanted, pin: Pin, today: date) -> Iterator[Finding]:
    """Tell of a file of which its publisher may have brought out another since."""
    card = catalogue.sources()[wanted.sources[0]]
    days = (today - pin.fetched_on).days
    if card.fresh_days and days > card.fresh_days:
        yield Finding(
            "pins",
            "note",
            f"{name} was fetched {days} days ago, and is renewed {card.renewed};"
            f" healthycities fetch --update {name} asks for it anew",
        )
