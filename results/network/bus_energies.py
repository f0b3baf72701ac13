"""What each electric bus, such as a voltage level, gets and gives over the horizon, by role of devices."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Role
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.views.device_powers import injections


def bus_energies_mwh(solution: xr.Dataset, case: Case) -> dict[str, dict[Role, float]]:
    """By electric bus and role, the energy into the bus [MWh], negative out of it; a bus sums to zero."""
    hours, carriers = float(solution.attrs["hours"]), case.carriers
    energies: dict[str, dict[Role, float]] = {}
    for name, power_mw in injections(solution).items():
        if carriers.get(name.key, "electricity") == "electricity" and name.device in case.devices:
            of_bus, role = energies.setdefault(name.key, {}), case.devices[name.device].role
            of_bus[role] = of_bus.get(role, 0.0) + hours * float(power_mw.sum())
    return energies


def bus_energy_table(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any]
) -> tuple[list[str], list[Sequence[Any]]]:
    """Heads and a row for each electric bus, in the scale's unit; no rows for a park on one bus."""
    energies, per_mw, text = bus_energies_mwh(solution, case), scale_of(solution).per_mw, words["buses"]
    roles = [role for role in get_args(Role) if any(role in of_bus for of_bus in energies.values())]
    rows: list[Sequence[Any]] = [
        [bus, *(of_bus.get(role, 0.0) * per_mw for role in roles)] for bus, of_bus in energies.items()
    ]
    return [text["title"], *(text[role] for role in roles)], rows if len(rows) > 1 else []
