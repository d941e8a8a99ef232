"""The report: one page that explains itself, for a reader without any tool but a browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from healthycities import catalogue, fields
from healthycities.catalogue import Measure
from healthycities.geography.register import Register
from healthycities.level_names import ENGLAND, LAYERS, OUTSIDE_AUTHORITIES, REGION
from healthycities.metrics.rows import NOTE_SEPARATOR
from healthycities.publish import layers
from healthycities.publish.assemble import Results
from healthycities.publish.authority_years import authority_years, without_mayor
from healthycities.publish.border_faults import said
from healthycities.publish.classes import Guideline, guidelines
from healthycities.publish.dictionary import credits_used
from healthycities.publish.disclose import WITHHELD
from healthycities.publish.drawing import (
    LARGE_MAP_IN,
    SMALL_MAP_IN,
    Panel,
    draw_lines,
    draw_map,
    for_drawing,
)
from healthycities.publish.guide import Guide
from healthycities.publish.topics import COUNT, Topic, topics
from healthycities.publish.wording import (
    DIRECTIONS,
    counted,
    listed,
    period_said,
    split_name,
    split_titles,
    years_said,
)
from healthycities.settings import Settings
from healthycities.synthetic import SYNTHETIC

TEMPLATE = "report.html.jinja"
PICTURE = "svg"
MEDIA_TYPE = "image/svg+xml"
FEW_AUTHORITIES = 3
"""Of so many authorities, or fewer, the districts are told one by one."""
MOST_NAMED_AREAS = 4
METHOD_CHANGED = ". The method changed between years: a difference may not be a trend"
POINTS_OF_YEARS = ". Each point is of several years, and stands at the last of them"
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
    """One area of a table.

    Parameters
    ----------
    name, rest : the name, and the words of its kind, which a small screen leaves out.
    whole : whether it is set off, as the sum of others.
    within : whether it belongs to the row set off above it.
    """

    name: str
    rest: str
    cells: tuple[Cell, ...]
    has_mayor: bool = True
    whole: bool = False
    within: bool = False


@dataclass(frozen=True)
class Heading:
    """One column of a table; a small screen leaves out the rest of its title."""

    title: str
    unit: str
    rest: str = ""


@dataclass(frozen=True)
class Table:
    """A table of areas by measures, or by years."""

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """A picture within the page, told in words too."""

    address: str
    alt: str


@dataclass(frozen=True)
class Picture:
    """Images side by side, or one below the other where there is no room, with their caption.

    Parameters
    ----------
    kind : "large" map, "pair" or "row" of small ones, or "lines".
    """

    images: tuple[Image, ...]
    caption: str
    kind: str


@dataclass(frozen=True)
class Area:
    """One row of the tables, or one line of a picture."""

    level: str
    code: str
    name: str
    whole: bool = False
    within: bool = False


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
    def owners(self) -> pd.Series:
        """Code of the authority of each district, by its code; missing where it has none."""
        areas = self.results.areas.drop_duplicates(fields.DISTRICT_CODE)
        return areas.set_index(fields.DISTRICT_CODE)[fields.AUTHORITY_CODE]

    @property
    def few(self) -> bool:
        """Whether the authorities are so few that their districts are told too."""
        return 0 < len(self.results.names["authority"]) <= FEW_AUTHORITIES

    def groups(self) -> list[tuple[str | None, list[str]]]:
        """Return each authority, by name, with its districts, by name; None has those in none."""
        names = self.results.names
        districts = names["district"].sort_values(kind="stable").index
        owners = self.owners.reindex(districts)
        found: list[tuple[str | None, list[str]]] = [
            (code, list(districts[owners == code]))
            for code in names["authority"].sort_values(kind="stable").index
        ]
        left = list(districts[owners.isna()])
        return [*found, (None, left)] if left else found

    @cached_property
    def _held(self) -> dict[tuple[str, str, int], pd.DataFrame]:
        """Shown rows of each (level, measure, year), by area code, for all of its areas."""
        rows = self.results.shown
        shown = rows[rows[fields.LEVEL] != "small_area"]
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

    def period(self, name: str, year: int) -> str:
        """Return the years that a number rests on, such as ``2023`` or ``2021 to 2023``."""
        return period_said(self.results.first_years.get((name, year), year), year)

    def periods(self, cases: Sequence[tuple[str, int]]) -> str:
        """Return those of (measure, year); single years that follow one another as one span."""
        single = all(self.period(*case) == str(case[1]) for case in cases)
        told = dict.fromkeys(self.period(*case) for case in cases)
        return years_said(year for _, year in cases) if single else " and ".join(told)

    def values(self, name: str, year: int, level: str) -> pd.DataFrame:
        """Return the shown rows of a measure, by area code, for every area of the level.

        Parameters
        ----------
        level : any of `Levels.names` but small_area, which the report does not show.
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
        return Cell("withheld" if WITHHELD in str(row[fields.NOTE]) else "no data")
    low, high = row[fields.LOWER], row[fields.UPPER]
    given = pd.notna(low) and pd.notna(high)
    interval = f"{number(low, decimals)} to {number(high, decimals)}" if given else ""
    partly = row[fields.COVERED_SHARE] < FULLY_COVERED or row[fields.ESTIMATED_SHARE] > 0
    return Cell(number(row[fields.VALUE], decimals), interval, bool(partly))


