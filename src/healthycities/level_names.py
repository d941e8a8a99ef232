"""Names of the levels that results are given at, and of the layers that hold them. Cheap to import.

Small areas make up districts, districts make up authorities, regions and England. What lies in no
authority is a level of its own, so that authorities and it make up England.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

SMALL_AREA = "small_area"
DISTRICT = "district"
AUTHORITY = "authority"
OUTSIDE_AUTHORITIES = "outside_authorities"
REGION = "region"
ENGLAND = "england"
DEPRIVATION_DECILE = "deprivation_decile"

LEVELS = (
    SMALL_AREA,
    DISTRICT,
    AUTHORITY,
    OUTSIDE_AUTHORITIES,
    REGION,
    ENGLAND,
    DEPRIVATION_DECILE,
)
"""Every level of the house, in the order of the results. Places of one's own come after them."""

PLACE = "place"
"""Stands on a card for all places of one's own, whose levels have the names of their sets."""

PLACES_KEY = r"^[a-z][a-z0-9_]{0,29}$"
"""What the name of a set of places of one's own may be: it becomes a level and a layer."""

LAYERS: Mapping[str, str] = MappingProxyType(
    {
        "authorities": AUTHORITY,
        "outside_authorities": OUTSIDE_AUTHORITIES,
        "regions": REGION,
        "districts": DISTRICT,
        "small_areas": SMALL_AREA,
        "england": ENGLAND,
    }
)
"""Layer to its level, in the order of the file."""

RESERVED = frozenset(
    {
        *(*LEVELS, *LAYERS, PLACE, "areas", "measures", "authority_years", "dictionary"),
        "compared_with_published",
    }
)
"""Names that no set of places may have."""


def beside_authorities(levels: Sequence[str], *, places: bool) -> tuple[str, ...]:
    """Return levels with those that go with authorities: what a card gives for these, it gives all.

    Parameters
    ----------
    levels : as a card has them.
    places : whether places of one's own are among them.
    """
    others = (OUTSIDE_AUTHORITIES, REGION, *((PLACE,) if places else ()))
    if AUTHORITY not in levels:
        return tuple(levels)
    at = list(levels).index(AUTHORITY) + 1
    return (*levels[:at], *(one for one in others if one not in levels), *levels[at:])


def level_of_layer(layer: str) -> str:
    """Return the level that a layer holds; that of places of one's own has the same name."""
    return LAYERS.get(layer, layer)


PLANNED_MARK = " (planned)"
"""Ends the name of a planned authority wherever it goes, so that no table or map can lose it."""
