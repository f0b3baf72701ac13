"""What a day's exchange costs by a tariff's further charges, from powers and the prices of the connection.

The bill has them from the readings by month and period; this has them from the series of the dispatch.
"""

from dataclasses import dataclass

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.charges.further_charges import DemandCharge, FurtherCharges
from parkdispatch.models.device import Array
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.units import KW_PER_MW


@dataclass(frozen=True)
class ChargedDay:
    """Further charges of a day [yuan]: of its energy, of demand, and of demand that is paid for anyway."""

    energy: float
    demand: float
    demand_anyway: float


class ChargedConnection:
    """Further charges of a connection over the intervals of a day, which lies in one month."""

    def __init__(self, prepared: Prepared, grid: str, charges: FurtherCharges) -> None:
        self._times, self._hours, self._charges = prepared.times, prepared.hours, charges
        self._series = {key: array for (name, key), array in prepared.series.items() if name == grid}

    def day(self, import_mw: Array, export_mw: Array, basic_yuan: float) -> ChargedDay:
        """The charges of these powers; `basic_yuan` is what they cost besides, of which a minimum is told."""
        demand, anyway = 0.0, 0.0
        for charge in self._charges.demand:
            floor_mw = sum(float(self._series[f"{step.key}_floor_mw"][0]) for step in charge.steps)
            anyway += self._demand_yuan(charge, floor_mw)
            demand += self._demand_yuan(charge, max(floor_mw, self._highest_mw(charge, import_mw)))
        energy = self._tiers_yuan(import_mw) + self._net_metering_yuan(import_mw, export_mw)
        if self._charges.minimum_yuan_per_month:
            least_yuan = float(self._series["minimum_left_yuan"][0])
            energy += max(least_yuan - (basic_yuan + energy + demand), 0.0)
        return ChargedDay(energy, demand, anyway)

    def _highest_mw(self, charge: DemandCharge, import_mw: Array) -> float:
        metered = self._series[f"{charge.key}_free_mw"] == 0
        return float(
            np.max(metered_demand_mw(self._times, self._hours, import_mw), where=metered, initial=0.0)
        )

    def _demand_yuan(self, charge: DemandCharge, billed_mw: float) -> float:
        price = float(self._series[f"{charge.key}_price_yuan_per_mw_month"][0])
        above_yuan = (
            max(billed_mw * KW_PER_MW - tier.above_kw, 0.0) * tier.added_yuan_per_kw_month
            for tier in charge.tiers
        )
        return billed_mw * price + sum(above_yuan)

    def _tiers_yuan(self, import_mw: Array) -> float:
        bought_mwh, yuan = float(import_mw.sum()) * self._hours, 0.0
        for number, tier in enumerate(self._charges.tiers, start=1):
            above_mwh = bought_mwh - float(self._series[f"tier_{number}_above_mwh"][0])
            yuan += max(above_mwh, 0.0) * KW_PER_MW * tier.added_yuan_per_kwh
        return yuan

    def _net_metering_yuan(self, import_mw: Array, export_mw: Array) -> float:
        if self._charges.net_metering is None:
            return 0.0
        yuan = 0.0
        for period in self._charges.net_metering.periods:
            netted, credit = self._series[f"netted_{period}"], self._series[f"credit_{period}_yuan_per_mwh"]
            bought_mwh, sold_mwh = (float(netted @ power) * self._hours for power in (import_mw, export_mw))
            yuan -= min(bought_mwh, sold_mwh) * float(credit[0])
        return yuan
