"""Solve the relaxation month by month, side by side, and make the months agree at their borders.

Months are nearly independent: the demand charge lives inside one, and only the stored energy crosses their
borders. Each is solved with that energy held at a guess. Around a border where the guess was not what the
multipliers on both sides want, the stretch between the nearest edges is solved once more with the energy
free, and laid in. Months that still disagree become one block. The result is the optimum of the whole
horizon with its multipliers, whatever the guesses were worth: `certificate.py` judges it from the arrays of
the whole.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from models.device import Array
from optimizer.certificate import FEASIBILITY_TOLERANCE, certify
from optimizer.cutting import Cut
from optimizer.highs import Basis, InfeasibleProgram, Solver, UnboundedProgram
from optimizer.horizon import Index
from optimizer.pricing import Pricer
from optimizer.program import Program
from optimizer.start import basis_in, first_basis
from optimizer.tile import Tiled
from optimizer.windows import Pieces, Window


class Block:
    """Some whole months: their part of the program, and the basis they were left with.

    Between solves it keeps only that: a solver of a month is 11 MB, and loading one takes 3 ms.
    """

    def __init__(self, cut: Cut, basis: Basis) -> None:
        self.cut, self._basis = cut, basis

    def solve(self, program: Program, level: Array) -> tuple[Array, Array]:
        """Optimum and multipliers within the program's bounds, the states at its borders held at `level`."""
        cut, every = self.cut, self.cut.every
        own = len(cut.columns)
        lower, upper = program.lower[every], program.upper[every]
        for held in (cut.ending, slice(own, None)):
            lower[held] = upper[held] = level[every[held]]
        cost = program.cost[every]
        cost[own:] = 0.0
        solver = Solver(presolve=False)  # it would throw the basis away
        solver.load(
            Program(
                cost,
                0.0,
                cut.matrix,
                program.row_lower[cut.inside],
                program.row_upper[cut.inside],
                lower,
                upper,
                np.zeros(len(every), dtype=bool),
            )
        )
        solver.start_from(self._basis)
        answer = solver.solve()
        self._basis = solver.basis()
        return answer.x[:own], answer.row_dual

    def basis(self) -> tuple[Basis, Index, Index]:
        """The basis it was left with, and the numbers of its columns and rows in the whole."""
        return self._basis, self.cut.columns, self.cut.inside


