"""The surface of sizes as a dataset: what each size of a grid costs, saves, returns and does to the park."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.annuity import Annuity, capital_annuity
from parkdispatch.results.sizing.increment_value import PROJECT, Worth
from parkdispatch.results.sizing.sizing_results import Choice

NAN = float("nan")


def _irr(one: Worth) -> float:
    found = None if one.cash is None else one.cash.returns[PROJECT].irr.value
    return NAN if found is None else found


def _payback(one: Worth) -> float:
    """Static, from the start of construction [years]; NaN where the money does not come back."""
    found = None if one.cash is None else one.cash.returns[PROJECT].static_payback.from_construction_years
    return NAN if found is None else found


def _net_yuan(one: Worth, yearly: Annuity) -> float:
    """What the first year's dispatch costs less, less the annuity: what the co-optimised size has most of."""
    cheaper = one.dispatch_without_yuan - one.dispatch_yuan
    return cheaper - yearly.yuan(one.choice.power_mw, one.choice.energy_mwh)


# each variable: its unit, and where a point has it
VARIABLES: Mapping[str, tuple[str, Callable[[Worth], float]]] = {
    "npv_yuan": ("yuan", lambda one: one.npv_yuan),
    "irr": ("1", _irr),
    "payback_years": ("years", _payback),
    "investment_yuan": ("yuan", lambda one: one.investment_yuan),
    "energy_mwh": ("MWh", lambda one: one.choice.energy_mwh),
    "dispatch_yuan": ("yuan", lambda one: one.dispatch_yuan),
    "bound_yuan": ("yuan", lambda one: one.bound_yuan),
    "gap": ("1", lambda one: one.gap),
    "saving_first_yuan": ("yuan", lambda one: float(one.saving_yuan[0])),
    "saving_last_yuan": ("yuan", lambda one: float(one.saving_yuan[-1])),
    "peak_cut_mw": ("MW", lambda one: one.peak_cut_mw),
    "self_use": ("1", lambda one: one.self_use),
    "self_use_gain": ("1", lambda one: one.self_use_gain),
    "co2_cut_t": ("t", lambda one: one.co2_cut_t),
    "value_of_mw_yuan": ("yuan/MW", lambda one: one.value_of_mw_yuan),
    "value_of_mwh_yuan": ("yuan/MWh", lambda one: one.value_of_mwh_yuan),
}


def surface_of(
    sizing: Sizing, finance: Finance, found: Mapping[str, Worth], grid: Sequence[Sequence[Choice]]
) -> xr.Dataset:
    """The dataset that `SizeStudy.surface` describes; `found` has the worth of each choice by its key."""
    points = [[found[choice.key] for choice in row] for row in grid]
    variables = {
        name: (
            ("power_mw", "duration_hours"),
            np.array([[of(one) for one in row] for row in points]),
            {"units": unit},
        )
        for name, (unit, of) in VARIABLES.items()
    }
    made = xr.Dataset(
        variables,
        coords={
            "power_mw": ("power_mw", sizing.power_mw.values, {"units": "MW"}),
            "duration_hours": ("duration_hours", sizing.duration_hours.values, {"units": "h"}),
        },
    )
    yearly = capital_annuity(finance, sizing)
    net = [[_net_yuan(one, yearly) for one in row] for row in points]
    made["annual_net_yuan"] = (("power_mw", "duration_hours"), np.array(net), {"units": "yuan"})
    npv, investment = made["npv_yuan"].to_numpy(), made["investment_yuan"].to_numpy()
    made["frontier"] = (("power_mw", "duration_hours"), frontier(npv, investment))
    return made


def frontier(npv_yuan: Array, investment_yuan: Array) -> np.ndarray:
    """Sizes than which no other has as much NPV for as little investment, and more of it or for less."""
    npv, cost = npv_yuan.ravel(), investment_yuan.ravel()
    as_good = (npv[None, :] >= npv[:, None]) & (cost[None, :] <= cost[:, None])
    better = (npv[None, :] > npv[:, None]) | (cost[None, :] < cost[:, None])
    return np.asarray(~(as_good & better).any(axis=1).reshape(npv_yuan.shape))
