from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box
from tests.metrics.conftest import SMALL_AREAS, areas, population

from healthycities import catalogue, tables
from healthycities.given import Given
from healthycities.metrics.measures import filled

__all__ = ["areas", "population"]

PAGE = Path(__file__).resolve().parents[1] / "CONTRIBUTING.md"


def test_the_metric_of_the_page_works(
    areas: pd.DataFrame,
    population: pd.DataFrame,
    tmp_path: Path,
):
    """The file that the page shows has a card that is read, and gives 400 people on 8 km²."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "population_density.py"
    file.write_text(text, encoding="utf-8")
    card = catalogue.read_card(file)
    module: dict[str, object] = {}
    exec(compile(text, str(file), "exec"), module)
    squares = [box(n * 2000, 0, n * 2000 + 2000, 2000) for n in range(5)]
    places = gpd.GeoDataFrame({"small_area_code": SMALL_AREAS}, geometry=squares, crs=27700)
    inputs = {"areas": areas, "small_area_population": population, "small_areas": places}
    rows = pd.concat(module["compute"](Given(inputs, year=2022), filled(card, {})))  # type: ignore[operator]
    tables.checked(rows, tables.MEASURES)
    assert rows.set_index("area_code")["value"]["E08000001"] == pytest.approx(50)
