"""Settle what windows with binaries and the rest of the horizon dispute, such as the month's peak.

One price for a shared decision is not enough where binaries make a window want either much of it or little:
at any price some window over- or undershoots, and the bound stays below the optimum. So all state their whole
cost as a function of the decision, plane by plane (Benders' cuts). Those without binaries have a convex one.
So have most windows with binaries where it matters; the few of which that turns out not to be so choose
against the planes of the rest, together and with their binaries, until these hold where they choose.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.device import Array
from models.errors import SolverError
from optimizer.claimants import Chooser, Others, Planes, Search
from optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from optimizer.horizon import Index
from optimizer.pricing import Part, with_binaries
from optimizer.program import Program

PROBE = 1e-3  # relative; how far from the present value the first planes are taken, one on each side
MOST_TRIALS = 30
LIFT_YUAN = 1e-9  # a plane that says less more than is known is none
OTHERS = -1  # among the claimants; the rest are numbers of bidders


@dataclass(frozen=True)
class Bidder:
    """A window with binaries, the columns of its pairs, (pairs, 2), and what finds its least cost."""

    part: Part
    pairs: Index
    search: Search


@dataclass(frozen=True)
class Settled:
    """The bound, and each one's share of the solution in its part's columns; none where none was found."""

    bound: float
    shared: Array
    bidders: list[Array]
    others: Array | None


class _Known:
    """The planes of each claimant, by component, and where the others find what is shared impossible."""

    def __init__(self) -> None:
        self._planes: dict[int, Planes] = {}
        self._component: dict[int, Index] = {}
        self._components: dict[int, int] = {}
        self.needs: list[Planes] = []

    def add(self, who: int, planes: Planes, at: Array | None = None) -> None:
        """Note planes, where they lie above what is known there."""
        count = self._components.setdefault(who, len(planes.value))
        new, component = np.arange(count), np.arange(count)
        if who in self._planes:
            if at is not None:
                new = np.flatnonzero(planes.at(at) > self.at(who, at) + LIFT_YUAN)
            known, component = self._planes[who], np.concatenate([self._component[who], new])
            planes = Planes(
                np.concatenate([known.value, planes.value[new]]),
                np.concatenate([known.slopes, planes.slopes[new]]),
            )
        self._planes[who], self._component[who] = planes, component

    def forget(self, who: int) -> None:
        """Leave a claimant out."""
        del self._planes[who], self._component[who], self._components[who]

    def at(self, who: int, shared: Array) -> Array:
        """What each component of a claimant costs at least there, (components,)."""
        least = np.full(self._components[who], -np.inf)
        np.maximum.at(least, self._component[who], self._planes[who].at(shared))
        return least

    @property
    def count(self) -> int:
        """Components of all claimants."""
        return sum(self._components.values())

    def rows(self) -> tuple[sp.coo_array, Array]:
        """Rows cost - slopes x shared >= value, needs below; columns are the shared decisions, then costs."""
        first = np.cumsum([0, *self._components.values()])
        column = np.concatenate(
            [at + begin for at, begin in zip(self._component.values(), first, strict=False)]
        )
        said = [*self._planes.values(), *self.needs]
        slopes, value = (
            np.concatenate(each) for each in zip(*((p.slopes, p.value) for p in said), strict=True)
        )
        costs = sp.coo_array(
            (np.ones(len(column)), (np.arange(len(column)), column)), shape=(len(value), self.count)
        )
        return sp.coo_array(sp.hstack([sp.coo_array(-slopes), costs])), value


def settle(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    start: Array,
    dual: Array,
    bidders: Sequence[Bidder],
    rest: Others,
    tolerance: float,
    deadline: float,
) -> Settled:
    """Least cost of the shared decisions, the bidders with their binaries and the others, together.

    `price` is what is left of the shared decisions' cost when all who take part here are taken away.
    """
    known = _Known()
    known.add(OTHERS, rest.planes(dual[rest.inside]))
    choosers: dict[int, Chooser] = {}
    for number, bidder in enumerate(bidders if len(bidders) > 1 else ()):
        chooser = Chooser(bidder.part, shared, bidder.search)
        claim = chooser.at(start)
        if claim is not None:
            choosers[number] = chooser
            known.add(number, claim.planes)
    probe = PROBE * np.maximum(1.0, np.abs(start))
    for trial, claim in rest.claims:
        known.add(OTHERS, claim.planes, trial)
    for trial in (start + probe, start - probe) if not rest.claims else ():
        _ask(rest, trial, known)
    best, floored = Settled(-np.inf, start, [], None), False
    for _ in range(MOST_TRIALS):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        apart = [number for number in range(len(bidders)) if number not in choosers]
        program, places = _together(shared, price, lower, upper, [bidders[number] for number in apart], known)
        solver = Solver(time_limit_s=left)
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
        if answer.bound > best.bound:
            best = Settled(answer.bound, at, [], None)
        needs = len(known.needs)
        asked = _ask(rest, at, known)
        if asked is None:
            if len(known.needs) == needs:
                break
            continue
        cost, x = asked
        shares = {number: answer.x[place] for number, place in zip(apart, places, strict=True)}
        for number, chooser in list(choosers.items()):
            claim = chooser.at(at)
            if claim is not None:
                cost += claim.yuan
                shares[number] = claim.x
                known.add(number, claim.planes, at)
            if claim is None or claim.yuan - known.at(number, at)[0] > tolerance / len(bidders):
                # no plane touches its cost here: its choice matters
                del choosers[number]
                known.forget(number)
        if len(shares) == len(bidders) and -np.inf < cost + missing <= tolerance:
            return replace(best, shared=at, bidders=[shares[n] for n in range(len(bidders))], others=x)
    return best


def _ask(others: Others, trial: Array, known: _Known) -> tuple[float, Array] | None:
    """What the others cost there and how, whose planes are noted; none where it is impossible."""
    try:
        claim = others.at(trial)
    except InfeasibleProgram:
        need = others.need(trial)
        if need is not None:
            known.needs.append(need)
        return None
    known.add(OTHERS, claim.planes, trial)
    return claim.yuan, claim.x


def _together(
    shared: Index,
    price: Array,
    lower: Array,
    upper: Array,
    bidders: Sequence[Bidder],
    known: _Known,
) -> tuple[Program, list[Index]]:
    """Shared decisions, what claimants cost at least, then each bidder; and where each one's columns went."""
    count = len(shared)
    first = count + known.count
    free = np.full(known.count, np.inf)
    rows, least = known.rows()
    blocks, row_lowers, row_uppers = [rows], [least], [np.full(len(least), np.inf)]
    costs, lowers, uppers = [price, np.ones(known.count)], [lower, -free], [upper, free]
    binaries, places = [np.zeros(first, dtype=bool)], []
    for bidder in bidders:
        part, program = bidder.part, with_binaries(bidder.part.program, bidder.pairs)
        place = np.empty(len(program.cost), dtype=np.int64)
        is_shared = np.zeros(len(program.cost), dtype=bool)
        is_shared[: len(part.cut.every)] = np.isin(part.cut.every, shared)
        place[is_shared] = np.searchsorted(shared, part.cut.every[is_shared[: len(part.cut.every)]])
        place[~is_shared] = first + np.arange((~is_shared).sum())
        first += int((~is_shared).sum())
        entries = program.matrix.tocoo()
        blocks.append(
            sp.coo_array((entries.data, (entries.row, place[entries.col])), shape=(entries.shape[0], first))
        )
        costs.append(program.cost[~is_shared])
        lowers.append(program.lower[~is_shared])
        uppers.append(program.upper[~is_shared])
        binaries.append(program.binary[~is_shared])
        row_lowers.append(program.row_lower)
        row_uppers.append(program.row_upper)
        places.append(place)
    wide = [sp.csr_array((b.data, (b.row, b.col)), shape=(b.shape[0], first)) for b in blocks]
    return (
        Program(
            np.concatenate(costs),
            0.0,
            sp.vstack(wide, format="csr"),
            np.concatenate(row_lowers),
            np.concatenate(row_uppers),
            np.concatenate(lowers),
            np.concatenate(uppers),
            np.concatenate(binaries),
        ),
        places,
    )
