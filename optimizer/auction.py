"""Settle what windows with binaries and the rest of the horizon dispute, such as the month's peak.

One price for a shared decision is not enough where binaries make a window want either much of it or little:
at any price some window over- or undershoots, and the bound stays below the optimum. So those without
binaries state their whole cost as a function of the decision, which is convex: each trial value adds a
supporting plane of it (Benders' cuts), and the windows with binaries choose together against the planes,
until these hold where they choose.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.device import Array
from optimizer.certificate import FEASIBILITY_TOLERANCE, support
from optimizer.highs import InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pricing import Part, with_binaries
from optimizer.program import Program

Plane = tuple[float, Array]  # value where all shared decisions are zero, and slopes
PROBE = 1e-3  # relative; how far from the present value the first planes are taken, one on each side
MOST_TRIALS = 30


@dataclass(frozen=True)
class Settled:
    """The bound, and each one's share of the solution in its part's columns; empty where none was found."""

    bound: float
    shared: Array
    bidders: list[Array]
    others: list[Array]


class Claimant:
    """One without binaries: its least cost as a function of the shared decisions."""

    def __init__(self, part: Part, shared: Index) -> None:
        self._part = part
        self._copies = part.copies.start + np.flatnonzero(np.isin(part.cut.copies, shared))
        self._which = np.searchsorted(shared, part.columns[self._copies])
        self._cost = part.program.cost.copy()
        self._cost[self._copies] = 0.0
        self._solver = Solver()
        self._solver.load(replace(part.program, cost=self._cost))
        self._count = len(shared)

    def plane(self, row_dual: Array) -> Plane:
        """Value at zero and slopes of a plane below the cost function, from any row multipliers."""
        program = self._part.program
        reduced = self._cost - program.matrix.T @ row_dual
        slopes = np.zeros(self._count)
        np.add.at(slopes, self._which, reduced[self._copies])
        reduced[self._copies] = 0.0
        least = support(row_dual, program.row_lower, program.row_upper)[0]
        return least + support(reduced, program.lower, program.upper)[0], slopes

    def first_plane(self, dual: Array) -> Plane:
        """The plane of the multipliers of the whole."""
        return self.plane(dual[self._part.cut.inside])

    def at(self, shared: Array) -> tuple[Array, Plane]:
        """Its optimum at these values, and the plane there. Raises InfeasibleProgram."""
        value = shared[self._which]
        self._solver.change_bounds(self._copies, value, value)
        answer = self._solver.solve()
        return answer.x, self.plane(answer.row_dual)

    def least(self, shared: Array) -> Plane | None:
        """What it needs of the shared decisions at least, or at most, where these values do not do."""
        program = self._part.program
        for sign in (1.0, -1.0):
            cost = np.zeros(len(program.cost))
            cost[self._copies] = sign
            solver = Solver()
            solver.load(replace(program, cost=cost))
            answer = solver.solve()
            slopes = np.zeros(self._count)
            np.add.at(slopes, self._which, sign)
            if slopes @ shared < answer.bound:
                return answer.bound, slopes
        return None


def settle(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    start: Array,
    dual: Array,
    bidders: list[tuple[Part, Index]],
    others: list[Part],
    tolerance: float,
    deadline: float,
) -> Settled:
    """Least cost of the shared decisions, the bidders with their binaries and the others, together.

    `price` is what is left of the shared decisions' cost when all who take part here are taken away.
    Raises InfeasibleProgram.
    """
    claimants = [Claimant(part, shared) for part in others]
    planes = [_sum((claimant.first_plane(dual) for claimant in claimants), len(shared))]
    needs: list[Plane] = []

    def ask(trial: Array) -> tuple[list[Array], Plane] | None:
        """Everybody's optimum at the trial and the plane there; None where it is impossible."""
        found: list[tuple[Array, Plane]] = []
        for claimant in claimants:
            try:
                found.append(claimant.at(trial))
            except InfeasibleProgram:
                need = claimant.least(trial)
                if need is not None:
                    needs.append(need)
                return None
        planes.append(_sum((plane for _, plane in found), len(shared)))
        return [x for x, _ in found], planes[-1]

    probe = PROBE * np.maximum(1.0, np.abs(start))
    ask(start + probe)
    ask(start - probe)
    best = Settled(-np.inf, start, [], [])
    for _ in range(MOST_TRIALS):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        solver = Solver(time_limit_s=left)
        program, places = _together(shared, price, lower, upper, bidders, planes, needs)
        solver.load(program)
        answer = solver.solve()
        at, promised = answer.x[: len(shared)], answer.x[len(shared)]
        known = len(needs)
        heard = ask(at)
        if answer.bound > best.bound:
            best = Settled(answer.bound, at, [answer.x[place] for place in places], [])
        if heard is not None:
            xs, (value, slopes) = heard
            if value + (price + slopes) @ at - promised <= tolerance:
                return replace(best, shared=at, bidders=[answer.x[place] for place in places], others=xs)
        elif len(needs) == known:
            break
    return best


