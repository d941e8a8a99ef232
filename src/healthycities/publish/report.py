"""The report: one page that explains itself, for a reader without any tool but a browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from healthycities import catalogue, fields
from healthycities.catalogue import Measure
from healthycities.publish import layers
from healthycities.publish.assemble import Results
from healthycities.publish.classes import Guideline, guidelines
from healthycities.publish.dictionary import credits_used
from healthycities.publish.drawing import Panel, draw_lines, draw_map, for_drawing
from healthycities.publish.guide import Guide
from healthycities.publish.topics import COUNT, Topic, topics
from healthycities.settings import Settings
from healthycities.synthetic import SYNTHETIC

TEMPLATE = "report.html.jinja"
PICTURE = "svg"
MEDIA_TYPE = "image/svg+xml"
METHOD_CHANGED = ". The method changed between years: a difference may not be a trend"
MOST_COLUMNS = 8
FULLY_COVERED = 0.995
ENLARGED_SHARE = 1 / 5
"""A place is shown a second time where it is narrower than this share of the map."""


@dataclass(frozen=True)
class Cell:
    """One number of a table, as it is read."""

    text: str
    interval: str = ""
    partly: bool = False


@dataclass(frozen=True)
class Row:
    """One area of a table."""

    name: str
    cells: tuple[Cell, ...]
    has_mayor: bool = True
    whole: bool = False


@dataclass(frozen=True)
class Heading:
    """One column of a table."""

    title: str
    unit: str


@dataclass(frozen=True)
class Table:
    """A table of areas by measures, or by years."""

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture within the page, told in words too."""

    address: str
    alt: str
    caption: str
    wide: bool


@dataclass(frozen=True)
class Section:
    """One topic of the report."""

    title: str
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Shapes:
    """Shapes to draw, without needless detail, by area code."""

    districts: gpd.GeoSeries
    authorities: gpd.GeoSeries
    elsewhere: gpd.GeoSeries
    enlarged: gpd.GeoSeries | None


@dataclass(frozen=True, eq=False)
class Reader:
    """Looks up what the report says of a measure."""

    results: Results
    guide: Guide
    mayors: pd.Series

    @cached_property
    def _held(self) -> dict[tuple[str, str, int], pd.DataFrame]:
        """Rows for persons of each (level, measure, year), by area code, for all of its areas."""
        rows = self.results.measures
        shown = rows[(rows[fields.SEX] == "persons") & (rows[fields.LEVEL] != "small_area")]
        return {
            (level, name, int(year)): self._whole(group, level)
            for (level, name, year), group in shown.groupby(
                [fields.LEVEL, fields.METRIC, fields.YEAR]
            )
        }

    def _whole(self, rows: pd.DataFrame, level: str) -> pd.DataFrame:
        return rows.set_index(fields.AREA_CODE).reindex(self.results.names[level].index)

    def years(self, name: str) -> tuple[int, ...]:
        """Return the years of a measure at the level of the report, ascending."""
        return tuple(sorted(year for *of, year in self._held if of == [self.level, name]))

    def values(self, name: str, year: int, level: str) -> pd.DataFrame:
        """Return the rows of a measure for persons, by area code, for every area of the level.

        Parameters
        ----------
        level : any of `tables.LEVELS` but small_area, which the report does not show.
        """
        found = self._held.get((level, name, year))
        return self._whole(self.results.measures.iloc[:0], level) if found is None else found

    @property
    def level(self) -> str:
        """Level of the tables: authorities, or districts where the run has no authority."""
        return "authority" if len(self.results.names["authority"]) else "district"

    def names(self) -> list[str]:
        """Return the measures of the level of the report, sorted."""
        return sorted({name for level, name, _ in self._held if level == self.level})


def decimals_for(values: pd.Series) -> int:
    """Return how many decimals show the largest of some values with three figures or more."""
    largest = float(values.abs().max()) if values.notna().any() else 0.0
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2


def number(value: float, decimals: int) -> str:
    """Return a number as it is read in England."""
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-")


def _cell(row: Any, decimals: int) -> Cell:
    if pd.isna(row[fields.VALUE]):
        return Cell("no data")
    low, high = row[fields.LOWER], row[fields.UPPER]
    given = pd.notna(low) and pd.notna(high)
    interval = f"{number(low, decimals)} to {number(high, decimals)}" if given else ""
    share = row[fields.COVERED_SHARE]
    return Cell(number(row[fields.VALUE], decimals), interval, bool(share < FULLY_COVERED))


def _areas(reader: Reader) -> list[tuple[str, str, str]]:
    """Level, code and name of each row of a table: areas by name, England at the end."""
    names = reader.results.names
    areas = sorted((name, code) for code, name in names[reader.level].items())
    last = [("england", code, name) for code, name in names["england"].items()]
    return [(reader.level, code, name) for name, code in areas] + last


