"""What a run was made from: inputs, configuration, code and libraries, with no date of its own."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pyproj
import shapely

from healthycities import catalogue
from healthycities.download.addresses import without_secrets
from healthycities.io.hashing import sha256
from healthycities.libraries import installed_version, package_versions
from healthycities.publish.border_faults import summary
from healthycities.publish.guide import Credit, is_places
from healthycities.settings import Settings


def provenance(
    settings: Settings,
    raw_files: Mapping[str, Sequence[Path]],
    credit_of: Mapping[str, Credit],
    code_of: Mapping[str, str],
    borders: pd.DataFrame,
) -> dict[str, Any]:
    """Return what the results were made from, ready for JSON.

    It holds no time and no absolute path, so that the same content gives the same bytes anywhere.
    Of the code it holds what the steps of the run rest on and no more: an edit that reruns none of
    them leaves it as it is.

    Parameters
    ----------
    raw_files : the raw files of each source, by its name.
    credit_of : the sources of the run, by name.
    code_of : digest of the code of each step of the run, by the name of the step.
    borders : table of `tables.BORDERS`.

    Raises
    ------
    SourceError : a raw file cannot be read, or a package that the run needs is not installed.
    """
    return {
        "run": settings.run_name,
        "synthetic": settings.synthetic,
        "inputs": [
            _input(name, path, settings, credit_of[name])
            for name in sorted(raw_files)
            for path in sorted(raw_files[name], key=lambda path: (path.name, str(path)))
        ],
        "borders": summary(borders),
        "config": placeless(settings.model_dump(mode="json")),
        "code": {
            "package": catalogue.PACKAGE,
            "version": installed_version(catalogue.PACKAGE),
            "digests": dict(code_of),
        },
        "packages": package_versions(),
        "libraries": {
            "gdal": pyogrio.__gdal_version_string__,
            "geos": shapely.geos_version_string,
            "proj": pyproj.proj_version_str,
        },
        "python": platform.python_version(),
    }


def _input(name: str, path: Path, settings: Settings, credit: Credit) -> dict[str, Any]:
    return {
        "source": name,
        "provider": "file" if is_places(name) else settings.sources[name].provider,
        "file": path.name,
        "sha256": sha256(path),
        "size_bytes": path.stat().st_size,
        "year": year_of(name, path, settings),
        "title": credit.title,
        "publisher": credit.publisher,
        "product": credit.product,
        "licence": credit.licence,
        "attribution": credit.attribution,
        "address": _address(name, path, settings) or credit.address,
    }


def _address(name: str, path: Path, settings: Settings) -> str | None:
    """Return where a fetched file is from, without what may be a secret."""
    if is_places(name) or not settings.sources[name].is_fetched:
        return None
    found = (settings.offer(name, *one) for one in settings.cases(name))
    named = next((one for one in found if one is not None and one.name == path.name), None)
    return None if named is None else without_secrets(named.address)


def year_of(name: str, path: Path, settings: Settings) -> int | None:
    """Return the year that a raw file's values are of, where it is known.

    That is the vintage of the configuration, or the one year of the run that the name of the file,
    or else of its folder, holds.
    """
    if is_places(name):
        return None
    if settings.sources[name].vintage is not None:
        return settings.sources[name].vintage
    if "year" not in catalogue.sources()[name].by:
        return None
    for text in (path.name, path.parent.name):
        found = [year for year in settings.data_years(name) if str(year) in text]
        if len(found) == 1:
            return found[0]
    return None


def placeless(value: Any) -> Any:
    """Return a value of the configuration with absolute paths cut to their last part."""
    if isinstance(value, dict):
        return {key: placeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [placeless(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return Path(value).name
    return value
