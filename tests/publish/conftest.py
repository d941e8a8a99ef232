"""A run by hand: three squares of 1 km as districts, two of them in one authority.

::

    A | B | C      A, B: Tees Valley (mayor since 2017); C: Devon and Torbay (no mayor)

Each district has one small area. 100, 300 and 600 people breathe 4, 8 and 12 µg/m³: Tees Valley
(400 + 2,400) / 400 = 7, England (2,800 + 7,200) / 1,000 = 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from healthycities import catalogue, tables
from healthycities.catalogue import Measure, SourceCard
from healthycities.publish.layers import PublishedFiles
from healthycities.publish.results import publish
from healthycities.settings import Settings

TEES, DEVON, ENGLAND = "E47000006", "E47000015", "E92000001"
A, B, C = "E06000001", "E06000002", "E06000027"
NAMES = {
    A: "Hartlepool",
    B: "Middlesbrough",
    C: "Torbay",
    TEES: "Tees Valley Combined Authority",
    DEVON: "Devon and Torbay Combined County Authority",
    ENGLAND: "England",
    "E01000001": "Hartlepool 001A",
    "E01000002": "Middlesbrough 001A",
    "E01000003": "Torbay 001A",
}
LEVEL_OF = {
    **dict.fromkeys(("E01000001", "E01000002", "E01000003"), "small_area"),
    **dict.fromkeys((A, B, C), "district"),
    **dict.fromkeys((TEES, DEVON), "authority"),
    ENGLAND: "england",
}
PEOPLE = {"E01000001": 100, "E01000002": 300, "E01000003": 600, A: 100, B: 300, C: 600}
PEOPLE |= {TEES: 400, DEVON: 600, ENGLAND: 1000}
PM25 = {"E01000001": 4, "E01000002": 8, "E01000003": 12, A: 4, B: 8, C: 12}
PM25 |= {TEES: 7, DEVON: 12, ENGLAND: 10}
TOO_FEW = "no rate is given below 5 deaths"
DEATHS = {A: 5, B: 10, C: 3, TEES: 15, DEVON: 3, ENGLAND: 18}

MEASURES = {
    "pm25_mean_ugm3": Measure(
        name="pm25_mean_ugm3",
        title="PM2.5, annual mean <by people>",
        unit="µg/m³",
        direction="lower is better",
        statistic="mean weighted by people",
        method="Mean of cells.",
    ),
    "mortality_per100k": Measure(
        name="mortality_per100k",
        title="Deaths from all causes",
        unit="per 100,000 people a year",
        direction="lower is better",
        statistic="directly standardised rate",
        method="Standardised.",
    ),
}
SOURCES_OF = {
    "pm25_mean_ugm3": ("air_quality", "small_area_population"),
    "mortality_per100k": ("deaths",),
}
SOURCES = (
    "districts",
    "small_areas",
    "small_area_lookup",
    "small_area_population",
    "air_quality",
    "deaths",
    "deprivation",
    "greenspace_sites",
)
NOT_USED = "greenspace_sites"
CODE_OF = {"measure air_quality": "0123456789abcdef", "publish": "fedcba9876543210"}


def card(name: str) -> SourceCard:
    """Return the card of a source."""
    return SourceCard(
        title=f"Title of {name}",
        publisher=f"Publisher of {name}",
        product=f"Product of {name}",
        licence="Open Government Licence v3.0",
        attribution=f"Attribution of {name}",
        address="https://example.org",
        layout="a table",
        kind="table",
        by=("year",) if name in ("air_quality", "deaths") else (),
    )


def measure_rows(metric: str, year: int, values: dict[str, float], **columns: Any) -> pd.DataFrame:
    """Return rows of `tables.MEASURES` for persons of all ages."""
    codes = list(values)
    value = np.array(list(values.values()), dtype=float)
    table = {
        "area_code": codes,
        "area_name": [NAMES[code] for code in codes],
        "level": [LEVEL_OF[code] for code in codes],
        "first_year": year,
        "year": year,
        "metric": metric,
        "sex": "persons",
        "age": "all",
        "value": value,
        "lower": np.nan,
        "upper": np.nan,
        "unit": MEASURES[metric].unit,
        "statistic": MEASURES[metric].statistic,
        "method": MEASURES[metric].method,
        "confidence": np.nan,
        "numerator": np.nan,
        "denominator": np.nan,
        "covered_share": 1.0,
        "estimated_share": 0.0,
        "note": pd.Series([None] * len(codes), dtype="str"),
    }
    return tables.checked(pd.DataFrame({**table, **columns}), tables.MEASURES)


def air(year: int = 2023) -> pd.DataFrame:
    """Return PM2.5 at every level, with what it was made of."""
    people = np.array([PEOPLE[code] for code in PM25], dtype=float)
    values = np.array(list(PM25.values()), dtype=float)
    return measure_rows(
        "pm25_mean_ugm3",
        year,
        PM25,
        numerator=values * people,
        denominator=people,
    )


def mortality(year: int = 2023) -> pd.DataFrame:
    """Return a rate with intervals, not given for the few deaths of one district, and by sex."""
    codes = list(DEATHS)
    deaths = np.array(list(DEATHS.values()), dtype=float)
    people = np.array([PEOPLE[code] for code in codes], dtype=float)
    rate = dict(zip(codes, deaths / people * 1e5, strict=True))
    rate[C] = np.nan
    values = np.array(list(rate.values()))
    persons = measure_rows(
        "mortality_per100k",
        year,
        rate,
        lower=values * 0.9,
        upper=values * 1.1,
        confidence=0.95,
        numerator=deaths,
        denominator=people,
        note=pd.Series([TOO_FEW if code == C else None for code in codes], dtype="str"),
    )
    male = measure_rows("mortality_per100k", year, {A: 4000.0}).assign(sex="male")
    return pd.concat([male, persons], ignore_index=True)


def areas(*, all_england: bool = True) -> pd.DataFrame:
    """Return the areas of the run; the last has no decile."""
    frame = pd.DataFrame(
        {
            "small_area_code": ["E01000003", "E01000001", "E01000002"],
            "small_area_name": ["Torbay 001A", "Hartlepool 001A", "Middlesbrough 001A"],
            "district_code": [C, A, B],
            "district_name": [NAMES[C], NAMES[A], NAMES[B]],
            "authority_code": [DEVON, TEES, TEES],
            "authority_name": [NAMES[DEVON], NAMES[TEES], NAMES[TEES]],
            "region_code": "E12000001",
            "region_name": "North East",
            "whole_region": False,
            "deprivation_decile": pd.array([None, 1, 10], dtype="Int64"),
            "all_england": all_england,
        }
    )
    return tables.checked(frame, tables.AREAS)


def overlap(one: str, other: str) -> pd.DataFrame:
    """Return a table of `tables.BORDERS` with an overlap of two districts of 5 m²."""
    frame = pd.DataFrame(
        {
            "level": ["district"],
            "fault": ["overlap"],
            "area_code": [one],
            "other_area_code": [other],
            "fault_area_m2": [5.0],
            "easting_m": [1000.0],
            "northing_m": [500.0],
        }
    )
    return tables.checked(frame, tables.BORDERS)


def _squares(codes: list[str], level: str) -> gpd.GeoDataFrame:
    shapes = [box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(len(codes))]
    frame = {f"{level}_code": codes, f"{level}_name": [f"Place {code}" for code in codes]}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:27700")


@dataclass
class Run:
    """The files of a run, and what it is told."""

    folder: Path
    measures: list[pd.DataFrame] = field(default_factory=lambda: [air(), mortality()])
    areas: pd.DataFrame = field(default_factory=areas)
    provider: str = "demo"
    as_at: date = date(2026, 9, 30)
    described: dict[str, Measure] = field(default_factory=lambda: dict(MEASURES))
    sources_of: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(SOURCES_OF))
    districts: gpd.GeoDataFrame = field(
        default_factory=lambda: _squares([A, B, C, "E06000099"], "district")
    )
    small_areas: gpd.GeoDataFrame = field(
        default_factory=lambda: _squares(["E01000001", "E01000002", "E01000003"], "small_area")
    )

    borders: pd.DataFrame = field(default_factory=lambda: overlap(A, B))
    places: pd.DataFrame | None = None
    outlines: dict[str, pd.DataFrame] = field(default_factory=dict)
    compared_with: pd.DataFrame | None = None

    @property
    def settings(self) -> Settings:
        """The configuration."""
        path = "x_{year}.csv" if self.provider == "file" else None
        return Settings.model_validate(
            {
                "run": "test",
                "years": [2022, 2023],
                "authorities_as_at": self.as_at,
                "data_dir": str(self.folder),
                "sources": {name: {"provider": self.provider, "path": path} for name in SOURCES},
                "places": {name: {"path": f"{name}.csv"} for name in self.outlines},
            }
        )

    @property
    def out(self) -> Path:
        """Folder of the results."""
        return self.folder / "results"

    @property
    def package(self) -> Path:
        """The GeoPackage."""
        return self.out / f"healthycities_{self.settings.run_name}.gpkg"

    @property
    def files(self) -> PublishedFiles:
        """The files of the areas."""
        own = {"places": self.folder / "places.parquet"} if self.places is not None else {}
        if "small_area_code" in self.areas:
            own["small_areas"] = self.folder / "small_areas.parquet"
        of_all = {
            name: self.folder / f"{name}.parquet" for name in ("areas", "borders", "districts")
        }
        if self.compared_with is not None:
            own["compared_with"] = self.folder / "fingertips.parquet"
        outlines = {name: self.folder / f"places_{name}.parquet" for name in self.outlines}
        return PublishedFiles(**of_all, **own, outlines=outlines)

    def publish(self) -> Path:
        """Write the files and publish them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = [self.folder / f"measures_{n}.parquet" for n in range(len(self.measures))]
        for file, frame in zip(files, self.measures, strict=True):
            frame.to_parquet(file, index=False)
        self.areas.to_parquet(self.folder / "areas.parquet", index=False)
        self.borders.to_parquet(self.folder / "borders.parquet", index=False)
        self.districts.to_parquet(self.folder / "districts.parquet")
        self.small_areas.to_parquet(self.folder / "small_areas.parquet")
        if self.places is not None:
            self.places.to_parquet(self.folder / "places.parquet", index=False)
        if self.compared_with is not None:
            self.compared_with.to_parquet(self.folder / "fingertips.parquet", index=False)
        for name, frame in self.outlines.items():
            frame.to_parquet(self.folder / f"places_{name}.parquet", index=False)
        raw = self.folder / "deaths_2023.csv"
        raw.write_text("E06000001,5\n", encoding="utf-8")
        publish(
            self.out,
            self.settings,
            files,
            self.files,
            {"deaths": [raw]},
            self.described,
            self.sources_of,
            CODE_OF,
        )
        return self.out


@pytest.fixture(autouse=True)
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every source of these tests a card, and their measures none."""
    monkeypatch.setattr(catalogue, "metrics", dict)
    monkeypatch.setattr(catalogue, "sources", lambda: {name: card(name) for name in SOURCES})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run that is ready to be published."""
    return Run(tmp_path / "work")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Return a maker of runs, each in a folder of its own."""
    return lambda name, **changes: Run(tmp_path / name, **changes)
