"""Settle what windows with binaries and the rest of the horizon dispute, such as the month's peak.

One price for a shared decision is not enough where binaries make a window want either much of it or little:
at any price some window over- or undershoots, and the bound stays below the optimum. So all state their whole
cost as a function of the decision, plane by plane (Benders' cuts). Those without binaries have a convex one.
So have most windows with binaries where it matters. Where that turns out not to be so the range is divided
(`dividing.py`), or else these windows choose against the planes of the rest, together and with their
binaries, until these hold where they choose.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.decomposition.benders_cuts import CutPool
from parkdispatch.optimizer.decomposition.range_branching import branch_on_range, values_beside
from parkdispatch.optimizer.decomposition.value_functions import (
    OTHERS,
    BendersSolution,
    ContinuousValueFunction,
    IntegerValueFunction,
    Search,
)
from parkdispatch.optimizer.formulation.horizon import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver, UnboundedProgram
from parkdispatch.optimizer.partition.lagrangian_pricing import WindowProgram, with_binaries

MOST_TRIALS = 30
ENOUGH = 3  # claims of the others from the last auction: planes on both sides are among them


@dataclass(frozen=True)
class IntegerWindow:
    """A window with binaries, the columns of its pairs, (pairs, 2), and what finds its least cost."""

    part: WindowProgram
    pairs: Index
    search: Search


def solve_shared_decisions(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    start: Array,
    dual: Array,
    bidders: Sequence[IntegerWindow],
    rest: ContinuousValueFunction,
    tolerance: float,
    deadline: float,
) -> BendersSolution:
    """Least cost of the shared decisions, the bidders with their binaries and the others, together.

    `price` is what is left of the shared decisions' cost when all who take part here are taken away.
    """
    known, choosers = CutPool(), dict[int, IntegerValueFunction]()
    known.add(OTHERS, rest.planes(dual[rest.inside]))
    for number, bidder in enumerate(bidders):
        chooser = IntegerValueFunction(bidder.part, shared, bidder.search)
        claim = chooser.at(start)
        if claim is not None:
            choosers[number] = chooser
            known.add(number, claim.planes)
    for trial, said in rest.claims:  # at the same prices
        known.add(OTHERS, said.planes, trial)
    best, floored = BendersSolution(-np.inf, start, [], None), False
    enough = tolerance / max(1, len(bidders))
    may_divide = len(choosers) == len(bidders) and len(shared) == 1

    def bent(at: Array) -> list[int]:
        """Windows whose cost no plane touches there, or whose cost cannot be told."""
        claims = {number: chooser.at(at) for number, chooser in choosers.items()}
        return [n for n, one in claims.items() if one is None or one.yuan - known.at(n, at)[0] > enough]

    def divided(at: Array) -> BendersSolution | None:
        return branch_on_range(at, price, (lower, upper), choosers, rest, known, tolerance, deadline)

    if may_divide and bent(start):
        if (found := divided(start)) is not None:
            return found
        may_divide = False
    _look_around(rest, start, known)
    for _ in range(MOST_TRIALS):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        apart = [number for number in range(len(bidders)) if number not in choosers]
        program, places = _together(
            known.program(price, lower, upper), shared, [bidders[number] for number in apart]
        )
        solver = Solver(time_limit_s=left, gap_yuan=tolerance)
        solver.load(program)
        try:
            answer = solver.solve()
        except (SolverError, UnboundedProgram):
            # time ran out before a point was found; or at no end more of something seems worth more than it
            # costs, which HiGHS does not always tell from what is infeasible: it is not, beyond its worth
            if floored:
                break
            floored = True
            known.add(OTHERS, rest.floor())
            for number, chooser in list(choosers.items()):
                floor = chooser.floor()
                if floor is None:
                    del choosers[number]
                    known.forget(number)
                else:
                    known.add(number, floor)
            continue
        at = answer.x[: len(shared)]
        missing = -answer.x[len(shared) : len(shared) + known.count].sum()  # what was promised
        if not apart and price @ start + known.sum(start) <= answer.bound + tolerance:
            at, missing = start, -known.sum(start)  # as good as any, and it is known
        if answer.bound > best.bound:
            best = BendersSolution(answer.bound, at, [], None)
        needs = len(known.needs)
        asked = rest.ask(at, known)
        if asked is None:
            if len(known.needs) == needs:
                break
            continue
        cost, x = asked.yuan, asked.x
        shares = {number: answer.x[place] for number, place in zip(apart, places, strict=True)}
        for number, chooser in choosers.items():
            claim = chooser.at(at)
            if claim is not None:
                cost += claim.yuan
                shares[number] = claim.x
                known.add(number, claim.planes, at)
        mattering = bent(at)
        if mattering and may_divide:
            if (found := divided(at)) is not None:
                return found
            may_divide = False
        for number in mattering:
            del choosers[number]
            known.forget(number)
        if len(shares) == len(bidders) and -np.inf < cost + missing <= tolerance:
            return replace(best, shared=at, bidders=[shares[n] for n in range(len(bidders))], others=x)
    return best


def _look_around(rest: ContinuousValueFunction, start: Array, known: CutPool) -> None:
    """First planes of the others, on both sides of the present value, if they have not been there."""
    for trial in reversed(values_beside(start)) if len(rest.claims) < ENOUGH else ():
        rest.ask(trial, known)


def _together(
    base: LinearProgram, shared: Index, bidders: Sequence[IntegerWindow]
) -> tuple[LinearProgram, list[Index]]:
    """The program of planes with bidders beside it, and where each one's columns went."""
    program, places = base, []
    for bidder in bidders:
        own, every = with_binaries(bidder.part.program, bidder.pairs), bidder.part.cut.every
        is_shared = np.zeros(len(own.cost), dtype=bool)
        is_shared[: len(every)] = np.isin(every, shared)
        place = np.empty(len(own.cost), dtype=np.int64)
        place[is_shared] = np.searchsorted(shared, every[is_shared[: len(every)]])
        place[~is_shared] = len(program.cost) + np.arange((~is_shared).sum())
        width, had, entries = len(program.cost) + int((~is_shared).sum()), program.matrix, own.matrix.tocoo()
        rows = [
            sp.csr_array((had.data, had.indices, had.indptr), shape=(had.shape[0], width)),
            sp.csr_array(
                (entries.data, (entries.row, place[entries.col])), shape=(own.matrix.shape[0], width)
            ),
        ]
        program = LinearProgram(
            np.concatenate([program.cost, own.cost[~is_shared]]),
            0.0,
            sp.vstack(rows, format="csr"),
            np.concatenate([program.row_lower, own.row_lower]),
            np.concatenate([program.row_upper, own.row_upper]),
            np.concatenate([program.lower, own.lower[~is_shared]]),
            np.concatenate([program.upper, own.upper[~is_shared]]),
            np.concatenate([program.binary, own.binary[~is_shared]]),
        )
        places.append(place)
    return program, places
