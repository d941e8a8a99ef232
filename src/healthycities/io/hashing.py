"""What a file holds, in one number."""

from __future__ import annotations

import hashlib
from pathlib import Path

from healthycities.errors import SourceError

_READ_BYTES = 1 << 20


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    SourceError : the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}", file=path, mend="Fetch the file again."
        ) from error
    return digest.hexdigest()
