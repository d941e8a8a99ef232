from __future__ import annotations

import io
import re
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from healthycities.publish.drawing import (
    MISSING_COLOUR,
    Panel,
    colours,
    draw_lines,
    draw_map,
    for_drawing,
    spread,
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


@pytest.mark.parametrize("below", [[0], [2], [0, 1, 2]])
def test_a_map_shows_its_shapes_and_the_land_below_them(below: list[int]):
    """Wherever the land below lies, the squares at both ends are painted whole."""
    lowest, highest = (rgb(colours(5)[end]) for end in (0, -1))
    buffer = io.BytesIO()
    land = SQUARES.iloc[below]
    panel = Panel("Squares", SQUARES.iloc[[0, 2]], pd.Series([0.1, 9.9], index=["a", "c"]), land)
    draw_map(buffer, [panel], title="A title", unit="µg/m³")
    pixels_of = Image.open(buffer).convert("RGB").getcolors(10**8) or []
    counts = {colour: count for count, colour in pixels_of}
    assert counts[lowest] == pytest.approx(counts[highest], rel=0.1)


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


def pixels(content: bytes) -> np.ndarray:
    """Return whether each pixel of a PNG is not white, rows x columns."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("L")) < 250


def longest_run(blank: np.ndarray) -> int:
    """Return the length of the longest run of true values."""
    runs = "".join("01"[int(one)] for one in blank).split("0")
    return max(len(run) for run in runs)


@pytest.mark.parametrize("height_m", [1000, 3000, 12_000])
def test_a_picture_is_as_high_as_its_shapes_need(height_m: int):
    """Whatever the shape of a place, no blank band of half an inch stands above or below it."""
    shapes = gpd.GeoSeries(
        [shapely.box(1000 * n, 0, 1000 * n + 1000, height_m) for n in range(3)], crs="EPSG:27700"
    )
    buffer = io.BytesIO()
    panel = Panel("Districts", shapes, pd.Series([1.0, 2.0, 3.0]))
    draw_map(buffer, [panel], title="A title", unit="%", dpi=100)
    inked = pixels(buffer.getvalue())
    assert longest_run(~inked.any(axis=1)) < 50
    assert inked.shape[0] < 5.2 * 100


def test_a_place_that_is_wider_than_high_fills_the_width():
    """Three squares in a row take more than 85 % of the picture's width."""
    inked = pixels(picture([1.0, 2.0, 3.0]))
    assert inked.sum(axis=1).max() > 0.85 * inked.shape[1]


def places(svg: str, labels: list[str]) -> list[tuple[float, float]]:
    """Return the left end and the base line of some texts of an SVG, in points."""
    found = [
        re.search(rf"<!-- {re.escape(label)} -->\s*<g [^>]*translate\(([\d.]+) ([\d.]+)\)", svg)
        for label in labels
    ]
    return [(float(match[1]), float(match[2])) for match in found if match]


@pytest.mark.parametrize(("panels", "rows"), [(1, 2), (2, 1)])
def test_a_legend_is_in_one_row_where_it_fits(panels: int, rows: int):
    """Classes and no data stand in one row below two maps, and in two below one."""
    values = pd.Series([0.0, np.nan, 10.0], index=SQUARES.index)
    buffer = io.BytesIO()
    drawn = [Panel(str(n), SQUARES, values) for n in range(panels)]
    draw_map(buffer, drawn, title="A title", unit="%", file_format="svg")
    svg = buffer.getvalue().decode()
    labels = [*re.findall(r"<!-- (\d+ to \d+) -->", svg), "no data"]
    assert len(labels) == 6
    found = places(svg, labels)
    assert len({base for _, base in found}) == rows
    assert max(left for left, _ in found) < 3.6 * 72 * panels - 20


def test_maps_that_are_compared_have_their_classes_in_common():
    """A map of values to 3 has the legend of the values to 10 that it is compared with."""
    compared = np.array([0.0, 3.0, 10.0])
    alone = picture([0.0, 1.0, 3.0], file_format="svg").decode()
    beside = picture([0.0, 1.0, 3.0], file_format="svg", compared=compared).decode()
    assert "<!-- 8 to 10 -->" in beside
    assert "<!-- 8 to 10 -->" not in alone


def test_a_shape_is_named_where_its_name_fits():
    """A short name fits into a square, one of two words in two lines, and a long word does not."""
    buffer = io.BytesIO()
    names = ["Bath", "Bristol and Somerset", "Llanfairpwllgwyngyllgogerychwyrn"]
    panel = Panel("Squares", SQUARES, pd.Series([1.0, 2.0, 3.0], index=SQUARES.index), labels=names)
    draw_map(buffer, [panel], title="A title", unit="%", file_format="svg")
    svg = buffer.getvalue().decode()
    assert "<!-- Bath -->" in svg
    assert "<!-- Bristol and\nSomerset -->" in svg or "<!-- Bristol and Somerset -->" in svg
    assert "Llanfair" not in svg


def test_nothing_is_cut_off_at_the_right():
    """A title and a unit of many words go on in another line: the last columns are white."""
    words = "people within a walk of an open greenspace of half a hectare or more, by district"
    buffer = io.BytesIO()
    panel = Panel("Squares", SQUARES, pd.Series([0.0, 5.0, 1e6], index=SQUARES.index))
    draw_map(buffer, [panel], title=words, unit=words)
    assert not pixels(buffer.getvalue())[:, -4:].any()


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
    draw_lines(buffer, lines, title="A title", unit="%", wholes=["England"])
    svg = buffer.getvalue().decode()
    assert "<!-- 2022 -->" in svg
    assert "<!-- England -->" not in svg
    other = io.BytesIO()
    draw_lines(other, lines.fillna(4.0), title="A title", unit="%", wholes=["England"])
    assert "<!-- England -->" in other.getvalue().decode()


def test_of_many_lines_the_highest_and_lowest_are_named():
    """Of ten lines the two that end farthest apart are named beside the whole, and no other."""
    lines = pd.DataFrame(
        {2021: np.arange(11.0), 2022: np.arange(11.0)[::-1]},
        index=["England", *(f"Area {n}" for n in range(10))],
    )
    lines.loc["England"] = 5.5
    buffer = io.BytesIO()
    draw_lines(buffer, lines, title="A title", unit="%", wholes=["England"])
    named = re.findall(r"<!-- (Area \d|England) -->", buffer.getvalue().decode())
    assert sorted(named) == ["Area 0", "Area 9", "England"]


def test_labels_that_would_overlap_are_moved_apart():
    """Two labels of 10 wanted at 0 and 4 stand at -3 and 7; a third at 30 stays."""
    assert spread([0, 4, 30], [10, 10, 10]) == [-3, 7, 30]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(1, 20)), max_size=8).map(
        lambda pairs: sorted(pairs)
    )
)
def test_no_labels_overlap(pairs: list[tuple[float, float]]):
    """Whatever the places wanted, labels stand above each other in their order."""
    heights = [height for _, height in pairs]
    placed = spread([place for place, _ in pairs], heights)
    edges = [(p - h / 2, p + h / 2) for p, h in zip(placed, heights, strict=True)]
    assert all(high <= low + 1e-6 for (_, high), (low, _) in pairwise(edges))