def _areas(reader: Reader) -> list[Area]:
    """Return the rows of a table: areas by name, then what is outside of them, England at the end.

    Few authorities have their districts below them.
    """
    names = reader.results.names
    last = [
        Area(level, code, name, whole=True)
        for level in (OUTSIDE_AUTHORITIES, ENGLAND)
        for code, name in names[level].items()
    ]
    if reader.few:
        return [area for group in reader.groups() for area in _group(reader, *group)] + last
    return _of_level(reader, reader.level) + last


def _group(reader: Reader, owner: str | None, members: Iterable[str]) -> list[Area]:
    names = reader.results.names
    districts = [
        Area("district", code, names["district"][code], within=owner is not None)
        for code in members
    ]
    if owner is None:
        return districts
    return [Area("authority", owner, names["authority"][owner], whole=True), *districts]


def _of_level(reader: Reader, level: str) -> list[Area]:
    """Return the areas of one level, by name."""
    areas = sorted((name, code) for code, name in reader.results.names[level].items())
    return [Area(level, code, name) for name, code in areas]


def _table(
    reader: Reader,
    areas: Sequence[Area],
    caption: str,
    columns: Sequence[tuple[str, int]],
    headings: Sequence[Heading],
) -> Table:
    """Table of areas by (measure, year)."""
    held = {
        (level, column): reader.values(*column, level)
        for level in dict.fromkeys(area.level for area in areas)
        for column in columns
    }
    decimals = [
        decimals_for(reader.values(*column, reader.level)[fields.VALUE]) for column in columns
    ]
    rows = tuple(
        Row(
            *split_name(area.name),
            cells=tuple(
                _cell(held[area.level, column].loc[area.code], places)
                for column, places in zip(columns, decimals, strict=True)
            ),
            has_mayor=bool(reader.mayors.get(area.code, True)),
            whole=area.whole,
            within=area.within,
        )
        for area in areas
    )
    return Table(caption, tuple(headings), rows, _notes(reader, areas, columns))


def _notes(
    reader: Reader, areas: Sequence[Area], columns: Sequence[tuple[str, int]]
) -> tuple[str, ...]:
    """Return what the rows of a table say of themselves: each part of a note once."""
    named = {area.code: area.name for area in areas if area.level != "england"}
    levels = dict.fromkeys(area.level for area in areas if area.level != "england")
    said: dict[str, tuple[dict[tuple[str, int], None], set[str]]] = {}
    for column in columns:
        for level in levels:
            rows = reader.values(*column, level)
            for code, note, share in zip(
                rows.index, rows[fields.NOTE], rows[fields.COVERED_SHARE], strict=True
            ):
                for part in _parts(note, share):
                    cases, codes = said.setdefault(part, ({}, set()))
                    cases[column] = None
                    codes.add(code)
    return tuple(
        f"{_said_of(reader, cases, columns, codes, named)}: {part}"
        for part, (cases, codes) in said.items()
    )


def _parts(note: Any, share: float) -> list[str]:
    """Return the parts of a note but for the one that says the share, which has its mark."""
    if pd.isna(note):
        return []
    text = str(note).removeprefix(SYNTHETIC).removeprefix(". ")
    told = f"{100 * share:.1f} %"
    return [
        part for part in text.split(NOTE_SEPARATOR) if part and (share == 1 or told not in part)
    ]


def _said_of(
    reader: Reader,
    cases: Iterable[tuple[str, int]],
    columns: Sequence[tuple[str, int]],
    codes: set[str],
    named: Mapping[str, str],
) -> str:
    """Say which measures, years and areas a note is of."""
    said: dict[str, list[tuple[str, int]]] = {}
    for name, year in cases:
        said.setdefault(reader.guide.measures[name].title, []).append((name, year))
    everywhere = sum(map(len, said.values())) == len(columns) > 1
    of = [] if everywhere else [f"{title}, {reader.periods(of)}" for title, of in said.items()]
    if len(codes) < len(named):
        places = sorted(named[code] for code in codes)
        few = len(places) <= MOST_NAMED_AREAS
        of.append(listed(places) if few else f"{len(places)} of {len(named)} areas")
    return "; ".join(of) or "All values"


