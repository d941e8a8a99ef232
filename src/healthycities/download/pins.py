"""Which files a project rests on, in a file that is committed: the same ones, years later."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from healthycities.download.addresses import without_secrets
from healthycities.download.store import Sha256
from healthycities.errors import DownloadError
from healthycities.io.atomic import write_json

_MEND = "Restore the file from version control, or delete that entry to pin its source anew."


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PinnedMember(_Entry):
    """A file within an archive that is pinned.

    Parameters
    ----------
    name : its path within the archive.
    sha256, size_bytes : of the file when it is unpacked.
    """

    name: str = Field(min_length=1)
    sha256: Sha256
    size_bytes: int = Field(ge=0)

    def told(self) -> str:
        """Return what the file is, in words."""
        return f"{self.name} of {self.size_bytes:,} bytes, SHA-256 {self.sha256[:12]}…"


class Pin(_Entry):
    """One file of a publisher, as it was when it was first fetched.

    Parameters
    ----------
    address : the publisher's own, without secrets.
    sha256, size_bytes : of the file as the publisher gives it: of the whole archive where a member
        of it is used.
    fetched_on : the day on which it was fetched.
    vintage : which edition it is, in the words of its source.
    member : what of the archive is used, where it is one.
    """

    address: Annotated[str, Field(pattern=r"^(https|s3|gs)://")]
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    fetched_on: date
    vintage: str
    member: PinnedMember | None = None

    def told(self) -> str:
        """Return what the file is, in words."""
        return f"{self.size_bytes:,} bytes, SHA-256 {self.sha256[:12]}…, of {self.fetched_on}"

    def same_file(self, other: Pin) -> bool:
        """Whether two pins are of one file, on whatever days it was fetched."""
        return self.model_copy(update={"fetched_on": other.fetched_on}) == other


_PINS = TypeAdapter(dict[str, Pin])


@dataclass(frozen=True)
class Pins:
    """The pins of a project.

    Parameters
    ----------
    file : ``data/sources.lock.json``; a file that is not there holds no pins.
    """

    file: Path

    def read(self) -> dict[str, Pin]:
        """Return every pin by the name of its file.

        Raises
        ------
        DownloadError : the file is damaged, or an entry is not what a pin is.
        """
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"cannot be read: {error}") from error
        return self._checked(text)

    def find(self, name: str, *, address: str, vintage: str, member: str | None) -> Pin | None:
        """Return the pin of a file, or None.

        Parameters
        ----------
        name : that the file is pinned under.
        address, vintage, member : what is asked for now; secrets make no difference.

        Raises
        ------
        DownloadError : the pin is of another address, vintage or member; or as `read` raises it.
        """
        pin = self.read().get(name)
        if pin is None:
            return None
        pairs = {
            "address": (pin.address, without_secrets(address)),
            "vintage": (pin.vintage, vintage),
            "member": (pin.member.name if pin.member else None, member),
        }
        for what, (pinned, asked) in pairs.items():
            if pinned != asked:
                raise DownloadError(
                    f"the {what} pinned is {pinned or 'none'}, and {asked or 'none'} is asked for",
                    file=self.file,
                    place=name,
                    mend="Keep to the one pinned in your configuration, or take the other with "
                    "`healthycities fetch --update`.",
                )
        return pin

    def record(self, name: str, pin: Pin) -> Pin:
        """Pin a file, and return the pin that stands: of the same file, the one of before.

        Others may do so at the same time, and none of their pins is lost.

        Raises
        ------
        DownloadError : as `read` raises it.
        """
        with self._alone():
            pins = self.read()
            before = pins.get(name)
            if before is not None and before.same_file(pin):
                return before
            write_json(self.file, _json({**pins, name: pin}))
        return pin

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.file.with_name(f".{self.file.name}.lock")):
            yield

    def _checked(self, text: str) -> dict[str, Pin]:
        try:
            json.loads(text, object_pairs_hook=_without_repeats)
            return _PINS.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            name, place = first["loc"][:1], ".".join(map(str, first["loc"][1:]))
            problem = f"{place}: {_lower(first['msg'])}" if place else _lower(first["msg"])
            raise self._damaged(problem, *map(str, name)) from error
        except (json.JSONDecodeError, RecursionError) as error:
            raise self._damaged(f"is not JSON: {error}") from error
        except _RepeatedError as error:
            raise self._damaged("stands there twice", str(error)) from error

    def _damaged(self, problem: str, name: str | None = None) -> DownloadError:
        return DownloadError(problem, file=self.file, place=name, mend=_MEND)


class _RepeatedError(Exception):
    """A key stands twice in one object, as after a merge by hand."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedError(key)
        found[key] = value
    return found


def _json(pins: Mapping[str, Pin]) -> dict[str, Any]:
    return {name: pin.model_dump(mode="json", exclude_none=True) for name, pin in pins.items()}


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