@pytest.mark.parametrize(
    ("years", "labelled"),
    [
        ([2021], [2021]),
        ([2021, 2022], [2021, 2022]),
        ([2003, 2004, 2005, 2006, 2007, 2008, 2010, 2011, 2012], [2004, 2006, 2008, 2010, 2012]),
        ([2001, 2019, 2020, 2021], [2001, 2021]),
    ],
)
def test_years_are_labelled_where_there_is_room(years: list[int], labelled: list[int]):
    """The last year is, and those before it that stand far enough from the next."""
    buffer = io.BytesIO()
    lines = pd.DataFrame({year: [1.0] for year in years}, index=["A"])
    draw_lines(buffer, lines, title="A title", unit="%")
    found = re.findall(r"<!-- (20\d\d) -->", buffer.getvalue().decode())
    assert found == [str(year) for year in labelled]


def test_an_inset_shows_what_lies_within_it_and_no_more():
    """Of a hundred squares an inset of one repeats it and its eight neighbours."""
    squares = gpd.GeoSeries(
        [
            shapely.box(x, y, x + 1000, y + 1000)
            for x in range(0, 10_000, 1000)
            for y in range(0, 10_000, 1000)
        ],
        crs="EPSG:27700",
    )
    shapes = {}
    for name, inset in (("with", squares.iloc[[55]]), ("without", None)):
        buffer = io.BytesIO()
        panel = Panel("Squares", squares, pd.Series(1.0, index=squares.index))
        draw_map(buffer, [panel], title="A title", unit="%", inset=inset, file_format="svg")
        shapes[name] = len(
            re.findall("stroke: #ffffff; stroke-width: 0.25", buffer.getvalue().decode())
        )
    assert shapes["without"] == 100
    assert shapes["with"] == 109
