"""The HiGHS solver behind an interface of arrays; the only file that imports it."""

import time
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.thread_pool import run_in_new_thread, turn_released
from parkdispatch.optimizer.time_budget import current_deadline


class _QuietHighs(highspy.Highs):  # type: ignore[misc]
    """Highs without callbacks: their setup prints a banner before any option can suppress it (1.16)."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)


VERSION = _QuietHighs().version()
_ROW_WISE = int(highspy.MatrixFormat.kRowwise)
# Windows of the repair are solved at the root node: without these heuristics they take half the time.
_HEURISTICS = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
GAP_YUAN = 1e-6  # smallest absolute gap with binaries: below it, HiGHS's own tolerances interfere
_LOOSE_GAP = 1e-5  # relative; with 1e-3 in each of hundreds of windows, the dispatch has 1e-3 too
_SAME_OBJECTIVE = 1e-6  # relative
_INTEGRALITY_TOLERANCE = 1e-9
_TIGHTEST = 1e-10  # of HiGHS's tolerances
_STATUSES = highspy.HighsModelStatus
# the second is that of nodes, too; the third is that of `Solver.stop`
_AT_LIMIT = (_STATUSES.kTimeLimit, _STATUSES.kSolutionLimit, _STATUSES.kInterrupt)
_CLEAR = (_STATUSES.kOptimal, _STATUSES.kInfeasible, _STATUSES.kUnbounded, *_AT_LIMIT)
# tried one after the other where HiGHS ends without a clear status
_OTHER_WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"simplex_strategy": 4},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 4},
    {"solver": "ipm"},
)
_MINIMIZE = int(highspy.ObjSense.kMinimize)
_STATUS = highspy.HighsBasisStatus
_BASIS_STATUS = np.array([_STATUS.kNonbasic, _STATUS.kBasic, _STATUS.kUpper], dtype=object)
_PRIMAL_SIMPLEX = 4
_DEVEX = 1  # edge weights; exact ones would be computed first for every basis that is handed over


@dataclass(frozen=True)
class SolverAnswer:
    """The solver's result; the certificate checks it independently."""

    x: Array
    row_dual: Array  # empty where there were binaries
    bound: float  # the solver's own lower bound on the objective [yuan]
    iterations: int
    timed_out: bool = False


@dataclass(frozen=True)
class Basis:
    """Basic columns and rows of a program, and nonbasic columns at their upper bound.

    Where costs are equal it matters at which bound a nonbasic column is. `kept` is HiGHS's own object, where
    the basis came from HiGHS.
    """

    columns: Mask
    rows: Mask
    upper: Mask
    kept: Any = None

    @staticmethod
    def of(columns: Mask, rows: Mask, upper: Mask | None = None) -> "Basis":
        """The basis of the marked columns and rows, with slacks added or dropped until it has full size.

        Without `upper`, HiGHS chooses the bound of each nonbasic column.
        """
        rows, missing = rows.copy(), len(rows) - int(columns.sum()) - int(rows.sum())
        changed = np.flatnonzero(~rows)[:missing] if missing > 0 else np.flatnonzero(rows)[: max(0, -missing)]
        rows[changed] = missing > 0
        return Basis(columns, rows, np.zeros_like(columns) if upper is None else upper & ~columns)

    def for_highs(self) -> Any:
        """The basis as an object of HiGHS."""
        if self.kept is not None:
            return self.kept
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status = (
            _BASIS_STATUS[status].tolist()
            for status in (self.columns + 2 * self.upper, self.rows.astype(np.int64))
        )
        basis.valid = True
        basis.alien = False  # else it would be factorized when it is handed over, and again when it is used
        return basis


class InfeasibleProgram(Exception):  # noqa: N818 - a finding, not a fault
    """The solver proved that no point meets all rows and bounds; `rows` of a whole program, where known."""

    def __init__(self, rows: Index | None = None) -> None:
        super().__init__()
        self.rows = rows


class OutOfTime(SolverError):  # noqa: N818 - which is no fault
    """The solver found no point in time; `bound` is its lower bound on the objective."""

    def __init__(self, bound: float = -np.inf) -> None:
        super().__init__(f"HiGHS {VERSION} found no solution within its time limit")
        self.bound = bound


class UnboundedProgram(Exception):  # noqa: N818
    """The solver found that the objective has no limit."""


