"""Weights that divide newer districts among those of an earlier date that became them."""

from __future__ import annotations

from datetime import date

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.geography.carrying import carrying
from healthycities.geography.districts import known_districts, newer_districts
from healthycities.given import Given
from healthycities.overlaps.areas import with_column
from healthycities.spatial.weights import Weights

CARD = OverlapCard(
    title="Share of the people of each newer district in each that became it",
    needs=("small_area_lookup", "census_population"),
    settings=("authorities_as_at",),
    suffix=".npz",
)


def build(given: Given) -> Weights:
    """Weigh every district that a table may hold in those of the date reported on.

    Rows are the districts of the date, columns these and the newer ones, which are divided among
    them by their people at the census.

    Raises
    ------
    AlignmentError : a small area of the lookup has no people.
    """
    as_at = date.fromisoformat(given.keys["authorities_as_at"])
    lookup = given.inputs["small_area_lookup"]
    counted = with_column(lookup, given.inputs["census_population"], fields.PEOPLE, "population")
    people = counted.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum().to_dict()
    live = [(code, code) for code in known_districts(as_at)]
    newer = [pair for pair in newer_districts(as_at) if pair[1] in people]
    return carrying([*live, *newer], people)
