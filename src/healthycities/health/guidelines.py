"""Guidelines and targets for air quality. Cheap to import."""

from __future__ import annotations

from collections.abc import Collection

from healthycities.errors import ConfigError
from healthycities.health.files import GUIDELINES_FILE
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS


def guideline_ugm3(pollutant: str, name: str) -> float | None:
    """Return the annual mean concentration of a guideline or target, in µg/m³.

    A comparison of modelled concentrations with a legal target is a proxy, not an assessment of
    compliance.

    Parameters
    ----------
    pollutant : name of a pollutant, such as ``pm25``.
    name : name of a guideline in guidelines.csv, such as ``who2021`` or ``england2040``.

    Returns
    -------
    float or None
        None where the guideline says nothing of the pollutant.

    Raises
    ------
    ConfigError : the pollutant or the guideline is unknown; the message lists those that are known.
    """
    table = rows(GUIDELINES_FILE)
    _require_known("pollutant", pollutant, POLLUTANTS)
    _require_known("guideline", name, {row["name"] for row in table})
    values = {(row["pollutant"], row["name"]): float(row["value_ugm3"]) for row in table}
    return values.get((pollutant, name))


def _require_known(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ConfigError(
            f"unknown {kind} '{name}'; known are {', '.join(sorted(known))}",
            file=GUIDELINES_FILE if kind == "guideline" else None,
        )
