"""The rule for small counts of people, held where all that is published is together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from healthycities import fields, tables
from healthycities.catalogue import Measure
from healthycities.errors import SchemaError
from healthycities.health.count_tables import (
    Axis,
    axis_of_sets,
    constraints_of,
    filled_in,
    rounded_in_sum,
)
from healthycities.health.disclosure import suppress
from healthycities.health.rates import FEWEST_EVENTS, FloatArray
from healthycities.metrics.rows import NOTE_SEPARATOR, RESTS_ON, divided
from healthycities.publish.assemble import Results, marked
from healthycities.publish.topics import COUNT
from healthycities.settings import DisclosureSettings
from healthycities.synthetic import SYNTHETIC

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

WITHHELD = "withheld, so that no small count of people can be worked out"
COARSENED = "rounded, because a number that it is made of is withheld"
ROUNDED = "of counts that are rounded to multiples of {base}"
TOO_FEW_ROUNDED = "no rate is given below {fewest} once counts are rounded"

FEWEST_ROUNDED = 2 * FEWEST_EVENTS
"""Rounding at most doubles a count: nothing here tells of one below `FEWEST_EVENTS`, which a metric
may have given no rate for."""

SIGNIFICANT_FIGURES = 3
_SAME = 1e-9
_BOUNDS = [fields.VALUE, fields.LOWER, fields.UPPER]
_TOLD = [*_BOUNDS, fields.NUMERATOR, fields.DENOMINATOR, fields.COVERED_SHARE]
_ALL_AGES = re.compile(r"all ages")
_UNDER = re.compile(r"under (?P<below>\d+)")
_FROM = re.compile(r"(?P<first>\d+) and over")
_BETWEEN = re.compile(r"(?P<first>\d+) to (?P<last>\d+)")


def disclosed(
    results: Results, measures: Mapping[str, Measure], rule: DisclosureSettings
) -> Results:
    """Return the results that may be published under a rule.

    The rule is held over every sum that the rows of one kind of count make: over areas, sexes and
    bands of age, over years that are given together, over the measures that count the same, and
    over differences that no row gives, such as all ages less those under 75.

    Parameters
    ----------
    results : with exact counts, whose sums hold.
    measures : what each measure is, by its name.

    Raises
    ------
    SchemaError : counts that are not whole, or a band of age that is not understood.
    """
    if rule.rule == "none":
        return results
    rows = results.measures.copy()
    for table in _tables(results, measures):
        if rule.rule == "suppress":
            _withhold(rows, table, rule.below)
        else:
            _round(rows, table, rule.base)
    if results.synthetic:
        rows[fields.NOTE] = marked(rows[fields.NOTE])
    return replace(results, measures=rows)


@dataclass(frozen=True, eq=False)
class _Table:
    """All counts of one kind, of a year or of years that are given together.

    Parameters
    ----------
    axes : years, areas, sexes and bands of age.
    places : cell of each row, in C order.
    rows : index of each row in the results.
    counts : (rows,) the counts of people.
    of_shares : (rows,) whether the numerator is a sum of shares of the counts.
    proportional : (rows,) whether the value is in proportion to the count.
    divided : whether some counts are parts of counts that were divided among areas by people.
    """

    axes: tuple[Axis, Axis, Axis, Axis]
    places: IntArray
    rows: IntArray
    counts: FloatArray
    of_shares: BoolArray
    proportional: BoolArray
    divided: bool

    def only(self, chosen: BoolArray) -> _Table:
        """Return the table with some of its rows."""
        return replace(
            self,
            places=self.places[chosen],
            rows=self.rows[chosen],
            counts=self.counts[chosen],
            of_shares=self.of_shares[chosen],
            proportional=self.proportional[chosen],
        )

    @cached_property
    def constraints(self) -> sparse.csr_array:
        """Every sum that holds between cells."""
        return constraints_of(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells along each axis."""
        return tuple(axis.cells for axis in self.axes)

    def cells(self) -> FloatArray:
        """Return counts of all cells, with those that follow from others; NaN where not known."""
        cells = np.full(int(np.prod(self.shape)), np.nan)
        cells[self.places] = self.counts
        return filled_in(cells, self.constraints)


def _tables(results: Results, measures: Mapping[str, Measure]) -> Iterator[_Table]:
    kinds = sorted({measure.counts for measure in measures.values() if measure.counts})
    for kind in kinds:
        names = [name for name, measure in measures.items() if measure.counts == kind]
        of_kind = results.measures[results.measures[fields.METRIC].isin(names)]
        for _, rows in of_kind.groupby(_joined_years(of_kind)):
            yield _table(results, measures, rows)


