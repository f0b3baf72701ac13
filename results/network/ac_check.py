"""The network of a dispatch, checked in its hardest intervals by AC power flow.

Active powers are those of the dispatch, but for the connection that holds the voltage, which brings what the
AC losses need. Reactive powers follow from the devices' power factors. Each broken limit is a finding.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Seen
from parkdispatch.models.errors import InputError
from parkdispatch.results.network.electric_network import ElectricNetwork, electric_network
from parkdispatch.results.network.hardest_intervals import Reason, hardest_intervals
from parkdispatch.results.network.power_flow import FlowState, PowerFlow, require_pandapower, solver_name
from parkdispatch.results.network.voltage_limits import VoltageLimits, deviation_span, voltage_limits
from parkdispatch.results.solution import device_quantities, times_of

CHECKED_INTERVALS = 12  # unless asked otherwise
LOADING_TOLERANCE = 1e-6  # [-] rounding of the power flow


@dataclass(frozen=True)
class CheckedInterval:
    """One interval: what was dispatched, and the power flow; None where it did not converge."""

    time: pd.Timestamp
    reasons: tuple[Reason, ...]
    dispatched_loss_mw: Mapping[str, float]  # by transformer and link
    dispatched_supply_mw: Mapping[str, float]  # by connection that holds the voltage
    allowed_loading: Mapping[str, float]  # [-] of the rating of all units, by transformer
    state: FlowState | None

    def loss_mw(self, switches: Sequence[str]) -> float:
        """Losses of the network by AC power flow [MW]; those of links are the dispatched ones."""
        if self.state is None:
            return float("nan")
        return sum(self.state.loss_mw.values()) + sum(self.dispatched_loss_mw[name] for name in switches)


@dataclass(frozen=True)
class BusVoltages:
    """The voltages of a bus in all intervals that converged [p.u.], and what is allowed."""

    bus: str
    nominal_kv: float
    lowest_pu: float
    lowest_at: pd.Timestamp
    highest_pu: float
    highest_at: pd.Timestamp
    limits: VoltageLimits

    @property
    def span(self) -> float:
        """The highest and the lowest deviation together [-]."""
        return deviation_span(self.lowest_pu, self.highest_pu)

    @property
    def holds(self) -> bool:
        """Whether they are allowed."""
        return self.limits.hold(self.lowest_pu, self.highest_pu)


@dataclass(frozen=True)
class TransformerLoading:
    """The interval in which a transformer is nearest to, or furthest above, its allowed loading [-]."""

    transformer: str
    loading: float
    allowed: float
    at: pd.Timestamp

    @property
    def holds(self) -> bool:
        """Whether it is allowed."""
        return self.loading <= self.allowed + LOADING_TOLERANCE


@dataclass(frozen=True)
class NetworkFinding:
    """A limit that is broken, or an interval without a power flow."""

    kind: Literal["voltage", "loading", "diverged"]
    element: str  # bus, transformer, or the interval's start


@dataclass(frozen=True)
class AcCheck:
    """The checked intervals of a dispatch and what was found in them."""

    network: ElectricNetwork
    intervals: tuple[CheckedInterval, ...]
    solver: str

    @cached_property
    def converged(self) -> list[tuple[CheckedInterval, FlowState]]:
        """The intervals that have a power flow, with it."""
        return [(interval, interval.state) for interval in self.intervals if interval.state is not None]

    @cached_property
    def voltages(self) -> list[BusVoltages]:
        """Lowest and highest voltage of each bus; none where no interval converged."""
        buses = []
        for bus, nominal_kv in self.network.nominal_kv.items() if self.converged else ():
            seen = [(state.voltage_pu[bus], interval.time) for interval, state in self.converged]
            buses.append(BusVoltages(bus, nominal_kv, *min(seen), *max(seen), voltage_limits(nominal_kv)))
        return buses

    @cached_property
    def loadings(self) -> list[TransformerLoading]:
        """The worst loading of each transformer; none where no interval converged."""
        worst = []
        for name in self.network.transformers if self.converged else ():
            loadings = [
                TransformerLoading(name, state.loading[name], interval.allowed_loading[name], interval.time)
                for interval, state in self.converged
            ]
            worst.append(max(loadings, key=lambda seen: seen.loading - seen.allowed))
        return worst

    @cached_property
    def findings(self) -> list[NetworkFinding]:
        """Everything that is not as it must be; empty: the network can carry what was checked."""
        return [
            *(NetworkFinding("diverged", f"{i.time:%Y-%m-%d %H:%M}") for i in self.intervals if not i.state),
            *(NetworkFinding("voltage", voltages.bus) for voltages in self.voltages if not voltages.holds),
            *(NetworkFinding("loading", seen.transformer) for seen in self.loadings if not seen.holds),
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an interval, by its start; units end the columns' names; NaN where nothing converged."""
        rows = {}
        for interval in self.intervals:
            row: dict[str, object] = {
                "reasons": " ".join(":".join(filter(None, reason[:2])) for reason in interval.reasons),
                "converged": interval.state is not None,
                "dispatched_loss_mw": sum(interval.dispatched_loss_mw.values()),
                "loss_mw": interval.loss_mw(tuple(self.network.switches)),
            }
            if state := interval.state:
                supplied = {f"{name}.dispatched_mw": mw for name, mw in interval.dispatched_supply_mw.items()}
                supplied |= {f"{name}.supplied_mw": mw for name, mw in state.supplied_mw.items()}
                supplied |= {f"{name}.supplied_mvar": mvar for name, mvar in state.supplied_mvar.items()}
                row |= supplied | {f"{bus}.voltage_pu": pu for bus, pu in state.voltage_pu.items()}
                for name in self.network.transformers:
                    row |= {
                        f"{name}.loading": state.loading[name],
                        f"{name}.allowed_loading": interval.allowed_loading[name],
                        f"{name}.dispatched_loss_mw": interval.dispatched_loss_mw[name],
                        f"{name}.loss_mw": state.loss_mw[name],
                        f"{name}.tap_position": state.tap_position[name],
                    }
            rows[interval.time] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("time")


