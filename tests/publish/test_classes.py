from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthycities.catalogue import Measure
from healthycities.publish.classes import (
    border_texts,
    class_borders,
    class_labels,
    class_of,
    guideline_labels,
    guidelines,
)

numbers = st.floats(-1e6, 1e6, allow_nan=False)


def measure(unit: str) -> Measure:
    """Return a measure of some unit."""
    return Measure(
        name="", title="", unit=unit, direction="lower is better", statistic="mean", method=""
    )


def test_borders_are_round_and_hold_the_values():
    """Values from 4.2 to 11.7 have borders at every second whole number."""
    assert class_borders([4.2, 11.7, np.nan]).tolist() == [4, 6, 8, 10, 12]


def test_guidelines_among_the_values_become_borders():
    """A guideline at 5 is a border of its own; one at 40 lies outside and is none."""
    assert class_borders([4.2, 11.7], [5, 40]).tolist() == [4, 5, 6, 8, 10, 12]


def test_a_round_border_makes_way_for_a_guideline_beside_it():
    """With a guideline at 9.9 the border at 10 would be the same to the eye."""
    assert class_borders([4.2, 11.7], [9.9]).tolist() == [4, 6, 8, 9.9, 12]


def test_one_far_value_does_not_make_one_class_of_all_others():
    """Of 300 districts with 20 to 32 m² a person, one with 337 lies in an open class of its own."""
    usual = np.linspace(20, 32, 299)
    borders = class_borders([*usual, 337])
    assert borders.tolist() == [20, 22.5, 25, 27.5, 30, 32.5, np.inf]
    assert class_labels(borders)[-2:] == ["30.0 to 32.5", "over 32.5"]
    assert class_of(np.array([32.5, 337.0]), borders).tolist() == [4, 5]
    below = class_borders([*usual, -300])
    assert below.tolist() == [-np.inf, 20, 22.5, 25, 27.5, 30, 32.5]
    assert class_labels(below)[0] == "up to 20.0"


def test_classes_are_open_only_where_few_values_are_far_from_the_others():
    """Of 300 values from 20 to 32 one at 40 still has a class with both of its borders."""
    borders = class_borders([*np.linspace(20, 32, 299), 40])
    assert borders.tolist() == [20, 25, 30, 35, 40]


def test_a_guideline_among_far_values_is_a_border_still():
    """With values to 337 a guideline at 100 parts the far ones; one at 400 has none to part."""
    borders = class_borders([*np.linspace(20, 32, 299), 90, 337], [100, 400])
    assert borders.tolist() == [20, 22.5, 25, 27.5, 30, 32.5, 100, np.inf]


@pytest.mark.parametrize(
    ("values", "borders"), [([], [0, 1]), ([np.nan], [0, 1]), ([0.0], [0, 0.2, 0.4, 0.6, 0.8, 1])]
)
def test_there_are_classes_even_where_there_is_nothing_to_tell_apart(values, borders):
    """No value, and one value alone, still have classes to draw."""
    assert class_borders(values).tolist() == pytest.approx(borders)


@given(st.lists(numbers, min_size=1, max_size=120), st.lists(numbers, max_size=3))
def test_every_value_has_a_class_between_its_borders(values: list[float], marks: list[float]):
    """Borders ascend and hold all values, and each value lies in the class that it is given."""
    borders = class_borders(values, marks)
    assert (np.diff(borders) > 0).all()
    given = np.array(values)
    classes = class_of(given, borders)
    slack = 1e-9 * max(1.0, float(np.abs(given).max()))
    assert (given <= borders[classes + 1] + slack).all()
    assert (given >= borders[classes] - slack).all()


def test_a_class_holds_its_upper_border_and_missing_values_have_none():
    """A mean of exactly 5 keeps a guideline of 5, one above does not; a missing one has none."""
    values = np.array([4.0, 5.0, 5.01, np.nan])
    assert class_of(values, np.array([4.0, 5.0, 6.0])).tolist() == [0, 0, 1, -1]


def test_borders_are_written_with_the_decimals_that_they_have():
    """Thousands are parted by commas; all borders have as many decimals as the finest."""
    assert class_labels(np.array([0, 2.5, 5])) == ["0.0 to 2.5", "2.5 to 5.0"]
    assert border_texts([1000, 2000]) == ["1,000", "2,000"]


def test_concentrations_have_guidelines_and_other_measures_none():
    """PM2.5 is compared with the WHO's 5 µg/m³; a share of people with nothing."""
    found = guidelines("pm25_mean_ugm3", measure("µg/m³"))
    assert found[0].value_ugm3 == 5
    assert found[0].label.startswith("WHO 2021")
    assert guidelines("pm25_people_pct", measure("% of people")) == ()
    assert guidelines("ozone_mean_ugm3", measure("µg/m³")) == ()


def test_a_legend_tells_only_the_guidelines_that_are_borders():
    """Of the guidelines of NO2 the one that is a border is told."""
    known = guidelines("no2_mean_ugm3", measure("µg/m³"))
    assert [one.value_ugm3 for one in known] == [10, 40]
    assert [line[:12] for line in guideline_labels(np.array([8.0, 10, 12]), known)] == [
        "10: WHO 2021"
    ]
