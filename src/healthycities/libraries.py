"""Which versions of the libraries are installed. Cheap to import."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from healthycities.catalogue import PACKAGE, PACKAGE_DIR
from healthycities.errors import ConfigError, SourceError

_ENGINE = "snakemake"
"""The dependency that starts the jobs and computes nothing."""


def computing_with() -> str:
    """Return the libraries that results come from, with their versions, as one text.

    A rule carries it beside the digest of its code: after an upgrade everything is computed again,
    and no result is of two versions. Snakemake is left out, because it changes no result.

    Raises
    ------
    SourceError : as `package_versions` raises it.
    """
    versions = package_versions().items()
    return ", ".join(f"{name} {version}" for name, version in versions if name != _ENGINE)


def package_versions() -> dict[str, str]:
    """Return the installed version of each dependency that a run has, by name, sorted.

    One that is declared under a condition, such as a version of Python, is told where it is
    installed: the installer has judged the condition.

    Raises
    ------
    SourceError : a dependency that every run needs is not installed.
    """
    declared = [line.partition(";") for line in metadata.requires(PACKAGE) or []]
    wanted = {
        re.split(r"[^A-Za-z0-9._-]", requirement)[0]: condition
        for requirement, _, condition in declared
        if "extra ==" not in condition
    }
    return {
        name: installed_version(name)
        for name, condition in sorted(wanted.items())
        if not condition or _is_installed(name)
    }


def _is_installed(name: str) -> bool:
    return next(iter(metadata.distributions(name=name)), None) is not None


def installed_version(name: str) -> str:
    """Return the version of a package that is installed.

    Raises
    ------
    SourceError : it is not.
    """
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError as error:
        raise SourceError(
            f"{PACKAGE} needs the package {name}, which is not installed",
            mend="Install it again with all that it needs: make clean run.",
        ) from error


@cache
def this_installation() -> dict[str, str]:
    """Return what results computed here depend on: Python, each library, and this package's code.

    Raises
    ------
    SourceError : as `package_versions` raises it.
    """
    code = hashlib.sha256()
    for file in sorted(PACKAGE_DIR.rglob("*.py")):
        code.update(file.relative_to(PACKAGE_DIR).as_posix().encode())
        code.update(file.read_bytes())
    versions = {name: one for name, one in package_versions().items() if name != _ENGINE}
    return {"python": platform.python_version(), **versions, PACKAGE: code.hexdigest()[:16]}


def require_same_installation(expected: Mapping[str, str]) -> None:
    """Refuse to compute a part of a result here that was begun by another installation.

    Parameters
    ----------
    expected : what `this_installation` returned where the result was begun.

    Raises
    ------
    ConfigError : a version is another, or the code is.
    """
    here = this_installation()
    different = [name for name in {**expected, **here} if expected.get(name) != here.get(name)]
    if different:
        told = ", ".join(
            f"{name} {expected.get(name, 'none')} there and {here.get(name, 'none')} here"
            for name in different
        )
        raise ConfigError(
            f"the work was begun with {told}",
            place=f"worker on {platform.node()}",
            mend="Install the same on every machine of the cluster: no result is of two versions.",
        )
