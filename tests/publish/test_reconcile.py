from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.publish.conftest import (
    DEVON,
    ENGLAND,
    TEES,
    A,
    B,
    C,
    air,
    areas,
    measure_rows,
    mortality,
)

from healthycities.errors import AlignmentError
from healthycities.publish.assemble import Results
from healthycities.publish.reconcile import require_parts_add_up


def check(measures: pd.DataFrame, table: pd.DataFrame | None = None) -> None:
    """Hold rows against one another, in the areas of the tests or others."""
    require_parts_add_up(Results(measures, areas() if table is None else table, synthetic=False))


def without(rows: pd.DataFrame, *codes: str) -> pd.DataFrame:
    """Return the rows of other areas."""
    return rows[~rows["area_code"].isin(codes)]


def emptied(rows: pd.DataFrame, *codes: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows with numbers missing in some areas."""
    rows = rows.copy()
    rows.loc[rows["area_code"].isin(codes), list(columns)] = np.nan
    return rows


BOTH = ("numerator", "denominator")


@pytest.mark.parametrize("rows", [air(), mortality()], ids=["mean", "rate"])
@pytest.mark.parametrize("lost", [A, B, C])
def test_a_lost_row_of_a_district_is_found(rows: pd.DataFrame, lost: str):
    """An authority that keeps the whole sum while a district's row is gone does not pass."""
    check(rows)
    whole = DEVON if lost == C else TEES
    with pytest.raises(AlignmentError, match=f"the numerator of {whole} is .* districts add up to"):
        check(without(rows, lost))


def test_a_lost_number_of_a_district_is_found():
    """Deaths of Middlesbrough that are missing, while Tees Valley has all 15, leave 5 (A) of 15."""
    with pytest.raises(AlignmentError, match=rf"numerator of {TEES} is 15\.0, .* up to 5\.0 \(1 "):
        check(emptied(mortality(), B, columns=("numerator",)))


def test_a_count_without_a_district_is_missing_above_and_passes():
    """Where a district has no number, neither do its authority and England: nothing to compare."""
    check(emptied(mortality(), B, TEES, ENGLAND, columns=BOTH))
    with pytest.raises(AlignmentError, match=f"of {ENGLAND} is 18"):
        check(emptied(mortality(), B, TEES, columns=BOTH))


def test_a_ratio_goes_without_a_district_that_has_no_value():
    """Without Hartlepool's 100 people, means over the 300 and the 900 others add up."""
    rows = air().set_index("area_code")
    rows.loc[A, list(BOTH)] = [np.nan, 0.0]
    rows.loc[TEES, list(BOTH)] = [2400.0, 300.0]
    rows.loc[ENGLAND, list(BOTH)] = [9600.0, 900.0]
    check(rows.reset_index())


def test_a_ratio_that_no_district_has_passes():
    """No numerator anywhere, and no people with a value, is no contradiction."""
    rows = emptied(air(), *air()["area_code"], columns=("numerator",))
    check(rows.assign(denominator=0.0))


def test_a_district_in_no_authority_counts_for_england_alone():
    """Torbay outside every authority is a part of England's sum, and of no other."""
    table = areas()
    table.loc[table["district_code"] == C, ["authority_code", "authority_name"]] = None
    check(without(air(), DEVON), table)
    with pytest.raises(AlignmentError, match=f"of {ENGLAND}"):
        check(without(air(), DEVON, C), table)


def test_a_part_of_england_is_not_held_against_england():
    """Where the run does not cover England, only authorities are compared."""
    check(without(air(), ENGLAND), areas(all_england=False))


def test_what_is_not_given_by_district_is_not_compared():
    """A measure of authorities alone has no parts to add up."""
    check(measure_rows("mortality_per100k", 2023, {TEES: 1.0}, numerator=5.0, denominator=1.0))


def test_a_rounding_error_is_none():
    """Sums in another order differ by less than a millionth, and lost people by more."""
    rows = air()
    check(rows.assign(numerator=rows["numerator"].where(rows["area_code"] != TEES, 2800 + 1e-6)))
    with pytest.raises(AlignmentError, match=rf"of {TEES} is 2800\.01"):
        check(rows.assign(numerator=rows["numerator"].where(rows["area_code"] != TEES, 2800.01)))
