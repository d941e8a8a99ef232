from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import shapely
from tests.loopback.arcgis import FeatureLayer
from tests.loopback.plain import PlainClient
from tests.loopback.routes import routed
from tests.loopback.server import serving

from healthycities.download.arcgis import fetch
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
