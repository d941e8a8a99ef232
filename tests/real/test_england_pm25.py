"""The whole chain on published files for England: PM2.5 of districts, and what is due to it."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from tests.real.published_docs import documented
from tests.workflow.conftest import ROOT, Workplace

YEARS = range(2015, 2022)
MEAN, FRACTION = "pm25_by_district_ugm3", "pm25_by_district_attributable_pct"
RISKS = {"value": 1.08, "lower": 1.06, "upper": 1.09}
NOT_PUBLISHED = {"E09000001": "City of London", "E06000053": "Isles of Scilly"}

NORTH_YORKSHIRE = [f"E0700016{n}" for n in range(3, 10)]
CUMBERLAND = ["E07000026", "E07000028", "E07000029"]
WESTMORLAND = ["E07000027", "E07000030", "E07000031"]
MADE_OF = {
    "North Yorkshire": NORTH_YORKSHIRE,
    "Cumberland": CUMBERLAND,
    "York and North Yorkshire Combined Authority": ["E06000014", *NORTH_YORKSHIRE],
    "Cumbria Combined Authority": [*CUMBERLAND, *WESTMORLAND],
}
"""Areas with districts that merged in 2023, and the districts of 2021 that they are made of."""

KEPT = {
    "E47000001": "Greater Manchester Combined Authority",
    "E47000004": "Liverpool City Region Combined Authority",
    "E47000007": "West Midlands Combined Authority",
    "E47000008": "Cambridgeshire and Peterborough Combined Authority",
}
"""Authorities that the published lookup of 2021 has, and whose districts did not change."""


@pytest.fixture(scope="module")
def result(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the GeoPackage of the example configuration, run on the files in place."""
    file = ROOT / "config/examples/england_pm25_fraction.yaml"
    config = yaml.safe_load(file.read_text("utf-8"))
    folder = tmp_path_factory.mktemp("england")
    outcome = Workplace(folder, ROOT).run(config | {"data_dir": str(real)})
    assert outcome.code == 0, outcome.text
    return folder / "results/england_pm25_fraction/healthycities_england_pm25_fraction.gpkg"


@pytest.fixture(scope="module")
def measures(result: Path) -> pd.DataFrame:
    """Return the long table of the result."""
    return pd.read_parquet(result.with_name("measures.parquet"))


@pytest.fixture(scope="module")
def published(real: Path) -> pd.DataFrame:
    """Return µg/m³ by district of 2021 and year, read here without the package."""
    table = pd.read_csv(real / "validation/england_health_index_indicators.csv.gz")
    air = table[table["indicator"] == "Air pollution"]
    return air.pivot(index="ltla21_code", columns="year", values="value")


@pytest.fixture(scope="module")
def people(real: Path) -> pd.DataFrame:
    """Return people of all ages and at 30 and over by district of 2021, in mid-2020."""
    table = pd.read_csv(real / "mortality_population/population20_ltla21.csv.gz")
    table = table.set_index("ltla21_code")
    older = table[[*map(str, range(30, 90)), "90+"]].sum(axis=1)
    return pd.DataFrame({"all": table["total_population"], "older": older})


@pytest.fixture(scope="module")
def parts(real: Path, published: pd.DataFrame) -> dict[str, list[str]]:
    """Return the published districts of 2021 that some larger areas are made of, by name."""
    lookup = pd.read_csv(real / "lookups/lookup_ltla21_cauth21.csv")
    of_2021 = lookup.groupby("cauth21_code")["ltla21_code"].apply(list)
    return {
        **MADE_OF,
        **{name: of_2021[code] for code, name in KEPT.items()},
        "Greater London Authority": [code for code in published.index if code.startswith("E09")],
        "England": list(published.index),
    }


def fraction(ugm3: pd.DataFrame, rr: float) -> pd.DataFrame:
    """Return the fraction by its published formula, in %."""
    return 100 * (1 - rr ** (-ugm3 / 10))


