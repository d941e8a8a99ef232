"""Every measure of a run in one table, known to be whole, single and of known areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from healthycities import fields, tables
from healthycities.errors import RegisterError, SchemaError, SourceError
from healthycities.geography.levels import Levels
from healthycities.io.tabular import read_parquet
from healthycities.synthetic import SYNTHETIC

IDENTITY = [fields.LEVEL, fields.AREA_CODE, fields.METRIC, fields.YEAR, fields.SEX, fields.AGE]
TEXT = [
    fields.AREA_CODE,
    fields.AREA_NAME,
    fields.LEVEL,
    fields.METRIC,
    fields.SEX,
    fields.AGE,
    fields.UNIT,
    fields.STATISTIC,
    fields.METHOD,
    fields.NOTE,
]


@dataclass(frozen=True)
class Results:
    """What there is to publish.

    Parameters
    ----------
    measures : `tables.MEASURES`, sorted by level (in the order of `Levels.names`), area_code,
        metric, year, sex (in the order of `tables.SEXES`) and age.
    areas : `tables.AREAS` or `tables.DISTRICT_AREAS`, sorted by the code of the smallest areas.
    synthetic : whether any value is made up; every note then says so.
    places : `tables.PLACES`, where the run has places of one's own.
    """

    measures: pd.DataFrame
    areas: pd.DataFrame
    synthetic: bool
    places: pd.DataFrame | None = None

    @property
    def levels(self) -> Levels:
        """The levels of the run."""
        return Levels(self.areas, self.places)

    @property
    def all_england(self) -> bool:
        """Whether the run covers every English district."""
        return bool(self.areas[fields.ALL_ENGLAND].all())

    @cached_property
    def names(self) -> dict[str, pd.Series]:
        """Name of each area by its code, sorted by code, for each of `Levels.names`."""
        return area_names(self.levels)

    def of(self, level: str) -> pd.DataFrame:
        """Return the measures of one level."""
        return self.measures[self.measures[fields.LEVEL] == level]

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The measures that layers and report show: for persons, or for the one sex they are of."""
        sexes = self.measures.groupby(fields.METRIC)[fields.SEX].transform("nunique")
        return self.measures[(self.measures[fields.SEX] == "persons") | (sexes == 1)]

    @cached_property
    def first_years(self) -> dict[tuple[str, int], int]:
        """First of the years that each measure and year rests on; the year itself where it is one.

        A measure has it once for all of its areas, sexes and ages.
        """
        found = self.measures.groupby([fields.METRIC, fields.YEAR])[fields.FIRST_YEAR].min()
        return {(str(metric), int(year)): int(first) for (metric, year), first in found.items()}

    def years(self) -> tuple[int, ...]:
        """Return the years that any measure has, ascending."""
        return tuple(sorted({int(year) for year in self.measures[fields.YEAR].unique()}))


def assemble(
    measure_files: Sequence[Path],
    areas_file: Path,
    places_file: Path | None = None,
    *,
    synthetic: bool,
) -> Results:
    """Read the measures and areas of a run, and hold them against one another.

    Parameters
    ----------
    measure_files : Parquet files in the schema `tables.MEASURES`.
    areas_file : Parquet file in the schema `tables.AREAS` or `tables.DISTRICT_AREAS`.
    places_file : Parquet file in the schema `tables.PLACES`, where there are any.
    synthetic : whether every note is to say that the values are made up.

    Raises
    ------
    SourceError : there is no measure, or a file cannot be read.
    SchemaError : a file breaks its schema, or two rows are of the same area, measure, year, sex
        and age.
    RegisterError : an area is not one of the areas of its level.
    """
    areas = read_parquet(areas_file)
    tables.checked(areas, tables.areas_schema(areas), file=areas_file)
    places = None if places_file is None else read_parquet(places_file)
    levels = Levels(areas.sort_values(Levels(areas).smallest, ignore_index=True), places)
    measures = _together(measure_files)
    _require_known(measures, levels, areas_file)
    if synthetic:
        measures[fields.NOTE] = marked(measures[fields.NOTE])
    return Results(_in_order(measures, levels), levels.areas, synthetic, places)


def marked(notes: pd.Series) -> pd.Series:
    """Return notes that all begin with SYNTHETIC, whether they were missing or not."""
    words = notes.astype("str").fillna(SYNTHETIC)
    return words.where(words.str.startswith(SYNTHETIC), SYNTHETIC + ". " + words)


def area_names(levels: Levels) -> dict[str, pd.Series]:
    """Return the names of the areas of each level, by code and sorted by it.

    A level that the areas do not have, such as England where they are a part of it, is empty.
    """
    found = {
        level.level: pd.Series(level.names, index=pd.Index(level.weights.rows), dtype="str")
        for level in levels.of_smallest(levels.names)
    }
    nothing = pd.Series([], index=pd.Index([], dtype="str"), dtype="str")
    return {level: found.get(level, nothing).sort_index() for level in levels.names}


def _together(files: Sequence[Path]) -> pd.DataFrame:
    frames = [tables.checked(read_parquet(file), tables.MEASURES, file=file) for file in files]
    if not sum(len(frame) for frame in frames):
        raise SourceError(
            f"no measure in {len(files)} files", mend="Choose metrics that cover these areas."
        )
    measures = pd.concat([frame.astype(dict.fromkeys(TEXT, "str")) for frame in frames])
    origin = np.repeat(np.arange(len(files)), [len(frame) for frame in frames])
    measures = measures.reset_index(drop=True)
    _require_single(measures, [files[index] for index in origin[_twins(measures)]])
    return measures


def _twins(measures: pd.DataFrame) -> list[int]:
    """Return the first two rows of the same identity, or nothing."""
    repeated = np.flatnonzero(measures.duplicated(IDENTITY))
    if not repeated.size:
        return []
    same = (measures[IDENTITY] == measures.loc[repeated[0], IDENTITY]).all(axis=1)
    return [int(row) for row in np.flatnonzero(same)[:2]]


def _require_single(measures: pd.DataFrame, files: Sequence[Path]) -> None:
    if not files:
        return
    row = measures.loc[_twins(measures)[1]]
    said = ", ".join(str(row[column]) for column in IDENTITY)
    raise SchemaError(
        f"{said}: this area, measure, year, sex and age was already given in {files[0]}",
        file=files[1],
        mend="Give each measure in one file.",
    )


def _require_known(measures: pd.DataFrame, levels: Levels, areas_file: Path) -> None:
    names = area_names(levels)
    for level, rows in measures.groupby(fields.LEVEL):
        codes = rows[fields.AREA_CODE].drop_duplicates()
        known = names[str(level)].index if str(level) in names else []
        strange = codes[~codes.isin(known)]
        if len(strange):
            metric = rows.loc[strange.index[0], fields.METRIC]
            raise RegisterError(
                f"{metric} has {len(strange)} areas of level {level} that the run does not report "
                f"on: {', '.join(strange.iloc[:5])}",
                file=areas_file,
                mend="Compute the measures for the areas of this file.",
            )


def _in_order(measures: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    order = {fields.LEVEL: levels.names, fields.SEX: tables.SEXES}
    rank = {column: {name: n for n, name in enumerate(names)} for column, names in order.items()}

    def key(column: pd.Series) -> pd.Series:
        return column.map(rank[column.name]) if column.name in rank else column

    return measures.sort_values(IDENTITY, key=key, ignore_index=True, kind="stable")
