"""Room on the disk: asked for before it is needed, and missed plainly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from healthycities.errors import DownloadError


def require_space(folder: Path, size_bytes: int) -> None:
    """Refuse to begin what the disk has no room for.

    Parameters
    ----------
    folder : that will hold it; made where it is not there.
    size_bytes : how much is still to be written.

    Raises
    ------
    DownloadError : fewer bytes are free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(folder).free
    if size_bytes > free_bytes:
        raise DownloadError(
            f"the disk has {free_bytes:,} bytes free, and {size_bytes:,} are needed",
            file=folder,
            mend="Make room, or name a folder on another disk in HEALTHYCITIES_CACHE.",
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say plainly why the system does not let a file be written.

    Raises
    ------
    DownloadError : the disk is full, or the folder may not be written to.
    """
    try:
        yield
    except OSError as error:
        raise DownloadError(
            f"cannot be written: {error.strerror or error}",
            file=error.filename or path,
            mend="Make room and see to its rights, or name another folder in HEALTHYCITIES_CACHE.",
        ) from error
