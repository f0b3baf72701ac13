"""A small park planned day by day."""

from functools import partial

import numpy as np

from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.proof.certificate import primal_infeasibility
from parkdispatch.optimizer.solve import optimize
from parkdispatch.studies.daily_replay import assemble_year
from parkdispatch.studies.day_ahead_plans import DayPlan, plan_days
from tests.support.small_parks import SmallPark

one_thread = partial(optimize, threads=1)


class Replay:
    """A small park planned day by day; the whole obeys every rule of the whole horizon."""

    def __init__(self, park: SmallPark, **least_mw: float) -> None:
        months = len(park.horizon.labels("month"))
        least = {name: np.full(months, mw) for name, mw in least_mw.items()}
        self.plans: list[DayPlan] = plan_days(
            park.devices, park.horizon, park.series, least, one_thread, lambda _: None
        )
        year = park.tiled()
        self.x = assemble_year(year, self.plans)
        assert primal_infeasibility(year.program, self.x) <= 1e-6
        assert not violated_pairs(year, self.x).any()
        self.cost = year.program.objective(self.x)

    def left(self, what: str, name: str) -> list[float]:
        """What each day leaves: `peak_mw` of a connection or `energy_mwh` of a battery."""
        return [getattr(plan.day_end, what)[name] for plan in self.plans]