def _headings(reader: Reader, columns: Sequence[tuple[str, int]]) -> list[Heading]:
    """Return the headings of columns: the years alone where all are of one measure."""
    measures = [reader.guide.measures[name] for name, _ in columns]
    if len(columns) > 1 and len({name for name, _ in columns}) == 1:
        return [
            Heading(reader.period(name, year), measure.unit)
            for measure, (name, year) in zip(measures, columns, strict=True)
        ]
    titles = list(dict.fromkeys(measure.title for measure in measures))
    parted = dict(zip(titles, split_titles(titles), strict=True))
    return [
        Heading(
            parted[measure.title][0],
            f"{measure.unit}, {reader.period(name, year)}",
            parted[measure.title][1],
        )
        for measure, (name, year) in zip(measures, columns, strict=True)
    ]


def _overview(reader: Reader, headlines: Sequence[Sequence[str]]) -> list[Table]:
    """Return the headline measures: of authorities, of regions, and of places of one's own."""
    caption = "Headline measures of the last year"
    tables = list(_of_last_year(reader, _areas(reader), caption, headlines))
    for level in (REGION, *reader.results.levels.sets):
        areas = _of_level(reader, level)
        if areas:
            told = f"{caption}, by {level.replace('_', ' ')}"
            tables += _of_last_year(reader, areas, told, headlines)
    return tables


def _of_last_year(
    reader: Reader, areas: Sequence[Area], caption: str, groups: Iterable[Sequence[str]]
) -> tuple[Table, ...]:
    """Return measures in tables that are not too wide; a group of them stands in one table."""
    captions = chain([caption], repeat(f"{caption}, continued"))
    columns = ([(name, reader.years(name)[-1]) for name in names] for names in _parted(groups))
    return tuple(
        _table(reader, areas, said, those, _headings(reader, those))
        for said, those in zip(captions, columns, strict=False)
    )


def _parted(groups: Iterable[Sequence[str]]) -> list[list[str]]:
    """Put groups of measures together, one after the other, up to the width of a table."""
    parts: list[list[str]] = []
    for group in groups:
        if parts and len(parts[-1]) + len(group) <= MOST_COLUMNS:
            parts[-1].extend(group)
        else:
            parts.append(list(group))
    return parts


def _by_year(reader: Reader, title: str, names: Sequence[str]) -> list[Table]:
    """Return tables of the measures with several years: one for all where it is not too wide."""
    many = [name for name in names if len(reader.years(name)) > 1]
    columns = {name: [(name, year) for year in reader.years(name)] for name in many}
    if sum(len(held) for held in columns.values()) > MOST_COLUMNS:
        return [_years_of(reader, reader.guide.measures[name].title, [name]) for name in many]
    head = reader.guide.measures[many[0]].title if len(many) == 1 else title
    return [_years_of(reader, head, many)] if many else []


def _years_of(reader: Reader, title: str, names: Sequence[str]) -> Table:
    columns = [(name, year) for name in names for year in reader.years(name)]
    warnings = dict.fromkeys(_method_warning(reader, name) for name in names)
    caption = f"{title}: by year{''.join(warnings)}"
    return _table(reader, _areas(reader), caption, columns, _headings(reader, columns))


def _method_warning(reader: Reader, name: str) -> str:
    """Say that years are not to be compared where they were computed differently."""
    rows = reader.results.measures
    methods = rows.loc[rows[fields.METRIC] == name, fields.METHOD].nunique()
    return METHOD_CHANGED if methods > 1 else ""


def _as_address(content: bytes) -> str:
    return f"data:{MEDIA_TYPE};base64,{base64.b64encode(content).decode('ascii')}"


