"""What scenarios say of choices: how NPV spreads, how often money is lost, which choice is least regretted.

`risk` is the dataset of `sizing_results.py`: scenarios are equally likely. Money is yuan, fractions are
of 1. What is worst is the smallest NPV; a loss is an NPV below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.results.sizing.sizing_results import Choice

FIGURES = {  # of a choice in a scenario: unit, and what it is
    "npv_yuan": ("yuan", "NPV of the project after tax, in money of the year it is built"),
    "irr": ("1", "IRR of the project after tax; none where there is not exactly one"),
    "saving_yuan": ("yuan/year", "what the bill falls by, mean over the years of operation"),
    "investment_yuan": ("yuan", "what it costs at first"),
}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FIFTH = 0.2  # of the scenarios, at either end of a doubt


def risk_dataset(choices: Sequence[Choice], table: pd.DataFrame, found: Array) -> xr.Dataset:
    """The dataset of what was found, (scenarios, figures, choices), in the scenarios of a table."""
    dims = ("scenario", "choice")
    data = {
        name: xr.DataArray(found[:, at], dims=dims, attrs={"units": unit, "long_name": words})
        for at, (name, (unit, words)) in enumerate(FIGURES.items())
    }
    # one array, not a variable a doubt: NetCDF has no slash in a name, and "irradiation, MJ/m²" does
    data["doubted"] = xr.DataArray(
        table.to_numpy(np.float64), dims=("scenario", "doubt"), attrs={"long_name": "value in the scenario"}
    )
    coords = {
        "scenario": np.arange(len(table)),
        "choice": [choice.key for choice in choices],
        "doubt": [str(name) for name in table.columns],
    }
    return xr.Dataset(data, coords)


def doubted(risk: xr.Dataset, name: str) -> Array:
    """What a doubt is in each scenario."""
    return np.asarray(risk["doubted"].sel(doubt=name).to_numpy(), dtype=np.float64)


def _npv(risk: xr.Dataset) -> pd.DataFrame:
    """NPV by scenario and choice."""
    values = risk["npv_yuan"].transpose("scenario", "choice").to_numpy()
    return pd.DataFrame(values, risk["scenario"].to_numpy(), [str(key) for key in risk["choice"].to_numpy()])


def tail_mean(values: Array, tail: float) -> float:
    """CVaR: the mean of the worst share of equally likely values.

    Where the share ends within a value, that value counts with what of it is within (Rockafellar and Uryasev
    2002), so the measure does not jump with the number of scenarios.
    """
    ordered = np.sort(values)
    within = np.clip(tail * len(ordered) - np.arange(len(ordered)), 0.0, 1.0)
    return float(np.sum(within * ordered) / np.sum(within))


def distribution(risk: xr.Dataset, tail: float) -> pd.DataFrame:
    """A row a choice: mean, std, least, quantiles as "q05", most, probability of loss, CVaR and regret.

    The standard deviation is of the scenarios as they are; quantiles lie between scenarios, linearly.
    """
    npv, lost = _npv(risk), regret(risk)
    columns = {
        "mean_yuan": npv.mean(),
        "std_yuan": npv.std(ddof=0),
        "worst_yuan": npv.min(),
        **{f"q{round(100 * share):02d}_yuan": npv.quantile(share) for share in QUANTILES},
        "best_yuan": npv.max(),
        "loss_share": (npv < 0).mean(),
        "cvar_yuan": npv.apply(lambda column: tail_mean(column.to_numpy(), tail)),
        "mean_regret_yuan": lost.mean(),
        "most_regret_yuan": lost.max(),
    }
    return pd.DataFrame(columns).rename_axis("choice")


def regret(risk: xr.Dataset) -> pd.DataFrame:
    """What each choice misses in each scenario: the NPV of the best there less its own, never below zero."""
    npv = _npv(risk)
    return npv.rsub(npv.max(axis=1), axis=0)


def chosen(risk: xr.Dataset, tail: float) -> dict[str, str]:
    """The best choice by each rule, of equals the first.

    Most expected NPV, most in the worst scenario, most CVaR, least largest regret.
    """
    table = distribution(risk, tail)
    return {
        "expected": str(table["mean_yuan"].idxmax()),
        "worst": str(table["worst_yuan"].idxmax()),
        "cvar": str(table["cvar_yuan"].idxmax()),
        "regret": str(table["most_regret_yuan"].idxmin()),
    }


@dataclass(frozen=True)
class Driver:
    """What a doubt has to do with a choice's NPV, all else as it comes."""

    name: str
    rank_correlation: float  # Spearman's; 0 where either does not change
    low: float  # what the doubt is at most in the lowest fifth of the scenarios, or its lesser value of two
    high: float
    low_npv_yuan: float  # mean NPV there
    high_npv_yuan: float
    loss_share: dict[float, float] | None  # probability of loss by value, of doubts with two values

    @property
    def swing_yuan(self) -> float:
        """Length of its bar in a tornado."""
        return abs(self.high_npv_yuan - self.low_npv_yuan)


def drivers(risk: xr.Dataset, choice: str) -> tuple[Driver, ...]:
    """What a choice's NPV goes with, the longest bar of the tornado first; what does not vary is left out.

    The lowest fifth of a doubt is every scenario in which it is no more than its 20 % quantile, the highest
    as much from above; a doubt of two values has all scenarios of either.
    """
    npv = np.asarray(risk["npv_yuan"].sel(choice=choice).to_numpy(), dtype=np.float64)
    found = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = doubted(risk, name)
        several = np.unique(values)
        if len(several) < 2:
            continue
        two = len(several) == 2
        low, high = several if two else np.quantile(values, (FIFTH, 1.0 - FIFTH))
        found.append(
            Driver(
                name=name,
                rank_correlation=_rank_correlation(values, npv),
                low=float(low),
                high=float(high),
                low_npv_yuan=float(npv[values <= low].mean()),
                high_npv_yuan=float(npv[values >= high].mean()),
                loss_share={float(v): float((npv[values == v] < 0).mean()) for v in several} if two else None,
            )
        )
    return tuple(sorted(found, key=lambda one: -one.swing_yuan))


def _rank_correlation(one: Array, other: Array) -> float:
    """Spearman's, equals having their mean rank; 0 where either does not change."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    from scipy.stats import spearmanr  # slow to import

    return float(spearmanr(one, other).statistic)
