"""Regions, England outside authorities, and places of one's own, from files to results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely import box
from tests.workflow.conftest import Config, Run, Workplace, changed
from tests.workflow.test_rerun import PUBLISH, disturbed

from healthycities.geography.districts import known_districts

CASE = ["metric", "year", "sex", "age"]
LETTERS, HALVES = "letters.csv", "halves.gpkg"
EASTING_M = 430_000


@pytest.fixture(scope="module")
def run(checkout: Path, small: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of all England with two sets of places: all counts are published."""
    place = Workplace(tmp_path_factory.mktemp("places"), checkout)
    config = changed(
        small,
        {
            "authorities": "all",
            "years": [2023],
            "pollutants": ["pm25"],
            # All that the default has but distances along roads, which take the longest to draw.
            "metrics": [
                "air_quality",
                "attributable_deaths",
                "exposure_inequality",
                "greenspace_access",
                "greenspace_area",
                "greenspace_inequality",
                "healthy_life_expectancy",
                "life_expectancy",
                "ncd_mortality",
                "pm25_target_gain",
                "premature_mortality",
            ],
            "greenspace.standards": ["who_300m"],
            "burden.draws": 100,
            "disclosure": {"rule": "none"},
            "demo.scale": 0.03,
            "data_dir": "data",
            "places": {
                "letters": {"path": LETTERS, "title": "By first letter"},
                "halves": {"path": HALVES, "assign": "area"},
            },
        },
    )
    write_places(place.folder / "data", config["authorities_as_at"])
    outcome = place.run(config)
    assert outcome.code == 0, outcome.text
    return Run(place, config, outcome)


def write_places(data: Path, as_at: object) -> None:
    """Write districts by their first letters, and the halves of England, west and east."""
    data.mkdir(parents=True)
    districts = known_districts(pd.Timestamp(as_at).date())
    rows = [(code, name[0], f"Districts in {name[0]}") for code, name in districts.items()]
    frame = pd.DataFrame(rows, columns=["LAD25CD", "place_code", "place_name"])
    frame.to_csv(data / LETTERS, index=False)
    shapes = [box(0, 0, EASTING_M, 700_000), box(EASTING_M, 0, 700_000, 700_000)]
    columns = {"place_code": ["W", "E"], "place_name": ["West", "East"]}
    gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:27700").to_file(
        data / HALVES, driver="GPKG"
    )


@pytest.fixture(scope="module")
def measures(run: Run) -> pd.DataFrame:
    """Return the long table."""
    return pd.read_parquet(run.results / "measures.parquet")


def sums(measures: pd.DataFrame, column: str, *levels: str) -> pd.Series:
    """Return the sum of all areas of some levels of each measure; missing where one is."""
    rows = measures[measures["level"].isin(levels)]
    return rows.groupby(CASE)[column].apply(lambda numbers: numbers.sum(skipna=False))


@pytest.mark.parametrize("column", ["numerator", "denominator"])
@pytest.mark.parametrize(
    "levels", [("authority", "outside_authorities"), ("region",), ("letters",)], ids="-".join
)
def test_parts_make_up_england(measures: pd.DataFrame, levels: tuple[str, ...], column: str):
    """Every count of England that the parts have too is their sum, whichever way it is parted."""
    given = measures.loc[measures["level"].isin(levels), "metric"]
    england = sums(measures[measures["metric"].isin(given)], column, "england").dropna()
    found = sums(measures, column, *levels).reindex(england.index)
    assert len(england) >= 15
    np.testing.assert_allclose(found, england, rtol=1e-9)


def test_halves_divided_by_area_make_up_what_is_known_of_small_areas(measures: pd.DataFrame):
    """What small areas add up to is divided without loss, and says how much of it is estimated."""
    of_small_areas = set(measures.loc[measures["level"] == "small_area", "metric"])
    rows = measures[measures["metric"].isin(of_small_areas)]
    for column in ("numerator", "denominator"):
        found = sums(rows, column, "halves")
        np.testing.assert_allclose(found, sums(rows, column, "england"), rtol=1e-9)
    halves = rows[rows["level"] == "halves"]
    assert halves["estimated_share"].between(0.001, 0.2).all()
    assert halves["note"].str.contains("% of small areas divided by area").all()


