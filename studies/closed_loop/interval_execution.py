"""What really happens in an interval of any park: set points are followed, the network takes the rest.

The interval is a program of its own, with what was executed before it fixed and the actual series:

    least   costs + sum of penalty x |power - set point| + penalty x (import - peak that is paid for)

On and off are those of the plan, unless nothing is feasible so. Of several connections, one with room below
its peak comes first, then the one that pays least for its peak. Connections, links, transformers and sources
of sun, wind and waste heat are free. Stores leave their set points first, then work that may wait, both for
the peak too; units and converters only where a bus could not be balanced otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.partly_executed import PartlyExecuted
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver

# in the largest cost of a column: what a MW costs by which a set point is left, or the peak is exceeded
PENALTY_OF_ROLE = {"store": 10.0, "load": 15.0}
PEAK_PENALTY, OTHER_PENALTY, METER_PENALTY = 20.0, 40.0, 100.0
SHARED_PENALTY = 2.0  # of a peak for which nothing gives way but other connections
NOTICED_MW = 1e-5  # by which a set point is left


@dataclass(frozen=True)
class SetPoints:
    """The columns of an interval that follow a plan, (set points,), and the penalty of leaving each."""

    columns: Index
    penalty: Array

    @staticmethod
    def of(template: Template, devices: Mapping[str, Device], free: frozenset[str]) -> "SetPoints":
        """The powers of stores, loads, units and converters; `free` are sources that give what they can."""
        columns, penalty = list[int](), list[float]()
        for number, column in enumerate(template.columns):
            name, key = column.key
            role = devices[name].role
            if role in ("grid", "network") or name in free or not key.endswith("_mw") or column.is_binary:
                continue
            columns.append(number)
            penalty.append(PENALTY_OF_ROLE.get(role, OTHER_PENALTY))
        return SetPoints(np.array(columns, dtype=np.int64), np.array(penalty))


@dataclass(frozen=True)
class Meters:
    """What meters say of an interval: the values, (meters,), of `matrix` @ columns.

    `states` are columns of energy and work of the metered devices, which are what the meters make of them,
    and `decisions` their binary ones, which do not follow the plan.
    """

    matrix: sp.csr_array
    values: Array
    states: Index
    decisions: Index


@dataclass(frozen=True)
class PeakPaidFor:
    """The import, by its column, above which devices give way that cost less than the penalty."""

    column: int
    most_mw: float
    penalty: float


def shared_peaks(
    columns: Mapping[str, int], paid_mw: Mapping[str, float], demand_price: Mapping[str, float]
) -> list[PeakPaidFor]:
    """The peaks by which several connections share an import, by the column of each.

    One with room below what it pays for anyway [MW] comes first, then the one whose peak costs least.
    """
    dearest = max(demand_price.values(), default=0.0) or 1.0
    return [
        PeakPaidFor(columns[name], paid_mw[name], SHARED_PENALTY * (0.5 + 0.5 * price / dearest))
        for name, price in demand_price.items()
        if price > 0
    ]


def executed_interval(
    tiled: PartlyExecuted,
    planned: Array,
    points: SetPoints,
    peaks: Sequence[PeakPaidFor] = (),
    meters: Meters | None = None,
) -> tuple[Array, bool]:
    """The decisions of the last interval of a horizon, (columns,), and whether set points gave way.

    `planned` are those of the plan, (columns,). What `meters` say comes before set points. Raises
    InfeasibleError where no decisions keep the interval's rules.
    """
    program = _of_last_interval(tiled)
    width = len(tiled.template.columns)
    is_decided = tiled.is_binary[:width].nonzero()[0]
    if meters is not None:
        program.lower[meters.states], program.upper[meters.states] = -np.inf, np.inf
        is_decided = np.setdiff1d(is_decided, meters.decisions)
    program = _following(program, planned, points, peaks, meters)
    decided = replace(program, lower=program.lower.copy(), upper=program.upper.copy())
    decided.lower[is_decided] = decided.upper[is_decided] = np.round(planned[is_decided])
    for attempt in (decided, program):
        solver = Solver(full_search=True)
        solver.load(attempt)
        try:
            x = solver.solve().x[:width]
        except InfeasibleProgram:
            continue
        left_mw = np.abs(x[points.columns] - planned[points.columns])
        return x, bool((left_mw > NOTICED_MW).any())
    raise InfeasibleError("no decisions keep the rules of the interval with what really came")


def _of_last_interval(tiled: PartlyExecuted) -> LinearProgram:
    """The program of the last interval, of its columns, shared decisions and the members of its pairs.

    Totals keep to their upper limits; what they ask for at least, and the end, later intervals may bring.
    """
    before, (count, width) = tiled.executed.ravel(), (len(tiled.horizon), len(tiled.template.columns))
    chosen = np.zeros((len(tiled.template.pairs), count), dtype=bool)
    chosen[:, -1] = True
    whole = tiled.with_binaries(chosen)
    height, first = len(tiled.template.rows), (count - 1) * len(tiled.template.rows)
    first_pair = len(tiled.program.row_lower)
    totals = np.arange(count * height, first_pair - len(tiled.template.ends))
    pairs = np.arange(first_pair, len(whole.row_lower))
    rows = np.concatenate([np.arange(first, first + height), totals, pairs])
    matrix = whole.matrix[rows]
    constant = matrix[:, : len(before)] @ before
    row_lower = whole.row_lower[rows] - constant
    row_lower[height : height + len(totals)] = -np.inf
    last_columns, cost = slice(len(before), None), whole.cost[len(before) :].copy()
    cost[width:] = 0.0
    return LinearProgram(
        cost,
        0.0,
        sp.csr_array(matrix[:, last_columns]),
        row_lower,
        whole.row_upper[rows] - constant,
        whole.lower[last_columns],
        whole.upper[last_columns],
        whole.binary[last_columns],
    )


def _following(
    program: LinearProgram,
    planned: Array,
    points: SetPoints,
    peaks: Sequence[PeakPaidFor],
    meters: Meters | None,
) -> LinearProgram:
    """The program with columns for what set points are left by, each way, and the peaks are exceeded by."""
    count, columns = len(points.columns), len(program.cost)
    unit_yuan = float(np.abs(program.cost).max(initial=1.0))
    followed = sp.csr_array((np.ones(count), (np.arange(count), points.columns)), shape=(count, columns))
    targets, penalty = planned[points.columns], points.penalty
    if meters is not None:
        wide = sp.csr_array(meters.matrix)
        wide.resize(wide.shape[0], columns)  # shared decisions follow those of the interval
        followed = sp.vstack([followed, wide], format="csr")
        targets = np.concatenate([targets, meters.values])
        penalty = np.concatenate([penalty, np.full(len(meters.values), METER_PENALTY)])
    count, imports = len(targets), [peak.column for peak in peaks]
    above = sp.csr_array((np.ones(len(peaks)), (np.arange(len(peaks)), imports)), shape=(len(peaks), columns))
    identity = sp.eye_array(count, format="csr")
    left = sp.block_array([[identity, -identity]])
    exceeded = sp.block_diag([left, -sp.eye_array(len(peaks))])
    given = sp.block_array([[followed], [above]])
    matrix = sp.block_array([[program.matrix, None], [given, exceeded]], format="csr")
    added = 2 * count + len(peaks)
    penalties = np.concatenate([penalty, penalty, [peak.penalty for peak in peaks]])
    return LinearProgram(
        np.concatenate([program.cost, unit_yuan * penalties]),
        0.0,
        sp.csr_array(matrix),
        np.concatenate([program.row_lower, targets, np.full(len(peaks), -np.inf)]),
        np.concatenate([program.row_upper, targets, [peak.most_mw for peak in peaks]]),
        np.concatenate([program.lower, np.zeros(added)]),
        np.concatenate([program.upper, np.full(added, np.inf)]),
        np.concatenate([program.binary, np.zeros(added, dtype=bool)]),
    )
