"""Published cases of one exposure from healthiar and AirQ+, read for the tests."""

from __future__ import annotations

import pytest
from tests.health.published import cases


def one_row(quantity: str) -> list[dict[str, str]]:
    """Return the published cases of one exposure."""
    return [
        row
        for row in cases("healthiar.csv")
        if row["quantity"] == quantity and " and " not in row["rr"]
    ]


def function_of(row: dict[str, str]) -> tuple[float, float, float, str]:
    """Return relative risk, increment, cutoff and shape of a published case."""
    rr, increment, cutoff = (float(row[name]) for name in ("rr", "rr_increment", "cutoff"))
    return rr, increment, cutoff, row["erf_shape"]


def to_the_digits(row: dict[str, str]) -> object:
    """Return a published figure, equal to what rounds to it, or is it to nine digits."""
    decimals = row["expected_decimals"]
    half = 0.500001 * 10 ** -int(decimals) if decimals else 1e-9
    return pytest.approx(float(row["expected"]), abs=half, rel=0)