def _joined_years(rows: pd.DataFrame) -> pd.Series:
    """Return a number for each row, alike for rows whose years have to do with one another.

    Those of 2020 to 2022 and of 2022 have, and through them those of 2021.
    """
    spans = rows[[fields.FIRST_YEAR, fields.YEAR]].drop_duplicates().sort_values(fields.FIRST_YEAR)
    apart = spans[fields.FIRST_YEAR] > spans[fields.YEAR].cummax().shift(fill_value=-1)
    group = dict(zip(spans.itertuples(index=False, name=None), apart.cumsum(), strict=True))
    own = zip(rows[fields.FIRST_YEAR], rows[fields.YEAR], strict=True)
    return pd.Series([group[span] for span in own], index=rows.index)


def _table(results: Results, measures: Mapping[str, Measure], rows: pd.DataFrame) -> _Table:
    (years, year_keys), (areas, area_keys), (sexes, sex_keys), (ages, age_keys) = (
        _years(rows),
        _areas(results, rows),
        _sexes(rows),
        _ages(rows),
    )
    coded = (
        _coded(zip(rows[fields.FIRST_YEAR], rows[fields.YEAR], strict=True), year_keys),
        _coded(zip(rows[fields.LEVEL], rows[fields.AREA_CODE], strict=True), area_keys),
        _coded(rows[fields.SEX], sex_keys),
        _coded(rows[fields.AGE], age_keys),
    )
    axes = (years, areas, sexes, ages)
    places = np.ravel_multi_index(coded, tuple(axis.cells for axis in axes))
    of_shares = np.array(
        [measures[name].counts_in == "denominator" for name in rows[fields.METRIC]]
    )
    counts = np.where(of_shares, rows[fields.DENOMINATOR], rows[fields.NUMERATOR])
    estimated = (rows[fields.ESTIMATED_SHARE] > 0).to_numpy()
    _require_whole(rows[~estimated], counts[~estimated])
    _require_one(rows, counts, places)
    proportional = np.array([measures[name].proportional for name in rows[fields.METRIC]])
    return _Table(
        axes,
        places,
        rows.index.to_numpy(),
        counts,
        of_shares,
        proportional,
        divided=bool(estimated.any()),
    )


def _coded(values: Iterable[Hashable], keys: Sequence[Hashable]) -> IntArray:
    """Return the place of each value among keys."""
    place_of = {key: place for place, key in enumerate(keys)}
    return np.array([place_of[value] for value in values], dtype=np.int64)


# --- The axes ---


def _years(rows: pd.DataFrame) -> tuple[Axis, list[tuple[int, int]]]:
    """Return the years of some rows, and the years that are given together, as sets of years."""
    spans = rows[[fields.FIRST_YEAR, fields.YEAR]].drop_duplicates()
    keys = sorted((int(first), int(last)) for first, last in spans.to_numpy())
    every = np.arange(keys[0][0], max(last for _, last in keys) + 1)
    sets = [(every >= first) & (every <= last) for first, last in keys]
    own = pd.Series(list(zip(rows[fields.FIRST_YEAR], rows[fields.YEAR], strict=True)), rows.index)
    told = _told_together(own, [rows[fields.SEX], rows[fields.AGE]], keys)
    return axis_of_sets(
        sparse.csr_array(np.array(sets, dtype=np.float64)), told_together=told
    ), keys


def _areas(results: Results, rows: pd.DataFrame) -> tuple[Axis, list[tuple[str, str]]]:
    """Return the areas of the levels of some rows, as sets of small areas or of districts."""
    levels = results.levels
    wanted = [level for level in levels.names if (rows[fields.LEVEL] == level).any()]
    small = {"small_area", "deprivation_decile"} & set(wanted)
    found = list(levels.of_small_areas(wanted) if small else levels.of_districts(wanted))
    keys = [(level.level, str(code)) for level in found for code in level.weights.rows]
    sets = sparse.vstack([level.weights.matrix for level in found], format="csr")
    return axis_of_sets(sparse.csr_array(sets)), keys


def _sexes(rows: pd.DataFrame) -> tuple[Axis, list[str]]:
    """Return the sexes of some rows, as sets of males and females."""
    keys = [sex for sex in tables.SEXES if (rows[fields.SEX] == sex).any()]
    sets = [[key in ("persons", sex) for sex in ("male", "female")] for key in keys]
    return axis_of_sets(sparse.csr_array(np.array(sets, dtype=np.float64))), keys


