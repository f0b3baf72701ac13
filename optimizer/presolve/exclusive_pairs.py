"""Bound tightening by exclusive pairs, and tests of points and programs against the pairs.

A pair that is balanced in a row, a - b = q with q in [q_lower, q_upper], obeys a <= max(0, q_upper) and
b <= max(0, -q_lower), because one of the two is zero. These implied bounds decide most pairs: a park that
cannot have a surplus at night cannot export at night. `valid_inequalities` adds rows where both members
remain possible.
"""

from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.dominance import columns_exhausted_before
from parkdispatch.optimizer.presolve.pair_balance import PairBalanceRows, pair_balance, pair_balance_rows

PAIR_TOLERANCE_MW = 1e-6  # MW below which a member of a pair counts as zero
FIRST_AT_ZERO, SECOND_AT_ZERO = (
    1,
    2,
)  # the member of a pair that is fixed at zero, where that is a number; 0 is neither


@dataclass(frozen=True)
class TightenedProgram:
    """A relaxation with the upper bounds that exclusivity implies.

    `implied_upper`, (columns,): these bounds, or their largest values in a range of parameters.
    `idle_net_min` and `idle_net_max`, (pairs, intervals): least and largest a - b while all other columns are
    idle, equal unless a range of parameters is covered; NaN where no row balances the pair.
    """

    program: LinearProgram
    implied_upper: Array
    idle_net_min: Array
    idle_net_max: Array


def tighten(tiled: Tiled) -> TightenedProgram:
    """The relaxation with the upper bounds that exclusivity implies (bound tightening)."""
    program, template = tiled.program, tiled.template
    upper = program.upper.copy()
    idle_net = np.full((len(template.pairs), len(tiled.horizon)), np.nan)
    for number, pair in enumerate(template.pairs):
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        balances = pair_balance_rows(tiled, program, pair)
        for columns, member, sign in ((a, pair.a, 1), (b, pair.b, -1)):
            limit = _implied_upper(tiled, program, balances, member, sign)
            # never below the lower bound: a contradiction is left to the solver
            upper[columns] = np.maximum(program.lower[columns], np.minimum(upper[columns], limit))
        if balances:
            idle_net[number] = pair_balance(tiled, program, pair, balances[0]).net
    return TightenedProgram(replace(program, upper=upper), upper, idle_net, idle_net)


def _implied_upper(
    tiled: Tiled, program: LinearProgram, balances: list[PairBalanceRows], member: int, sign: int
) -> Array:
    """Upper bound of a member where the other one is zero, (intervals,), from rows member = sign x q."""
    limit = np.full(len(tiled.horizon), np.inf)
    for rows in balances:
        lower, upper = program.lower.copy(), program.upper
        for columns in columns_exhausted_before(tiled, program, rows.body, member):
            lower[columns] = upper[columns]
        # the member is largest where the other entries take least
        coefficient = sign * rows.coefficient
        least = np.where(coefficient > 0, coefficient * lower[rows.column], coefficient * upper[rows.column])
        limit = np.minimum(limit, sign * rows.net - np.bincount(rows.interval, least, minlength=len(limit)))
    return np.asarray(np.maximum(0.0, limit))


def violated_pairs(tiled: Tiled, x: Array) -> Mask:
    """Where both members of a pair exceed zero, (pairs, intervals)."""
    violated = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        violated[number] = (
            np.minimum(x[tiled.column_of(pair.a)], x[tiled.column_of(pair.b)]) > PAIR_TOLERANCE_MW
        )
    return violated


def open_pairs(tiled: Tiled, program: LinearProgram) -> Mask:
    """Where the bounds let both members of a pair exceed zero, (pairs, intervals)."""
    is_open = np.zeros((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    for number, pair in enumerate(tiled.template.pairs):
        a, b = tiled.column_of(pair.a), tiled.column_of(pair.b)
        is_open[number] = (program.upper[a] > 0) & (program.upper[b] > 0)
    return is_open


def candidate_violations(tiled: Tiled, program: LinearProgram) -> Mask:
    """Where both members are possible and using both at once is profitable, (pairs, intervals)."""
    candidates = open_pairs(tiled, program)
    for number, pair in enumerate(tiled.template.pairs):
        cost_of_both = program.cost[tiled.column_of(pair.a)] + program.cost[tiled.column_of(pair.b)]
        candidates[number] &= cost_of_both < 0
    return candidates
