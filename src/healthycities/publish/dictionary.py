"""What each column of each layer holds, in a table that travels with the layers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any

import geopandas as gpd
import pandas as pd

from healthycities import fields
from healthycities.catalogue import COMPARED_WITH
from healthycities.level_names import LAYERS, level_of_layer
from healthycities.publish import authority_years, compared, layers
from healthycities.publish.assemble import Results, marked
from healthycities.publish.guide import Credit, Guide, joined, source_of_places
from healthycities.publish.layers import Column, measure_columns
from healthycities.synthetic import SYNTHETIC

TITLES: Mapping[str, str] = {
    "authorities": "Strategic authorities of England with their measures: for all persons, or for "
    "the one sex that a measure is of.",
    "outside_authorities": "England outside strategic authorities, with its measures: all "
    "districts that lie in none. Authorities and this make up England.",
    "regions": "Regions of England with their measures: for all persons, or for the one sex that a "
    "measure is of.",
    "districts": "Districts of England with their measures: for all persons, or for the one sex "
    "that a measure is of.",
    "small_areas": "Small areas (LSOA 2021) of England with their measures for all persons.",
    "england": "England with its measures: for all persons, or for the one sex that a measure is "
    "of.",
    "measures": "Every measure of every area, year, sex and age, with its unit and interval.",
    authority_years.AUTHORITY_YEARS: authority_years.TITLE,
    compared.COMPARED: compared.TITLE,
    "dictionary": "What each column of each layer holds, its unit, method, source and licence.",
}
COLUMNS = (
    "layer",
    "column",
    "title",
    "unit",
    "method",
    "statistic",
    "direction",
    "source",
    "licence",
    "attribution",
    "year",
    "first_year",
    "note",
)
_YEARS = ("year", "first_year")
# Names that the format gives to the columns that it adds itself.
FID = "fid"
GEOM = "geom"

KEY_TITLES: Mapping[str, str] = {
    fields.AREA_CODE: "Code of the area",
    fields.AREA_NAME: "Name of the area",
    fields.DISTRICT_CODE: "Code of the district that the area lies in",
    fields.DISTRICT_NAME: "Name of the district that the area lies in",
    fields.AUTHORITY_CODE: "Code of the authority that the area lies in; null where in none",
    fields.AUTHORITY_NAME: "Name of the authority that the area lies in; null where in none",
    fields.REGION_CODE: "Code of the region that the area lies in",
    fields.REGION_NAME: "Name of the region that the area lies in",
    fields.DEPRIVATION_DECILE: "Decile of deprivation; 1 is the most deprived tenth of England",
    layers.N_DISTRICTS: "How many districts the area is made of",
    layers.STATUS: "standing, or planned: has not been established, and has no mayor, no powers "
    "and no code yet",
    layers.N_PARTS: "How many small areas the place is made of; districts, in a run without these",
    fields.ASSIGNED_BY: "How these were found: list, as the file names them; centroid, by their "
    "population-weighted centroid; area, by the share of their ground",
    fields.GROUND_SHARE: "Share of the outline that small areas cover: less than 1 where it "
    "reaches into the sea or out of England; null of a list",
    layers.KIND: "Kind of authority",
    layers.TIER: "Tier of the authority in September 2026, under the English Devolution and "
    "Community Empowerment Act 2026; null for a map of a day before the Act, "
    f"{layers.TIERS_SINCE:%-d %B %Y}",
    layers.MAYOR_IN_OFFICE: "Whether the first mayor had been elected at the date of the map",
    fields.NOTE: "What a reader must know of the values of the row: measure and years, then what "
    "is said of them; without a measure where it is said of all",
    FID: "Number of the row, given by the file format",
    GEOM: "Shape, on the British National Grid (EPSG:27700)",
}
MEASURES_TITLES: Mapping[str, str] = {
    fields.AREA_CODE: KEY_TITLES[fields.AREA_CODE],
    fields.AREA_NAME: KEY_TITLES[fields.AREA_NAME],
    fields.LEVEL: "Level of the area: small_area, district, authority, outside_authorities, "
    "region, england, deprivation_decile, or the name of a set of places of one's own",
    fields.FIRST_YEAR: "First of the years that the value is of, where they are several",
    fields.YEAR: "Year that the value is of, or the last of several",
    fields.METRIC: "Name of the measure, as in the names of the layers' columns",
    fields.SEX: "persons, male or female",
    fields.AGE: "Band of age",
    fields.VALUE: "Value of the measure; null where it is missing",
    fields.LOWER: "Lower bound of the value's interval",
    fields.UPPER: "Upper bound of the value's interval",
    fields.UNIT: "Unit of the value and its interval",
    fields.STATISTIC: "What kind of number the value is",
    fields.METHOD: "How the value was computed",
    fields.CONFIDENCE: "Confidence of the interval, as a share",
    fields.NUMERATOR: "What was counted",
    fields.DENOMINATOR: "What it was divided by",
    fields.COVERED_SHARE: "Share of the area's people, or of its ground, that had a value",
    fields.ESTIMATED_SHARE: "Share of the counts behind it that were divided among areas by people",
    fields.NOTE: "What a reader must know of the value",
    FID: KEY_TITLES[FID],
}
SOURCE_OF_KEY: Mapping[str, tuple[str, ...]] = {
    fields.DEPRIVATION_DECILE: ("deprivation",),
    fields.DISTRICT_CODE: ("small_area_lookup",),
}
SOURCE_OF_SHAPE: Mapping[str, str] = {
    **dict.fromkeys(LAYERS, "districts"),
    "small_areas": "small_areas",
}
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=\S)")
PART_TITLES: Mapping[str, str] = {
    fields.VALUE: "{title}",
    fields.LOWER: "{title}: lower bound of the {confidence}interval",
    fields.UPPER: "{title}: upper bound of the {confidence}interval",
}


def dictionary(
    results: Results,
    frames: Mapping[str, gpd.GeoDataFrame],
    guide: Guide,
    beside: Collection[str] = (),
) -> pd.DataFrame:
    """Return one row for each column of each layer, and of the table of measures.

    Parameters
    ----------
    frames : the layers, by name.
    beside : names of the tables that only some runs have.

    Raises
    ------
    SchemaError : a measure is not described, or its sources are not named.
    """
    guide.require(results.measures[fields.METRIC].unique())
    rows = [row for name in frames for row in _layer_rows(name, frames[name], results, guide)]
    rows += [
        _row("measures", column, MEASURES_TITLES[column], ())
        for column in (FID, *results.measures.columns)
    ]
    rows += [
        _row(authority_years.AUTHORITY_YEARS, column, title, ())
        for column, title in {FID: KEY_TITLES[FID], **authority_years.TITLES}.items()
    ]
    rows += [
        _row(name, column, title, guide.named((COMPARED_WITH,)))
        for name in beside
        for column, title in {FID: KEY_TITLES[FID], **compared.TITLES}.items()
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(_YEARS, "Int64"))
    text = table.columns.drop(list(_YEARS))
    table[text] = table[text].astype("str")
    if results.synthetic:
        table["note"] = marked(table["note"])
    return table


def _layer_rows(
    name: str, frame: gpd.GeoDataFrame, results: Results, guide: Guide
) -> Iterator[dict[str, Any]]:
    measured = {column.name: column for column in measure_columns(results, level_of_layer(name))}
    confidence = confidences(results.of(level_of_layer(name)))
    shape = guide.named(_sources_of_shape(name))
    yield _row(name, FID, KEY_TITLES[FID], ())
    yield _row(name, GEOM, KEY_TITLES[GEOM], shape)
    for column in frame.columns.drop(fields.GEOMETRY):
        if column in measured:
            sure = confidence.get((measured[column].metric, measured[column].year), "")
            first = results.first_years[measured[column].metric, measured[column].year]
            yield _measure_row(name, measured[column], first, frame[column], guide, sure)
        else:
            behind = guide.named(SOURCE_OF_KEY.get(column, ()))
            yield _row(name, column, KEY_TITLES[column], behind)


def _sources_of_shape(layer: str) -> tuple[str, ...]:
    """Return the sources of the shapes of a layer: of places of one's own, the file of the set."""
    return (SOURCE_OF_SHAPE.get(layer, source_of_places(layer)),)


