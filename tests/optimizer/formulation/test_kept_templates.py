"""Templates are found again by the declarations of their devices, and only by equal ones."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from pyomo.core.expr.visitor import identify_mutable_parameters

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Device
from parkdispatch.optimizer.formulation import kept_templates, template_compiler
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Device]]:
    """The sets of devices that are compiled, none of them kept from another test."""
    sets: list[Mapping[str, Device]] = []

    def compile_and_note(devices: Mapping[str, Device], hours: float) -> Template:
        sets.append(devices)
        return compile_template(devices, hours)

    monkeypatch.setattr(kept_templates, "_lately", [])
    monkeypatch.setattr(template_compiler, "compile_template", compile_and_note)
    return sets


def changed(devices: Mapping[str, Device], name: str, **fields: object) -> dict[str, Device]:
    return {**devices, name: devices[name].model_copy(update=fields)}


def test_equal_devices_are_compiled_once(compiled: list[Mapping[str, Device]]) -> None:
    devices = load_case("gaoan").devices
    first = kept_template(devices, 0.25)
    again = kept_template(dict(devices), 0.25)
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    assert len(compiled) == 1
    kept_template(devices, 0.5)
    kept_template(changed(devices, "battery_1", eta_charge=0.9), 0.25)
    assert len(compiled) == 3


def test_another_state_is_not_compiled_and_is_in_the_template(compiled: list[Mapping[str, Device]]) -> None:
    devices = load_case("gaoan").devices
    kept_template(devices, 0.25)
    later = changed(devices, "battery_1", initial_soc=0.3, final_soc=0.1)
    later = changed(changed(later, "battery_2", initial_soc=0.7, final_soc=0.1), "grid", peak_so_far_mw=171.0)
    kept = kept_template(later, 0.25)
    assert len(compiled) == 1
    own = compile_template(later, 0.25)
    np.testing.assert_array_equal(kept.coefficients, own.coefficients)
    assert kept.previous == own.previous


def test_a_battery_outside_of_its_limits_is_compiled_as_it_is(compiled: list[Mapping[str, Device]]) -> None:
    devices = load_case("gaoan").devices
    kept_template(devices, 0.25)
    below = changed(devices, "battery_1", initial_soc=0.01)
    kept = kept_template(below, 0.25)
    assert len(compiled) == 2
    np.testing.assert_array_equal(kept.coefficients, compile_template(below, 0.25).coefficients)


def test_another_order_of_devices_has_a_template_of_its_own() -> None:
    devices = load_case("gaoan").devices
    turned = dict(reversed(devices.items()))
    assert kept_template(turned, 0.25).columns != kept_template(devices, 0.25).columns


def test_a_template_is_right_while_another_thread_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are valued in two threads: where one looks for parameters, the other begins."""
    devices = load_case("gaoan").devices
    alone = compile_template(devices, 0.25)
    visitor = identify_mutable_parameters.visitor  # the only one that Pyomo has
    before_child, others = visitor.beforeChild, list[threading.Thread]()

    def interrupted(parent: Any, child: Any, index: Any) -> Any:
        answer = before_child(parent, child, index)
        if not others and getattr(child, "is_parameter_type", bool)():  # which is noted in the visitor
            others.append(threading.Thread(target=compile_template, args=(devices, 0.25)))
            others[0].start()
            others[0].join(0.2)  # it ends by then, unless it must wait for this one
        return answer

    monkeypatch.setattr(visitor, "beforeChild", interrupted)
    beside = compile_template(devices, 0.25)
    others[0].join()
    np.testing.assert_array_equal(beside.coefficients, alone.coefficients)
