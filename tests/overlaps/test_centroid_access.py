from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.overlaps.conftest import gates

from healthycities import tables
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.centroid_access import build


def distances_m(
    areas: pd.DataFrame,
    centroids: pd.DataFrame,
    points: pd.DataFrame,
    sizes_ha: tuple[float, ...] = (0.5,),
    *,
    known: bool = True,
) -> dict[float, list[float]]:
    """Return the distances of the small areas, by size, once the table keeps its schema."""
    inputs = {"areas": areas, "centroids": centroids, "public_access_points": points}
    table = build(Given(inputs, {"greenspace.sizes_ha": list(sizes_ha)}))
    tables.checked(table, tables.CENTROID_DISTANCE)
    assert (table["sites_known"] == known).all()
    parts = dict(iter(table.groupby("min_area_ha")))
    for part in parts.values():
        assert part["small_area_code"].tolist() == areas["small_area_code"].tolist()
    return {size: part["distance_m"].tolist() for size, part in parts.items()}


def test_the_nearest_point_of_each_home_is_measured(areas: pd.DataFrame, centroids: pd.DataFrame):
    """300 m east and 400 m north are 500 m; the other home has a point 100 m away."""
    found = distances_m(areas, centroids, gates((2, 300, 400), (2, 1100, 0)))
    assert found[0.5] == pytest.approx([500.0, 100.0])


def test_each_size_has_distances_of_its_own(areas: pd.DataFrame, centroids: pd.DataFrame):
    """A pocket park at 10 m counts for any size, 2 ha at 300 m for more, 30 ha at 2 km for all."""
    points = gates((0.4, 0, 10), (2, 0, 300), (30, 0, 2000))
    found = distances_m(areas, centroids, points, (0, 0.5, 2, 10, 20, 100))
    of_first = {size: home for size, (home, _) in found.items()}
    assert np.isnan(of_first.pop(100))
    assert of_first == pytest.approx({0: 10, 0.5: 300, 2: 300, 10: 2000, 20: 2000})


def test_no_point_that_counts_leaves_the_distance_missing(
    areas: pd.DataFrame, centroids: pd.DataFrame
):
    """With no access point of a public site there is no distance, rather than a long one."""
    assert np.isnan(distances_m(areas, centroids, gates((1, 0, 0)).iloc[:0])[0.5]).all()


def test_without_sites_points_count_for_no_size_but_any(
    areas: pd.DataFrame, centroids: pd.DataFrame
):
    """A point of a site that is not given is near for 0 ha, and is not taken for one of 0.5 ha."""
    points = gates((np.nan, 30, 40), (np.nan, 1000, 7))
    found = distances_m(areas, centroids, points, (0, 0.5), known=False)
    assert found[0] == pytest.approx([50.0, 7.0])
    assert np.isnan(found[0.5]).all()


def test_a_small_area_without_a_centroid_is_refused(areas: pd.DataFrame, centroids: pd.DataFrame):
    """Nobody's home is left out: the small area is named."""
    lost = centroids[centroids["small_area_code"] != "E01000002"]
    with pytest.raises(AlignmentError, match=r"centroid for each of 2 small areas.*E01000002"):
        distances_m(areas, lost, gates((1, 0, 0)))
