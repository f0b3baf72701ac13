"""What a storage earns in markets: their costs without it less those with it, by stream of the cash flow."""

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.results.solution import cost_yuan

RUNNING = "running_costs"  # the stream of what else is paid to run the devices
RUNNING_COSTS = ("fuel", "start", "wheeling", "co2")


def market_revenue_yuan(solution: xr.Dataset, without: xr.Dataset, case: Case) -> dict[str, float]:
    """Revenue by stream, named like the cost, of all devices that settle in a market [yuan].

    `without` is the dispatch of the base case; a device that is not in it costs nothing there. Empty where no
    device has such a cost.
    """
    before, after = market_costs_yuan(without, case), market_costs_yuan(solution, case)
    return {label: before.get(label, 0.0) - yuan for label, yuan in after.items()}


def further_revenue_yuan(solution: xr.Dataset, without: xr.Dataset, case: Case) -> dict[str, float]:
    """What a dispatch saves beside the bill, by stream [yuan]: in markets, and in running costs of devices.

    Running costs, such as fuel, are in no bill; there is no such stream where no device has any.
    """
    revenue_yuan = market_revenue_yuan(solution, without, case)
    before, after = (running_costs_yuan(dispatch) for dispatch in (without, solution))
    if before is not None or after is not None or (case.finance is not None and case.finance.instead):
        revenue_yuan[RUNNING] = (before or 0.0) - (after or 0.0)
    return revenue_yuan


def unbilled_costs_yuan(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """Costs by stream that are in no bill [yuan]: of markets, and running costs where a device has them."""
    running_yuan = running_costs_yuan(solution)
    running = {} if running_yuan is None else {RUNNING: running_yuan}
    return {**market_costs_yuan(solution, case), **running}


def running_costs_yuan(solution: xr.Dataset) -> float | None:
    """What fuel, starts, wheeling and CO2 cost over the horizon [yuan]; None where no device has them."""
    costs_yuan = [yuan for name, yuan in cost_yuan(solution).items() if name.key in RUNNING_COSTS]
    return sum(costs_yuan) if costs_yuan else None


def market_costs_yuan(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """Costs by stream of all devices of a case that settle in a market [yuan]; negative: earned.

    A device that is not in the solution, or does not settle there, has none.
    """
    costs_yuan: dict[str, float] = {}
    for name, device in case.devices.items():
        for label in device.market_costs:
            if (key := f"{name}.{label}_yuan") in solution:
                costs_yuan[label] = costs_yuan.get(label, 0.0) + float(solution[key].sum())
    return costs_yuan
