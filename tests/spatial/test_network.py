from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import GeometryError
from healthycities.spatial.network import Network, walking_distance_m, walking_distances_m


def network(nodes, *lines, length_m=None):
    """Return the roads that lines draw, each from one of the nodes to another."""
    nodes = np.asarray(nodes, dtype=np.float64)
    at = {tuple(node): position for position, node in reversed(list(enumerate(nodes)))}
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = [shapely.LineString(line) for line in lines]
    links = [(at[tuple(line[0])], at[tuple(line[-1])]) for line in lines]
    return Network(
        nodes,
        np.array(links, dtype=np.int64).reshape(-1, 2),
        shapely.length(shapes) if length_m is None else np.asarray(length_m, dtype=np.float64),
        shapes,
    )


# --- By hand ---

CROSS = network(
    [(0, 0), (100, 0), (0, 100), (-100, 0), (0, -100)],
    *(((0, 0), end) for end in [(100, 0), (0, 100), (-100, 0), (0, -100)]),
)
"""Four roads of 100 m that meet in the origin."""


@pytest.mark.parametrize(
    ("point", "targets", "metres"),
    [
        # 10 m to the road, 50 m to the crossing, 30 m north, 5 m from the road.
        ((50, 10), [(5, 30)], 10 + 50 + 30 + 5),
        # Both on one road: along it, and not by way of the crossing.
        ((50, 10), [(80, -20)], 10 + 30 + 20),
        ((80, -20), [(50, 10)], 20 + 30 + 10),
        # At one place of the road, the legs alone count.
        ((50, 10), [(50, -10)], 20),
        # Beyond the end of a road, the leg goes to its end: 30 and 40 m make 50 m.
        ((130, 40), [(0, -100)], 50 + 100 + 100),
        # The nearer target of two is not the one that joins nearer to the crossing.
        ((50, 0), [(-10, 0), (95, 0)], 45),
        ((0, 0), [(0, 0)], 0),
    ],
)
def test_walks_on_a_cross_of_four_roads(point, targets, metres):
    """Straight legs to and from the roads count, and the roads between in metres."""
    assert walking_distance_m([point], targets, CROSS).tolist() == pytest.approx([metres])


def test_several_sizes_by_hand():
    """A pocket park 10 m off, 2 ha round the crossing, and 20 ha at the far end of its road.

    A site of just the size counts, and the columns follow the sizes as they were asked for.
    """
    targets = [(60, 0), (0, 30), (0, -100)]
    found = walking_distances_m([(50, 0)], targets, [0.4, 2, 20], [2, 0, 20, 20.1, 2], CROSS)
    np.testing.assert_array_equal(found, [[80, 10, 150, np.nan, 80]])


def test_no_way_leads_through_the_targets_of_another_size():
    """Two gates of a large park on roads that do not meet are no way from one to the other."""
    nodes = [(0, 0), (100, 0), (0, 500), (100, 500)]
    apart = network(nodes, ((0, 0), (100, 0)), ((0, 500), (100, 500)))
    targets, sizes = [(50, 0), (50, 500), (90, 500)], [20, 20, 1]
    found = walking_distances_m([(10, 0)], targets, sizes, [0, 1, 20], apart)
    assert found.tolist() == [[40, 40, 40]]
    small = walking_distances_m([(10, 0)], targets, [1, 1, 20], [20, 1], apart)
    np.testing.assert_array_equal(small, [[np.nan, 40]])


def test_every_point_has_a_walk_of_its_own():
    """One search from all targets serves points at both ends of the map."""
    found = walking_distance_m([(90, 0), (-90, 0), (0, 40)], [(100, 0), (-50, 0)], CROSS)
    assert found.tolist() == pytest.approx([10, 40, 90])


def test_the_shorter_of_parallel_links_is_walked():
    """Two links join the same nodes, 200 m and 600 m long: neither hides the other."""
    nodes = [(0, 0), (200, 0), (0, -50), (200, -50)]
    straight, bent = ((0, 0), (200, 0)), ((0, 0), (0, 200), (200, 200), (200, 0))
    to_them = [((0, 0), (0, -50)), ((200, 0), (200, -50))]
    for order in ([straight, bent], [bent, straight], [straight, bent[::-1]]):
        found = walking_distance_m([(0, -50)], [(200, -50)], network(nodes, *order, *to_them))
        assert found.tolist() == pytest.approx([300])


def test_a_loop_is_walked_the_shorter_way_round():
    """On a square of 400 m that ends where it starts, 390 m one way are 10 m the other."""
    loop = network([(0, 0)], ((0, 0), (100, 0), (100, 100), (0, 100), (0, 0)))
    assert walking_distance_m([(5, 0)], [(0, 5)], loop).tolist() == pytest.approx([10])
    assert walking_distance_m([(100, 90)], [(10, 0)], loop).tolist() == pytest.approx([180])


