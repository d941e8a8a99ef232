from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from healthycities import fields
from healthycities.errors import CrsError, SchemaError
from healthycities.geography.districts import known_districts
from healthycities.io.vector import REPAIR_TOLERANCE, read_geoparquet, write_geoparquet
from healthycities.overlaps.borders import MOST_SHARED
from healthycities.sources import districts, small_areas
from healthycities.sources.raw import Raw
from healthycities.spatial.borders import gaps, overlaps

AS_AT = date(2025, 5, 1)
KM2 = 1e6
# File, what it lacks, a date of its codes, and the number of English districts then.
VINTAGES = {
    "2016": ("*December_2016*.geojson", None, date(2016, 12, 31), 326),
    "2021": ("*December_2021*.topojson", "EPSG:27700", date(2021, 12, 31), 309),
    "2023": ("*May_2023*.topojson", "EPSG:4326", date(2023, 5, 31), 296),
    "2025": ("LAD_MAY_2025*.topojson", "EPSG:4326", date(2025, 5, 1), 296),
}
# Land to mean high water, as ONS gives it in its Standard Area Measurements.
ENGLAND_KM2 = 130_310
GREATER_MANCHESTER_KM2 = 1_276
LONDON_KM2 = 1_573


def boundaries(real: Path, pattern: str) -> tuple[Path, ...]:
    """Return the files of a pattern, sorted; there must be some."""
    paths = tuple(sorted((real / "boundaries").glob(pattern)))
    assert paths
    return paths


def read_districts(real: Path, vintage: str, as_at: date = AS_AT) -> gpd.GeoDataFrame:
    """Read the districts of a vintage as at a date."""
    pattern, crs, _, _ = VINTAGES[vintage]
    return districts.read(Raw(paths=boundaries(real, pattern), as_at=as_at, crs=crs))


def read_small_areas(real: Path, pattern: str, **columns: str) -> gpd.GeoDataFrame:
    """Read the small areas of all files of a pattern."""
    return small_areas.read(Raw(paths=boundaries(real, pattern), as_at=AS_AT, columns=columns))


@pytest.fixture(scope="module")
def of_2025(real: Path) -> gpd.GeoDataFrame:
    """Return the districts of May 2025."""
    return read_districts(real, "2025")


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_vintage_carries_to_the_296_districts_of_2025(real: Path, vintage: str):
    """Nine years of mergers and recodings end in the same codes, names and land."""
    found = read_districts(real, vintage)
    named = dict(zip(found[fields.DISTRICT_CODE], found[fields.DISTRICT_NAME], strict=True))
    assert named == known_districts(AS_AT)
    assert len(named) == 296
    assert found.is_valid.all()
    assert set(found.geom_type) == {"MultiPolygon"}
    assert found.area.sum() / KM2 == pytest.approx(ENGLAND_KM2, rel=4e-3)


@pytest.mark.parametrize("vintage", VINTAGES)
def test_a_vintage_at_its_own_date_keeps_its_districts_and_their_areas(real: Path, vintage: str):
    """As many districts as lived then, each of its raw area within the tolerance of repairs."""
    pattern, crs, day, count = VINTAGES[vintage]
    found = read_districts(real, vintage, day)
    assert len(found) == count
    given = pyogrio.read_dataframe(boundaries(real, pattern)[0])
    given = given.set_crs(crs, allow_override=True) if crs else given
    given = given.to_crs(27700).set_index(f"LAD{vintage[2:]}CD").loc[found["district_code"]]
    change = np.abs(found.area.to_numpy() / given.area.to_numpy() - 1)
    assert change.max() < REPAIR_TOLERANCE / 20


@pytest.mark.parametrize("vintage", ["2021", "2023"])
def test_merged_districts_have_the_land_of_later_files(
    real: Path, vintage: str, of_2025: gpd.GeoDataFrame
):
    """Cumberland from the file of 2021 is Cumberland of 2025, to within generalisation."""
    older = read_districts(real, vintage).geometry.to_numpy()
    newer = of_2025.geometry.to_numpy()
    assert (shapely.area(older) / shapely.area(newer)) == pytest.approx(1, abs=5e-3)
    apart = shapely.area(shapely.symmetric_difference(older, newer)) / shapely.area(newer)
    assert apart.max() < 0.03


@pytest.mark.parametrize("vintage", VINTAGES)
def test_published_districts_share_next_to_nothing(real: Path, vintage: str):
    """Overlaps are far below what is refused, and gaps are harbours: none is as wide as England."""
    found = read_districts(real, vintage)
    shapes = found.geometry.to_numpy()
    shared = overlaps(shapes)
    smaller = [min(shapely.area(shapes[[one.first, one.second]])) for one in shared]
    part = [one.area_m2 / area for one, area in zip(shared, smaller, strict=True)]
    assert max(part, default=0) < MOST_SHARED / 500
    assert sum(one.area_m2 for one in gaps(shapes)) / KM2 < ENGLAND_KM2 / 1000


