from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from healthycities import fields
from healthycities.errors import SchemaError, SourceError
from healthycities.sources import greenspace_access_points, greenspace_sites
from healthycities.sources.raw import Raw

PARK = "Public Park Or Garden"


def raw(real: Path, *names: str, **columns: str) -> Raw:
    """Return what a reader is given for files of greenspace."""
    paths = tuple(real / "greenspace" / name for name in names)
    return Raw(paths=paths, as_at=date(2025, 5, 1), columns=columns)


def test_parks_of_london(real: Path):
    """989 public parks of OS Open Greenspace, in the columns of its shapefile."""
    found = greenspace_sites.read(raw(real, "Greenspace.gpkg")).set_index(fields.SITE_NAME)
    assert len(found) == 989
    assert set(found[fields.SITE_FUNCTION]) == {PARK}
    # Hampstead Heath is given as 320 hectares by the City of London, which keeps it.
    assert found.loc["Hampstead Heath", fields.SITE_AREA_M2] == pytest.approx(3.2e6, rel=0.03)


def test_a_park_that_is_drawn_twice_counts_once(real: Path):
    """Parliament Square Garden comes as two equal rings: its area is that of one."""
    found = greenspace_sites.read(raw(real, "Greenspace.gpkg")).set_index(fields.SITE_NAME)
    assert found.loc["Parliament Square Garden", fields.SITE_AREA_M2] == pytest.approx(
        5465.23, abs=0.01
    )
    assert found.is_valid.all()


def test_sites_of_trafford(real: Path):
    """An extract in degrees without ids, once its columns are told."""
    name = "trafford_greenspace_sites.geojson"
    with pytest.raises(SchemaError, match="the file has: site_type, site_name"):
        greenspace_sites.read(raw(real, name))
    mapped = raw(real, name, function="site_type", distinctive_name_1="site_name")
    found = greenspace_sites.read(mapped)
    assert len(found) == 427
    assert found[fields.SITE_FUNCTION].value_counts()[PARK] == 37
    assert found[fields.SITE_ID].str.fullmatch(r"row \d+").all()
    # Dunham Massey and other lands of Trafford, a borough of 106 km2.
    assert 5e6 < found[fields.SITE_AREA_M2].sum() < 20e6


@pytest.mark.parametrize(
    ("name", "count", "on_foot"),
    [
        ("trafford_greenspace_access_points.geojson", 893, None),
        ("gm_greenspace_access_points.geojson", 9933, 7614),
    ],
)
def test_access_points_without_ids_or_sites(real: Path, name: str, count: int, on_foot: int | None):
    """Extracts that leave out the ids: all points come out, their sites missing."""
    found = greenspace_access_points.read(raw(real, name))
    assert len(found) == count
    assert found[fields.SITE_ID].isna().all()
    assert found[fields.ACCESS_POINT_ID].is_unique
    assert set(found.geom_type) == {"Point"}
    assert found.total_bounds[0] > 350_000
    assert found.total_bounds[3] < 422_000
    if on_foot:
        assert (found[fields.ACCESS_TYPE] == "Pedestrian").sum() == on_foot


def test_access_points_of_trafford_lie_at_its_sites(real: Path):
    """Almost every access point lies within 5 m of a site of the other extract."""
    points = greenspace_access_points.read(raw(real, "trafford_greenspace_access_points.geojson"))
    sites = greenspace_sites.read(
        raw(real, "trafford_greenspace_sites.geojson", function="site_type")
    )
    near = points.sjoin_nearest(sites, distance_col=fields.DISTANCE_M, how="left")
    nearest_m = near.groupby(fields.ACCESS_POINT_ID)[fields.DISTANCE_M].min()
    assert (nearest_m < 5).mean() > 0.95


def test_a_table_without_shapes(real: Path):
    """Parquet without geometry is not taken for sites."""
    with pytest.raises(SourceError, match="cannot be read"):
        greenspace_sites.read(raw(real, "osgsl_local.parquet"))