def test_a_link_of_no_length_joins_its_nodes():
    """Two nodes at one place, joined by a link of 0 m, are walked through as one."""
    nodes = np.array([(0, 0), (100, 0), (100, 0), (200, 0)], dtype=np.float64)
    shapes = shapely.linestrings(nodes[[[0, 1], [1, 2], [2, 3]]])
    roads = Network(nodes, np.array([(0, 1), (1, 2), (2, 3)]), shapely.length(shapes), shapes)
    found = walking_distance_m([(10, 0), (100, 7)], [(170, 0)], roads)
    assert found.tolist() == pytest.approx([160, 77])


def test_parts_of_a_link_are_walked_one_after_the_other():
    """On a line in two parts the second goes on where the first ends."""
    shapes = np.array([shapely.MultiLineString([[(0, 0), (50, 0)], [(50, 0), (50, 50)]])])
    roads = Network(np.array([(0.0, 0), (50, 50)]), np.array([(0, 1)]), np.array([100.0]), shapes)
    assert walking_distance_m([(20, 0)], [(50, 30)], roads).tolist() == pytest.approx([60])


def test_where_no_road_leads_there_is_no_distance():
    """A part that is not joined to the target's has no distance, however near it lies."""
    apart = network([(0, 0), (9, 0), (0, 9), (9, 9)], ((0, 0), (9, 0)), ((0, 9), (9, 9)))
    found = walking_distance_m([(1, 0), (1, 9)], [(8, 9)], apart)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(7)


def test_of_links_equally_near_the_better_is_taken():
    """Half-way between a road to the target and one that leads nowhere, the walk is the first's."""
    nodes = [(0, 0), (100, 0), (0, 20), (100, 20)]
    roads = [((0, 0), (100, 0)), ((0, 20), (100, 20))]
    for order in (roads, roads[::-1]):
        found = walking_distance_m([(50, 10)], [(90, 20)], network(nodes, *order))
        assert found.tolist() == pytest.approx([50])


def test_a_length_of_ones_own_is_shared_out_along_the_link():
    """A steep road of 100 m on the map that is 120 m long takes 60 m for its half."""
    steep = network([(0, 0), (100, 0)], ((0, 0), (100, 0)), length_m=[120])
    assert walking_distance_m([(50, 0)], [(100, 0)], steep).tolist() == pytest.approx([60])


def test_nothing_to_walk_to_or_on():
    """Without targets or roads the distance is missing; without points there is none."""
    none = np.zeros((0, 2))
    assert np.isnan(walking_distance_m([(0, 0)], none, CROSS)).all()
    assert np.isnan(walking_distance_m([(0, 0)], [(1, 1)], network([(0, 0)]))).all()
    assert walking_distance_m(none, [(1, 1)], CROSS).shape == (0,)


# --- Against every walk tried ---

places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6)


@st.composite
def networks(draw):
    """Draw up to nine links among up to six nodes: parallel, crossing, looping, of no length."""
    nodes = draw(places)
    position = st.integers(0, len(nodes) - 1)
    links = draw(st.lists(st.tuples(position, position, places), min_size=1, max_size=9))
    lines = [(nodes[a], *(by if len(by) < 4 else []), nodes[b]) for a, b, by in links]
    shapes = np.array([shapely.LineString(line) for line in lines], dtype=object)
    ends = np.array([link[:2] for link in links])
    return Network(np.array(nodes, dtype=np.float64), ends, shapely.length(shapes), shapes)


def between_nodes_m(roads):
    """Return the shortest way between any two nodes, by trying each node as one between."""
    metres = np.full((len(roads.nodes_m),) * 2, np.inf)
    np.fill_diagonal(metres, 0)
    for (a, b), length_m in zip(roads.links, roads.length_m, strict=True):
        metres[a, b] = metres[b, a] = min(metres[a, b], length_m)
    for middle in range(len(metres)):
        metres = np.minimum(metres, metres[:, [middle]] + metres[[middle]])
    return metres


def joins(place, roads):
    """Return link, metres along it and metres to it, for each link that is nearest to a place."""
    point = shapely.Point(place)
    leg_m = shapely.distance(roads.shapes, point)
    return [
        (link, shapely.line_locate_point(roads.shapes[link], point), leg_m[link])
        for link in np.flatnonzero(leg_m == leg_m.min())
    ]


def walk_m(start, goal, roads, metres):
    """Return the shortest of all walks from one join to another."""
    (a, from_m, first_m), (b, to_m, last_m) = start, goal
    along = [abs(from_m - to_m)] if a == b else []
    by_nodes = [
        out_m + metres[roads.links[a, i], roads.links[b, j]] + in_m
        for i, out_m in enumerate([from_m, roads.length_m[a] - from_m])
        for j, in_m in enumerate([to_m, roads.length_m[b] - to_m])
    ]
    return first_m + min(along + by_nodes) + last_m


@given(places, places, networks())
def test_every_walk_tried_gives_the_same(points, targets, roads):
    """The distance is the least over all targets, ways of joining and ways between the nodes."""
    metres = between_nodes_m(roads)
    expected = [
        min(
            walk_m(start, goal, roads, metres)
            for start in joins(point, roads)
            for target in targets
            for goal in joins(target, roads)
        )
        for point in points
    ]
    found = walking_distance_m(points, targets, roads)
    np.testing.assert_allclose(np.nan_to_num(found, nan=np.inf), expected, atol=1e-9)