class Blocks:
    """The relaxation of one tiled program; it stays warm between solves."""

    def __init__(self, tiled: Tiled, program: Program, pricer: Pricer, pool: ThreadPoolExecutor) -> None:
        self._tiled, self._program, self._pool = tiled, program, pool
        self._pricer, self._cutter = pricer, pricer.cutter
        self._level = self._emptied()
        self._firsts = tiled.horizon.first("month").tolist()
        cuts = self._cut()
        tied = len(tiled.horizon) * len(tiled.template.rows)
        if any(cut.copies.size or (cut.coupling >= tied).any() for cut in cuts):
            # a decision or a limit of the whole horizon ties the months together
            self._firsts = self._firsts[:1]
            cuts = self._cut()
        basic = first_basis(tiled, program)
        self._blocks = [Block(cut, basis_in(cut, basic)) for cut in cuts]

    def basis_in(self, cut: Cut) -> Basis:
        """The part of the last bases that lies in a cut, whose copies of shared decisions rest."""
        borders = np.array(self._firsts) * len(self._tiled.template.columns)
        numbers = np.unique(np.searchsorted(borders, cut.columns, side="right") - 1)
        within = [self._blocks[number] for number in numbers.tolist()]
        copies = slice(len(cut.columns), len(cut.columns) + len(cut.copies))
        return Basis.joined([block.basis() for block in within], cut.every, cut.inside, copies)

    def _emptied(self) -> Array:
        """A first guess of every state at every border: as low as may be, (columns,)."""
        program = self._program
        return np.where(np.isfinite(program.lower), program.lower, np.clip(0.0, -np.inf, program.upper))

    def _cut(self) -> list[Cut]:
        ends = [*self._firsts[1:], len(self._tiled.horizon)]
        return [self._cutter.cut(Window(((a, b),))) for a, b in zip(self._firsts, ends, strict=True)]

    def _merge(self, borders: Sequence[int]) -> list[Block]:
        """Make one block of those on both sides of each border, its basis laid together from theirs."""
        old = dict(zip(self._firsts, self._blocks, strict=True))
        self._blocks = []
        self._firsts = [first for first in self._firsts if first not in set(borders)]
        ends = [*self._firsts[1:], len(self._tiled.horizon)]
        made = []
        for first, end, cut in zip(self._firsts, ends, self._cut(), strict=True):
            parts = [old.pop(start) for start in list(old) if first <= start < end]
            if len(parts) == 1:
                self._blocks.append(parts[0])
                continue
            basis = Basis.joined([part.basis() for part in parts], cut.every, cut.inside, slice(0))
            made.append(Block(cut, basis))
            self._blocks.append(made[-1])
        return made

    def solve(self, upper: Array | None = None) -> tuple[Array, Array]:
        """Optimum and row multipliers. Raises InfeasibleProgram and UnboundedProgram.

        `upper` replaces the columns' upper bounds; a further call restarts from the last bases.
        """
        program = self._program if upper is None else replace(self._program, upper=upper)
        x, dual = np.zeros(len(program.cost)), np.zeros(len(program.row_lower))
        stale: Sequence[Block] = self._blocks
        while True:
            try:
                self._solve_apart(stale, program, x, dual)
            except (InfeasibleProgram, UnboundedProgram):
                if len(self._blocks) == 1:
                    raise
                stale = self._merge(self._firsts[1:])  # the guess may be what is impossible
                continue
            apart = self._reconcile(program, x, dual)
            if not apart and (len(self._blocks) == 1 or certify(program, x, dual).holds):
                self._level = np.clip(x, program.lower, program.upper)
                return x, dual
            stale = self._merge(apart or self._firsts[1:])

    def _solve_apart(self, blocks: Sequence[Block], program: Program, x: Array, dual: Array) -> None:
        """Each of these blocks alone, its borders at the guess, into x and dual."""
        found = list(self._pool.map(lambda block: block.solve(program, self._level), blocks))
        for block, (values, multipliers) in zip(blocks, found, strict=True):
            x[block.cut.columns], dual[block.cut.inside] = values, multipliers

    def _reconcile(self, program: Program, x: Array, dual: Array) -> list[int]:
        """Lay solutions of the stretches around the borders into x and dual; borders where none fits."""
        at = self._pricer.multipliers(dual.copy())
        borders = np.array(self._firsts[1:], dtype=np.int64)
        pieces = Pieces(self._tiled, program, x, at.reduced)
        pieces.activate(pieces.of_intervals(borders[~pieces.is_edge(borders)]))
        apart: list[int] = []
        for window in pieces.windows():
            part = self._pricer.part(window, at, program.upper)
            # a shared decision stays where its month has put it, if that is enough here
            part.program.upper[part.copies] = x[part.cut.copies]
            solver = Solver()
            solver.load(part.program)
            try:
                answer = solver.solve()
            except InfeasibleProgram:
                answer = None
            first, last = window.stretches[0]
            own = len(part.cut.columns)
            if answer is not None:
                moved = np.abs(answer.x - x[part.cut.every])
                priced = part.program.cost - part.program.matrix.T @ answer.row_dual
                fits = (
                    (moved[part.cut.ending] <= FEASIBILITY_TOLERANCE).all()
                    and (moved[part.copies.stop :] <= FEASIBILITY_TOLERANCE).all()
                    and (np.abs(priced[part.copies]) <= FEASIBILITY_TOLERANCE).all()
                    and (part.pays[part.copies] * moved[part.copies] <= FEASIBILITY_TOLERANCE).all()
                )
                self._level[part.cut.columns] = np.clip(
                    answer.x[:own], program.lower[part.cut.columns], program.upper[part.cut.columns]
                )
                if fits:
                    x[part.cut.columns], dual[part.cut.inside] = answer.x[:own], answer.row_dual
                    continue
            apart += borders[(borders > first) & (borders < last)].tolist()
        return apart
