"""How far a park is from its plan: what was measured in the last hour, beside what the plan expected."""

from collections.abc import Mapping

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.operations.automation.due_work import Departure
from parkdispatch.operations.planned_soc import planned_soc

HOUR = pd.Timedelta(hours=1)
MEASURED = {"load": ("demand_mw", 1.0), "pv": ("available_mw", -1.0), "wind": ("available_mw", -1.0)}


def departure_from(
    case: Case,
    planned: pd.DataFrame,
    measured: Mapping[tuple[str, str], pd.Series],
    soc: Mapping[str, tuple[pd.Timestamp, float]],
    now: pd.Timestamp,
) -> Departure | None:
    """The departure at a local moment; None where nothing that was measured can be compared.

    `planned` has the plan in force, columns (device, quantity); `measured` power [MW] by (quantity, device),
    such as (load, load); `soc` when a state of charge was measured last, and what it was, by battery.
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
    for name, (moment, level) in soc.items():
        expected = planned_soc(case, planned, name, moment)
        if expected is not None:
            is_compared = True
            furthest = max(furthest, abs(level - expected))
    return Departure(power_mw, furthest) if is_compared else None
