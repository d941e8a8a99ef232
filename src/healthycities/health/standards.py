"""Standard populations, to which rates are standardised."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from healthycities.errors import SchemaError
from healthycities.health.files import STANDARD_FILE
from healthycities.health.rates import FloatArray
from healthycities.package_tables import rows

STANDARD_STARTS = tuple(range(0, 95, 5))
"""First ages of the 19 bands that rates are commonly standardised in; the last is 90 and over."""

FINEST_STARTS = (0, 1, *range(5, 100, 5))
"""First ages of the 21 bands of the European Standard Population; the last is 95 and over."""


def european_standard_population_2013(
    age_starts: Sequence[int] | npt.NDArray[np.int64], *, below: int | None
) -> FloatArray:
    """Return the European Standard Population 2013 in bands of age.

    The bands are joined from the 21 published ones, which begin at `FINEST_STARTS`: all of them,
    the 19 of `STANDARD_STARTS`, 18 of which the last is 85 and over, or any others that cut none of
    them. Ages below the first start, and from ``below`` on, are in no band.

    Parameters
    ----------
    age_starts : first age of each band, rising; a band ends where the next begins.
    below : age at which the last band ends: 75 for rates under 75. None leaves it open, so that a
        last start of 85 is 85 and over. It has to be said, because a last band of 70 and over
        weighs nearly three times as much as one of 70 to 74.

    Returns
    -------
    FloatArray
        (bands,) people; those of all ages sum to 100,000.

    Raises
    ------
    SchemaError : no start is given, they do not rise, or a band would cut one of the 21.

    Notes
    -----
    Source: Eurostat 2013, Revision of the European Standard Population. Test: the weights of all
    ages sum to 100,000, and those under 75 to 91,000.
    """
    starts = [int(age) for age in age_starts]
    _require_bands(starts, below)
    edges = [*starts, np.inf if below is None else below]
    published = {int(row["age_from"]): float(row["people"]) for row in rows(STANDARD_FILE)}
    return np.array(
        [
            sum(people for age, people in published.items() if first <= age < end)
            for first, end in pairwise(edges)
        ]
    )


def _require_bands(starts: list[int], below: int | None) -> None:
    ages = starts if below is None else [*starts, below]
    if not starts or any(first >= second for first, second in pairwise(ages)):
        raise SchemaError(
            f"expected first ages of bands that rise, found {ages}", place="age_starts"
        )
    cut = [age for age in ages if age not in FINEST_STARTS]
    if cut:
        raise SchemaError(
            f"expected bands that begin at ages {', '.join(map(str, FINEST_STARTS))}, found"
            f" {', '.join(map(str, cut))}",
            place="age_starts",
            mend="Join the bands of age first: single years 5 to 9 make 5 to 9.",
        )