def test_what_is_counted_by_district_is_null_where_a_district_is_cut(measures: pd.DataFrame):
    """Both halves cut districts: no deaths of theirs are known, and the note names the first."""
    deaths = measures[(measures["metric"] == "deaths_attributable_pm25")]
    halves = deaths[deaths["level"] == "halves"]
    assert len(halves) == 2
    assert halves[["value", "lower", "upper", "numerator", "denominator"]].isna().all(axis=None)
    assert halves["note"].str.contains("counted by district, and the place cuts E0").all()
    letters = deaths[deaths["level"] == "letters"]
    assert letters["value"].notna().all()


def test_every_metric_is_given_for_every_place(measures: pd.DataFrame):
    """What authorities have, places have, but for what is told of no place as small as a district.

    That is the further functions of attributable deaths.
    """
    of_authorities = set(measures.loc[measures["level"] == "authority", "metric"])
    kept = {name for name in of_authorities if not name.startswith("deaths_attributable_by_")}
    assert len(kept) < len(of_authorities)
    for level in ("letters", "halves"):
        assert set(measures.loc[measures["level"] == level, "metric"]) == kept
    for level in ("region", "outside_authorities"):
        assert set(measures.loc[measures["level"] == level, "metric"]) == of_authorities


def test_places_have_layers_of_their_own(run: Run):
    """With shapes: the union of listed districts, and outlines as they were given."""
    names = [name for name, _ in pyogrio.list_layers(run.package)]
    assert names[:6] == [
        *("authorities", "outside_authorities", "regions"),
        *("districts", "small_areas", "england"),
    ]
    assert names[6:9] == ["halves", "letters", "measures"]
    layers = {name: gpd.read_file(run.package, layer=name) for name in names[:8]}
    ground = layers["districts"].area.sum()
    for name in ("regions", "letters"):
        assert layers[name].area.sum() == pytest.approx(ground, rel=1e-9)
    both = layers["authorities"].area.sum() + layers["outside_authorities"].area.sum()
    assert both == pytest.approx(ground, rel=1e-9)
    assert len(layers["regions"]) == 9
    halves = layers["halves"].set_index("area_code")
    assert halves.loc["W", "geometry"].area == EASTING_M * 700_000
    assert halves["assigned_by"].eq("area").all()
    assert halves["ground_share"].between(0.1, 0.9).all()
    assert layers["letters"]["n_parts"].sum() == len(layers["small_areas"])


def test_the_source_of_places_is_told(run: Run):
    """By hash in the provenance, and in the dictionary beside the shapes."""
    told = json.loads((run.results / "provenance.json").read_text(encoding="utf-8"))
    own = {one["source"]: one for one in told["inputs"] if one["source"].startswith("places.")}
    assert set(own) == {"places.letters", "places.halves"}
    content = (run.place.folder / "data" / LETTERS).read_bytes()
    assert own["places.letters"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert own["places.letters"]["title"] == "By first letter"
    dictionary = pyogrio.read_dataframe(run.package, layer="dictionary")
    shapes = dictionary[dictionary["column"] == "geom"].set_index("layer")["source"]
    assert shapes["letters"] == "By first letter"
    assert shapes["halves"] == "Halves"


def test_a_changed_set_reruns_what_rests_on_it(run: Run):
    """The set is read and assigned again, and metrics computed; no other set, source or overlap."""
    assert run.place.plan(run.config).told == []
    file = run.place.folder / "data" / LETTERS
    with disturbed([file], lambda content: content.replace(b",W,", b",V,")):
        plan = run.place.plan(run.config)
    metrics = run.settings.chosen_metrics
    read = ["Reading places.letters", "Building places (threads: 1)", PUBLISH]
    computed = [told for told in plan.told if told not in read]
    assert sorted(plan.told) == sorted([*computed, *read])
    assert len(computed) == len(metrics)
    assert all(told.startswith("Computing ") for told in computed)


def test_a_set_that_is_wrong_stops_the_run_with_one_line(run: Run):
    """An unknown district of the list is named, with the nearest known one."""
    file = run.place.folder / "data" / LETTERS
    with disturbed([file], lambda content: content.replace(b"E08000003", b"E08000093")):
        outcome = run.place.run(run.config)
    assert outcome.code != 0
    (error,) = dict.fromkeys(outcome.errors)
    assert "E08000093' is unknown (nearest known: " in error
