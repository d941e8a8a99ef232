"""Takes one file out of a zip that a stranger made."""

from __future__ import annotations

import difflib
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from healthycities.download.space import require_space, writing
from healthycities.errors import DownloadError
from healthycities.io.atomic import replacing

_BLOCK_BYTES = 1 << 20
_MOST_TIMES_SMALLER = 200
_SMALL_BYTES = 1 << 24
"""Below this a member may be pressed as small as it likes: it fills no disk."""

_MOST_NAMES = 10
_ENCRYPTED = 0x1 | 0x40
_FETCH_AGAIN = "Fetch the file again; if it stays so, tell its publisher."
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What Python raises from a zip whose bytes are not what they should be."""


def members(archive: Path) -> dict[str, int]:
    """Return the files that a zip holds, in its order, with their sizes unpacked, in bytes.

    Raises
    ------
    DownloadError : the zip is damaged, or something in it leads out of its folder.
    """
    with _opened(archive) as file:
        return {one.filename: one.file_size for one in file.infolist() if not one.is_dir()}


def unpack_member(archive: Path, member: str, to: Path, *, largest_bytes: int) -> None:
    """Write one member of a zip, whole or not at all.

    Parameters
    ----------
    archive : the zip.
    member : its path within the zip.
    to : the path that it is written to, whatever its name within the zip.
    largest_bytes : that may be written.

    Raises
    ------
    DownloadError : the zip is damaged or lacks the member; something in it leads out of its folder;
        the member is encrypted, larger than allowed, or pressed so small that it is a bomb; or the
        disk has no room.
    """
    with _opened(archive) as file:
        found = _the_member(archive, file, member)
        _require_harmless(archive, found, largest_bytes)
        require_space(to.parent, found.file_size)
        with writing(to), replacing(to) as temporary, temporary.open("wb") as out:
            for block in _unpacked(archive, file, found):
                out.write(block)


def _unpacked(archive: Path, file: zipfile.ZipFile, found: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member by blocks: no more than it is said to hold, with its check sum at the end."""
    with _reading(archive), file.open(found) as packed:
        have_bytes = 0
        while block := packed.read(_BLOCK_BYTES):
            have_bytes += len(block)
            yield block
        if have_bytes != found.file_size:
            raise zipfile.BadZipFile(f"{found.filename} ends early")


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    with _reading(archive):
        file = zipfile.ZipFile(archive)
    with file:
        for one in file.infolist():
            _require_inside(archive, one)
        yield file


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise DownloadError(
            f"is no whole zip: {error or type(error).__name__}".rstrip("."),
            file=archive,
            mend=_FETCH_AGAIN,
        ) from error


def _require_inside(archive: Path, one: zipfile.ZipInfo) -> None:
    """Refuse a zip with a name or a link that leads elsewhere: its maker meant harm.

    The name is read as it stands in the zip, and as Windows would read it too.
    """
    name = one.orig_filename
    parts = re.split(r"[/\\]", name)
    outside = parts[0] == "" or ".." in parts or ":" in parts[0] or "\0" in name
    if outside or stat.S_ISLNK(one.external_attr >> 16):
        kind = "a name" if outside else "a link"
        raise DownloadError(
            f"holds {kind} that may lead out of its folder: {name!r}",
            file=archive,
            mend="Do not unpack it, and tell its publisher.",
        )


def _the_member(archive: Path, file: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    held = [one for one in file.infolist() if not one.is_dir()]
    found = [one for one in held if one.filename == member]
    if len(found) == 1:
        return found[0]
    names = sorted({one.filename for one in held})
    told = difflib.get_close_matches(member, names, n=_MOST_NAMES, cutoff=0.0)
    more = f" and {len(names) - len(told)} more" if len(names) > len(told) else ""
    problem = f"holds {len(found)} files of this name" if found else "holds no such file"
    raise DownloadError(
        f"{problem}, but {', '.join(told) or 'none'}{more}",
        file=archive,
        place=member,
        mend="The publisher may have renamed it: name the one that is meant.",
    )


def _require_harmless(archive: Path, found: zipfile.ZipInfo, largest_bytes: int) -> None:
    size_bytes, packed_bytes = found.file_size, max(1, found.compress_size)
    times_smaller = size_bytes / packed_bytes
    if found.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    elif size_bytes > largest_bytes:
        problem = f"has {size_bytes:,} bytes unpacked, and {largest_bytes:,} are allowed"
    elif size_bytes > _SMALL_BYTES and times_smaller > _MOST_TIMES_SMALLER:
        problem = f"is pressed {times_smaller:,.0f} times smaller, as no true file is"
    else:
        return
    raise DownloadError(problem, file=archive, place=found.filename, mend=_FETCH_AGAIN)
