"""Settle what windows with binaries and the rest of the horizon dispute, such as the month's peak.

One price for a shared decision is not enough where binaries make a window want either much of it or little:
at any price some window over- or undershoots, and the bound stays below the optimum. So those without
binaries state their whole cost as a function of the decision, which is convex: each trial value adds a
supporting plane of it (Benders' cuts), and the windows with binaries choose together against the planes,
until these hold where they choose.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.device import Array
from models.errors import SolverError
from optimizer.certificate import FEASIBILITY_TOLERANCE, support
from optimizer.highs import Basis, InfeasibleProgram, Solver
from optimizer.horizon import Index
from optimizer.pricing import Part, transposed_product, with_binaries
from optimizer.program import Program

Plane = tuple[float, Array]  # value where all shared decisions are zero, and slopes
PROBE = 1e-3  # relative; how far from the present value the first planes are taken, one on each side
MOST_TRIALS = 30


@dataclass(frozen=True)
class Settled:
    """The bound, and each one's share of the solution in its part's columns; none where none was found."""

    bound: float
    shared: Array
    bidders: list[Array]
    others: Array | None


class Claimant:
    """Those without binaries: their least cost as a function of the shared decisions."""

    def __init__(self, part: Part, shared: Index, basis: Basis) -> None:
        self._part = part
        self._copies = part.copies.start + np.flatnonzero(np.isin(part.cut.copies, shared))
        self._which = np.searchsorted(shared, part.cut.every[self._copies])
        self._cost = part.program.cost.copy()
        self._cost[self._copies] = 0.0
        self._solver = Solver(presolve=False)
        if len(self._cost):
            self._solver.load(replace(part.program, cost=self._cost))
            self._solver.start_from(basis)
        self._count = len(shared)

    def plane(self, row_dual: Array) -> Plane:
        """Value at zero and slopes of a plane below the cost function, from any row multipliers."""
        return self._plane(self._cost, row_dual)

    def at(self, shared: Array) -> tuple[Array, Plane]:
        """Its optimum at these values, and the plane there. Raises InfeasibleProgram."""
        if not len(self._cost):  # a program of nothing is none to HiGHS
            return np.empty(0), (0.0, np.zeros(self._count))
        value = shared[self._which]
        self._solver.change_bounds(self._copies, value, value)
        answer = self._solver.solve()
        return answer.x, self.plane(answer.row_dual)

    def need(self, shared: Array) -> Plane | None:
        """A plane that is above zero at these values, found impossible, and nowhere where they are not."""
        ray = self._solver.ray()
        if not ray.size:
            return None
        # where the cost is nothing, whatever multipliers make of it is at most that
        value, slopes = self._plane(np.zeros(len(self._cost)), ray)
        return (value, slopes) if value + slopes @ shared > 0 else None

    def _plane(self, cost: Array, row_dual: Array) -> Plane:
        program = self._part.program
        reduced = cost - transposed_product(program.matrix, row_dual)
        slopes = np.zeros(self._count)
        slopes[self._which] = reduced[self._copies]
        reduced[self._copies] = 0.0
        least = support(row_dual, program.row_lower, program.row_upper)[0]
        return least + support(reduced, program.lower, program.upper)[0], slopes


def settle(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    start: Array,
    dual: Array,
    bidders: list[tuple[Part, Index]],
    others: Part,
    basis: Basis,
    tolerance: float,
    deadline: float,
) -> Settled:
    """Least cost of the shared decisions, the bidders with their binaries and the others, together.

    `price` is what is left of the shared decisions' cost when all who take part here are taken away;
    `basis` is where the others' solver begins.
    """
    claimant = Claimant(others, shared, basis)
    planes = [claimant.plane(dual[others.cut.inside])]
    needs: list[Plane] = []

    def ask(trial: Array) -> Array | None:
        """The others' optimum at the trial, whose plane is noted; none where it is impossible."""
        try:
            x, plane = claimant.at(trial)
        except InfeasibleProgram:
            need = claimant.need(trial)
            if need is not None:
                needs.append(need)
            return None
        planes.append(plane)
        return x

    probe = PROBE * np.maximum(1.0, np.abs(start))
    ask(start + probe)
    ask(start - probe)
    best = Settled(-np.inf, start, [], None)
    for _ in range(MOST_TRIALS):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        solver = Solver(time_limit_s=left)
        program, places = _together(shared, price, lower, upper, bidders, planes, needs)
        solver.load(program)
        try:
            answer = solver.solve()
        except SolverError:  # time ran out before a point was found
            break
        at, promised = answer.x[: len(shared)], answer.x[len(shared)]
        known = len(needs)
        x = ask(at)
        if answer.bound > best.bound:
            best = Settled(answer.bound, at, [answer.x[place] for place in places], None)
        if x is not None:
            value, slopes = planes[-1]
            if value + (price + slopes) @ at - promised <= tolerance:
                return replace(best, shared=at, bidders=[answer.x[place] for place in places], others=x)
        elif len(needs) == known:
            break
    return best


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
    slopes = np.array([-rise for rise in rises] + [-need[1] for need in needs])
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
        is_shared[: len(part.cut.every)] = np.isin(part.cut.every, shared)
        place[is_shared] = np.searchsorted(shared, part.cut.every[is_shared[: len(part.cut.every)]])
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
