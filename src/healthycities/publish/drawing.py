"""Maps and lines as pictures, of the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path as FilePath
from typing import IO, Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from healthycities.publish.classes import (
    Floats,
    Guideline,
    class_borders,
    class_labels,
    class_of,
    guideline_labels,
)

Target = FilePath | str | IO[bytes]

# Cividis reads the same with and without the common kinds of colour blindness, and in grey.
# Its dark end stands for high values, as print does.
PALETTE = "cividis_r"
MISSING_COLOUR = "#ffffff"
MISSING_HATCH = "/////"
MISSING_EDGE = "#8a8a8a"
BASE_COLOUR = "#e3e3e3"
OUTLINE_COLOUR = "#1a1a1a"
LINE_COLOUR = "#aab5bf"
NAMED_COLOUR = "#2f4256"
DARK_SUM = 1.5
"""A colour is dark whose red, green and blue, each from 0 to 1, have less than this sum."""
WHOLE_COLOUR = "#b3420a"
FINEST_SHARE = 1 / 2500
MARGIN_SHARE = 0.02
BAR_SHARE = 0.06
"""Height of the scale bar and its number, as a share of the map."""

SMALL_MAP_IN = (3.6, 3.6)
LARGE_MAP_IN = (5.2, 5.2)
"""Width of a map's part of a picture, and the greatest height of the map."""
LINES_IN = (4.0, 2.6)
LOWEST_MAP_IN = 1.0
POINTS_AN_INCH = 72
TITLE_PT = 10.0
PANEL_TITLE_PT = 8.5
LEGEND_PT = 8.0
LINE_SPACING = 1.25
LABEL_PT = 6.0
LABEL_SPACING = 1.1
LETTER_EM = 0.8
LABEL_WITHIN = 0.93
"""Share of a label that lies within its shape."""
GAP_PT = 5.0
HANDLE_EM = 1.8
HANDLE_GAP_EM = 0.8
COLUMN_GAP_EM = 2.0
MOST_NAMED = 5
"""So many lines are all named; of more, the highest and the lowest."""
NAME_PT = 7.0
NAME_WIDTH_IN = 1.25
LINES_AXIS_SHARE = 0.72
"""Height of the axes of lines as a share of their picture's."""
YEAR_LABEL_SHARE = 0.14
"""Share of the axis of years that one label takes."""
# Left, bottom, width and height as shares of the map: the North Sea, for a map of England.
INSET_PLACE = (0.70, 0.72, 0.36, 0.28)
STYLE: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": LEGEND_PT,
    "svg.hashsalt": "healthycities",
    "svg.fonttype": "path",
    "hatch.linewidth": 0.5,
    "hatch.color": MISSING_EDGE,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True)
class Panel:
    """One map of a picture.

    Parameters
    ----------
    title : what stands above it.
    shapes : polygons in metres.
    numbers : one for each shape, in the same order; NaN where missing.
    base : land below the shapes, shown where they leave it open.
    labels : a name for each shape, in the same order, written where it fits; none without.
    """

    title: str
    shapes: gpd.GeoSeries
    numbers: pd.Series
    base: gpd.GeoSeries | None = None
    labels: Sequence[str] = ()


@contextmanager
def _styled() -> Iterator[None]:
    style: Any = dict(STYLE)
    with mpl.rc_context(style):
        yield


def _save(figure: Figure, target: Target, file_format: str, dpi: int) -> None:
    """Write a picture without the date and the version that would change its bytes."""
    nothing: dict[str, dict[str, None]] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
    }
    figure.savefig(target, format=file_format, dpi=dpi, metadata=nothing[file_format])


