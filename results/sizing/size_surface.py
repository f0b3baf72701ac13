"""The surface of sizes as a dataset: cost, saving, returns and operating figures over a grid of sizes."""

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


def _irr(worth: Worth) -> float:
    irr = None if worth.cash is None else worth.cash.returns[PROJECT].irr.value
    return NAN if irr is None else irr


def _payback(worth: Worth) -> float:
    """Static payback from the start of construction [years]; NaN where it is not paid back."""
    if worth.cash is None:
        return NAN
    years = worth.cash.returns[PROJECT].static_payback.from_construction_years
    return NAN if years is None else years


def _first_payback(worth: Worth) -> float:
    """First time the cumulative flow is positive, where it falls below zero again [years]; else NaN."""
    first = None if worth.cash is None else worth.cash.returns[PROJECT].static_payback.relapsed_years
    return NAN if first is None else first


def _net_yuan(worth: Worth, annuity: Annuity) -> float:
    """Saving of the first year's dispatch less the annuity, which the co-optimised size maximises [yuan]."""
    saving_yuan = worth.dispatch_without_yuan - worth.dispatch_yuan
    return saving_yuan - annuity.yuan(worth.choice.power_mw, worth.choice.energy_mwh)


# each variable of the surface: its unit, and its value at a size
VARIABLES: Mapping[str, tuple[str, Callable[[Worth], float]]] = {
    "npv_yuan": ("yuan", lambda worth: worth.npv_yuan),
    "irr": ("1", _irr),
    "payback_years": ("years", _payback),
    "payback_first_years": ("years", _first_payback),
    "investment_yuan": ("yuan", lambda worth: worth.investment_yuan),
    "energy_mwh": ("MWh", lambda worth: worth.choice.energy_mwh),
    "dispatch_yuan": ("yuan", lambda worth: worth.dispatch_yuan),
    "bound_yuan": ("yuan", lambda worth: worth.bound_yuan),
    "gap": ("1", lambda worth: worth.gap),
    "saving_first_yuan": ("yuan", lambda worth: float(worth.saving_yuan[0])),
    "saving_last_yuan": ("yuan", lambda worth: float(worth.saving_yuan[-1])),
    "peak_cut_mw": ("MW", lambda worth: worth.peak_cut_mw),
    "self_use": ("1", lambda worth: worth.self_use),
    "self_use_gain": ("1", lambda worth: worth.self_use_gain),
    "co2_cut_t": ("t", lambda worth: worth.co2_cut_t),
    "value_of_mw_yuan": ("yuan/MW", lambda worth: worth.value_of_mw_yuan),
    "value_of_mwh_yuan": ("yuan/MWh", lambda worth: worth.value_of_mwh_yuan),
}


def surface_dataset(
    sizing: Sizing, finance: Finance, worths: Mapping[str, Worth], grid: Sequence[Sequence[Choice]]
) -> xr.Dataset:
    """The dataset `SizeStudy.surface` of a grid of choices; `worths` holds the value of each by its key.

    Figures of a choice without a value are NaN, all but its energy and investment.
    """
    points = [[worths.get(choice.key) for choice in row] for row in grid]

    def table(measure: Callable[[Worth], float]) -> Array:
        return np.array([[NAN if worth is None else measure(worth) for worth in row] for row in points])

    variables = {
        name: (("power_mw", "duration_hours"), table(measure), {"units": unit})
        for name, (unit, measure) in VARIABLES.items()
    }
    for name in ("energy_mwh", "investment_yuan"):  # known without a dispatch
        given = np.array([[float(getattr(choice, name)) for choice in row] for row in grid])
        dims, values, attributes = variables[name]
        variables[name] = (dims, np.where(np.isnan(values), given, values), attributes)
    surface = xr.Dataset(
        variables,
        coords={
            "power_mw": ("power_mw", sizing.power_mw.values, {"units": "MW"}),
            "duration_hours": ("duration_hours", sizing.duration_hours.values, {"units": "h"}),
        },
    )
    annuity = capital_annuity(finance, sizing)
    net_yuan = table(lambda worth: _net_yuan(worth, annuity))
    surface["annual_net_yuan"] = (("power_mw", "duration_hours"), net_yuan, {"units": "yuan"})
    npv, investment = surface["npv_yuan"].to_numpy(), surface["investment_yuan"].to_numpy()
    surface["frontier"] = (("power_mw", "duration_hours"), frontier(npv, investment))
    return surface


def frontier(npv_yuan: Array, investment_yuan: Array) -> np.ndarray:
    """Mask of the Pareto-efficient sizes of known NPV: none other dominates them in NPV and investment."""
    npv, cost = npv_yuan.ravel(), investment_yuan.ravel()
    as_good = (npv[None, :] >= npv[:, None]) & (cost[None, :] <= cost[:, None])
    better = (npv[None, :] > npv[:, None]) | (cost[None, :] < cost[:, None])
    dominated = (as_good & better).any(axis=1)
    return np.asarray((~dominated & ~np.isnan(npv)).reshape(npv_yuan.shape))
