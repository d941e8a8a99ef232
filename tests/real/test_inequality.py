"""Own quantiles of deprivation against the deciles that were published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from healthycities.health.inequality import own_quantiles
from healthycities.sources import deprivation
from healthycities.sources.raw import Raw

AS_AT = date(2025, 6, 1)
FILE_1 = "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv.gz"


def test_tenths_of_places_are_the_published_deciles(real: Path):
    """With as many people in each of 32,844 small areas, England's own tenths are the deciles.

    But for four places at a border, where 3,284.4 places to a decile are rounded otherwise.
    """
    published = deprivation.read(Raw((real / FILE_1,), AS_AT))
    n = len(published)
    found = own_quantiles(published["deprivation_rank"], np.ones(n), np.zeros(n, int), 1)
    assert n == 32_844
    differs = published[found + 1 != published["deprivation_decile"]]
    assert sorted(differs["deprivation_rank"]) == [6569, 13_138, 22_991, 29_560]