def _table(
    reader: Reader, caption: str, columns: Sequence[tuple[str, int]], headings: Sequence[Heading]
) -> Table:
    """Table of areas by (measure, year)."""
    held = {
        (level, column): reader.values(*column, level)
        for level in {level for level, _, _ in _areas(reader)}
        for column in columns
    }
    decimals = [decimals_for(held[reader.level, column][fields.VALUE]) for column in columns]
    rows = tuple(
        Row(
            name=name,
            cells=tuple(
                _cell(held[level, column].loc[code], places)
                for column, places in zip(columns, decimals, strict=True)
            ),
            has_mayor=bool(reader.mayors.get(code, True)),
            whole=level == "england",
        )
        for level, code, name in _areas(reader)
    )
    return Table(caption, tuple(headings), rows, _notes(reader, columns))


def _notes(reader: Reader, columns: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return what the rows of a table say of themselves, each once, after its measure."""
    said: dict[str, None] = {}
    for name, year in columns:
        notes = reader.values(name, year, reader.level)[fields.NOTE].dropna()
        for note in sorted(set(notes)):
            text = note.removeprefix(SYNTHETIC).removeprefix(". ")
            if text:
                said[f"{reader.guide.measures[name].title}, {year}: {text}"] = None
    return tuple(said)


def _heading(reader: Reader, name: str, year: int) -> Heading:
    measure = reader.guide.measures[name]
    return Heading(measure.title, f"{measure.unit}, {year}")


def _of_last_year(reader: Reader, caption: str, names: Iterable[str]) -> Table:
    columns = [(name, reader.years(name)[-1]) for name in names]
    return _table(reader, caption, columns, [_heading(reader, *column) for column in columns])


def _by_year(reader: Reader, title: str, names: Sequence[str]) -> list[Table]:
    """Return tables of the measures with several years: one for all where it is not too wide."""
    many = [name for name in names if len(reader.years(name)) > 1]
    columns = {name: [(name, year) for year in reader.years(name)] for name in many}
    if sum(len(held) for held in columns.values()) > MOST_COLUMNS:
        return [_years_of(reader, reader.guide.measures[name].title, [name]) for name in many]
    return [_years_of(reader, title, many)] if many else []


def _years_of(reader: Reader, title: str, names: Sequence[str]) -> Table:
    columns = [(name, year) for name in names for year in reader.years(name)]
    warnings = dict.fromkeys(_method_warning(reader, name) for name in names)
    caption = f"{title}: by year{''.join(warnings)}"
    return _table(reader, caption, columns, [_heading(reader, *column) for column in columns])


def _method_warning(reader: Reader, name: str) -> str:
    """Say that years are not to be compared where they were computed differently."""
    rows = reader.results.measures
    methods = rows.loc[rows[fields.METRIC] == name, fields.METHOD].nunique()
    return METHOD_CHANGED if methods > 1 else ""


def _as_address(content: bytes) -> str:
    return f"data:{MEDIA_TYPE};base64,{base64.b64encode(content).decode('ascii')}"


def _map_picture(reader: Reader, shapes: Shapes, name: str) -> Picture:
    measure, year = reader.guide.measures[name], reader.years(name)[-1]
    known = guidelines(name, measure)
    panels = _panels(reader, shapes, name, year)
    buffer = io.BytesIO()
    draw_map(
        buffer,
        panels,
        title=f"{measure.title}, {year}",
        unit=measure.unit,
        outlines=shapes.authorities,
        guidelines=known,
        inset=shapes.enlarged,
        file_format=PICTURE,
    )
    return Picture(
        _as_address(buffer.getvalue()),
        _map_alt(reader, name, year),
        _map_caption(measure, year, known),
        wide=len(panels) > 1,
    )


def _map_caption(measure: Measure, year: int, known: Sequence[Guideline]) -> str:
    said = f"{measure.title}, {year}, {measure.unit}; {measure.direction}. {measure.method}"
    compared = "; ".join(f"{one.value_ugm3:g} {measure.unit}: {one.source}" for one in known)
    return f"{said} To compare with: {compared}." if known else said


def _panels(reader: Reader, shapes: Shapes, name: str, year: int) -> list[Panel]:
    districts = reader.values(name, year, "district")[fields.VALUE]
    lower = Panel("Districts", shapes.districts, districts.reindex(shapes.districts.index))
    if not len(shapes.authorities):
        return [lower]
    values = reader.values(name, year, "authority")[fields.VALUE].reindex(shapes.authorities.index)
    base = None if shapes.elsewhere.empty else shapes.elsewhere
    upper = Panel("Authorities", shapes.authorities, values, base)
    return [upper, lower] if districts.notna().any() else [upper]


def _map_alt(reader: Reader, name: str, year: int) -> str:
    measure = reader.guide.measures[name]
    rows = reader.values(name, year, reader.level)
    values = rows[fields.VALUE].dropna()
    if not len(values):
        return f"Map of {measure.title} in {year}: no area has data."
    names = reader.results.names[reader.level]
    places = decimals_for(values)
    return (
        f"Map of {measure.title} in {year}, in {measure.unit}. Lowest: {names[values.idxmin()]}, "
        f"{number(values.min(), places)}. Highest: {names[values.idxmax()]}, "
        f"{number(values.max(), places)}. Without data: {len(rows) - len(values)} of {len(rows)} "
        "areas. All values are in the tables."
    )


def _trend_picture(reader: Reader, name: str) -> Picture | None:
    years = reader.years(name)
    if len(years) < 2:
        return None
    measure = reader.guide.measures[name]
    # England's count is the sum of the others and would flatten them.
    without = "england" if measure.statistic == COUNT else ""
    areas = [area for area in _areas(reader) if area[0] != without]
    lines = pd.DataFrame(
        {
            year: [
                reader.values(name, year, level)[fields.VALUE].loc[code] for level, code, _ in areas
            ]
            for year in years
        },
        index=[area for _, _, area in areas],
    )
    whole = next((area for level, _, area in areas if level == "england"), None)
    buffer = io.BytesIO()
    draw_lines(
        buffer, lines, title=measure.title, unit=measure.unit, whole=whole, file_format=PICTURE
    )
    said = f"{measure.title}, {years[0]} to {years[-1]}, {measure.unit}"
    return Picture(
        _as_address(buffer.getvalue()),
        f"Lines of {said}: one for each area. The values are in the table by year.",
        f"{said}. Each line is one area{_method_warning(reader, name)}.",
        wide=False,
    )


def _section(reader: Reader, shapes: Shapes, topic: Topic) -> Section:
    shown = tuple(dict.fromkeys((*topic.headlines, *topic.mapped)))
    trends = [_trend_picture(reader, name) for name in shown]
    maps = [_map_picture(reader, shapes, name) for name in topic.mapped]
    tables = _by_year(reader, topic.title, shown)
    if set(topic.measures) - set(shown):
        tables.insert(0, _of_last_year(reader, f"{topic.title}: all measures", topic.measures))
    pictures = (*maps, *(trend for trend in trends if trend is not None))
    return Section(topic.title, pictures, tuple(tables))


def shapes_to_draw(
    districts: gpd.GeoDataFrame, owner_column: str = fields.AUTHORITY_CODE
) -> Shapes:
    """Return the shapes of a report's maps.

    Parameters
    ----------
    districts : the layer of districts.
    owner_column : column with the code of each district's authority; missing where it has none.
    """
    by_code = districts.set_index(fields.AREA_CODE)
    simple = for_drawing(by_code.geometry)
    authorities = layers.unions(layers.multi(simple), by_code[owner_column])
    elsewhere = simple[by_code[owner_column].isna()]
    enlarged = _crowded(simple, authorities, by_code[owner_column])
    return Shapes(simple, authorities, elsewhere, enlarged)


def _crowded(
    districts: gpd.GeoSeries, authorities: gpd.GeoSeries, owners: pd.Series
) -> gpd.GeoSeries | None:
    """Return the authority whose districts are too small to be seen on the map, if there is one."""
    if len(authorities) < 2:
        return None
    code = str(districts.area.groupby(owners).mean().idxmin())
    west, south, east, north = authorities.loc[[code]].total_bounds
    whole = districts.total_bounds
    reach = max(whole[2] - whole[0], whole[3] - whole[1])
    small = max(east - west, north - south) < ENLARGED_SHARE * reach
    return authorities.loc[[code]] if small else None


def render(
    results: Results, frames: dict[str, gpd.GeoDataFrame], guide: Guide, settings: Settings
) -> str:
    """Return the report as one HTML page, with its pictures in it.

    Parameters
    ----------
    frames : the layers, by name.
    """
    facts = frames["authorities"].set_index(fields.AREA_CODE)[layers.MAYOR_IN_OFFICE]
    reader = Reader(results, guide, facts)
    shapes = shapes_to_draw(frames["districts"])
    found = topics(reader.names(), guide.measures)
    headlines = [name for topic in found for name in topic.headlines]
    environment = Environment(
        loader=PackageLoader(f"{catalogue.PACKAGE}.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        title="Health and environment of England's strategic authorities",
        run=settings.run_name,
        package=settings.geopackage_name,
        synthetic=settings.synthetic,
        as_at=f"{settings.authorities_as_at:%-d %B %Y}",
        years=results.years(),
        counts={level: len(names) for level, names in results.names.items()},
        overview=_of_last_year(reader, "Headline measures of the last year", headlines),
        sections=[_section(reader, shapes, topic) for topic in found],
        credits=credits_used(results, guide),
        missing_mayors=bool(len(facts)) and not bool(np.all(facts)),
    )
