from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from healthycities.spatial.weights import Weights
from healthycities.stages.files import read_inputs, write_overlap


def test_what_a_step_writes_the_next_reads(tmp_path: Path):
    """Weights and tables come back as they went, each by its name."""
    weights = Weights.membership(["a", "b", "c"], ["x", "x", "y"])
    table = pd.DataFrame({"small_area_code": ["a"], "distance_m": [1.5]})
    paths = {"small_area_cells": tmp_path / "w.npz", "centroid_access": tmp_path / "t.parquet"}
    for name, overlapped in zip(paths, (weights, table), strict=True):
        write_overlap(paths[name], overlapped)
    back = read_inputs(paths)
    np.testing.assert_array_equal(
        back["small_area_cells"].matrix.toarray(), weights.matrix.toarray()
    )
    pd.testing.assert_frame_equal(back["centroid_access"], table)
