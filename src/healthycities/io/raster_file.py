"""A large raster that stays where it is, and a small file that says which one it is.

A raster of the country at 10 m has billions of cells. It is neither copied nor decoded before it
is used: what is handed on is its path, its hash and what the configuration says of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from healthycities.errors import SourceError
from healthycities.io.atomic import write_json
from healthycities.io.hashing import sha256

if TYPE_CHECKING:
    from healthycities.io.blocks import BlockRaster


class YearlyRaster(NamedTuple):
    """A raster that is read by its blocks, and the year that it is of; None where not known."""

    raster: BlockRaster
    year: int | None


@dataclass(frozen=True)
class RasterFile:
    """Which raster is meant, and what it held when it was checked.

    Parameters
    ----------
    path : where it stands, as the configuration says it.
    size_bytes, sha256 : of the file. The hash is what makes this description another one when the
        raster is replaced, so that whatever rests on it is computed anew.
    crs : its coordinate reference system, where the file does not say it.
    year : the year that its values are of, where it is known.
    """

    path: str
    size_bytes: int
    sha256: str
    crs: str | None
    year: int | None


def described(path: Path, *, crs: str | None, year: int | None) -> RasterFile:
    """Describe a raster as it stands: its bytes are read once, none of its cells is decoded.

    Raises
    ------
    SourceError : the file cannot be read.
    """
    content = sha256(path)
    return RasterFile(str(path), path.stat().st_size, content, crs, year)


def write_raster_file(path: Path, raster: RasterFile) -> None:
    """Write the description of a raster, as JSON."""
    write_json(path, asdict(raster))


def read_raster_file(path: Path) -> YearlyRaster:
    """Open the raster that a description is of.

    Its path becomes an absolute one, for the workers of a cluster may have other folders.

    Raises
    ------
    SourceError, CrsError : as `healthycities.io.blocks.block_raster` raises them; or the raster is
        not of the size that it had.
    """
    # Here, because every job imports this module and few read a raster: dask and the kernels'
    # compiler take longer to load than most jobs to run.
    from healthycities.io.blocks import block_raster

    said = RasterFile(**json.loads(path.read_text(encoding="utf-8")))
    place = Path(said.path).resolve()
    raster = block_raster(place, crs=said.crs)
    size_bytes = place.stat().st_size
    if size_bytes != said.size_bytes:
        raise SourceError(
            f"expected the {said.size_bytes:,} bytes that were checked, found {size_bytes:,}",
            file=place,
            mend="The raster was replaced during the run: start the run again.",
        )
    return YearlyRaster(raster, said.year)
