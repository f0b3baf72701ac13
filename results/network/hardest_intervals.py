"""The hardest intervals of a dispatch for its network: highest flows, exchange, load and surplus."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count as numbers
from typing import NamedTuple

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.results.network.electric_network import ElectricNetwork
from parkdispatch.results.solution import (
    device_quantities,
    key_of,
    of_kind,
    shown_power_mw,
    times_of,
    values,
)

LEAST_MW = 1e-6  # less is rounding


class Reason(NamedTuple):
    """Why an interval is hard: what is high in it, of which device, and in how many days it is higher."""

    kind: str  # "flow" or "back_flow" of a transformer, or "import", "export", "load", "surplus"
    device: str = ""
    higher_days: int = 0


@dataclass(frozen=True)
class HardInterval:
    """An interval to be checked, by its position in the dispatch."""

    position: int
    reasons: tuple[Reason, ...]


def hardest_intervals(
    solution: xr.Dataset, case: Case, network: ElectricNetwork, count: int
) -> tuple[HardInterval, ...]:
    """At least `count` intervals where there are so many, in the order of time.

    The hardest interval for each reason is always one of them. Where these are fewer than `count`, those of
    the next hardest days follow, at most one a day for each reason.
    """
    days = np.unique(times_of(solution).normalize(), return_index=True)[1]
    ends = np.append(days[1:], solution.sizes["time"])
    by_reason = {}
    for reason, power_mw in _powers_mw(solution, case, network).items():
        of_days = [int(first + np.argmax(power_mw[first:end])) for first, end in zip(days, ends, strict=True)]
        ranked = sorted(of_days, key=lambda position: -power_mw[position])
        # the highest load is checked even where nothing flows, so that a check never is of no interval
        least_mw = -np.inf if reason.kind == "load" else LEAST_MW
        by_reason[reason] = [position for position in ranked if power_mw[position] > least_mw]
    chosen: dict[int, list[Reason]] = {}
    for higher_days in numbers():
        for reason, positions in by_reason.items():
            if higher_days < len(positions) and (not higher_days or len(chosen) < count):
                ranked_reason = reason._replace(higher_days=higher_days)
                chosen.setdefault(positions[higher_days], []).append(ranked_reason)
        if len(chosen) >= count or higher_days >= len(days):
            break
    return tuple(HardInterval(position, tuple(chosen[position])) for position in sorted(chosen))


def _powers_mw(solution: xr.Dataset, case: Case, network: ElectricNetwork) -> Mapping[Reason, Array]:
    """By reason, the power whose highest values are hard [MW], shape (intervals,)."""
    powers: dict[Reason, Array] = {}
    for name, branch in network.transformers.items():
        flow_mw = device_quantities(solution, name).injection[branch.to_bus]
        powers |= {Reason("flow", name): flow_mw, Reason("back_flow", name): -flow_mw}
    zero = np.zeros(solution.sizes["time"])
    for kind in ("import", "export"):
        grids = case.of_role("grid")
        powers[Reason(kind)] = sum((shown_power_mw(solution, case, name, kind) for name in grids), zero)
    fed_mw = {
        role: sum((_electric_mw(solution, name, network) for name in case.of_role(role)), zero)
        for role in ("load", "source")
    }
    powers[Reason("load")] = -fed_mw["load"]
    powers[Reason("surplus")] = fed_mw["source"] + fed_mw["load"]
    return powers


def _electric_mw(solution: xr.Dataset, device: str, network: ElectricNetwork) -> Array:
    """Power of a device into the electric buses [MW], shape (intervals,)."""
    names = [
        name
        for name in of_kind(solution, "injection", device)
        if key_of(solution, name) in network.nominal_kv
    ]
    return sum((values(solution, name) for name in names), np.zeros(solution.sizes["time"]))
