"""Value functions of Benders subproblems: least cost as a function of the shared decisions.

V(u) = min cost'x over the subproblem with its copies of the shared decisions fixed at u. Each cut
underestimates V everywhere. Cuts of a linear program are tight at the queried point, because its V is convex;
those of a window with binaries are tight only where V equals its convex envelope.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.branch_and_bound.branching import BranchingResult
from parkdispatch.optimizer.decomposition.benders_cuts import BendersCuts, CutPool, SharedDecisions
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, InfeasibleProgram, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram, transposed_product
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

CONTINUOUS = -1  # key of the continuous subproblem in a cut pool; integer windows have keys 0, 1, ...
MAX_ROTATIONS = 10  # of a line about its end point
MIN_SLOPE = 1e-3  # [yuan per unit]; at a price of zero a search would go to the end of an unbounded range
MIN_STEP = 1e-9  # [unit of the shared decision]; a point nearer to an end of a range is that end

# minimises a window's program, given the cost of a known point (infinity without one); None if it is given up
WindowSearch = Callable[[LinearProgram, float], BranchingResult | None]


@dataclass(frozen=True)
class ValueAtPoint:
    """The value of a subproblem at fixed shared decisions, its optimal point, and the cuts found there."""

    yuan: float
    x: Array
    cuts: BendersCuts


@dataclass(frozen=True)
class BendersSolution:
    """The lower bound, the shared decisions, and the subproblems' points in their own columns.

    `windows` are those of the integer windows, `continuous` that of the rest; empty and None where the bound
    is all that was found.
    """

    bound: float
    shared: Array
    windows: list[Array]
    continuous: Array | None


class _ValueFunction:
    """A subproblem whose copies of the shared decisions `shared` (columns of the full program) are free."""

    def __init__(self, subproblem: WindowProgram, shared: Index) -> None:
        program, matrix, cut = subproblem.program, subproblem.program.matrix, subproblem.subprogram
        self._copies = subproblem.copies.start + np.flatnonzero(np.isin(cut.copies, shared))
        self._shared_of_copy = np.searchsorted(shared, cut.every[self._copies])
        cost = program.cost.copy()
        cost[self._copies] = 0.0
        self._program, self._shared_count = replace(program, cost=cost), len(shared)
        shared_of_column = np.full(matrix.shape[1], -1)
        shared_of_column[self._copies] = self._shared_of_copy
        # the matrix entries in copies: their row, shared decision and value
        row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        shared_of_entry = shared_of_column[matrix.indices]
        is_copy = shared_of_entry >= 0
        self._copy_row, self._copy_shared = row[is_copy], shared_of_entry[is_copy]
        self._copy_value = matrix.data[is_copy]


class ContinuousValueFunction(_ValueFunction):
    """The value function of the part without binaries, one linear program solved from its last basis.

    With the copies fixed, the program falls apart into independent components, such as the days of a month.
    Each gets cuts of its own (multi-cut Benders), which tell much more than one cut of the sum. Everything
    that does not depend on the shared decisions is component 0. `evaluated` are the points at which the
    function is known, for a later decomposition at the same multipliers.
    """

    def __init__(self, subproblem: WindowProgram, shared: Index, basis: Basis) -> None:
        from scipy.sparse.csgraph import connected_components  # imports scipy.linalg

        super().__init__(subproblem, shared)
        matrix, self.inside = self._program.matrix, subproblem.subprogram.inside
        rows, columns = matrix.shape
        # a graph of columns, then rows, linked by the entries outside of the copies
        row_node = columns + np.repeat(np.arange(rows), np.diff(matrix.indptr))
        is_own = ~np.isin(matrix.indices, self._copies)
        entries = (np.ones(is_own.sum()), (row_node[is_own], matrix.indices[is_own]))
        graph = sp.coo_array(entries, shape=(columns + rows, columns + rows))
        label = connected_components(graph, directed=False)[1]
        dependent = np.unique(label[columns + self._copy_row])
        # of each column and row; the copies have reduced cost zero, so their component does not matter
        self._component = np.where(np.isin(label, dependent), 1 + np.searchsorted(dependent, label), 0)
        self._components = 1 + len(dependent)
        self._slope_index = self._component[columns + self._copy_row] * self._shared_count + self._copy_shared
        self.evaluated: list[tuple[Array, ValueAtPoint]] = []
        self._solver = Solver(presolve=False, near=True)
        # the cost of a fixed copy does not matter, and at this price the basis is nearly optimal
        self._price = subproblem.imputed_price[self._copies]
        if len(self._program.cost):
            self._solver.load(self._program)
            self._solver.change_costs(self._copies, self._price)
            self._solver.start_from(basis)

    def optimality_cuts(self, row_dual: Array) -> BendersCuts:
        """Return the cuts of any row multipliers, (rows,), one per component."""
        return self._cuts(self._program.cost, row_dual)

    def _cuts(self, cost: Array, row_dual: Array) -> BendersCuts:
        """Return, per component, the dual objective of these multipliers as a function of the copies."""
        program = self._program
        reduced = cost - transposed_product(program.matrix, row_dual)
        reduced[self._copies] = 0.0
        multipliers = np.concatenate([reduced, row_dual])
        lower = np.concatenate([program.lower, program.row_lower])
        upper = np.concatenate([program.upper, program.row_upper])
        bound = np.where(multipliers > 0, lower, upper)
        is_free = ~np.isfinite(bound)
        dual_terms = np.where(is_free, 0.0, multipliers * np.where(is_free, 0.0, bound))
        slopes = np.bincount(
            self._slope_index,
            -row_dual[self._copy_row] * self._copy_value,
            minlength=self._components * self._shared_count,
        )
        value = np.bincount(self._component, dual_terms, minlength=self._components).astype(np.float64)
        # a tiny multiplier without a finite bound is rounding; a larger one makes the cut prove nothing
        value[self._component[is_free & (np.abs(multipliers) > FEASIBILITY_TOLERANCE)]] = -np.inf
        return BendersCuts(value, slopes.astype(np.float64).reshape(self._components, self._shared_count))

    def value(self, shared: Array) -> ValueAtPoint:
        """Return the value at these shared decisions. Raises InfeasibleProgram."""
        result = next((known for point, known in self.evaluated if np.array_equal(point, shared)), None)
        if result is None:
            result = self._solve(shared)
            self.evaluated.append((shared.copy(), result))
        return result

    def _solve(self, shared: Array) -> ValueAtPoint:
        """Solve the linear program with the copies fixed."""
        if not len(self._program.cost):  # HiGHS refuses a program without columns
            no_cuts = BendersCuts(np.zeros(1), np.zeros((1, self._shared_count)))
            return ValueAtPoint(0.0, np.empty(0), no_cuts)
        fixed = shared[self._shared_of_copy]
        self._solver.change_bounds(self._copies, fixed, fixed)
        answer = self._solver.solve()
        cuts = self.optimality_cuts(answer.row_dual)
        return ValueAtPoint(float(cuts.values_at(shared).sum()), answer.x, cuts)

    def add_known_point(self, shared: Array, x: Array, row_dual: Array, tolerance: float) -> None:
        """Record a point as optimal at its shared decisions, if these multipliers prove it."""
        cuts = self.optimality_cuts(row_dual)
        yuan = float(cuts.values_at(shared).sum())
        if abs(self._program.objective(x) - yuan) <= tolerance:
            self.evaluated.append((shared.copy(), ValueAtPoint(yuan, x, cuts)))

    def minimum_cuts(self) -> BendersCuts:
        """Return cuts whose sum bounds the value from below at all shared decisions."""
        if len(self._program.cost):
            lower, upper = self._program.lower[self._copies], self._program.upper[self._copies]
            self._solver.change_bounds(self._copies, lower, upper)
            self._solver.change_costs(self._copies, np.zeros(len(self._copies)))
            row_dual = self._solver.solve().row_dual
            self._solver.change_costs(self._copies, self._price)
            return self.optimality_cuts(row_dual)
        return self.value(np.zeros(self._shared_count)).cuts

    def query(self, shared: Array, pool: CutPool) -> ValueAtPoint | None:
        """Return the value and add its cuts to the pool.

        None where the shared decisions are infeasible; a feasibility cut is added then.
        """
        try:
            result = self.value(shared)
        except InfeasibleProgram:
            cut = self._feasibility_cut(shared)
            if cut is not None:
                pool.feasibility_cuts.append(cut)
            return None
        pool.add(CONTINUOUS, result.cuts, shared)
        return result

    def _feasibility_cut(self, shared: Array) -> BendersCuts | None:
        """Return a cut that excludes these infeasible decisions, from the dual ray; None without a ray."""
        ray = self._solver.ray()
        if not ray.size:
            return None
        # at zero cost, the dual objective of any multipliers is at most zero wherever the program is feasible
        cuts = self._cuts(np.zeros(len(self._program.cost)), ray)
        total = BendersCuts(cuts.value.sum(keepdims=True), cuts.slopes.sum(axis=0, keepdims=True))
        return total if total.values_at(shared)[0] > 0 else None


class IntegerValueFunction(_ValueFunction):
    """The value function of a window with binaries, as one component; it need not be convex."""

    def __init__(self, subproblem: WindowProgram, shared: Index, search: WindowSearch) -> None:
        super().__init__(subproblem, shared)
        self._search = search
        self._evaluated: dict[bytes, ValueAtPoint | None] = {}

    def minimum_cuts(self) -> BendersCuts | None:
        """Return the constant cut at the minimum over all shared decisions; None if it is given up."""
        result = self._search(self._program, np.inf)
        if result is None:
            return None
        return BendersCuts(np.array([result.bound]), np.zeros((1, self._shared_count)))

    def value(self, shared: Array) -> ValueAtPoint | None:
        """Return the value at these shared decisions; None if infeasible or the search is given up."""
        key = shared.tobytes()
        if key not in self._evaluated:
            self._evaluated[key] = self._solve(shared)
        return self._evaluated[key]

    def _solve(self, shared: Array) -> ValueAtPoint | None:
        """Solve the window with its copies fixed, and once more with them priced, which gives a valid cut."""
        program, copies, fixed = self._program, self._copies, shared[self._shared_of_copy]
        lower, upper = program.lower.copy(), program.upper.copy()
        lower[copies] = upper[copies] = fixed
        at_point = self._search(replace(program, lower=lower, upper=upper), np.inf)
        if at_point is None or not at_point.x.size:
            return None
        # the slope is that of the best leaf; the minimum of V(u) - slopes'u over all u makes it a valid cut
        pays = np.bincount(
            self._copy_shared,
            at_point.row_dual[self._copy_row] * self._copy_value,
            minlength=self._shared_count,
        )
        slopes = -pays.astype(np.float64)
        cost = program.cost.copy()
        cost[copies] = -slopes[self._shared_of_copy]
        priced = replace(program, cost=cost)
        minimum = self._search(priced, priced.objective(at_point.x))
        if minimum is None:
            return None
        cut = BendersCuts(np.array([minimum.bound]), slopes[None, :])
        return ValueAtPoint(at_point.bound, at_point.x, cut)

    def supporting_line(
        self, end: float, at_end: ValueAtPoint, lower: float, upper: float
    ) -> BendersCuts | None:
        """Return a cut valid in [lower, upper] that is tight at one end of that range.

        For a single shared decision; `at_end` is the value at `end`, which is `lower` or `upper`. The line is
        rotated about the end until no point of the range lies below it. None if the search is given up, or no
        slope is steep enough.
        """
        program, copies = self._program, self._copies
        if not len(copies):  # the window does not depend on the decision
            return at_end.cuts
        low, high, cost = program.lower.copy(), program.upper.copy(), program.cost.copy()
        low[copies], high[copies] = lower, upper
        # a larger shared decision is free for a window, so upwards from its lower end the line falls a little
        yuan, slope = at_end.yuan, float(at_end.cuts.slopes[0, 0]) if end > lower else -MIN_SLOPE
        for _ in range(MAX_ROTATIONS):
            cost[copies] = -slope
            result = self._search(replace(program, lower=low, upper=high, cost=cost), yuan - slope * end)
            if result is None:
                return None
            if not result.x.size:  # nothing lies below the line
                return BendersCuts(np.array([result.bound]), np.array([[slope]]))
            below = float(result.x[copies[0]])
            if abs(below - end) < MIN_STEP:
                return None
            slope += (result.bound - (yuan - slope * end)) / (below - end)
        return None


@dataclass(frozen=True)
class SharedProblem:
    """min price'u + V(u) + sum of V_w(u) over shared decisions u, to a tolerance [yuan] until a deadline.

    V is the `continuous` value function, V_w are the `integer` ones by window number. `pool` collects their
    cuts. `deadline` is a value of time.monotonic().
    """

    decisions: SharedDecisions
    continuous: ContinuousValueFunction
    integer: dict[int, IntegerValueFunction]
    pool: CutPool
    tolerance: float
    deadline: float
