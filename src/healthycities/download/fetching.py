"""The one way by which a publisher's file comes to where a run reads it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from rich.console import Console

from healthycities.download.addresses import without_secrets
from healthycities.download.archives import unpack_member
from healthycities.download.client import LARGEST_FILE_BYTES, Client
from healthycities.download.pins import Pin, PinnedMember, Pins
from healthycities.download.progress import Told, followed
from healthycities.download.space import writing
from healthycities.download.store import Kept, Store
from healthycities.download.threads import as_they_end
from healthycities.errors import DownloadError, HealthycitiesError
from healthycities.io.atomic import replacing
from healthycities.io.hashing import sha256

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileRequest:
    """One file that a project wants of a publisher.

    Parameters
    ----------
    name : that it is pinned under, such as ``pm25/2022``.
    address : that says all of what is asked for: two requests of one address are one download.
        It is pinned and told without its secrets.
    vintage : which edition it is.
    member : the file of a zip that is meant, where the publisher gives a zip.
    fetch : writes the whole file, or the whole zip, at a path, with a client; left out, the
        address is downloaded as it stands.
    largest_bytes : that the file may have: downloaded, and unpacked.
    """

    name: str
    address: str
    vintage: str
    member: str | None = None
    fetch: Callable[[Client, Path], object] | None = None
    largest_bytes: int = LARGEST_FILE_BYTES

    def write(self, client: Client, to: Path) -> None:
        """Write the whole file as its publisher gives it.

        Raises
        ------
        DownloadError : it cannot be had.
        """
        if self.fetch is None:
            client.download(self.address, to, largest_bytes=self.largest_bytes)
        else:
            self.fetch(client, to)


Standing = Literal["present", "stored", "missing"]
"""Where a file is: at its place, in the store, or only with its publisher."""


@dataclass(frozen=True)
class Outcome:
    """How a file came to its place.

    Parameters
    ----------
    how : it was there already, was in the store, or was fetched from its publisher.
    pin : that stands for it now.
    before : the pin that stood before, where an update replaced it by another file.
    """

    how: Literal["present", "stored", "fetched"]
    pin: Pin
    before: Pin | None = None

    @property
    def difference(self) -> str | None:
        """What an update changed, in words."""
        return None if self.before is None else f"was {self.before.told()}; is {self.pin.told()}"


def standing(request: FileRequest, target: Path, *, store: Store, pins: Pins) -> Standing:
    """Return where the pinned file is, without asking its publisher.

    Raises
    ------
    DownloadError : as `Pins.find` raises it.
    """
    pin = _pinned(request, pins)
    if pin is None:
        return "missing"
    if _is_at(target, pin):
        return "present"
    return "stored" if store.find(pin.sha256) else "missing"


def fetch_file(
    request: FileRequest,
    target: Path,
    *,
    store: Store,
    pins: Pins,
    client: Client,
    offline: bool = False,
    update: bool = False,
    today: Callable[[], date] = date.today,
) -> Outcome:
    """Bring one file to its place, from as near as it can be had, and pin it.

    Parameters
    ----------
    request : what is wanted.
    target : where it is wanted.
    store, pins : of the machine, and of the project.
    client : asks the publisher, where need be.
    offline : never ask.
    update : ask again, and take what comes in place of what is pinned.
    today : the day to write down.

    Raises
    ------
    DownloadError : it cannot be had, or is not the one that is pinned: then nothing changes at the
        target nor in the pins.
    """
    if offline and update:
        raise DownloadError(
            "an update asks the publisher, and offline nobody is asked",
            place=request.name,
            mend="Leave out --offline or --update.",
        )
    pin = None if update else _pinned(request, pins)
    if pin is not None and _is_at(target, pin):
        return Outcome("present", pin)
    with writing(target), store.asking(request.address):
        kept = None if update else _at_hand(request, pin, store, today(), offline=offline)
        how: Literal["stored", "fetched"] = "stored" if kept else "fetched"
        if kept is None and offline:
            raise _missing(request, target, pin)
        if kept is None:
            kept = _fetched(request, target, store, client, today())
        before = pins.read().get(request.name)
        if before is not None and _is_of(request, kept, before) and _is_at(target, before):
            # It stays as it is, with its date: what was made of it is not made again.
            return Outcome(how, before)
        now = _settled(request, target, store, pins, kept, None if update else before)
    return Outcome(how, now, before if before and not before.same_file(now) else None)


def fetch_all(
    wanted: Mapping[Path, FileRequest],
    *,
    store: Store,
    pins: Pins,
    new_client: Callable[[Told], Client],
    offline: bool = False,
    update: bool = False,
    at_once: int = 4,
    console: Console | None = None,
) -> dict[Path, Outcome]:
    """Bring several files to their places, some at once, each as `fetch_file` does.

    Where one cannot be had, the others are still brought.

    Parameters
    ----------
    wanted : what is wanted at which target.
    store, pins : of the machine, and of the project.
    new_client : makes the client of one file, which tells what it is given how far it is.
    offline, update : as for `fetch_file`.
    at_once : how many are fetched at the same time.
    console : shows how far they are; left out, what standard error leads to.

    Returns
    -------
    How each target came, in the order of ``wanted``.

    Raises
    ------
    DownloadError : of those that cannot be had, all in one.
    """
    stopping = threading.Event()

    def fetch(item: tuple[Path, FileRequest]) -> Outcome:
        target, request = item
        with follow(request.name) as told, closing(new_client(_until(stopping, told))) as client:
            return fetch_file(
                request,
                target,
                store=store,
                pins=pins,
                client=client,
                offline=offline,
                update=update,
            )

    results = {}
    with followed(console or Console(stderr=True)) as follow, _set_at_end(stopping):
        for (target, request), result in as_they_end(fetch, wanted.items(), at_once=at_once):
            results[target] = result
            _tell(request, result)
    return _all_or_raised({target: results[target] for target in wanted})


def _until(stopping: threading.Event, told: Told) -> Told:
    """Tell how far a download is, until all are to stop: then it ends there."""

    def tell(have_bytes: int, total_bytes: int | None) -> None:
        if stopping.is_set():
            raise DownloadError("was stopped")
        told(have_bytes, total_bytes)

    return tell


@contextmanager
def _set_at_end(stopping: threading.Event) -> Iterator[None]:
    try:
        yield
    finally:
        stopping.set()


def _tell(request: FileRequest, result: Outcome | HealthycitiesError) -> None:
    if isinstance(result, HealthycitiesError):
        _log.error("%s: %s", request.name, result)
    elif result.how != "present":
        changed = f": {result.difference}" if result.difference else f", {result.pin.told()}"
        _log.info("%s: %s%s", request.name, result.how, changed)


def _all_or_raised(results: Mapping[Path, Outcome | HealthycitiesError]) -> dict[Path, Outcome]:
    failures = [one for one in results.values() if isinstance(one, HealthycitiesError)]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise DownloadError(
            f"{len(failures)} of {len(results)} files cannot be had:\n  "
            + "\n  ".join(map(str, failures)),
            mend=None if len(failures) == len(results) else "The others are in place.",
        )
    return {target: one for target, one in results.items() if isinstance(one, Outcome)}


def _pinned(request: FileRequest, pins: Pins) -> Pin | None:
    return pins.find(
        request.name, address=request.address, vintage=request.vintage, member=request.member
    )


def _is_of(request: FileRequest, kept: Kept, pin: Pin) -> bool:
    """Whether a pin stands for what was asked for and came."""
    asked = (without_secrets(request.address), request.vintage, request.member)
    pinned = (pin.address, pin.vintage, pin.member.name if pin.member else None)
    return asked == pinned and kept.sha256 == pin.sha256


def _is_at(target: Path, pin: Pin) -> bool:
    wanted = pin.member or pin
    return (
        target.is_file()
        and target.stat().st_size == wanted.size_bytes
        and sha256(target) == wanted.sha256
    )


def _at_hand(
    request: FileRequest, pin: Pin | None, store: Store, today: date, *, offline: bool
) -> Kept | None:
    """Return the file of the store that serves, or None.

    Where nothing is pinned, that is what the address gave to another project: of today, so that two
    do not fetch it twice; or of any day, when its publisher may not be asked.
    """
    if pin is not None and store.find(pin.sha256):
        return Kept(sha256=pin.sha256, size_bytes=pin.size_bytes, fetched_on=pin.fetched_on)
    kept = store.given_by(request.address)
    usable = kept is not None and (kept.fetched_on == today or (offline and pin is None))
    return kept if usable else None


def _fetched(request: FileRequest, target: Path, store: Store, client: Client, today: date) -> Kept:
    to = store.partial(request.address, ".zip" if request.member else target.suffix)
    # What a killed process left under this name may be half a file: only `<to>.part` is gone on
    # with.
    to.unlink(missing_ok=True)
    request.write(client, to)
    return store.keep(to, request.address, today)


def _settled(
    request: FileRequest, target: Path, store: Store, pins: Pins, kept: Kept, agreed: Pin | None
) -> Pin:
    """Pin a stored file and place it; one that is not as agreed changes nothing."""
    pin = Pin(
        address=without_secrets(request.address), vintage=request.vintage, **kept.model_dump()
    )
    if agreed is not None and agreed.sha256 != pin.sha256:
        raise _changed(request, agreed, pin)
    if request.member is not None:
        return _unpacked(request, request.member, target, store, pins, pin, agreed)
    # Pinned first: a process that is killed between the two finds the file in the store.
    pin = pins.record(request.name, pin)
    if not store.place(pin.sha256, target):
        raise _lost(request)
    return pin


def _unpacked(
    request: FileRequest,
    member: str,
    target: Path,
    store: Store,
    pins: Pins,
    pin: Pin,
    agreed: Pin | None,
) -> Pin:
    archive = store.find(pin.sha256)
    if archive is None:
        raise _lost(request)
    with replacing(target) as temporary:
        unpack_member(archive, member, temporary, largest_bytes=request.largest_bytes)
        found = PinnedMember(
            name=member, sha256=sha256(temporary), size_bytes=temporary.stat().st_size
        )
        if agreed is not None and agreed.member is not None and agreed.member != found:
            raise DownloadError(
                f"pinned is {agreed.member.told()}; found is {found.told()}, in the same archive",
                file=pins.file,
                place=request.name,
                mend="Restore the file of pins from version control: that entry was altered.",
            )
        return pins.record(request.name, pin.model_copy(update={"member": found}))


def _missing(request: FileRequest, target: Path, pin: Pin | None) -> DownloadError:
    wanted = f"the file pinned ({pin.told()})" if pin else "no file is pinned, and it"
    return DownloadError(
        f"{wanted} is neither at {target} nor in the store, and nothing may be asked offline",
        file=without_secrets(request.address),
        place=request.name,
        mend="Run `healthycities fetch` where there is a network.",
    )


def _changed(request: FileRequest, agreed: Pin, found: Pin) -> DownloadError:
    return DownloadError(
        f"the publisher's file has changed: pinned are {agreed.told()}; found are {found.told()}",
        file=without_secrets(request.address),
        place=request.name,
        mend="Find out why. To take the new file: `healthycities fetch --update`, and commit the "
        "pins; results then change with it.",
    )


def _lost(request: FileRequest) -> DownloadError:
    return DownloadError(
        "its file was altered or removed in the store while it was placed",
        file=without_secrets(request.address),
        place=request.name,
        mend="Fetch again.",
    )