def _map_picture(reader: Reader, shapes: Shapes, name: str) -> Picture:
    measure, year = reader.guide.measures[name], reader.years(name)[-1]
    period = reader.period(name, year)
    known = guidelines(name, measure)
    panels = _panels(reader, shapes, name, year)
    compared = np.concatenate([panel.numbers.to_numpy(dtype=float) for panel in panels])
    images = []
    for panel in panels:
        districts = panel.shapes.index.isin(shapes.districts.index).all()
        buffer = io.BytesIO()
        draw_map(
            buffer,
            [panel],
            title=f"{measure.title}, {period}",
            unit=measure.unit,
            outlines=_outlines(reader, shapes, panel) if districts else None,
            guidelines=known,
            inset=shapes.enlarged if districts and not reader.few else None,
            compared=compared,
            size_in=LARGE_MAP_IN if len(panels) == 1 else SMALL_MAP_IN,
            file_format=PICTURE,
        )
        images.append(Image(_as_address(buffer.getvalue()), _map_alt(reader, name, year, panel)))
    kind = {1: "large", 2: "pair"}.get(len(images), "row")
    return Picture(tuple(images), _map_caption(measure, period, known), kind)


def _outlines(reader: Reader, shapes: Shapes, panel: Panel) -> gpd.GeoSeries:
    """Return the borders of the authorities that a map of districts shows."""
    if not reader.few:
        return shapes.authorities
    shown = reader.owners.reindex(panel.shapes.index).dropna().unique()
    return shapes.authorities.loc[shown]


def _map_caption(measure: Measure, period: str, known: Sequence[Guideline]) -> str:
    said = f"{measure.title}, {period}, {measure.unit}. {DIRECTIONS[measure.direction]}"
    compared = "; ".join(f"{one.value_ugm3:g} {measure.unit} ({one.label})" for one in known)
    return f"{said} To compare with: {compared}." if known else said


def _panels(reader: Reader, shapes: Shapes, name: str, year: int) -> list[Panel]:
    districts = reader.values(name, year, "district")[fields.VALUE]
    if reader.few and districts.notna().any():
        return [_of_group(reader, shapes, districts, *group) for group in reader.groups()]
    lower = Panel("Districts", shapes.districts, districts.reindex(shapes.districts.index))
    if not len(shapes.authorities):
        return [lower]
    values = reader.values(name, year, "authority")[fields.VALUE].reindex(shapes.authorities.index)
    base = None if shapes.elsewhere.empty else shapes.elsewhere
    upper = Panel("Authorities", shapes.authorities, values, base)
    return [upper, lower] if districts.notna().any() else [upper]


def _of_group(
    reader: Reader, shapes: Shapes, values: pd.Series, owner: str | None, members: list[str]
) -> Panel:
    """Return the map of the districts of one authority, with their names."""
    names = reader.results.names
    title = "In no authority" if owner is None else str(names["authority"][owner])
    labels = tuple(str(names["district"][code]) for code in members)
    return Panel(title, shapes.districts.loc[members], values.loc[members], labels=labels)


def _map_alt(reader: Reader, name: str, year: int, panel: Panel) -> str:
    measure = reader.guide.measures[name]
    head = f"Map of {measure.title} in {reader.period(name, year)}"
    values = panel.numbers.dropna()
    if not len(values):
        return f"{head}, {panel.title}: no area has data."
    names = pd.concat([reader.results.names["authority"], reader.results.names["district"]])
    places = decimals_for(values)
    return (
        f"{head}, in {measure.unit}, {panel.title}. Lowest: {names[values.idxmin()]}, "
        f"{number(values.min(), places)}. Highest: {names[values.idxmax()]}, "
        f"{number(values.max(), places)}. Without data: {len(panel.numbers) - len(values)} of "
        f"{len(panel.numbers)} areas."
    )


def _trend_picture(reader: Reader, name: str) -> Picture | None:
    years = reader.years(name)
    if len(years) < 2:
        return None
    measure = reader.guide.measures[name]
    areas = [area for area in _areas(reader) if area.level != OUTSIDE_AUTHORITIES]
    # The count of a whole is the sum of the others and would flatten them.
    areas = [area for area in areas if not (area.whole and measure.statistic == COUNT)]
    held = {
        (level, year): reader.values(name, year, level)[fields.VALUE]
        for level in dict.fromkeys(area.level for area in areas)
        for year in years
    }
    names = _line_names(areas)
    lines = pd.DataFrame(
        {year: [held[area.level, year].loc[area.code] for area in areas] for year in years},
        index=names,
    )
    wholes = [name for name, area in zip(names, areas, strict=True) if area.whole]
    buffer = io.BytesIO()
    draw_lines(
        buffer, lines, title=measure.title, unit=measure.unit, wholes=wholes, file_format=PICTURE
    )
    first = reader.results.first_years[name, years[0]]
    said = f"{measure.title}, {first} to {years[-1]}, {measure.unit}"
    kind = "district" if any(area.level == "district" for area in areas) else "authority"
    others = f"Each {'other ' if wholes else ''}line is one {kind}"
    alt = f"Lines of {said}: one for each area. The values are in the table by year."
    pooled = POINTS_OF_YEARS if first < years[0] else ""
    caption = f"{said}. {others}{pooled}{_method_warning(reader, name)}."
    return Picture((Image(_as_address(buffer.getvalue()), alt),), caption, "lines")


