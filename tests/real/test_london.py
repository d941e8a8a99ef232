"""The whole chain on published files for Greater London: people's exposure to NOx by borough."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from tests.real.published_docs import documented
from tests.workflow.conftest import ROOT, Workplace

YEARS = (2003, 2004, 2005, 2006, 2007, 2008, 2010, 2011, 2012)


@pytest.fixture(scope="module")
def result(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the GeoPackage of the example configuration, run on the files in place."""
    config = yaml.safe_load((ROOT / "config/examples/london_nox.yaml").read_text("utf-8"))
    folder = tmp_path_factory.mktemp("london")
    outcome = Workplace(folder, ROOT).run(config | {"data_dir": str(real)})
    assert outcome.code == 0, outcome.text
    return folder / "results/london_nox/healthycities_london_nox.gpkg"


@pytest.fixture(scope="module")
def measures(result: Path) -> pd.DataFrame:
    """Return the long table of the result."""
    return pd.read_parquet(result.with_name("measures.parquet"))


def wide(measures: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return the means of one level, areas by years."""
    rows = measures[(measures["level"] == level) & (measures["metric"] == "nox_mean_ugm3")]
    return rows.pivot(index="area_code", columns="year", values="value")


def test_the_geopackage_holds_every_borough_and_year(result: Path):
    """One authority, 33 boroughs and 4,835 small areas carry a column for each of nine years."""
    for layer, count in (("authorities", 1), ("districts", 33), ("small_areas", 4835)):
        places = gpd.read_file(result, layer=layer)
        assert len(places) == count
        assert places.crs.to_epsg() == 27700
        assert {f"nox_mean_ugm3_{year}" for year in YEARS} <= set(places.columns)
        assert places.geometry.is_valid.all()
    layers = set(gpd.list_layers(result)["name"])
    assert {"measures", "dictionary"} <= layers
    assert "england" not in layers


def test_london_became_cleaner(measures: pd.DataFrame):
    """NOx fell in every borough from 2003 to 2012, and is highest in the City throughout."""
    boroughs = wide(measures, "district")
    assert boroughs.shape == (33, len(YEARS))
    assert (boroughs[2012] < boroughs[2003]).all()
    assert (boroughs.idxmax() == "E09000001").all()


def test_boroughs_add_up_to_the_authority(measures: pd.DataFrame):
    """The people, and people times µg/m³, of 33 boroughs and of 4,835 small areas are London's."""
    sums = measures.groupby(["level", "year"])[["numerator", "denominator"]].sum()
    for level in ("small_area", "district"):
        pd.testing.assert_frame_equal(sums.loc[level], sums.loc["authority"], rtol=1e-12)


def test_the_table_in_the_docs_is_true(measures: pd.DataFrame):
    """docs/examples.md holds the means of every borough and of London, to a tenth."""
    rows = measures[measures["level"].isin(["district", "authority"])]
    assert rows["area_name"].nunique() == 34
    for name, values in rows.sort_values("year").groupby("area_name")["value"]:
        assert documented(name, "London") == [f"{value:.1f}" for value in values]


def test_each_file_is_credited_for_what_it_is(result: Path):
    """The provenance names the products that the example says, with years that are theirs."""
    inputs = json.loads(result.with_name("provenance.json").read_text("utf-8"))["inputs"]
    products = {one["source"]: one["product"] for one in inputs}
    assert products["small_area_lookup"] == "English Indices of Deprivation 2019, file 1"
    assert products["small_areas"] == "Lower layer Super Output Areas of 2011, boundaries"
    assert products["districts"] == "London boroughs"
    assert len(inputs) == 9 + 33 + 3
    attributions = {one["attribution"] for one in inputs if one["source"] == "air_quality"}
    assert attributions == {
        "© Crown copyright 2003 to 2012 Defra via uk-air.defra.gov.uk, licensed under the Open "
        "Government Licence."
    }


def test_nothing_is_synthetic(measures: pd.DataFrame, result: Path):
    """A result of published files does not say that it is made up."""
    assert not measures["note"].str.contains("SYNTHETIC").any()
    assert "SYNTHETIC" not in result.with_name("report.html").read_text("utf-8")


def grid(real: Path, year: int) -> NumPyRasterSource:
    """Return a published grid as a raster, read here without the package."""
    table = pd.read_csv(real / f"air/london/london-mapnox{year}.csv", na_values="MISSING")
    x = np.arange(table["x"].min(), table["x"].max() + 1, 1000)
    y = np.arange(table["y"].max(), table["y"].min() - 1, -1000)
    values = table.pivot(index="y", columns="x", values=f"nox{year}").reindex(index=y, columns=x)
    edges = {"xmin": x[0] - 500, "xmax": x[-1] + 500, "ymin": y[-1] - 500, "ymax": y[0] + 500}
    return NumPyRasterSource(values.to_numpy(), **edges, nodata=np.nan)


def test_exactextract_gives_the_same_exposure(real: Path, measures: pd.DataFrame):
    """For 2010, a peer's means of the small areas, weighted here by people, are ours."""
    files = sorted((real / "boundaries/lsoa11").glob("E09*.geojson.gz"))
    areas = pd.concat([gpd.read_file(f"/vsigzip/{file}") for file in files]).to_crs(27700)
    areas["geometry"] = areas.geometry.make_valid()
    means = exact_extract(
        grid(real, 2010), areas, "mean", include_cols=["LSOA11CD", "LADCD_ACTIVE"], output="pandas"
    )
    people = pd.read_csv(
        real / "deprivation/File_6_-_IoD2019_Population_Denominators.csv.gz", thousands=","
    ).set_index("LSOA code (2011)")["Total population: mid 2015 (excluding prisoners)"]
    means["people"] = means["LSOA11CD"].map(people)
    known = means.dropna(subset="mean")
    total = (known["mean"] * known["people"]).groupby(known["LADCD_ACTIVE"]).sum()
    expected = total / known.groupby("LADCD_ACTIVE")["people"].sum()
    found = wide(measures, "district")[2010]
    np.testing.assert_allclose(found.loc[expected.index], expected, rtol=2e-6)
    small = wide(measures, "small_area")[2010].reindex(means["LSOA11CD"])
    np.testing.assert_allclose(small, means["mean"], rtol=2e-5)
