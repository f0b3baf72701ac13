"""Machines that are alike: a whole number of them runs, each at full power and for a least time.

    power = machine's power x running,   running - running before = started - stopped
    started in the last `block_hours` <= running <= machines

A machine starts only where its block fits into the hours that are left. Which machine runs does not matter,
so only the number is decided, by one binary for each of its binary digits. Machines that run longest stop
first; a number that obeys the rules is thus that of real machines.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.vocabulary import Interval

ROUNDING = 1e-9  # of an interval


LONGEST_BLOCK_H = 744.0


def _internal(title: str, unit: str = "-", upper: float = 1.0) -> SeriesSpec:
    return SeriesSpec(title=title, unit=unit, lower=0.0, upper=upper, internal=True)


BLOCK_SERIES: Mapping[str, SeriesSpec] = {
    "start_fits": _internal("Whether a block fits into the hours left"),
    "later_start_fits": _internal("Whether a block fits into the hours left after the interval"),
    "hours_too_few": _internal("Hours left after the interval where no block fits", "h", LONGEST_BLOCK_H),
}


def block_series(hours_left: Array, hours: float, block_hours: float) -> dict[str, Array]:
    """The series of `BLOCK_SERIES`; `hours_left` are those from each interval to the end of its window."""
    later_h = np.maximum(hours_left - hours, 0.0)
    fits, fits_later = (left_h >= block_hours - ROUNDING for left_h in (hours_left, later_h))
    return {
        "start_fits": (fits & (hours_left > 0)).astype(float),
        "later_start_fits": fits_later.astype(float),
        "hours_too_few": np.where(fits_later, 0.0, later_h),
    }


def block_intervals(block_hours: float, hours: float) -> int:
    """Intervals of `hours` that a machine runs at least."""
    return max(1, int(np.ceil(block_hours / hours - ROUNDING)))


def write_machines(
    block: Any,
    interval: Interval,
    machine_mw: float,
    machines: int,
    block_hours: float,
    history: Sequence[int],
) -> None:
    """Write the rules for `power_mw` of a block.

    `history` is the number that ran in each interval before the horizon, the latest last.
    """
    block.running = pyo.Var(bounds=(0, machines))
    block.started = pyo.Var(bounds=(0, machines))
    block.stopped = pyo.Var(bounds=(0, machines))
    digits = [interval.binary(f"running_digit_{k}") for k in range(machines.bit_length())]
    block.whole = pyo.Constraint(expr=block.running == sum(2**k * digit for k, digit in enumerate(digits)))
    block.full_power = pyo.Constraint(expr=block.power_mw == machine_mw * block.running)
    ran = [float(number) for number in history] or [0.0]
    starts = [0.0, *np.maximum(np.diff(ran), 0.0).tolist()]
    before = interval.previous(block.running, ran)
    block.switch = pyo.Constraint(expr=block.running - before == block.started - block.stopped)
    lately = interval.recent_sum(block.started, block_hours, starts)
    block.least_time = pyo.Constraint(expr=lately <= block.running)
    block.start_fits = pyo.Constraint(expr=block.started <= machines * interval.series("start_fits"))


def machine_residuals_mw(
    power_mw: Array, hours: float, machine_mw: float, block_hours: float, history: Sequence[int]
) -> dict[str, Array]:
    """How far the power is from that of whole machines, and what stopped before its time [MW]."""
    running = power_mw / machine_mw
    ran = np.array(history or (0,), dtype=float)
    starts = np.maximum(np.diff(np.concatenate([ran, np.round(running)])), 0.0)
    lately = np.convolve(starts, np.ones(block_intervals(block_hours, hours)))[len(ran) - 1 : len(starts)]
    return {
        "machines_running_mw": np.abs(running - np.round(running)) * machine_mw,
        "block_length_mw": machine_mw * (lately - running),
    }
