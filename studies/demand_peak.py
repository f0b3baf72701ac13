"""The peak demand that a month as a whole would hold, from its relaxation with everything in it.

A single day planned as if it alone set the month's demand charge would shave its peak at any price. The peak
of the cheapest month, storage, buses and all, is therefore the floor above which a day pays for demand.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import month_times, prepare
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.network.grid import Grid
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.relaxed_dispatch import relaxed_dispatch


def paying_grids(devices: Mapping[str, Device]) -> list[str]:
    """Names of the grid connections that may be charged for their monthly peak demand."""
    return [n for n, d in devices.items() if isinstance(d, Grid) and d.pays_for_demand]


def expected_peaks_mw(case: Case, day: date) -> dict[str, float]:
    """Peak demand of each paying connection in the cheapest dispatch of the day's month [MW].

    By the case's own load and PV, and no less than its `peak_so_far_mw`. Empty where the month is infeasible.
    """
    paying = paying_grids(case.devices)
    if not paying:
        return {}
    month = prepare(case, month_times(case, day))
    horizon = Horizon(month.times, month.hours)
    tiled = tile(compile_template(case.devices, month.hours), horizon, month.series)
    return {
        name: max(float(peaks_mw[0]), getattr(case.devices[name], "peak_so_far_mw", 0.0))
        for name, peaks_mw in monthly_peaks_mw(tiled, case.devices).items()
    }


def monthly_peaks_mw(tiled: Tiled, devices: Mapping[str, Device]) -> dict[str, Array]:
    """Monthly peak demand of each paying connection in the cheapest relaxed dispatch [MW], (months,).

    Exclusive pairs are relaxed: import counts net of what the relaxation exports at once. Empty where no
    dispatch is feasible.
    """
    paying, horizon = paying_grids(devices), tiled.horizon
    if not paying:
        return {}
    try:
        x = relaxed_dispatch(tiled, devices)
    except InfeasibleError:
        return {}
    keys = [column.key for column in tiled.template.columns]
    peaks_mw = {}
    for name in paying:
        bought_mw, sold_mw = (
            x[tiled.column_of(keys.index((name, way)))] for way in ("import_mw", "export_mw")
        )
        demand_mw = metered_demand_mw(horizon.times, horizon.hours, np.maximum(bought_mw - sold_mw, 0.0))
        peaks_mw[name] = np.maximum.reduceat(demand_mw, horizon.first("month"))
    return peaks_mw
