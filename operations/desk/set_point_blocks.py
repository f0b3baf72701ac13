"""Set points of batteries as blocks: from when to when, how much, and what they replace."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.operations.desk.desk_plan import planned

SAME_MW = 5e-4  # set points that differ by less are the same


@dataclass(frozen=True)
class SetPointBlock:
    """A stretch of one set point [MW, plus is discharge]; `before_mw` is what it replaces, None: nothing."""

    device: str
    begin: pd.Timestamp
    end: pd.Timestamp
    low_mw: float
    high_mw: float
    before_mw: float | None = None  # mean over the stretch
    mean_mw: float = 0.0


def set_point_blocks(
    values: pd.DataFrame, devices: Sequence[str], times: pd.DatetimeIndex
) -> Iterator[SetPointBlock]:
    """The stretches in which each battery charges or discharges, without those of rest."""
    for name in devices:
        power_mw = _set_point_mw(values, name, times)
        signs = np.where(np.abs(np.nan_to_num(power_mw)) < SAME_MW, 0.0, np.sign(np.nan_to_num(power_mw)))
        yield from _blocks(name, signs, power_mw, times)


def changed_blocks(
    values: pd.DataFrame, before: pd.DataFrame, devices: Sequence[str], times: pd.DatetimeIndex
) -> Iterator[SetPointBlock]:
    """The stretches whose set points are other than in the version before, of equal direction of change."""
    for name in devices:
        power_mw, old_mw = _set_point_mw(values, name, times), _set_point_mw(before, name, times)
        both = np.isfinite(power_mw) & np.isfinite(old_mw)
        change = np.where(both, power_mw - old_mw, 0.0)
        signs = np.where(np.abs(change) < SAME_MW, 0.0, np.sign(change))
        yield from _blocks(name, signs, power_mw, times, old_mw)


def _blocks(
    name: str, signs: Array, power_mw: Array, times: pd.DatetimeIndex, before_mw: Array | None = None
) -> Iterator[SetPointBlock]:
    """A block for each stretch of an equal sign other than zero."""
    for first, after in _runs(signs):
        part = power_mw[first:after]
        yield SetPointBlock(
            name,
            times[first],
            _end(times, after),
            float(part.min()),
            float(part.max()),
            None if before_mw is None else float(before_mw[first:after].mean()),
            float(part.mean()),
        )


def _set_point_mw(values: pd.DataFrame, name: str, times: pd.DatetimeIndex) -> Array:
    return planned(values, name, "discharge_mw", times) - planned(values, name, "charge_mw", times)


def _end(times: pd.DatetimeIndex, after: int) -> pd.Timestamp:
    return times[after] if after < len(times) else times[-1] + (times[1] - times[0])


def _runs(signs: Array) -> Iterator[tuple[int, int]]:
    """First and after-last of each stretch of an equal sign other than zero."""
    edges = [0, *(np.flatnonzero(np.diff(signs)) + 1).tolist(), len(signs)]
    for first, after in pairwise(edges):
        if after > first and signs[first]:
            yield first, after
