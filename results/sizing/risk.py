"""Risk analysis of the choices over scenarios: distribution of NPV, loss probability, CVaR, regret, drivers.

`risk` is the dataset `SizeStudy.risk`; scenarios are equally likely. Money is in yuan, shares are fractions.
The worst outcome is the smallest NPV; a loss is a negative NPV.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.results.sizing.sizing_results import Choice

FIGURES = {  # of a choice in a scenario: unit and meaning
    "npv_yuan": ("yuan", "NPV of the project after tax, in money of the year it is built"),
    "irr": ("1", "IRR of the project after tax; none where there is not exactly one"),
    "saving_yuan": ("yuan/year", "what the bill falls by, mean over the years of operation"),
    "investment_yuan": ("yuan", "what it costs at first"),
}
LATER_FIGURE = {  # beside them where the case has a decision after a wait
    "npv_wait_yuan": ("yuan", "NPV of the project after tax, built after the wait, of the case's year"),
}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FIFTH = 0.2  # share of the scenarios at either end of an uncertain input


def risk_dataset(
    choices: Sequence[Choice], table: pd.DataFrame, figures: Array, numbers: Array | None = None
) -> xr.Dataset:
    """The risk dataset: `figures` has the shape (scenarios, figures, choices), `table` one row per scenario.

    The figures are `FIGURES`, and `LATER_FIGURE` if there is one more.

    `numbers` are those of the scenarios, by default from 0.
    """
    dims = ("scenario", "choice")
    data = {
        name: xr.DataArray(figures[:, number], dims=dims, attrs={"units": unit, "long_name": words})
        for number, (name, (unit, words)) in enumerate((FIGURES | LATER_FIGURE).items())
        if number < figures.shape[1]
    }
    # one array instead of a variable per input: names such as "irradiation, MJ/m²" are invalid in NetCDF
    data["doubted"] = xr.DataArray(
        table.to_numpy(np.float64), dims=("scenario", "doubt"), attrs={"long_name": "value in the scenario"}
    )
    coords = {
        "scenario": np.arange(len(table)) if numbers is None else numbers,
        "choice": [choice.key for choice in choices],
        "doubt": [str(name) for name in table.columns],
    }
    return xr.Dataset(data, coords)


def uncertain_values(risk: xr.Dataset, name: str) -> Array:
    """The value of an uncertain input in each scenario, (scenarios,)."""
    return np.asarray(risk["doubted"].sel(doubt=name).to_numpy(), dtype=np.float64)


def _npv(risk: xr.Dataset) -> pd.DataFrame:
    """NPV by scenario (rows) and choice (columns) [yuan]."""
    values = risk["npv_yuan"].transpose("scenario", "choice").to_numpy()
    return pd.DataFrame(values, risk["scenario"].to_numpy(), [str(key) for key in risk["choice"].to_numpy()])


def tail_mean(values: Array, tail: float) -> float:
    """CVaR: the mean of the worst share `tail` of equally likely values.

    A value that straddles the limit counts in part (Rockafellar and Uryasev 2002), so that the measure is
    continuous in `tail`.
    """
    ordered = np.sort(values)
    within = np.clip(tail * len(ordered) - np.arange(len(ordered)), 0.0, 1.0)
    return float(np.sum(within * ordered) / np.sum(within))


def distribution(risk: xr.Dataset, tail: float) -> pd.DataFrame:
    """NPV statistics by choice (rows): mean, std, extremes, quantiles "q05", loss probability, CVaR, regret.

    The standard deviation is that of the population; quantiles are interpolated linearly.
    """
    npv, regrets = _npv(risk), regret(risk)
    columns = {
        "mean_yuan": npv.mean(),
        "std_yuan": npv.std(ddof=0),
        "worst_yuan": npv.min(),
        **{f"q{round(100 * share):02d}_yuan": npv.quantile(share) for share in QUANTILES},
        "best_yuan": npv.max(),
        "loss_share": (npv < 0).mean(),
        "cvar_yuan": npv.apply(lambda column: tail_mean(column.to_numpy(), tail)),
        "mean_regret_yuan": regrets.mean(),
        "most_regret_yuan": regrets.max(),
    }
    return pd.DataFrame(columns).rename_axis("choice")


def regret(risk: xr.Dataset) -> pd.DataFrame:
    """Regret by scenario and choice: NPV of the scenario's best choice less the choice's own NPV [yuan]."""
    npv = _npv(risk)
    return npv.rsub(npv.max(axis=1), axis=0)


def choice_by_rule(risk: xr.Dataset, tail: float) -> dict[str, str]:
    """The best choice under each decision rule, the first of equals.

    Rules: maximum expected NPV, maximin, maximum CVaR, minimax regret.
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
    """Influence of one uncertain input on a choice's NPV, the other inputs varying as well."""

    name: str
    rank_correlation: float  # Spearman's; 0 where either is constant
    low: float  # upper limit of the input in the lowest fifth of scenarios, or the lower of two values
    high: float
    low_npv_yuan: float  # mean NPV of those scenarios
    high_npv_yuan: float
    loss_share: dict[float, float] | None  # loss probability by value, of inputs with two values

    @property
    def swing_yuan(self) -> float:
        """Length of the bar in a tornado chart [yuan]."""
        return abs(self.high_npv_yuan - self.low_npv_yuan)


def drivers(risk: xr.Dataset, choice: str) -> tuple[Driver, ...]:
    """The drivers of a choice's NPV, the longest tornado bar first; constant inputs are left out.

    The lowest fifth are the scenarios up to the input's 20 % quantile, the highest fifth those from its 80 %
    quantile. An input of two values is split by value.
    """
    npv = np.asarray(risk["npv_yuan"].sel(choice=choice).to_numpy(), dtype=np.float64)
    influences = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = uncertain_values(risk, name)
        distinct = np.unique(values)
        if len(distinct) < 2:
            continue
        two = len(distinct) == 2
        low, high = distinct if two else np.quantile(values, (FIFTH, 1.0 - FIFTH))
        influences.append(
            Driver(
                name=name,
                rank_correlation=_rank_correlation(values, npv),
                low=float(low),
                high=float(high),
                low_npv_yuan=float(npv[values <= low].mean()),
                high_npv_yuan=float(npv[values >= high].mean()),
                loss_share=(
                    {float(v): float((npv[values == v] < 0).mean()) for v in distinct} if two else None
                ),
            )
        )
    return tuple(sorted(influences, key=lambda driver: -driver.swing_yuan))


def _rank_correlation(values: Array, npv_yuan: Array) -> float:
    """Spearman's rank correlation with mean ranks of ties; 0 where either is constant."""
    if np.ptp(values) == 0 or np.ptp(npv_yuan) == 0:
        return 0.0
    from scipy.stats import spearmanr  # slow to import

    return float(spearmanr(values, npv_yuan).statistic)
