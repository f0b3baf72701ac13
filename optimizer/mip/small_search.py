"""A small program to its optimum: searched as a whole, beside its plain form, from the best that is known."""

from dataclasses import replace

import numpy as np

from parkdispatch.optimizer.decomposition.repair_state import Incumbent
from parkdispatch.optimizer.heuristics.relaxed_problem import RelaxedProblem
from parkdispatch.optimizer.mip.plain_search import PlainSearch
from parkdispatch.optimizer.mip.whole_program import WholeSearch, search_whole_program
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch


def search_small_program(
    problem: RelaxedProblem, incumbent: Incumbent, plain: PlainSearch, gap: float, deadline: float
) -> WholeSearch:
    """The best dispatch of an incumbent and both searches, and the best of their bounds.

    `plain` is the search that runs already, which ends here. Without multipliers where the dispatch is not
    that of the tightened program. Raises InfeasibleProgram, and NoFeasibleDispatch where none is found by the
    deadline.
    """
    gap_yuan = gap * max(1.0, abs(incumbent.bound_yuan))
    search = search_whole_program(
        problem.tiled,
        problem.program,
        lambda bounds: problem.blocks.solve(bounds[1]),
        incumbent.x if incumbent.exists else None,
        gap_yuan,
        deadline,
        stop=plain.is_proven,
    )
    plain.end()
    x, cost_yuan, row_dual = incumbent.x, incumbent.cost_yuan, np.empty(0)
    if search.x.size and problem.program.objective(search.x) <= cost_yuan + gap_yuan:
        x, cost_yuan, row_dual = search.x, problem.program.objective(search.x), search.row_dual
    if plain.x.size and problem.program.objective(plain.x) < cost_yuan - gap_yuan:
        x, cost_yuan, row_dual = plain.x, problem.program.objective(plain.x), np.empty(0)
    bound_yuan = max(incumbent.bound_yuan, search.bound_yuan, plain.bound_yuan)
    if not np.isfinite(cost_yuan):
        raise NoFeasibleDispatch(bound_yuan)
    return replace(search, x=x, row_dual=row_dual, bound_yuan=min(bound_yuan, cost_yuan))
