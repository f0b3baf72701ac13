"""The master program: links and one cost a block, over the cuts found so far (multi-cut Benders)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Solver, SolverAnswer, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE, certify
from parkdispatch.optimizer.time_blocks.linked_block import Cut
from parkdispatch.optimizer.time_blocks.links import Links


@dataclass(frozen=True)
class MasterAnswer:
    """The links that are best by the cuts, and the cuts' bound on all costs.

    `prices`: of each block's links, the mean slope of its cuts that are binding, weighted by multipliers.
    """

    values: Array  # (links,)
    bound_yuan: float
    prices: list[Array]  # (own links,) each
    row_multipliers: Array  # (rows of links,)


@dataclass
class Master:
    """Cuts of all blocks; every solve takes those that were added so far."""

    links: Links
    links_of_block: Sequence[Index]
    offset: float
    _blocks: list[int] = field(default_factory=list)
    _cuts: list[Cut] = field(default_factory=list)
    _cuts_of: dict[int, list[Cut]] = field(default_factory=lambda: defaultdict(list))

    def add(self, block: int, cut: Cut) -> None:
        """Add a cut of a block; one without a finite value says nothing."""
        if np.isfinite(cut.value):
            self._blocks.append(block)
            self._cuts.append(cut)
            self._cuts_of[block].append(cut)

    def solve(self, around: Array) -> MasterAnswer:
        """The best links by the cuts.

        While the cuts leave the cost without limit, links without bounds are kept `around` these values, and
        there is no bound. Raises InfeasibleProgram where the links' rows contradict their bounds.
        """
        program = self._program()
        try:
            answer = _solved(program)
            is_bounded = True
        except UnboundedProgram:
            answer, is_bounded = _solved(self._within_reach(program, around)), False
        weights = self._weights(answer.row_dual)
        certificate = certify(
            program, answer.x, np.concatenate([weights, answer.row_dual[len(self._cuts) :]])
        )
        is_bound = is_bounded and certificate.dual_infeasibility <= FEASIBILITY_TOLERANCE
        prices = [np.zeros(len(links)) for links in self.links_of_block]
        for block, cut, weight in zip(self._blocks, self._cuts, weights, strict=True):
            prices[block] += weight * cut.slopes
        return MasterAnswer(
            np.clip(answer.x[: self.links.count], self.links.lower, self.links.upper),
            certificate.dual_objective_yuan if is_bound else -np.inf,
            prices,
            answer.row_dual[len(self._cuts) :],
        )

    def _weights(self, row_dual: Array) -> Array:
        """Multipliers of the cuts, (cuts,), which are made to sum to exactly one for each block.

        A block's cost has no bounds in this program: any other sum would leave the bound open.
        """
        weights = np.maximum(row_dual[: len(self._cuts)], 0.0)
        sums = np.bincount(self._blocks, weights, len(self.links_of_block))
        return np.asarray(weights / np.where(sums > 0, sums, 1.0)[self._blocks])

    def _within_reach(self, program: LinearProgram, around: Array) -> LinearProgram:
        """The program with links that have an infinite bound no farther than twice their present values."""
        reach, rest = np.maximum(1.0, np.abs(around)), len(program.cost) - len(around)
        lower = np.where(np.isfinite(self.links.lower), self.links.lower, around - reach)
        upper = np.where(np.isfinite(self.links.upper), self.links.upper, around + reach)
        return replace(
            program,
            lower=np.concatenate([lower, np.full(rest, -np.inf)]),
            upper=np.concatenate([upper, np.full(rest, np.inf)]),
        )

    def block_bound(self, block: int, values: Array) -> float:
        """The largest of a block's cuts at values of its links, (own links,)."""
        cuts = self._cuts_of[block]
        return max((cut.value + float(cut.slopes @ values) for cut in cuts), default=-np.inf)

    def _program(self) -> LinearProgram:
        """Columns: links, then one cost a block. Rows: cuts, then the rows of links."""
        links, blocks = self.links, len(self.links_of_block)
        slopes = np.concatenate([-cut.slopes for cut in self._cuts])
        columns = np.concatenate([self.links_of_block[block] for block in self._blocks])
        sizes = [len(cut.slopes) for cut in self._cuts]
        cuts = np.arange(len(self._cuts))
        matrix = sp.csr_array(
            (
                np.concatenate([slopes, np.ones(len(cuts))]),
                (
                    np.concatenate([np.repeat(cuts, sizes), cuts]),
                    np.concatenate([columns, links.count + np.array(self._blocks)]),
                ),
            ),
            shape=(len(cuts), links.count + blocks),
        )
        rows = sp.hstack([links.rows, sp.csr_array((links.rows.shape[0], blocks))], format="csr")
        no_limit = np.full(blocks, np.inf)
        return LinearProgram(
            np.concatenate([links.price, np.ones(blocks)]),
            self.offset,
            sp.csr_array(sp.vstack([matrix, rows], format="csr")),
            np.concatenate([[cut.value for cut in self._cuts], links.row_lower]),
            np.concatenate([np.full(len(cuts), np.inf), links.row_upper]),
            np.concatenate([links.lower, -no_limit]),
            np.concatenate([links.upper, no_limit]),
            np.zeros(links.count + blocks, dtype=bool),
        )


def _solved(program: LinearProgram) -> SolverAnswer:
    """Solve a program from scratch."""
    solver = Solver()
    solver.load(program)
    return solver.solve()
