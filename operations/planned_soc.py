"""The state of charge that a plan has for a battery at a moment, to hold a measured one against."""

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case


def planned_soc(case: Case, values: pd.DataFrame, name: str, moment: pd.Timestamp) -> float | None:
    """The state of charge [-] at a moment by what a plan says; None where it says nothing.

    `values` has the plan by the beginnings of intervals, columns (device, quantity). Energies are those at
    the ends of intervals; within an interval they change steadily.
    """
    battery, column = case.batteries.get(name), (name, "energy_mwh")
    if battery is None or battery.full_mwh <= 0 or column not in values.columns:
        return None
    energy_mwh = values[column].dropna()
    ends = pd.DatetimeIndex(energy_mwh.index) + pd.Timedelta(minutes=case.calendar.minutes)
    if not len(ends) or not ends[0] <= moment <= ends[-1]:
        return None
    minutes = (ends - ends[0]) / pd.Timedelta(minutes=1)
    passed = (moment - ends[0]) / pd.Timedelta(minutes=1)
    return float(np.interp(passed, minutes, energy_mwh)) / battery.full_mwh
