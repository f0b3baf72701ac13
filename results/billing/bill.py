"""The electricity bill, recomputed independently from the meter and the declared tariff.

No pricing code is shared with the optimizer: energy is booked to quarter-hours, each quarter-hour is
classified here, energy is summed by month and period, and each component of the price has its own line.
Positive is paid by the park, negative is received.

To add a charge, add a function to `CHARGES`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError
from parkdispatch.models.network.connection_series import PeriodPrices
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.bill_lines import BillLine, Connection
from parkdispatch.results.billing.demand_charge import (
    BASIC,
    FIXED,
    FULL_USE,
    adjustment,
    basic_charge,
    open_discount_yuan,
)
from parkdispatch.results.billing.further_lines import (
    FIXED_CHARGE,
    charges_of,
    further_lines,
    is_further_demand,
    is_further_energy,
    minimum_line,
    refund_lines,
)
from parkdispatch.results.billing.given_prices import SALE
from parkdispatch.results.billing.meter import Month, months

UNSEEN = (
    *FIXED,
    FULL_USE,
    FIXED_CHARGE,
)  # charges that the optimizer does not price, unless a discount is certain
NOT_ADJUSTED = ("government_funds", "sale")  # charges exempt from the power-factor adjustment


@dataclass(frozen=True)
class Bill:
    """A bill: its lines with the columns of `BillLine`, in order of months; positive is paid."""

    lines: pd.DataFrame
    power_factor_share: float = 0.0  # [-] surcharge on all charges except `NOT_ADJUSTED`
    open_discount_yuan: float = 0.0  # further discount if partly metered months reach full use
    months: Sequence[Month] = ()  # the meter readings

    @property
    def parts_in_full_use(self) -> tuple[str, ...]:
        """Months ("2026-03") metered in part whose full use was certain, and priced, before the dispatch."""
        return tuple(month.name for month in self.months if month.certain_full_use and not month.whole)

    @property
    def total_yuan(self) -> float:
        """Amount payable, sales deducted [yuan]."""
        return float(self.lines["yuan"].sum())

    @property
    def basic_yuan(self) -> float:
        """The basic charge, for demand or capacity, including its power-factor adjustment [yuan]."""
        basic = self.lines[self.lines["charge"].isin(BASIC)]
        adjusted = 1.0 + self.power_factor_share * ~basic["given"].astype(bool)
        return float((basic["yuan"] * adjusted).sum())

    @property
    def further_demand_yuan(self) -> float:
        """Demand charges by period and fixed charges, beside the basic charge [yuan]."""
        return self._further_yuan(is_further_demand)

    @property
    def further_energy_yuan(self) -> float:
        """Tiers, net metering and what a minimum adds [yuan]."""
        return self._further_yuan(is_further_energy)

    def _further_yuan(self, counts: Callable[[str], bool]) -> float:
        charges = self.lines["charge"]
        return float(self.lines.loc[charges.map(counts).astype(bool), "yuan"].sum())

    @cached_property  # eight tables of a report ask for it, and a pivot takes longer than they do
    def by_charge_yuan(self) -> pd.DataFrame:
        """Amounts by month (rows) and charge (columns) [yuan]."""
        return self._pivot(["month"])

    @property
    def by_period_yuan(self) -> pd.DataFrame:
        """Amounts by month and period (rows) and charge (columns) [yuan]."""
        return self._pivot(["month", "period"])

    @property
    def energy_kwh(self) -> pd.DataFrame:
        """Purchased energy by month (rows) and period (columns) [kWh]."""
        purchased = self.lines[self.lines["charge"] == "purchased_energy"]
        return purchased.pivot_table("quantity", "month", "period", aggfunc="sum", fill_value=0.0)

    @cached_property
    def unseen_yuan(self) -> pd.DataFrame:
        """Charges that the optimizer does not price, by month (rows) and charge (columns) [yuan].

        Each includes its power-factor adjustment.
        """
        unseen = self._unseen_lines
        table = unseen.pivot_table("yuan", "month", "charge", aggfunc="sum", fill_value=0.0, sort=False)
        return table.reindex(self.lines["month"].unique(), fill_value=0.0) * (1.0 + self.power_factor_share)

    @cached_property
    def _unseen_lines(self) -> pd.DataFrame:
        return self.lines[self.lines["charge"].isin(UNSEEN) & ~self.lines["reduced"].astype(bool)]

    @cached_property
    def seen_by_month_yuan(self) -> pd.Series:
        """The part of each month's bill that the optimizer prices [yuan]."""
        total = self.lines.groupby("month", sort=False)["yuan"].sum()
        unseen = self._unseen_lines  # not by charge: a pivot of a few lines takes longer than the bill
        unseen_yuan = unseen.groupby("month", sort=False)["yuan"].sum().reindex(total.index, fill_value=0.0)
        return total - unseen_yuan * (1.0 + self.power_factor_share)

    @property
    def seen_yuan(self) -> float:
        """The part of the bill that the optimizer prices [yuan]."""
        return float(self.seen_by_month_yuan.sum())

    def _pivot(self, index: list[str]) -> pd.DataFrame:
        return self.lines.pivot_table("yuan", index, "charge", aggfunc="sum", fill_value=0.0, sort=False)


