"""Who takes part in an auction, and what they say of their least cost as a function of what is disputed.

A plane is never above that function. A linear program's touches it where it was asked; so does that of a
window with binaries where the function is no dearer than its convex hull, and the auction sees where not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from parkdispatch.models.device import Array
from parkdispatch.optimizer.branch_and_bound.branching import BranchingResult
from parkdispatch.optimizer.decomposition.benders_cuts import BendersCuts, CutPool
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram, transposed_product
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

OTHERS = -1  # among those whose planes are known; the rest are numbers of bidders
MOST_TURNS = 10
LEAST_PRICE = 1e-3  # [yuan per unit]; without any, a search would go to the end of the world
LEAST_STEP = 1e-9  # [unit of what is disputed]; nearer than that to an end of a range is the end

# the least cost of a window's program, where some point is known to cost so much; none where it was not found
Search = Callable[[LinearProgram, float], BranchingResult | None]


@dataclass(frozen=True)
class ValueAtPoint:
    """What a claimant costs at least with the shared decisions at some values, how, and its planes."""

    yuan: float
    x: Array
    planes: BendersCuts


@dataclass(frozen=True)
class BendersSolution:
    """The bound, and each one's share of the solution in its part's columns; none where none was found."""

    bound: float
    shared: Array
    bidders: list[Array]
    others: Array | None


class _ValueFunction:
    """A part whose copies of what is disputed cost nothing themselves."""

    def __init__(self, part: WindowProgram, shared: Index) -> None:
        program, matrix = part.program, part.program.matrix
        self._copies = part.copies.start + np.flatnonzero(np.isin(part.cut.copies, shared))
        self._which = np.searchsorted(shared, part.cut.every[self._copies])
        cost = program.cost.copy()
        cost[self._copies] = 0.0
        self._program, self._shared = replace(program, cost=cost), len(shared)
        place = np.full(matrix.shape[1], -1)  # among what is disputed
        place[self._copies] = self._which
        # entries in copies: their row, shared decision and value
        row, place = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), place[matrix.indices]
        is_copy = place >= 0
        self._row, self._place, self._value = row[is_copy], place[is_copy], matrix.data[is_copy]


class ContinuousValueFunction(_ValueFunction):
    """Those without binaries, as one linear program that stays warm.

    Beside the copies it falls apart into components, such as the days of a month, each with planes of its
    own: that tells much more of a month's cost than one plane of the sum. Those that have no part in what is
    disputed are one. `claims` is what they have said so far, for who asks at the same prices again.
    """

    def __init__(self, part: WindowProgram, shared: Index, basis: Basis) -> None:
        super().__init__(part, shared)
        matrix, self.inside = self._program.matrix, part.cut.inside
        rows, columns = matrix.shape
        row = columns + np.repeat(np.arange(rows), np.diff(matrix.indptr))  # after the columns
        own = ~np.isin(matrix.indices, self._copies)
        entries = (np.ones(own.sum()), (row[own], matrix.indices[own]))
        graph = sp.coo_array(entries, shape=(columns + rows, columns + rows))
        label = connected_components(graph, directed=False)[1]
        taking = np.unique(label[columns + self._row])
        # of each column and row; nothing is summed up over the copies, so theirs does not matter
        self._component = np.where(np.isin(label, taking), 1 + np.searchsorted(taking, label), 0)
        self._components = 1 + len(taking)
        self._pays = self._component[columns + self._row] * self._shared + self._place
        self.claims: list[tuple[Array, ValueAtPoint]] = []
        self._solver = Solver(presolve=False, near=True)
        # what a copy costs does not matter while it is held, and at this price the basis is nearly optimal
        self._price = part.pays[self._copies]
        if len(self._program.cost):
            self._solver.load(self._program)
            self._solver.change_costs(self._copies, self._price)
            self._solver.start_from(basis)

    def _planes(self, cost: Array, row_dual: Array) -> BendersCuts:
        """Planes below the cost functions, from any row multipliers."""
        program = self._program
        reduced = cost - transposed_product(program.matrix, row_dual)
        reduced[self._copies] = 0.0
        multipliers = np.concatenate([reduced, row_dual])
        lower = np.concatenate([program.lower, program.row_lower])
        upper = np.concatenate([program.upper, program.row_upper])
        bound = np.where(multipliers > 0, lower, upper)
        free = ~np.isfinite(bound)
        least = np.where(free, 0.0, multipliers * np.where(free, 0.0, bound))
        pays = np.bincount(
            self._pays, -row_dual[self._row] * self._value, minlength=self._components * self._shared
        )
        value = np.bincount(self._component, least, minlength=self._components).astype(np.float64)
        # rounding presses a little against bounds that do not exist; more than that proves nothing
        value[self._component[free & (np.abs(multipliers) > FEASIBILITY_TOLERANCE)]] = -np.inf
        return BendersCuts(value, pays.astype(np.float64).reshape(self._components, self._shared))

    def planes(self, row_dual: Array) -> BendersCuts:
        """Planes from any row multipliers."""
        return self._planes(self._program.cost, row_dual)

    def at(self, shared: Array) -> ValueAtPoint:
        """Their claim at these values. Raises InfeasibleProgram."""
        said = next((claim for trial, claim in self.claims if np.array_equal(trial, shared)), None)
        if said is None:
            said = self._at(shared)
            self.claims.append((shared.copy(), said))
        return said

    def _at(self, shared: Array) -> ValueAtPoint:
        if not len(self._program.cost):  # a program of nothing is none to HiGHS
            return ValueAtPoint(0.0, np.empty(0), BendersCuts(np.zeros(1), np.zeros((1, self._shared))))
        value = shared[self._which]
        self._solver.change_bounds(self._copies, value, value)
        answer = self._solver.solve()
        planes = self.planes(answer.row_dual)
        return ValueAtPoint(float(planes.at(shared).sum()), answer.x, planes)

    def stand(self, shared: Array, x: Array, row_dual: Array, tolerance: float) -> None:
        """Claim what a point costs, if these multipliers show that nothing is better where it is."""
        planes = self.planes(row_dual)
        yuan = float(planes.at(shared).sum())
        if abs(self._program.objective(x) - yuan) <= tolerance:
            self.claims.append((shared.copy(), ValueAtPoint(yuan, x, planes)))

    def floor(self) -> BendersCuts:
        """Planes that tell their least cost whatever the shared decisions are."""
        if len(self._program.cost):
            lower, upper = self._program.lower[self._copies], self._program.upper[self._copies]
            self._solver.change_bounds(self._copies, lower, upper)
            self._solver.change_costs(self._copies, np.zeros(len(self._copies)))
            row_dual = self._solver.solve().row_dual
            self._solver.change_costs(self._copies, self._price)
            return self.planes(row_dual)
        return self.at(np.zeros(self._shared)).planes

    def ask(self, shared: Array, known: CutPool) -> ValueAtPoint | None:
        """Their claim there, whose planes are noted; none where it is impossible, which is noted too."""
        try:
            claim = self.at(shared)
        except InfeasibleProgram:
            need = self.need(shared)
            if need is not None:
                known.needs.append(need)
            return None
        known.add(OTHERS, claim.planes, shared)
        return claim

    def need(self, shared: Array) -> BendersCuts | None:
        """A plane that is above zero at these values, found impossible, and nowhere where they are not."""
        ray = self._solver.ray()
        if not ray.size:
            return None
        # where the cost is nothing, whatever multipliers make of it is at most that
        planes = self._planes(np.zeros(len(self._program.cost)), ray)
        whole = BendersCuts(planes.value.sum(keepdims=True), planes.slopes.sum(axis=0, keepdims=True))
        return whole if whole.at(shared)[0] > 0 else None


class IntegerValueFunction(_ValueFunction):
    """A window with binaries, as one component."""

    def __init__(self, part: WindowProgram, shared: Index, search: Search) -> None:
        super().__init__(part, shared)
        self._search = search
        self._claims: dict[bytes, ValueAtPoint | None] = {}

    def floor(self) -> BendersCuts | None:
        """A plane that tells its least cost whatever the shared decisions are."""
        least = self._search(self._program, np.inf)
        return None if least is None else BendersCuts(np.array([least.bound]), np.zeros((1, self._shared)))

    def at(self, shared: Array) -> ValueAtPoint | None:
        """Its claim at these values; none where it cannot be told."""
        key = shared.tobytes()
        if key not in self._claims:
            self._claims[key] = self._at(shared)
        return self._claims[key]

    def _at(self, shared: Array) -> ValueAtPoint | None:
        program, copies, value = self._program, self._copies, shared[self._which]
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[copies] = upper[copies] = value
        here = self._search(replace(program, lower=lower, upper=upper), np.inf)
        if here is None or not here.x.size:
            return None
        # with the choice made here it would pay so much for more; at that price all choices are looked at
        pays = np.bincount(self._place, here.row_dual[self._row] * self._value, minlength=self._shared)
        slopes = -pays.astype(np.float64)
        cost = program.cost.copy()
        cost[copies] = -slopes[self._which]
        anywhere = replace(program, cost=cost)
        least = self._search(anywhere, anywhere.objective(here.x))
        if least is None:
            return None
        return ValueAtPoint(here.bound, here.x, BendersCuts(np.array([least.bound]), slopes[None, :]))

    def line(self, end: float, claim: ValueAtPoint, lower: float, upper: float) -> BendersCuts | None:
        """A line through its cost at one end of a range that lies below the cost in all of it.

        It is of the only decision that is disputed; `claim` is the one at that end. The line becomes steeper
        until nothing in the range is below. None where that cannot be told.
        """
        program, copies = self._program, self._copies
        if not len(copies):  # it has no part in it
            return claim.planes
        low, high, cost = program.lower.copy(), program.upper.copy(), program.cost.copy()
        low[copies], high[copies] = lower, upper
        # more of what is disputed costs a window nothing: upwards the line falls, however little
        yuan, slope = claim.yuan, float(claim.planes.slopes[0, 0]) if end > lower else -LEAST_PRICE
        for _ in range(MOST_TURNS):
            cost[copies] = -slope
            least = self._search(replace(program, lower=low, upper=high, cost=cost), yuan - slope * end)
            if least is None:
                return None
            if not least.x.size:
                return BendersCuts(np.array([least.bound]), np.array([[slope]]))
            there = float(least.x[copies[0]])
            if abs(there - end) < LEAST_STEP:
                return None
            slope += (least.bound - (yuan - slope * end)) / (there - end)
        return None
