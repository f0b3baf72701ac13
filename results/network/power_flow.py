"""AC power flow of one network at several injections, by pandapower (Newton-Raphson).

The only module that names pandapower, which is an extra of its own: it asks for another pandas than the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np

from parkdispatch.models.errors import InputError
from parkdispatch.models.network_elements import TransformerBranch
from parkdispatch.results.network.electric_network import ElectricNetwork

MOST_TAP_ROUNDS = 30  # more than any two tap changers need in a row
DEAD_BAND = 0.6  # of a tap step: within it a tap changer rests
MW_TO_KW = 1000.0
PERCENT = 100.0  # pandapower counts in it


@dataclass(frozen=True)
class FlowState:
    """A converged power flow; voltages by bus, the others by transformer or connection."""

    voltage_pu: Mapping[str, float]
    loading: Mapping[str, float]  # [-] current over rated current, of all units
    loss_mw: Mapping[str, float]
    supplied_mw: Mapping[str, float]  # by the connection that holds the voltage; below zero: taken back
    supplied_mvar: Mapping[str, float]
    tap_position: Mapping[str, int]


def require_pandapower() -> None:
    """Raise InputError where pandapower is not installed."""
    if find_spec("pandapower") is None:
        raise InputError(
            "an AC power flow needs pandapower, which is not installed: pip install 'parkdispatch[network]',"
            " which takes pandas back to 2.3"
        )


def solver_name() -> str:
    """Name and version of what computes the power flow."""
    return f"pandapower {metadata.version('pandapower')}"


class PowerFlow:
    """The network in pandapower's tables; `solve` changes only powers and tap positions."""

    def __init__(self, network: ElectricNetwork) -> None:
        import pandapower

        self._pandapower, self._network = pandapower, network
        self._net = pandapower.create_empty_network()
        self._buses = {
            bus: pandapower.create_bus(self._net, vn_kv=kv) for bus, kv in network.nominal_kv.items()
        }
        self._supplies = {
            name: pandapower.create_ext_grid(self._net, self._buses[point.bus], vm_pu=point.voltage_pu)
            for name, point in network.supplies.items()
        }
        self._transformers = {name: self._transformer(b) for name, b in network.transformers.items()}
        for switch in network.switches.values():
            pandapower.create_switch(
                self._net, self._buses[switch.bus], self._buses[switch.to_bus], et="b", closed=True
            )
        self._powers = {
            bus: pandapower.create_sgen(self._net, index, p_mw=0.0) for bus, index in self._buses.items()
        }

    def _transformer(self, branch: TransformerBranch) -> Any:
        """Make the transformers of a branch; the tap changer is at `bus`, whatever the higher voltage."""
        kv = {bus: self._network.nominal_kv[bus] for bus in (branch.bus, branch.to_bus)}
        high, low = sorted((branch.bus, branch.to_bus), key=lambda bus: -kv[bus])
        return self._pandapower.create_transformer_from_parameters(
            self._net, self._buses[high], self._buses[low],
            sn_mva=branch.rating_mva, vn_hv_kv=kv[high], vn_lv_kv=kv[low], parallel=branch.count,
            vk_percent=PERCENT * branch.short_circuit_voltage,
            vkr_percent=PERCENT * branch.load_loss_mw / branch.rating_mva,
            pfe_kw=MW_TO_KW * branch.no_load_loss_mw,
            i0_percent=PERCENT * branch.no_load_loss_mw / branch.rating_mva,  # magnetizing current left out
            tap_side="hv" if high == branch.bus else "lv", tap_changer_type="Ratio", tap_neutral=0, tap_pos=0,
            tap_min=-branch.tap_steps, tap_max=branch.tap_steps, tap_step_percent=PERCENT * branch.tap_step,
        )  # fmt: skip

    def solve(self, injection_mva: Mapping[str, complex]) -> FlowState | None:
        """Voltages, loadings and losses at injected powers by bus [MW, Mvar]; None if nothing converges."""
        for bus, index in self._powers.items():
            power = injection_mva.get(bus, 0j)
            self._net.sgen.loc[index, ["p_mw", "q_mvar"]] = [power.real, power.imag]
        self._net.trafo["tap_pos"] = 0
        for _ in range(MOST_TAP_ROUNDS):
            try:
                self._pandapower.runpp(self._net, numba=False, init="dc")
            except self._pandapower.LoadflowNotConverged:
                return None
            if not self._moved_taps():
                break
        return self._state()

    def _moved_taps(self) -> bool:
        """Move the first tap changer whose bus is off its nominal voltage; False if none can be moved."""
        held = {point.bus for point in self._network.supplies.values()}
        for name, branch in self._network.transformers.items():
            index = self._transformers[name]
            position = int(self._net.trafo.tap_pos[index])
            off_steps = float(self._net.res_bus.vm_pu[self._buses[branch.to_bus]] - 1.0) / branch.tap_step
            if abs(off_steps) <= DEAD_BAND or branch.to_bus in held:
                continue
            wanted = int(np.clip(position + round(off_steps), -branch.tap_steps, branch.tap_steps))
            if wanted != position:
                self._net.trafo.loc[index, "tap_pos"] = wanted
                return True
        return False

    def _state(self) -> FlowState:
        net, transformers, supplies = self._net, self._transformers, self._supplies
        return FlowState(
            voltage_pu={bus: float(net.res_bus.vm_pu[index]) for bus, index in self._buses.items()},
            loading={n: float(net.res_trafo.loading_percent[i]) / PERCENT for n, i in transformers.items()},
            loss_mw={name: float(net.res_trafo.pl_mw[index]) for name, index in transformers.items()},
            supplied_mw={name: float(net.res_ext_grid.p_mw[index]) for name, index in supplies.items()},
            supplied_mvar={name: float(net.res_ext_grid.q_mvar[index]) for name, index in supplies.items()},
            tap_position={name: int(net.trafo.tap_pos[index]) for name, index in transformers.items()},
        )
