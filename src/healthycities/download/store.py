"""Files that have come, by what they hold: shared by projects and by processes.

::

    files/3f/3fa9…      a file whose SHA-256 is its name; read-only
    partial/8c01….csv   what is under way, by a digest of its address
    answers/8c01….json  which file an address gave, and when
    locks/8c01….lock    held by the one who asks that address

A file is given its name after it was hashed, by a move within one disk, so a process that is killed
leaves no wrong file under a right name. What was altered later is found when it is used.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthycities.download.addresses import without_secrets
from healthycities.download.space import require_space
from healthycities.io.atomic import replacing, write_json
from healthycities.io.hashing import sha256 as sha256_of

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Kept(BaseModel):
    """A file of the store, and the day on which its publisher gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    size_bytes: int = Field(ge=0)
    fetched_on: date


class _ChangedError(Exception):
    """A stored file is no longer what its name says."""


@dataclass(frozen=True)
class Store:
    """A folder of files by their SHA-256, made when first used.

    Parameters
    ----------
    folder : on a disk with room for every file that is fetched.
    """

    folder: Path

    @contextmanager
    def asking(self, address: str) -> Iterator[None]:
        """Let one at a time ask an address, on this machine: the others wait, and find its file."""
        path = self.folder / "locks" / f"{_digest(address)}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path):
            yield

    def partial(self, address: str, suffix: str) -> Path:
        """Return where the file of an address is written until it is whole.

        Parameters
        ----------
        address : secrets in it make no difference.
        suffix : that a writer may choose the format by, such as ``.csv``.
        """
        path = self.folder / "partial" / f"{_digest(address)}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, whole: Path, address: str, fetched_on: date) -> Kept:
        """Move a whole file into the store, and remember which address gave it.

        Parameters
        ----------
        whole : a path that `partial` gave.
        fetched_on : the day on which it came.
        """
        kept = Kept(sha256=sha256_of(whole), size_bytes=whole.stat().st_size, fetched_on=fetched_on)
        path = self._path(kept.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.chmod(0o444)
        if self.find(kept.sha256) is None:
            whole.replace(path)
        else:
            whole.unlink()
        write_json(self._answer(address), kept.model_dump(mode="json"))
        return kept

    def given_by(self, address: str) -> Kept | None:
        """Return what an address gave when it was last asked, if that is still here."""
        try:
            kept = Kept.model_validate_json(self._answer(address).read_bytes())
        except (FileNotFoundError, ValidationError):
            # A note that is lost or damaged tells nothing: the address is asked again.
            return None
        return kept if self.find(kept.sha256) else None

    def find(self, sha256: str) -> Path | None:
        """Return the stored file of a SHA-256, or None; one that was altered is removed.

        Do not write to it, nor move it.
        """
        path = self._path(sha256)
        if not path.is_file():
            return None
        if sha256_of(path) == sha256:
            return path
        _remove(path)
        return None

    def place(self, sha256: str, path: Path) -> bool:
        """Put a copy of a stored file where it is wanted, whole or not at all.

        A copy and no link: QGIS writes to a GeoPackage that it opens, and through a link it would
        write to the store of every project.

        Returns
        -------
        Whether it was there; one that was altered is removed, and counts as not there.
        """
        stored = self._path(sha256)
        if not stored.is_file():
            return False
        require_space(path.parent, stored.stat().st_size)
        try:
            with replacing(path) as temporary:
                shutil.copyfile(stored, temporary)
                # The copy is hashed, not what it was made of: it is what the run will read.
                if sha256_of(temporary) != sha256:
                    raise _ChangedError
        except _ChangedError:
            _remove(stored)
            return False
        return True

    def _path(self, sha256: str) -> Path:
        return self.folder / "files" / sha256[:2] / sha256

    def _answer(self, address: str) -> Path:
        return self.folder / "answers" / f"{_digest(address)}.json"


def _digest(address: str) -> str:
    return hashlib.sha256(without_secrets(address).encode()).hexdigest()


def _remove(stored: Path) -> None:
    stored.chmod(0o644)
    stored.unlink()
