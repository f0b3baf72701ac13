"""Pyomo through both of its HiGHS interfaces: variables and constraints indexed by the intervals.

Both interfaces are persistent. Handing over is `set_instance`; as the model does not change afterwards, the
checks for changes are switched off, as the documentation advises, so that `solve` only solves.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from benchmarks.instance import GAP, Array, Instance
from benchmarks.peers import Answer, Peer, Sizes


def write(instance: Instance, exclusive: bool) -> Any:
    """The model in Pyomo's words."""
    m = pyo.ConcreteModel()
    hours, stores = instance.hours, instance.stores
    m.t = pyo.RangeSet(0, len(instance) - 1)
    m.s = pyo.RangeSet(0, len(stores) - 1)
    m.month = pyo.RangeSet(0, len(instance.demand_yuan_per_mw) - 1)
    pv, drawn = instance.pv_mw.tolist(), instance.drawn_mw.tolist()
    month = instance.month.tolist()

    m.bought = pyo.Var(m.t, bounds=(0, instance.import_limit_mw))
    m.sold = pyo.Var(m.t, bounds=(0, instance.export_limit_mw))
    m.pv = pyo.Var(m.t, bounds=lambda _, t: (0, pv[t]))
    m.charge = pyo.Var(m.s, m.t, bounds=lambda _, s, t: (0, stores[s].power_mw))
    m.discharge = pyo.Var(m.s, m.t, bounds=lambda _, s, t: (0, stores[s].power_mw))
    m.energy = pyo.Var(m.s, m.t, bounds=lambda _, s, t: (stores[s].lowest_mwh, stores[s].highest_mwh))
    m.peak = pyo.Var(m.month, bounds=(0, None))

    def balance(m: Any, t: int) -> Any:
        stored = sum(m.discharge[s, t] - m.charge[s, t] for s in m.s)
        return m.bought[t] - m.sold[t] + m.pv[t] + stored == drawn[t]

    def level(m: Any, s: int, t: int) -> Any:
        store = stores[s]
        before = m.energy[s, t - 1] if t else store.initial_mwh
        moved = store.eta_charge * hours * m.charge[s, t] - hours / store.eta_discharge * m.discharge[s, t]
        return m.energy[s, t] == store.kept * before + moved

    m.balance = pyo.Constraint(m.t, rule=balance)
    m.level = pyo.Constraint(m.s, m.t, rule=level)
    m.within_peak = pyo.Constraint(m.t, rule=lambda m, t: m.bought[t] <= m.peak[month[t]])
    last = len(instance) - 1
    m.final = pyo.Constraint(m.s, rule=lambda m, s: m.energy[s, last] >= stores[s].final_mwh)
    if exclusive:
        _exclude(m, instance)
    m.cost = pyo.Objective(expr=_cost(m, instance))
    return m


def _exclude(m: Any, instance: Instance) -> None:
    stores = instance.stores
    m.buying = pyo.Var(m.t, domain=pyo.Binary)
    m.charging = pyo.Var(m.s, m.t, domain=pyo.Binary)
    m.buy_only = pyo.Constraint(m.t, rule=lambda m, t: m.bought[t] <= instance.import_limit_mw * m.buying[t])
    m.sell_only = pyo.Constraint(
        m.t, rule=lambda m, t: m.sold[t] <= instance.export_limit_mw * (1 - m.buying[t])
    )
    m.charge_only = pyo.Constraint(
        m.s, m.t, rule=lambda m, s, t: m.charge[s, t] <= stores[s].power_mw * m.charging[s, t]
    )
    m.discharge_only = pyo.Constraint(
        m.s, m.t, rule=lambda m, s, t: m.discharge[s, t] <= stores[s].power_mw * (1 - m.charging[s, t])
    )


def _cost(m: Any, instance: Instance) -> Any:
    hours, count = instance.hours, len(instance)
    coefficients = np.concatenate(
        [
            hours * instance.buy_yuan_per_mwh,
            -hours * instance.sell_yuan_per_mwh,
            *(np.full(count, hours * store.wear_yuan_per_mwh) for store in instance.stores),
            instance.demand_yuan_per_mw,
        ]
    )
    variables = [*m.bought.values(), *m.sold.values(), *m.discharge.values(), *m.peak.values()]
    return LinearExpression(constant=0, linear_coefs=coefficients.tolist(), linear_vars=variables)


class Appsi:
    """`pyomo.contrib.appsi.solvers.Highs`, which `SolverFactory("appsi_highs")` wraps."""

    def __init__(self, model: Any) -> None:
        from pyomo.contrib.appsi.solvers import Highs

        self.opt, self.model = Highs(), model
        for check in list(self.opt.update_config):
            setattr(self.opt.update_config, check, False)
        self.opt.config.load_solution = False
        self.opt.config.mip_gap = GAP
        self.opt.set_instance(model)

    def solve(self, limit_s: float) -> None:
        self.opt.config.time_limit = limit_s
        self.found = self.opt.solve(self.model)

    def result(self) -> tuple[float, float, bool]:
        results = self.found
        finished = results.termination_condition.name == "optimal"
        if results.best_feasible_objective is None:
            return np.inf, -np.inf, False
        results.solution_loader.load_vars()
        return results.best_feasible_objective, results.best_objective_bound, finished


class New:
    """`pyomo.contrib.solver`, which `SolverFactory("highs")` wraps."""

    def __init__(self, model: Any) -> None:
        from pyomo.contrib.solver.solvers.highs import Highs

        self.opt, self.model = Highs(), model
        for check in list(self.opt.config.auto_updates):
            setattr(self.opt.config.auto_updates, check, False)
        self.opt.config.load_solutions = False
        self.opt.config.raise_exception_on_nonoptimal_result = False
        self.opt.config.rel_gap = GAP
        self.opt.set_instance(model)

    def solve(self, limit_s: float) -> None:
        self.found = self.opt.solve(self.model, time_limit=limit_s)

    def result(self) -> tuple[float, float, bool]:
        results = self.found
        finished = results.solution_status.name == "optimal"
        if results.incumbent_objective is None:
            return np.inf, -np.inf, False
        results.solution_loader.load_vars()
        return results.incumbent_objective, results.objective_bound, finished


def highs_sizes(highs: Any) -> Sizes:
    """Sizes of what is in a HiGHS object."""
    integer = sum(int(kind) == 1 for kind in highs.getLp().integrality_)
    return Sizes(highs.getNumRow(), highs.getNumCol(), highs.getNumNz(), integer)


class Tool(Peer):
    def __init__(self, exclusive: bool, options: Mapping[str, Any]) -> None:
        super().__init__(exclusive, options)
        self.interface_class = Appsi if options["interface"] == "appsi" else New

    def build(self) -> None:
        self.model = write(self.instance, self.exclusive)

    def hand_over(self) -> None:
        self.interface = self.interface_class(self.model)

    def solve(self, limit_s: float) -> None:
        self.interface.solve(limit_s)

    def extract(self) -> Answer:
        objective, bound, finished = self.interface.result()
        if not np.isfinite(objective):
            nothing = np.full(len(self.instance), np.nan)
            return Answer(objective, bound, finished, nothing, nothing)
        return Answer(objective, bound, finished, *self.values())

    def values(self) -> tuple[Array, Array]:
        """Import, and energy of all batteries, (intervals,) each."""
        bought = np.array([var.value for var in self.model.bought.values()])
        energy = np.array([var.value for var in self.model.energy.values()])
        return bought, energy.reshape(len(self.instance.stores), -1).sum(axis=0)

    def sizes(self) -> Sizes:
        return highs_sizes(self.interface.opt._solver_model)
