"""What a plan with priced violations violates: which limit, when, by how much, and at what price."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.network.unserved import UnservedEnergy
from parkdispatch.models.ordered_bounds import VIOLATION, quantity_name, violations_mw
from parkdispatch.results.schedule.plan_notes import NoteKey, PlanNote
from parkdispatch.results.solution import cost_yuan, device_quantities, times_of

LEAST_MW = 1e-5  # less is rounding
NOTES: Mapping[str, NoteKey] = {
    "most": "violated_most",
    "least": "violated_least",
    "demand": "violated_demand",
    "supply": "violated_supply",
}
UNSERVED: Mapping[Literal["demand", "supply"], str] = {"demand": "unserved_mw", "supply": "excess_mw"}


@dataclass(frozen=True)
class Violation:
    """By how much a limit is violated [MW, or MWh of a stored energy], (intervals,).

    `kind`: above the "most" or below the "least" that `quantity` may be, or a "demand" or "supply" at a bus,
    which is the quantity then, that no device of the case serves or takes.
    """

    kind: Literal["most", "least", "demand", "supply"]
    quantity: str
    amount: Array

    @property
    def is_energy(self) -> bool:
        """Whether it is of stored energy."""
        return self.quantity.endswith("_mwh")

    def energy_mwh(self, hours: float) -> float:
        """Its sum over intervals of `hours` [MWh]."""
        return float(self.amount.sum()) * (1.0 if self.is_energy else hours)


def violations(solution: xr.Dataset, case: Case) -> Iterator[Violation]:
    """What is violated somewhere."""
    for name, device in case.devices.items():
        seen = device_quantities(solution, name)
        beyond = violations_mw(device.ordered, seen.values, seen.injection)
        for (variable, side), amount in beyond.items():
            if amount.max(initial=0.0) > LEAST_MW:
                yield Violation(side, f"{name}.{quantity_name(variable)}", amount)
        if isinstance(device, UnservedEnergy):
            for kind, key in UNSERVED.items():
                if seen.values[key].max(initial=0.0) > LEAST_MW:
                    yield Violation(kind, device.bus, seen.values[key])


def violation_notes(solution: xr.Dataset, case: Case, price_yuan_per_mwh: float | None) -> list[PlanNote]:
    """A note for each violated limit, and one for what all of them cost at the stated price."""
    if price_yuan_per_mwh is None:
        return []
    times, hours, notes = times_of(solution), float(solution.attrs["hours"]), []
    for violation in violations(solution, case):
        when = np.flatnonzero(violation.amount > LEAST_MW)
        notes.append(
            PlanNote(
                NOTES[violation.kind],
                {
                    "limit": violation.quantity,
                    "mwh": f"{violation.energy_mwh(hours):z,.3f}",
                    "worst": f"{violation.amount.max():z,.3f} {'MWh' if violation.is_energy else 'MW'}",
                    "first": f"{times[when[0]]:%Y-%m-%d %H:%M}",
                    "last": f"{times[when[-1]] + (times[1:2] - times[0:1]).max():%Y-%m-%d %H:%M}"
                    if len(times) > 1
                    else f"{times[0]:%Y-%m-%d %H:%M}",
                },
            )
        )
    yuan = sum(cost for name, cost in cost_yuan(solution).items() if name.key == VIOLATION)
    notes.append(PlanNote("violations", {"yuan": f"{yuan:z,.0f}", "price": f"{price_yuan_per_mwh:z,.0f}"}))
    return notes
