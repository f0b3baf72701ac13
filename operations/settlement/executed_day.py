"""A day at one bus as it goes when batteries follow given set points, and what it costs.

Load and sources are what they were; the batteries do what they are told, as far as they can; sources are
curtailed where it pays, or beyond the limit of the export; the connection makes up the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from parkdispatch.models.device import Array
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.stores.battery_following import energies_mwh, followed
from parkdispatch.operations.settlement.connection_money import connection_money
from parkdispatch.operations.settlement.day_record import DayRecord
from parkdispatch.operations.settlement.real_day import RealDay
from parkdispatch.results.settlement.day_settlement import DayMoney, DayVolumes

BatteryPoints = Mapping[str, tuple[Array, Array]]  # charge and discharge [MW], by battery


@dataclass(frozen=True)
class ExecutedDay:
    """Import and export [MW], what batteries discharge [MW] and hold at the end [MWh]."""

    import_mw: Array
    export_mw: Array
    discharge_mw: Mapping[str, Array]
    final_mwh: Mapping[str, float]


@dataclass(frozen=True)
class DayRules(RealDay[BatteryPoints, ExecutedDay]):
    """A day of loads, sources, batteries and one connection at one bus."""

    @property
    def grid(self) -> str:
        """The one connection."""
        return self.grids[0]

    def of_grid(self, series: str) -> Array:
        """A series of the connection."""
        return self.prepared.series[self.grid, series]

    @property
    def load_mw(self) -> Array:
        """Demand of all loads."""
        return self._sum("demand_mw")

    @property
    def available_mw(self) -> Array:
        """What all sources could give."""
        return self._sum("available_mw")

    def _sum(self, series: str) -> Array:
        arrays = [array for (_, key), array in self.prepared.series.items() if key == series]
        return np.asarray(sum(arrays, np.zeros(len(self.prepared.times))))

    def points_of(self, solution: xr.Dataset) -> BatteryPoints:
        """Charge and discharge of the batteries in a dispatch."""
        return {
            name: (solution[f"{name}.charge_mw"].to_numpy(), solution[f"{name}.discharge_mw"].to_numpy())
            for name in self.case.batteries
        }

    def sent_points(self, record: DayRecord) -> BatteryPoints:
        """Charge and discharge of the plan that was sent."""
        return {
            name: (record.planned_values(name, "charge_mw"), record.planned_values(name, "discharge_mw"))
            for name in self.case.batteries
        }

    def following(self, points: BatteryPoints) -> ExecutedDay:
        """The day with batteries that follow set points as far as they can."""
        batteries, times, hours = self.case.batteries, self.prepared.times, self.prepared.hours
        done = {name: followed(batteries[name], times, hours, *powers) for name, powers in points.items()}
        drawn_mw = {name: charge - discharge for name, (charge, discharge, _) in done.items()}
        return self._balanced(
            drawn_mw,
            {name: discharge for name, (_, discharge, _) in done.items()},
            {name: float(energy[-1]) for name, (_, _, energy) in done.items()},
        )

    def expected(self, record: DayRecord, points: BatteryPoints) -> ExecutedDay:
        """The day as the plan has it, with the load and sources of its forecasts."""
        return ExecutedDay(
            record.planned_values(self.grid, "import_mw"),
            record.planned_values(self.grid, "export_mw"),
            {name: discharge for name, (_, discharge) in points.items()},
            {name: float(record.planned_values(name, "energy_mwh")[-1]) for name in points},
        )

    def as_metered(self, record: DayRecord, sent: ExecutedDay) -> Sequence[tuple[str, ExecutedDay]]:
        """The day by the batteries' meters, where all have one, and by that of the connection."""
        batteries = self.case.batteries
        by_battery, is_metered = sent, bool(batteries) and record.set_points_mw.keys() >= batteries.keys()
        if is_metered:
            by_battery = self._by_meters(record.set_points_mw, sent)
        final = {
            name: record.final_soc[name] * batteries[name].full_mwh if name in record.final_soc else mwh
            for name, mwh in by_battery.final_mwh.items()
        }
        by_battery = replace(by_battery, final_mwh=final)
        if self.grid not in record.exchange_mw:
            return [("following" if batteries else "meters", by_battery)]
        import_mw, export_mw = record.exchange_mw[self.grid]
        actual = replace(by_battery, import_mw=import_mw, export_mw=export_mw)
        if is_metered:
            return [("following", by_battery), ("meters", actual)]
        return [("following" if batteries else "meters", actual)]

    def _by_meters(self, set_points_mw: Mapping[str, Array], others: ExecutedDay) -> ExecutedDay:
        """The day by the batteries' meters, plus being discharge; batteries without one as in `others`."""
        discharge, final, drawn = dict(others.discharge_mw), dict(others.final_mwh), {}
        for name, battery in self.case.batteries.items():
            set_point = set_points_mw[name]
            charge_mw, discharge[name] = np.maximum(-set_point, 0.0), np.maximum(set_point, 0.0)
            energies = energies_mwh(battery, self.prepared.hours, charge_mw, discharge[name])
            final[name], drawn[name] = float(energies[-1]), -set_point
        return self._balanced(drawn, discharge, final)

    def _balanced(
        self, drawn_mw: Mapping[str, Array], discharge_mw: Mapping[str, Array], final_mwh: Mapping[str, float]
    ) -> ExecutedDay:
        auxiliary_mw = sum(b.auxiliary_share * b.largest_power_mw for b in self.case.batteries.values())
        need_mw = self.load_mw + auxiliary_mw + sum(drawn_mw.values(), np.zeros(len(self.load_mw)))
        net_mw = need_mw - self._used_mw(need_mw)
        return ExecutedDay(np.maximum(net_mw, 0.0), np.maximum(-net_mw, 0.0), discharge_mw, final_mwh)

    def _used_mw(self, need_mw: Array) -> Array:
        """Output of the sources: all, but for what cannot be exported or would be paid for."""
        must_mw = np.zeros(len(need_mw))
        for name, device in self.case.devices.items():
            if getattr(device, "must_run", False):
                must_mw = must_mw + self.prepared.series[name, "available_mw"]
        pays = self.of_grid("sale_price_yuan_per_mwh") >= 0
        most_mw = np.maximum(need_mw, 0.0) + np.where(pays, self.of_grid("export_limit_mw"), 0.0)
        most_mw = np.where(self.of_grid("purchase_price_yuan_per_mwh") < 0, 0.0, most_mw)
        return np.asarray(np.maximum(np.minimum(self.available_mw, most_mw), must_mw))

    def money(self, day: ExecutedDay) -> DayMoney:
        """The lines of the day. Raises SolverError where the bill, by other code, says something else."""
        wear_yuan, stored_yuan = 0.0, 0.0
        for name, battery in self.case.batteries.items():
            discharged_mwh = day.discharge_mw[name].sum() * self.prepared.hours
            wear_yuan += float(battery.wear_yuan_per_mwh * discharged_mwh)
            gained_mwh = day.final_mwh[name] - battery.initial_soc * battery.full_mwh
            stored_yuan -= gained_mwh * self.price_yuan_per_mwh / battery.eta_charge
        energy_yuan, peak_yuan = connection_money(self.prepared, self.grid, day.import_mw, day.export_mw)
        return DayMoney(energy_yuan + wear_yuan, stored_yuan, peak_yuan)

    def volumes(self, day: ExecutedDay) -> DayVolumes:
        """Energies of the day, and its highest import."""
        hours = self.prepared.hours
        demand_mw = metered_demand_mw(self.prepared.times, hours, day.import_mw)
        return DayVolumes(
            float(self.load_mw.sum()) * hours,
            float(self.available_mw.sum()) * hours,
            float(day.import_mw.sum()) * hours,
            float(day.export_mw.sum()) * hours,
            float(demand_mw.max()),
        )
