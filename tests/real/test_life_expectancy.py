"""The demonstration's life expectancy against what was published for England."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities.health.life import at_age, life_expectancy
from healthycities.sources.demo import health

PUBLISHED = "mortality_population/life_expectancy.csv.gz"


@pytest.mark.parametrize(("sex", "row"), [("Male", 0), ("Female", 1)])
def test_the_demonstration_lives_as_long_as_england(real: Path, sex: str, row: int):
    """People of England's age structure at its rates live as long as published, to a year."""
    table = pd.read_csv(real / PUBLISHED)
    chosen = (table["area_name"] == "England") & (table["inequality"] == sex)
    published = table.loc[chosen, "value"]
    people = health.population(np.array([56_500_000]), np.array([434.0]), np.zeros(1))
    died = people * health.death_rates()
    bands = [np.add.reduceat(part, health.BAND_STARTS, axis=2) for part in (died, people)]
    years = float(at_age(life_expectancy(*bands), 0).value[0, row])
    assert published.min() - 1 < years < published.max() + 1
    assert chosen.sum() == 9
