"""Regions of uncertain inputs in which the losses of a choice concentrate."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.results.sizing.risk import uncertain_values

Mask = NDArray[np.bool_]
Side = Literal["is", "low", "high"]
FEW_VALUES = 3  # an input with at most so many values is split by value, others at the median
CHANCE = 0.01  # significance level: regions that chance shows more often are not reported


@dataclass(frozen=True)
class LossRegion:
    """A range of an uncertain input in which most losses lie."""

    name: str
    side: Side  # the input equals `value`, or lies below or above it
    value: float
    loss_share: float  # probability of loss within the region
    of_losses: float  # share of all losses that lie within the region
    chance: float  # p-value of Fisher's exact test


def loss_regions(risk: xr.Dataset, choice: str) -> tuple[LossRegion, ...]:
    """Values or halves of single inputs in which most losses of a choice lie, the most significant first.

    Only significant regions are reported, so there may be none for few scenarios or few losses.
    """
    lost = risk["npv_yuan"].sel(choice=choice).to_numpy() < 0
    regions = []
    for name in map(str, risk["doubt"].to_numpy()):
        values = uncertain_values(risk, name)
        distinct = np.unique(values)
        parts: list[tuple[Side, float, Mask]]
        if len(distinct) <= FEW_VALUES:
            parts = [("is", float(value), values == value) for value in distinct]
        else:
            median = float(np.median(values))
            parts = [("low", median, values < median), ("high", median, values > median)]
        for side, value, inside in parts:
            region = _region(name, side, value, inside, lost)
            regions += [region] if region.of_losses > 0.5 and region.chance <= CHANCE else []
    return tuple(sorted(regions, key=lambda region: region.chance))


def _region(name: str, side: Side, value: float, inside: Mask, lost: Mask) -> LossRegion:
    """The losses inside a region against those outside, with the p-value of Fisher's exact test."""
    from scipy.stats import fisher_exact  # slow to import

    lost_inside, lost_outside = int((inside & lost).sum()), int((~inside & lost).sum())
    table = [
        [lost_inside, int((inside & ~lost).sum())],
        [lost_outside, int((~inside & ~lost).sum())],
    ]
    return LossRegion(
        name=name,
        side=side,
        value=value,
        loss_share=lost_inside / max(1, int(inside.sum())),
        of_losses=lost_inside / max(1, lost_inside + lost_outside),
        chance=float(fisher_exact(table, alternative="greater")[1]),
    )
