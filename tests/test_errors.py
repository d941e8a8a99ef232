from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from healthycities import errors
from healthycities.errors import HealthycitiesError, SourceError

FAMILY = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, HealthycitiesError)
]


def test_a_whole_message_says_where_what_and_what_to_do():
    """File, place, problem and mend stand in one line, in this order."""
    error = SourceError(
        "expected a whole number of 0 or more, found 'n/a'",
        file=Path("deaths_2023.csv"),
        place="line 17, column OBS_VALUE",
        mend="Correct the row, or download the file again.",
    )
    assert str(error) == (
        "deaths_2023.csv: line 17, column OBS_VALUE: "
        "expected a whole number of 0 or more, found 'n/a'. "
        "Correct the row, or download the file again."
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "nothing there."),
        ({"file": "a.csv"}, "a.csv: nothing there."),
        ({"place": "line 2"}, "line 2: nothing there."),
        ({"mend": "Look again."}, "nothing there. Look again."),
        ({"file": "a.csv", "mend": "Look again."}, "a.csv: nothing there. Look again."),
    ],
)
def test_parts_that_are_not_known_are_left_out(parts: dict[str, str], message: str):
    """A message has no empty place for a file, a place or a mend that is not given."""
    assert str(HealthycitiesError("nothing there", **parts)) == message


def test_parts_can_be_read_from_the_error():
    """What a message is made of can be had by itself, the file as text."""
    error = SourceError("absent", file=Path("a.csv"), place="line 2", mend="Look again.")
    assert (error.problem, error.file, error.place, error.mend) == (
        "absent",
        "a.csv",
        "line 2",
        "Look again.",
    )
    assert SourceError("absent").file is None


def test_every_error_can_be_caught_as_one_family():
    """Each kind of error is its own class, and one handler takes them all."""
    assert len(FAMILY) == 10
    for kind in FAMILY:
        with pytest.raises(HealthycitiesError, match=r"^it failed\.$"):
            raise kind("it failed")


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_comes_out_of_another_process_as_it_was(kind: type[HealthycitiesError]):
    """Pickled, it keeps its kind and its parts, and its message is not made a second time."""
    error = kind("absent", file=Path("a.csv"), place="line 2", mend="Look again.")
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is kind
    assert vars(found) == vars(error)
    assert str(found) == str(error) == "a.csv: line 2: absent. Look again."
