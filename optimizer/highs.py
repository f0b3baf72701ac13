"""HiGHS, and the only file that names it: arrays in, arrays out."""

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.thread_pool import turn_released


class _Quiet(highspy.Highs):  # type: ignore[misc]
    """Highs without callbacks: setting these up writes a banner before any option can forbid it (1.16)."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)


VERSION = _Quiet().version()
_ROW_WISE = int(highspy.MatrixFormat.kRowwise)
# With binaries, the windows of `repair` close at the root: heuristics only cost time there (halved it).
_HEURISTICS = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
GAP_YUAN = 1e-6  # nearer than that to the best, with binaries, HiGHS's own tolerances are in the way
_ROUGH_GAP = 1e-5  # relative; hundreds of windows each 1e-3 off make a dispatch 1e-3 off
_MINIMIZE = int(highspy.ObjSense.kMinimize)
_STATUS = highspy.HighsBasisStatus
_WORDS = np.array([_STATUS.kNonbasic, _STATUS.kBasic, _STATUS.kUpper], dtype=object)
_PRIMAL = 4
_DEVEX = 1  # a basis of ours is far from the optimum: exact weights of its rows would be computed first


@dataclass(frozen=True)
class SolverAnswer:
    """What the solver said; nothing of it is believed before `certificate` has looked at it."""

    x: Array
    row_dual: Array  # empty where there were binaries
    bound: float  # the solver's own lower bound on the objective [yuan]
    iterations: int
    timed_out: bool = False


@dataclass(frozen=True)
class Basis:
    """Which columns and rows of a program are basic, and which columns rest at their upper bound.

    Where costs are equal it matters at which bound a column rests. `kept` is the same as HiGHS keeps it,
    where it was HiGHS's.
    """

    columns: Mask
    rows: Mask
    upper: Mask
    kept: Any = None

    @staticmethod
    def of(columns: Mask, rows: Mask, upper: Mask | None = None) -> "Basis":
        """The basis of the marked columns and rows; where the others rest HiGHS may choose, if not `upper`.

        Slacks join or leave until as many are basic as there are rows.
        """
        rows, more = rows.copy(), len(rows) - int(columns.sum()) - int(rows.sum())
        changed = np.flatnonzero(~rows)[:more] if more > 0 else np.flatnonzero(rows)[: max(0, -more)]
        rows[changed] = more > 0
        return Basis(columns, rows, np.zeros_like(columns) if upper is None else upper & ~columns)

    def for_highs(self) -> Any:
        """As HiGHS takes it."""
        if self.kept is not None:
            return self.kept
        made = highspy.HighsBasis()
        made.col_status, made.row_status = (
            _WORDS[marks].tolist() for marks in (self.columns + 2 * self.upper, self.rows.astype(np.int64))
        )
        made.valid = True
        made.alien = False  # else it would be factorized when it is handed over, and again when it is used
        return made


class InfeasibleProgram(Exception):  # noqa: N818 - a finding, not a fault
    """The solver proved that no point meets all rows and bounds."""


class UnboundedProgram(Exception):  # noqa: N818
    """The solver found that the objective has no limit."""


def pass_arrays(highs: Any, program: LinearProgram) -> None:
    """Give a program to a HiGHS object. Raises SolverError if it does not take it."""
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
    """HiGHS gives lists of Python numbers; `asarray` takes three times as long to make an array of one."""
    return np.fromiter(values, dtype=np.float64, count=len(values))


@dataclass
class Solver:
    """One HiGHS object that stays warm between solves, on one thread.

    `time_limit_s` bounds one call to `solve`. Several of these run side by side, each in a thread of its own,
    only if none uses HiGHS's own task scheduler, which all objects of a process share.
    """

    time_limit_s: float = float("inf")
    presolve: bool = True
    near: bool = False  # some steps from the basis that is given, to find a scale takes longer than they do
    primal: bool = False  # by the primal simplex method, for a feasible point that is nearly optimal
    rough: bool = False  # any point with binaries will do that is not far from the best
    gap_yuan: float = GAP_YUAN  # with binaries, how near to the best is near enough
    _highs: Any = field(default_factory=_Quiet, repr=False)

    def __post_init__(self) -> None:
        self._set("threads", 1)
        self._set("parallel", "off")
        self._set("presolve", self._presolve)
        self._set("simplex_dual_edge_weight_strategy", _DEVEX)
        if self.near:
            self._set("simplex_scale_strategy", 0)
        if self.primal:
            self._set("simplex_strategy", _PRIMAL)
        self._set("mip_rel_gap", _ROUGH_GAP if self.rough else 0.0)
        self._set("mip_abs_gap", max(GAP_YUAN, self.gap_yuan))
        if not self.rough:
            self._set("mip_allow_restart", False)
            for heuristic in _HEURISTICS:
                self._set(f"mip_heuristic_run_{heuristic}", False)

    @property
    def _presolve(self) -> str:
        return "choose" if self.presolve else "off"

    def _set(self, option: str, value: Any) -> None:
        if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"HiGHS {VERSION} refuses {option} = {value}")

    def load(self, program: LinearProgram) -> None:
        """Hand the arrays over, as they are."""
        pass_arrays(self._highs, program)

    def _run(self) -> Any:
        with turn_released():
            return self._highs.run()

    def solve(self) -> SolverAnswer:
        """Solve what was loaded; a further call restarts from the last basis.

        Raises InfeasibleProgram, UnboundedProgram, and SolverError for any other end without a point.
        """
        self._set("time_limit", self.time_limit_s)
        if self._run() == highspy.HighsStatus.kError:
            # somebody else in this process has started the scheduler with another number of threads
            self._highs.resetGlobalScheduler(True)
            self._run()
        status = self._highs.getModelStatus()
        doubtful = (highspy.HighsModelStatus.kUnboundedOrInfeasible, highspy.HighsModelStatus.kInfeasible)
        if status in doubtful and self.presolve:
            # presolve cannot tell the two apart, and that of 1.16 calls some feasible programs infeasible
            self._set("presolve", "off")
            self._run()
            status = self._highs.getModelStatus()
            self._set("presolve", self._presolve)
        statuses = highspy.HighsModelStatus
        if status == statuses.kUnknown:
            # what is left of a start from another program's basis is not always clean; from nothing it is
            self._highs.clearSolver()
            self._run()
            status = self._highs.getModelStatus()
        if status == statuses.kInfeasible:
            raise InfeasibleProgram
        if status == statuses.kUnbounded:
            raise UnboundedProgram
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        if status not in (statuses.kOptimal, statuses.kTimeLimit) or not solution.value_valid:
            name = self._highs.modelStatusToString(status)
            raise SolverError(f"HiGHS {VERSION} stopped without a solution: {name}")
        is_mip = info.mip_node_count >= 0
        return SolverAnswer(
            x=_floats(solution.col_value),
            row_dual=_floats(solution.row_dual if solution.dual_valid else []),
            bound=info.mip_dual_bound if is_mip else info.objective_function_value,
            iterations=max(0, info.simplex_iteration_count),
            timed_out=status == statuses.kTimeLimit,
        )

    def ray(self) -> Array:
        """Row multipliers that no feasible point can meet, after InfeasibleProgram; empty where unknown."""
        _, known, ray = self._highs.getDualRay()
        return np.asarray(ray) if known else np.empty(0)

    def basis(self, upper: Mask) -> Basis:
        """The last basis of a linear program solved without presolve, with what is at its upper bound."""
        columns, rows = (np.zeros(n, dtype=bool) for n in (self._highs.getNumCol(), self._highs.getNumRow()))
        _, basic = self._highs.getBasicVariables()
        columns[basic[basic >= 0]] = True
        rows[-1 - basic[basic < 0]] = True
        return Basis(columns, rows, upper & ~columns, self._highs.getBasis())

    def start_from(self, basis: Basis) -> None:
        """Begin the next solve at this basis; one HiGHS refuses only costs its time."""
        self._highs.setBasis(basis.for_highs())

    def change_bounds(self, columns: NDArray[np.int64], lower: Array, upper: Array) -> None:
        """New bounds for some columns; the basis is kept."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def change_costs(self, columns: NDArray[np.int64], cost: Array) -> None:
        """New costs of some columns; the basis is kept."""
        self._highs.changeColsCost(len(columns), columns.astype(np.int32), cost)
