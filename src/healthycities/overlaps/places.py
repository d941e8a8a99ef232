"""Places of one's own, and the small areas or districts that each is made of.

Of a list these are the areas that it names. Of an outline they are the small areas whose
population-weighted centroid lies in it, or, by area, all that it shares ground with, each by the
share of its ground. An area in two places of a set would count twice, and is refused.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from healthycities import fields, tables
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError, GeometryError
from healthycities.geography.districts import named
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray, IntArray, ObjectArray
from healthycities.spatial.shared_area import shared_area_m2

CARD = OverlapCard(
    title="Places of one's own, and the small areas or districts of each",
    needs=("areas",),
    may_use=("small_area_lookup", "small_areas", "centroids"),
    settings=("places_assigned",),
)

PREFIX = "places_"
"""Stands before the name of a set, in the names of the inputs."""

SLIVER = 0.01
"""Share of a small area, or of a place, that is taken for an inaccuracy of an outline."""

LIST, CENTROID, AREA = "list", "centroid", "area"
_log = logging.getLogger(__name__)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.PLACES`, of all sets, in the order of sets, places and parts.

    A place that does not lie wholly in the areas reported on is left out, and the log says so: its
    numbers would be those of a part. Areas in no place of a set are no error; the log counts them.

    Raises
    ------
    AlignmentError : a set names a small area that is not known, or has no place that lies wholly
        in the areas reported on; or a small area has no centroid.
    GeometryError : an area would count in two places of a set.
    """
    sets = sorted(given.keys["places_assigned"])
    found = [_of_set(name, given).assign(**{fields.PLACE_SET: name}) for name in sets]
    order = [fields.PLACE_SET, fields.PLACE_CODE, fields.PART_CODE]
    together = pd.concat(found).sort_values(order, ignore_index=True)
    return together[list(tables.PLACES.columns)]


def _of_set(name: str, given: Given) -> pd.DataFrame:
    """Return the members of one set."""
    frame, levels = given.inputs[f"{PREFIX}{name}"], Levels(given.inputs["areas"])
    drawn = isinstance(frame, gpd.GeoDataFrame)
    assigned_by = given.keys["places_assigned"][name] if drawn else LIST
    if drawn:
        members, partly = _of_outlines(name, frame, levels, given, assigned_by)
    else:
        members, partly = _of_list(name, frame, levels, given)
    kept = members[~members[fields.PLACE_CODE].isin(partly)]
    _tell(name, frame, kept, levels)
    return kept.assign(**{fields.ASSIGNED_BY: assigned_by})


def _tell(name: str, frame: pd.DataFrame, kept: pd.DataFrame, levels: Levels) -> None:
    """Log what is left out of a set and which areas are in none of its places."""
    codes = set(kept[fields.PLACE_CODE])
    left = sorted(set(frame[fields.PLACE_CODE]) - codes)
    if not codes:
        raise AlignmentError(
            f"none of its {len(left)} places lies wholly in the areas reported on",
            place=f"places.{name}",
            mend="Report on more authorities, or give places that lie in these.",
        )
    areas = levels.areas[levels.smallest]
    outside = areas[~areas.isin(kept[fields.PART_CODE])]
    _log.info("places.%s: %d places", name, len(codes))
    if left:
        _log.warning(
            "places.%s: left out %d that do not lie wholly in the areas reported on: %s",
            *(name, len(left), named(left)),
        )
    if len(outside):
        told = named(outside.tolist())
        _log.info(
            "places.%s: %d of %d areas lie in no place: %s", name, len(outside), len(areas), told
        )


# --- Lists ---


def _of_list(
    name: str, frame: pd.DataFrame, levels: Levels, given: Given
) -> tuple[pd.DataFrame, set[str]]:
    """Return the members of listed places, and the places that others than these areas are in."""
    listed = _in_smallest(name, frame, levels, given)
    ours = listed[fields.PART_CODE].isin(levels.areas[levels.smallest])
    members = listed[ours].assign(**{fields.PART_SHARE: 1.0, fields.GROUND_SHARE: np.nan})
    return members, set(listed.loc[~ours, fields.PLACE_CODE])


def _in_smallest(name: str, frame: pd.DataFrame, levels: Levels, given: Given) -> pd.DataFrame:
    """Return a list by the smallest areas of the run."""
    by_small_area = frame[fields.PART_CODE].str.startswith("E01").all()
    if levels.smallest == fields.DISTRICT_CODE:
        if by_small_area:
            raise AlignmentError(
                "it lists small areas, and the run reports on districts alone",
                place=f"places.{name}",
                mend="List districts, or give sources.small_areas and sources.small_area_lookup.",
            )
        return frame
    lookup = given.inputs["small_area_lookup"]
    if by_small_area:
        whole = bool(levels.areas[fields.ALL_ENGLAND].all())
        _require_known(name, frame, lookup[fields.SMALL_AREA_CODE], whole=whole)
        return frame
    renamed = frame.rename(columns={fields.PART_CODE: fields.DISTRICT_CODE})
    expanded = renamed.merge(lookup, on=fields.DISTRICT_CODE, how="left")
    # A district that the lookup lacks lies in another part of England.
    part = expanded[fields.SMALL_AREA_CODE].fillna(expanded[fields.DISTRICT_CODE])
    return expanded.assign(**{fields.PART_CODE: part})[list(frame.columns)]


