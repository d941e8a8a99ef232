"""The whole chain on published files for Greater Manchester: who lives near a greenspace."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from tests.real.published_docs import documented
from tests.workflow.conftest import ROOT, Workplace

IMD = "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv.gz"


@pytest.fixture(scope="module")
def result(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the GeoPackage of the example configuration, run on the files in place."""
    name = "greater_manchester_greenspace"
    config = yaml.safe_load((ROOT / f"config/examples/{name}.yaml").read_text("utf-8"))
    folder = tmp_path_factory.mktemp("manchester")
    outcome = Workplace(folder, ROOT).run(config | {"data_dir": str(real)})
    assert outcome.code == 0, outcome.text
    return folder / f"results/{name}/healthycities_{name}.gpkg"


@pytest.fixture(scope="module")
def shares(result: Path) -> pd.DataFrame:
    """Return the rows of the share of people near a greenspace, by level and area."""
    rows = pd.read_parquet(result.with_name("measures.parquet"))
    assert set(rows["metric"]) == {"greenspace_any_300m_straight_pct"}
    return rows.set_index(["level", "area_code"]).sort_index()


@pytest.fixture(scope="module")
def homes(real: Path) -> pd.DataFrame:
    """Return small areas with people, decile and whether a point is near, found another way."""
    centroids = pd.read_csv(
        real / "population"
        "/Lower_Layer_Super_Output_Areas_December_2011_Population_Weighted_Centroids.csv"
    )
    imd = pd.read_csv(real / IMD, thousands=",").set_index("LSOA code (2011)")
    people = pd.read_csv(real / "mortality_population/population20_lsoa11.csv.gz")
    code = centroids["lsoa11cd"]
    centroids["district"] = code.map(imd["Local Authority District code (2019)"])
    centroids["decile"] = code.map(imd["Index of Multiple Deprivation (IMD) Decile"])
    centroids["people"] = code.map(people.set_index("lsoa11_code")["total_population"])
    inside = centroids[centroids["district"].between("E08000001", "E08000010")]
    places = gpd.GeoDataFrame(
        inside, geometry=gpd.points_from_xy(inside["X"], inside["Y"]), crs=27700
    )
    points = gpd.read_file(real / "greenspace/gm_greenspace_access_points.geojson").to_crs(27700)
    nearest = places.sjoin_nearest(points[["geometry"]], distance_col="metres")
    nearest = nearest.drop_duplicates("lsoa11cd").set_index("lsoa11cd")
    return nearest.assign(near=nearest["people"] * (nearest["metres"] <= 300))


def test_the_geopackage_holds_every_district_and_small_area(result: Path):
    """One authority, ten districts and 1,673 small areas have a share."""
    for layer, count in (("authorities", 1), ("districts", 10), ("small_areas", 1673)):
        places = gpd.read_file(result, layer=layer)
        assert len(places) == count
        assert places["greenspace_any_300m_straight_pct_2020"].between(0, 100).all()


def test_the_people_are_those_published(shares: pd.DataFrame):
    """Greater Manchester had 2,848,286 people in the middle of 2020, by every level."""
    for level in ("authority", "district", "deprivation_decile", "small_area"):
        assert shares.loc[level, "denominator"].sum() == 2_848_286


@pytest.mark.parametrize(
    ("level", "by"), [("district", "district"), ("deprivation_decile", "decile")]
)
def test_geopandas_finds_the_same_shares(
    shares: pd.DataFrame, homes: pd.DataFrame, level: str, by: str
):
    """People by nearest point, joined and summed with geopandas, give the same shares."""
    sums = homes.groupby(by)[["near", "people"]].sum()
    found = shares.loc[level]
    assert found["numerator"].tolist() == sums["near"].tolist()
    np.testing.assert_allclose(found["value"], 100 * sums["near"] / sums["people"], rtol=1e-12)


def test_the_tables_in_the_docs_are_true(shares: pd.DataFrame):
    """docs/examples.md holds the people and shares of every district and decile."""
    for level in ("district", "deprivation_decile", "authority"):
        for _, row in shares.loc[level].iterrows():
            expected = (
                f"{row['numerator']:,.0f}",
                f"{row['denominator']:,.0f}",
                f"{row['value']:.1f}",
            )
            assert documented(row["area_name"], "Greater Manchester: who") == list(expected)


def test_the_most_deprived_live_nearer(shares: pd.DataFrame):
    """In this extract, points of all sites count, and dense deprived places have more of them."""
    decile = shares.loc["deprivation_decile", "value"]
    assert len(decile) == 10
    assert decile["decile_01"] > decile["decile_10"]
    assert shares.loc[("authority", "E47000001"), "value"] == pytest.approx(83.27, abs=0.005)