def confidences(rows: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Return the confidence of the intervals of each measure and year: ``95 %`` and a space.

    Measures without an interval are not among them.

    Parameters
    ----------
    rows : `tables.MEASURES`.
    """
    known = rows[[fields.METRIC, fields.YEAR, fields.CONFIDENCE]].dropna().drop_duplicates()
    said: dict[tuple[str, int], list[str]] = {}
    for metric, year, share in known.sort_values(fields.CONFIDENCE).itertuples(index=False):
        said.setdefault((str(metric), int(year)), []).append(f"{100 * share:g} %")
    return {case: f"{' or '.join(shares)} " for case, shares in said.items()}


def _measure_row(
    layer: str, column: Column, first: int, values: pd.Series, guide: Guide, confidence: str
) -> dict[str, Any]:
    measure = guide.measures[column.metric]
    title = PART_TITLES[column.part].format(title=measure.title, confidence=confidence)
    missing = int(values.isna().sum())
    return {
        **_row(layer, column.name, title, guide.behind(column.metric)),
        "unit": measure.unit,
        "method": measure.method,
        "statistic": measure.statistic,
        "direction": measure.direction,
        "year": column.year,
        "first_year": first,
        "note": f"{missing} of {len(values)} areas have no value" if missing else None,
    }


def _row(layer: str, column: str, title: str, owed: Iterable[Credit]) -> dict[str, Any]:
    behind = tuple(owed)
    return {
        "layer": layer,
        "column": column,
        "title": title,
        "source": joined(credit.title for credit in behind),
        "licence": joined(credit.licence for credit in behind),
        "attribution": joined(credit.attribution for credit in behind),
    }


def credits_used(
    results: Results, guide: Guide, beside: Collection[str] = ()
) -> tuple[Credit, ...]:
    """Return the credits of the sources of the run's measures, shapes and keys, sorted by name.

    A source that is configured, and that nothing of the run rests on, is not among them.
    """
    metrics = results.measures[fields.METRIC].unique()
    used = {source for metric in metrics for source in guide.sources_of[metric]}
    keys = {source for behind in SOURCE_OF_KEY.values() for source in behind}
    own = {source_of_places(name) for name in results.levels.sets}
    also = {COMPARED_WITH} if beside else set()
    return guide.named(used | keys | own | also | set(SOURCE_OF_SHAPE.values()))


def layer_descriptions(
    results: Results,
    frames: Mapping[str, gpd.GeoDataFrame],
    guide: Guide,
    as_at: date,
    beside: Collection[str] = (),
) -> dict[str, str]:
    """Return what QGIS shows as the abstract of each layer and table, by name.

    Each says what it holds, the date of its map, its years, and whom it is owed to.
    """
    told = ("measures", authority_years.AUTHORITY_YEARS, *beside, "dictionary")
    about = {
        name: TITLES[name] if name in TITLES else _own_title(results, name, guide)
        for name in (*frames, *told)
    }
    years = ", ".join(str(year) for year in results.years())
    owed = " ".join(_owed(credits_used(results, guide, beside)))
    head = f"{SYNTHETIC} values, not for use. " if results.synthetic else ""
    tail = f"Map of {as_at:%-d %B %Y}. Years: {years}. Null means missing, never 0. Sources: {owed}"
    return {name: f"{head}{text} {tail}" for name, text in about.items()}


_ASSIGNED = {
    "list": "as its file lists their areas",
    "centroid": "of small areas whose population-weighted centroid lies in them",
    "area": "of small areas by the share of their ground that lies in them",
}


def _own_title(results: Results, name: str, guide: Guide) -> str:
    """Say what a set of places is, how it is made, and what it leaves out."""
    title = guide.credits[source_of_places(name)].title
    members = results.levels.members
    own = members[members[fields.PLACE_SET] == name]
    areas = results.areas[results.levels.smallest]
    left = int((~areas.isin(own[fields.PART_CODE])).sum())
    return (
        f"{title}, places of one's own, {_ASSIGNED[own[fields.ASSIGNED_BY].iloc[0]]}, with their "
        f"measures: for all persons, or for the one sex that a measure is of. {left} of "
        f"{len(areas)} areas of the run lie in none. What is counted by district is null for a "
        "place that cuts one."
    )


def _owed(owed: Iterable[Credit]) -> Iterator[str]:
    """Yield what is said of sources: each sentence of an attribution once, after its sources."""
    behind: dict[str, list[str]] = {}
    for credit in owed:
        for sentence in SENTENCE_END.split(credit.attribution.strip()):
            behind.setdefault(f"{sentence.rstrip('.')}.", []).append(credit.title)
    # The sentences of a wording that is of one source stay together.
    for titles, run in groupby(behind, key=lambda sentence: tuple(dict.fromkeys(behind[sentence]))):
        yield f"{'; '.join(titles)}: {' '.join(run)}"
