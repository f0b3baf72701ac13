"""Pyomo on `works`: variables and constraints indexed by the intervals, as on the other instances."""

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from benchmarks.instance import Array
from benchmarks.peers import with_pyomo
from benchmarks.works.works_instance import Works


def write_works(works: Works) -> Any:
    """The model in Pyomo's words."""
    m = pyo.ConcreteModel()
    store, unit, hours = works.store, works.unit, works.hours
    pv, load = works.pv_mw.tolist(), works.load_mw.tolist()
    m.t = pyo.RangeSet(0, len(works) - 1)
    m.bought = pyo.Var(m.t, bounds=(0, works.import_limit_mw))
    m.sold = pyo.Var(m.t, bounds=(0, works.export_limit_mw))
    m.forward = pyo.Var(m.t, bounds=(0, works.forward_limit_mw))
    m.backward = pyo.Var(m.t, bounds=(0, works.backward_limit_mw))
    m.pv = pyo.Var(m.t, bounds=lambda _, t: (0, pv[t]))
    m.charge = pyo.Var(m.t, bounds=(0, store.power_mw))
    m.discharge = pyo.Var(m.t, bounds=(0, store.power_mw))
    m.energy = pyo.Var(m.t, bounds=(store.lowest_mwh, store.highest_mwh))
    m.power = pyo.Var(m.t, bounds=(0, unit.rated_mw))
    m.on = pyo.Var(m.t, domain=pyo.Binary)
    m.start = pyo.Var(m.t, domain=pyo.Binary)
    kept = 1 - works.loss

    def at_works(m: Any, t: int) -> Any:
        received = kept * m.forward[t] - m.backward[t]
        return m.bought[t] - m.sold[t] + m.power[t] + received == load[t]

    def at_yard(m: Any, t: int) -> Any:
        return m.pv[t] + m.discharge[t] - m.charge[t] + kept * m.backward[t] - m.forward[t] == 0

    def level(m: Any, t: int) -> Any:
        before = m.energy[t - 1] if t else store.initial_mwh
        moved = store.eta_charge * hours * m.charge[t] - hours / store.eta_discharge * m.discharge[t]
        return m.energy[t] == store.kept * before + moved

    m.at_works = pyo.Constraint(m.t, rule=at_works)
    m.at_yard = pyo.Constraint(m.t, rule=at_yard)
    m.level = pyo.Constraint(m.t, rule=level)
    m.final = pyo.Constraint(expr=m.energy[len(works) - 1] >= store.final_mwh)
    m.most = pyo.Constraint(m.t, rule=lambda m, t: m.power[t] <= unit.rated_mw * m.on[t])
    m.least = pyo.Constraint(m.t, rule=lambda m, t: m.power[t] >= unit.least_mw * m.on[t])
    m.starts = pyo.Constraint(m.t, rule=lambda m, t: m.start[t] >= m.on[t] - (m.on[t - 1] if t else 0))
    m.cost = pyo.Objective(expr=_cost(m, works))
    return m


def _cost(m: Any, works: Works) -> Any:
    unit, ones = works.unit, np.ones(len(works))
    cost_of = {
        m.bought: works.hours * works.buy_yuan_per_mwh,
        m.sold: -works.hours * works.sell_yuan_per_mwh,
        m.discharge: works.hours * works.store.wear_yuan_per_mwh * ones,
        m.power: works.hours * unit.fuel_yuan_per_mwh * ones,
        m.on: works.hours * unit.running_yuan_per_h * ones,
        m.start: unit.start_yuan * ones,
    }
    coefficients = np.concatenate(list(cost_of.values())).tolist()
    variables = [variable for indexed in cost_of for variable in indexed.values()]
    return LinearExpression(constant=0, linear_coefs=coefficients, linear_vars=variables)


class Tool(with_pyomo.Tool):
    def build(self) -> None:
        self.model = write_works(self.instance)

    def values(self) -> tuple[Array, Array]:
        both = (self.model.bought, self.model.energy)
        bought, energy = (np.array([var.value for var in indexed.values()]) for indexed in both)
        return bought, energy