def test_districts_that_were_merged_have_no_slits(real: Path):
    """North Yorkshire, made of seven districts, has no hole along their former borders."""
    found = read_districts(real, "2021").set_index(fields.DISTRICT_CODE).geometry
    holes = [len(part.interiors) for part in found["E06000065"].geoms]
    assert sum(holes) <= 1


@pytest.mark.parametrize(
    ("vintage", "guess"),
    [("2021", "EPSG:27700"), ("2023", "EPSG:4326"), ("2025", "EPSG:4326")],
)
def test_files_that_do_not_say_their_system(real: Path, vintage: str, guess: str):
    """The right line of the configuration is offered for metres as for degrees."""
    paths = boundaries(real, VINTAGES[vintage][0])
    with pytest.raises(CrsError, match=rf"does not say .*\({guess}\)\. .*`crs: {guess}`"):
        districts.read(Raw(paths=paths, as_at=AS_AT))


@pytest.mark.parametrize("vintage", ["2021", "2023", "2025"])
def test_the_wrong_system_is_refused(real: Path, vintage: str):
    """Metres said to be degrees, and degrees said to be metres."""
    pattern, right, _, _ = VINTAGES[vintage]
    wrong = ({"EPSG:27700", "EPSG:4326"} - {right}).pop()
    raw = Raw(paths=boundaries(real, pattern), as_at=AS_AT, crs=wrong)
    with pytest.raises(CrsError, match=rf"deny {wrong}.*`crs: {right}`"):
        districts.read(raw)


def test_districts_of_greater_manchester(real: Path, of_2025: gpd.GeoDataFrame):
    """An extract with columns of its own: ten districts, on the same land as the national file."""
    paths = boundaries(real, "gm_local_authority_generalised.geojson")
    with pytest.raises(SchemaError, match="the file has: area_code, area_name, lon, lat"):
        districts.read(Raw(paths=paths, as_at=AS_AT))
    found = districts.read(Raw(paths=paths, as_at=AS_AT, columns={"LAD23CD": "area_code"}))
    assert found["district_code"].tolist() == [f"E080000{n:02}" for n in range(1, 11)]
    national = of_2025.set_index("district_code").loc[found["district_code"]].geometry
    apart = shapely.symmetric_difference(found.geometry.to_numpy(), national.to_numpy())
    assert (shapely.area(apart) / found.area).max() < 0.01
    assert found.area.sum() / KM2 == pytest.approx(GREATER_MANCHESTER_KM2, rel=1e-3)


@pytest.mark.parametrize(
    ("pattern", "columns"),
    [
        ("gm_lsoa_generalised.geojson.gz", {"LSOA21CD": "area_code", "LSOA21NM": "area_name"}),
        ("lsoa21/E47000001.geojson.gz", {}),
    ],
)
def test_small_areas_of_greater_manchester(real: Path, pattern: str, columns: dict[str, Any]):
    """The 1,702 small areas of 2021 cover the county, from either publisher."""
    found = read_small_areas(real, pattern, **columns)
    assert len(found) == 1702
    assert found.is_valid.all()
    assert found.area.sum() / KM2 == pytest.approx(GREATER_MANCHESTER_KM2, rel=1e-3)


@pytest.mark.parametrize(("census", "count"), [("11", 4835), ("21", 4994)])
def test_small_areas_of_london(real: Path, of_2025: gpd.GeoDataFrame, census: str, count: int):
    """33 files of one borough each add up to London's small areas and to its boroughs' land."""
    found = read_small_areas(real, f"lsoa{census}/E09*.geojson.gz")
    assert len(found) == count
    assert found[fields.SMALL_AREA_CODE].is_monotonic_increasing
    boroughs = of_2025[of_2025["district_code"].str.startswith("E09")]
    assert len(boroughs) == 33
    assert found.area.sum() == pytest.approx(boroughs.area.sum(), rel=2e-3)
    assert found.area.sum() / KM2 == pytest.approx(LONDON_KM2, rel=1e-3)


def test_two_censuses_of_one_borough_are_refused(real: Path):
    """Most codes stayed from 2011 to 2021, and may not be read together."""
    with pytest.raises(SchemaError, match=r"lsoa21.*E01000001: .*lsoa11.* too"):
        read_small_areas(real, "lsoa[12]1/E09000001.geojson.gz")


def test_prepared_districts_come_back(of_2025: gpd.GeoDataFrame, tmp_path: Path):
    """Real shapes are written and read to the last bit, the same bytes each time."""
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        write_geoparquet(path, of_2025)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    found = read_geoparquet(paths[0])
    assert shapely.equals_identical(found.geometry.to_numpy(), of_2025.geometry.to_numpy()).all()