def bill(
    times: pd.DatetimeIndex,
    import_mw: NDArray[np.float64],
    export_mw: NDArray[np.float64],
    hours: float,
    tariff: Tariff,
    grid: Connection,
    given: Mapping[str, NDArray[np.float64]] | None = None,
    certain: Collection[str] = (),
) -> Bill:
    """The bill for import and export [MW], each of shape (intervals,), in intervals of `hours` from `times`.

    Demand is the month's highest 15-minute average: shorter intervals are averaged, in longer ones power
    counts as constant. `given` are the series of the connection that the user gives in place of the tariff,
    (intervals,) by name (`given_prices`). `certain` are months ("2026-03") whose demand price the optimizer
    was given at full use; a part of such a month has the discount too. Raises InputError if an interval
    straddles quarter-hours, or the tariff lacks the times, the voltage, the scheme or a rule.
    """
    sold_by_period = isinstance(grid.sale_price_yuan_per_kwh, PeriodPrices) and SALE not in (given or {})
    charges = charges_of(tariff, grid)
    nets = charges is not None and charges.net_metering is not None
    later_mw = {peak.month: peak.peak_mw for peak in getattr(grid, "later_peaks_mw", ())}
    meter_months = list(
        months(
            times,
            import_mw,
            export_mw,
            hours,
            tariff,
            grid.peak_so_far_mw,
            given,
            sold_by_period or nets,
            later_mw,
            peaks_by_period=charges is not None and bool(charges.demand),
        )
    )
    meter_months = [replace(month, certain_full_use=month.name in certain) for month in meter_months]
    further = further_lines(meter_months, charges, tariff, grid) if charges is not None else {}
    share = adjustment(tariff, grid)
    lines = []
    for month in meter_months:
        charged = [line for charge in CHARGES for line in charge(month, tariff, grid)]
        if charges is not None:
            charged += further[month.name]
            charged += minimum_line(month, charged, charges)
        lines += [*charged, *_power_factor(month, charged, share)]
    discount_yuan = sum(open_discount_yuan(month, tariff, grid) for month in meter_months) * (1.0 + share)
    return Bill(pd.DataFrame(lines, columns=list(BillLine._fields)), share, discount_yuan, meter_months)


def _energy(month: Month, tariff: Tariff, grid: Connection) -> Iterator[BillLine]:
    """One line per component of the energy price; purchased energy by period, or at the price given."""
    if month.given.purchase_yuan is not None:
        kwh, yuan = month.bought_kwh, month.given.purchase_yuan
        mean = yuan / kwh if kwh else 0.0
        yield BillLine(month.name, "purchased_energy", "all", kwh, "kWh", mean, yuan, given=True)
        return
    voltage = tariff.voltages.get(grid.voltage_kv_level)
    transmission = None
    if voltage is not None:
        two_part = grid.scheme == "two_part"
        transmission = voltage.two_part_yuan_per_kwh if two_part else voltage.single_part_yuan_per_kwh
    if transmission is None:
        raise InputError(f"tariff {tariff.name}: no {grid.scheme} price at '{grid.voltage_kv_level}'")
    flat_yuan = tariff.purchase_price_yuan_per_kwh[month.number - 1]
    for period, kwh in month.import_kwh.items():
        ratio = next(ratio for name, ratio in tariff.ratios.items() if name == period)
        price = flat_yuan * ratio
        yield BillLine(month.name, "purchased_energy", period, kwh, "kWh", price, kwh * price)
    kwh = month.bought_kwh
    for charge, price in (
        ("line_loss", tariff.line_loss_rate * flat_yuan),
        ("transmission", transmission),
        ("system_operation", tariff.system_operation_yuan_per_kwh[month.number - 1]),
        ("government_funds", tariff.government_funds_yuan_per_kwh[month.number - 1]),
    ):
        yield BillLine(month.name, charge, "all", kwh, "kWh", price, kwh * price)


def _power_factor(month: Month, charged: list[BillLine], share: float) -> Iterator[BillLine]:
    """The power-factor adjustment of the month, a surcharge or a discount."""
    if share:
        yuan = sum(line.yuan for line in charged if not (line.given or line.charge in NOT_ADJUSTED))
        yield BillLine(month.name, "power_factor", "all", yuan, "yuan", share, yuan * share)


def _sale(month: Month, _: Tariff, grid: Connection) -> Iterator[BillLine]:
    """Surplus energy sold, a negative amount."""
    if month.given.sale_yuan is not None:
        kwh, yuan = month.export_kwh, -month.given.sale_yuan
        mean = yuan / kwh if kwh else 0.0
        yield BillLine(month.name, "sale", "all", kwh, "kWh", mean, yuan, given=True)
        return
    prices = grid.sale_price_yuan_per_kwh
    if isinstance(prices, PeriodPrices):
        for period, kwh in month.sold_kwh.items():
            price = -getattr(prices, period)
            yield BillLine(month.name, "sale", period, kwh, "kWh", price, kwh * price)
        return
    price = -prices
    yield BillLine(month.name, "sale", "all", month.export_kwh, "kWh", price, month.export_kwh * price)


CHARGES: tuple[Callable[[Month, Tariff, Connection], Iterator[BillLine]], ...] = (
    _energy,
    basic_charge,
    _sale,
    refund_lines,
)
