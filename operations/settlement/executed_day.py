"""A day as it goes when batteries follow given set points, and what it costs.

Load and sources are what they were; the batteries do what they are told, as far as they can; sources are
curtailed where it pays, or beyond the limit of the export; the connection makes up the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.stores.battery_following import energies_mwh, followed
from parkdispatch.results.audit import MONEY_TOLERANCE
from parkdispatch.results.billing.bill import bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.settlement.day_settlement import DayMoney, DayVolumes

SetPoints = Mapping[str, tuple[Array, Array]]  # charge and discharge [MW], by battery


@dataclass(frozen=True)
class ExecutedDay:
    """Import and export [MW], what batteries discharge [MW] and hold at the end [MWh]."""

    import_mw: Array
    export_mw: Array
    discharge_mw: Mapping[str, Array]
    final_mwh: Mapping[str, float]


@dataclass(frozen=True)
class DayRules:
    """A day's real load, sources, prices and limits, from the series of a prepared case.

    `stored_yuan_per_mwh` is the price of energy in the cells, by battery.
    """

    prepared: Prepared
    grid: str
    stored_yuan_per_mwh: Mapping[str, float]

    @property
    def case(self) -> Case:
        """The case with what was real that day."""
        return self.prepared.case

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

    def following(self, set_points: SetPoints) -> ExecutedDay:
        """The day with batteries that follow set points as far as they can."""
        batteries, times, hours = self.case.batteries, self.prepared.times, self.prepared.hours
        done = {name: followed(batteries[name], times, hours, *powers) for name, powers in set_points.items()}
        drawn_mw = {name: charge - discharge for name, (charge, discharge, _) in done.items()}
        return self._balanced(
            drawn_mw,
            {name: discharge for name, (_, discharge, _) in done.items()},
            {name: float(energy[-1]) for name, (_, _, energy) in done.items()},
        )

    def as_metered(self, set_points_mw: Mapping[str, Array], others: ExecutedDay) -> ExecutedDay:
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
        hours, times = self.prepared.hours, self.prepared.times
        bought = day.import_mw * self.of_grid("purchase_price_yuan_per_mwh") * hours
        sold = day.export_mw * self.of_grid("sale_price_yuan_per_mwh") * hours
        wear_yuan, stored_yuan = 0.0, 0.0
        for name, battery in self.case.batteries.items():
            wear_yuan += float(battery.wear_yuan_per_mwh * day.discharge_mw[name].sum() * hours)
            gained_mwh = day.final_mwh[name] - battery.initial_soc * battery.full_mwh
            stored_yuan -= gained_mwh * self.stored_yuan_per_mwh[name]
        floor_mw, price = self._paid_before_mw, float(self.of_grid("demand_price_yuan_per_mw_month")[0])
        paid_mw = floor_mw
        if self.case.devices[self.grid].pays_for_demand:
            demand_mw = metered_demand_mw(times, hours, day.import_mw) - self.of_grid("demand_free_mw")
            paid_mw = max(float(demand_mw.max()), floor_mw)
        energy_yuan = float(bought.sum() - sold.sum())
        self._check(day, energy_yuan + price * paid_mw, float(np.abs(bought).sum() + np.abs(sold).sum()))
        return DayMoney(energy_yuan + wear_yuan, stored_yuan, price * (paid_mw - floor_mw))

    @property
    def _paid_before_mw(self) -> float:
        """Demand that the month pays for anyway [MW]."""
        pays = self.case.devices[self.grid].pays_for_demand
        return float(self.of_grid("peak_floor_mw")[0]) if pays else 0.0

    def _check(self, day: ExecutedDay, priced_yuan: float, turnover_yuan: float) -> None:
        device, case = self.case.devices[self.grid], self.case
        if not isinstance(device, Connection):
            return
        series = self.prepared.series
        given = {
            key: array
            for (name, key), array in series.items()
            if (name, key) in case.series and name == self.grid
        }
        billed = bill(
            self.prepared.times, day.import_mw, day.export_mw, self.prepared.hours, case.tariff, device, given
        )
        allowed_yuan = MONEY_TOLERANCE * max(1.0, turnover_yuan + abs(priced_yuan))
        if not abs(billed.seen_yuan - priced_yuan) <= allowed_yuan:
            raise SolverError(
                f"the bill of the day says {billed.seen_yuan:.6f} yuan, its prices {priced_yuan:.6f} yuan"
            )

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