def require_ac_check(case: Case, intervals: int = CHECKED_INTERVALS) -> None:
    """Raise InputError with everything that hinders an AC check of this case, before anything is solved."""
    problems = []
    if intervals < 1:
        problems.append(f"argument `intervals` = {intervals}: must be 1 or more")
    for requirement in (require_pandapower, lambda: electric_network(case)):
        try:
            requirement()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def check_network(solution: xr.Dataset, case: Case, intervals: int = CHECKED_INTERVALS) -> AcCheck:
    """AC power flow of the hardest intervals of a dispatch, at least `intervals` where there are so many.

    Raises InputError where pandapower is not installed, or the case has no network it can compute.
    """
    require_ac_check(case, intervals)
    network = electric_network(case)
    parts = {name: device_quantities(solution, name) for name in case.devices}
    times, flow = times_of(solution), PowerFlow(network)
    checked = []
    for hard in hardest_intervals(solution, case, network, intervals):
        position = hard.position
        loss_mw = {
            name: -float(sum(power[position] for power in parts[name].injection.values()))
            for name in network.branches
        }
        checked.append(
            CheckedInterval(
                time=times[position],
                reasons=hard.reasons,
                dispatched_loss_mw=loss_mw,
                dispatched_supply_mw={
                    name: float(parts[name].injection[point.bus][position])
                    for name, point in network.supplies.items()
                },
                allowed_loading={
                    name: branch.allowed_loading * _available(parts[name], position)
                    for name, branch in network.transformers.items()
                },
                state=flow.solve(_injected_mva(network, parts, position, loss_mw)),
            )
        )
    return AcCheck(network, tuple(checked), solver_name())


def _available(seen: Seen, position: int) -> float:
    """Share of a transformer's rating in service; all of it where the device has no such series."""
    return float(seen.values["availability"][position]) if "availability" in seen.values else 1.0


def _injected_mva(
    network: ElectricNetwork, parts: Mapping[str, Seen], position: int, loss_mw: Mapping[str, float]
) -> Mapping[str, complex]:
    """Active and reactive power into each bus in an interval [MW, Mvar]; links draw their losses."""
    powers_mva: dict[str, complex] = defaultdict(complex)
    for name, injection in network.injections:
        if injection.bus in parts[name].injection:  # a device need not use each of its ports
            power_mw = float(parts[name].injection[injection.bus][position])
            powers_mva[injection.bus] += power_mw * (1.0 + 1j * injection.reactive_share)
    for name, switch in network.switches.items():
        powers_mva[switch.bus] -= loss_mw[name]
    return powers_mva
