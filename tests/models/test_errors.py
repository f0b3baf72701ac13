"""Errors keep their text and what else they know, where they are named and where they change processes."""

import pickle

import pytest

from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError
from parkdispatch.optimizer.highs import OutOfTime
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch

ERRORS = {
    "input": InputError(["a: must be 1", "b: must be 2"]),
    "infeasible": InfeasibleError("the import limit is below the load"),
    "no dispatch": NoFeasibleDispatch(12.0),
    "late": OutOfTime(3.0),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_is_the_same_in_another_process(error: ParkdispatchError) -> None:
    """The text of the one without a dispatch was taken for its bound: TypeError, and no study."""
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert vars(other) == vars(error)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_says_what_it_is_about_and_is_of_its_kind(error: ParkdispatchError) -> None:
    named = error.about("year 3 of operation")
    assert type(named) is type(error)
    assert str(named).startswith(f"year 3 of operation: {str(error).splitlines()[0]}")
    assert getattr(named, "bound_yuan", None) == getattr(error, "bound_yuan", None)


def test_each_problem_of_an_input_says_what_it_is_about() -> None:
    named = ERRORS["input"].about("scenario 6")
    assert isinstance(named, InputError)
    assert named.problems == ["scenario 6: a: must be 1", "scenario 6: b: must be 2"]
    assert str(named) == "scenario 6: a: must be 1\nscenario 6: b: must be 2"
