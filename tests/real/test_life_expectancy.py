"""The demonstration's life expectancies against what was published for England."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities.health.life import at_age, healthy_life_expectancy, life_expectancy
from healthycities.sources.demo import health

PUBLISHED = "mortality_population/life_expectancy.csv.gz"
IN_HEALTH = "mortality_population/healthy_life_expectancy.csv.gz"


def of_england(file: Path, sex: str) -> pd.Series:
    """Return the published values of England, one for each period."""
    table = pd.read_csv(file)
    return table.loc[(table["area_name"] == "England") & (table["inequality"] == sex), "value"]


def life_table_of_the_demonstration() -> tuple[np.ndarray, list[np.ndarray]]:
    """Return people of England's age structure, and their deaths and numbers by band."""
    people = health.population(np.array([56_500_000]), np.array([434.0]), np.zeros(1))
    died = people * health.death_rates()
    return people, [np.add.reduceat(part, health.BAND_STARTS, axis=2) for part in (died, people)]


@pytest.mark.parametrize(("sex", "row"), [("Male", 0), ("Female", 1)])
def test_the_demonstration_lives_as_long_as_england(real: Path, sex: str, row: int):
    """People of England's age structure at its rates live as long as published, to a year."""
    published = of_england(real / PUBLISHED, sex)
    _, bands = life_table_of_the_demonstration()
    years = float(at_age(life_expectancy(*bands), 0).value[0, row])
    assert published.min() - 1 < years < published.max() + 1
    assert len(published) == 9


@pytest.mark.parametrize(("sex", "row"), [("Male", 0), ("Female", 1)])
def test_the_demonstration_is_in_health_as_long_as_england(real: Path, sex: str, row: int):
    """With its answers, which are even over the sexes, they are in health as long, to a year."""
    published = of_england(real / IN_HEALTH, sex)
    people, bands = life_table_of_the_demonstration()
    answers = health.general_health(people, np.zeros(1), seed=1)
    asked = answers.sum(axis=-1)
    share = answers[..., :2].sum(axis=-1) / asked
    starts = health.HEALTH_BAND_STARTS
    found = healthy_life_expectancy(*bands, share, asked, prevalence_starts=starts)
    years = float(at_age(found, 0).value[0, row])
    assert published.min() - 1 < years < published.max() + 1
    assert len(published) == 8
