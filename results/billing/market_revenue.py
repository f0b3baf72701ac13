"""What a storage earns in markets: their costs without it less those with it, by stream of the cash flow."""

import xarray as xr

from parkdispatch.inputs.case import Case


def market_revenue_yuan(solution: xr.Dataset, without: xr.Dataset, case: Case) -> dict[str, float]:
    """Revenue by stream, named like the cost, of all devices that settle in a market [yuan].

    `without` is the dispatch of the base case; a device that is not in it costs nothing there. Empty where no
    device has such a cost.
    """
    revenue_yuan: dict[str, float] = {}
    for name, device in case.devices.items():
        for label in device.market_costs:
            key = f"{name}.{label}_yuan"
            if key in solution:
                saved_yuan = _total_yuan(without, key) - _total_yuan(solution, key)
                revenue_yuan[label] = revenue_yuan.get(label, 0.0) + saved_yuan
    return revenue_yuan


def _total_yuan(solution: xr.Dataset, key: str) -> float:
    return float(solution[key].sum()) if key in solution else 0.0
