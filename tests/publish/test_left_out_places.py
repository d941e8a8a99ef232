"""What a run of a part of England says of places of one's own that it leaves out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from tests.publish.conftest import Run


def outlines(n_far: int) -> pd.DataFrame:
    """Return a list of one place in the run and some that lie elsewhere."""
    far = [(f"F{n:02d}", f"Far {n:02d}", f"E0700{n:04d}") for n in range(n_far)]
    rows = [("N", "Near", "E01000001"), ("N", "Near", "E01000002"), *far]
    return pd.DataFrame(rows, columns=["place_code", "place_name", "part_code"])


def members() -> pd.DataFrame:
    """Return what the run holds of them."""
    return pd.DataFrame(
        {
            "place_set": "boards",
            "place_code": "N",
            "place_name": "Near",
            "part_code": ["E01000001", "E01000002"],
            "part_share": 1.0,
            "assigned_by": "list",
            "ground_share": np.nan,
        }
    )


def page(make_run: Callable[..., Run], n_far: int) -> str:
    """Return the report of a run with places."""
    run = make_run("places", places=members(), outlines={"boards": outlines(n_far)})
    return (run.publish() / "report.html").read_text(encoding="utf-8")


def test_places_that_are_left_out_are_named_in_the_report(make_run: Callable[..., Run]):
    """One of two is there; the other, which the maps cannot show, is told by name."""
    told = page(make_run, 1)
    assert "Not every place of your own is reported on" in told
    assert "Boards: 1 of 2 is left out, as the run does not report on all of it: Far 00." in told


def test_many_are_named_in_part_and_counted(make_run: Callable[..., Run]):
    """Of fifteen, twelve by name, and how many more."""
    told = page(make_run, 15)
    assert "Boards: 15 of 16 are left out" in told
    assert "Far 11 and 3 others." in told


def test_a_whole_set_says_nothing(make_run: Callable[..., Run]):
    """Where each place is there, no line speaks of it."""
    assert "Not every place" not in page(make_run, 0)
