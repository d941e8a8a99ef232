"""The social gradient within areas: how something differs from the most to the least deprived.

Each area, an authority or England, has tenths and fifths of its own people. Those whose value is
not known count in none of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array

from healthycities import fields
from healthycities.geography.levels import Level, Levels
from healthycities.health.inequality import (
    concentration_index,
    gap,
    own_quantiles,
    slope_index,
    weighted_quantiles,
)
from healthycities.health.rates import Estimate
from healthycities.metrics.rows import divided, joined, notes_of
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray, IntArray

TENTHS, FIFTHS = 10, 5
TOO_FEW = "too few small areas: a tenth of the people has none of its own"


class SmallAreas(NamedTuple):
    """What is known of each small area.

    Parameters
    ----------
    people : of the small area.
    value : what differs, a mean of its people; NaN where it is not known.
    covered_share : share of the small area that its value rests on.
    rank : of deprivation in England, 1 the most deprived.
    """

    people: FloatArray
    value: FloatArray
    covered_share: FloatArray
    rank: FloatArray

    @property
    def people_known(self) -> FloatArray:
        """People of the small areas that have a value; 0 of the others."""
        return np.where(np.isnan(self.value), 0.0, self.people)


class Gradient(NamedTuple):
    """Indices of inequality, one of each for each area; NaN where there is none.

    Parameters
    ----------
    gap : between the mean of the most deprived fifth and that of the least.
    slope : slope index over tenths.
    ratio : relative index over tenths; NaN also where an end of the line is not above 0.
    concentration : concentration index over tenths.
    too_few : whether a tenth has nobody whose value is known.
    """

    gap: FloatArray
    slope: FloatArray
    ratio: FloatArray
    concentration: FloatArray
    too_few: npt.NDArray[np.bool_]


def ranks(levels: Levels, deprivation: pd.DataFrame) -> FloatArray:
    """Return the rank in England of each small area, 1 the most deprived.

    Raises
    ------
    AlignmentError : a small area has none.
    """
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    ranked = with_column(areas, deprivation, fields.DEPRIVATION_RANK, "deprivation rank")
    return np.asarray(ranked[fields.DEPRIVATION_RANK], dtype=np.float64)


def covered(level: Level, small: SmallAreas) -> FloatArray:
    """Return the share of the people of each area that values rest on; NaN where nobody lives."""
    matrix = level.weights.matrix
    known = matrix @ (small.people_known * np.nan_to_num(small.covered_share))
    return np.asarray(np.minimum(divided(known, matrix @ small.people), 1.0))


def gradient(
    level: Level, small: SmallAreas, *, multiplier: float, transform: str | None = None
) -> Gradient:
    """Return the indices over each area's own tenths and fifths of people, by deprivation.

    Parameters
    ----------
    level : authorities or England, as weights of small areas.
    small : the small areas.
    multiplier : factor of gap and slope: above 0 for what is better when higher, below 0 for what
        is better when lower. A gap or slope above 0, and a ratio above 1, then say that the most
        deprived are worse off. The concentration index keeps its own sign: above 0 where the less
        deprived have more.
    transform : scale of the line, as :func:`healthycities.health.inequality.slope_index` takes it.

    Raises
    ------
    SchemaError : a value is not on the scale.
    """
    areas = len(level.names)
    group, members = _members(level, small)
    people, means = _of_quantiles(group, areas, members, TENTHS)
    fifths = _of_quantiles(group, areas, members, FIFTHS)[1]
    ends = [_without_limits(fifths[:, end]) for end in (0, -1)]
    worse, better = ends if multiplier < 0 else reversed(ends)
    slope = slope_index(people, means, transform=transform, multiplier=multiplier, interval="delta")
    return Gradient(
        gap=abs(multiplier) * gap(worse, better).absolute.value,
        slope=slope.value,
        ratio=_where_positive(slope.rii.value),
        concentration=concentration_index(people, means).value,
        too_few=np.asarray(np.isnan(means).any(axis=1)),
    )


def _members(level: Level, small: SmallAreas) -> tuple[IntArray, SmallAreas]:
    """Return each small area with each area that it lies in, in the order of the small areas.

    One that an area cuts counts there with its share of people.

    Returns
    -------
    The area of the level, by its place, and what is known of the small area.
    """
    member = csc_array(level.weights.matrix).tocoo()
    within = SmallAreas(*(values[member.col] for values in small))
    return member.row.astype(np.int64), within._replace(people=within.people * member.data)


def _of_quantiles(
    group: IntArray, areas: int, small: SmallAreas, quantiles: int
) -> tuple[FloatArray, FloatArray]:
    """Return people who have a value, and their mean, of areas x own quantiles."""
    place = own_quantiles(small.rank, small.people_known, group, areas, quantiles)
    counted = place >= 0
    cell = group[counted] * quantiles + place[counted]
    people = small.people[counted]
    total, values = np.zeros((2, areas * quantiles))
    np.add.at(total, cell, people)
    np.add.at(values, cell, people * small.value[counted])
    means = divided(values, total)
    return total.reshape(areas, quantiles), means.reshape(areas, quantiles)


def _without_limits(value: FloatArray) -> Estimate:
    return Estimate(value, np.full(value.shape, np.nan), np.full(value.shape, np.nan))


def _where_positive(ratio: FloatArray) -> FloatArray:
    """Return ratios of the ends of lines; one below 0 is of a line that falls below 0."""
    return np.where(ratio > 0, ratio, np.nan)


def spread(level: Level, small: SmallAreas, shares: list[float]) -> FloatArray:
    """Return the values at or below which shares of each area's people live, (areas, shares)."""
    group, members = _members(level, small)
    return weighted_quantiles(members.value, members.people, group, len(level.names), shares)


def gradient_notes(
    value: FloatArray, covered_share: FloatArray, why: npt.ArrayLike, note: str | None
) -> npt.NDArray[np.object_]:
    """Return what values rest on, or why they are null where somebody has a value.

    Parameters
    ----------
    value, covered_share : one for each area.
    why : a text for all areas or for each, said of those whose value is null for no want of data.
    note : said of all areas.
    """
    null = np.isnan(value) & (covered_share > 0)
    texts = [
        joined(note, reason) if lacks else text
        for lacks, reason, text in zip(
            null,
            np.broadcast_to(np.asarray(why, dtype=object), null.shape),
            notes_of(value, covered_share, note),
            strict=True,
        )
    ]
    return np.array(texts, dtype=object)
