"""The levels that results are given at, and the areas of each, as weights of the areas below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from healthycities import fields, level_names
from healthycities.given import Given
from healthycities.level_names import PLACE, PLANNED_MARK
from healthycities.spatial.grid import FloatArray
from healthycities.spatial.weights import Weights

ENGLAND_CODE = "E92000001"
ENGLAND_NAME = "England"
OUTSIDE_CODE = "outside_authorities"
OUTSIDE_NAME = "England outside strategic authorities"
OUTSIDE_PLANNED_TOO = f"{OUTSIDE_NAME} and planned ones"
"""What no authority of the register holds. Not all of these have a mayor, so that 'outside mayoral
authorities' would be a larger place, and would not make up England with the authorities."""

WHOLE = 1 - 1e-9
_MOST_TOLD = 3


@dataclass(frozen=True, eq=False)
class Level:
    """The areas of one level, and the small areas or districts that each is made of.

    Parameters
    ----------
    weights : a row for each area, in the order of ``names``, and a column for each part; 1 where
        the part lies in the area, and less where a place of one's own cuts it.
    on_card : the name that cards have for the level; by default its own.
    unknown : for each area, why no number made of these parts is known of it, or None; empty where
        all are.
    """

    level: str
    names: npt.NDArray[np.object_]
    weights: Weights
    on_card: str = ""
    unknown: tuple[str | None, ...] = ()

    def is_among(self, levels: Sequence[str]) -> bool:
        """Whether it is one of some levels, as a card names them; no levels mean all."""
        return not levels or (self.on_card or self.level) in levels

    @property
    def owners(self) -> pd.Series:
        """Code of the area that each part lies in, by the code of the part; none in two."""
        member = self.weights.matrix.tocoo()
        parts = self.weights.columns[member.col]
        return pd.Series(self.weights.rows[member.row], index=parts, dtype="str")

    def estimated_share(self, of: FloatArray) -> FloatArray:
        """Return the share of the sum of each area that is of parts which it cuts.

        Parameters
        ----------
        of : one float64 of 0 or more for each part.
        """
        cut = self.weights.matrix.copy()
        cut.data = np.where(cut.data < WHOLE, cut.data, 0.0)
        share = np.zeros(len(self.names))
        total = self.weights.matrix @ of
        np.divide(cut @ of, total, out=share, where=total > 0)
        return share


