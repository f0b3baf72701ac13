"""Set points that hold on all paths of load and sources, beside those of the plan on the medians."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array


@dataclass(frozen=True)
class PathCosts:
    """What set points cost [yuan]: where the medians come, and over the paths."""

    median_yuan: float
    expected_yuan: float
    cvar_yuan: float
    worst_yuan: float


@dataclass(frozen=True)
class Survival:
    """A day with every load at a level and every source at its complement: the highest import [MW]."""

    level: float
    peak_mw: float | None  # None: a limit is broken


@dataclass(frozen=True)
class HedgedPlan:
    """The plan. `set_points` has a row an interval, columns such as `battery_1.charge_mw`."""

    name: str
    title: str
    day: date
    paths: int
    weight: float  # of CVaR
    level: float  # of CVaR
    correlations: Mapping[str, float]  # of errors in succession, by series
    set_points: pd.DataFrame
    hedged: PathCosts
    median: PathCosts | None  # of the plan on the medians; None: it breaks a limit on some path
    median_peak_mw: float  # that the plan on the medians pays for
    survivals: Sequence[Survival]
    objective_yuan: float
    bound_yuan: float
    gap: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def survived_level(self) -> float | None:
        """The highest level up to which no limit is broken; None: the lowest breaks one."""
        return _highest([(s.level, s.peak_mw is not None) for s in self.survivals])

    @property
    def held_level(self) -> float | None:
        """The highest level up to which the import stays at what the plan on the medians pays for."""
        most_mw = self.median_peak_mw + PEAK_TOLERANCE_MW
        return _highest([(s.level, s.peak_mw is not None and s.peak_mw <= most_mw) for s in self.survivals])


PEAK_TOLERANCE_MW = 1e-3


def _highest(levels: Sequence[tuple[float, bool]]) -> float | None:
    highest = None
    for level, is_met in levels:
        if not is_met:
            break
        highest = level
    return highest


def cvar_yuan(costs: Array, level: float) -> float:
    """The mean of the worst share (1 - level) of equally probable costs; a path counts in part at its edge.

    Rockafellar and Uryasev (2002, Journal of Banking and Finance 26), formula for discrete distributions.
    """
    ordered = np.sort(costs)[::-1]
    share = (1.0 - level) * len(costs)
    weights = np.clip(share - np.arange(len(costs)), 0.0, 1.0)
    return float((weights * ordered).sum() / share)


def hedged_json(plan: HedgedPlan) -> dict[str, Any]:
    """The content of `summary.json`; money in yuan, power in MW, shares as fractions."""
    return {
        "case": plan.name,
        "day": f"{plan.day}",
        "paths": plan.paths,
        "cvar_weight": plan.weight,
        "cvar_level": plan.level,
        "error_correlations": dict(plan.correlations),
        "hedged_yuan": asdict(plan.hedged),
        "on_medians_yuan": None if plan.median is None else asdict(plan.median),
        "median_peak_mw": plan.median_peak_mw,
        "survived_level": plan.survived_level,
        "held_level": plan.held_level,
        "highest_import_by_level_mw": {f"{s.level:g}": s.peak_mw for s in plan.survivals},
        "objective_yuan": plan.objective_yuan,
        "bound_yuan": plan.bound_yuan,
        "gap": plan.gap,
        "versions": dict(plan.versions),
    }
