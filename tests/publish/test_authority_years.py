from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pyogrio
import pytest
from tests.publish.conftest import DEVON, NAMES, TEES, A, Run, air, areas, measure_rows

from healthycities.geography.register import Register
from healthycities.publish.assemble import Results
from healthycities.publish.authority_years import (
    MAYOR_IN_OFFICE,
    STANDS,
    STOOD_BEFORE,
    authority_years,
    middle,
    without_mayor,
)

NORTH_EAST = "E47000014"


def results(*years: int, code: str = TEES, name: str = NAMES[TEES]) -> Results:
    """Return a run of one authority and district in some years."""
    owned = areas().iloc[1:2].assign(authority_code=code, authority_name=name)
    rows = [measure_rows("pm25_mean_ugm3", year, {A: 4.0}) for year in years]
    return Results(pd.concat(rows, ignore_index=True), owned, synthetic=False)


def told(*years: int, code: str = TEES, name: str = NAMES[TEES]) -> list[tuple[int, bool, bool]]:
    """Return year, whether it stands and whether it has a mayor."""
    table = authority_years(results(*years, code=code, name=name), Register.load())
    return list(table[["year", STANDS, MAYOR_IN_OFFICE]].itertuples(index=False, name=None))


def test_tees_valley_stands_since_2016_and_has_a_mayor_since_2017():
    """Established in April 2016, with a mayor elected in May 2017: asked at the middle of years."""
    assert told(2015, 2016, 2017) == [
        (2015, False, False),
        (2016, True, False),
        (2017, True, True),
    ]


def test_a_year_is_asked_at_its_middle():
    """The West Midlands stands from 17 June 2016 on, and so in 2016; East Midlands, 2024."""
    assert middle(2016) == date(2016, 6, 30)
    assert told(2016, code="E47000007", name="West Midlands") == [(2016, True, False)]
    assert told(2024, code="E47000013", name="East Midlands") == [(2024, True, True)]


@pytest.mark.parametrize(
    ("year", "before"),
    [
        (2013, None),
        (2014, "North East"),
        (2018, "North East"),
        (2019, "North East; North of Tyne*"),
        (2023, "North East; North of Tyne*"),
        (2024, None),
    ],
)
def test_who_stood_before_in_its_place_is_named(year: int, before: str | None):
    """The North East was one without a mayor, then two of which one had a mayor, then itself."""
    table = authority_years(
        results(year, code=NORTH_EAST, name="North East Mayoral"), Register.load()
    )
    (found,) = table[STOOD_BEFORE].astype(object).where(table[STOOD_BEFORE].notna(), None)
    assert found == before


@pytest.mark.parametrize(
    ("years", "code", "sentences"),
    [
        ((2017, 2018), TEES, []),
        ((2016, 2017), TEES, ["No mayor before 2017: Tees Valley"]),
        (
            (2014, 2015, 2017),
            TEES,
            ["No mayor before 2017; did not stand in 2014 to 2015: Tees Valley"],
        ),
        ((2025,), DEVON, ["No mayor: Devon and Torbay"]),
        ((2026,), "cumbria", ["No mayor before 2027: Cumbria"]),
        (
            (2025,),
            "greater_essex",
            ["Planned: does not stand: Greater Essex Combined County Authority (planned)"],
        ),
    ],
)
def test_the_report_says_who_had_no_mayor(years: tuple[int, ...], code: str, sentences: list[str]):
    """A sentence has since when there is a mayor, and the years in which there was no authority."""
    register = Register.load()
    table = authority_years(results(*years, code=code), register)
    assert without_mayor(table, register) == sentences


def test_the_package_has_the_table_and_describes_it(run: Run):
    """Each authority has a row a year, with columns that the dictionary explains."""
    run.measures = [air(2022), air(2023)]
    run.publish()
    table = pyogrio.read_dataframe(run.package, layer="authority_years")
    assert table[["area_code", "year"]].to_numpy().tolist() == [
        [TEES, 2022],
        [TEES, 2023],
        [DEVON, 2022],
        [DEVON, 2023],
    ]
    assert table[STANDS].tolist() == [True, True, False, False]
    described = pyogrio.read_dataframe(run.package, layer="dictionary")
    own = described.loc[described["layer"] == "authority_years", "column"]
    assert set(own) == {"fid", *table.columns}


def test_a_planned_authority_never_passes_for_one_that_stands(make_run: Callable[..., Run]):
    """Reported on, its layer says planned and no mayor, and its name carries the mark."""
    name = "Greater Essex Combined County Authority (planned)"
    codes = {TEES: "greater_essex"}
    owned = areas()
    owned["authority_code"] = owned["authority_code"].replace(codes)
    owned["authority_name"] = owned["authority_name"].replace({NAMES[TEES]: name})
    rows = air()
    rows["area_code"] = rows["area_code"].replace(codes)
    rows["area_name"] = rows["area_name"].replace({NAMES[TEES]: name})
    run = make_run("planned", areas=owned, measures=[rows])
    run.publish()
    layer = pyogrio.read_dataframe(run.package, layer="authorities").set_index("area_code")
    assert layer.loc["greater_essex", ["area_name", "status"]].tolist() == [name, "planned"]
    assert not layer.loc["greater_essex", "mayor_in_office"]
    report = (run.out / "report.html").read_text(encoding="utf-8")
    assert f"Planned: does not stand: {name}." in report
