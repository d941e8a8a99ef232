from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.errors import AlignmentError
from healthycities.geography.carrying import (
    carried_sums,
    carrying,
    estimated_share,
)
from healthycities.spatial.weights import Weights


def test_merged_areas_are_summed():
    """Two areas that became one give it 10 + 20, exactly."""
    weights = carrying([("a", "ab"), ("b", "ab"), ("c", "c")])
    assert weights.rows.tolist() == ["ab", "c"]
    assert carried_sums(weights, [10, 20, 5]).tolist() == [30, 5]


def test_an_area_in_parts_is_divided_by_their_people():
    """Of 100 deaths, parts of 300 and 100 people get 75 and 25."""
    weights = carrying([("whole", "x"), ("whole", "y")], {"x": 300, "y": 100})
    assert carried_sums(weights, [100]).tolist() == [75, 25]


def test_without_people_parts_are_equal():
    """Four parts of which nothing is known get a quarter each."""
    weights = carrying([("whole", part) for part in "wxyz"])
    assert carried_sums(weights, [100]).tolist() == [25, 25, 25, 25]


def test_an_area_with_parts_of_two_divided_ones_counts_half_in_each():
    """Of p in x and y, and q in y and z: y of 200 people is 100 in each, beside 300 and 100."""
    pairs = [("p", "x"), ("p", "y"), ("q", "y"), ("q", "z")]
    weights = carrying(pairs, {"x": 300, "y": 200, "z": 100})
    # 40 of p: 30 to x, 10 to y; 20 of q: 10 to y, 10 to z.
    assert carried_sums(weights, [40, 20]).tolist() == [30, 20, 10]


def test_layers_are_carried_side_by_side():
    """Deaths and people of one area go to its parts in one proportion."""
    weights = carrying([("whole", "x"), ("whole", "y")], {"x": 3, "y": 1})
    assert carried_sums(weights, [[8, 400]]).tolist() == [[6, 300], [2, 100]]


def test_what_is_missing_stays_missing():
    """The parts of an area without a value have none, and no other area loses its own."""
    weights = carrying([("whole", "x"), ("whole", "y"), ("z", "z")])
    found = carried_sums(weights, [np.nan, 5])
    assert np.isnan(found[:2]).all()
    assert found[2] == 5


@pytest.mark.parametrize("number", [np.nan, np.inf, -1.0])
def test_people_that_are_not_known_are_refused(number: float):
    """A part whose people are missing, infinite or negative is named with its whole."""
    with pytest.raises(AlignmentError, match="people of y, a part of whole"):
        carrying([("whole", "x"), ("whole", "y")], {"x": 3, "y": number})
    with pytest.raises(AlignmentError, match="people of y, a part of whole"):
        carrying([("whole", "x"), ("whole", "y")], {"x": 3})


def test_people_are_asked_only_where_something_is_divided():
    """What is carried whole needs nobody's people."""
    assert carried_sums(carrying([("a", "b")], {}), [7]).tolist() == [7]


def test_an_area_where_nobody_lives_is_not_divided():
    """There is no share of nobody."""
    with pytest.raises(AlignmentError, match="whole is to be divided by people, and nobody lives"):
        carrying([("whole", "x"), ("whole", "y")], {"x": 0, "y": 0})


def test_a_pair_that_stands_twice_is_refused():
    """Twice the same pair would give the area twice its weight."""
    with pytest.raises(AlignmentError, match="found a and b again"):
        carrying([("a", "b"), ("a", "b")])


def test_the_share_that_was_divided_is_that_of_areas_with_some_of_the_parts():
    """Of 100 x has 75 and y 25: x with c, of 25, is estimated by 75 %, and all three by nothing."""
    weights = carrying([("whole", "x"), ("whole", "y"), ("c", "c")], {"x": 3, "y": 1})
    some = Weights.membership(["c", "x", "y"], ["xc", "xc", None])
    every = Weights.membership(["c", "x", "y"], ["all", "all", "all"])
    # The columns of the weights: c, whole.
    assert estimated_share(some, weights, [25, 100]).tolist() == [0.75]
    assert estimated_share(every, weights, [25, 100]).tolist() == [0]
    assert estimated_share(some, weights, [0, 0]).tolist() == [0]


@st.composite
def _divisions(draw: st.DrawFn) -> tuple[list[tuple[str, str]], dict[str, float]]:
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from("abcde"), st.sampled_from("vwxyz")), min_size=1, unique=True
        )
    )
    people = {one: draw(st.floats(1, 1e6)) for one in "vwxyz"}
    return pairs, people


@given(divisions=_divisions(), seed=st.integers(0, 2**32 - 1))
def test_no_total_changes(divisions: tuple[list[tuple[str, str]], dict[str, float]], seed: int):
    """Whatever became of the areas, what they had in all is what the areas wanted have in all."""
    pairs, people = divisions
    weights = carrying(pairs, people)
    assert np.asarray(weights.matrix.sum(axis=0)) == pytest.approx(1)
    values = np.random.default_rng(seed).uniform(0, 1e6, len(weights.columns))
    assert carried_sums(weights, values).sum() == pytest.approx(values.sum())
    whole = Weights.membership(weights.rows, ["all"] * len(weights.rows))
    assert estimated_share(whole, weights, values).tolist() == [0]
