"""Primal heuristic: the point in which the members of exclusive pairs do as little as the rules allow.

A store that rests, a machine that stands still and a connection that only imports or only exports break no
pair, and resting is feasible in most parks. So the linear program that minimises the power of all members
that are injected into a bus, whatever this costs, has an optimum that obeys every pair or violates few, where
the cheapest point violates many. Members that are not injected, such as what a power lacks of its minimum,
cost nothing here. A search for integers finds a first point in this direction in a fraction of the time that
it needs in the direction of the least cost.
"""

from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.highs import InfeasibleProgram, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.relaxation.month_blocks import MonthBlocks


def least_activity_point(problem: RelaxedProblem) -> Array | None:
    """Return the point of least power of the injected members, (columns,), which may violate some pairs."""
    program = replace(problem.program, cost=activity_cost(problem.tiled), offset=0.0)
    blocks = MonthBlocks(problem.tiled, program, LagrangianPricer(problem.tiled, program), problem.pool)
    try:
        x, _ = blocks.solve()
    except (InfeasibleProgram, UnboundedProgram):
        return None
    return x


def activity_cost(tiled: Tiled) -> Array:
    """Return 1 for the columns of injected members of pairs, 0 for all others, (columns,)."""
    template, activity = tiled.template, np.zeros(tiled.shared_starts[-1])
    injections = list(template.injections.values())
    is_injected = (template.coefficients[:, injections] != 0).any(axis=(0, 1))
    for member in {member for pair in template.pairs for member in (pair.a, pair.b)}:
        if is_injected[member]:
            activity[tiled.column_of(member)] = 1.0
    return activity
