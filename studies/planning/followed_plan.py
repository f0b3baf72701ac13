"""The set points of an earlier plan, which another one is to change as little as its money allows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.user_files import is_user_file
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.grid_exchange import set_point_mw
from parkdispatch.results.solution import read_solution, times_of

SOLUTION = "solution.nc"


def followed_targets_mw(
    case: Case, times: pd.DatetimeIndex, plan: str | Path | xr.Dataset
) -> Mapping[str, Array]:
    """Set points of the stores that both have [MW], (intervals,), NaN where the earlier plan has ended.

    `plan` is the folder of an earlier plan, or its solution. Raises InputError where it is none, has other
    intervals, or shares no time or store with this one.
    """
    if isinstance(plan, xr.Dataset):
        shown, solution = "a plan", plan
    else:
        shown, path = str(plan), Path(plan) / SOLUTION
        if not is_user_file(path):
            raise InputError(f"argument `follow` = {shown}: must be the folder of a plan, with {SOLUTION}")
        solution = read_solution(path)
    own_times = times_of(solution)
    hours = float(solution.attrs["hours"])
    if hours != case.calendar.hours:
        raise InputError(
            f"argument `follow` = {shown}: has intervals of {60 * hours:g} minutes, must have"
            f" {case.calendar.minutes}"
        )
    devices = {str(quantity.attrs.get("device")) for quantity in solution.variables.values()}
    names = [name for name in case.storage if name in devices]
    if not names or not own_times.isin(times).any():
        known = ", ".join(sorted(devices & set(case.devices))) or "no device of it"
        raise InputError(
            f"argument `follow` = {shown}: covers {own_times[0]:%Y-%m-%d %H:%M} to"
            f" {own_times[-1]:%Y-%m-%d %H:%M} with {known}, must share times and stores with this plan"
        )
    targets = {}
    for name in names:
        series = pd.Series(set_point_mw(solution, case, name), own_times)
        targets[name] = np.asarray(series.reindex(times).to_numpy(), dtype=np.float64)
    return targets
