"""What the meters of devices say of a day, and what of it is taken from the plan instead."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.settlement.day_record import (
    is_at_one_bus,
    measured_devices,
    metered_powers,
)
from parkdispatch.optimizer.formulation.allowances import crosses_midnight
from parkdispatch.optimizer.formulation.kept_templates import kept_template

MOVED_ENDINGS = ("_shed_mw", "_caught_up_mw")  # of the columns of a load that is interrupted
MOVED_MW = 1e-6  # that counts as an interruption
Assumed = list[tuple[str, dict[str, Any]]]


def device_meters(
    case: Case, planned: pd.DataFrame, by_name: Mapping[tuple[str, str], Array]
) -> tuple[dict[str, Array], dict[str, Array], Assumed]:
    """Load and availability by device, powers of other devices, and what is assumed beside them.

    `by_name` has metered values by quantity and device. At one bus all loads and sources have to be metered;
    elsewhere one that is not is as planned. The demand of a load that may be interrupted is what was metered,
    but that of the plan where the plan interrupts it or catches up; what is less was shed. Raises InputError
    for what has to be metered and is not.
    """
    metered = {device: values for (name, device), values in by_name.items() if name in ("load", "pv", "wind")}
    of_series, assumed = measured_devices(case), Assumed()
    plan_columns = [(str(column[0]), str(column[1])) for column in planned.columns]
    missing = [name for name in of_series if name not in metered]
    if missing and is_at_one_bus(case):
        raise InputError(
            [
                f"`device.{name}`: nothing measured is given, must be: all loads and sources"
                for name in missing
            ]
        )
    if of_series and len(missing) == len(of_series):
        raise InputError(
            f"nothing measured is given of {', '.join(missing)}: must be of a load or source at least"
        )
    measured, powers = dict[str, Array](), dict[str, Array]()
    for name, series in of_series.items():
        if name in missing:
            measured[name] = planned[name, series].to_numpy(dtype=float)
            assumed.append(("series_unmetered", {"device": name}))
            continue
        moved = [key for owner, key in plan_columns if owner == name and key.endswith(MOVED_ENDINGS)]
        measured[name] = metered[name]
        if moved:
            powers[name] = metered[name]
            is_moved = (planned[[(name, key) for key in moved]].to_numpy(dtype=float) > MOVED_MW).any(axis=1)
            demand_mw = np.maximum(planned[name, series].to_numpy(dtype=float), metered[name])
            measured[name] = np.where(is_moved, demand_mw, metered[name])
            assumed.append(("demand_as_planned", {"device": name}))
    for name in metered_powers(case):
        power_mw = metered.get(name, by_name.get(("power", name)))
        if power_mw is None:
            assumed.append(("power_unmetered", {"device": name}))
        else:
            powers[name] = power_mw
    if not is_at_one_bus(case):
        assumed += [
            ("states_assumed", {"device": name})
            for name, device in case.devices.items()
            if name not in case.batteries and device.initial_state()
        ]
    template = kept_template(case.devices, case.calendar.hours)
    lasting = [total.key[0] for total in template.totals if crosses_midnight(total.per)]
    assumed += [("limits_assumed", {"device": name}) for name in dict.fromkeys(lasting)]
    return measured, powers, assumed