def pass_arrays(highs: Any, program: LinearProgram) -> None:
    """Pass a program to a HiGHS object. Raises SolverError if HiGHS rejects it."""
    matrix = program.matrix
    integrality = np.where(program.binary, int(highspy.HighsVarType.kInteger), 0)
    status = highs.passModel(
        len(program.cost),
        len(program.row_lower),
        matrix.nnz,
        _ROW_WISE,
        _MINIMIZE,
        program.offset,
        program.cost,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        integrality.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise SolverError(f"HiGHS {VERSION} refuses the model")


def _floats(values: list[float]) -> Array:
    """Array of a list of Python numbers, as HiGHS returns them; three times as fast as `asarray`."""
    return np.fromiter(values, dtype=np.float64, count=len(values))


def _is_feasible(info: Any) -> bool:
    """Whether the solution of HiGHS meets all rows, bounds and binaries."""
    return bool(info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible)


@dataclass
class Solver:
    """One HiGHS object, which keeps its basis between solves.

    `time_limit_s` limits one call to `solve`, and so does the deadline of the thread. Several solvers can run
    in parallel, each in its own thread: HiGHS has a task scheduler for each thread that calls it.
    """

    time_limit_s: float = float("inf")
    presolve: bool = True
    near: bool = False  # the given basis is near the optimum: no scaling, which takes longer than the steps
    primal: bool = False  # primal simplex, for a feasible point that is nearly optimal
    rough: bool = False  # with binaries, accept any good point: loose gap, all heuristics
    full_search: bool = False  # with binaries, all of HiGHS's search as it comes, to tight tolerances
    usual_tolerances: bool = False  # of a full search, whose point another program makes exact
    heuristics: bool = True  # of a full search, which spends most of its time on them and on restarts
    any_point: bool = False  # with binaries, stop at the first point
    gap_yuan: float = GAP_YUAN  # with binaries, the accepted absolute gap
    gap: float = 0.0  # with binaries, the accepted relative gap
    max_nodes: int | None = None  # with binaries, at most so many nodes are searched
    stop: Event | None = None  # with binaries, end as at the time limit once it is set
    threads: int = 1  # with binaries: two find other points than one, the same ones on every machine
    _program: LinearProgram | None = field(default=None, init=False, repr=False)
    _highs: Any = field(default_factory=_QuietHighs, repr=False)

    def __post_init__(self) -> None:
        self._set("threads", self.threads)
        self._set("parallel", "off" if self.threads == 1 else "choose")
        self._set("presolve", "choose" if self.presolve else "off")
        if not self.usual_tolerances:
            self._set("simplex_dual_edge_weight_strategy", _DEVEX)
        if self.near:
            self._set("simplex_scale_strategy", 0)
        if self.primal:
            self._set("simplex_strategy", _PRIMAL_SIMPLEX)
        self._set("mip_rel_gap", _LOOSE_GAP if self.rough else self.gap)
        if self.any_point:
            self._set("mip_rel_gap", np.inf)
        if self.max_nodes is not None:
            self._set("mip_max_nodes", self.max_nodes)
        if self.stop is not None:
            self._highs.setCallback(self._interrupt, None)
            self._highs.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)
        if self.full_search and not self.usual_tolerances:
            # a binary that is off by this times a large bound would let both members of a pair be used
            self._set("mip_feasibility_tolerance", _INTEGRALITY_TOLERANCE)
        if not self.rough and not (self.full_search and self.heuristics):
            self._set("mip_allow_restart", False)
            for heuristic in _HEURISTICS:
                self._set(f"mip_heuristic_run_{heuristic}", False)

    def _interrupt(self, _: Any, __: str, ___: Any, told: Any, ____: Any) -> None:
        """What HiGHS asks in a search with binaries: whether to go on."""
        if self.stop is not None and self.stop.is_set():
            told.user_interrupt = True

    def _set(self, option: str, value: Any) -> None:
        if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"HiGHS {VERSION} refuses {option} = {value}")

    def tighten_dual_tolerance(self) -> None:
        """Take reduced costs as exactly as HiGHS can from now on."""
        self._set("dual_feasibility_tolerance", _TIGHTEST)

    def load(self, program: LinearProgram) -> None:
        """Pass a program to the solver."""
        self._set("mip_abs_gap", max(GAP_YUAN, self.gap_yuan))
        pass_arrays(self._highs, program)
        self._program = program

    def _run(self) -> Any:
        with turn_released():
            # HiGHS's scheduler of a thread keeps the number of threads of its first call
            return self._highs.run() if self.threads == 1 else run_in_new_thread(self._highs.run)

    def _status_of_run(self, **options: Any) -> Any:
        """Run HiGHS with other options for once, within the time limit and the deadline of the thread."""
        usual = {name: self._highs.getOptionValue(name)[1] for name in options}
        limit_s = min(self.time_limit_s, current_deadline() - time.monotonic())
        for name, value in {**options, "time_limit": max(0.0, limit_s)}.items():
            self._set(name, value)
        if self._run() == highspy.HighsStatus.kError:
            # other code has started the scheduler of this thread with another number of threads
            self._highs.resetGlobalScheduler(True)
            self._run()
        for name, value in usual.items():
            self._set(name, value)
        return self._highs.getModelStatus()

    def solve(self) -> SolverAnswer:
        """Solve the loaded program; a further call restarts from the last basis.

        Raises InfeasibleProgram, UnboundedProgram, OutOfTime, and SolverError for any other end without a
        point.
        """
        status = self._status_of_run()
        if status in (_STATUSES.kUnboundedOrInfeasible, _STATUSES.kInfeasible) and self.presolve:
            # presolve cannot tell the two apart, and that of 1.16 reports feasible programs as infeasible
            status = self._status_of_run(presolve="off")
        for other_way in _OTHER_WAYS:
            if status in _CLEAR:
                break
            # a start from another program's basis may leave inconsistent data: solve from scratch
            self._highs.clearSolver()
            status = self._status_of_run(**other_way)
        if status not in _CLEAR and (answer := self._answer_without_highs()) is not None:
            return answer
        if status == _STATUSES.kInfeasible:
            raise InfeasibleProgram
        if status == _STATUSES.kUnbounded:
            raise UnboundedProgram
        if status == _STATUSES.kOptimal and not self._is_consistent():
            # the point proposed is returned with the objective of another one: search without it
            self._highs.clearSolver()
            status = self._status_of_run()
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        is_mip = info.mip_node_count >= 0
        if status in _AT_LIMIT and not (is_mip and _is_feasible(info)):
            raise OutOfTime(info.mip_dual_bound if is_mip else -np.inf)
        if status not in (_STATUSES.kOptimal, *_AT_LIMIT) or not solution.value_valid:
            name = self._highs.modelStatusToString(status)
            raise SolverError(f"HiGHS {VERSION} stopped without a solution: {name}")
        return SolverAnswer(
            x=_floats(solution.col_value),
            row_dual=_floats(solution.row_dual if solution.dual_valid else []),
            bound=info.mip_dual_bound if is_mip else info.objective_function_value,
            iterations=max(0, info.simplex_iteration_count),
            timed_out=status in _AT_LIMIT,
        )

    def _answer_without_highs(self) -> SolverAnswer | None:
        """The optimum of a small program without binaries by this package's own simplex method."""
        # not imported by most runs, because compiling its functions takes a second
        from parkdispatch.optimizer.branch_and_bound.small_program import solve_small_program

        if self._program is None:
            return None
        kept = self._highs.getLp()  # costs and bounds may have been changed since the program was loaded
        program = replace(
            self._program,
            cost=_floats(kept.col_cost_),
            lower=_floats(kept.col_lower_),
            upper=_floats(kept.col_upper_),
        )
        optimum = solve_small_program(program)
        if optimum is None:
            return None
        return SolverAnswer(*optimum, bound=program.objective(optimum[0]), iterations=0)

    def _is_consistent(self) -> bool:
        """Whether the point found has the objective that is told of it; that of 1.16 may have another."""
        info = self._highs.getInfo()
        if info.mip_node_count < 0:
            return True  # no binaries: no point is proposed
        point, program = _floats(self._highs.getSolution().col_value), self._highs.getLp()
        told, has = info.objective_function_value, _floats(program.col_cost_) @ point + program.offset_
        return bool(abs(told - has) <= _SAME_OBJECTIVE * max(1.0, abs(told)))

    def ray(self) -> Array:
        """Dual ray that proves infeasibility (Farkas), after InfeasibleProgram; empty where unknown."""
        _, is_known, ray = self._highs.getDualRay()
        return np.asarray(ray) if is_known else np.empty(0)

    def basis(self, upper: Mask) -> Basis:
        """The last basis of a program solved without presolve; `upper` marks columns at their upper bound."""
        columns, rows = (np.zeros(n, dtype=bool) for n in (self._highs.getNumCol(), self._highs.getNumRow()))
        _, basic = self._highs.getBasicVariables()
        columns[basic[basic >= 0]] = True
        rows[-1 - basic[basic < 0]] = True
        return Basis(columns, rows, upper & ~columns, self._highs.getBasis())

    def start_from(self, basis: Basis) -> None:
        """Begin the next solve at this basis; if HiGHS rejects it, the solve only takes longer."""
        self._highs.setBasis(basis.for_highs())

    def propose(self, x: Array) -> None:
        """Offer a feasible point, (columns,), from which the search for a better one begins."""
        solution = highspy.HighsSolution()
        solution.col_value, solution.value_valid = x.tolist(), True
        self._highs.setSolution(solution)

    def change_bounds(self, columns: NDArray[np.int64], lower: Array, upper: Array) -> None:
        """Change the bounds of some columns; the basis is kept."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def change_costs(self, columns: NDArray[np.int64], cost: Array) -> None:
        """Change the costs of some columns; the basis is kept."""
        self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost)
