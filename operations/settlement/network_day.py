"""A day of any park as it goes when its devices follow set points, and what it costs.

Each interval is executed as in a closed loop: what was executed before it is fixed, stores, work that may
wait, units and converters follow their set points, the network and the connection take the rest. Devices with
a meter follow that meter instead, as near as the rules of the park allow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import scipy.sparse as sp
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.operations.settlement.connection_money import connection_money
from parkdispatch.operations.settlement.day_record import DayRecord, metered_bus, metered_sign
from parkdispatch.operations.settlement.real_day import RealDay
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.partly_executed import PartlyExecuted
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.proof.certificate import ProofMethod
from parkdispatch.optimizer.solve import Optimum, Proof
from parkdispatch.results.audit import audit
from parkdispatch.results.settlement.day_settlement import DayMoney, DayVolumes
from parkdispatch.results.solution import cost_yuan, with_roles
from parkdispatch.studies.closed_loop.interval_execution import (
    Meters,
    PeakPaidFor,
    SetPoints,
    executed_interval,
    shared_peaks,
)
from parkdispatch.studies.closed_loop.loop_span import FORECAST_SERIES
from parkdispatch.studies.daily_replay import with_month_peaks
from parkdispatch.studies.solve_case import case_attributes

OF_EXCHANGE = ("purchase", "sale", "demand", "demand_excess")  # costs of a connection that its meter decides
SERIES_OF_SOURCES = "available_mw"


@dataclass(frozen=True)
class NetworkDay:
    """A day in the columns of its template, (intervals, columns).

    `exchange_mw` is import and export by the meters of connections that have one; `final_mwh` holds stores
    whose energy at the end was measured.
    """

    x: Array
    exchange_mw: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)
    final_mwh: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NetworkRules(RealDay[Array, NetworkDay]):
    """A day of a park of any buses, devices and connections; points are (intervals, columns)."""

    work_mwh: dict[str, float] = field(default_factory=dict)  # of loads that shift, to hold a day's against

    def with_work_of(self, solution: xr.Dataset) -> Self:
        """The same rules, by which work that shifts is held against that of a dispatch."""
        work_mwh = {
            name: float(solution[f"{name}.power_mw"].sum()) * self.prepared.hours
            for name, key in self._number
            if key == "done_mwh"
        }
        return replace(self, work_mwh=work_mwh)

    @cached_property
    def tiled(self) -> Tiled:
        """The park on the day."""
        template = kept_template(self.case.devices, self.prepared.hours)
        return tile(template, Horizon(self.prepared.times, self.prepared.hours), self.prepared.series)

    @cached_property
    def _number(self) -> dict[tuple[str, str], int]:
        return {column.key: number for number, column in enumerate(self.tiled.template.columns)}

    @cached_property
    def _set_points(self) -> SetPoints:
        free = {
            name
            for name, key in self.tiled.template.series
            if key in FORECAST_SERIES and self.case.devices[name].role == "source"
        }
        return SetPoints.of(self.tiled.template, self.case.devices, frozenset(free))

    def points_of(self, solution: xr.Dataset) -> Array:
        """The decisions of a dispatch."""
        return np.column_stack([solution[f"{name}.{key}"].to_numpy() for name, key in self._number])

    def sent_points(self, record: DayRecord) -> Array:
        """The decisions of the plan that was sent."""
        return np.column_stack([record.planned_values(name, key) for name, key in self._number])

    def expected(self, record: DayRecord, points: Array) -> NetworkDay:
        """The day as the plan that was sent has it."""
        return NetworkDay(points)

    def following(self, points: Array) -> NetworkDay:
        """The day interval by interval."""
        return self._executed(points, None)

    def as_metered(self, record: DayRecord, sent: NetworkDay) -> Sequence[tuple[str, NetworkDay]]:
        """The day by the devices' meters, as far as they have one, and by that of the connection."""
        meters = {**record.set_points_mw, **record.powers_mw}
        by_device = sent
        if meters:
            by_device = self._executed(sent.x, meters)
        final = {name: soc * self.case.batteries[name].full_mwh for name, soc in record.final_soc.items()}
        by_device = replace(by_device, final_mwh=final)
        if not record.exchange_mw:
            return [("following", by_device)]
        actual = replace(by_device, exchange_mw=record.exchange_mw)
        return [("following", by_device), ("meters", actual)] if meters else [("following", actual)]

    def _executed(self, points: Array, meters: dict[str, Array] | None) -> NetworkDay:
        done, whole = list[Array](), self.tiled
        width = points.shape[1]
        for number, planned in enumerate(points):
            span = slice(0, number + 1)
            so_far = PartlyExecuted(
                whole.template,
                Horizon(self.prepared.times[span], self.prepared.hours),
                whole.weights[:, span],
                executed=np.array(done).reshape(number, width),
            )
            seen = None if meters is None else self._meters(meters, number)
            x, _ = executed_interval(so_far, planned, self._set_points, self._peaks(done, number), seen)
            done.append(x)
        return NetworkDay(np.array(done))

    def _peaks(self, done: Sequence[Array], now: int) -> list[PeakPaidFor]:
        """The peaks by which several connections share what the devices leave to them."""
        if len(self.grids) < 2:
            return []
        series, column = self.prepared.series, {grid: self._number[grid, "import_mw"] for grid in self.grids}
        paid_mw, price = dict[str, float](), dict[str, float]()
        for grid in self.grids:
            price[grid] = float(series[grid, "demand_price_yuan_per_mw_month"][now])
            so_far_mw = max((float(x[column[grid]]) for x in done), default=0.0)
            floor_mw = 0.0
            if self.case.devices[grid].pays_for_demand:
                floor_mw = float(series[grid, "peak_floor_mw"][now] + series[grid, "demand_free_mw"][now])
            paid_mw[grid] = max(so_far_mw, floor_mw)
        return shared_peaks(column, paid_mw, price)

    def _meters(self, meters: dict[str, Array], number: int) -> Meters:
        """What the meters say of an interval: rows over its columns and their values."""
        template, weights = self.tiled.template, self.tiled.weights[:, number]
        width, rows, values = len(template.columns), list[Array](), list[float]()
        for name, power_mw in meters.items():
            if name in self.case.batteries:
                for key, value in (("charge_mw", -power_mw[number]), ("discharge_mw", power_mw[number])):
                    row = np.zeros(width)
                    row[self._number[name, key]] = 1.0
                    rows.append(row)
                    values.append(max(float(value), 0.0))
                continue
            device = self.case.devices[name]
            functional = weights @ template.coefficients[:, template.injections[name, metered_bus(device)], :]
            sign = metered_sign(device)
            rows.append(sign * functional[:width])
            values.append(float(power_mw[number]) - sign * float(functional[-1]))
        columns = [(n, column) for n, column in enumerate(template.columns) if column.key[0] in meters]
        states = np.array([n for n, column in columns if column.key[1].endswith("_mwh")], dtype=np.int64)
        decisions = np.array([n for n, column in columns if column.is_binary], dtype=np.int64)
        return Meters(sp.csr_array(np.array(rows)), np.array(values), states, decisions)

    def money(self, day: NetworkDay) -> DayMoney:
        """The lines of the day; each cost is computed by its device too, that of the exchange by the bill."""
        energy_yuan = sum(
            yuan
            for name, yuan in cost_yuan(self._audited(day)).items()
            if not (name.device in self.grids and name.key in OF_EXCHANGE)
        )
        peak_yuan = 0.0
        for grid in self.grids:
            exchanged_yuan, added_yuan = connection_money(self.prepared, grid, *self._exchange_mw(day, grid))
            energy_yuan += exchanged_yuan
            peak_yuan += added_yuan
        return DayMoney(energy_yuan, self._stored_yuan(day), peak_yuan)

    def _audited(self, day: NetworkDay) -> xr.Dataset:
        """The day as a dataset whose costs were computed twice. Raises SolverError where they differ."""
        x = with_month_peaks(self.tiled, day.x.ravel())
        objective_yuan = self.tiled.program.objective(x)
        proof = Proof(objective_yuan, objective_yuan, ProofMethod("executed", {}), 0, 0, 0, 0, 0, 0.0, 0.0)
        optimum = Optimum(self.tiled, x, proof, {})
        solution = with_roles(to_dataset(optimum, case_attributes(self.case)), self.case)
        failed = [
            check
            for check in audit(solution, self.prepared).checks
            if check.rule.endswith("_yuan") and not check.holds
        ]
        if failed:
            lines = ", ".join(f"{check.name}: {check.residual:.15g}" for check in failed)
            raise SolverError(f"the costs of the day differ from those of its devices: {lines}")
        return solution

    def _stored_yuan(self, day: NetworkDay) -> float:
        """Less energy in batteries at the end than at the start, and work left undone, at their price."""
        yuan = 0.0
        for name, battery in self.case.batteries.items():
            final_mwh = day.final_mwh.get(name, float(day.x[-1, self._number[name, "energy_mwh"]]))
            gained_mwh = final_mwh - battery.initial_soc * battery.full_mwh
            yuan -= gained_mwh * self.price_yuan_per_mwh / battery.eta_charge
        for name, mwh in self.work_mwh.items():
            done_mwh = float(day.x[:, self._number[name, "power_mw"]].sum()) * self.prepared.hours
            yuan -= (done_mwh - mwh) * self.price_yuan_per_mwh
        return yuan

    def _exchange_mw(self, day: NetworkDay, grid: str) -> tuple[Array, Array]:
        if grid in day.exchange_mw:
            return day.exchange_mw[grid]
        bought, sold = (day.x[:, self._number[grid, key]] for key in ("import_mw", "export_mw"))
        return np.asarray(bought), np.asarray(sold)

    def volumes(self, day: NetworkDay) -> DayVolumes:
        """Energies of the day at electric buses, and its highest import, of connections added up."""
        hours, times = self.prepared.hours, self.prepared.times
        exchanges = [self._exchange_mw(day, grid) for grid in self.grids]
        template, flat = self.tiled.template, with_month_peaks(self.tiled, day.x.ravel())
        load_mw, carriers = np.zeros(len(self.prepared.times)), self.case.carriers
        for (name, bus), functional in template.injections.items():
            device = self.case.devices[name]
            if device.role == "load" and carriers[bus] == "electricity":
                load_mw = load_mw - self.tiled.evaluate(functional, flat)
        sources_mwh = sum(
            float(array.sum()) * hours
            for (_, key), array in self.prepared.series.items()
            if key == SERIES_OF_SOURCES
        )
        return DayVolumes(
            float(load_mw.sum()) * hours,
            sources_mwh,
            sum(float(import_mw.sum()) for import_mw, _ in exchanges) * hours,
            sum(float(export_mw.sum()) for _, export_mw in exchanges) * hours,
            sum(float(metered_demand_mw(times, hours, import_mw).max()) for import_mw, _ in exchanges),
        )
