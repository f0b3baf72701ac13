"""Where in the range of what is doubted a choice's losses lie."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.results.sizing.risk import doubted

Marked = NDArray[np.bool_]
FEW_VALUES = 3  # a doubt that takes no more is told by the value, not by a half of its range
CHANCE = 0.01  # what chance alone would show more often than this is not told


@dataclass(frozen=True)
class LossRegion:
    """A part of a doubt's values in which most losses lie."""

    name: str
    side: Literal["is", "low", "high"]  # where it is `value`, or lies below or above it
    value: float
    loss_share: float  # of the scenarios there
    of_losses: float  # share of all losses that lie there
    chance: float  # how often chance alone would put as many losses there (Fisher's exact test)


def loss_regions(risk: xr.Dataset, choice: str) -> tuple[LossRegion, ...]:
    """Values or halves of single doubts in which most losses of a choice lie, the surest first.

    Only what chance alone would hardly show is told, so of few scenarios, or few losses, it may be nothing.
    """
    lost = risk["npv_yuan"].sel(choice=choice).to_numpy() < 0
    found = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = doubted(risk, name)
        several = np.unique(values)
        parts: list[tuple[Literal["is", "low", "high"], float, Marked]]
        if len(several) <= FEW_VALUES:
            parts = [("is", float(value), values == value) for value in several]
        else:
            middle = float(np.median(values))
            parts = [("low", middle, values < middle), ("high", middle, values > middle)]
        for side, value, there in parts:
            lies = _lies(name, side, value, there, lost)
            found += [lies] if lies.of_losses > 0.5 and lies.chance <= CHANCE else []
    return tuple(sorted(found, key=lambda one: one.chance))


def _lies(
    name: str, side: Literal["is", "low", "high"], value: float, there: Marked, lost: Marked
) -> LossRegion:
    from scipy.stats import fisher_exact  # slow to import

    both, elsewhere = int((there & lost).sum()), int((~there & lost).sum())
    table = [[both, int((there & ~lost).sum())], [elsewhere, int((~there & ~lost).sum())]]
    chance = float(fisher_exact(table, alternative="greater")[1])
    return LossRegion(
        name, side, value, both / max(1, int(there.sum())), both / max(1, both + elsewhere), chance
    )
