"""How greenspace differs within an authority from its most to its least deprived people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.catalogue import Measure, MetricCard
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.metrics.greenspace_access import nearness
from healthycities.metrics.people import people_of_small_areas
from healthycities.metrics.rows import divided, joined, rows, with_cut
from healthycities.metrics.social_gradient import (
    TOO_FEW,
    Gradient,
    SmallAreas,
    covered,
    gradient,
    gradient_notes,
    ranks,
)
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray, ObjectArray

CARD = MetricCard(
    title="Inequality of greenspace",
    needs=(
        "centroid_access",
        "small_area_greenspace",
        "areas",
        "small_area_population",
        "deprivation",
    ),
    settings=("greenspace.leading_standard", "greenspace.public_functions"),
    levels=("authority", "england"),
    measures=(
        Measure(
            name="access_deprivation_gap_{standard}_pct",
            title="Greenspace gap by deprivation, people within {standard_max_distance_m} m of one "
            "{of_size} ({standard_name}, straight line), least less most deprived fifth",
            unit="percentage points",
            direction="neither",
            statistic="difference of proportions",
            method="Share of the least deprived fifth of the area's own people who live within "
            "{standard_max_distance_m} m in a straight line of a public greenspace {of_size}, less "
            "that of the most deprived, by small area; 0 is equality, above 0 the most deprived "
            "have less. All people of a small area count at its population-weighted centroid. "
            "Distances have no standard error: no interval is given. Standard: {standard_source}; "
            "{standard_standing}.{if_walk}",
        ),
        Measure(
            name="access_deprivation_slope_{standard}_pct",
            title="Greenspace slope index of inequality by deprivation, people within "
            "{standard_max_distance_m} m of one {of_size} ({standard_name}, straight line)",
            unit="percentage points",
            direction="neither",
            statistic="slope index of inequality",
            method="Line through the logits of the shares of the tenths of the area's own people "
            "by deprivation, taken back to shares: its value at the least deprived end less that "
            "at the most; 0 is equality, above 0 the most deprived have less. Share: of those "
            "within {standard_max_distance_m} m in a straight line of a public greenspace "
            "{of_size}. Distances have no standard error: no interval is given. Standard: "
            "{standard_source}; {standard_standing}.{if_walk}",
        ),
        Measure(
            name="access_deprivation_ratio_{standard}",
            title="Greenspace relative index of inequality by deprivation, people within "
            "{standard_max_distance_m} m of one {of_size} ({standard_name}, straight line)",
            unit="ratio",
            direction="neither",
            statistic="relative index of inequality",
            method="The line of the slope index, on logits: its share at the least deprived end "
            "over that at the most; 1 is equality, above 1 the most deprived have less. Distances "
            "have no standard error: no interval is given. Standard: {standard_source}; "
            "{standard_standing}.{if_walk}",
        ),
        Measure(
            name="access_concentration_index_{standard}",
            title="Greenspace concentration index by deprivation, people within "
            "{standard_max_distance_m} m of one {of_size} ({standard_name}, straight line)",
            unit="index from -1 to 1",
            direction="neither",
            statistic="concentration index",
            method="Of the shares of the tenths of the area's own people by deprivation who live "
            "within {standard_max_distance_m} m in a straight line of a public greenspace "
            "{of_size}; 0 is equality, above 0 the most deprived have less. Distances have no "
            "standard error: no interval is given. Standard: {standard_source}; "
            "{standard_standing}.{if_walk}",
        ),
        Measure(
            name="greenspace_deprivation_gap_m2",
            title="Accessible greenspace for each person, gap by deprivation, least less most "
            "deprived fifth",
            unit="m² per person",
            direction="neither",
            statistic="difference of means",
            method="Area of sites ({public_functions}) within the small areas of the least "
            "deprived fifth of the area's own people, over these people, less that of the most "
            "deprived; 0 is equality, above 0 the most deprived have less. Areas have no standard "
            "error: no interval is given.",
        ),
        Measure(
            name="greenspace_deprivation_slope_m2",
            title="Accessible greenspace for each person, slope index of inequality by deprivation",
            unit="m² per person",
            direction="neither",
            statistic="slope index of inequality",
            method="Line through the areas of sites ({public_functions}) for each person of the "
            "tenths of the area's own people by deprivation: its value at the least deprived end "
            "less that at the most; 0 is equality, above 0 the most deprived have less. Areas have "
            "no standard error: no interval is given.",
        ),
        Measure(
            name="greenspace_deprivation_ratio",
            title="Accessible greenspace for each person, relative index of inequality by "
            "deprivation",
            unit="ratio",
            direction="neither",
            statistic="relative index of inequality",
            method="The line of the slope index: its value at the least deprived end over that at "
            "the most; 1 is equality, above 1 the most deprived have less. Areas have no standard "
            "error: no interval is given.",
        ),
        Measure(
            name="greenspace_concentration_index",
            title="Accessible greenspace for each person, concentration index by deprivation",
            unit="index from -1 to 1",
            direction="neither",
            statistic="concentration index",
            method="Of the areas of sites ({public_functions}) for each person of the tenths of "
            "the area's own people by deprivation; 0 is equality, above 0 the most deprived have "
            "less. Areas have no standard error: no interval is given.",
        ),
    ),
    caveats=(
        "A whole small area counts as near or not, at its centroid; and its people have the sites "
        "within its boundary, not those across the road.",
        "Nothing is said of how good a greenspace is, nor whether people feel welcome there.",
        "Few large parks make the areas for each person of tenths differ by chance: see what the "
        "shares within a distance say beside them.",
    ),
)

MORE_IS_BETTER = 1.0
OFF_THE_SCALE = "nobody or everybody of a tenth of the people is within: such a share has no logit"
BELOW_0 = "the line falls to 0 or below"


class _Kind(NamedTuple):
    """One kind of greenspace by small area, and how its gradient is taken.

    ``names`` are those of gap, slope, ratio and concentration index on the card; ``no_line`` says
    why there is no index where all tenths have people.
    """

    names: tuple[str, ...]
    value: FloatArray
    multiplier: float
    transform: str | None
    no_line: str
    note: str | None


def compute(given: Given, measures: Mapping[str, Measure]) -> Iterator[pd.DataFrame]:
    """Yield the rows of one year; the greenspace is that of one date, the people of the year."""
    levels = Levels.of(given)
    people, note = people_of_small_areas(levels, given.inputs["small_area_population"], given.year)
    rank = ranks(levels, given.inputs["deprivation"])
    for kind in (_access(levels, given), _area(levels, given, people)):
        known = np.where(np.isnan(kind.value), 0.0, 1.0)
        small = SmallAreas(people, kind.value, known, rank)
        for level in levels.of_small_areas(CARD.levels):
            found = gradient(level, small, multiplier=kind.multiplier, transform=kind.transform)
            share, why = covered(level, small), _why(found, kind)
            cut = level.estimated_share(people)
            for name, value in zip(kind.names, _indices(found), strict=True):
                yield rows(
                    level,
                    measures[name],
                    given.year,
                    value=value,
                    covered_share=np.nan_to_num(share),
                    estimated_share=cut,
                    notes=with_cut(gradient_notes(value, share, why, joined(note, kind.note)), cut),
                )


_NAMES = tuple(measure.name for measure in CARD.measures)


def _access(levels: Levels, given: Given) -> _Kind:
    """Take the share of each small area's people within the leading standard, 0 or 1."""
    standard = given.keys["greenspace.leading_standard"]
    near = nearness(levels, given.inputs["centroid_access"], standard)
    names = _NAMES[:4]
    return _Kind(names, near.share, 100 * MORE_IS_BETTER, "logit", OFF_THE_SCALE, near.note)


def _area(levels: Levels, given: Given, people: FloatArray) -> _Kind:
    """Take the square metres of sites for each person of each small area."""
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    column = fields.GREENSPACE_AREA_M2
    found = with_column(areas, given.inputs["small_area_greenspace"], column, "greenspace area")
    m2 = divided(found[column].to_numpy(dtype=np.float64), people)
    return _Kind(_NAMES[4:], m2, MORE_IS_BETTER, None, BELOW_0, None)


def _indices(found: Gradient) -> tuple[FloatArray, ...]:
    """Return the indices in the order of the card."""
    return found.gap, found.slope, found.ratio, found.concentration


def _why(found: Gradient, kind: _Kind) -> ObjectArray:
    """Return why an index is null in each area, where it is for no want of data."""
    return np.array([TOO_FEW if few else kind.no_line for few in found.too_few], dtype=object)