@given(places, places, networks())
def test_no_walk_is_shorter_than_the_straight_line(points, targets, roads):
    """Nobody gains by taking the roads."""
    every = np.asarray(points)[:, np.newaxis] - np.asarray(targets)
    straight_m = np.hypot(every[..., 0], every[..., 1]).min(axis=1)
    found = walking_distance_m(points, targets, roads)
    assert (np.isnan(found) | (found >= straight_m - 1e-9)).all()


@given(places, places, networks(), st.randoms(use_true_random=False))
def test_order_changes_nothing(points, targets, roads, random):
    """Points, targets, nodes, links and the ends of straight links may change places.

    Bent links are left as they are: of two places that are equally near, the first is taken.
    """
    expected = walking_distance_m(points, targets, roads)
    shuffled = random.sample(range(len(points)), len(points))
    link = random.sample(range(len(roads.links)), len(roads.links))
    node = np.array(random.sample(range(len(roads.nodes_m)), len(roads.nodes_m)))
    back = shapely.get_num_coordinates(roads.shapes) == 2
    ends = node[np.where(back[:, np.newaxis], roads.links[:, ::-1], roads.links)]
    drawn = np.where(back, shapely.reverse(roads.shapes), roads.shapes)
    nodes_m = roads.nodes_m[np.argsort(node)]
    other = Network(nodes_m, ends[link], roads.length_m[link], drawn[link])
    found = walking_distance_m([points[n] for n in shuffled], targets[::-1], other)
    np.testing.assert_allclose(found, expected[shuffled], atol=1e-9)


@given(places, places, networks(), st.lists(st.integers(0, 5), max_size=4), st.integers(0, 99))
def test_several_sizes_equal_one_by_one(points, targets, roads, thresholds, seed):
    """Each column is the walk to the targets of at least that size alone."""
    sizes = np.random.default_rng(seed).integers(0, 6, len(targets))
    found = walking_distances_m(points, targets, sizes, thresholds, roads)
    assert found.shape == (len(points), len(thresholds))
    for column, least in enumerate(thresholds):
        large = np.asarray(targets)[sizes >= least]
        alone = walking_distance_m(points, large, roads)
        np.testing.assert_allclose(found[:, column], alone, atol=1e-9)


# --- What is refused ---

LINE = shapely.LineString([(0, 0), (9, 0)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes_m": [(0, 0), (np.nan, 0)]}, r"node 1: .*finite.*nan"),
        ({"nodes_m": [(0, 0, 0), (9, 0, 0)]}, r"each node.*\(2, 3\)"),
        ({"links": [(0, 1), (0, 2)]}, r"link 1: .*two of 2 nodes.*\[0, 2\]"),
        ({"links": [(-1, 1), (0, 2)]}, r"link 0: .*\[-1, 1\] \(and 1 more\)"),
        ({"links": [(0, 1)]}, r"for each link.*\(1, 2\), \(2,\), \(2,\)"),
        ({"length_m": [9, -1]}, r"link 1: .*0 m or more, found -1"),
        ({"length_m": [9, -1], "names": ["a", "b"]}, r"link b: .*0 m or more, found -1"),
        ({"names": ["a"]}, r"a name for each link.*\(1,\)"),
        ({"length_m": [np.nan, 9]}, r"link 0: .*0 m or more, found nan"),
        ({"shapes": [LINE, None]}, r"link 1: .*line, found None"),
        ({"shapes": [shapely.LineString(), LINE]}, r"link 0: .*line, found LINESTRING EMPTY"),
        ({"shapes": [LINE, shapely.Point(0, 0)]}, r"link 1: .*line, found POINT"),
        ({"shapes": [LINE, LINE.reverse()]}, r"link 1: .*starts at its node.*9\.0 m apart"),
        (
            {"shapes": [shapely.LineString([(0, 0), (4, 0)]), LINE]},
            r"link 0: .*ends at its node.*5\.0 m apart",
        ),
    ],
)
def test_what_hangs_together_badly_is_refused(change, message):
    """The link, by its position, and what is wrong with it stand in the error."""
    good = {
        "nodes_m": [(0, 0), (9, 0)],
        "links": [(0, 1), (0, 1)],
        "length_m": [9, 9],
        "shapes": [LINE, LINE],
    }
    parts = {name: np.asarray(value) for name, value in (good | change).items()}
    with pytest.raises(GeometryError, match=message):
        Network(**parts)


@pytest.mark.parametrize(
    ("points", "targets", "place"),
    [([(0, np.nan)], [(0, 0)], "point 0"), ([(0, 0)], [(0, 0), (np.inf, 0)], "target 1")],
)
def test_bad_coordinates_are_refused(points, targets, place):
    """A place that is nowhere is an error that says which."""
    with pytest.raises(GeometryError, match=place):
        walking_distance_m(points, targets, CROSS)