@dataclass(frozen=True, eq=False)
class Levels:
    """All levels that a table of areas tells, and places of one's own.

    Parameters
    ----------
    areas : `tables.AREAS`, or `tables.DISTRICT_AREAS`.
    places : `tables.PLACES`, made of the smallest areas of these.
    """

    areas: pd.DataFrame
    places: pd.DataFrame | None = None

    @classmethod
    def of(cls, given: Given) -> Levels:
        """Return the levels of what a step of the workflow is given."""
        return cls(given.inputs["areas"], given.inputs.get("places"))

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
        """Districts, by code, with the larger areas that they lie in."""
        columns = [column for column in _OF_DISTRICTS if column in self.areas]
        districts = self.areas[columns].drop_duplicates(fields.DISTRICT_CODE)
        return districts.sort_values(fields.DISTRICT_CODE, ignore_index=True)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sets of places of one's own, sorted: each is a level."""
        return tuple(sorted(self.members[fields.PLACE_SET].unique()))

    @property
    def members(self) -> pd.DataFrame:
        """The members of all places of one's own; none where there are no places."""
        return _NO_PLACES if self.places is None else self.places

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all levels that there may be, in the order of the results."""
        return (*level_names.LEVELS, *self.sets)

    def of_small_areas(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of small areas."""
        return self._levels(self.areas, fields.SMALL_AREA_CODE, wanted)

    def of_districts(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of districts.

        A place of one's own that cuts a district has no weight in any, and says why.
        """
        return self._levels(self.districts, fields.DISTRICT_CODE, wanted)

    def of_smallest(self, wanted: Sequence[str]) -> Iterator[Level]:
        """Yield those of the wanted levels that there are, as weights of the smallest areas."""
        return self._levels(self.areas, self.smallest, wanted)

    def _levels(self, parts: pd.DataFrame, part: str, wanted: Sequence[str]) -> Iterator[Level]:
        for level in wanted:
            if level == PLACE or level in self.sets:
                for one in self.sets if level == PLACE else (level,):
                    yield self._own(one, parts[part], part)
                continue
            found = _parents(parts, level)
            if found is not None and found["code"].notna().any():
                yield _level(level, parts[part], found)

    def _own(self, name: str, parts: pd.Series, part: str) -> Level:
        """Return a set of places of one's own as weights of some parts."""
        of_set = self.members[self.members[fields.PLACE_SET] == name]
        of_set = of_set.sort_values(fields.PLACE_CODE)
        rows = of_set.drop_duplicates(fields.PLACE_CODE)
        unknown: tuple[str | None, ...] = ()
        if part != self.smallest:
            of_set, reasons = _by_district(of_set, self.areas)
            unknown = tuple(reasons.get(code) for code in rows[fields.PLACE_CODE])
        codes = rows[fields.PLACE_CODE].to_numpy(dtype=object)
        weights = _weights_of(of_set, codes, parts)
        return Level(name, rows[fields.PLACE_NAME].to_numpy(dtype=object), weights, PLACE, unknown)


_NO_PLACES = pd.DataFrame(columns=[fields.PLACE_SET])
_OF_DISTRICTS = (
    fields.DISTRICT_CODE,
    fields.DISTRICT_NAME,
    fields.AUTHORITY_CODE,
    fields.AUTHORITY_NAME,
    fields.REGION_CODE,
    fields.REGION_NAME,
    fields.WHOLE_REGION,
    fields.ALL_ENGLAND,
)


def _outside_name(parts: pd.DataFrame) -> str:
    """Name what is outside, from which the districts of planned authorities may be gone too."""
    planned = parts[fields.AUTHORITY_NAME].str.endswith(PLANNED_MARK, na=False)
    return OUTSIDE_PLANNED_TOO if planned.any() else OUTSIDE_NAME


def _parents(parts: pd.DataFrame, level: str) -> pd.DataFrame | None:
    """Return code and name of each part's area of a level, or None where there is no such level."""
    if level == level_names.ENGLAND:
        return _all_of(parts, ENGLAND_CODE, ENGLAND_NAME, parts[fields.ALL_ENGLAND])
    if level == level_names.OUTSIDE_AUTHORITIES:
        return _all_of(parts, OUTSIDE_CODE, _outside_name(parts), _outside(parts))
    if level == level_names.DEPRIVATION_DECILE:
        return _deciles(parts)
    code, name = f"{level}_code", f"{level}_name"
    if code not in parts:
        return None
    found = pd.DataFrame({"code": parts[code], "name": parts[name]})
    if level == level_names.REGION:
        found["code"] = found["code"].where(parts[fields.WHOLE_REGION])
    return found


def _outside(parts: pd.DataFrame) -> pd.Series:
    """Tell which parts lie outside authorities; none where that is all of England, or not known."""
    alone = parts[fields.AUTHORITY_CODE].isna()
    return alone & parts[fields.ALL_ENGLAND] & (not alone.all())


def _all_of(parts: pd.DataFrame, code: str, name: str, inside: pd.Series) -> pd.DataFrame:
    """Return one area of the parts that lie in it."""
    codes = [code if one else None for one in inside]
    return pd.DataFrame({"code": codes, "name": name}, index=parts.index)


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


# --- Places of one's own ---


def _weights_of(
    members: pd.DataFrame, places: npt.NDArray[np.object_], parts: pd.Series
) -> Weights:
    """Return places, in their order, as weights of parts."""
    row = pd.Index(places).get_indexer(members[fields.PLACE_CODE])
    column = pd.Index(parts).get_indexer(members[fields.PART_CODE])
    entries = (members[fields.PART_SHARE].to_numpy(dtype=np.float64), (row, column))
    matrix = csr_array(entries, shape=(len(places), len(parts)))
    columns = parts.to_numpy(dtype=object).astype(np.str_)
    return Weights(matrix, places.astype(np.str_), columns, np.asarray(matrix.sum(axis=1)))


def _by_district(members: pd.DataFrame, areas: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the districts of places that are made of whole ones, and why others have none.

    Deaths of a part of a district are not known. Shares of people would make sums that are no whole
    numbers, whose withheld parts a reader could work out from the shares.
    """
    held = _held_of_districts(members, areas)
    cut = held[held["inside"] < held["whole"] * WHOLE]
    told = [
        f"{one.district_code} {one.district_name} ({one.inside:.4g} of its {one.whole} small areas)"
        for one in cut.itertuples()
    ]
    reasons = pd.Series(told, index=cut[fields.PLACE_CODE], dtype=object)
    whole = held[~held[fields.PLACE_CODE].isin(cut[fields.PLACE_CODE])]
    renamed = whole.rename(columns={fields.DISTRICT_CODE: fields.PART_CODE})
    return renamed.assign(**{fields.PART_SHARE: 1.0}), {
        str(place): f"counted by district, and the place cuts {_first(list(those))}"
        for place, those in reasons.groupby(level=0)
    }


def _first(told: Sequence[str]) -> str:
    """Join texts, of which a note has room for the first three."""
    more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return ", ".join([*told[:_MOST_TOLD], *more])


def _held_of_districts(members: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return each place with each district that it has of, and how many of its small areas.

    Returns
    -------
    Code and name of the district, ``inside``, the sum of shares, and ``whole``, all that it has.
    """
    columns = [fields.SMALL_AREA_CODE, fields.DISTRICT_CODE, fields.DISTRICT_NAME]
    small = areas[columns].rename(columns={fields.SMALL_AREA_CODE: fields.PART_CODE})
    by = [fields.PLACE_CODE, fields.DISTRICT_CODE, fields.DISTRICT_NAME]
    inside = members.merge(small, on=fields.PART_CODE).groupby(by)[fields.PART_SHARE].sum()
    held = inside.rename("inside").reset_index()
    return held.assign(
        whole=held[fields.DISTRICT_CODE].map(small[fields.DISTRICT_CODE].value_counts())
    )
