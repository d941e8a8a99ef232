"""Which formulas are found behind a metric, from the source text."""

from __future__ import annotations

import inspect

import pytest

from healthycities import catalogue
from healthycities.formulas import formulas_behind
from healthycities.health import burden, rates


def test_the_formula_that_a_metric_calls_comes_first():
    """Mortality is standardised, and the intervals that this rests on follow, each once."""
    names = [formula.name for formula in formulas_behind("ncd_mortality")]
    assert names[0] == "health.rates.directly_standardised_rate"
    assert {"health.rates.byars_interval", "health.rates.weighted_events"} <= set(names)
    assert len(names) == len(set(names))


def test_a_formula_is_followed_through_other_modules():
    """Deaths due to the air rest on the fraction of burden.py and on the risk of response.py."""
    names = [formula.name for formula in formulas_behind("attributable_deaths")]
    assert {"health.burden.attributable_fraction", "health.response.relative_risk"} <= set(names)
    assert "health.burden.attributed" not in names


def test_the_words_are_those_of_the_docstring():
    """The text ends where the parameters begin, and the notes have the source."""
    found = {formula.name: formula for formula in formulas_behind("attributable_deaths")}
    formula = found["health.burden.attributable_fraction"]
    docstring = inspect.getdoc(burden.attributable_fraction) or ""
    assert docstring.startswith(formula.text)
    assert docstring[len(formula.text) :].lstrip().startswith("Parameters")
    assert docstring.endswith(formula.notes)
    assert formula.notes.startswith("Source: WHO AirQ+")


def test_roles_of_the_docstrings_are_left_out():
    """A reader of plain text sees names, not the markup around them."""
    formula = next(
        one
        for one in formulas_behind("ncd_mortality")
        if one.name == "health.rates.weighted_events"
    )
    assert ":func:" in (inspect.getdoc(rates.weighted_events) or "")
    assert ":func:" not in formula.text + formula.notes
    assert "directly_standardised_rate" in formula.notes


@pytest.mark.parametrize("metric", sorted(catalogue.metrics()))
def test_every_formula_names_its_source(metric: str):
    """No formula is shown without saying where it is from."""
    for formula in formulas_behind(metric):
        assert formula.text
        assert "Source:" in formula.notes
