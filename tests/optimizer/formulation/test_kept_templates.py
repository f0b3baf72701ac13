"""Templates are found again by the declarations of their devices, and only by equal ones."""

import numpy as np

from parkdispatch.inputs.loader import load_case
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.template_compiler import compile_template


def test_equal_devices_share_a_template_and_others_do_not() -> None:
    devices = load_case("gaoan").devices
    first = kept_template(devices, 0.25)
    assert kept_template(dict(devices), 0.25) is first
    assert kept_template(devices, 0.5) is not first
    half = {**devices, "battery_1": devices["battery_1"].model_copy(update={"initial_soc": 0.3})}
    other = kept_template(half, 0.25)
    assert other is not first
    np.testing.assert_array_equal(other.coefficients, compile_template(half, 0.25).coefficients)


def test_another_order_of_devices_has_a_template_of_its_own() -> None:
    devices = load_case("gaoan").devices
    turned = dict(reversed(devices.items()))
    assert kept_template(turned, 0.25).columns != kept_template(devices, 0.25).columns
