from __future__ import annotations

import pandas as pd
import pytest
from tests.overlaps.conftest import GOLF, KEYS, PARK, points, sites

from healthycities import tables
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.public_access_points import build


def built(**inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the table, once it is known to keep its schema."""
    return tables.checked(build(Given(inputs, KEYS)), tables.PUBLIC_ACCESS_POINTS)


def test_points_of_public_sites_have_the_size_of_their_site():
    """Of three points that of a golf course is left out, whatever order the sites have."""
    found = points(("large", 30, 40), ("golf", 20, 0), ("small", 0, 600))
    known = sites(small=(PARK, 0.4), golf=(GOLF, 50), large=(PARK, 60))
    table = built(greenspace_access_points=found, greenspace_sites=known)
    assert table["easting_m"].tolist() == [400_030, 400_000]
    assert table["northing_m"].tolist() == [500_040, 500_600]
    assert table["site_area_m2"].tolist() == pytest.approx([600_000, 4_000])


def test_without_sites_every_point_stays():
    """Where sites are not given, points stay whatever they lead to, and no size is known."""
    table = built(greenspace_access_points=points((None, 30, 40), ("unknown", 1000, 7)))
    assert len(table) == 2
    assert table["site_area_m2"].isna().all()


def test_no_public_site_leaves_no_point():
    """With golf courses only, the table is empty, and still of its schema."""
    found, known = points(("golf", 10, 0)), sites(golf=(GOLF, 50))
    assert built(greenspace_access_points=found, greenspace_sites=known).empty


@pytest.mark.parametrize("site", ["elsewhere", None])
def test_a_point_of_an_unknown_site_is_refused(site: str | None):
    """A point whose site is not in the file is counted and named, and not passed over."""
    found = points(("a", 10, 0), (site, 20, 0))
    with pytest.raises(AlignmentError, match=r"each of 2 access points.* 1 have none.*point 1"):
        built(greenspace_access_points=found, greenspace_sites=sites(a=(PARK, 2)))
