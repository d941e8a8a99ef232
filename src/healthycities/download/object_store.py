"""Files of object stores, such as s3://bucket/deaths.csv, through fsspec."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import fsspec

from healthycities.errors import DownloadError

PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}
"""What has to be installed beside the project for each beginning of an address."""

_BLOCK_BYTES = 1 << 20


def fetch(address: str, to: Path, *, largest_bytes: int) -> None:
    """Write a file of an object store; who may read it is told by the environment, as its tools do.

    Parameters
    ----------
    address : begins with ``s3://`` or ``gs://``.
    to : receives the file; what stands there is overwritten.
    largest_bytes : that may come.

    Raises
    ------
    DownloadError : the package for such addresses is not installed; the file is not there, is
        larger, or cannot be read.
    """
    scheme = urlsplit(address).scheme
    try:
        with fsspec.open(address, "rb") as source, to.open("wb") as file:
            while block := source.read(_BLOCK_BYTES):
                file.write(block)
                if file.tell() > largest_bytes:
                    raise _too_large(address, largest_bytes)
    except ImportError as error:
        package = PACKAGES.get(scheme, "a package of fsspec")
        raise DownloadError(
            f"{scheme}:// needs {package}, which is not installed",
            file=address,
            mend=f"Install it: .venv/bin/python -m pip install {package}; or download the file and"
            " give its path.",
        ) from error
    except FileNotFoundError as error:
        raise DownloadError(
            "there is no such file", file=address, mend="Correct the path of the source."
        ) from error
    except OSError as error:
        raise DownloadError(
            f"cannot be read: {error}",
            file=address,
            mend="Check that the store answers and that you may read it, as with its own tools.",
        ) from error


def _too_large(address: str, largest_bytes: int) -> DownloadError:
    return DownloadError(
        f"is larger than {largest_bytes / 1e9:g} GB",
        file=address,
        mend="Raise downloads.largest_gb, if the file is meant to be so large.",
    )
