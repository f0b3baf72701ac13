"""How far a park is from its plan: what was measured in the last hour, beside what the plan expected."""

from collections.abc import Mapping

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.operations.automation.due_work import Departure

HOUR = pd.Timedelta(hours=1)
MEASURED = {"load": ("demand_mw", 1.0), "pv": ("available_mw", -1.0), "wind": ("available_mw", -1.0)}


def departure_from(
    case: Case,
    planned: pd.DataFrame,
    measured: Mapping[tuple[str, str], pd.Series],
    soc: Mapping[str, float],
    now: pd.Timestamp,
) -> Departure | None:
    """The departure at a local moment; None where nothing that was measured can be compared.

    `planned` has the plan in force, columns (device, quantity); `measured` power [MW] by (quantity, device),
    such as (load, load); `soc` the state of charge now, by battery, as measured.
    """
    power_mw, is_compared = 0.0, False
    for (name, device), values in measured.items():
        key, sign = MEASURED[name]
        if (device, key) not in planned:
            continue
        both = pd.concat([values, planned[device, key]], axis=1, join="inner").dropna()
        both = both[(both.index >= now - HOUR) & (both.index < now)]
        if len(both):
            is_compared = True
            power_mw += sign * float((both.iloc[:, 0] - both.iloc[:, 1]).mean())
    furthest = 0.0
    for name, level in soc.items():
        battery, energy = case.batteries.get(name), (name, "energy_mwh")
        before = planned.index[planned.index < now]  # energies are those of the ends of intervals
        if battery is None or energy not in planned or not len(before) or battery.full_mwh <= 0:
            continue
        is_compared = True
        expected = float(planned[energy].loc[before[-1]]) / battery.full_mwh
        furthest = max(furthest, abs(level - expected))
    return Departure(power_mw, furthest) if is_compared else None