def _ages(rows: pd.DataFrame) -> tuple[Axis, list[str]]:
    """Return the bands of age of some rows, as sets of years of age."""
    keys = sorted(rows[fields.AGE].unique())
    sets = np.zeros((len(keys), tables.OLDEST_AGE + 1))
    for one, band in zip(sets, keys, strict=True):
        first, last = ages_of(band)
        one[first : last + 1] = 1
    apart = [rows[fields.SEX], rows[fields.FIRST_YEAR], rows[fields.YEAR]]
    told = _told_together(rows[fields.AGE], apart, keys)
    return axis_of_sets(sparse.csr_array(sets), told_together=told), keys


def _told_together(
    values: pd.Series, apart: list[pd.Series], keys: Sequence[Hashable]
) -> list[list[int]]:
    """Return the places of all keys, then of those that stand beside one another in some rows."""
    found = {frozenset(one) for _, one in values.groupby(apart)}
    some = [[place for place, key in enumerate(keys) if key in one] for one in found]
    return [[*range(len(keys))], *sorted(one for one in some if len(one) < len(keys))]


def ages_of(band: str) -> tuple[int, int]:
    """Return the first and last year of age of a band, as the results name it.

    Raises
    ------
    SchemaError : the band is not understood, so that its sums would go unseen.
    """
    if _ALL_AGES.fullmatch(band):
        return 0, tables.OLDEST_AGE
    if found := _UNDER.fullmatch(band):
        return 0, int(found["below"]) - 1
    if found := _FROM.fullmatch(band):
        return int(found["first"]), tables.OLDEST_AGE
    if found := _BETWEEN.fullmatch(band):
        return int(found["first"]), int(found["last"])
    raise SchemaError(
        "expected a band such as 'all ages', 'under 75', '30 and over' or '30 to 69', "
        f"found {band!r}",
        place=f"column {fields.AGE}",
        mend="Name the band so in the metric: small counts are looked for in differences of bands.",
    )


def _require_whole(rows: pd.DataFrame, counts: FloatArray) -> None:
    wrong = np.flatnonzero((counts != np.floor(counts)) & ~np.isnan(counts))
    if wrong.size:
        raise SchemaError(
            f"{_named(rows.iloc[wrong[0]])}: expected a whole number of events, found "
            f"{counts[wrong[0]]:g}",
            mend="Take counts that were not weighted or rounded, or set disclosure.rule to none.",
        )


def _require_one(rows: pd.DataFrame, counts: FloatArray, places: IntArray) -> None:
    """Hold that measures which count the same agree, for one would tell the other."""
    counted = pd.DataFrame({"place": places, "count": counts}).dropna()
    found = counted.groupby("place")["count"]
    # Parts of a count that was divided are summed in different orders.
    slack = _SAME * (1 + counted["count"])
    wrong = np.flatnonzero(found.transform("max") - found.transform("min") > slack)
    if wrong.size:
        row = rows.iloc[counted.index[wrong[0]]]
        raise SchemaError(
            f"{_named(row)}: another measure counts the same deaths and has another number",
            mend="Give what they count another name in `counts`, on the card of the metric.",
        )


def _named(row: pd.Series) -> str:
    parts = (fields.METRIC, fields.AREA_CODE, fields.YEAR, fields.SEX, fields.AGE)
    return ", ".join(str(row[part]) for part in parts)


# --- To withhold ---


def _withhold(rows: pd.DataFrame, table: _Table, below: int) -> None:
    """Withhold cells of a table, and round what is made of them.

    The rate or the attributable deaths of a whole are a weighted sum of the same counts. Given in
    full, they tell more of the withheld parts than the plain sum does.
    """
    sums = table.constraints
    cells = table.cells()
    # What is missing everywhere, such as one year of three, was withheld from nobody.
    hidden = suppress(cells, sums, below=below, divided=table.divided) & ~np.isnan(cells)
    partly = np.asarray((sums > 0) @ hidden.astype(np.float64)) > 0
    made_of_hidden = np.asarray((sums < 0).T @ partly.astype(np.float64)) > 0
    known = ~np.isnan(table.counts)
    withheld = known & hidden[table.places]
    coarse = known & ~withheld & made_of_hidden[table.places]
    coarse &= rows.loc[table.rows, fields.VALUE].notna().to_numpy()
    _coarsen(rows, table.only(coarse), table.counts[coarse], COARSENED)
    _empty(rows, table, withheld)


def _empty(rows: pd.DataFrame, table: _Table, withheld: BoolArray) -> None:
    """Take away all numbers of withheld rows, and all notes but those that every row has."""
    here = rows.loc[table.rows, [fields.METRIC, fields.NOTE]]
    parts = [_parts(note) for note in here[fields.NOTE]]
    shared = {
        metric: set.intersection(*(set(parts[row]) for row in found))
        for metric, found in here.groupby(fields.METRIC).indices.items()
    }
    for row in np.flatnonzero(withheld):
        kept = [part for part in parts[row] if part in shared[here[fields.METRIC].iloc[row]]]
        rows.loc[table.rows[row], fields.NOTE] = NOTE_SEPARATOR.join([*kept, WITHHELD])
    rows.loc[table.rows[withheld], _TOLD] = np.nan


