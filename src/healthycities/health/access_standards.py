"""Published standards of access to greenspace. Cheap to import."""

from __future__ import annotations

from typing import Any, Literal, get_args

from healthycities.errors import ConfigError
from healthycities.health.files import GREENSPACE_STANDARDS_FILE
from healthycities.package_tables import rows

DistanceKind = Literal["straight line", "walk", "any"]
WALK: DistanceKind = "walk"


def access_standards() -> dict[str, dict[str, Any]]:
    """Return the published standards by id, in the order of the table.

    Returns
    -------
    Each with ``standard_id``, ``name``, ``min_area_ha`` (the smallest site that counts),
    ``max_distance_m``, ``distance_kind`` (how the standard asks that it be measured: ``any`` where
    it does not say), ``source`` and ``standing``, which tells how far the figures were checked.

    Raises
    ------
    ConfigError : a row of the table has another kind of distance.
    """
    return {row["standard_id"]: _as_numbers(row) for row in rows(GREENSPACE_STANDARDS_FILE)}


def _as_numbers(row: dict[str, str]) -> dict[str, Any]:
    if row["distance_kind"] not in get_args(DistanceKind):
        raise ConfigError(
            f"expected a kind of distance, one of {', '.join(get_args(DistanceKind))}, found"
            f" {row['distance_kind']!r}",
            file=GREENSPACE_STANDARDS_FILE,
            place=row["standard_id"],
        )
    sizes = {"min_area_ha": float(row["min_area_ha"]), "max_distance_m": int(row["max_distance_m"])}
    return {**row, **sizes}
