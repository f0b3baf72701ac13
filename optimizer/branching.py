"""The least cost of a window in which one member of each pair rests, with a proof that can be used again.

Branch and bound on the pairs that a window's linear program uses both ways: few are, because chords hold most
of them apart. What is left is a tree. The members that rest at its leaves leave no choice out, and at each
leaf the multipliers of its linear program say, whatever the prices, what that choice costs at least. So a
like window, such as the same days beside a battery of another size, judges each leaf by a product of arrays
and solves only those that could be best. The bound is computed from multipliers, never taken from a solver.

Where the tree would grow large, `Solver` with its cutting planes is better at it.
"""

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.device import Array
from models.errors import SolverError
from optimizer.certificate import FEASIBILITY_TOLERANCE
from optimizer.highs import Answer, Basis, InfeasibleProgram, Solver, UnboundedProgram
from optimizer.horizon import Index
from optimizer.pairs import TOLERANCE
from optimizer.program import Program

MOST_PAIRS = 24  # in a window; of more, most trees grow large
MOST_NODES = 100  # linear programs, beside one for each leaf that is known; nearly all need fewer than 50
MOST_LEAVES = 256  # of a tree that is handed on; it only ever grows


@dataclass(frozen=True)
class Leaf:
    """Members that rest, as columns of the window, and row multipliers; none where it was impossible."""

    resting: tuple[int, ...]
    row_dual: Array


Tree = tuple[Leaf, ...]


@dataclass(frozen=True)
class Branched:
    """No choice costs less than the bound. `x` is empty where nothing beats what was known before."""

    bound: float
    x: Array
    tree: Tree


def branch(
    program: Program,
    pairs: Index,
    start: Basis,
    known_yuan: float,
    tolerance: float,
    deadline: float,
    tree: Tree = (),
) -> Branched | None:
    """The best choice of who rests; none where more linear programs are needed than are worth it.

    `pairs` are columns a and b, (pairs, 2). `known_yuan` is what a point that obeys them costs, infinity
    where none is known; something better by less than `tolerance` is not looked for. `tree` is of a like
    window. Past the `deadline` (of time.monotonic) what is known so far is returned.
    """
    if len(pairs) > MOST_PAIRS:
        return None
    search = _Search(program, pairs, start)
    best, x, closed, done = known_yuan, np.empty(0), np.inf, list[Leaf]()
    # by least cost; of equals what came last, whose linear program begins near the last one's end
    open_leaves = [
        (bound, -number, leaf)
        for number, (leaf, bound) in enumerate(zip(tree, least_yuan(program, tree), strict=True))
    ] or [(-np.inf, 0, Leaf((), np.empty(0)))]
    heapq.heapify(open_leaves)
    count = len(open_leaves)
    while open_leaves:
        bound, _, leaf = open_leaves[0]
        if time.monotonic() > deadline:
            break
        heapq.heappop(open_leaves)
        if bound >= best - tolerance:
            closed = min(closed, bound)
            done.append(leaf)
            continue
        if search.nodes == MOST_NODES + len(tree):
            return None
        try:
            answer = search.at(leaf.resting)
        except InfeasibleProgram:
            if not search.is_impossible(leaf.resting):
                return None
            done.append(Leaf(leaf.resting, np.empty(0)))
            continue
        except (SolverError, UnboundedProgram):
            return None
        leaf = Leaf(leaf.resting, answer.row_dual)
        (bound,) = least_yuan(program, (leaf,))
        worst = search.worst(answer.x)
        if worst is None or answer.bound >= best - tolerance:
            if worst is None and answer.bound < best:
                best, x = answer.bound, answer.x
            closed = min(closed, bound)
            done.append(leaf)
            continue
        for member in worst:
            heapq.heappush(open_leaves, (bound, -count, Leaf((*leaf.resting, member), leaf.row_dual)))
            count += 1
    left = [leaf for _, _, leaf in open_leaves]
    bound = min([best, closed, *(bound for bound, _, _ in open_leaves)])
    kept = (*done, *left)
    return Branched(bound, x, kept if len(kept) <= MOST_LEAVES else ())


class _Search:
    """The linear program of one window, warm, with some members at rest."""

    def __init__(self, program: Program, pairs: Index, start: Basis) -> None:
        self._program, self._start = program, start
        self._a, self._b = pairs[:, 0], pairs[:, 1]
        self._solver: Solver | None = None
        self._resting: set[int] = set()
        self.nodes = 0

    def at(self, resting: Sequence[int]) -> Answer:
        """Its optimum with these at rest. Raises InfeasibleProgram."""
        if self._solver is None:
            self._solver = Solver(presolve=False)
            self._solver.load(self._program)
            self._solver.start_from(self._start)
        now, program = set(resting), self._program
        changed = np.array(sorted(now ^ self._resting), dtype=np.int64)
        if len(changed):
            rests = np.isin(changed, list(now))
            upper = np.where(rests, program.lower[changed], program.upper[changed])
            self._solver.change_bounds(changed, program.lower[changed], upper)
        self._resting = now
        self.nodes += 1
        return self._solver.solve()

    def is_impossible(self, resting: Sequence[int]) -> bool:
        """Whether the solver's ray proves it: where nothing costs anything, its multipliers still do."""
        assert self._solver is not None
        ray = self._solver.ray()
        free = replace(self._program, cost=np.zeros(len(self._program.cost)), offset=0.0)
        return bool(ray.size) and least_yuan(free, (Leaf(tuple(resting), ray),))[0] > 0.0

    def worst(self, x: Array) -> tuple[int, int] | None:
        """Both members of the pair that is used most both ways, the lesser first; none where all obey."""
        a, b = x[self._a], x[self._b]
        both = np.where(np.minimum(a, b) > TOLERANCE, a * b, 0.0)
        if not both.any():
            return None
        at = int(both.argmax())
        first, second = int(self._a[at]), int(self._b[at])
        return (first, second) if x[first] <= x[second] else (second, first)


def least_yuan(program: Program, tree: Tree) -> list[float]:
    """What the program costs at least with each leaf's members at rest, by the leaf's multipliers.

    Minus infinity where these say nothing.
    """
    rows = program.matrix.shape[0]
    fits = [at for at, leaf in enumerate(tree) if len(leaf.row_dual) == rows]
    found = np.full(len(tree), -np.inf)
    if fits:
        dual = np.array([tree[at].row_dual for at in fits])
        reduced = program.cost - dual @ program.matrix
        upper = np.tile(program.upper, (len(fits), 1))
        for number, at in enumerate(fits):
            resting = list(tree[at].resting)
            upper[number, resting] = program.lower[resting]
        found[fits] = (
            program.offset
            + _support(dual, program.row_lower, program.row_upper)
            + _support(reduced, program.lower, upper)
        )
    return found.tolist()


def _support(multipliers: Array, lower: Array, upper: Array) -> Array:
    """Least of multiplier x value for each row of multipliers; minus infinity where one has no bound."""
    bound = np.where(multipliers > 0, lower, upper)
    free = ~np.isfinite(bound)
    total = np.where(free, 0.0, multipliers * np.where(free, 0.0, bound)).sum(axis=1)
    loose = np.where(free, np.abs(multipliers), 0.0).max(axis=1, initial=0.0)
    sound = (loose <= FEASIBILITY_TOLERANCE) & np.isfinite(total)
    return np.where(sound, total, -np.inf)