# --- To round ---


def _round(rows: pd.DataFrame, table: _Table, base: int) -> None:
    """Round the counts of a table, and give what rests on them as of the rounded counts.

    The limits of a rate tell its count by their width, and are left out.
    """
    cells = rounded_in_sum(table.cells().reshape(table.shape), table.axes, base).ravel()
    known = ~np.isnan(table.counts)
    of_known, rounded = table.only(known), cells[table.places[known]]
    _coarsen(rows, of_known, rounded, ROUNDED.format(base=base))
    plain = ~of_known.of_shares
    few = plain & (rounded < FEWEST_ROUNDED)
    rows.loc[of_known.rows[plain], [fields.LOWER, fields.UPPER, fields.CONFIDENCE]] = np.nan
    rows.loc[of_known.rows[few], fields.VALUE] = np.nan
    rows.loc[of_known.rows[few], fields.NOTE] = TOO_FEW_ROUNDED.format(fewest=FEWEST_ROUNDED)


def _coarsen(rows: pd.DataFrame, table: _Table, counts: FloatArray, note: str) -> None:
    """Give the rows of a table as of other counts, no finer than is safe, with a note.

    Sums of shares of a count are given in whole events: two parts could exchange one without a
    trace, because the shares of no two places differ by as much as the whole of one. A rate is
    given in three figures, which many numbers of deaths by age have in common.
    """
    before = rows.loc[table.rows]
    scale = np.where(table.proportional, _scale(table.counts, counts), 1.0)
    plain = before[_BOUNDS].to_numpy(dtype=np.float64) * scale[:, None]
    shared = _in_whole_events(before, table.counts, counts)
    new = np.where(table.of_shares[:, None], shared[:, :3], significant(plain))
    rows.loc[table.rows, _BOUNDS] = new
    rows.loc[table.rows, fields.NUMERATOR] = np.where(table.of_shares, shared[:, 3], counts)
    shares = table.rows[table.of_shares]
    rows.loc[shares, fields.DENOMINATOR] = counts[table.of_shares]
    partly = before[fields.COVERED_SHARE].between(0, 1, inclusive="neither")
    rows.loc[table.rows[partly], fields.COVERED_SHARE] = np.nan
    rows.loc[table.rows, fields.NOTE] = [
        NOTE_SEPARATOR.join([*(part for part in _parts(old) if not _tells_share(part)), note])
        for old in before[fields.NOTE]
    ]


def _in_whole_events(before: pd.DataFrame, old: FloatArray, new: FloatArray) -> FloatArray:
    """Return value, lower, upper and numerator of sums of shares, of other counts.

    Returns
    -------
    (rows, 4) each made of a whole number of events.
    """
    numerator = before[fields.NUMERATOR].to_numpy(dtype=np.float64)
    value = before[fields.VALUE].to_numpy(dtype=np.float64)
    is_count = (before[fields.STATISTIC] == COUNT).to_numpy()
    unit = np.where(numerator > 0, divided(value, numerator), 1.0)
    events = before[_BOUNDS].to_numpy(dtype=np.float64) / unit[:, None]
    whole = np.rint(events * _scale(old, new)[:, None])
    new_unit = unit * np.where(is_count, 1.0, divided(old, new))
    return np.column_stack([whole * new_unit[:, None], whole[:, 0]])


def _scale(old: FloatArray, new: FloatArray) -> FloatArray:
    """Return what turns sums of old counts into those of new ones; a count of 0 stays 0."""
    return np.where(old > 0, divided(new, old), 1.0)


def significant(values: FloatArray, figures: int = SIGNIFICANT_FIGURES) -> FloatArray:
    """Return values rounded to so many significant figures; 0 and missing ones stay as they are."""
    size = np.abs(np.where(np.isnan(values) | (values == 0), 1.0, values))
    step = 10.0 ** (np.floor(np.log10(size)) - figures + 1)
    # Rounded twice, so that the last bit of a number half-way does not decide where it goes.
    return np.asarray(np.rint(np.round(values / step, 9)) * step)


# --- Notes ---


def _parts(note: object) -> list[str]:
    """Return the parts of a note, without the mark of made-up values, which is added again."""
    text = note.removeprefix(SYNTHETIC).removeprefix(". ") if isinstance(note, str) else ""
    return [part for part in text.split(NOTE_SEPARATOR) if part]


def _tells_share(part: str) -> bool:
    return part.startswith(RESTS_ON)
