"""The electric network of a case: buses with their nominal voltages, what joins them, what feeds them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.models.network_elements import PowerInjection, SupplyPoint, SwitchBranch, TransformerBranch

VOLTAGE = re.compile(r"(\d+(?:\.\d+)?) ?(k?)V(?![A-Za-z])", re.IGNORECASE)  # in a name such as 10kV or 380V


@dataclass(frozen=True)
class ElectricNetwork:
    """Buses and elements of an AC power flow; transformers and switches by device."""

    nominal_kv: Mapping[str, float]  # by bus
    injections: tuple[tuple[str, PowerInjection], ...]  # with the device they belong to
    transformers: Mapping[str, TransformerBranch]
    switches: Mapping[str, SwitchBranch]
    supplies: Mapping[str, SupplyPoint]  # one in each part that hangs together

    @property
    def branches(self) -> Mapping[str, TransformerBranch | SwitchBranch]:
        """Everything that joins two buses, by device."""
        return {**self.transformers, **self.switches}


def has_network(case: Case) -> bool:
    """Whether transformers or links join electric buses, so that there is a power flow to compute."""
    elements = [device.network_elements for device in case.devices.values()]
    return any(part.transformer or part.switch for part in elements)


def electric_network(case: Case) -> ElectricNetwork:
    """The network of a case.

    Raises InputError with all that hinders a power flow: no branch, unknown or contradicting voltages, a
    part without a connection to the grid, a short-circuit voltage below the load loss.
    """
    if not has_network(case):
        raise InputError(
            f"case {case.name}: has no transformer or link between electric buses, must have one for an AC"
            " power flow"
        )
    parts = {name: device.network_elements for name, device in case.devices.items()}
    electric = [bus for bus, carrier in case.carriers.items() if carrier == "electricity"]
    transformers = {name: part.transformer for name, part in parts.items() if part.transformer}
    switches = {name: part.switch for name, part in parts.items() if part.switch}
    islands = _islands(electric, [*transformers.values(), *switches.values()])
    supplies: dict[str, SupplyPoint] = {}
    problems = []
    for island in islands:
        of_island = {n: part.supply for n, part in parts.items() if part.supply and part.supply.bus in island}
        if not of_island:
            problems.append(
                f"bus {', '.join(sorted(island))}: no grid connection reaches it, must have one that holds"
                " its voltage for an AC power flow"
            )
        supplies |= dict(list(of_island.items())[:1])  # others feed in what was dispatched
    nominal_kv, voltage_problems = _nominal_voltages(electric, transformers, switches)
    problems += voltage_problems + _impedance_problems(transformers)
    if problems:
        raise InputError(problems)
    injections = tuple(
        (name, injection)
        for name, part in parts.items()
        if name not in supplies
        for injection in part.injections
        if injection.bus in nominal_kv
    )
    return ElectricNetwork(nominal_kv, injections, transformers, switches, supplies)


def _islands(
    buses: Iterable[str], branches: Iterable[TransformerBranch | SwitchBranch]
) -> list[frozenset[str]]:
    """Sets of buses that hang together."""
    islands = [frozenset({bus}) for bus in buses]
    for branch in branches:
        joined = [island for island in islands if branch.bus in island or branch.to_bus in island]
        islands = [island for island in islands if island not in joined]
        islands.append(frozenset().union(*joined))
    return islands


def _nominal_voltages(
    buses: Iterable[str],
    transformers: Mapping[str, TransformerBranch],
    switches: Mapping[str, SwitchBranch],
) -> tuple[dict[str, float], list[str]]:
    """Nominal voltage of each bus [kV], and what is unknown or contradicts.

    Fields of transformers come before names of buses; a bus without either has the voltage of one that it is
    switched to.
    """
    nominal_kv = {bus: kv for bus in buses if (kv := _voltage_in_name(bus)) is not None}
    stated: dict[str, float] = {}
    problems = []
    for name, branch in transformers.items():
        for field, bus, kv in (
            ("nominal_kv", branch.bus, branch.nominal_kv),
            ("to_nominal_kv", branch.to_bus, branch.to_nominal_kv),
        ):
            if kv is not None and stated.setdefault(bus, kv) != kv:
                problems.append(
                    f"`device.{name}.{field}` = {kv:.15g}: must be {stated[bus]:.15g}, as another"
                    f" transformer says of bus {bus}"
                )
    nominal_kv |= stated
    for _ in switches:  # as often as a voltage may have to be passed on
        for switch in switches.values():
            for bus, other in ((switch.bus, switch.to_bus), (switch.to_bus, switch.bus)):
                if other in nominal_kv:
                    nominal_kv.setdefault(bus, nominal_kv[other])
    problems += [
        f"bus {bus}: its nominal voltage is not known, must be in its name, such as 10kV, or in `nominal_kv`"
        " or `to_nominal_kv` of a transformer"
        for bus in buses
        if bus not in nominal_kv
    ]
    problems += [
        f"`device.{name}`: joins buses of {nominal_kv[switch.bus]:.15g} and"
        f" {nominal_kv[switch.to_bus]:.15g} kV, must be a transformer"
        for name, switch in switches.items()
        if nominal_kv.get(switch.bus) != nominal_kv.get(switch.to_bus)
    ]
    return nominal_kv, problems


def _voltage_in_name(bus: str) -> float | None:
    """The voltage that a bus is named after [kV]; the last one of several."""
    voltages = VOLTAGE.findall(bus)
    if not voltages:
        return None
    number, kilo = voltages[-1]
    return (float(number) if kilo else float(number) / 1000.0) or None


def _impedance_problems(transformers: Mapping[str, TransformerBranch]) -> list[str]:
    """Short-circuit voltages that the load loss alone exceeds."""
    return [
        f"`device.{name}.short_circuit_voltage` = {branch.short_circuit_voltage:.15g}: must be above"
        f" {branch.load_loss_mw / branch.rating_mva:.15g}, the load loss over the rating"
        for name, branch in transformers.items()
        if branch.short_circuit_voltage * branch.rating_mva <= branch.load_loss_mw
    ]
