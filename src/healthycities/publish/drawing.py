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
LINE_COLOUR = "#8796a5"
WHOLE_COLOUR = "#b3420a"
FINEST_SHARE = 1 / 2500
MARGIN_SHARE = 0.02

PANEL_WIDTH_IN = 3.6
HIGHEST_MAP_IN = 3.6
LOWEST_MAP_IN = 1.0
POINTS_AN_INCH = 72
TITLE_PT = 10.0
PANEL_TITLE_PT = 8.5
LEGEND_PT = 8.0
LINE_SPACING = 1.25
GAP_PT = 5.0
HANDLE_EM = 1.8
HANDLE_GAP_EM = 0.8
COLUMN_GAP_EM = 2.0
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
    """

    title: str
    shapes: gpd.GeoSeries
    numbers: pd.Series
    base: gpd.GeoSeries | None = None


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


def _frame(axes: Axes, bounds: Floats, margin_share: float = MARGIN_SHARE) -> None:
    west, south, east, north = bounds
    margin = margin_share * max(east - west, north - south)
    axes.set_xlim(west - margin, east + margin)
    axes.set_ylim(south - margin, north + margin)


def _scale_bar(axes: Axes, bounds: Floats) -> None:
    """Draw a bar of a round number of kilometres, a fifth of the map's width or less."""
    west, south, east, _ = bounds
    # At the lower right, where England leaves the most sea.
    room_km = (east - west) / 5000
    power = 10 ** np.floor(np.log10(room_km))
    length_km = max(step * power for step in (1, 2, 5) if step * power <= room_km)
    start, end = east - length_km * 1000, east
    axes.plot([start, end], [south, south], color=OUTLINE_COLOUR, linewidth=1.4)
    axes.annotate(
        f"{length_km:g} km",
        ((start + end) / 2, south),
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
    file_format: str = "png",
    dpi: int = 150,
) -> None:
    """Draw maps side by side, with one legend for all of them.

    Parameters
    ----------
    target : path, or a buffer open for bytes.
    panels : the maps, at least one.
    title, unit : what the values are.
    outlines : borders drawn over the last map, such as those of the authorities.
    guidelines : become borders of classes where they lie among the values.
    inset : place that the last map shows a second time, enlarged.
    file_format : "png" or "svg".
    dpi : dots an inch of a PNG.
    """
    everything = pd.concat([panel.numbers for panel in panels]).to_numpy(dtype=float)
    borders = class_borders(everything, [one.value_ugm3 for one in guidelines])
    bounds = np.asarray(panels[0].shapes.total_bounds)
    width_in = PANEL_WIDTH_IN * len(panels)
    with _styled():
        heading = _wrapped(title, width_in, TITLE_PT, "bold")
        legend = _legend(
            borders,
            [unit, *guideline_labels(borders, guidelines)],
            width_in,
            missing=bool(np.isnan(everything).any()),
            base=any(panel.base is not None for panel in panels),
        )
        height_in = _map_height_in(bounds) + _text_height_in(heading, legend)
        figure = Figure(figsize=(width_in, height_in))
        figure.set_layout_engine("constrained", h_pad=GAP_PT / POINTS_AN_INCH)
        places = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(places, panels, strict=True):
            over = outlines if panel is panels[-1] else None
            _map(axes, panel, borders, over)
            _frame(axes, bounds)
            axes.set_title(panel.title, fontsize=PANEL_TITLE_PT, loc="left")
        _scale_bar(places[0], bounds)
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


def _map_height_in(bounds: Floats) -> float:
    """Return the height of a map that is as wide as its panel, or the height that is enough."""
    west, south, east, north = bounds
    margins = 2 * MARGIN_SHARE * max(east - west, north - south)
    shape = (north - south + margins) / (east - west + margins)
    return float(np.clip(_room_in(PANEL_WIDTH_IN) * shape, LOWEST_MAP_IN, HIGHEST_MAP_IN))


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
    whole: str | None = None,
    file_format: str = "svg",
    dpi: int = 150,
) -> None:
    """Draw the values of each area by year.

    Parameters
    ----------
    lines : indexed by name of area, one column a year; NaN where missing.
    whole : the area that is set off from the others, such as England.
    """
    with _styled():
        figure = Figure(figsize=(3.5, 2.3), layout="constrained")
        axes = figure.subplots()
        years = [int(year) for year in lines.columns]
        for name, values in lines.iterrows():
            lead = name == whole
            axes.plot(
                years,
                values.to_numpy(dtype=float),
                color=WHOLE_COLOUR if lead else LINE_COLOUR,
                linewidth=2.0 if lead else 0.8,
                marker="o",
                markersize=3.5 if lead else 2,
                zorder=3 if lead else 2,
            )
            if lead and np.isfinite(values.iloc[-1]):
                _name_end(axes, str(name), years[-1], float(values.iloc[-1]))
        axes.set_xticks(_apart(years))
        axes.set_xticks(years, minor=True)
        axes.set_ylabel(unit)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
        axes.set_title(title, fontsize=8.5, loc="left", wrap=True)
        _save(figure, target, file_format, dpi)


def _apart(years: Sequence[int]) -> list[int]:
    """Return the years that have room for their labels: the last, and others before it."""
    labelled = [years[-1]]
    for year in reversed(years):
        if labelled[-1] - year >= YEAR_LABEL_SHARE * (years[-1] - years[0]) > 0:
            labelled.append(year)
    return labelled[::-1]


def _name_end(axes: Axes, name: str, year: int, value: float) -> None:
    axes.annotate(
        name,
        (year, value),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        color=WHOLE_COLOUR,
        annotation_clip=False,
    )
