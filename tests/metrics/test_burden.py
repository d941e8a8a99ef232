from __future__ import annotations

import numpy as np
import pytest
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities.health.draws import Cells, Plan, cuts, drawn, joined
from healthycities.health.response import Exposure, concentration_response
from healthycities.metrics.burden import Places, by_level, groups_of

LEVELS = ("district", "authority", "england")
FUNCTION = concentration_response("comeap2022_pm25")
EVENTS = np.array([4000.0, 1000.0, 2000.0])
UGM3 = np.array([12.0, 7.0, 10.0])


def test_districts_are_in_one_group_of_each_level_or_in_none(levels):
    """Swindon, Bolton and Bury are groups 0 to 2; 3 is the authority of two, 4 is England."""
    groups = groups_of(list(levels.of_districts(LEVELS)))
    assert levels.districts["district_code"].tolist() == [SWINDON, BOLTON, BURY]
    assert groups.of_cells.tolist() == [[0, 1, 2], [-1, 3, 3], [4, 4, 4]]
    assert groups.n == 5


@pytest.mark.parametrize("n_blocks", [1, 2, 3])
def test_draws_are_the_same_however_the_districts_are_cut_up(levels, n_blocks):
    """Blocks of districts, joined, give every area's limits to the last bit."""
    plan = Plan(seed=7, n_draws=1000)
    places = Places.of(levels, LEVELS, Exposure("pm25", UGM3), 2022, plan)
    found = places.drawn(FUNCTION, EVENTS, "deaths")
    names = [f"{code} 2022 deaths" for code in places.districts]
    whole = Cells(names, places.districts, Exposure("pm25", UGM3), EVENTS)
    groups = groups_of(places.levels)
    parts = joined(
        drawn(whole.part(*cut), FUNCTION, plan, groups.part(*cut)) for cut in cuts(3, n_blocks)
    )
    for one, other in zip(found, by_level(parts.sums.estimate(0.95), places.levels), strict=True):
        np.testing.assert_array_equal(one, other)
