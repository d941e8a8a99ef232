from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.download.archives import members, unpack_member
from healthycities.errors import DownloadError

BODY = b"gridcode,x,y\n" * 1000
ENOUGH = 1 << 30


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip of members, pressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body, compress_type=zipfile.ZIP_DEFLATED)
    return file.getvalue()


def at(folder: Path, packed: bytes) -> Path:
    """Write a zip."""
    path = folder / "file.zip"
    path.write_bytes(packed)
    return path


PLAIN = zipped(("Data/a.csv", BODY), ("Data/", b""), ("read me.txt", b"x"))


def refused(folder: Path, packed: bytes, message: str, member: str = "Data/a.csv") -> None:
    """Hold that a zip is refused with a message, and that nothing is left where it was wanted."""
    archive, to = at(folder, packed), folder / "to" / "a.csv"
    to.parent.mkdir()
    to.write_bytes(b"before")
    with pytest.raises(DownloadError, match=message):
        unpack_member(archive, member, to, largest_bytes=ENOUGH)
    assert to.read_bytes() == b"before"
    assert [path.name for path in to.parent.iterdir()] == ["a.csv"]


def test_a_member_is_written_where_it_is_wanted(tmp_path: Path):
    """Its name within the zip plays no part in where it is written."""
    archive = at(tmp_path, PLAIN)
    unpack_member(archive, "Data/a.csv", tmp_path / "new" / "b.csv", largest_bytes=len(BODY))
    assert (tmp_path / "new" / "b.csv").read_bytes() == BODY
    assert not (tmp_path / "Data").exists()


def test_the_files_of_a_zip_are_told_with_their_sizes(tmp_path: Path):
    """In the order of the zip; folders are no files."""
    assert list(members(at(tmp_path, PLAIN)).items()) == [
        ("Data/a.csv", len(BODY)),
        ("read me.txt", 1),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "Data/../../evil",
        "/etc/evil",
        "..\\evil",
        "C:\\evil",
        "C:evil",
        "\\\\host\\x",
        "..",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str):
    """Whichever member is wanted, the whole zip is refused, and its files are not even told."""
    packed = zipped(("Data/a.csv", BODY), (name, b"x"))
    refused(tmp_path, packed, "holds a name that may lead out of its folder")
    with pytest.raises(DownloadError, match="lead out"):
        members(tmp_path / "file.zip")


@pytest.mark.parametrize("name", ["a..b", "...", "Data/..hidden", "Data/a:b"])
def test_a_name_that_only_looks_odd_is_let_through(tmp_path: Path, name: str):
    """Dots and colons within a name lead nowhere."""
    unpack_member(at(tmp_path, zipped((name, b"x"))), name, tmp_path / "x", largest_bytes=1)
    assert (tmp_path / "x").read_bytes() == b"x"


def test_a_link_is_refused(tmp_path: Path):
    """A link could make a later file land elsewhere."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(tmp_path, zipped(("Data/a.csv", BODY), (link, b"/etc/passwd")), "holds a link that")


def test_a_bomb_is_refused(tmp_path: Path):
    """Zeros pressed a thousand times smaller are no publisher's table."""
    refused(tmp_path, zipped(("Data/a.csv", bytes(1 << 25))), r"is pressed [\d,]+ times smaller")


def test_a_member_above_the_limit_is_refused(tmp_path: Path):
    """One byte more than allowed is too many."""
    with pytest.raises(DownloadError, match="has 13,000 bytes unpacked, and 12,999 are allowed"):
        unpack_member(
            at(tmp_path, PLAIN), "Data/a.csv", tmp_path / "x", largest_bytes=len(BODY) - 1
        )
    assert not (tmp_path / "x").exists()


def test_a_member_larger_than_it_says_is_refused(tmp_path: Path):
    """A zip that lies about the size is damaged: no more is unpacked than it says."""
    lying = zipped(("Data/a.csv", BODY)).replace(
        len(BODY).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    )
    assert members(at(tmp_path, lying)) == {"Data/a.csv": 1000}
    refused(tmp_path, lying, "is no whole zip: Bad CRC-32")


def test_an_encrypted_member_is_refused(tmp_path: Path):
    """The flag of encryption is honoured before anything is read."""
    packed = bytearray(zipped(("Data/a.csv", BODY)))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    packed[6] |= 1
    refused(tmp_path, bytes(packed), r"Data/a\.csv: is encrypted")


@pytest.mark.parametrize(
    "packed",
    [b"", b"<html>not a zip", PLAIN[:-30], PLAIN[: len(PLAIN) // 2]],
    ids=["empty", "page", "end lost", "half"],
)
def test_a_damaged_zip_is_refused(tmp_path: Path, packed: bytes):
    """What is no zip, or not a whole one, is told as that."""
    refused(tmp_path, packed, r"file\.zip: is no whole zip: ")


@given(st.integers(0, len(PLAIN) - 1), st.integers(1, 255))
def test_a_changed_byte_never_gives_a_wrong_file(place: int, change: int):
    """Whichever byte of a zip is changed, the member comes right or not at all."""
    packed = bytearray(PLAIN)
    packed[place] ^= change
    with TemporaryDirectory() as name:
        to = Path(name) / "x"
        try:
            unpack_member(at(Path(name), bytes(packed)), "Data/a.csv", to, largest_bytes=ENOUGH)
        except DownloadError:
            assert not to.exists()
        else:
            assert to.read_bytes() == BODY


def test_a_member_that_is_not_there_is_told_with_what_is(tmp_path: Path):
    """The nearest names come first."""
    packed = zipped(*((f"Data/{n}.csv", b"x") for n in "bcdefghijklm"), ("Data/a_v2.csv", b"x"))
    refused(
        tmp_path,
        packed,
        r"file\.zip: Data/a\.csv: holds no such file, but Data/\w\.csv, .* and 3 more\.",
    )


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path):
    """Which of the two is meant, nobody can say."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = zipped(("Data/a.csv", BODY), ("Data/a.csv", b"x"))
    refused(tmp_path, packed, "holds 2 files of this name")
