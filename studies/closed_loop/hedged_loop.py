"""A closed loop of a park at one bus whose plans are made on paths drawn from the forecasts."""

from collections.abc import Mapping

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.rolling_program import with_initial
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.stochastic.give_way import giving_way_program, set_point_columns
from parkdispatch.optimizer.stochastic.path_optimum import path_optimum
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopHedge, LoopOptions
from parkdispatch.studies.closed_loop.one_bus_loop import STEP_LIMIT_S, OneBusLoop

PATH_GAP = 1e-4  # relative; what is drawn of tomorrow is known less exactly
# of the dearest energy: what a store that gives way loses is the difference of two prices; at the whole price
# plans are so cautious that two weeks of July cost 74,000 yuan more than planned on the medians, at this 600
GIVING_WAY_SHARE = 0.1


class HedgedLoop(OneBusLoop):
    """A loop whose set points of stores, until the next plan, are the same on all paths of a plan.

    A path gives way to a limit or the peak at a price, as the stores do. Where nothing is uncertain, or some
    path has no dispatch, the plan is that on the medians.
    """

    def __init__(
        self, prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]
    ) -> None:
        super().__init__(prepared, options, issued)
        self.stores = frozenset(name for name, device in self.devices.items() if device.role == "store")

    def new_plan(self, now: int) -> tuple[Array, float]:
        """The plan made at an interval, (intervals, columns), and what it costs in its measure [yuan]."""
        hedge, drawn = self.options.hedge, [n for n in self.uncertain if self._key(n) in self.issued]
        if hedge is None or not drawn:
            return super().new_plan(now)
        span, template = self.horizon(now), with_initial(self.template, self.initial)
        horizon = Horizon(self.prepared.times[span], self.prepared.hours)
        paths = [Tiled(template, horizon, weights) for weights in self._paths(now, hedge, drawn)]
        until = min(self._until_next_plan(now), len(horizon))
        program = giving_way_program(paths, self.stores, until, self._giving_way_price(paths[0]), hedge.risk)
        try:
            optimum = path_optimum(program, STEP_LIMIT_S, PATH_GAP)
        except InfeasibleError:
            self.proofs.unhedged += 1
            return super().new_plan(now)
        self.proofs.add(optimum.gap)
        planned = np.zeros((until, len(template.columns)))
        members = set_point_columns(paths[0], self.stores)
        for (charged, discharged), set_point_mw in zip(members, optimum.x[program.set_points], strict=True):
            planned[:, charged], planned[:, discharged] = np.maximum([-set_point_mw, set_point_mw], 0.0)
        return planned, optimum.objective_yuan

    def _giving_way_price(self, tiled: Tiled) -> float:
        """What a MWh beside the set points costs in a plan [yuan/MWh]."""
        of_intervals = tiled.program.cost[: tiled.shared_starts[0]]
        return GIVING_WAY_SHARE * float(np.abs(of_intervals).max(initial=0.0)) / self.prepared.hours

    def _until_next_plan(self, now: int) -> int:
        """Intervals whose set points are sent before another plan is made: they must suit all paths."""
        since_midnight = now % self.per_day
        starts = [round(hour / self.prepared.hours) for hour in self.options.plan_at]
        return min(((start - since_midnight - 1) % self.per_day + 1 for start in starts), default=1)

    def _paths(self, now: int, hedge: LoopHedge, drawn: list[int]) -> list[Array]:
        """The series of each path, (1 + series, intervals)."""
        span, known = self.horizon(now), self.known(now)
        generator = np.random.default_rng((hedge.seed, now))
        weights = np.repeat(known[np.newaxis], hedge.paths, axis=0)
        for number in drawn:
            actual, forecasts = self.weights[number], self.issued[self._key(number)]
            weights[:, number] = forecasts.paths(actual, now, span.stop - span.start, hedge.paths, generator)
        return list(weights)

    def _key(self, number: int) -> Key:
        return self.template.series[number - 1]
