"""Walking distances along roads from where people live to accessible greenspace."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from healthycities import fields
from healthycities.catalogue import OverlapCard
from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.overlaps.centroid_access import distances
from healthycities.spatial.network import Network, walking_distances_m

CARD = OverlapCard(
    title="Walk along roads from each population-weighted centroid to the nearest greenspace "
    "access point, for each size of greenspace that is to be walked to",
    needs=("areas", "centroids", "public_access_points", "road_links", "road_nodes"),
    settings=("greenspace.walk_sizes_ha",),
    parallel=True,
)


def build(given: Given) -> pd.DataFrame:
    """Return the table `tables.CENTROID_DISTANCE`, by small area and size.

    The distance is missing where the roads lead to no access point of such a site.

    Raises
    ------
    AlignmentError : a small area has no centroid, or a link's node is not in the file.
    GeometryError : a link does not start and end at its nodes.
    """
    network = _network(given.inputs["road_links"], given.inputs["road_nodes"])
    measured = partial(walking_distances_m, network=network, workers=given.workers)
    return distances(given, given.keys["greenspace.walk_sizes_ha"], measured)


def _network(links: pd.DataFrame, nodes: pd.DataFrame) -> Network:
    ids = pd.Index(nodes[fields.NODE_ID])
    ends = links[[fields.START_NODE_ID, fields.END_NODE_ID]]
    positions = np.column_stack([ids.get_indexer(ends[end]) for end in ends])
    _require_known(positions >= 0, links, ends)
    return Network(
        nodes_m=shapely.get_coordinates(nodes["geometry"].to_numpy()),
        links=positions.astype(np.int64),
        length_m=links[fields.LENGTH_M].to_numpy(np.float64),
        shapes=links["geometry"].to_numpy(),
        names=links[fields.LINK_ID].to_numpy(object),
    )


def _require_known(known: npt.NDArray[np.bool_], links: pd.DataFrame, ends: pd.DataFrame) -> None:
    lost = np.flatnonzero(~known.all(axis=1))
    if len(lost):
        row = lost[0]
        node = ends.to_numpy()[row][~known[row]][0]
        raise AlignmentError(
            f"expected the nodes of each of {len(links)} road links among the road nodes, but"
            f" {len(lost)} have none, the first of them {links[fields.LINK_ID].iloc[row]}, which"
            f" names {node}",
            place="road_links",
            mend="Take links and nodes of one edition and of the same tiles, best from one file.",
        )
