from __future__ import annotations

import pandas as pd
import pytest

from healthycities.errors import SourceError
from healthycities.sources.nomis import require_every_combination, require_sexes, without_totals

KEYS = ["place", "sex"]
PARTS = [("a", 1, 2.0), ("a", 2, 3.0), ("b", 1, 4.0), ("b", 2, 5.0)]


def frame(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    """Make a table of these rows."""
    return pd.DataFrame(rows, columns=[*KEYS, "n"])


def dropped(rows: list[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    """Drop the totals of sexes, which are sex 0."""
    kept = without_totals(frame(rows), "sex", 0, value="n", file="f.csv")
    return list(kept.itertuples(index=False, name=None))


def test_totals_go_where_they_are_the_sum_of_their_parts():
    """2 + 3 is 5; a place may have no total; totals alone, and parts alone, stay."""
    assert dropped([*PARTS, ("a", 0, 5.0)]) == PARTS
    assert dropped(PARTS) == PARTS
    assert dropped([("a", 0, 5.0)]) == [("a", 0, 5.0)]


@pytest.mark.parametrize("total", [("b", 0, 5.0), ("c", 0, 1.0)])
def test_a_total_without_its_parts_is_refused(total):
    """Parts that sum to another number, or that are not there."""
    with pytest.raises(SourceError, match=f"f.csv: the total of place {total[0]} is"):
        dropped([*PARTS, total])


def test_every_combination_is_wanted():
    """Of 2 places and 2 sexes, 3 rows leave 1 out, and it is named."""
    require_every_combination(frame(PARTS), KEYS, file="f.csv")
    with pytest.raises(SourceError, match=r"no row for place b, sex 1 \(1 rows"):
        require_every_combination(frame([*PARTS[:2], PARTS[3]]), KEYS, file="f.csv")


def test_sexes_in_words():
    """Both sexes, or persons; never a sex alone, nor persons beside a sex."""
    assert require_sexes(pd.Series([1, 2, 1]), file="f.csv").tolist() == ["male", "female", "male"]
    assert require_sexes(pd.Series([0, 0]), file="f.csv").tolist() == ["persons", "persons"]
    for wrong in ([1], [0, 1], [1, 2, 3]):
        with pytest.raises(SourceError, match="expected GENDER 1 and 2"):
            require_sexes(pd.Series(wrong), file="f.csv")
