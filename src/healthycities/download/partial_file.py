"""What has come of a file so far, kept so that a later try goes on from there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from healthycities.io.atomic import write_json

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Marks:
    """By what a publisher's file is told from a later one under the same address.

    Parameters
    ----------
    address : that it is asked under, without secrets.
    etag, last_modified : as the publisher sent them.
    total_bytes : size of the whole file, where the publisher said it.
    """

    address: str
    etag: str | None = None
    last_modified: str | None = None
    total_bytes: int | None = None

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` may hold: a strong entity tag, or else the time of the last change."""
        strong = self.etag if self.etag and not self.etag.startswith("W/") else None
        return strong or self.last_modified

    def denies(self, other: Marks) -> bool:
        """Whether something differs that both of them say."""
        pairs = (
            (self.etag, other.etag),
            (self.last_modified, other.last_modified),
            (self.total_bytes, other.total_bytes),
        )
        return any(one != two for one, two in pairs if one is not None and two is not None)


@dataclass(frozen=True)
class PartialFile:
    """A file under way, and beside it the marks of what it is a part of."""

    file: Path

    @property
    def size_bytes(self) -> int:
        """How much has come."""
        return self.file.stat().st_size if self.file.exists() else 0

    @property
    def _marks_file(self) -> Path:
        return self.file.with_name(f"{self.file.name}.json")

    def marks(self, address: str) -> Marks | None:
        """Return the marks of what has come, when it can be gone on with under this address."""
        if not self.size_bytes or not self._marks_file.exists():
            return None
        try:
            found = Marks(**json.loads(self._marks_file.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            # Marks that cannot be read vouch for nothing: the file is begun again.
            return None
        return found if found.address == address and found.validator else None

    def begin(self, marks: Marks) -> None:
        """Start from nothing.

        What has come goes before the new marks stand: a break between the two leaves no old bytes
        under new marks.
        """
        self.drop()
        write_json(self._marks_file, asdict(marks))

    def drop(self) -> None:
        """Forget what has come."""
        self.file.unlink(missing_ok=True)
        self._marks_file.unlink(missing_ok=True)

    def become(self, path: Path) -> None:
        """Move the whole file to where it was wanted."""
        self.file.replace(path)
        self._marks_file.unlink(missing_ok=True)


def range_headers(marks: Marks | None, have_bytes: int) -> dict[str, str]:
    """Return the headers that ask for the rest of a file, if it is still the same."""
    if marks is None or marks.validator is None:
        return {}
    return {"Range": f"bytes={have_bytes}-", "If-Range": marks.validator}


def range_start(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return at which byte a partial answer starts and how large the whole is, where it says."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if not found:
        return None, None
    return int(found[1]), None if found[3] == "*" else int(found[3])