def _require_known(name: str, frame: pd.DataFrame, known: pd.Series, *, whole: bool) -> None:
    """Refuse unknown small areas; of a part of England, in places that it has some areas of."""
    strange = ~frame[fields.PART_CODE].isin(known)
    ours = set(frame.loc[~strange, fields.PLACE_CODE])
    wrong = frame[strange & (whole | frame[fields.PLACE_CODE].isin(ours))]
    if len(wrong):
        codes = wrong[fields.PART_CODE].tolist()
        raise AlignmentError(
            f"{len(codes)} of its {len(frame)} small areas are not in the small-area lookup:"
            f" {named([f'{code} ({_nearest(code, known)})' for code in codes[:3]])}"
            + (f"; and {len(codes) - 3} more" if len(codes) > 3 else ""),
            place=f"places.{name}",
            mend="Correct the codes, take small areas of the census that the lookup is of (2011 or"
            " 2021), or give a lookup of all of England.",
        )


def _nearest(code: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(code, list(known), n=2, cutoff=0.8)
    return f"nearest known: {', '.join(near)}" if near else "no known code is near it"


# --- Outlines ---


def _of_outlines(
    name: str, frame: gpd.GeoDataFrame, levels: Levels, given: Given, assigned_by: str
) -> tuple[pd.DataFrame, set[str]]:
    """Return the members of outlined places, and those that reach out of a part of England."""
    by_code = given.inputs["small_areas"].set_index(fields.SMALL_AREA_CODE).geometry
    zones = by_code.loc[levels.small_areas].to_numpy()
    outlines = frame.geometry.to_numpy()
    zone, place, shared_m2 = _shared(zones, outlines)
    ground = np.bincount(place, shared_m2, len(outlines)) / shapely.area(outlines)
    if assigned_by == AREA:
        pairs = _by_area(zone, place, shared_m2 / shapely.area(zones)[zone])
    else:
        pairs = _by_centroid(levels, given.inputs["centroids"], outlines)
    pairs[fields.PLACE_CODE] = frame[fields.PLACE_CODE].to_numpy()[pairs["place"]]
    pairs[fields.PLACE_NAME] = frame[fields.PLACE_NAME].to_numpy()[pairs["place"]]
    pairs[fields.PART_CODE] = levels.small_areas[pairs["zone"]]
    pairs[fields.GROUND_SHARE] = np.minimum(ground, 1.0)[pairs["place"]]
    _require_no_overlap(name, pairs)
    _tell_ground(name, frame, ground)
    inside = bool(levels.areas[fields.ALL_ENGLAND].all()) | (ground >= 1 - SLIVER)
    return pairs.drop(columns=["zone", "place"]), set(frame.loc[~inside, fields.PLACE_CODE])


def _shared(zones: ObjectArray, outlines: ObjectArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return pairs of small areas and places that share ground, and how much, in m²."""
    zone, place = shapely.STRtree(outlines).query(zones, predicate="intersects")
    return zone, place, shared_area_m2(zones, outlines, zone, place)


def _by_area(zone: IntArray, place: IntArray, share: FloatArray) -> pd.DataFrame:
    """Return small areas by the share of their ground, without slivers.

    What is left of a small area that lies in places but for a sliver is scaled to the whole.
    """
    real = share >= SLIVER
    zone, place, share = zone[real], place[real], share[real]
    total = np.bincount(zone, share)[zone]
    whole = np.abs(total - 1) <= SLIVER
    return pd.DataFrame(
        {"zone": zone, "place": place, fields.PART_SHARE: np.where(whole, share / total, share)}
    )


def _by_centroid(levels: Levels, centroids: pd.DataFrame, outlines: ObjectArray) -> pd.DataFrame:
    """Return small areas whole, each in the places that its centroid lies in.

    One on the border of two places lies in the first of them.
    """
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    for column in (fields.EASTING_M, fields.NORTHING_M):
        areas = with_column(areas, centroids, column, "centroid")
    points = shapely.points(areas[[fields.EASTING_M, fields.NORTHING_M]].to_numpy())
    tree = shapely.STRtree(outlines)
    zone, place = tree.query(points, predicate="within")
    on_border = np.setdiff1d(np.arange(len(points)), zone)
    lonely, touched = tree.query(points[on_border], predicate="intersects")
    _, first = np.unique(lonely, return_index=True)
    return pd.DataFrame(
        {
            "zone": np.concatenate([zone, on_border[lonely[first]]]),
            "place": np.concatenate([place, touched[first]]),
            fields.PART_SHARE: 1.0,
        }
    )


def _require_no_overlap(name: str, pairs: pd.DataFrame) -> None:
    total = pairs.groupby(fields.PART_CODE)[fields.PART_SHARE].sum()
    twice = total.index[total > 1 + SLIVER]
    if len(twice):
        places = pairs.loc[pairs[fields.PART_CODE] == twice[0], fields.PLACE_CODE]
        raise GeometryError(
            f"{len(twice)} small areas would count twice, the first of them {twice[0]}, in"
            f" {' and '.join(sorted(places))}",
            place=f"places.{name}",
            mend="Correct the outlines, or give places that overlap as two sets.",
        )


def _tell_ground(name: str, frame: gpd.GeoDataFrame, ground: FloatArray) -> None:
    partly = np.flatnonzero(ground < 1 - SLIVER)
    if len(partly):
        told = [f"{frame[fields.PLACE_CODE].iloc[n]} ({100 * ground[n]:.1f} %)" for n in partly]
        _log.info(
            "places.%s: small areas cover less than the whole outline of %d places, which reach"
            " into the sea or out of the areas reported on: %s",
            *(name, len(partly), named(told)),
        )
