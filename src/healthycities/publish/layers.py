"""The wide layers of the GeoPackage: one row an area, one column a measure and year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import shapely

from healthycities import fields, tables
from healthycities.errors import GeometryError, RegisterError, SchemaError
from healthycities.geography.register import Authority, Register
from healthycities.io.tabular import is_geoparquet
from healthycities.io.vector import read_geoparquet
from healthycities.level_names import (
    AUTHORITY,
    DISTRICT,
    ENGLAND,
    LAYERS,
    OUTSIDE_AUTHORITIES,
    REGION,
    SMALL_AREA,
)
from healthycities.metrics.rows import NOTE_SEPARATOR
from healthycities.publish.assemble import Results, marked
from healthycities.synthetic import SYNTHETIC

LONGEST_NAME = 60
"""Stands between the parts of a note, as `healthycities.metrics.rows.joined` joins them."""

_MADE_OF_DISTRICTS = (AUTHORITY, OUTSIDE_AUTHORITIES, REGION, ENGLAND)
_COUNTED = (AUTHORITY, OUTSIDE_AUTHORITIES, REGION)
"""Levels whose layers say of how many districts an area is made."""

_LARGER = (
    fields.AUTHORITY_CODE,
    fields.AUTHORITY_NAME,
    fields.REGION_CODE,
    fields.REGION_NAME,
)
_ABOVE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        DISTRICT: _LARGER,
        SMALL_AREA: (
            fields.DISTRICT_CODE,
            fields.DISTRICT_NAME,
            *_LARGER,
            fields.DEPRIVATION_DECILE,
        ),
    }
)
"""Columns that say where the areas of a level lie."""

N_DISTRICTS = "n_districts"
STATUS = "status"
N_PARTS = "n_parts"
KIND = "kind"
TIER = "tier"
MAYOR_IN_OFFICE = "mayor_in_office"

TIERS_SINCE = date(2026, 4, 29)
"""Day of the Act that made the tiers: English Devolution and Community Empowerment 2026 (c. 23)."""


@dataclass(frozen=True)
class PublishedFiles:
    """Prepared files of the areas of a run.

    Parameters
    ----------
    areas : Parquet in the schema `tables.AREAS` or `tables.DISTRICT_AREAS`.
    borders : Parquet in `tables.BORDERS`.
    districts, small_areas : GeoParquet in `tables.DISTRICTS` and `tables.SMALL_AREAS`; the latter
        None where the run has no small areas.
    places : Parquet in `tables.PLACES`; None where the run has no places of one's own.
    outlines : `tables.PLACE_LIST` or `tables.PLACE_OUTLINES` of each set of them.
    compared_with : Parquet in `tables.FINGERTIPS`; None where the run is compared with nothing.
    """

    areas: Path
    borders: Path
    districts: Path
    small_areas: Path | None = None
    places: Path | None = None
    outlines: Mapping[str, Path] = field(default_factory=dict)
    compared_with: Path | None = None


@dataclass(frozen=True)
class Column:
    """One column of a layer that holds a measure.

    Parameters
    ----------
    part : fields.VALUE, fields.LOWER or fields.UPPER.
    """

    metric: str
    year: int
    part: str

    @property
    def name(self) -> str:
        """Name of the column; a bound of an interval is named after its value."""
        stem = f"{self.metric}_{self.year}"
        return stem if self.part == fields.VALUE else f"{stem}_{self.part}"


def measure_columns(results: Results, level: str) -> tuple[Column, ...]:
    """Return the columns that a level has: its measures by name and year, intervals beside them.

    A measure has columns for its interval where any area of the level has one in any year.

    Raises
    ------
    SchemaError : the name of a column would be longer than 60 characters.
    """
    rows = _shown(results, level)
    bounded = set(rows.loc[rows[[fields.LOWER, fields.UPPER]].notna().any(axis=1), fields.METRIC])
    cases = (
        rows[[fields.METRIC, fields.YEAR]]
        .drop_duplicates()
        .sort_values([fields.METRIC, fields.YEAR])
    )
    columns = tuple(
        Column(metric, int(year), part)
        for metric, year in cases.itertuples(index=False)
        for part in (fields.VALUE, fields.LOWER, fields.UPPER)
        if part == fields.VALUE or metric in bounded
    )
    _require_short(columns)
    return columns


def _require_short(columns: Iterable[Column]) -> None:
    longest = max((column.name for column in columns), key=len, default="")
    if len(longest) > LONGEST_NAME:
        raise SchemaError(
            f"the column '{longest}' would have {len(longest)} characters; "
            f"at most {LONGEST_NAME} are allowed",
            mend="Give the measure a shorter name on the card of its metric.",
        )


def _shown(results: Results, level: str) -> pd.DataFrame:
    return results.shown[results.shown[fields.LEVEL] == level]


def wide(results: Results, level: str) -> pd.DataFrame:
    """Return the measures of a level that are shown, one row an area.

    Returns
    -------
    Indexed by area code, for every area of the level, sorted; the columns of `measure_columns`
    and a note. Missing values are NaN.

    Raises
    ------
    SchemaError : a measure has several bands of age, so that no one number is its own.
    """
    rows = _shown(results, level)
    _require_one_age(rows)
    codes = results.names[level].index
    groups = {
        case: group.set_index(fields.AREA_CODE)
        for case, group in rows.groupby([fields.METRIC, fields.YEAR])
    }
    content = {
        column.name: groups[column.metric, column.year][column.part].reindex(codes)
        for column in measure_columns(results, level)
    }
    notes = _notes(rows).reindex(codes)
    return pd.DataFrame({**content, fields.NOTE: notes}, index=codes)


def _require_one_age(rows: pd.DataFrame) -> None:
    repeated = rows[rows.duplicated([fields.AREA_CODE, fields.METRIC, fields.YEAR])]
    if len(repeated):
        row = repeated.iloc[0]
        raise SchemaError(
            f"{row[fields.METRIC]}, {row[fields.AREA_CODE]}, {row[fields.YEAR]}: expected one band "
            "of age, found several",
            mend="Give each band of age a measure of its own.",
        )


def _notes(rows: pd.DataFrame) -> pd.Series:
    """Return what is said of the values of each area, each part after the measures it is of."""
    bare = rows[fields.NOTE].str.removeprefix(SYNTHETIC).str.removeprefix(". ")
    said = rows.assign(**{fields.NOTE: bare})[bare.notna() & (bare != "")]
    said = said.sort_values([fields.METRIC, fields.YEAR])
    cases = zip(said[fields.METRIC], said[fields.YEAR], said[fields.NOTE], strict=True)
    by_area = pd.Series(list(cases), index=said[fields.AREA_CODE], dtype=object)
    noted = by_area.groupby(level=0).agg(tuple)
    count = len(rows[[fields.METRIC, fields.YEAR]].drop_duplicates())
    # Most areas share their notes with others, so that each set is put into words once.
    return noted.map({held: _in_words(held, count) for held in set(noted)})


def _in_words(noted: Iterable[tuple[str, int, str]], count: int) -> str:
    """Put (measure, year, note) into words: each part of a note once.

    Parameters
    ----------
    count : how many measures and years there are; what is said of all of them needs no name.
    """
    parts: dict[str, list[tuple[str, int]]] = {}
    for metric, year, note in noted:
        for part in dict.fromkeys(note.split(NOTE_SEPARATOR)):
            parts.setdefault(part, []).append((metric, year))
    return NOTE_SEPARATOR.join(
        part if len(cases) == count else f"{_named(cases)}: {part}" for part, cases in parts.items()
    )


def _named(cases: Iterable[tuple[str, int]]) -> str:
    """Name measures with their years: ``pm25_mean_ugm3 2022, 2023``."""
    years: dict[str, list[str]] = {}
    for metric, year in cases:
        years.setdefault(metric, []).append(str(year))
    return ", ".join(f"{metric} {', '.join(those)}" for metric, those in years.items())


def shapes(file: Path, codes: Iterable[str], code_column: str) -> gpd.GeoSeries:
    """Read the shapes of some areas, as MultiPolygons on the British National Grid.

    Parameters
    ----------
    file : GeoParquet in the schema `tables.DISTRICTS` or `tables.SMALL_AREAS`.
    codes : the areas wanted; the file may have more.

    Returns
    -------
    Indexed by code, in the order wanted.

    Raises
    ------
    SourceError : the file cannot be read.
    CrsError : the file is not in EPSG:27700.
    GeometryError : a shape is empty or not of polygons.
    RegisterError : an area has no row.
    """
    frame = read_geoparquet(file)
    schema = tables.DISTRICTS if code_column == fields.DISTRICT_CODE else tables.SMALL_AREAS
    tables.checked(frame, schema, file=file)
    given = frame.set_index(code_column).geometry
    wanted = list(codes)
    absent = [code for code in wanted if code not in given.index]
    if absent:
        raise RegisterError(
            f"{len(absent)} areas have no shape: {', '.join(absent[:5])}",
            file=file,
            mend="Prepare the boundaries of the map that is reported on.",
        )
    return multi(given.loc[wanted], file)


def multi(geometry: gpd.GeoSeries, file: Path | None = None) -> gpd.GeoSeries:
    """Return every shape as a MultiPolygon.

    Raises
    ------
    GeometryError : a shape is missing, empty, or not of polygons.
    """
    good = geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~geometry.is_empty
    if not good.all():
        raise GeometryError(
            f"expected polygons, found {geometry[~good].iloc[0]}",
            file=file,
            place=f"area {geometry.index[~good][0]}",
            mend="Correct the boundary.",
        )
    parts, owner = shapely.get_parts(geometry.to_numpy(), return_index=True)
    return gpd.GeoSeries(
        shapely.multipolygons(parts, indices=owner), index=geometry.index, crs=geometry.crs
    )


def unions(parts: gpd.GeoSeries, owners: pd.Series) -> gpd.GeoSeries:
    """Return the union of the parts of each owner, sorted by owner.

    Parameters
    ----------
    parts : shapes by code.
    owners : owner of each code; parts without one are left out.
    """
    groups = owners.reindex(parts.index).dropna().sort_index()
    whole = {
        str(owner): shapely.union_all(parts.loc[members.index].to_numpy())
        for owner, members in groups.groupby(groups)
    }
    return multi(gpd.GeoSeries(pd.Series(whole, dtype=object), crs=parts.crs))


def authority_facts(codes: Iterable[str], register: Register, as_at: date) -> pd.DataFrame:
    """Return status, kind, tier and whether a mayor is in office at a date, by code.

    The tier is missing before `TIERS_SINCE`.

    Raises
    ------
    RegisterError : an authority neither stands at the date nor is planned.
    """
    held = register.authorities(as_at, planned=True)
    known = {authority.area_code: authority for authority in held}
    facts = {code: _facts(known, code, as_at) for code in codes}
    columns = [STATUS, KIND, TIER, MAYOR_IN_OFFICE]
    return pd.DataFrame.from_dict(facts, orient="index", columns=columns).astype(
        {TIER: "str", MAYOR_IN_OFFICE: bool}
    )


def _facts(
    known: Mapping[str, Authority], code: str, as_at: date
) -> tuple[str, str, str | None, bool]:
    if code not in known:
        raise RegisterError(
            f"{code} is not an authority at {as_at}", mend="Prepare the areas of this date again."
        )
    one = known[code]
    tier = one.tier if as_at >= TIERS_SINCE else None
    return one.status(as_at), one.kind, tier, one.mayor_in_office(as_at)


def keys(results: Results, level: str, register: Register, as_at: date) -> pd.DataFrame:
    """Return the leading columns of a layer, indexed by area code: what and where an area is."""
    names = results.names[level]
    table = pd.DataFrame({fields.AREA_CODE: names.index, fields.AREA_NAME: names.to_numpy()})
    table.index = names.index
    if level in _COUNTED:
        table[N_DISTRICTS] = _owners(results, level).value_counts()
    if level == AUTHORITY:
        return pd.concat([table, authority_facts(names.index, register, as_at)], axis=1)
    if level in results.levels.sets:
        return table.join(_made_of(results, level))
    if level not in _ABOVE:
        return table
    code = f"{level}_code"
    above = list(_ABOVE[level])
    return table.join(results.areas.drop_duplicates(code).set_index(code)[above])


def _made_of(results: Results, name: str) -> pd.DataFrame:
    """Return what places of one's own are made of, by code."""
    places = results.levels.members
    by_code = places[places[fields.PLACE_SET] == name].groupby(fields.PLACE_CODE)
    told = by_code[[fields.ASSIGNED_BY, fields.GROUND_SHARE]].first()
    return pd.concat([by_code.size().rename(N_PARTS), told], axis=1)


