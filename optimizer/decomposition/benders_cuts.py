"""Benders cuts, their pool, and the master problem they make.

The cost of shared decisions u is price'u + sum of V_i(u), where V_i is the value function of subproblem i. A
cut value + slopes'u underestimates a V_i, or one component of it, everywhere; a feasibility cut is above zero
only where some V_i is infinite. The master problem minimises price'u + sum of t over u and one t per
component, subject to t >= value + slopes'u for each cut of the component, and 0 >= value + slopes'u for
feasibility cuts.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram

MIN_LIFT_YUAN = 1e-9  # cuts that raise the bound at the queried point by less are discarded


@dataclass(frozen=True)
class SharedDecisions:
    """Shared decisions u: columns of the full program, prices and bounds in the master problem, (shared,).

    `price` is what remains of their cost without the subproblems; `present` are the values of a known point.
    """

    columns: Index
    price: Array
    lower: Array
    upper: Array
    present: Array


@dataclass(frozen=True)
class BendersCuts:
    """One cut per row: the value at zero shared decisions, (cuts,), and the slopes, (cuts, shared)."""

    value: Array
    slopes: Array

    def values_at(self, shared: Array) -> Array:
        """Return the cuts' values at these shared decisions, (cuts,)."""
        return np.asarray(self.value + self.slopes @ shared)


class CutPool:
    """Optimality cuts by subproblem and component, and feasibility cuts."""

    def __init__(self) -> None:
        self._cuts: dict[int, BendersCuts] = {}
        self._component: dict[int, Index] = {}  # of each cut
        self._component_counts: dict[int, int] = {}
        self.feasibility_cuts: list[BendersCuts] = []

    def add(self, subproblem: int, cuts: BendersCuts, queried: Array | None = None) -> None:
        """Add one cut per component; with `queried`, only those that raise the bound at that point."""
        count = self._component_counts.setdefault(subproblem, len(cuts.value))
        new, component = np.arange(count), np.arange(count)
        if subproblem in self._cuts:
            if queried is not None:
                lower_bounds = self.lower_bounds(subproblem, queried)
                new = np.flatnonzero(cuts.values_at(queried) > lower_bounds + MIN_LIFT_YUAN)
            earlier, component = (
                self._cuts[subproblem],
                np.concatenate([self._component[subproblem], new]),
            )
            cuts = BendersCuts(
                np.concatenate([earlier.value, cuts.value[new]]),
                np.concatenate([earlier.slopes, cuts.slopes[new]]),
            )
        self._cuts[subproblem], self._component[subproblem] = cuts, component

    def copy(self) -> "CutPool":
        """Return a pool with the same cuts, to which more can be added independently."""
        copied = CutPool()
        copied._cuts, copied._component = dict(self._cuts), dict(self._component)
        copied._component_counts = dict(self._component_counts)
        copied.feasibility_cuts = list(self.feasibility_cuts)
        return copied

    def remove(self, subproblem: int) -> None:
        """Remove the cuts of a subproblem."""
        del self._cuts[subproblem], self._component[subproblem], self._component_counts[subproblem]

    def lower_bounds(self, subproblem: int, shared: Array) -> Array:
        """Return the cuts' lower bound on each component of a subproblem's value, (components,)."""
        bounds = np.full(self._component_counts[subproblem], -np.inf)
        np.maximum.at(bounds, self._component[subproblem], self._cuts[subproblem].values_at(shared))
        return bounds

    def total_lower_bound(self, shared: Array) -> float:
        """Return the cuts' lower bound on the sum of all values at these decisions.

        Infinity where a feasibility cut is violated.
        """
        if any((cut.values_at(shared) > 0).any() for cut in self.feasibility_cuts):
            return float("inf")
        return float(sum(self.lower_bounds(subproblem, shared).sum() for subproblem in self._cuts))

    @property
    def component_count(self) -> int:
        """The number of components of all subproblems."""
        return sum(self._component_counts.values())

    def master_program(self, decisions: SharedDecisions) -> LinearProgram:
        """Return the master problem; its columns are the shared decisions, then one cost per component."""
        count = self.component_count
        first = np.cumsum([0, *self._component_counts.values()])
        column = np.concatenate(
            [
                component + first_column
                for component, first_column in zip(self._component.values(), first, strict=False)
            ]
        )
        cuts = [*self._cuts.values(), *self.feasibility_cuts]
        slopes, value = (
            np.concatenate(arrays) for arrays in zip(*((cut.slopes, cut.value) for cut in cuts), strict=True)
        )
        # component cost - slopes'u >= value; feasibility cuts, the last rows, have no component cost
        costs = np.zeros((len(value), count))
        costs[np.arange(len(column)), column] = 1.0
        infinite, no_binary = np.full(count, np.inf), np.zeros(len(decisions.price) + count, dtype=bool)
        return LinearProgram(
            cost=np.concatenate([decisions.price, np.ones(count)]),
            offset=0.0,
            matrix=sp.csr_array(np.hstack([-slopes, costs])),
            row_lower=value,
            row_upper=np.full(len(value), np.inf),
            lower=np.concatenate([decisions.lower, -infinite]),
            upper=np.concatenate([decisions.upper, infinite]),
            binary=no_binary,
        )
