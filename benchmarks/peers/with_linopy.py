"""linopy: labelled arrays of variables, handed to HiGHS without a file (`io_api="direct"`).

`Model.solve(solver_name="highs", io_api="direct")` is taken apart into the three calls it consists of, so
that handing over, solving and bringing the solution back are timed apart.
"""

from collections.abc import Mapping
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr
from linopy.solvers import Solver

from benchmarks.instance import GAP, Instance
from benchmarks.peers import Answer, Peer, Sizes
from benchmarks.peers.with_pyomo import highs_sizes


def write(instance: Instance, exclusive: bool) -> Any:
    """The model in linopy's words."""
    m = linopy.Model()
    time = pd.RangeIndex(len(instance), name="time")
    store = pd.Index([s.name for s in instance.stores], name="store")
    month = pd.RangeIndex(len(instance.demand_yuan_per_mw), name="month")

    def over_time(values: Any) -> xr.DataArray:
        return xr.DataArray(values, coords=[time])

    def of_stores(quantity: str) -> xr.DataArray:
        return xr.DataArray([getattr(s, quantity) for s in instance.stores], coords=[store])

    power, hours = of_stores("power_mw"), instance.hours
    bought = m.add_variables(lower=0, upper=instance.import_limit_mw, coords=[time], name="bought")
    sold = m.add_variables(lower=0, upper=instance.export_limit_mw, coords=[time], name="sold")
    pv = m.add_variables(lower=0, upper=over_time(instance.pv_mw), name="pv")
    charge = m.add_variables(lower=0, upper=power, coords=[store, time], name="charge")
    discharge = m.add_variables(lower=0, upper=power, coords=[store, time], name="discharge")
    energy = m.add_variables(
        lower=of_stores("lowest_mwh"), upper=of_stores("highest_mwh"), coords=[store, time], name="energy"
    )
    peak = m.add_variables(lower=0, coords=[month], name="peak")

    stored = discharge.sum("store") - charge.sum("store")
    m.add_constraints(bought - sold + pv + stored == over_time(instance.drawn_mw), name="balance")
    moved = charge * (of_stores("eta_charge") * hours) - discharge * (hours / of_stores("eta_discharge"))
    later = slice(1, None)
    kept, start = of_stores("kept"), of_stores("kept") * of_stores("initial_mwh")
    m.add_constraints((energy - moved).isel(time=0) == start, name="first_level")
    before = kept * energy.shift(time=1).isel(time=later)
    m.add_constraints((energy - moved).isel(time=later) - before == 0, name="level")
    m.add_constraints(bought - peak.sel(month=over_time(instance.month)) <= 0, name="within_peak")
    m.add_constraints(energy.isel(time=-1) >= of_stores("final_mwh"), name="final")
    if exclusive:
        buying = m.add_variables(binary=True, coords=[time], name="buying")
        charging = m.add_variables(binary=True, coords=[store, time], name="charging")
        m.add_constraints(bought - instance.import_limit_mw * buying <= 0, name="buy_only")
        m.add_constraints(
            sold + instance.export_limit_mw * buying <= instance.export_limit_mw, name="sell_only"
        )
        m.add_constraints(charge - power * charging <= 0, name="charge_only")
        m.add_constraints(discharge + power * charging <= power, name="discharge_only")
    paid = (bought * over_time(hours * instance.buy_yuan_per_mwh)).sum()
    earned = (sold * over_time(hours * instance.sell_yuan_per_mwh)).sum()
    demand = (peak * xr.DataArray(instance.demand_yuan_per_mw, coords=[month])).sum()
    wear = of_stores("wear_yuan_per_mwh") * hours
    worn = (discharge * wear).sum() if float(wear.sum()) else 0
    m.add_objective(paid - earned + demand + worn)
    return m


def hand_to_highs(model: Any) -> Any:
    """A linopy solver that holds the model."""
    options = {"output_flag": False, "mip_rel_gap": GAP}
    model.constraints.sanitize_zeros()
    return Solver.from_name("highs", model=model, io_api="direct", options=options)


def outcome(solver: Any, result: Any) -> Mapping[str, Any]:
    """Objective, bound, and whether it is the optimum."""
    finished = result.status.termination_condition.value == "optimal"
    objective = result.solution.objective if result.solution is not None else np.inf
    if np.isnan(objective):
        objective = np.inf
    info = solver.solver_model.getInfo()
    is_mip = info.mip_node_count >= 0
    bound = info.mip_dual_bound if is_mip else (objective if finished else -np.inf)
    return {"objective_yuan": float(objective), "bound_yuan": float(bound), "finished": finished}


class Tool(Peer):
    def build(self) -> None:
        self.model = write(self.instance, self.exclusive)

    def hand_over(self) -> None:
        self.solver = hand_to_highs(self.model)

    def solve(self, limit_s: float) -> None:
        self.solver.solver_model.setOptionValue("time_limit", limit_s)
        self.result = self.solver.solve()

    def extract(self) -> Answer:
        said = outcome(self.solver, self.result)
        if not np.isfinite(said["objective_yuan"]):
            nothing = np.full(len(self.instance), np.nan)
            return Answer(**said, import_mw=nothing, energy_mwh=nothing)
        self.model.assign_result(self.result)
        solution = self.model.solution
        bought, energy = self.bought_mw(solution), self.energy_mwh(solution)
        return Answer(**said, import_mw=bought.to_numpy(), energy_mwh=energy.to_numpy())

    def bought_mw(self, solution: Any) -> Any:
        """Import, over time."""
        return solution["bought"]

    def energy_mwh(self, solution: Any) -> Any:
        """Energy of all batteries, over time."""
        return solution["energy"].sum("store")

    def sizes(self) -> Sizes:
        return highs_sizes(self.solver.solver_model)
