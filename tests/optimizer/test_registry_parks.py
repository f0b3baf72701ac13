"""Random parks of every kind of device: the answer of the plain Pyomo model, and its rows.

`pytest tests/optimizer/test_registry_parks.py --parks 100 --first 0`
"""

import pytest

from parkdispatch.models.registry import kind_of
from tests.support.harnesses.random_devices import DRAWN
from tests.support.harnesses.random_parks import LIMIT_S
from tests.support.harnesses.registry_parks import (
    KINDS,
    SAME_ANSWER,
    compare,
    compare_park,
    random_registry_park,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each of the seeds that were asked for."""
    if "seed" in metafunc.fixturenames:
        first, parks = (metafunc.config.getoption(name) for name in ("--first", "--parks"))
        metafunc.parametrize("seed", range(first, first + parks))


def test_a_park_has_the_answer_of_plain_pyomo(seed: int) -> None:
    """Neither may have found more than it can prove; where time runs out, the bounds must agree."""
    said, outcomes = compare(seed, LIMIT_S)
    assert said in SAME_ANSWER, f"{outcomes}\n{random_registry_park(seed)}"


def test_every_kind_is_drawn() -> None:
    """A new kind of device needs a function that draws one; each comes first in one park of as many."""
    assert set(DRAWN) == set(KINDS)
    firsts = [next(iter(random_registry_park(seed).devices.values())) for seed in range(len(DRAWN))]
    assert {kind_of(type(device)) for device in firsts} == set(DRAWN)


def test_a_point_that_is_not_the_one_whose_objective_is_told() -> None:
    """HiGHS 1.16 ends with the optimum of this park, 33,814 yuan, and the point proposed, 34,064 yuan.

    Taken together they were an open gap of 250 yuan that no time would close.
    """
    kinds = [kind for kind in KINDS if kind != "absorption_chiller"]  # as the park was drawn at first
    said, outcomes = compare_park(random_registry_park(65, kinds), LIMIT_S)
    assert said == "equal", outcomes
