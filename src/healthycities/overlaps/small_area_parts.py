"""Weights that carry values of the small areas of another census to those reported on."""

from __future__ import annotations

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError
from healthycities.geography.carrying import carrying
from healthycities.given import Given
from healthycities.spatial.weights import Weights

CARD = OverlapCard(
    title="Share of each small area of another census in each of those reported on",
    needs=("small_area_lookup", "small_area_changes"),
    may_use=("census_population",),
    suffix=".npz",
)


def build(given: Given) -> Weights:
    """Weigh the small areas of the other census, the columns, in those of the lookup, the rows.

    An area that was split is divided by the people of its parts, or into equal parts where these
    are not given: small areas are drawn to hold about as many people each.

    Raises
    ------
    AlignmentError : the lookup holds small areas of neither census, or its small areas and the
        changes are not those of one part of England.
    """
    changes = given.inputs["small_area_changes"]
    wanted = set(given.inputs["small_area_lookup"][fields.SMALL_AREA_CODE])
    sides = (fields.SMALL_AREA_CODE, fields.LATER_SMALL_AREA_CODE)
    later = max(sides, key=lambda side: len(wanted & set(changes[side])))
    earlier = next(side for side in sides if side != later)
    _require_known(wanted, set(changes[later]))
    kept = changes[changes[later].isin(wanted)]
    census = given.inputs.get("census_population")
    people = (
        None
        if census is None
        else census.set_index(fields.SMALL_AREA_CODE)[fields.PEOPLE].to_dict()
    )
    return carrying(list(zip(kept[earlier], kept[later], strict=True)), people)


def _require_known(wanted: set[str], known: set[str]) -> None:
    lost = sorted(wanted - known)
    if lost:
        raise AlignmentError(
            f"expected each of {len(wanted)} small areas of the lookup among the small areas that"
            f" changed or stayed, but {len(lost)} are not, the first of them {lost[0]}",
            place="small_area_changes",
            mend="Take the lookup of all England, whose small areas are those of 2011 or of 2021.",
        )
