"""HiGHS, and the only file that names it: arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from models.device import Array
from models.errors import SolverError
from optimizer.horizon import Index
from optimizer.program import Program

VERSION = highspy.Highs().version()
_ROW_WISE = int(highspy.MatrixFormat.kRowwise)
# With binaries, the windows of `repair` close at the root: heuristics only cost time there (halved it).
_HEURISTICS = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
_MINIMIZE = int(highspy.ObjSense.kMinimize)


@dataclass(frozen=True)
class Answer:
    """What the solver said; nothing of it is believed before `certificate` has looked at it."""

    x: Array
    row_dual: Array  # empty where there were binaries
    bound: float  # the solver's own lower bound on the objective [yuan]
    iterations: int
    timed_out: bool = False


@dataclass(frozen=True)
class Basis:
    """Which columns and rows of a program are basic, in HiGHS's own words, one object each."""

    columns: NDArray[np.object_]
    rows: NDArray[np.object_]

    @staticmethod
    def joined(parts: Sequence[tuple["Basis", Index, Index]], columns: Index, rows: Index) -> "Basis":
        """One basis from those of parts, each with the numbers of its columns and rows.

        `columns` and `rows` are the numbers wanted. What no part has rests; its rows are basic.
        """
        statuses = highspy.HighsBasisStatus
        found = []
        for wanted, side, missing in ((columns, 0, statuses.kNonbasic), (rows, 1, statuses.kBasic)):
            last = max([int(wanted.max(initial=0)), *(int(part[1 + side].max(initial=0)) for part in parts)])
            every = np.full(last + 1, missing, dtype=object)
            for part in parts:
                every[part[1 + side]] = part[0].rows if side else part[0].columns
            found.append(every[wanted])
        return Basis(found[0], found[1])


class InfeasibleProgram(Exception):  # noqa: N818 - a finding, not a fault
    """The solver proved that no point meets all rows and bounds."""


class UnboundedProgram(Exception):  # noqa: N818
    """The solver found that the objective has no limit."""


@dataclass
class Solver:
    """One HiGHS object that stays warm between solves.

    `time_limit_s` bounds one call to `solve`; `threads` is HiGHS's own number, 0 is its choice.
    """

    time_limit_s: float = float("inf")
    threads: int = 1
    _highs: Any = field(default_factory=highspy.Highs, repr=False)

    def __post_init__(self) -> None:
        self._set("output_flag", False)
        self._set("threads", 1)
        self._set("parallel", "off")
        self._set("mip_rel_gap", 0.0)
        self._set("mip_abs_gap", 1e-6)
        self._set("mip_allow_restart", False)
        for heuristic in _HEURISTICS:
            self._set(f"mip_heuristic_run_{heuristic}", False)

    def _set(self, option: str, value: Any) -> None:
        if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"HiGHS {VERSION} refuses {option} = {value}")

    def load(self, program: Program) -> None:
        """Hand the arrays over, as they are."""
        matrix = program.matrix
        integrality = np.where(program.binary, int(highspy.HighsVarType.kInteger), 0)
        status = self._highs.passModel(
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

    def solve(self) -> Answer:
        """Solve what was loaded; a further call restarts from the last basis.

        Raises InfeasibleProgram, UnboundedProgram, and SolverError for any other end without a point.
        """
        self._set("time_limit", self.time_limit_s)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            self._set("presolve", "off")
            self._highs.run()
            status = self._highs.getModelStatus()
            self._set("presolve", "choose")
        statuses = highspy.HighsModelStatus
        if status == statuses.kInfeasible:
            raise InfeasibleProgram
        if status == statuses.kUnbounded:
            raise UnboundedProgram
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        if status not in (statuses.kOptimal, statuses.kTimeLimit) or not solution.value_valid:
            name = self._highs.modelStatusToString(status)
            raise SolverError(f"HiGHS {VERSION} stopped without a solution: {name}")
        is_mip = info.mip_node_count >= 0
        return Answer(
            x=np.asarray(solution.col_value),
            row_dual=np.asarray(solution.row_dual) if solution.dual_valid else np.empty(0),
            bound=info.mip_dual_bound if is_mip else info.objective_function_value,
            iterations=max(0, info.simplex_iteration_count),
            timed_out=status == statuses.kTimeLimit,
        )

    def basis(self) -> Basis:
        """The last basis."""
        found = self._highs.getBasis()
        return Basis(np.array(found.col_status, dtype=object), np.array(found.row_status, dtype=object))

    def start_from(self, basis: Basis) -> None:
        """Begin the next solve at this basis; one HiGHS refuses only costs its time."""
        given = highspy.HighsBasis()
        given.col_status, given.row_status = basis.columns.tolist(), basis.rows.tolist()
        given.valid = True
        self._highs.setBasis(given)

    def change_bounds(self, columns: NDArray[np.int64], lower: Array, upper: Array) -> None:
        """New bounds for some columns; the basis is kept."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def change_rows(self, rows: Index, lower: Array, upper: Array) -> None:
        """New bounds for some rows; the basis is kept."""
        for row, low, high in zip(rows.tolist(), lower.tolist(), upper.tolist(), strict=True):
            self._highs.changeRowBounds(row, low, high)