def _line_names(areas: Sequence[Area]) -> list[str]:
    """Return a name for each line: without the words of its kind, where that tells it apart."""
    short = [split_name(area.name)[0] for area in areas]
    return [
        name if short.count(name) == 1 else f"{area.name} ({area.level})"
        for name, area in zip(short, areas, strict=True)
    ]


def _section(reader: Reader, shapes: Shapes, topic: Topic) -> Section:
    shown = tuple(dict.fromkeys((*topic.headlines, *topic.mapped)))
    trends = [_trend_picture(reader, name) for name in shown]
    maps = [_map_picture(reader, shapes, name) for name in topic.mapped]
    tables = _by_year(reader, topic.title, shown)
    if set(topic.measures) - set(shown):
        told = f"{topic.title}: all measures"
        tables[:0] = _of_last_year(reader, _areas(reader), told, topic.families)
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
    results: Results,
    frames: dict[str, gpd.GeoDataFrame],
    guide: Guide,
    settings: Settings,
    borders: pd.DataFrame,
    places_left_out: Sequence[str],
) -> str:
    """Return the report as one HTML page, with its pictures in it.

    Parameters
    ----------
    frames : the layers, by name.
    borders : table of `tables.BORDERS`.
    places_left_out : a sentence for each set of places of one's own that some are left out of.
    """
    facts = frames["authorities"].set_index(fields.AREA_CODE)[layers.MAYOR_IN_OFFICE]
    reader = Reader(results, guide, facts)
    shapes = shapes_to_draw(frames["districts"])
    found = topics(reader.names(), guide.measures)
    shown = [name for topic in found for name in topic.measures]
    headlines = [topic.headlines for topic in found]
    register = Register.load()
    environment = Environment(
        loader=PackageLoader(f"{catalogue.PACKAGE}.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=_title(reader),
        run=settings.run_name,
        package=settings.geopackage_name,
        synthetic=settings.synthetic,
        as_at=f"{settings.authorities_as_at:%-d %B %Y}",
        years=years_said(results.years()),
        n_years=len(results.years()),
        pooled=_longest_period(results),
        counts=_counts(results),
        overview=_overview(reader, headlines),
        sections=[_section(reader, shapes, topic) for topic in found],
        methods=[(guide.measures[name].title, guide.measures[name].method) for name in shown],
        confidence=" or ".join(_confidences(results)),
        limits=_limits(guide, [name for topic in found for name in topic.mapped]),
        credits=credits_used(results, guide),
        borders=said(borders, [level for name, level in LAYERS.items() if name in frames]),
        places_left_out=places_left_out,
        missing_mayors=bool(len(facts)) and not bool(np.all(facts)),
        without_mayor=without_mayor(authority_years(results, register), register),
    )


def _longest_period(results: Results) -> str:
    """Return an example of a number's years, where any is of several; nothing where none is."""
    spans = {(first - year, year) for (_, year), first in results.first_years.items()}
    back, year = min(spans)
    return period_said(year + back, year) if back else ""


def _title(reader: Reader) -> str:
    authorities = sorted(reader.results.names["authority"])
    if reader.few:
        return f"Health and environment of {listed(authorities)}"
    whose = "England's strategic authorities" if authorities else "districts of England"
    return f"Health and environment of {whose}"


def _counts(results: Results) -> str:
    words = {
        "authority": ("authority", "authorities"),
        "district": ("district", "districts"),
        "small_area": ("small area", "small areas"),
    }
    return ", ".join(
        counted(len(results.names[level]), one, many) for level, (one, many) in words.items()
    )


def _confidences(results: Results) -> list[str]:
    """Return the confidences of all intervals of the report, ascending."""
    shown = results.measures[results.measures[fields.LEVEL] != "small_area"]
    shares = sorted(shown[fields.CONFIDENCE].dropna().unique())
    return [f"{100 * share:g} %" for share in shares]


def _limits(guide: Guide, names: Iterable[str]) -> list[tuple[str, Guideline]]:
    """Return what measures are compared with, each after the title of its measure."""
    return [
        (f"{measure.title}: {one.value_ugm3:g} {measure.unit}", one)
        for name in names
        for measure in [guide.measures[name]]
        for one in guidelines(name, measure)
    ]
