"""What a plan was made from besides its series, as the ledger keeps it."""

from collections.abc import Sequence
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.operations.ledger.day_state import DayState


def plan_basis(case: Case, state: DayState, orders: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """State of charge, peaks so far, outages, and orders of an operator as JSON, where there are any."""
    basis: dict[str, Any] = {
        "soc": {name: battery.initial_soc for name, battery in case.batteries.items()},
        "peak_so_far_mw": {
            name: float(getattr(device, "peak_so_far_mw", 0.0))
            for name, device in case.devices.items()
            if device.pays_for_demand
        },
        "outages": [
            {
                "number": item.number,
                "device": item.device,
                "begin": item.begin.isoformat(),
                "end": item.end.isoformat(),
                "power_share": item.power_share,
            }
            for item in state.outages
        ],
    }
    return {**basis, "orders": list(orders)} if orders else basis
