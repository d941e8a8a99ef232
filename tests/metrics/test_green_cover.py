from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import SMALL_AREAS

from healthycities import tables
from healthycities.given import Given
from healthycities.io.raster_file import YearlyRaster
from healthycities.metrics import green_cover
from healthycities.metrics.measures import filled
from healthycities.publish.topics import topics

KEYS = {"green_cover.green_classes": [10, 30], "green_cover.ndvi_threshold": None}


def rows(areas, population, *, green_m2, with_data_m2, year_of_raster=None):
    """Return the rows of the metric by measure and area; each small area has 1,000 m²."""
    cover = pd.DataFrame(
        {
            "small_area_code": SMALL_AREAS,
            "zone_area_m2": 1000.0,
            "with_data_area_m2": with_data_m2,
            "green_area_m2": green_m2,
        }
    ).iloc[::-1]
    inputs = {
        "areas": areas,
        "small_area_population": population,
        "small_area_green_cover": cover,
        "land_cover": YearlyRaster(None, year_of_raster),
    }
    given = Given(inputs, KEYS, year=2022)
    parts = list(green_cover.compute(given, filled(green_cover.CARD, KEYS)))
    whole = pd.concat(parts, ignore_index=True)
    return tables.checked(whole, tables.MEASURES).set_index(["metric", "area_code"])


def test_shares_of_the_land_by_hand(areas, population):
    """Of Bolton's 2,000 m² 600 are green, 30 %; 40 % where people live.

    100 people have 10 % around them, 300 have 50 %.
    """
    found = rows(areas, population, green_m2=[100, 500, 0, 1000, 400], with_data_m2=[1000.0] * 5)
    land, homes = found.loc["green_cover_pct"], found.loc["green_cover_people_pct"]
    assert land["value"]["E08000001"] == pytest.approx(30)
    assert homes["value"]["E08000001"] == pytest.approx(40)
    assert land["value"][SMALL_AREAS[2]] == 0
    assert land["value"]["E47000001"] == pytest.approx(1600 / 40)
    assert land["value"]["E92000001"] == pytest.approx(2000 / 50)
    assert land["value"]["decile_01"] == pytest.approx(100 / 20)
    assert homes["value"]["E92000001"] == pytest.approx((160 + 400 + 400) / 20)
    assert land["covered_share"].eq(1).all()
    assert found["note"].isna().all()
    assert set(land["level"]) == set(green_cover.CARD.levels) - {"region", "place"}
    assert "small_area" not in set(homes["level"])


def test_land_without_data_is_in_neither_sum(areas, population):
    """Half of a small area has data, of which half is green: 50 %, resting on half; none is null.

    Bolton has 250 of 1,500 m²; Bury, off the raster, is null and never 0; its authority rests on
    Bolton, on 1,500 of 4,000 m².
    """
    found = rows(
        areas,
        population,
        green_m2=[250, 0, np.nan, np.nan, 1000],
        with_data_m2=[500, 1000, 0, 0, 1000.0],
    ).loc["green_cover_pct"]
    assert found["value"][SMALL_AREAS[0]] == 50
    assert found["note"][SMALL_AREAS[0]] == "rests on 50.0 % of the whole"
    assert found["value"]["E08000001"] == pytest.approx(100 * 250 / 1500)
    assert found["covered_share"]["E08000001"] == 0.75
    assert np.isnan(found["value"]["E08000002"])
    assert found["note"]["E08000002"] == "no data"
    assert found["covered_share"]["E08000002"] == 0
    authority = found.loc["E47000001"]
    assert authority["value"] == pytest.approx(100 * 250 / 1500)
    assert authority["note"] == "rests on 37.5 % of the whole"


def test_a_part_does_not_pass_for_england(areas, population):
    """With 2,500 of 5,000 m² known, England and its deciles are null and say why.

    Deciles of a part of England, which say so in their names, are given.
    """
    numbers = {
        "green_m2": [250, 0, np.nan, np.nan, 1000],
        "with_data_m2": [500, 1000, 0, 0, 1000.0],
    }
    found = rows(areas, population, **numbers)
    for code, share in (("E92000001", "50.0"), ("decile_01", "25.0")):
        row = found.loc[("green_cover_pct", code)]
        assert row[["value", "numerator", "denominator"]].isna().all()
        assert row["note"] == f"rests on {share} % of the whole; too little to speak for England"
    assert np.isnan(found["value"]["green_cover_people_pct", "E92000001"])
    assert found["value"]["green_cover_pct", "decile_10"] == pytest.approx(50)
    part = rows(areas.assign(all_england=False), population, **numbers)
    assert part["value"]["green_cover_pct", "decile_01"] == 50
    assert "england" not in set(part["level"])


def test_nearly_all_of_england_is_enough(areas, population):
    """Along the coast boundaries and rasters differ: 99 % will do, a little less will not."""
    green_m2, whole = [100, 100, 100, 100, 100.0], [1000.0] * 4
    for last_m2, given in ((950.0, True), (949.0, False)):
        found = rows(areas, population, green_m2=green_m2, with_data_m2=[*whole, last_m2])
        assert (not np.isnan(found["value"]["green_cover_pct", "E92000001"])) == given


def test_the_year_of_the_raster_is_said(areas, population):
    """A raster of 2021 is told beside every value of 2022, and one of the year itself is not."""
    numbers = {"green_m2": [1, 1, 1, 1, 1.0], "with_data_m2": [1000.0] * 5}
    older = rows(areas, population, **numbers, year_of_raster=2021)
    assert older["note"].eq("land cover of 2021").all()
    same = rows(areas, population, **numbers, year_of_raster=2022)
    assert same["note"].isna().all()


def test_districts_add_up_to_what_is_above_them(areas, population):
    """Numerators and denominators of districts are those of the authority and of England."""
    found = rows(
        areas,
        population,
        green_m2=[250, 13.7, 410.1, np.nan, 770],
        with_data_m2=[995, 1000, 998, 0, 1000.0],
    )
    for metric in ("green_cover_pct", "green_cover_people_pct"):
        for column in ("numerator", "denominator"):
            numbers = found[column][metric]
            parts = numbers["E08000001"] + numbers["E08000002"]
            assert numbers["E47000001"] == pytest.approx(parts, rel=1e-12)


def test_the_share_of_the_land_leads():
    """A map of green cover is of the land, and the one by people follows."""
    measures = {measure.name: measure for measure in filled(green_cover.CARD, KEYS).values()}
    (topic,) = topics(measures, measures)
    assert topic.headlines == ("green_cover_pct",)
    assert topic.measures == ("green_cover_pct", "green_cover_people_pct")