def for_drawing(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return shapes without the detail that no picture can show; common edges stay common."""
    west, south, east, north = shapes.total_bounds
    # The square root of the area of the least triangle that is kept.
    tolerance_m = max(east - west, north - south) * FINEST_SHARE
    simple = shapely.coverage_simplify(shapes.to_numpy(), tolerance_m)
    return gpd.GeoSeries(simple, index=shapes.index, crs=shapes.crs)


def _paths(shapes: gpd.GeoSeries) -> list[Path]:
    """One path for each shape, its holes turning the other way than its edges."""
    turned = shapely.orient_polygons(shapes[~shapes.is_empty].to_numpy())
    return [_path(shape) for shape in turned]


def _path(shape: Any) -> Path:
    rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    return Path.make_compound_path(
        *(Path(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def colours(count: int) -> list[tuple[float, float, float, float]]:
    """Return the colours of ``count`` classes, from the lowest."""
    palette = mpl.colormaps[PALETTE]
    return [palette(place) for place in np.linspace(0.06, 1.0, count)]


def _fill(axes: Axes, panel: Panel, borders: Floats) -> None:
    classes = class_of(panel.numbers.to_numpy(dtype=float), borders)
    shades = colours(len(borders) - 1)
    for index in np.unique(classes):
        held = _paths(panel.shapes[classes == index])
        if index < 0:
            axes.add_collection(
                PathCollection(
                    held,
                    facecolor=MISSING_COLOUR,
                    edgecolor=MISSING_EDGE,
                    hatch=MISSING_HATCH,
                    linewidth=0.3,
                )
            )
        else:
            axes.add_collection(
                PathCollection(held, facecolor=shades[index], edgecolor="#ffffff", linewidth=0.25)
            )


def _outline(axes: Axes, outlines: gpd.GeoSeries, width: float) -> None:
    axes.add_collection(
        PathCollection(
            _paths(outlines), facecolor="none", edgecolor=OUTLINE_COLOUR, linewidth=width
        )
    )


def _map(axes: Axes, panel: Panel, borders: Floats, outlines: gpd.GeoSeries | None) -> None:
    if panel.base is not None:
        axes.add_collection(PathCollection(_paths(panel.base), color=BASE_COLOUR, linewidth=0.3))
    _fill(axes, panel, borders)
    if outlines is not None:
        _outline(axes, outlines, 0.7)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _bounds(panel: Panel) -> Floats:
    """Return west, south, east and north of all that a map shows, the land below included."""
    drawn = [panel.shapes] if panel.base is None else [panel.shapes, panel.base]
    return np.asarray(pd.concat(drawn).total_bounds)


def _frame(axes: Axes, bounds: Floats, margin_share: float = MARGIN_SHARE) -> None:
    west, south, east, north = bounds
    margin = margin_share * max(east - west, north - south)
    axes.set_xlim(west - margin, east + margin)
    axes.set_ylim(south - margin, north + margin)


def _scale_bar(axes: Axes, bounds: Floats, shapes: gpd.GeoSeries) -> None:
    """Draw a bar of a round number of kilometres, a fifth of the map's width or less.

    It stands at the lower right, where England leaves the most sea, or at the lower left where
    the shapes leave room for it there alone.
    """
    west, south, east, north = bounds
    room_km = (east - west) / 5000
    power = 10 ** np.floor(np.log10(room_km))
    length_m = 1000 * max(step * power for step in (1, 2, 5) if step * power <= room_km)
    high_m = BAR_SHARE * max(east - west, north - south)
    start = next(
        (
            start
            for start in (east - length_m, west)
            if not shapes.intersects(
                shapely.box(start, south, start + length_m, south + high_m)
            ).any()
        ),
        east - length_m,
    )
    axes.plot(
        [start, start + length_m], [south, south], color=OUTLINE_COLOUR, linewidth=1.4, zorder=4
    )
    axes.annotate(
        f"{length_m / 1000:g} km",
        (start + length_m / 2, south),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=7,
    )


def _handles(borders: Floats, *, missing: bool, base: bool) -> list[Patch]:
    pairs = zip(class_labels(borders), colours(len(borders) - 1), strict=True)
    handles = [
        Patch(facecolor=shade, edgecolor="#666666", linewidth=0.4, label=label)
        for label, shade in pairs
    ]
    if missing:
        handles.append(
            Patch(
                facecolor=MISSING_COLOUR,
                edgecolor=MISSING_EDGE,
                hatch=MISSING_HATCH,
                linewidth=0.4,
                label="no data",
            )
        )
    if base:
        handles.append(Patch(facecolor=BASE_COLOUR, label="elsewhere"))
    return handles


def draw_map(
    target: Target,
    panels: Sequence[Panel],
    *,
    title: str,
    unit: str,
    outlines: gpd.GeoSeries | None = None,
    guidelines: Sequence[Guideline] = (),
    inset: gpd.GeoSeries | None = None,
    compared: Floats | None = None,
    size_in: tuple[float, float] = SMALL_MAP_IN,
    file_format: str = "png",
    dpi: int = 150,
) -> None:
    """Draw maps side by side, with one legend for all of them.

    Parameters
    ----------
    target : path, or a buffer open for bytes.
    panels : the maps, at least one; all show the place of the first.
    title, unit : what the values are.
    outlines : borders drawn over the last map, such as those of the authorities.
    guidelines : become borders of classes where they lie among the values.
    inset : place that the last map shows a second time, enlarged.
    compared : the values of these maps and of those that they are to have their classes in common
        with; those of these maps where it is not given.
    size_in : width of each map's part of the picture, and the greatest height of a map.
    file_format : "png" or "svg".
    dpi : dots an inch of a PNG.
    """
    shown = pd.concat([panel.numbers for panel in panels]).to_numpy(dtype=float)
    borders = class_borders(
        shown if compared is None else compared, [one.value_ugm3 for one in guidelines]
    )
    bounds = _bounds(panels[0])
    panel_in, highest_in = size_in
    width_in = panel_in * len(panels)
    with _styled():
        heading = _wrapped(title, width_in, TITLE_PT, "bold")
        legend = _legend(
            borders,
            [unit, *guideline_labels(borders, guidelines)],
            width_in,
            missing=bool(np.isnan(shown).any()),
            base=any(panel.base is not None for panel in panels),
        )
        map_height_in = _map_height_in(bounds, panel_in, highest_in)
        height_in = map_height_in + _text_height_in(heading, legend)
        figure = Figure(figsize=(width_in, height_in))
        figure.set_layout_engine("constrained", h_pad=GAP_PT / POINTS_AN_INCH)
        places = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(places, panels, strict=True):
            _map(axes, panel, borders, outlines if panel is panels[-1] else None)
            _frame(axes, bounds)
            _label(axes, panel, borders, _metres_an_inch(bounds, panel_in, map_height_in))
            axes.set_title(panel.title, fontsize=PANEL_TITLE_PT, loc="left")
        _scale_bar(places[0], bounds, panels[0].shapes)
        if inset is not None:
            _enlarge(places[-1], panels[-1], borders, outlines, np.asarray(inset.total_bounds))
        figure.suptitle(heading, fontsize=TITLE_PT, fontweight="bold", x=0.01, ha="left")
        figure.legend(
            handles=legend.handles,
            title=legend.title,
            ncols=legend.columns,
            loc="outside lower left",
            frameon=False,
            alignment="left",
            handlelength=HANDLE_EM,
            handletextpad=HANDLE_GAP_EM,
            columnspacing=COLUMN_GAP_EM,
            title_fontsize=LEGEND_PT,
        )
        _save(figure, target, file_format, dpi)


def _metres_an_inch(bounds: Floats, width_in: float, height_in: float) -> float:
    west, south, east, north = bounds
    margins = 2 * MARGIN_SHARE * max(east - west, north - south)
    wide, high = east - west + margins, north - south + margins
    return float(max(wide / _room_in(width_in), high / height_in))


def _label(axes: Axes, panel: Panel, borders: Floats, metres_an_inch: float) -> None:
    """Write the name of each shape that has room for it, in dark on light and light on dark."""
    if not panel.labels:
        return
    classes = class_of(panel.numbers.to_numpy(dtype=float), borders)
    shades = colours(len(borders) - 1)
    for shape, name, index in zip(panel.shapes, panel.labels, classes, strict=True):
        place = _place_of_label(shape, name, metres_an_inch)
        if place is not None:
            x, y, text = place
            fill = shades[index] if index >= 0 else (1.0, 1.0, 1.0, 1.0)
            axes.text(
                x,
                y,
                text,
                fontsize=LABEL_PT,
                color="#ffffff" if sum(fill[:3]) < DARK_SUM else OUTLINE_COLOUR,
                ha="center",
                va="center",
                linespacing=LABEL_SPACING,
                zorder=4,
                # Borders and hatches would cross the letters.
                bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.3},
            )


def _place_of_label(
    shape: Any, name: str, metres_an_inch: float
) -> tuple[float, float, str] | None:
    """Return the middle of a name, and its lines, where it fits into a shape; else None."""
    room = max(shapely.get_parts(shape), key=lambda part: part.area)
    middles = [shapely.centroid(room), shapely.point_on_surface(room), _deepest(room)]
    for text in _broken(name):
        width_m, height_m = (metres_an_inch * side for side in _label_size_in(text))
        for middle in middles:
            x, y = middle.x, middle.y
            half_width, half_height = width_m / 2, height_m / 2
            box = shapely.box(x - half_width, y - half_height, x + half_width, y + half_height)
            if room.intersection(box).area >= LABEL_WITHIN * box.area:
                return x, y, text
    return None


def _deepest(shape: Any) -> Any:
    """Return the point of a shape that is farthest from its edge."""
    return shapely.get_point(shapely.maximum_inscribed_circle(shape), 0)


def _broken(name: str) -> list[str]:
    """Return a name in one line, in the two that are nearest in length, and in a line a word."""
    words = name.split()
    halves = [
        f"{' '.join(words[:count])}\n{' '.join(words[count:])}" for count in range(1, len(words))
    ]
    halved = sorted(halves, key=lambda text: max(map(len, text.split("\n"))))[:1]
    return list(dict.fromkeys([name, *halved, "\n".join(words)]))


def _label_size_in(text: str) -> tuple[float, float]:
    lines = text.split("\n")
    # The last line needs no room for what stands below its letters.
    height_pt = LABEL_PT * (LABEL_SPACING * (len(lines) - 1) + LETTER_EM)
    return max(_text_width_in(line, LABEL_PT) for line in lines), height_pt / POINTS_AN_INCH


@dataclass(frozen=True)
class _Legend:
    """What a legend shows, and in how many columns and rows."""

    handles: Sequence[Patch]
    title: str
    columns: int
    rows: int


def _legend(
    borders: Floats, lines: Sequence[str], width_in: float, *, missing: bool, base: bool
) -> _Legend:
    """Return the legend in the fewest rows that the width of the picture has room for.

    Parameters
    ----------
    lines : stand above the classes, wrapped where they are longer than the picture is wide.
    """
    handles = _handles(borders, missing=missing, base=base)
    labels = [str(handle.get_label()) for handle in handles]
    title = "\n".join(_wrapped(line, width_in, LEGEND_PT) for line in lines)
    for rows in range(1, len(labels)):
        columns = ceil(len(labels) / rows)
        if _legend_width_in(labels, columns) <= _room_in(width_in):
            return _Legend(handles, title, columns, rows)
    return _Legend(handles, title, 1, len(labels))


def _legend_width_in(labels: Sequence[str], columns: int) -> float:
    """Width of a legend, each column as wide as its widest label."""
    widest = [
        max(_text_width_in(label, LEGEND_PT) for label in column)
        for column in np.array_split(np.array(labels, dtype=object), columns)
    ]
    beside_em = columns * (HANDLE_EM + HANDLE_GAP_EM) + (columns - 1) * COLUMN_GAP_EM
    return sum(widest) + beside_em * LEGEND_PT / POINTS_AN_INCH


def _room_in(width_in: float) -> float:
    """Return the width that a text may have: the picture's, but for its margins."""
    return width_in - 2 * LEGEND_PT / POINTS_AN_INCH


def _text_width_in(text: str, size_pt: float, weight: str = "normal") -> float:
    font = FontProperties(family=STYLE["font.family"], weight=weight, size=size_pt)
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width_pt / POINTS_AN_INCH


def _wrapped(text: str, width_in: float, size_pt: float, weight: str = "normal") -> str:
    """Return a text in lines that are no wider than a picture, where its words allow it."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_width_in(longer, size_pt, weight) <= _room_in(width_in):
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _map_height_in(bounds: Floats, width_in: float, highest_in: float) -> float:
    """Return the height of a map that is as wide as its panel, or the height that is enough."""
    west, south, east, north = bounds
    margins = 2 * MARGIN_SHARE * max(east - west, north - south)
    shape = (north - south + margins) / (east - west + margins)
    return float(np.clip(_room_in(width_in) * shape, LOWEST_MAP_IN, highest_in))


def _text_height_in(heading: str, legend: _Legend) -> float:
    """Return the height of all that stands above and below the maps, with the space between."""
    above = TITLE_PT * len(heading.splitlines()) + PANEL_TITLE_PT
    below = LEGEND_PT * (len(legend.title.splitlines()) + 1.2 * legend.rows)
    return (LINE_SPACING * (above + below) + 6 * GAP_PT) / POINTS_AN_INCH


def _enlarge(
    axes: Axes, panel: Panel, borders: Floats, outlines: gpd.GeoSeries | None, bounds: Floats
) -> None:
    inner = axes.inset_axes(INSET_PLACE)
    _frame(inner, bounds, margin_share=0.03)
    (west, east), (south, north) = inner.get_xlim(), inner.get_ylim()
    # What lies outside would be cut off, but fill the file and take as long as the map itself.
    seen = panel.shapes.intersects(shapely.box(west, south, east, north))
    near = replace(panel, shapes=panel.shapes[seen], numbers=panel.numbers[seen.to_numpy()])
    _map(inner, near, borders, outlines)
    inner.spines[:].set_visible(True)
    inner.spines[:].set_linewidth(0.5)
    axes.indicate_inset_zoom(inner, edgecolor=OUTLINE_COLOUR, linewidth=0.5, alpha=0.8)


def draw_lines(
    target: Target,
    lines: pd.DataFrame,
    *,
    title: str,
    unit: str,
    wholes: Sequence[str] = (),
    file_format: str = "svg",
    dpi: int = 150,
) -> None:
    """Draw the values of each area by year, and name the highest and lowest at the right end.

    Parameters
    ----------
    lines : indexed by name of area, one column a year; NaN where missing.
    wholes : the areas that are set off from the others, such as England, and always named.
    """
    named = [*_highest_and_lowest(lines.drop(index=list(wholes))), *wholes]
    with _styled():
        figure = Figure(figsize=LINES_IN, layout="constrained")
        axes = figure.subplots()
        years = [int(year) for year in lines.columns]
        for name, values in lines.iterrows():
            lead, told = name in wholes, name in named
            axes.plot(
                years,
                values.to_numpy(dtype=float),
                color=_line_colour(str(name), named, wholes),
                linewidth=2.0 if lead else 1.2 if told else 0.8,
                marker="o",
                markersize=3.5 if lead else 2,
                zorder=3 if told else 2,
            )
        axes.set_xticks(_apart(years))
        axes.set_xticks(years, minor=True)
        axes.set_ylabel(unit)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
        axes.set_title(
            _wrapped(title, LINES_IN[0], PANEL_TITLE_PT), fontsize=PANEL_TITLE_PT, loc="left", x=0
        )
        _name_ends(axes, lines.loc[named, lines.columns[-1]].dropna(), years[-1], wholes)
        _save(figure, target, file_format, dpi)


def _line_colour(name: str, named: Sequence[str], wholes: Sequence[str]) -> str:
    if name in wholes:
        return WHOLE_COLOUR
    return NAMED_COLOUR if name in named else LINE_COLOUR


def _highest_and_lowest(lines: pd.DataFrame) -> list[str]:
    """Return the names of the lines that end highest and lowest; of all where they are few."""
    ends = lines[lines.columns[-1]].dropna()
    if len(ends) <= MOST_NAMED:
        return [str(name) for name in ends.index]
    return [str(ends.idxmax()), str(ends.idxmin())]


def _name_ends(axes: Axes, ends: pd.Series, year: int, wholes: Sequence[str]) -> None:
    """Write names beside the ends of their lines, moved apart where they would overlap.

    Parameters
    ----------
    ends : value of the last year, by name.
    """
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    scale_pt = LINES_AXIS_SHARE * LINES_IN[1] * POINTS_AN_INCH / (high - low)
    ordered = ends.sort_values(kind="stable")
    texts = [_wrapped(str(name), NAME_WIDTH_IN, NAME_PT) for name in ordered.index]
    heights = [LINE_SPACING * NAME_PT * len(text.splitlines()) for text in texts]
    wanted = [(float(value) - low) * scale_pt for value in ordered]
    placed = spread(wanted, heights)
    for name, text, value, at, place in zip(
        ordered.index, texts, ordered, wanted, placed, strict=True
    ):
        axes.annotate(
            text,
            (year, float(value)),
            xytext=(6, place - at),
            textcoords="offset points",
            va="center",
            fontsize=NAME_PT,
            color=WHOLE_COLOUR if name in wholes else NAMED_COLOUR,
            annotation_clip=False,
        )


def spread(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return the middles of labels in a column, as near as may be to where they are wanted.

    Labels that would overlap stand against each other as one block, whose mean is where the mean
    of theirs was wanted.

    Parameters
    ----------
    wanted : middles, ascending.
    heights : height of each label, in the same unit.
    """
    # Each block: the labels in it, and its lower edge.
    blocks: list[tuple[list[int], float]] = []
    for index in range(len(wanted)):
        members, low = [index], wanted[index] - heights[index] / 2
        while blocks and low < blocks[-1][1] + sum(heights[one] for one in blocks[-1][0]):
            members = blocks.pop()[0] + members
            low = _lower_edge(members, wanted, heights)
        blocks.append((members, low))
    return [
        low + sum(heights[one] for one in members[:place]) + heights[member] / 2
        for members, low in blocks
        for place, member in enumerate(members)
    ]


def _lower_edge(members: Sequence[int], wanted: Sequence[float], heights: Sequence[float]) -> float:
    """Return where a block of labels begins, so that they are as near as may be to their places."""
    above = np.cumsum([0.0, *(heights[one] for one in members)])
    edges = [
        wanted[one] - heights[one] / 2 - start
        for one, start in zip(members, above[:-1], strict=True)
    ]
    return float(np.mean(edges))


def _apart(years: Sequence[int]) -> list[int]:
    """Return the years that have room for their labels: the last, and others before it."""
    labelled = [years[-1]]
    for year in reversed(years):
        if labelled[-1] - year >= YEAR_LABEL_SHARE * (years[-1] - years[0]) > 0:
            labelled.append(year)
    return labelled[::-1]