def _sum(planes: Iterable[Plane], count: int) -> Plane:
    value, slopes = 0.0, np.zeros(count)
    for plane in planes:
        value, slopes = value + plane[0], slopes + plane[1]
    return value, slopes


def _together(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    bidders: list[tuple[Part, Index]],
    planes: list[Plane],
    needs: list[Plane],
) -> tuple[Program, list[Index]]:
    """Shared decisions, the others' cost, then each bidder; and where each bidder's columns went."""
    count = len(shared)
    first = count + 1
    free = np.array([np.inf])
    # the first column after the shared ones is all that these cost outside the bidders
    rises = [price + slope for _, slope in planes]
    rises = [np.where(np.abs(rise) < FEASIBILITY_TOLERANCE, 0.0, rise) for rise in rises]
    slopes = np.array([-rise for rise in rises] + [need[1] for need in needs])
    of_cost = np.repeat([1.0, 0.0], [len(planes), len(needs)])
    blocks: list[sp.coo_array] = [sp.coo_array(np.column_stack([slopes, of_cost]))]
    costs, lowers, uppers = [np.zeros(count), np.ones(1)], [lower, -free], [upper, free]
    row_lowers = [np.array([plane[0] for plane in planes + needs])]
    row_uppers = [np.full(len(planes) + len(needs), np.inf)]
    binaries, places = [np.zeros(first, dtype=bool)], []
    for part, pairs in bidders:
        program = with_binaries(part.program, pairs)
        place = np.empty(len(program.cost), dtype=np.int64)
        is_shared = np.zeros(len(program.cost), dtype=bool)
        is_shared[: len(part.columns)] = np.isin(part.columns, shared)
        place[is_shared] = np.searchsorted(shared, part.columns[is_shared[: len(part.columns)]])
        place[~is_shared] = first + np.arange((~is_shared).sum())
        first += int((~is_shared).sum())
        entries = program.matrix.tocoo()
        blocks.append(
            sp.coo_array((entries.data, (entries.row, place[entries.col])), shape=(entries.shape[0], first))
        )
        costs.append(program.cost[~is_shared])
        lowers.append(program.lower[~is_shared])
        uppers.append(program.upper[~is_shared])
        binaries.append(program.binary[~is_shared])
        row_lowers.append(program.row_lower)
        row_uppers.append(program.row_upper)
        places.append(place)
    wide = [sp.csr_array((b.data, (b.row, b.col)), shape=(b.shape[0], first)) for b in blocks]
    return (
        Program(
            np.concatenate(costs),
            0.0,
            sp.vstack(wide, format="csr"),
            np.concatenate(row_lowers),
            np.concatenate(row_uppers),
            np.concatenate(lowers),
            np.concatenate(uppers),
            np.concatenate(binaries),
        ),
        places,
    )
