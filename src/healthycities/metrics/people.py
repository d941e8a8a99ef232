"""People of small areas and districts, in the order of the areas reported on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthycities import fields
from healthycities.geography.levels import Levels
from healthycities.metrics.rows import year_note, year_of
from healthycities.overlaps.areas import with_column
from healthycities.spatial.grid import FloatArray


def people_of_small_areas(
    levels: Levels, population: pd.DataFrame, year: int
) -> tuple[FloatArray, str | None]:
    """Return the people of each small area, and a note where they are of another year.

    Raises
    ------
    AlignmentError : a small area has no population.
    """
    areas = levels.areas[[fields.SMALL_AREA_CODE]]
    people = with_column(areas, population, fields.PEOPLE, "population")[fields.PEOPLE]
    note = year_note("people", year_of(population), year)
    return people.to_numpy(dtype=np.float64), note
