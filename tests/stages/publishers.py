"""Publishers of three files on loopback, and projects that fetch from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import yaml
from shapely import box
from tests.loopback.arcgis import FeatureLayer
from tests.loopback.nomis import Nomis
from tests.loopback.routes import routed
from tests.loopback.server import Answer, Asked, Loopback, serving

from healthycities.settings import Settings, from_mapping

ROOT = Path(__file__).resolve().parents[2]
GRID, DISTRICTS, POPULATION = "mappm252022g.csv", "districts_2025.geojson", "population_2022.csv"


class Publishers:
    """A grid of Defra, a layer of the ONS and a table of Nomis, each of which may change."""

    def __init__(self) -> None:
        self.grid = b"gridcode,x,y,pm252022g\n1,500,500,7.5\n"
        shapes = [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)]
        columns = {"LAD25CD": ["E06000001", "W06000001"], "LAD25NM": ["Hartlepool", "Anglesey"]}
        self.layer = FeatureLayer(gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:27700"))
        people = pd.DataFrame(
            {"DATE": 2022, "GEOGRAPHY_CODE": "E06000001", "GENDER": 1, "C_AGE": [101, 102]}
        )
        self.table = Nomis({"NM_2002_1": people.assign(MEASURES=20100, OBS_VALUE=[5, 6])})

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        return routed(
            {
                "/arcgis/ESMARspQHYMw9BZ9/arcgis/rest/services/LAD_MAY_2025_UK_BGC_V2/"
                "FeatureServer/0": self.layer,
                f"/uk-air/datastore/pcm/{GRID}": lambda _: Answer(self.grid),
                "/nomis/api/v01/dataset": self.table,
            }
        )(asked)


@pytest.fixture
def publishers() -> Publishers:
    """Return what the server answers from."""
    return Publishers()


@pytest.fixture
def server(
    publishers: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Loopback]:
    """Serve the publishers; nothing of the machine's own environment is heard."""
    for name in ("HEALTHYCITIES_CACHE", "NOMIS_UID", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(publishers, tmp_path) as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.authority_file))
        yield running


@pytest.fixture
def project(server: Loopback, tmp_path: Path) -> Callable[..., Settings]:
    """Return a maker of configurations, each of a project in a folder of its own."""

    def make(name: str = "project", **downloads: Any) -> Settings:
        config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
        official = {"provider": "official"}
        sources = dict.fromkeys(("air_quality", "districts", "population"), official)
        mirrors = {
            "https://services1.arcgis.com": f"{server.address}/arcgis",
            "https://uk-air.defra.gov.uk": f"{server.address}/uk-air",
            "https://www.nomisweb.co.uk": f"{server.address}/nomis",
        }
        changes = {
            "years": [2022],
            "pollutants": ["pm25"],
            "metrics": ["air_quality", "ncd_mortality"],
            "data_dir": str(tmp_path / name / "data"),
            "sources": {**config["sources"], **sources},
            "downloads": {"mirrors": mirrors, "attempts": 1, **downloads},
        }
        return from_mapping({**config, **changes})

    return make
