"""What a plan with priced violations violates: which limit, when, by how much, and at what price."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.ordered_bounds import VIOLATION, violations_mw
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.solution import cost_yuan, device_quantities, times_of

LEAST_MW = 1e-5  # less is rounding


def violated_mw(solution: xr.Dataset, case: Case) -> Iterator[tuple[str, Array]]:
    """Each limit that is violated somewhere, and by how much [MW, or MWh], (intervals,)."""
    for name, device in case.devices.items():
        seen = device_quantities(solution, name)
        beyond = dict(violations_mw(device.ordered, seen.values, seen.injection)) if device.ordered else {}
        if getattr(device, "kind", "") == "unserved":
            beyond |= {key: seen.values[key] for key in ("unserved_mw", "excess_mw")}
        for key, amount in beyond.items():
            if amount.max(initial=0.0) > LEAST_MW:
                yield f"{name}.{key}", amount


def violation_notes(solution: xr.Dataset, case: Case, price_yuan_per_mwh: float | None) -> list[PlanNote]:
    """A note for each violated limit, and one for what all of them cost at the stated price."""
    if price_yuan_per_mwh is None:
        return []
    times, hours, notes = times_of(solution), float(solution.attrs["hours"]), []
    for name, amount in violated_mw(solution, case):
        when = np.flatnonzero(amount > LEAST_MW)
        is_energy = name.endswith("_mwh")
        total = float(amount.sum()) * (1.0 if is_energy else hours)
        notes.append(
            PlanNote(
                "violated",
                {
                    "limit": name,
                    "mwh": f"{total:z,.3f}",
                    "worst": f"{amount.max():z,.3f} {'MWh' if is_energy else 'MW'}",
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
