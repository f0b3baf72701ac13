"""What scenarios say of the choices: how often each loses, its worst, its regret, what losses go with.

`risk` is the dataset of `results/size_study.py`. Money is yuan; shares are fractions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import fisher_exact

Array = NDArray[np.float64]
FEW_VALUES = 3  # a doubt that takes no more is told by the value, not by a half of its range
CHANCE = 0.05  # a link seen by chance more often than this is not named


@dataclass(frozen=True)
class Judged:
    """Each choice's measures by its key, and which choice each way of choosing takes."""

    expected_yuan: Mapping[str, float]
    loss_share: Mapping[str, float]
    cvar_yuan: Mapping[str, float]  # mean of the worst share of the scenarios
    worst_yuan: Mapping[str, float]
    regret_yuan: Mapping[str, float]  # the most by which another choice is better in some scenario
    chosen: Mapping[str, str]  # by "expected", "cvar", "worst", "regret"


@dataclass(frozen=True)
class Driver:
    """A doubt that a choice's losses go with: where it lies there, and how often the choice loses there."""

    name: str
    value: float  # that it takes, or that it lies below or above of
    side: str  # "is", "low", "high"
    loss_share: float  # of the scenarios there
    of_losses: float  # share of all losses that lie there
    chance: float  # how often so strong a link comes of chance


def judged(risk: xr.Dataset, tail: float) -> Judged:
    """The measures of every choice; `tail` is the worst share of scenarios that CVaR is the mean of."""
    npv = risk["npv_yuan"].transpose("scenario", "choice").to_numpy()
    keys = [str(key) for key in risk["choice"].to_numpy()]
    regret = (npv.max(axis=1, keepdims=True) - npv).max(axis=0)
    found = {
        "expected": npv.mean(axis=0),
        "cvar": np.array([cvar(column, tail) for column in npv.T]),
        "worst": npv.min(axis=0),
        "regret": regret,
    }
    best = {name: int((values if name != "regret" else -values).argmax()) for name, values in found.items()}
    by = {name: dict(zip(keys, values.tolist(), strict=True)) for name, values in found.items()}
    return Judged(
        expected_yuan=by["expected"],
        loss_share=dict(zip(keys, (npv < 0).mean(axis=0).tolist(), strict=True)),
        cvar_yuan=by["cvar"],
        worst_yuan=by["worst"],
        regret_yuan=by["regret"],
        chosen={name: keys[at] for name, at in best.items()},
    )


def cvar(values: Array, tail: float) -> float:
    """Mean of the worst share of equally likely values; of the last one only what is needed to fill it."""
    ordered = np.sort(values)
    mass = np.clip(tail * len(ordered) - np.arange(len(ordered)), 0.0, 1.0)
    return float(mass @ ordered / mass.sum())


def drivers(risk: xr.Dataset, choice: str) -> tuple[Driver, ...]:
    """Doubts in one part of whose values most losses lie, and more than by chance; the strongest first."""
    lost = risk["npv_yuan"].sel(choice=choice).to_numpy() < 0
    found = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = risk[f"doubt.{name}"].to_numpy()
        several = np.unique(values)
        if len(several) < 2:
            continue
        if len(several) <= FEW_VALUES:
            parts = [("is", float(value), values == value) for value in several]
        else:
            middle = float(np.median(values))
            parts = [("low", middle, values < middle), ("high", middle, values > middle)]
        found += [
            driver for side, value, inside in parts if (driver := _driver(name, side, value, inside, lost))
        ]
    return tuple(sorted(found, key=lambda one: one.chance))


def _driver(
    name: str, side: str, value: float, inside: NDArray[np.bool_], lost: NDArray[np.bool_]
) -> Driver | None:
    both, only_in = int((inside & lost).sum()), int((inside & ~lost).sum())
    only_lost, neither = int((~inside & lost).sum()), int((~inside & ~lost).sum())
    if both <= only_lost:
        return None
    chance = float(fisher_exact([[both, only_in], [only_lost, neither]], alternative="greater")[1])
    if chance > CHANCE:
        return None
    return Driver(name, value, side, both / (both + only_in), both / (both + only_lost), chance)


@dataclass(frozen=True)
class Swing:
    """A doubt: where its lowest third ends and its highest begins, or both ends of few values; mean NPVs."""

    name: str
    low: float
    high: float
    low_yuan: float
    high_yuan: float


def swings(risk: xr.Dataset, choice: str) -> tuple[Swing, ...]:
    """What each doubt does to a choice's NPV, all else as it comes; the widest first."""
    npv = risk["npv_yuan"].sel(choice=choice).to_numpy()
    found = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = risk[f"doubt.{name}"].to_numpy()
        several = np.unique(values)
        if len(several) < 2:
            continue
        few = len(several) <= FEW_VALUES
        low, high = (several[0], several[-1]) if few else np.quantile(values, (1 / 3, 2 / 3))
        below, above = npv[values <= low], npv[values >= high]
        found.append(Swing(name, float(low), float(high), float(below.mean()), float(above.mean())))
    return tuple(sorted(found, key=lambda one: -abs(one.high_yuan - one.low_yuan)))
