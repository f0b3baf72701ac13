"""AC power flow by pandapower against two buses solved by hand."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.models.network.link import Link
from parkdispatch.models.network_elements import PowerInjection, SupplyPoint, SwitchBranch, TransformerBranch
from parkdispatch.results.network.electric_network import ElectricNetwork
from parkdispatch.results.network.power_flow import FlowState, PowerFlow

pytest.importorskip("pandapower", reason="needs the extra network")

# one transformer of 20 MVA: R = 0.1 / 20, Z = 0.1
BRANCH: dict[str, Any] = {
    "bus": "high", "to_bus": "low", "nominal_kv": None, "to_nominal_kv": None, "count": 1, "rating_mva": 20.0,
    "no_load_loss_mw": 0.0, "load_loss_mw": 0.1, "short_circuit_voltage": 0.1, "allowed_loading": 1.0,
}  # fmt: skip


def flow(drawn_mva: complex, kv: tuple[float, float] = (110.0, 10.0), **changes: Any) -> FlowState:
    branch = TransformerBranch(**{**BRANCH, **changes})
    network = ElectricNetwork(
        dict(zip(("high", "low"), kv, strict=True)),
        (("load", PowerInjection("low")),),
        {"station": branch},
        {},
        {"grid": SupplyPoint("high", 1.0)},
    )
    state = PowerFlow(network).solve({"low": -drawn_mva})
    assert state is not None
    return state


def low_voltage_pu(p: float, q: float, r: float, x: float) -> float:
    """V^4 + (2 (R P + X Q) - 1) V^2 + Z^2 S^2 = 0, the upper root; everything in p.u."""
    b = 2.0 * (r * p + x * q) - 1.0
    return float(np.sqrt((-b + np.sqrt(b * b - 4.0 * (r * r + x * x) * (p * p + q * q))) / 2.0))


@pytest.mark.parametrize("kv", [(110.0, 10.0), (10.0, 110.0), (10.0, 10.0)])
@pytest.mark.parametrize("drawn_mva", [10 + 7.5j, 12 + 0j, -10 - 2j])
def test_voltage_and_loss_are_those_of_two_buses_by_hand(drawn_mva: complex, kv: tuple[float, float]) -> None:
    """10 MW and 7.5 Mvar of 20 MVA: V = 0.9571 p.u., loss 0.1 x (12.5 / 20 / 0.9571)^2 = 0.0426 MW.

    With the loss at nominal voltage, as the dispatch has it, it were 0.0391 MW.
    """
    r, z = 0.1 / 20, 0.1
    x = np.sqrt(z * z - r * r)
    p, q = drawn_mva.real / 20, drawn_mva.imag / 20
    voltage = low_voltage_pu(p, q, r, x)
    state = flow(drawn_mva, kv)
    assert state.voltage_pu["low"] == pytest.approx(voltage, abs=1e-7)
    current = abs(p + 1j * q) / voltage
    assert state.loss_mw["station"] == pytest.approx(0.1 * current**2, rel=1e-6)
    assert state.loading["station"] == pytest.approx(current, rel=1e-6)
    assert state.supplied_mw["grid"] == pytest.approx(drawn_mva.real + state.loss_mw["station"], rel=1e-7)


def test_units_in_parallel_share_the_current() -> None:
    """Two units at twice the load have the voltage of one, and twice its loss."""
    single, two = flow(10 + 7.5j), flow(20 + 15j, count=2)
    assert two.voltage_pu["low"] == pytest.approx(single.voltage_pu["low"], abs=1e-9)
    assert two.loss_mw["station"] == pytest.approx(2 * single.loss_mw["station"], rel=1e-6)
    assert two.loading["station"] == pytest.approx(single.loading["station"], rel=1e-6)


def test_the_no_load_loss_is_drawn_without_a_load() -> None:
    state = flow(0j, no_load_loss_mw=0.05, count=3)
    assert state.supplied_mw["grid"] == pytest.approx(3 * 0.05, rel=1e-3)
    assert state.supplied_mvar["grid"] == pytest.approx(0.0, abs=1e-3)


def test_a_tap_changer_brings_the_voltage_to_within_a_step() -> None:
    """0.957 p.u. is 3.4 steps of 1.25 % too low; two steps at most leave it lower."""
    assert flow(10 + 7.5j).tap_position == {"station": 0}
    held = flow(10 + 7.5j, tap_steps=8)
    assert abs(held.voltage_pu["low"] - 1.0) <= 0.6 * 0.0125
    assert held.tap_position["station"] < 0  # fewer turns at the high side
    short = flow(10 + 7.5j, tap_steps=2)
    assert short.tap_position == {"station": -2}
    assert flow(10 + 7.5j).voltage_pu["low"] < short.voltage_pu["low"] < 0.99


def test_more_than_the_network_can_carry_does_not_converge() -> None:
    """The most that reaches the low side at a power factor of 1 is about half of the short-circuit power."""
    network = ElectricNetwork(
        {"high": 110.0, "low": 10.0}, (), {"station": TransformerBranch(**BRANCH)}, {},
        {"grid": SupplyPoint("high", 1.0)},
    )  # fmt: skip
    power_flow = PowerFlow(network)
    assert power_flow.solve({"low": -150 + 0j}) is None
    assert power_flow.solve({"low": -15 + 0j}) is not None  # a failure leaves nothing behind


def test_a_switch_joins_two_buses() -> None:
    link = Link(to_bus="there", forward_limit_mw=5.0, backward_limit_mw=5.0)
    assert link.network_elements.switch == SwitchBranch("ac", "there")
    network = ElectricNetwork(
        {"ac": 10.0, "there": 10.0},
        (),
        {},
        {"link": SwitchBranch("ac", "there")},
        {"grid": SupplyPoint("ac", 1.02)},
    )
    state = PowerFlow(network).solve({"there": -3 + 0j})
    assert state is not None
    assert state.voltage_pu == pytest.approx({"ac": 1.02, "there": 1.02})
    assert state.supplied_mw["grid"] == pytest.approx(3.0)
