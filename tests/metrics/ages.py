"""Deaths and people in the bands of an abridged life table, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities.health.life import ABRIDGED_STARTS

OLDEST = 120
Counts = Mapping[str, Mapping[int, float]]
"""Counts by district and first age."""

DIED: Counts = {
    BOLTON: {90: 1000.0},
    BURY: {90: 2000.0},
    SWINDON: {85: 1000.0, 90: 3000.0},
}
"""1,000, 2,000 and 4,000 deaths at 30 and over; 1,000 in all at 85 to 89, and 6,000 later."""

ALIVE: Counts = {
    BOLTON: {85: 1000.0, 90: 6000.0},
    BURY: {85: 1000.0, 90: 6000.0},
    SWINDON: {85: 3000.0, 90: 6000.0},
}
"""5,000 in all at 85 to 89, and 18,000 later; 100 in every other band of each district.

People of 90 have 18,000 / 6,000 = 3 years to live. With M = 0.2, two thirds of those of 85 die
before 90: they have 5 (1/3 + 2/3 / 2) + 3/3 = 13/3 years, and half-way to 90 (13/3 + 3) / 2 = 11/3.
"""


def deaths(counts: Counts, *, cause: str = "all", sex: str = "persons") -> pd.DataFrame:
    """Return deaths of one cause and sex, 0 in bands that are not named, but 99 at 25 to 29."""
    rows = [
        (code, 2022, cause, sex, start, end, {25: 99.0, **by_age}.get(start, 0.0))
        for code, by_age in counts.items()
        for start, end in bands()
    ]
    columns = ["district_code", "year", "cause_icd10", "sex", "age_from", "age_to", "deaths"]
    return pd.DataFrame(rows, columns=columns)


def people(counts: Counts, *, sex: str = "persons") -> pd.DataFrame:
    """Return people of one sex, 100 in bands that are not named."""
    rows = [
        (code, 2022, sex, start, end, by_age.get(start, 100.0))
        for code, by_age in counts.items()
        for start, end in bands()
    ]
    columns = ["district_code", "year", "sex", "age_from", "age_to", "people"]
    return pd.DataFrame(rows, columns=columns)


def bands() -> list[tuple[int, int]]:
    """Return first and last age of the 20 bands."""
    ends = [start - 1 for start in ABRIDGED_STARTS[1:]]
    return list(zip(ABRIDGED_STARTS, [*ends, OLDEST], strict=True))


def single_years(counts: Counts, *, sex: str) -> pd.DataFrame:
    """Return people of one sex by single year of age, each with an equal part of its band."""
    banded = people(counts, sex=sex)
    widths = (banded["age_to"].clip(upper=90) - banded["age_from"] + 1).to_numpy()
    found = banded.loc[banded.index.repeat(widths)].reset_index(drop=True)
    age = found["age_from"] + np.concatenate([np.arange(width) for width in widths])
    parts = found["people"] / np.repeat(widths, widths)
    return found.assign(age_from=age, age_to=age.mask(age == 90, OLDEST), people=parts)


BySex = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Numbers in the 20 bands of males and of females, by district."""


def by_sex(columns: Mapping[str, BySex], **more: object) -> pd.DataFrame:
    """Return rows of 2022 by district, sex and band with one or more columns of numbers."""
    first, last = zip(*bands(), strict=True)
    return pd.concat(
        pd.DataFrame(
            {"district_code": code, "year": 2022, **more, "sex": sex}
            | {"age_from": first, "age_to": last}
            | {name: given[code][place] for name, given in columns.items()}
        )
        for code in next(iter(columns.values()))
        for place, sex in enumerate(("male", "female"))
    )


def people_by_sex(given: BySex) -> pd.DataFrame:
    """Return people by sex and band."""
    return by_sex({"people": given})


def deaths_by_sex(given: BySex) -> pd.DataFrame:
    """Return deaths from all causes, and of one cause that is a part of them."""
    every = by_sex({"deaths": given}, cause_icd10="all")
    return pd.concat([every, every.assign(cause_icd10="C00-C97")])
