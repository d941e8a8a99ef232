"""Values of one date, reported on the map of another, from files to results."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from tests.workflow.conftest import Config, Run, Workplace, changed

from healthycities.geography.districts import newer_districts
from healthycities.synthetic import SYNTHETIC

AS_AT = "2022-12-31"
PARTS = newer_districts(pd.Timestamp(AS_AT).date())
LOOKUP = "LSOA21_WD25_LAD25_EW_LU.csv"
DISTRICTS = "Local_Authority_Districts_May_2025_Boundaries_UK_BGC.gpkg"
SMALL_AREAS = "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC.gpkg"
BARNSLEY, BARNSLEY_OF_2022 = "E08000038", "E08000016"
CUMBERLAND = "E06000063"


@pytest.fixture(scope="module")
def today(checkout: Path, small: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of all England on today's map, of mortality alone."""
    config = changed(
        small,
        {
            "authorities": "all",
            "years": [2023],
            "metrics": ["ncd_mortality"],
            "pollutants": [],
            "disclosure": {"rule": "none"},
            "demo.scale": 0.03,
        },
    )
    place = Workplace(tmp_path_factory.mktemp("today"), checkout)
    outcome = place.run(config)
    assert outcome.code == 0, outcome.text
    return Run(place, config, outcome)


@pytest.fixture(scope="module")
def of_2022(today: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of the same deaths and people on the map of 2022.

    Its lookup and its boundaries are of 2022; deaths and people are by districts of 2025.
    """
    data = tmp_path_factory.mktemp("data")
    for file in today.raw.iterdir():
        shutil.copy2(file, data / file.name.replace(f"_{SYNTHETIC}", ""))
    lookup = lookup_of_2022(data / LOOKUP)
    boundaries_of_2022(data, lookup)
    census = pd.DataFrame({"LSOA21CD": lookup["LSOA21CD"], "All Ages": 1000})
    census.to_csv(data / "census.csv", index=False)
    paths = {
        "districts": DISTRICTS,
        "small_area_lookup": LOOKUP,
        "census_population": "census.csv",
        "small_areas": SMALL_AREAS,
        "population": "nomis_NM_2002_1_{year}.csv",
        "deaths": "nomis_NM_161_1_{year}.csv",
    }
    sources = {name: {"provider": "file", "path": path} for name, path in paths.items()}
    config = changed(
        today.config,
        {
            "run": "files_SYNTHETIC",
            "sources": sources,
            "authorities_as_at": AS_AT,
            "data_dir": str(data),
        },
    )
    place = Workplace(tmp_path_factory.mktemp("of_2022"), today.place.checkout)
    outcome = place.run(config)
    assert outcome.code == 0, outcome.text
    return Run(place, config, outcome)


def lookup_of_2022(file: Path) -> pd.DataFrame:
    """Change a lookup into one in which small areas of merged districts lie in their parts."""
    lookup = pd.read_csv(file, dtype=str)
    parts = pd.DataFrame(PARTS, columns=["new", "old"]).groupby("new")["old"].agg(list)
    place = lookup.groupby("LAD25CD").cumcount()
    lookup["LAD25CD"] = [
        parts[code][turn % len(parts[code])] if code in parts else code
        for code, turn in zip(lookup["LAD25CD"], place, strict=True)
    ]
    lookup.to_csv(file, index=False)
    return lookup


def boundaries_of_2022(data: Path, lookup: pd.DataFrame) -> None:
    """Write the districts of 2022, each the union of its small areas."""
    shapes = gpd.read_file(data / SMALL_AREAS)
    of = lookup.set_index("LSOA21CD")["LAD25CD"]
    shapes = shapes.assign(LAD25CD=shapes["LSOA21CD"].map(of))
    dissolved = shapes[["LAD25CD", "geometry"]].dissolve("LAD25CD").reset_index()
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        (data / DISTRICTS).unlink()
        dissolved.to_file(data / DISTRICTS, driver="GPKG")


def measured(run: Run) -> pd.DataFrame:
    """Return the rates for persons of all ages, by area."""
    rows = pd.read_parquet(run.results / "measures.parquet")
    chosen = (rows["sex"] == "persons") & (rows["age"] == "all ages")
    return rows[chosen].set_index("area_code")


def test_england_is_the_same_on_either_map(today: Run, of_2022: Run):
    """No death and nobody is lost on the way to other districts: one rate, with its interval."""
    numbers = ["value", "lower", "upper", "numerator", "denominator", "estimated_share"]
    now, then = (measured(run).loc["E92000001", numbers] for run in (today, of_2022))
    assert then.tolist() == pytest.approx(now.tolist())
    assert then["estimated_share"] == 0


def test_parts_of_a_district_add_up_to_it_and_say_that_they_are_estimated(today: Run, of_2022: Run):
    """Cumberland's deaths are those of its three parts, each of which is estimated as a whole."""
    parts = measured(of_2022).loc[[old for new, old in PARTS if new == CUMBERLAND]]
    whole = measured(today).loc[CUMBERLAND]
    assert len(parts) == 3
    assert parts["numerator"].sum() == pytest.approx(whole["numerator"])
    assert parts["denominator"].sum() == pytest.approx(whole["denominator"])
    assert (parts["estimated_share"] == 1).all()
    assert parts["note"].str.contains("100.0 % divided among areas by people").all()
    # Deaths and people are divided in one proportion, so that the rate is that of the whole.
    assert parts["value"].to_numpy() == pytest.approx(whole["value"])


def test_a_recoded_district_is_carried_back_whole(today: Run, of_2022: Run):
    """Barnsley of 2025 is Barnsley of 2022, and nothing of it is estimated."""
    then, now = measured(of_2022).loc[BARNSLEY_OF_2022], measured(today).loc[BARNSLEY]
    assert then["numerator"] == now["numerator"]
    assert then["estimated_share"] == 0
    assert BARNSLEY not in measured(of_2022).index


def test_every_other_district_is_as_on_the_map_of_today(today: Run, of_2022: Run):
    """What did not change is told with the same numbers on both maps."""
    now, then = (run[run["level"] == "district"] for run in (measured(today), measured(of_2022)))
    same = now.index.intersection(then.index)
    assert len(then) == 309
    assert len(same) == 309 - len(PARTS)
    numbers = ["value", "lower", "upper", "numerator", "denominator", "estimated_share"]
    pd.testing.assert_frame_equal(now.loc[same, numbers], then.loc[same, numbers])


def test_a_district_that_cannot_be_divided_is_told(of_2022: Run):
    """Without people to divide by, the first of the newer districts stops the run, by name."""
    sources = {k: v for k, v in of_2022.config["sources"].items() if k != "census_population"}
    outcome = of_2022.place.run({**of_2022.config, "sources": sources, "run": "undivided"})
    assert outcome.code != 0
    assert any("E06000063 Cumberland is newer: it came on 2023-04-01" in e for e in outcome.errors)
    assert any("sources.census_population" in error for error in outcome.errors)
