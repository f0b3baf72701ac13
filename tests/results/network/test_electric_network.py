"""The network of a case: nominal voltages, what reaches a connection, and what hinders a power flow."""

from pathlib import Path

import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.link import Link
from parkdispatch.models.network_elements import PowerInjection
from parkdispatch.results.network.electric_network import electric_network, has_network
from tests.support.cases.network_case import CASE, write_case


def works(folder: Path, text: str = CASE, **voltages: str) -> Case:
    return load_case(str(write_case(folder, text, **voltages)))  # type: ignore[arg-type]  # of text fields only


def cable(to_bus: str, bus: str = "380V") -> Link:
    return Link(bus=bus, to_bus=to_bus, forward_limit_mw=1.0, backward_limit_mw=1.0)


def second(bus: str) -> Grid:
    return Grid(
        bus=bus, voltage_kv_level="any", scheme="single_part", import_limit_mw=1.0, export_limit_mw=0.0
    )


@pytest.mark.parametrize(
    ("high", "low", "kv"), [("10kV", "380V", (10.0, 0.38)), ("110 kv south", "10_0.4kV", (110.0, 0.4))]
)
def test_a_bus_has_the_voltage_of_its_name(
    tmp_path: Path, high: str, low: str, kv: tuple[float, float]
) -> None:
    assert tuple(electric_network(works(tmp_path, high=high, low=low)).nominal_kv.values()) == kv


def test_a_field_comes_before_the_name_and_a_switch_passes_a_voltage_on(tmp_path: Path) -> None:
    text = CASE.replace("[device.station]", "[device.station]\nto_nominal_kv = 0.4")
    case = works(tmp_path, text)
    devices = {
        **case.devices,
        "cable": cable("shed"),
        "more": cable("yard", "shed"),
        "lamp": Load(bus="yard"),
    }
    network = electric_network(case.with_devices(devices))
    assert network.nominal_kv == {"10kV": 10.0, "380V": 0.4, "shed": 0.4, "yard": 0.4}


def test_one_connection_holds_the_voltage_and_the_other_feeds_in(tmp_path: Path) -> None:
    case = works(tmp_path)
    network = electric_network(case.with_devices({**case.devices, "second": second("380V")}))
    assert list(network.supplies) == ["grid"]
    assert ("second", PowerInjection("380V")) in network.injections
    assert not any(name == "grid" for name, _ in network.injections)


def test_a_load_draws_reactive_power_by_its_power_factor(tmp_path: Path) -> None:
    injections = dict(electric_network(works(tmp_path)).injections)
    assert injections["workshop"].reactive_share == pytest.approx(0.4843, abs=1e-4)  # tan(acos(0.9))
    assert Load().network_elements.injections[0].reactive_share == pytest.approx(0.3287, abs=1e-4)
    assert Load(carrier="heat").network_elements.injections == ()


def test_everything_that_hinders_is_said_at_once(tmp_path: Path) -> None:
    text = CASE.replace("short_circuit_voltage = 0.06", "short_circuit_voltage = 0.0078")
    case = works(tmp_path, text)
    lone = {"lamp": Load(bus="0.4kV"), "heater": Load(bus="0.4kV"), "cable": cable("10kV")}
    with pytest.raises(InputError) as caught:
        electric_network(case.with_devices({**case.devices, **lone}))
    problems = "\n".join(caught.value.problems)
    assert "bus 0.4kV: no grid connection reaches it" in problems
    assert "`device.cable`: joins buses of 0.38 and 10 kV, must be a transformer" in problems
    assert "`device.station.short_circuit_voltage` = 0.0078: must be above 0.00781" in problems


def test_a_case_of_one_bus_has_none() -> None:
    case = load_case("gaoan")
    assert not has_network(case)
    with pytest.raises(InputError, match="case gaoan: has no transformer or link"):
        electric_network(case)
