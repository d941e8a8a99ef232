"""The benchmarks run, and take no time of contenders that do not agree."""

from __future__ import annotations

import json
from math import isfinite, nan
from pathlib import Path

import pytest
from benchmarks.__main__ import main
from benchmarks.inputs import FULL, QUICK, partition
from benchmarks.race import Claim, Contender, DisagreementError, Race, run
from shapely import area, is_valid, union_all

KEYS = [
    "name",
    "peer",
    "ours_s",
    "peer_s",
    "ratio",
    "goal",
    "threads",
    "max_difference",
    "peak_mib",
]
ALWAYS = {
    ("coverage_1_thread", "exactextract"),
    ("coverage_2_threads", "exactextract"),
    ("two_cores_coverage", "one thread"),
    ("mean_1_layer", "exactextract"),
    ("mean_2_layers", "exactextract"),
    ("mean_4_layers", "exactextract"),
    ("mean_4_layers_stored", "exactextract"),
    ("two_cores_mean_4_layers_stored", "stored, one thread"),
    ("weighted_mean_4_layers", "exactextract"),
    ("greenspace_union", "geopandas overlay, dissolve"),
    ("two_cores_greenspace_union", "one thread"),
    ("class_fractions", "exactextract"),
    ("class_fractions_against_decoding", "plain decoding, two threads"),
    ("two_cores_class_fractions", "one thread"),
    ("walking_paths", "a search per point"),
    ("walking_distance", "a search per point"),
    ("two_cores_walking_distance", "whole walk, one thread"),
    ("nearest_access", "geopandas sjoin_nearest"),
    ("two_cores_nearest_access", "one thread"),
    ("scheduling_overhead", "plain loop"),
    ("burden_draws", "plain loop over areas"),
    ("health_statistics", "plain loop over areas"),
    ("two_cores_health_statistics", "one thread"),
    ("two_cores_burden_draws", "one thread"),
}
AGREES_TO = {"plain loop over areas": 0.15}
"""Its draws are others, so that limits agree to the error of a thousand draws."""
WHOLE_CELLS = "rasterstats"
THE_LIMIT = "plain decoding, two threads"
"""It has no answer to compare."""


def race(*answers: float) -> Race:
    """Return a race of contenders with these answers, each against the first."""
    contenders = {str(i): Contender(lambda one=one: one) for i, one in enumerate(answers)}
    claims = [Claim(f"claim_{name}", "0", name, 2.0) for name in list(contenders)[1:]]
    return Race("numbers", contenders, claims, lambda one, other: abs(one - other), 0.5)


def test_a_quick_run_agrees_and_writes_its_figures(tmp_path: Path):
    """Every claim has an entry of the same keys, its answers agree, and the pictures are there."""
    main(["--quick", "--folder", str(tmp_path)])
    entries = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert {(one["name"], one["peer"]) for one in entries} >= ALWAYS
    for one in entries:
        assert list(one) == KEYS
        assert one["ratio"] == pytest.approx(one["peer_s"] / one["ours_s"])
        assert min(one["ours_s"], one["peer_s"], one["goal"]) > 0
        assert one["threads"] in (1, 2)
        assert one["peak_mib"] is None or one["peak_mib"] > 10
        if one["peer"] == THE_LIMIT:
            continue
        assert isfinite(one["max_difference"])
        limit = AGREES_TO.get(one["peer"], 1e-4)
        assert one["max_difference"] < limit or one["peer"] == WHOLE_CELLS
    assert sorted(file.name for file in tmp_path.glob("*.png")) == [
        "cost_by_cells.png",
        "cost_by_layers.png",
        "cost_by_zones.png",
    ]


def test_races_can_be_picked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Only races whose title holds the text are run, and no pictures are drawn."""
    main(["--quick", "--only", "nearest", "--folder", str(tmp_path)])
    entries = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in entries} == {"nearest_access", "two_cores_nearest_access"}
    assert "nearest_access" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.png"))


def test_races_that_are_run_again_replace_their_figures(tmp_path: Path):
    """Figures of other races stay in the file, in their places; without a choice all are new."""
    kept = {"name": "another", "peer": "someone"}
    old = {"name": "nearest_access", "peer": "geopandas sjoin_nearest"}
    file = tmp_path / "bench.json"
    file.write_text(json.dumps([old, kept]), encoding="utf-8")
    main(["--quick", "--only", "nearest", "--folder", str(tmp_path)])
    entries = json.loads(file.read_text(encoding="utf-8"))
    assert [one["name"] for one in entries] == [
        "nearest_access",
        "another",
        "two_cores_nearest_access",
    ]
    assert list(entries[0]) == KEYS
    assert entries[1] == kept


def test_contenders_that_agree_are_timed():
    """Five runs each are behind the medians, and the largest difference is told."""
    outcomes = run(race(1.0, 1.25, 1.0))
    assert [one.figure.max_difference for one in outcomes] == [0.25, 0.0]
    assert [(one.ours_runs, one.peer_runs) for one in outcomes] == [(5, 5), (5, 5)]


@pytest.mark.parametrize("other", [2.0, nan])
def test_contenders_that_disagree_are_not_timed(other: float):
    """An answer too far off, or none, stops the race with the names of both."""
    with pytest.raises(DisagreementError, match="claim_1: 0 and 1 differ"):
        run(race(1.0, other))


def test_sizes_are_those_of_the_goals():
    """The full size is the one that the goals are for, and the quick one is small."""
    assert (FULL.zones, FULL.grid.shape, FULL.layers) == (35_000, (700, 1300), (1, 10, 40))
    assert (FULL.sites, FULL.points, FULL.targets) == (150_000, 180_000, 350_000)
    assert FULL.zones_per_side**2 == pytest.approx(35_000, rel=0.001)
    assert QUICK.zones < 1000


def test_the_zones_of_sites_fill_their_square():
    """They are valid, of about 100 corners, and none lies over another or leaves a gap."""
    zones = partition(5, 1000.0)
    assert is_valid(zones).all()
    assert area(zones).sum() == pytest.approx(union_all(zones).area, rel=1e-12)
    assert not union_all(zones).interiors
    assert len(zones[12].exterior.coords) - 1 == 96
    assert zones[12].touches(zones[13])
    assert not zones[12].overlaps(zones[13])
