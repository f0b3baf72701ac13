"""What is known of the costs of those who dispute something: planes below them, by component."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram

LIFT_YUAN = 1e-9  # a plane that says less more than is known is none


@dataclass(frozen=True)
class BendersCuts:
    """Of each component: value where all shared decisions are zero, and slopes, (components, shared)."""

    value: Array
    slopes: Array

    def at(self, shared: Array) -> Array:
        """Their values there, (components,)."""
        return np.asarray(self.value + self.slopes @ shared)


class CutPool:
    """The planes of each claimant, by component, and where the others find what is shared impossible."""

    def __init__(self) -> None:
        self._planes: dict[int, BendersCuts] = {}
        self._component: dict[int, Index] = {}
        self._components: dict[int, int] = {}
        self.needs: list[BendersCuts] = []

    def add(self, who: int, planes: BendersCuts, at: Array | None = None) -> None:
        """Note planes, where they lie above what is known there."""
        count = self._components.setdefault(who, len(planes.value))
        new, component = np.arange(count), np.arange(count)
        if who in self._planes:
            if at is not None:
                new = np.flatnonzero(planes.at(at) > self.at(who, at) + LIFT_YUAN)
            known, component = self._planes[who], np.concatenate([self._component[who], new])
            planes = BendersCuts(
                np.concatenate([known.value, planes.value[new]]),
                np.concatenate([known.slopes, planes.slopes[new]]),
            )
        self._planes[who], self._component[who] = planes, component

    def copy(self) -> "CutPool":
        """The same, to be added to."""
        made = CutPool()
        made._planes, made._component = dict(self._planes), dict(self._component)
        made._components, made.needs = dict(self._components), list(self.needs)
        return made

    def forget(self, who: int) -> None:
        """Leave a claimant out."""
        del self._planes[who], self._component[who], self._components[who]

    def at(self, who: int, shared: Array) -> Array:
        """What each component of a claimant costs at least there, (components,)."""
        least = np.full(self._components[who], -np.inf)
        np.maximum.at(least, self._component[who], self._planes[who].at(shared))
        return least

    def sum(self, shared: Array) -> float:
        """What all claimants cost at least there; infinity where it is impossible."""
        if any((need.at(shared) > 0).any() for need in self.needs):
            return float("inf")
        return float(sum(self.at(who, shared).sum() for who in self._planes))

    @property
    def count(self) -> int:
        """Components of all claimants."""
        return sum(self._components.values())

    def program(self, price: Array, lower: Array, upper: Array) -> LinearProgram:
        """Least cost of the shared decisions and of each component, whose cost is one column after them."""
        first = np.cumsum([0, *self._components.values()])
        column = np.concatenate(
            [at + begin for at, begin in zip(self._component.values(), first, strict=False)]
        )
        said = [*self._planes.values(), *self.needs]
        slopes, value = (
            np.concatenate(each) for each in zip(*((p.slopes, p.value) for p in said), strict=True)
        )
        # cost - slopes x shared >= value; needs have no cost
        costs = sp.csr_array(
            (np.ones(len(column)), (np.arange(len(column)), column)), shape=(len(value), self.count)
        )
        free, none = np.full(self.count, np.inf), np.zeros(len(price) + self.count, dtype=bool)
        return LinearProgram(
            cost=np.concatenate([price, np.ones(self.count)]),
            offset=0.0,
            matrix=sp.csr_array(sp.hstack([sp.csr_array(-slopes), costs], format="csr")),
            row_lower=value,
            row_upper=np.full(len(value), np.inf),
            lower=np.concatenate([lower, -free]),
            upper=np.concatenate([upper, free]),
            binary=none,
        )
