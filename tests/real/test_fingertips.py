"""A file of Fingertips as it was published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from healthycities.geography.districts import known_districts
from healthycities.sources.fingertips import read
from healthycities.sources.raw import Raw

PREVALENCE = "mortality_population/indicators-DistrictUApre419.data.csv.gz"
COPD = 92658


def test_a_file_of_2019_on_the_map_of_its_date_and_of_today(real: Path):
    """Of 326 districts it has 324; 283 of these are districts of September 2026."""
    path = (real / PREVALENCE,)
    then, now = (read(Raw(path, day)) for day in (date(2018, 1, 1), date(2026, 9, 30)))
    types = {"District & UA (pre 4/19)": 324, "Region": 9, "England": 1}
    copd = then[then["indicator_id"] == COPD]
    assert copd["published_area_type"].value_counts().to_dict() == types
    assert set(copd["year"]) == {2015}
    kept = now.loc[now["indicator_id"] == COPD, "area_code"]
    assert kept.str.fullmatch(r"E0[6-9]\d{6}").sum() == 283
    assert set(kept) - {"E92000001"} - set(then["area_code"]) <= set(
        known_districts(date(2026, 9, 30))
    )
    england = copd[copd["area_code"] == "E92000001"].iloc[0]
    assert 0 < england["published_value"] < 100