def weighed(values: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Return the mean of districts by their people, for each year."""
    return values.mul(weights, axis=0).sum() / weights.sum()


def wide(measures: pd.DataFrame, metric: str, column: str, by: str) -> pd.DataFrame:
    """Return one measure, areas by years."""
    rows = measures[measures["metric"] == metric]
    return rows.pivot(index=by, columns="year", values=column)


def test_no_authority_and_no_year_is_missing(measures: pd.DataFrame):
    """20 authorities and England have both measures in seven years; two districts have none."""
    for metric in (MEAN, FRACTION):
        rows = measures[measures["metric"] == metric]
        assert set(rows["year"]) == set(YEARS)
        counts = rows.groupby(["level", "year"])["value"].agg(["size", "count"])
        wanted = {"authority": [20, 20], "district": [296, 294], "england": [1, 1]}
        for level, pair in wanted.items():
            assert counts.loc[level].drop_duplicates().to_numpy().tolist() == [pair]
    lost = measures[measures["value"].isna()]
    assert dict(zip(lost["area_code"], lost["area_name"], strict=True)) == NOT_PUBLISHED
    assert set(lost.loc[lost["year"] != 2020, "note"]) == {"people of 2020; no data"}
    assert set(lost.loc[lost["year"] == 2020, "note"]) == {"no data"}


def test_the_geopackage_has_no_layer_of_small_areas(result: Path):
    """Districts are the smallest areas of a run that is given no small areas."""
    assert set(gpd.list_layers(result)["name"]) == {
        "authorities",
        "outside_authorities",
        "regions",
        "districts",
        "england",
        "measures",
        "authority_years",
        "dictionary",
    }


def test_the_years_before_a_mayor_are_told(result: Path):
    """Of 2015 to 2021 the West Midlands stood since 2016, had a mayor since 2017, London always."""
    table = gpd.read_file(result, layer="authority_years")
    assert len(table) == 20 * 7
    one = table[table["area_code"] == "E47000007"].set_index("year")
    assert one.index[one["stands"]].tolist() == list(range(2016, 2022))
    assert one.index[one["mayor_in_office"]].tolist() == list(range(2017, 2022))
    assert table.loc[table["area_code"] == "E61000001", "mayor_in_office"].all()
    assert len(gpd.read_file(result, layer="authorities")) == 20


def test_districts_that_did_not_change_keep_their_published_mean(
    measures: pd.DataFrame, published: pd.DataFrame
):
    """All but the 20 districts that have new codes have their values, and the formula's."""
    means = wide(measures, MEAN, "value", "area_code")
    same = means.index.intersection(published.index)
    changed = published.index.difference(means.index)
    assert (len(same), len(changed)) == (288, 19)
    np.testing.assert_allclose(means.loc[same], published.loc[same], rtol=1e-12)
    for column, rr in RISKS.items():
        found = wide(measures, FRACTION, column, "area_code").loc[same]
        np.testing.assert_allclose(found, fraction(published.loc[same], rr), rtol=1e-9)


def test_larger_areas_by_hand(
    measures: pd.DataFrame,
    published: pd.DataFrame,
    people: pd.DataFrame,
    parts: dict[str, list[str]],
):
    """Merged districts, seven authorities and England are what the raw files give, each year."""
    means = wide(measures, MEAN, "value", "area_name")
    for name, codes in parts.items():
        ugm3, weights = published.loc[codes], people.loc[codes]
        np.testing.assert_allclose(means.loc[name], weighed(ugm3, weights["all"]), rtol=1e-9)
        for column, rr in RISKS.items():
            found = wide(measures, FRACTION, column, "area_name").loc[name]
            expected = weighed(fraction(ugm3, rr), weights["older"])
            np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_air_became_cleaner(measures: pd.DataFrame):
    """From 2015 to 2021 PM2.5 and its share of mortality fell in England; London's are highest."""
    for metric in (MEAN, FRACTION):
        values = wide(measures, metric, "value", "area_name")
        assert values.loc["England", 2021] < values.loc["England", 2015]
        authorities = measures.loc[measures["level"] == "authority", "area_name"].unique()
        assert (values.loc[authorities].idxmax() == "Greater London Authority").all()


def test_the_table_in_the_docs_is_true(measures: pd.DataFrame):
    """docs/examples.md holds every authority and England in three of the years, to a tenth."""
    rows = measures[measures["level"].isin(["authority", "england"])]
    assert rows["area_name"].nunique() == 21
    for name, of_area in rows.groupby("area_name"):
        held = of_area.set_index(["metric", "year"])
        expected = []
        for year in (2015, 2018, 2021):
            low, high = held.loc[(FRACTION, year), ["lower", "upper"]]
            expected.append(f"{held.loc[(MEAN, year), 'value']:.1f}")
            expected.append(f"{held.loc[(FRACTION, year), 'value']:.1f} ({low:.1f} to {high:.1f})")
        assert documented(str(name), "England: PM2.5") == expected


def test_each_file_is_credited_for_what_it_is(result: Path):
    """Three files, each once, and no one year is put to the one that holds seven."""
    inputs = json.loads(result.with_name("provenance.json").read_text("utf-8"))["inputs"]
    told = {one["source"]: (one["product"], one["year"]) for one in inputs}
    assert len(inputs) == 3
    assert told == {
        "district_pm25": ("Health Index for England, indicator Air pollution", None),
        "districts": (
            "Local Authority Districts Boundaries (UK) of May 2025, generalised (BGC)",
            2025,
        ),
        "population": ("Mid-year population estimates by districts of 2021", 2020),
    }


def test_nothing_is_synthetic(measures: pd.DataFrame, result: Path):
    """A result of published files does not say that it is made up."""
    assert not measures["note"].str.contains("SYNTHETIC").any()
    assert "SYNTHETIC" not in result.with_name("report.html").read_text("utf-8")