def _owners(results: Results, level: str) -> pd.Series:
    """Return the area of a level that each district lies in, by code; nothing where it has none."""
    nothing = pd.Series([], index=pd.Index([], dtype="str"), dtype="str")
    return next((one.owners for one in results.levels.of_districts([level])), nothing)


def layer(
    results: Results, level: str, geometry: gpd.GeoSeries, register: Register, as_at: date
) -> gpd.GeoDataFrame:
    """Return one layer: its key columns, its measures, a note, and the shapes."""
    content = pd.concat([keys(results, level, register, as_at), wide(results, level)], axis=1)
    if results.synthetic:
        content[fields.NOTE] = marked(content[fields.NOTE])
    frame = gpd.GeoDataFrame(content, geometry=geometry.reindex(content.index), crs=geometry.crs)
    return frame.reset_index(drop=True)


def spatial_layers(
    results: Results, files: PublishedFiles, register: Register, as_at: date
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a run, by name, in the order of the file.

    Parameters
    ----------
    files : may have more rows than the run reports on.
    register : the register of authorities.
    as_at : the date whose map is reported on.

    Raises
    ------
    HealthycitiesError : see `shapes`, `wide` and `authority_facts`.
    """
    districts = shapes(files.districts, results.names[DISTRICT].index, fields.DISTRICT_CODE)
    # Of authorities there is a layer always: a run without any says so by an empty one.
    larger = [
        level for level in _MADE_OF_DISTRICTS if level == AUTHORITY or len(results.names[level])
    ]
    geometry = {DISTRICT: districts}
    geometry |= {level: unions(districts, _owners(results, level)) for level in larger}
    if files.small_areas is not None:
        codes = results.names[SMALL_AREA].index
        geometry[SMALL_AREA] = shapes(files.small_areas, codes, fields.SMALL_AREA_CODE)
    smallest = geometry.get(SMALL_AREA, districts)
    sets = results.levels.sets
    geometry |= {name: _own_shapes(results, name, files.outlines[name], smallest) for name in sets}
    return {
        name: layer(results, level, geometry[level], register, as_at)
        for name, level in {**LAYERS, **{name: name for name in sets}}.items()
        if level in geometry
    }


def _own_shapes(results: Results, name: str, file: Path, smallest: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the shapes of a set of places: its outlines, or the union of the areas listed."""
    if is_geoparquet(file):
        outlines = read_geoparquet(file).set_index(fields.PLACE_CODE).geometry
        return multi(outlines.loc[results.names[name].index], file)
    (level,) = results.levels.of_smallest([name])
    return unions(smallest, level.owners)
