from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from tests.loopback.arcgis import FeatureLayer
from tests.loopback.nomis import Nomis
from tests.loopback.plain import PlainClient
from tests.loopback.routes import routed
from tests.loopback.server import serving

from healthycities.download.arcgis import fetch
from healthycities.download.nomis import fetch as nomis_fetch
from healthycities.sources import districts
from healthycities.sources.raw import Raw

ROUTE = "/arcgis/rest/services/LAD_MAY_2025_UK_BGC_V2/FeatureServer/0"


def test_real_districts_come_back_from_a_feature_service(real: Path, tmp_path: Path):
    """The districts of May 2025, with all their islands, are what they were to a centimetre."""
    (file,) = (real / "boundaries").glob("LAD_MAY_2025_UK_BGC_V2*.topojson")
    known = gpd.read_file(file).set_crs(4326, allow_override=True).to_crs(27700)
    known = known[known["LAD25CD"].str.startswith("E")].reset_index(drop=True)
    layer = FeatureLayer(known[["LAD25CD", "LAD25NM", "geometry"]], largest_page=100)
    to = tmp_path / "districts.geojson"
    with serving(routed({ROUTE: layer}), tmp_path) as server:
        fetch(PlainClient(server), server.address + ROUTE, to, fields=["LAD25CD"])
    found = gpd.read_file(to)
    assert found["LAD25CD"].tolist() == known["LAD25CD"].tolist()
    assert ((found.area - known.area).abs() < known.length * 0.005).all()
    parts = shapely.get_num_geometries
    assert (parts(found.geometry.to_numpy()) == parts(known.geometry.to_numpy())).all()
    assert len(districts.read(Raw((to,), date(2025, 6, 1)))) == 296


def test_a_real_table_of_nomis_comes_back_page_by_page(real: Path, tmp_path: Path):
    """All 1,485 rows and 46 columns of published deaths, of which a page holds 100."""
    known = pd.read_csv(real / "mortality_population" / "nomis_deaths.csv.gz", index_col=0)
    listed = dict(zip(known["CAUSE_OF_DEATH"], known["CAUSE_OF_DEATH_NAME"], strict=True))
    nomis = Nomis({"NM_161_1": known}, {"NM_161_1/cause_of_death": listed}, guest_rows=100)
    to = tmp_path / "deaths.csv"
    route = "/api/v01/dataset"
    with serving(routed({route: nomis}), tmp_path) as server:
        address = f"{server.address}{route}/NM_161_1.data.csv?gender=0...2&measures=20100"
        causes = "A00-R99%2CU00-Y89,X30-X39"
        nomis_fetch(PlainClient(server), f"{address}&cause_of_death={causes}", to)
    found = pd.read_csv(to)
    pd.testing.assert_frame_equal(found, known.reset_index(drop=True), check_dtype=False)
