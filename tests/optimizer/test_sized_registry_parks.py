"""Random parks whose sizes are left to the optimizer: the rows and the answer of the plain Pyomo model."""

import numpy as np
import pytest
from pydantic import ValidationError

from parkdispatch.models.capacity import Sized
from tests.support.harnesses.registry_parks import SAME_ANSWER, compare_park, random_registry_park
from tests.support.small_parks import SmallPark

FIELDS = (
    *("energy_mwh", "charge_limit_mw", "discharge_limit_mw", "rated_heat_mw", "rated_cold_mw", "rated_mw"),
    *("added_mw", "scale"),
)


def with_decided_sizes(park: SmallPark, seed: int) -> int:
    """Leave sizes to the optimizer, about half of those that may be; return how many."""
    random, count = np.random.default_rng((seed, 2)), 0
    for name, device in park.devices.items():
        for field in (field for field in FIELDS if field in type(device).model_fields):
            size = getattr(device, field)
            most = float(size) if isinstance(size, float) and size > 0 else 2.0
            if size is None and field != "scale":
                continue
            decided = Sized(max=1.5 * most, cost_yuan_per_unit=round(float(random.uniform(1, 200)), 1))
            try:
                changed = type(device).model_validate(dict(device) | {field: decided})
            except ValidationError:  # of another kind, or with a least load
                continue
            if random.random() < 0.5:
                park.devices[name] = device = changed
                count += 1
    return count


@pytest.mark.slow
@pytest.mark.parametrize("seed", [208, 545, 654])
def test_a_park_of_decided_sizes_has_the_answer_of_plain_pyomo(seed: int) -> None:
    park = random_registry_park(seed)
    assert with_decided_sizes(park, seed) > 0
    said, outcomes = compare_park(park, 5.0)
    assert said in SAME_ANSWER, f"{outcomes}\n{park}"
