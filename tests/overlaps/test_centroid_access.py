from __future__ import annotations

import pandas as pd
import pytest
from tests.overlaps.conftest import GOLF, KEYS, PARK, points, sites

from healthycities import tables
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.centroid_access import build


def distances_m(
    areas: pd.DataFrame, centroids: pd.DataFrame, **inputs: pd.DataFrame
) -> list[float]:
    """Return the distance of each small area, once the table is known to keep its schema."""
    table = build(Given({"areas": areas, "centroids": centroids, **inputs}, KEYS))
    tables.checked(table, tables.CENTROID_DISTANCE)
    assert table["small_area_code"].tolist() == areas["small_area_code"].tolist()
    return table["distance_m"].tolist()


def test_the_nearest_point_of_each_home_is_measured(areas: pd.DataFrame, centroids: pd.DataFrame):
    """300 m east and 400 m north are 500 m; the other home has a point 100 m away."""
    found = points(("a", 300, 400), ("a", 1100, 0))
    result = distances_m(
        areas, centroids, greenspace_access_points=found, greenspace_sites=sites(a=(PARK, 2))
    )
    assert result == pytest.approx([500.0, 100.0])


def test_points_of_small_or_private_sites_do_not_count(
    areas: pd.DataFrame, centroids: pd.DataFrame
):
    """Of three points, those of a park of 0.4 ha and of a golf course are passed over."""
    found = points(("small", 10, 0), ("golf", 20, 0), ("large", 0, 600))
    known = sites(small=(PARK, 0.4), golf=(GOLF, 50), large=(PARK, 0.6))
    result = distances_m(areas, centroids, greenspace_access_points=found, greenspace_sites=known)
    assert result[0] == pytest.approx(600.0)


def test_a_site_of_just_the_smallest_size_counts(areas: pd.DataFrame, centroids: pd.DataFrame):
    """0.5 ha is large enough where 0.5 ha is asked for."""
    found, known = points(("a", 10, 0)), sites(a=(PARK, 0.5))
    result = distances_m(areas, centroids, greenspace_access_points=found, greenspace_sites=known)
    assert result == pytest.approx([10.0, 990.0])


def test_no_point_that_counts_leaves_the_distance_missing(
    areas: pd.DataFrame, centroids: pd.DataFrame
):
    """With no access point of a public site there is no distance, rather than a long one."""
    found, known = points(("golf", 10, 0)), sites(golf=(GOLF, 50))
    result = distances_m(areas, centroids, greenspace_access_points=found, greenspace_sites=known)
    assert pd.isna(result).all()


def test_without_sites_every_point_counts(areas: pd.DataFrame, centroids: pd.DataFrame):
    """Where sites are not given, points count whatever they lead to."""
    found = points((None, 30, 40), ("unknown", 1000, 7))
    result = distances_m(areas, centroids, greenspace_access_points=found)
    assert result == pytest.approx([50.0, 7.0])


@pytest.mark.parametrize("site", ["elsewhere", None])
def test_a_point_of_an_unknown_site_is_refused(
    areas: pd.DataFrame, centroids: pd.DataFrame, site: str | None
):
    """A point whose site is not in the file is counted and named, and not passed over."""
    found = points(("a", 10, 0), (site, 20, 0))
    with pytest.raises(AlignmentError, match=r"each of 2 access points.* 1 have none.*point 1"):
        distances_m(
            areas, centroids, greenspace_access_points=found, greenspace_sites=sites(a=(PARK, 2))
        )


def test_a_small_area_without_a_centroid_is_refused(areas: pd.DataFrame, centroids: pd.DataFrame):
    """Nobody's home is left out: the small area is named."""
    with pytest.raises(AlignmentError, match=r"centroid for each of 2 small areas.*E01000002"):
        distances_m(
            areas,
            centroids[centroids["small_area_code"] != "E01000002"],
            greenspace_access_points=points(("a", 0, 0)),
        )
