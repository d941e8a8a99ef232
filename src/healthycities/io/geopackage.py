"""GeoPackages: a leaf of the workflow, written whole and never read back by a rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from healthycities.io.atomic import replacing

# A GeoPackage records when each layer was last changed; a fixed time makes two runs of the same
# content equal to the byte. When a result was made is told by its provenance and its file.
FIXED_TIME = "2000-01-01T00:00:00.000Z"

# GDAL 3.6, in the QGIS of Debian 12, warns that it may only partly support version 1.4.
VERSION = "1.3"


@contextmanager
def _gdal_option(name: str, value: str) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def write_geopackage(
    path: Path,
    layers: Mapping[str, pd.DataFrame | gpd.GeoDataFrame],
    *,
    descriptions: Mapping[str, str],
) -> None:
    """Write layers and plain tables to one GeoPackage, in the order given.

    Parameters
    ----------
    path : the final name; the file appears under it only when it is whole.
    layers : name to GeoDataFrame (a layer) or DataFrame (a table without geometry).
    descriptions : name to the sentence that QGIS shows as the layer's abstract; one for each layer.
    """
    with replacing(path) as temporary, _gdal_option("OGR_CURRENT_DATE", FIXED_TIME):
        for name, frame in layers.items():
            pyogrio.write_dataframe(
                frame,
                temporary,
                layer=name,
                driver="GPKG",
                dataset_options={"VERSION": VERSION},
                layer_options={"DESCRIPTION": descriptions[name], "IDENTIFIER": name},
                promote_to_multi=None if isinstance(frame, gpd.GeoDataFrame) else False,
            )
