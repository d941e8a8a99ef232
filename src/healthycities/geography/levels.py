"""The levels that results are given at, and the areas of each, as weights of the areas below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from healthycities import fields
from healthycities.spatial.weights import Weights

ENGLAND_CODE = "E92000001"
ENGLAND_NAME = "England"


@dataclass(frozen=True, eq=False)
class Level:
    """The areas of one level, and the small areas or districts that each is made of.

    ``weights`` has a row for each area, in the order of ``names``, and a column for each part.
    """

    level: str
    names: npt.NDArray[np.object_]
    weights: Weights


@dataclass(frozen=True, eq=False)
class Levels:
    """All levels that a table of areas tells: `tables.AREAS`, or `tables.DISTRICT_AREAS`."""

    areas: pd.DataFrame

    @property
    def smallest(self) -> str:
        """The column with the codes of the smallest areas: small areas, or else districts."""
        code = fields.SMALL_AREA_CODE
        return code if code in self.areas else fields.DISTRICT_CODE

    @property
    def small_areas(self) -> npt.NDArray[np.object_]:
        """Codes of the small areas, in order."""
        codes: npt.NDArray[np.object_] = self.areas[fields.SMALL_AREA_CODE].to_numpy(dtype=object)
        return codes

    @property
    def districts(self) -> pd.DataFrame:
        """Districts, by code, with their authority."""
        columns = [fields.DISTRICT_CODE, fields.DISTRICT_NAME]
        columns += [fields.AUTHORITY_CODE, fields.AUTHORITY_NAME, fields.ALL_ENGLAND]
        districts = self.areas[columns].drop_duplicates(fields.DISTRICT_CODE)
        return districts.sort_values(fields.DISTRICT_CODE, ignore_index=True)

    def of_small_areas(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of small areas."""
        return self._levels(self.areas, fields.SMALL_AREA_CODE, wanted)

    def of_districts(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of districts."""
        return self._levels(self.districts, fields.DISTRICT_CODE, wanted)

    def of_smallest(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of the smallest areas."""
        return self._levels(self.areas, self.smallest, wanted)

    def _levels(self, parts: pd.DataFrame, part: str, wanted: Sequence[str]) -> Iterator[Level]:
        for level in wanted:
            found = _parents(parts, level)
            if found is not None and found["code"].notna().any():
                yield _level(level, parts[part], found)


def _parents(parts: pd.DataFrame, level: str) -> pd.DataFrame | None:
    """Return code and name of each part's area of a level, or None where there is no such level."""
    if level == "england":
        codes = [ENGLAND_CODE if whole else None for whole in parts[fields.ALL_ENGLAND]]
        return pd.DataFrame({"code": codes, "name": ENGLAND_NAME}, index=parts.index)
    if level == "deprivation_decile":
        return _deciles(parts)
    code, name = f"{level}_code", f"{level}_name"
    if code not in parts:
        return None
    return pd.DataFrame({"code": parts[code], "name": parts[name]})


def _deciles(parts: pd.DataFrame) -> pd.DataFrame | None:
    if fields.DEPRIVATION_DECILE not in parts:
        return None
    decile = parts[fields.DEPRIVATION_DECILE]
    ends = {1: " (most deprived)", 10: " (least deprived)"}
    where = "" if parts[fields.ALL_ENGLAND].all() else ", in the areas of this run"
    names = {n: f"Deprivation decile {n}{ends.get(n, '')}{where}" for n in range(1, 11)}
    codes = {n: f"decile_{n:02d}" for n in range(1, 11)}
    return pd.DataFrame({"code": decile.map(codes), "name": decile.map(names)})


def _level(level: str, parts: pd.Series, parents: pd.DataFrame) -> Level:
    weights = Weights.membership(parts, parents["code"])
    names = parents.dropna(subset="code").drop_duplicates("code").set_index("code")["name"]
    return Level(level, names.loc[list(weights.rows)].to_numpy(dtype=object), weights)
