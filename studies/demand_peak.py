"""The monthly peak demand that storage cannot avoid, from the base case without storage.

A single day planned as if it alone set the month's demand charge would shave its peak at any price. The peak
that the month's load and PV bring anyway is therefore the floor above which a day pays for demand.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, month_times, prepare
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.network.demand_metering import unavoidable_peak_mw
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.solution import values


def paying_grids(case: Case) -> list[str]:
    """Names of the grid connections that may be charged for their monthly peak demand."""
    return [n for n, d in case.devices.items() if isinstance(d, Grid) and d.pays_for_demand]


def expected_peak_mw(case: Case, day: date) -> float | None:
    """Peak demand of the day's month that the storage cannot avoid [MW], by the case's own load and PV.

    None unless exactly one connection pays for its peak, or where the month is infeasible.
    """
    paying = paying_grids(case)
    if len(paying) != 1:
        return None
    month = prepare(case.without_storage(), month_times(case, day))
    import_mw = imports_without_storage(case, month)
    if import_mw is None:
        return None
    return unavoidable_mw(case, paying[0], import_mw[paying[0]], month.hours)


def unavoidable_mw(case: Case, grid: str, import_mw: Array, hours: float) -> float:
    """Lowest peak demand that the storage on a connection's bus can hold this import to [MW]."""
    return unavoidable_peak_mw(import_mw, hours, *_storage_on_bus(case, grid))


def imports_without_storage(case: Case, prepared: Prepared) -> Mapping[str, Array] | None:
    """Import of each connection in the base case without storage [MW], (intervals,).

    `prepared` is that base case. Where an import limit makes it infeasible, the limit of each connection is
    raised by the power of the case's storage on its bus. None where it is infeasible even then.
    """
    grids = [name for name, device in prepared.case.devices.items() if isinstance(device, Grid)]
    for share_of_power in (0.0, 1.0):
        raise_mw = {
            (name, "import_limit_mw"): share_of_power * _storage_on_bus(case, name)[0] for name in grids
        }
        series = {key: array + raise_mw.get(key, 0.0) for key, array in prepared.series.items()}
        try:
            optimum = optimize(prepared.case.devices, prepared.times, prepared.hours, series)
        except (InputError, InfeasibleError):
            continue
        return imports_mw(optimum, grids)
    return None


def imports_mw(optimum: Optimum, grids: Sequence[str]) -> dict[str, Array]:
    """Import of each of the connections [MW], (intervals,)."""
    solution = to_dataset(optimum, {})
    return {name: values(solution, f"{name}.import_mw") for name in grids}


def _storage_on_bus(case: Case, grid: str) -> tuple[float, float]:
    """Power [MW] and deliverable energy [MWh] of the batteries on a connection's bus."""
    bus = getattr(case.devices[grid], "bus", "")
    on_bus = [device for device in case.devices.values() if isinstance(device, Battery) and device.bus == bus]
    return sum(b.largest_power_mw for b in on_bus), sum(b.deliverable_mwh for b in on_bus)
