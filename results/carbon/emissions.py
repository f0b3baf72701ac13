"""CO2 of a dispatch by interval and scope.

    scope 1    fuels burnt in the park, for power, heat or cold
    scope 2    energy imported, at the average factor of each connection
    marginal   the same imports at the factor of one more MWh, by which a change of them counts

Recomputed from the dispatched powers by each device (`Device.amounts`), without the optimizer's sums.
"""

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.results.solution import device_quantities, times_of

SCOPE_1, SCOPE_2, MARGINAL = "scope_1_t", "scope_2_t", "marginal_t"


def emissions_t(solution: xr.Dataset, case: Case) -> pd.DataFrame:
    """CO2 of each interval [t], columns by scope, indexed by the starts of the intervals."""
    times = times_of(solution)
    scopes: dict[str, Array] = {name: np.zeros(len(times)) for name in (SCOPE_1, SCOPE_2, MARGINAL)}
    for name, device in case.devices.items():
        seen = device_quantities(solution, name)
        emitted_t = device.amounts(seen).get("co2_t")
        if emitted_t is None:
            continue
        if device.role != "grid":
            scopes[SCOPE_1] = scopes[SCOPE_1] + emitted_t
            continue
        scopes[SCOPE_2] = scopes[SCOPE_2] + emitted_t
        factor = getattr(device, "marginal_co2_t_per_mwh", None)
        marginal_t = emitted_t if factor is None else factor * device.amounts(seen)["import_mwh"]
        scopes[MARGINAL] = scopes[MARGINAL] + marginal_t
    return pd.DataFrame(scopes, index=pd.Index(times, name="time"))


def emissions_json(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """The entry `emissions` of `summary.json`: the sums by scope [t]."""
    return {str(name): float(tonnes) for name, tonnes in emissions_t(solution, case).sum().items()}
