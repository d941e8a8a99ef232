from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from healthycities.publish.drawing import (
    MISSING_COLOUR,
    Panel,
    colours,
    draw_lines,
    draw_map,
    for_drawing,
)

SQUARES = gpd.GeoSeries(
    [shapely.box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(3)],
    index=["a", "b", "c"],
    crs="EPSG:27700",
)


def picture(values: list[float], **changes) -> bytes:
    """Draw three squares."""
    buffer = io.BytesIO()
    panel = Panel("Squares", SQUARES, pd.Series(values, index=SQUARES.index))
    draw_map(buffer, [panel], title="A title", unit="µg/m³", **changes)
    return buffer.getvalue()


def painted(content: bytes) -> set[tuple[int, ...]]:
    """Return the colours that cover more than a hundredth of a PNG."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    counts = image.getcolors(image.width * image.height)
    assert counts is not None
    return {colour for count, colour in counts if count > image.width * image.height / 100}


def rgb(shade: tuple[float, ...]) -> tuple[int, ...]:
    """Return a colour as PNG holds it."""
    return tuple(int(part * 255 + 0.5) for part in shade[:3])


def test_a_map_paints_each_class_in_its_colour():
    """Values of 0 and 10 are painted in the first and last of the five colours."""
    shades = colours(5)
    found = painted(picture([0.1, 9.9, 9.9]))
    assert {rgb(shades[0]), rgb(shades[-1])} <= found
    assert rgb(shades[2]) not in found


def test_a_missing_value_is_hatched_in_no_colour_of_a_class():
    """The square without a value is white under its hatch, and the legend says no data."""
    svg = picture([1.0, np.nan, 2.0], file_format="svg").decode()
    assert "<pattern" in svg
    assert f"fill: {MISSING_COLOUR}" in svg
    assert "<!-- no data -->" in svg
    whole = picture([1.0, 1.5, 2.0], file_format="svg").decode()
    assert "<pattern" not in whole
    assert "<!-- no data -->" not in whole


@pytest.mark.parametrize("file_format", ["svg", "png"])
def test_the_same_map_has_the_same_bytes(file_format: str):
    """Two drawings are equal, and neither tells when or by which program it was made."""
    first = picture([1.0, np.nan, 2.0], file_format=file_format)
    assert picture([1.0, np.nan, 2.0], file_format=file_format) == first
    assert b"dc:date" not in first
    assert b"Software" not in first


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    """The style of the pictures is not left behind."""
    before = dict(mpl.rcParams)
    picture([1.0, 2.0, 3.0])
    assert dict(mpl.rcParams) == before


def test_a_map_goes_to_a_file_too(tmp_path: Path):
    """A path is as good as a buffer."""
    panel = Panel("Squares", SQUARES, pd.Series([1.0, 2.0, 3.0], index=SQUARES.index))
    draw_map(tmp_path / "map.png", [panel], title="A title", unit="%", outlines=SQUARES)
    assert Image.open(tmp_path / "map.png").width > 400


def test_simplified_neighbours_still_share_their_edges():
    """A ragged common edge is drawn once, without gap or overlap."""
    ragged = [(0, 0)] + [(x, (x % 2000 == 1000)) for x in range(1000, 99_000, 1000)]
    lower = shapely.Polygon([*ragged, (99_000, 0), (99_000, -50_000), (0, -50_000)])
    upper = shapely.Polygon([*ragged, (99_000, 0), (99_000, 50_000), (0, 50_000)])
    simple = for_drawing(gpd.GeoSeries([lower, upper], crs="EPSG:27700"))
    assert shapely.coverage_is_valid(simple.to_numpy())
    assert shapely.get_num_coordinates(simple.to_numpy()).max() < 20


def test_lines_break_where_a_year_is_missing():
    """A year without a value leaves the line of one area and not that of the other."""
    lines = pd.DataFrame({2021: [1.0, 2.0], 2022: [np.nan, 3.0]}, index=["England", "A"])
    buffer = io.BytesIO()
    draw_lines(buffer, lines, title="A title", unit="%", whole="England")
    svg = buffer.getvalue().decode()
    assert "<!-- 2022 -->" in svg
    assert "<!-- England -->" not in svg
    other = io.BytesIO()
    draw_lines(other, lines.fillna(4.0), title="A title", unit="%", whole="England")
    assert "<!-- England -->" in other.getvalue().decode()
